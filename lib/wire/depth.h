/* How deep a JSON text nests, found before anything is parsed or allocated for it. */
#ifndef COACH_WIRE_DEPTH_H
#define COACH_WIRE_DEPTH_H

#include <stddef.h>

enum { DEPTH_MAX = 16 };

/* The deepest level of brackets outside strings; stops counting past DEPTH_MAX. */
size_t depth_of(const char *text, size_t len);

#endif
