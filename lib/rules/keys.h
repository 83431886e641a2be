/* Reading a mapping by a table of its keys: unknown keys, wrong kinds and bad values are found here, for every mapping
 * of a rule file alike. The same tables make the editors' schema. */
#ifndef COACH_RULES_KEYS_H
#define COACH_RULES_KEYS_H

#include "lib/rules/rulefile.h"

enum key_kind {
    KEY_TEXT,     /* struct def_text */
    KEY_NAME,     /* struct def_text; small letters, digits, '-' and '_' */
    KEY_COUNT,    /* struct def_number; a whole number within min..max */
    KEY_DURATION, /* struct def_number in ms; "500ms", "1.2s", "60s", "2m", within min..max */
    KEY_CHOICE,   /* struct def_number; the index in `choices` */
    KEY_YES_NO,   /* struct def_number */
    KEY_SHARE,    /* struct def_real; 0 to 1 */
    KEY_TEXTS,    /* struct def_texts; a list, or one text */
    KEY_PHRASES,  /* struct def_phrases; a list of phrases */
    KEY_SWAP,     /* struct def_phrases; phrase: plain words */
    KEY_OTHER     /* read by `read` */
};

enum { KEYS_MOST = 40 }; /* keys of one table */

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;              /* in the struct that is filled */
    const char *const *choices; /* NULL ended */
    int64_t min, max;
    int (*read)(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems);
    const char *help;
};

/* Fills `target` from `map`, adding every problem. Returns 0 or COACH_ENOMEM. `what` names the mapping in messages: "a
 * rule". A node that is no mapping is a problem. */
int keys_read(const struct key *keys, size_t n, const char *what, struct arena *memory, const struct yaml_node *map,
              void *target, struct diags *problems);

/* "1.2s" to 1200. Returns false when it is no duration. */
bool keys_duration(const char *text, int64_t *ms);

/* Adds a problem at a node. */
void keys_refuse(struct diags *problems, const struct yaml_node *at, const char *code, const char *hint,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Adds that `what` has no key of the name `key`, with the nearest of those that it has. */
void keys_refuse_unknown(const struct key *keys, size_t n, const char *what, const struct yaml_node *key,
                         struct diags *problems);

/* The keys of a rule (struct def_rule) and of a signal (struct def_signal). */
const struct key *keys_of_rule(size_t *n);
const struct key *keys_of_signal(size_t *n);

/* Reads the condition of a rule or a signal into a struct def_when. */
int when_read(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems);

#endif
