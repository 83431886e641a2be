/* The site layer: what site files change in the packs, merged into the rules before anything is compiled. The packs'
 * own version of what was changed is kept beside, for the tools that show where each field comes from. */
#ifndef COACH_RULES_SITE_H
#define COACH_RULES_SITE_H

#include "lib/base/table.h"
#include "lib/rules/override.h"

struct pack;

/* A rule, signal or list of a pack that some site changes. */
struct site_target {
    enum override_kind kind;
    const struct rulefile *file;       /* of the pack */
    void *def;                         /* merged: struct def_rule *, def_signal * or def_list * */
    const void *before;                /* the same as the packs alone have it */
    const struct def_change **changes; /* those that were applied: removals and values first, then what was added */
    size_t change_count;
    size_t change_cap;
    const struct def_change *set_by[KEYS_MOST]; /* per key of the kind's table: who set it, or NULL */
};

struct site {
    struct table targets; /* address of a merged def -> struct site_target * */
};

/* Checks the names that sites give and merges their overrides into the defs of `pack`, whose names are declared and
 * whose phrases are not parsed yet. Values and removals come first and meet only what the packs hold; additions
 * follow: the order of files decides nothing. Returns 0 (there may be errors) or COACH_ENOMEM. */
int site_merge(struct pack *pack);
void site_clear(struct site *site);

/* What sites change in a def of the pack; NULL: nothing. */
const struct site_target *site_target_of(const struct pack *pack, const void *def);

/* The site file that a node is written in, or NULL for one of a pack. */
const struct rulefile *site_file_of(const struct pack *pack, const struct yaml_node *node);

/* Adds that a name of a site is one that a pack has. */
void site_refuse_taken(struct pack *pack, const struct yaml_node *at, const char *name, const char *what,
                       const struct yaml_node *first);

/* The items that a value of such a key holds, whatever its kind: how many, and the node of one. */
size_t site_item_count(const struct key *key, const void *value);
const struct yaml_node *site_item(const struct key *key, const void *value, size_t i);

/* Whether item `i` of a change took effect: not when it adds what is there already. */
bool site_item_counts(const struct site_target *t, const struct def_change *c, size_t i);

#endif
