/* Conditions in words, as one would write them in a rule file. */
#ifndef COACH_RULES_WHENTEXT_H
#define COACH_RULES_WHENTEXT_H

#include "lib/base/buf.h"
#include "lib/rules/conversation.h"

/* Adds "after customer-upset, without acknowledgement, within 2 agent turns". Returns 0 or an error of buf_add. */
int whentext_write(const struct ruleset *set, const struct when_node *node, struct buf *out);
/* Adds "2 agent turns or 25s"; nothing where there is no window. */
int whentext_window(const struct when_window *w, struct buf *out);
/* Adds "25s", "1.2s" or "300ms". */
int whentext_duration(int64_t ms, struct buf *out);

#endif
