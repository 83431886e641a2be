#include "lib/engine/call.h"

#include <stdlib.h>
#include <string.h>

struct call *call_new(const char *call_id, size_t len)
{
    struct call *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->id = calloc(1, len + 1);
    if (c->id == NULL) {
        free(c);
        return NULL;
    }
    memcpy(c->id, call_id, len);
    return c;
}

void call_free(struct call *c)
{
    if (c == NULL)
        return;
    free(c->id);
    free(c->agent);
    free(c->segments);
    free(c->rules);
    free(c->terms);
    free(c->muted);
    free(c);
}

const char *call_id(const struct call *c)
{
    return c->id;
}

const char *call_agent(const struct call *c)
{
    return c->agent;
}

int call_set_agent(struct call *c, const char *agent_id, size_t len)
{
    if (c->agent != NULL && strlen(c->agent) == len && memcmp(c->agent, agent_id, len) == 0)
        return COACH_OK;
    char *agent = calloc(1, len + 1);
    if (agent == NULL)
        return COACH_ENOMEM;
    memcpy(agent, agent_id, len);
    free(c->agent);
    c->agent = agent;
    return COACH_OK;
}

const struct call_counts *call_counts(const struct call *c)
{
    return &c->counts;
}

size_t call_memory(const struct call *c)
{
    return sizeof *c + strlen(c->id) + 1 + (c->agent == NULL ? 0 : strlen(c->agent) + 1) +
           c->segment_cap * sizeof *c->segments + c->rule_cap * sizeof *c->rules + c->term_cap * sizeof *c->terms +
           c->muted_cap * sizeof *c->muted;
}

/* Makes room for `more` of `size` bytes each, doubling from 4 up to `most`. Returns 0, COACH_ENOMEM, or COACH_ELIMIT
 * when it is full already. */
static int make_room(void *items, uint32_t count, size_t more, uint32_t *cap, uint32_t most, size_t size)
{
    size_t want = more > most - count ? most : count + more;
    if (want <= *cap)
        return count < *cap || more == 0 ? COACH_OK : COACH_ELIMIT;
    size_t room = *cap == 0 ? 4 : *cap;
    while (room < want)
        room *= 2;
    room = room > most ? most : room;
    void *old;
    memcpy(&old, items, sizeof old); /* `items` points at a pointer of any type */
    void *grown = realloc(old, room * size);
    if (grown == NULL)
        return COACH_ENOMEM;
    memcpy(items, &grown, sizeof grown);
    *cap = (uint32_t)room;
    return COACH_OK;
}

int call_reserve(struct call *c, size_t rules, size_t terms)
{
    if (make_room(&c->segments, c->segment_count, 1, &c->segment_cap, CALL_SEGMENTS, sizeof *c->segments) ==
            COACH_ENOMEM ||
        make_room(&c->rules, c->rule_count, rules, &c->rule_cap, CALL_RULES, sizeof *c->rules) == COACH_ENOMEM ||
        make_room(&c->terms, c->term_count, terms, &c->term_cap, CALL_TERMS, sizeof *c->terms) == COACH_ENOMEM)
        return COACH_ENOMEM;
    return COACH_OK;
}

struct call_segment *call_find_segment(struct call *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->segment_count; i++)
        if (c->segments[i].id == id)
            return &c->segments[i];
    return NULL;
}

struct call_segment *call_add_segment(struct call *c, uint64_t id, uint64_t text)
{
    bool full = c->segment_count == CALL_SEGMENTS;
    uint32_t at = full ? c->segment_next++ % CALL_SEGMENTS : c->segment_count++;
    c->segments[at] = (struct call_segment){.id = id, .text = text};
    return &c->segments[at];
}

struct call_rule *call_find_rule(struct call *c, uint64_t key)
{
    for (uint32_t i = 0; i < c->rule_count; i++)
        if (c->rules[i].key == key)
            return &c->rules[i];
    return NULL;
}

struct call_rule *call_rule_state(struct call *c, uint64_t key)
{
    struct call_rule *r = call_find_rule(c, key);
    if (r != NULL)
        return r;
    if (c->rule_count < CALL_RULES) {
        r = &c->rules[c->rule_count++];
    } else {
        r = &c->rules[0];
        for (uint32_t i = 1; i < c->rule_count; i++)
            r = c->rules[i].last_ms < r->last_ms ? &c->rules[i] : r;
    }
    *r = (struct call_rule){.key = key, .last_ms = COACH_NO_TIME};
    return r;
}

static bool holds(const uint64_t *items, uint32_t count, uint64_t value)
{
    for (uint32_t i = 0; i < count; i++)
        if (items[i] == value)
            return true;
    return false;
}

bool call_has_term(const struct call *c, uint64_t term)
{
    return holds(c->terms, c->term_count, term);
}

void call_add_term(struct call *c, uint64_t term)
{
    if (!call_has_term(c, term) && c->term_count < CALL_TERMS)
        c->terms[c->term_count++] = term;
}

static uint64_t id_hash(const char *rule_id)
{
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, rule_id, strlen(rule_id));
    return h.value;
}

bool call_is_muted(const struct call *c, const char *rule_id)
{
    return c->muted_count > 0 && holds(c->muted, c->muted_count, id_hash(rule_id));
}

int call_mute(struct call *c, const char *rule_id)
{
    if (call_is_muted(c, rule_id))
        return COACH_OK;
    int rc = make_room(&c->muted, c->muted_count, 1, &c->muted_cap, CALL_MUTED, sizeof *c->muted);
    if (rc == COACH_OK)
        c->muted[c->muted_count++] = id_hash(rule_id);
    return rc;
}
