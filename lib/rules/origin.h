/* Where each part of a merged rule, signal or list comes from: for tools that explain rules. Made on demand from a pack
 * that is kept; the rule set that runs holds none of it. */
#ifndef COACH_RULES_ORIGIN_H
#define COACH_RULES_ORIGIN_H

#include "lib/rules/pack.h"

enum origin {
    ORIGIN_BUILT_IN, /* nobody wrote it */
    ORIGIN_DEFAULT,  /* `defaults:` of its file */
    ORIGIN_PACK,
    ORIGIN_SITE /* an override, or a site's own rule */
};

/* One value, or one item of a field that holds items. */
struct origin_row {
    const char *field; /* "cooldown", "not_in", "when.after" */
    const char *value; /* as it was typed */
    const char *plain; /* of a swap: its plain words */
    bool is_item;
    enum origin origin;
    struct mark at;                  /* of the value; no source when built in */
    const struct def_change *change; /* the override's field that brought it, or NULL */
};
struct origin_rows {
    struct origin_row *items;
    size_t count;
    size_t cap;
};

/* What the tools call a thing in a pack. */
struct origin_subject {
    enum override_kind kind;
    const char *name;
    const struct rulefile *file;
    const void *def;                  /* struct def_rule *, def_signal * or def_list *, as merged */
    const struct site_target *target; /* what sites change in it; NULL: nothing */
};

/* Finds "rule:NAME", "signal:NAME" or "list:NAME", or a bare name among the rules, then the signals, then the lists.
 * Returns whether there is one. */
bool origin_find(const struct pack *pack, const char *name, struct origin_subject *ret);
/* The subject that a def is; `kind` says which. */
struct origin_subject origin_subject_of(const struct pack *pack, enum override_kind kind, const void *def);
/* The known name that was most likely meant, with its "signal:" or "list:" if any, in `memory`; or NULL. */
const char *origin_nearest(const struct pack *pack, const char *name, struct arena *memory);

/* Adds the rows of a subject in the order in which people read them. Texts live as long as the pack and `memory`.
 * Returns 0 or COACH_ENOMEM. */
int origin_rows(const struct pack *pack, const struct origin_subject *s, struct arena *memory, struct origin_rows *ret);

/* The value of a key that holds one: as merged, or (`before`) as the packs alone have it. `ret->value` is NULL when
 * nothing gives it one; a condition is put on one line. Returns 0 or COACH_ENOMEM. */
int origin_value(const struct pack *pack, const struct origin_subject *s, const struct key *key, bool before,
                 struct arena *memory, struct origin_row *ret);

/* "built-in", "default", "pack", "site". */
const char *origin_name(enum origin origin);

#endif
