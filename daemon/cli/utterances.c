#include "daemon/cli/utterances.h"

#include <string.h>

#include "lib/base/buf.h"

void utterances_init(struct utterances *u)
{
    table_init(&u->open, NULL); /* what stdin names is not chosen by a stranger */
}

void utterances_clear(struct utterances *u)
{
    table_clear(&u->open);
}

static int add_members(const struct json_in *line, const char *const *names, size_t n, struct buf *key)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < n && rc == COACH_OK; i++) {
        const struct json_in *member = json_in_get(line, names[i]);
        if (member != NULL)
            rc = json_in_write(member, key);
        if (rc == COACH_OK)
            rc = buf_add(key, "\n", 1);
    }
    return rc;
}

/* The call by each of its names, then who speaks. Returns 0 or an error of buf_add. */
static int make_key(const struct json_in *line, struct buf *key, size_t *call_len)
{
    static const char *const call[] = {"call_id", "contact_id", "conversation_id", "call_sid", "CallSid"};
    static const char *const side[] = {"role", "channel"};
    int rc = add_members(line, call, sizeof call / sizeof *call, key);
    *call_len = key->len;
    return rc == COACH_OK ? add_members(line, side, sizeof side / sizeof *side, key) : rc;
}

static void close_call(struct utterances *u, const char *call, size_t len)
{
    size_t n;
    for (struct table_entry *e = table_next(&u->open, NULL), *next; e != NULL; e = next) {
        const char *key = table_key(e, &n);
        next = table_next(&u->open, e);
        if (n >= len && memcmp(key, call, len) == 0)
            table_remove(&u->open, key, n);
    }
}

static void forget_oldest(struct utterances *u)
{
    size_t n;
    const char *key = table_key(table_next(&u->open, NULL), &n);
    table_remove(&u->open, key, n);
}

static int segment_of(struct utterances *u, const struct json_in *line, const struct buf *key, uint64_t seq,
                      uint64_t *ret)
{
    uintptr_t known = (uintptr_t)table_get(&u->open, key->data, key->len);
    *ret = known != 0 ? known : seq;
    if (json_in_bool(line, "is_final", true)) {
        table_remove(&u->open, key->data, key->len);
        return COACH_OK;
    }
    if (known != 0)
        return COACH_OK;
    if (table_count(&u->open) >= UTTERANCES_OPEN)
        forget_oldest(u);
    return table_set(&u->open, key->data, key->len, (void *)(uintptr_t)seq);
}

int utterances_segment(struct utterances *u, const struct json_in *line, uint64_t seq, uint64_t *ret)
{
    const char *type = json_in_text(line, "type");
    bool spoken = type == NULL || strcmp(type, "transcript") == 0, ends = !spoken && strcmp(type, "call_end") == 0;
    struct buf key;
    size_t call_len;
    *ret = 0;
    if ((!spoken && !ends) || (spoken && json_in_get(line, "segment_id") != NULL))
        return COACH_OK;
    buf_init(&key, 0);
    int rc = make_key(line, &key, &call_len);
    if (rc == COACH_OK && ends)
        close_call(u, key.data, call_len);
    else if (rc == COACH_OK)
        rc = segment_of(u, line, &key, seq, ret);
    buf_clear(&key);
    return rc;
}
