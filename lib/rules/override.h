/* The overrides of a site file as they were written: each names one target, gives its reason, and changes single
 * fields. What they are applied to is site.h's. */
#ifndef COACH_RULES_OVERRIDE_H
#define COACH_RULES_OVERRIDE_H

#include "lib/rules/keys.h"

/* Reads the list `overrides:` into the struct rulefile that `member` is; a reader of keys.h. */
int override_read_all(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems);

/* The keys that an override of this kind can name, each with its place in the target's struct: struct def_rule,
 * def_signal or def_list, whose only field is its phrases. */
const struct key *override_keys_of(enum override_kind kind, size_t *n);

/* Whether the key holds items, which a site adds and removes, rather than one value, which it sets. */
bool override_is_items(const struct key *key);

/* The bytes of the struct that holds a value of the key. */
size_t override_value_size(const struct key *key);

/* The node with which every value's struct begins: NULL where there is no value. */
const struct yaml_node *override_node(const void *value);

/* "rule", "signal", "list"; "set", "add", "remove". */
const char *override_kind_name(enum override_kind kind);
const char *override_verb_name(enum override_verb verb);

#endif
