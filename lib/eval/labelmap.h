/* What finds a label: the file beside a label set that says which rules mean which label. */
#ifndef COACH_EVAL_LABELMAP_H
#define COACH_EVAL_LABELMAP_H

#include "lib/eval/labels.h"
#include "lib/rules/ruleset.h"
#include "lib/yaml/yaml.h"

struct labelmap_entry {
    const char *label;
    struct label_names patterns;   /* rule ids, categories, or beginnings of rule ids such as "dismissive-*" */
    struct label_names neighbours; /* labels that this one touches, as written; labelmap_touch goes both ways */
};

struct labelmap {
    struct yaml_doc doc; /* holds all texts */
    struct arena memory;
    struct labelmap_entry *items; /* in file order */
    size_t count;
};

/* Reads a map, whose source must outlive it. Returns 0 (there may be errors in `problems`) or COACH_ENOMEM. `ret` is
 * always safe to clear; a zeroed one is the empty map, in which each label is found by the rules of its name. */
int labelmap_read(struct labelmap *ret, const struct source *source, struct diags *problems);
void labelmap_clear(struct labelmap *m);

/* Whether the rule means the label: by the map, else when the label is the rule's id or category, or such a
 * beginning. */
bool labelmap_means(const struct labelmap *m, const char *label, const struct rule *rule);
/* Whether a hit for label `a` on a line of label `b` is a disagreement rather than an error: they are neighbours, or
 * `b` is one of a label that the same rules mean as `a`. */
bool labelmap_touch(const struct labelmap *m, const char *a, const char *b);
/* Whether the same rules mean both labels. */
bool labelmap_same(const struct labelmap *m, const char *a, const char *b);

#endif
