#include "daemon/gateway/writers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/base/log.h"

enum { WRITERS_MAX = 4096 }; /* then the one unused for longest goes */

void writers_init(struct writers *s, struct formats *formats, struct upstream *upstream)
{
    *s = (struct writers){.formats = formats, .upstream = upstream};
    if (getrandom(s->seed, sizeof s->seed, 0) != (ssize_t)sizeof s->seed ||
        getrandom(&s->launch, sizeof s->launch, 0) != (ssize_t)sizeof s->launch)
        log_warning("the system gave no random numbers");
    table_init(&s->table, s->seed);
    table_init(&s->calls, s->seed);
}

static void remove_entry(struct writers *s, const struct table_entry *entry)
{
    size_t len;
    const char *key = table_key(entry, &len);
    writer_free(table_remove(&s->table, key, len));
}

void writers_clear(struct writers *s)
{
    const struct table_entry *entry;
    while ((entry = table_next(&s->table, NULL)) != NULL)
        remove_entry(s, entry);
    table_clear(&s->table);
    while ((entry = table_next(&s->calls, NULL)) != NULL) {
        size_t len;
        const char *key = table_key(entry, &len);
        free(table_remove(&s->calls, key, len));
    }
    table_clear(&s->calls);
}

/* The connections of a call. */
struct call_use {
    size_t writers;
    bool began; /* as one that has gone knew */
};

int writers_join(struct writers *s, const struct writer *w)
{
    const char *call = writer_call(w);
    if (call == NULL)
        return COACH_OK;
    struct call_use *use = table_get(&s->calls, call, strlen(call));
    if (use == NULL) {
        use = calloc(1, sizeof *use);
        if (use == NULL || table_set(&s->calls, call, strlen(call), use) != COACH_OK) {
            free(use);
            return COACH_ENOMEM;
        }
    }
    use->writers++;
    return COACH_OK;
}

bool writers_leave(struct writers *s, const struct writer *w)
{
    const char *call = writer_call(w);
    struct call_use *use = call == NULL ? NULL : table_get(&s->calls, call, strlen(call));
    if (use == NULL)
        return false;
    use->began |= writer_is_live(w);
    if (--use->writers > 0)
        return false;
    bool began = use->began;
    free(table_remove(&s->calls, call, strlen(call)));
    return began;
}

int writers_make(struct writers *s, const char *hello, struct writer **ret, struct taken *why)
{
    char prefix[33];
    snprintf(prefix, sizeof prefix, "g%08" PRIx32 "%" PRIx64 "-", s->launch, s->made++);
    return writer_new(s->formats, prefix, s->seed, hello, s->upstream, ret, why);
}

/* Puts it at the end of the table: it was used last. */
static int keep(struct writers *s, const char *key, size_t len, struct writer *writer)
{
    if (table_set(&s->table, key, len, writer) != COACH_OK) {
        writer_free(writer);
        return COACH_ENOMEM;
    }
    if (table_count(&s->table) > WRITERS_MAX)
        remove_entry(s, table_next(&s->table, NULL));
    return COACH_OK;
}

int writers_find(struct writers *s, const char *subject, const char *hello, struct writer **ret, struct taken *why)
{
    struct buf key;
    buf_init(&key, 0);
    *why = (struct taken){0};
    int rc = buf_addf(&key, "%s\n%s", subject, hello); /* a hello is one line, whatever a subject holds */
    struct writer *found = rc == COACH_OK ? table_remove(&s->table, key.data, key.len) : NULL;
    if (rc == COACH_OK && found == NULL)
        rc = writers_make(s, hello, &found, why);
    if (rc == COACH_OK)
        rc = keep(s, key.data, key.len, found);
    if (rc == COACH_OK)
        *ret = found;
    buf_clear(&key);
    return rc;
}
