#include "lib/base/table.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct table_entry {
    UT_hash_handle hh;
    void *value;
    size_t len;
    char key[];
};

void table_init(struct table *t, const uint8_t *seed)
{
    *t = (struct table){0};
    if (seed != NULL)
        memcpy(t->seed, seed, HASH_SEED);
}

void table_clear(struct table *t)
{
    struct table_entry *entry, *next;
    HASH_ITER(hh, t->head, entry, next)
    {
        HASH_DEL(t->head, entry);
        free(entry);
    }
}

static unsigned slot(const struct table *t, const char *key, size_t len)
{
    return (unsigned)hash_bytes(t->seed, key, len);
}

static struct table_entry *find(const struct table *t, const char *key, size_t len)
{
    struct table_entry *entry = NULL;
    unsigned hash = slot(t, key, len);
    HASH_FIND_BYHASHVALUE(hh, t->head, key, len, hash, entry);
    return entry;
}

void *table_get(const struct table *t, const char *key, size_t len)
{
    struct table_entry *entry = find(t, key, len);
    return entry == NULL ? NULL : entry->value;
}

int table_set(struct table *t, const char *key, size_t len, void *value)
{
    struct table_entry *entry = find(t, key, len);
    if (entry != NULL) {
        entry->value = value;
        return COACH_OK;
    }
    entry = calloc(1, sizeof *entry + len + 1);
    if (entry == NULL)
        return COACH_ENOMEM;
    entry->value = value;
    entry->len = len;
    if (len != 0)
        memcpy(entry->key, key, len);
    unsigned hash = slot(t, key, len);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, t->head, entry->key, len, hash, entry);
    if (entry->hh.tbl == NULL) { /* uthash ran out of memory and said so by leaving the entry out */
        free(entry);
        return COACH_ENOMEM;
    }
    return COACH_OK;
}

void *table_remove(struct table *t, const char *key, size_t len)
{
    struct table_entry *entry = find(t, key, len);
    if (entry == NULL)
        return NULL;
    void *value = entry->value;
    HASH_DEL(t->head, entry);
    free(entry);
    return value;
}

size_t table_count(const struct table *t)
{
    return HASH_COUNT(t->head);
}

struct table_entry *table_next(const struct table *t, const struct table_entry *entry)
{
    return entry == NULL ? t->head : entry->hh.next;
}

const char *table_key(const struct table_entry *entry, size_t *len)
{
    if (len != NULL)
        *len = entry->len;
    return entry->key;
}

void *table_value(const struct table_entry *entry)
{
    return entry->value;
}
