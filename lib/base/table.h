/* A table keyed by byte strings (uthash below), hashed with the table's own seed. */
#ifndef COACH_BASE_TABLE_H
#define COACH_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/hash.h"

struct table_entry;
struct table {
    struct table_entry *head;
    uint8_t seed[HASH_SEED];
};

/* `seed` may be NULL where no peer chooses the keys. */
void table_init(struct table *t, const uint8_t *seed);
void table_clear(struct table *t); /* frees the keys; values belong to the caller */

/* The value, or NULL. */
void *table_get(const struct table *t, const char *key, size_t len);
/* Adds or replaces; the key is copied. Returns 0 or COACH_ENOMEM, the table then unchanged. */
int table_set(struct table *t, const char *key, size_t len, void *value);
/* Takes the key out; returns its value, or NULL. */
void *table_remove(struct table *t, const char *key, size_t len);
size_t table_count(const struct table *t);

/* Walks in order of insertion: start with NULL, ends with NULL. The current entry may be removed
 * after its successor was asked for. */
struct table_entry *table_next(const struct table *t, const struct table_entry *entry);
const char *table_key(const struct table_entry *entry, size_t *len);
void *table_value(const struct table_entry *entry);

#endif
