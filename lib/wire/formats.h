/* Vendor formats: mapping files (rules/formats/README.md) to an immutable set that readers share. */
#ifndef COACH_WIRE_FORMATS_H
#define COACH_WIRE_FORMATS_H

#include <stddef.h>

#include "lib/base/diag.h"

struct mapping;
struct formats;

/* Reads and checks mapping files, and proves their samples. Adds every problem to `problems` (codes "mapping-..."); a
 * file with an error is left out. Returns 0 and a set with one reference, which may be empty, or COACH_ENOMEM. The
 * sources are not needed afterwards. */
int formats_read(const struct source *sources, size_t n, struct formats **ret, struct diags *problems);
/* NULL is fine. Not for use from several threads. */
struct formats *formats_ref(struct formats *f);
void formats_unref(struct formats *f);

size_t formats_count(const struct formats *f);
/* In order of their names; live as long as the set. */
const struct mapping *formats_at(const struct formats *f, size_t i);
const struct mapping *formats_find(const struct formats *f, const char *name); /* NULL: no such format */
const char *mapping_name(const struct mapping *m);
const char *mapping_about(const struct mapping *m);

#endif
