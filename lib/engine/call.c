#include "lib/engine/call.h"

#include <stdlib.h>
#include <string.h>

static const size_t item_sizes[ARRAYS] = {[ARRAY_SEGMENTS] = sizeof(struct call_segment),
                                          [ARRAY_RULES] = sizeof(struct call_rule),
                                          [ARRAY_TERMS] = sizeof(uint64_t),
                                          [ARRAY_FIRED] = sizeof(uint64_t),
                                          [ARRAY_LINES] = sizeof(struct call_line),
                                          [ARRAY_SIGNALS] = sizeof(struct call_signal),
                                          [ARRAY_NODES] = sizeof(struct call_node),
                                          [ARRAY_PLACES] = sizeof(struct place)};

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
    c->speech_ms = c->away_ms = c->back_ms = COACH_NO_TIME;
    for (size_t i = 0; i < CALL_OPEN; i++)
        buf_init(&c->open[i].text, CALL_OPEN_TEXT);
    return c;
}

void call_free(struct call *c)
{
    if (c == NULL)
        return;
    free(c->id);
    free(c->agent);
    for (size_t i = 0; i < ARRAYS; i++)
        free(c->arrays[i].items);
    free(c->muted);
    for (size_t i = 0; i < CALL_OPEN; i++)
        buf_clear(&c->open[i].text);
    for (size_t i = 0; i < c->pending_count; i++)
        free(c->pending[i].block);
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
    c->activity = CALL_TALKING;
    return COACH_OK;
}

void call_set_activity(struct call *c, enum call_activity activity, int64_t now_ms)
{
    if (activity == CALL_TALKING && c->activity != CALL_TALKING)
        c->back_ms = call_clock(c, now_ms);
    if (activity != CALL_TALKING && c->activity == CALL_TALKING)
        c->away_ms = call_clock(c, now_ms);
    c->activity = activity;
}

const struct call_counts *call_counts(const struct call *c)
{
    return &c->counts;
}

bool call_is_untimed(const struct call *c)
{
    return c->untimed;
}

enum engine_sight call_sight(const struct call *c)
{
    return c->sight;
}

size_t call_memory(const struct call *c)
{
    size_t n =
        sizeof *c + strlen(c->id) + 1 + (c->agent == NULL ? 0 : strlen(c->agent) + 1) + c->muted_cap * sizeof *c->muted;
    for (size_t i = 0; i < ARRAYS; i++)
        n += c->arrays[i].cap * item_sizes[i];
    for (size_t i = 0; i < CALL_OPEN; i++)
        n += c->open[i].text.cap;
    for (size_t i = 0; i < c->pending_count; i++)
        n += c->pending[i].block_size;
    return n;
}

/* --- growing --- */

/* A larger block for `want` of `size` bytes each, doubling from 4 up to `most`; `*cap` is set. NULL when memory is out.
 */
static void *grown(void *items, size_t want, uint32_t *cap, size_t most, size_t size)
{
    size_t room = *cap == 0 ? 4 : *cap;
    while (room < want)
        room *= 2;
    room = room > most ? most : room;
    void *bigger = realloc(items, room * size);
    if (bigger != NULL)
        *cap = (uint32_t)room;
    return bigger;
}

int call_reserve(struct call *c, enum call_array array, size_t more, size_t most)
{
    struct array *a = &c->arrays[array];
    size_t want = more > most - a->count ? most : a->count + more;
    if (want <= a->cap)
        return COACH_OK;
    void *items = grown(a->items, want, &a->cap, most, item_sizes[array]);
    if (items == NULL)
        return COACH_ENOMEM;
    a->items = items;
    return COACH_OK;
}

/* --- before and after a step --- */

int call_save(const struct call *c, struct buf *to)
{
    buf_reset(to);
    int rc = buf_add(to, c, sizeof *c);
    for (size_t i = 0; i < ARRAYS && rc == COACH_OK; i++)
        if (c->arrays[i].count > 0)
            rc = buf_add(to, c->arrays[i].items, c->arrays[i].count * item_sizes[i]);
    return rc;
}

void call_restore(struct call *c, const struct buf *from)
{
    struct array arrays[ARRAYS];
    struct buf texts[CALL_OPEN];
    memcpy(arrays, c->arrays, sizeof arrays);
    for (size_t i = 0; i < CALL_OPEN; i++)
        texts[i] = c->open[i].text;
    memcpy(c, from->data, sizeof *c);
    const char *at = from->data + sizeof *c;
    for (size_t i = 0; i < ARRAYS; i++) {
        size_t bytes = c->arrays[i].count * item_sizes[i];
        c->arrays[i].items = arrays[i].items;
        c->arrays[i].cap = arrays[i].cap;
        if (bytes > 0)
            memcpy(c->arrays[i].items, at, bytes);
        at += bytes;
    }
    for (size_t i = 0; i < CALL_OPEN; i++)
        c->open[i].text = texts[i];
}

/* --- another rule set --- */

static const struct call_node *old_node(const struct call *c, uint64_t key, uint32_t slots)
{
    const struct call_node *nodes = CALL_ITEMS(c, ARRAY_NODES, struct call_node);
    for (uint32_t i = 0; i < c->arrays[ARRAY_NODES].count; i++)
        if (nodes[i].key == key && nodes[i].slots == slots)
            return &nodes[i];
    return NULL;
}

static void adopt_nodes(const struct call *c, const struct ruleset *set, struct call_node *nodes, struct place *places)
{
    const struct place *old_places = CALL_ITEMS(c, ARRAY_PLACES, struct place);
    for (size_t i = 0; i < ruleset_node_count(set); i++) {
        const struct when_node *n = ruleset_node(set, i);
        const struct call_node *old = old_node(c, n->key, n->slots);
        nodes[i] = old != NULL ? *old : (struct call_node){.key = n->key, .slots = n->slots};
        if (old != NULL)
            memcpy(&places[n->slot], &old_places[old->slot], n->slots * sizeof *places);
        nodes[i].slot = n->slot;
    }
}

static void adopt_signals(const struct call *c, const struct ruleset *set, struct call_signal *signals)
{
    const struct call_signal *old = CALL_ITEMS(c, ARRAY_SIGNALS, struct call_signal);
    for (size_t i = 0; i < ruleset_signal_count(set); i++) {
        uint64_t key = ruleset_signal(set, i)->key;
        signals[i] = (struct call_signal){.key = key};
        for (uint32_t k = 0; k < c->arrays[ARRAY_SIGNALS].count; k++)
            if (old[k].key == key)
                signals[i] = old[k];
    }
}

int call_adopt(struct call *c, const struct ruleset *set)
{
    if (strcmp(c->rules_hash, ruleset_hash(set)) == 0)
        return COACH_OK;
    size_t counts[ARRAYS] = {[ARRAY_SIGNALS] = ruleset_signal_count(set),
                             [ARRAY_NODES] = ruleset_node_count(set),
                             [ARRAY_PLACES] = ruleset_slots(set)};
    void *items[ARRAYS] = {NULL};
    bool failed = false;
    for (size_t i = ARRAY_SIGNALS; i <= ARRAY_PLACES; i++)
        failed = (counts[i] > 0 && (items[i] = calloc(counts[i], item_sizes[i])) == NULL) || failed;
    if (failed) {
        for (size_t i = ARRAY_SIGNALS; i <= ARRAY_PLACES; i++)
            free(items[i]);
        return COACH_ENOMEM;
    }
    adopt_nodes(c, set, items[ARRAY_NODES], items[ARRAY_PLACES]);
    adopt_signals(c, set, items[ARRAY_SIGNALS]);
    for (size_t i = ARRAY_SIGNALS; i <= ARRAY_PLACES; i++) {
        free(c->arrays[i].items);
        c->arrays[i] = (struct array){items[i], (uint32_t)counts[i], (uint32_t)counts[i]};
    }
    for (uint32_t i = 0; i < c->pending_count; i++)
        c->pending[i].without = WHEN_NONE; /* signals have other numbers now */
    memcpy(c->rules_hash, ruleset_hash(set), sizeof c->rules_hash);
    return COACH_OK;
}

/* --- segments, rules, terms, findings, lines --- */

struct call_segment *call_find_segment(struct call *c, uint64_t id)
{
    struct call_segment *segments = CALL_ITEMS(c, ARRAY_SEGMENTS, struct call_segment);
    for (uint32_t i = 0; i < c->arrays[ARRAY_SEGMENTS].count; i++)
        if (segments[i].id == id)
            return &segments[i];
    return NULL;
}

struct call_segment *call_add_segment(struct call *c, uint64_t id, uint64_t text)
{
    struct array *a = &c->arrays[ARRAY_SEGMENTS];
    bool full = a->count == CALL_SEGMENTS;
    struct call_segment *s =
        &CALL_ITEMS(c, ARRAY_SEGMENTS, struct call_segment)[full ? c->segment_next++ % CALL_SEGMENTS : a->count++];
    *s = (struct call_segment){.id = id, .text = text};
    return s;
}

struct call_rule *call_find_rule(struct call *c, uint64_t key)
{
    struct call_rule *rules = CALL_ITEMS(c, ARRAY_RULES, struct call_rule);
    for (uint32_t i = 0; i < c->arrays[ARRAY_RULES].count; i++)
        if (rules[i].key == key)
            return &rules[i];
    return NULL;
}

struct call_rule *call_rule_state(struct call *c, uint64_t key)
{
    struct call_rule *r = call_find_rule(c, key);
    if (r != NULL)
        return r;
    struct array *a = &c->arrays[ARRAY_RULES];
    if (call_reserve(c, ARRAY_RULES, 1, CALL_RULES) != COACH_OK)
        return NULL;
    struct call_rule *rules = CALL_ITEMS(c, ARRAY_RULES, struct call_rule);
    if (a->count < CALL_RULES) {
        r = &rules[a->count++];
    } else {
        r = &rules[0];
        for (uint32_t i = 1; i < a->count; i++)
            r = rules[i].last_ms < r->last_ms ? &rules[i] : r;
    }
    *r = (struct call_rule){.key = key, .last_ms = COACH_NO_TIME, .quiet_ms = COACH_NO_TIME};
    return r;
}

bool call_holds(const uint64_t *items, size_t count, uint64_t value)
{
    for (size_t i = 0; i < count; i++)
        if (items[i] == value)
            return true;
    return false;
}

static bool array_holds(const struct call *c, enum call_array array, uint64_t value)
{
    return call_holds(CALL_ITEMS(c, array, uint64_t), c->arrays[array].count, value);
}

static void array_add(struct call *c, enum call_array array, uint64_t value)
{
    struct array *a = &c->arrays[array];
    if (a->count < a->cap && !array_holds(c, array, value))
        CALL_ITEMS(c, array, uint64_t)[a->count++] = value;
}

bool call_has_term(const struct call *c, uint64_t term)
{
    return array_holds(c, ARRAY_TERMS, term);
}

void call_add_term(struct call *c, uint64_t term)
{
    array_add(c, ARRAY_TERMS, term);
}

bool call_has_fired(const struct call *c, uint64_t finding)
{
    return c->arrays[ARRAY_FIRED].count + 2 > CALL_FIRED || array_holds(c, ARRAY_FIRED, finding);
}

void call_add_fired(struct call *c, uint64_t finding)
{
    array_add(c, ARRAY_FIRED, finding);
}

void call_forget_fired(struct call *c, uint64_t finding)
{
    uint64_t *fired = CALL_ITEMS(c, ARRAY_FIRED, uint64_t);
    struct array *a = &c->arrays[ARRAY_FIRED];
    for (uint32_t i = 0; i < a->count; i++)
        if (fired[i] == finding)
            fired[i] = fired[--a->count];
}

struct call_line *call_add_line(struct call *c)
{
    struct array *a = &c->arrays[ARRAY_LINES];
    struct call_line *lines = CALL_ITEMS(c, ARRAY_LINES, struct call_line);
    if (a->count < CALL_LINES)
        return &lines[a->count++];
    return &lines[c->line_next++ % CALL_LINES];
}

struct call_line *call_line(const struct call *c, uint32_t back)
{
    uint32_t count = c->arrays[ARRAY_LINES].count;
    if (back >= count)
        return NULL;
    uint32_t first = count < CALL_LINES ? 0 : c->line_next % CALL_LINES; /* the oldest */
    return &CALL_ITEMS(c, ARRAY_LINES, struct call_line)[(first + count - 1 - back) % count];
}

uint64_t call_hash(const char *a, size_t a_len, const char *b, size_t b_len)
{
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, a, a_len);
    hash_fields_add(&h, b, b_len);
    return h.value;
}

void call_keep_id(char to[WIRE_MAX_ID + 1], const struct wire_text *id)
{
    size_t len = id->len < WIRE_MAX_ID ? id->len : WIRE_MAX_ID;
    memcpy(to, id->s, len);
    to[len] = '\0';
}

int64_t call_clock(const struct call *c, int64_t now_ms)
{
    if (now_ms == COACH_NO_TIME)
        return c->now_ms;
    int64_t now = c->started ? c->anchor_ms + (now_ms - c->anchor_arrival) : 0;
    return now > c->now_ms ? now : c->now_ms;
}

int call_side(coach_role role)
{
    return role == COACH_ROLE_AGENT ? 0 : role == COACH_ROLE_CUSTOMER ? 1 : -1;
}

/* --- muted rules --- */

bool call_is_muted(const struct call *c, const char *rule_id)
{
    return c->muted_count > 0 && call_holds(c->muted, c->muted_count, call_hash(rule_id, strlen(rule_id), "", 0));
}

int call_mute(struct call *c, const char *rule_id)
{
    if (call_is_muted(c, rule_id))
        return COACH_OK;
    if (c->muted_count == CALL_MUTED)
        return COACH_ELIMIT;
    if (c->muted_count == c->muted_cap) {
        uint64_t *muted = grown(c->muted, c->muted_count + 1, &c->muted_cap, CALL_MUTED, sizeof *muted);
        if (muted == NULL)
            return COACH_ENOMEM;
        c->muted = muted;
    }
    c->muted[c->muted_count++] = call_hash(rule_id, strlen(rule_id), "", 0);
    return COACH_OK;
}
