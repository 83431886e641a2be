#include "daemon/coachd/outline.h"

#include <stdlib.h>
#include <string.h>

static const char *place(char **at, const char *text, size_t len)
{
    if (text == NULL)
        return NULL;
    char *copy = *at;
    memcpy(copy, text, len);
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

struct outline *outline_new(const char *agent_id, const char *call_id, const char *text, size_t len)
{
    size_t agent_len = agent_id == NULL ? 0 : strlen(agent_id);
    size_t call_len = call_id == NULL ? 0 : strlen(call_id);
    struct outline *o = calloc(1, sizeof *o + agent_len + call_len + len + 3);
    if (o == NULL)
        return NULL;
    char *at = (char *)(o + 1);
    o->refs = 1;
    o->deadline_ms = INT64_MAX;
    o->agent_id = place(&at, agent_id, agent_len);
    o->call_id = place(&at, call_id, call_len);
    o->text = place(&at, text, len);
    o->len = len;
    return o;
}

struct outline *outline_ref(struct outline *o)
{
    o->refs++;
    return o;
}

void outline_unref(struct outline *o)
{
    if (o != NULL && --o->refs == 0)
        free(o);
}

/* Takes an item out; the queue's reference is the caller's now. */
static struct outline *take_at(struct outqueue *q, size_t i)
{
    struct outline *o = q->items[i];
    q->bytes -= o->len;
    q->count--;
    memmove(&q->items[i], &q->items[i + 1], (q->count - i) * sizeof(struct outline *));
    return o;
}

static void remove_at(struct outqueue *q, size_t i)
{
    outline_unref(take_at(q, i));
}

void outqueue_clear(struct outqueue *q)
{
    while (q->count > 0)
        remove_at(q, q->count - 1);
}

static bool fits(const struct outqueue *q, const struct outline *o)
{
    return q->count < OUTQUEUE_LINES && q->bytes + o->len <= OUTQUEUE_BYTES;
}

static void drop_expired(struct outqueue *q, int64_t now_ms, struct outqueue_loss *loss)
{
    for (size_t i = 0; i < q->count;) {
        if (q->items[i]->deadline_ms > now_ms) {
            i++;
            continue;
        }
        loss->expired += q->items[i]->is_nudge;
        remove_at(q, i);
    }
}

/* The oldest of the least important nudges; `count` when there is none. */
static size_t least(const struct outqueue *q)
{
    size_t found = q->count;
    for (size_t i = 0; i < q->count; i++)
        if (q->items[i]->is_nudge && (found == q->count || q->items[i]->rank > q->items[found]->rank))
            found = i;
    return found;
}

/* Makes room for `o` at the expense of nudges that matter less. Returns whether there is room. */
static bool make_room(struct outqueue *q, const struct outline *o, int64_t now_ms, struct outqueue_loss *loss)
{
    if (!fits(q, o))
        drop_expired(q, now_ms, loss);
    while (!fits(q, o)) {
        size_t i = least(q);
        if (i == q->count || (o->is_nudge && q->items[i]->rank < o->rank))
            return false;
        remove_at(q, i);
        loss->overflowed++;
    }
    return true;
}

bool outqueue_add(struct outqueue *q, struct outline *o, int64_t now_ms, struct outqueue_loss *loss)
{
    if (!make_room(q, o, now_ms, loss))
        return false;
    q->items[q->count++] = outline_ref(o);
    q->bytes += o->len;
    return true;
}

struct outline *outqueue_take(struct outqueue *q, int64_t now_ms, struct outqueue_loss *loss)
{
    drop_expired(q, now_ms, loss);
    return q->count == 0 ? NULL : take_at(q, 0);
}

bool outqueue_withdraw(struct outqueue *q, const char *nudge_id)
{
    for (size_t i = 0; i < q->count; i++)
        if (q->items[i]->is_nudge && strcmp(q->items[i]->nudge_id, nudge_id) == 0) {
            remove_at(q, i);
            return true;
        }
    return false;
}

unsigned outqueue_forget_call(struct outqueue *q, const char *call_id)
{
    unsigned n = 0;
    for (size_t i = 0; i < q->count;) {
        const struct outline *o = q->items[i];
        if (o->is_nudge && strcmp(o->call_id, call_id) == 0) {
            remove_at(q, i);
            n++;
        } else {
            i++;
        }
    }
    return n;
}
