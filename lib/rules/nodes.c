#include "lib/rules/nodes.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/base/hash.h"

struct nodes {
    const struct pack *pack;
    struct ruleset *set;
    size_t cap;
};

static struct part_rule *signal_part(struct ruleset *set, size_t number)
{
    return &set->rules[set->rule_count + number];
}

/* --- one condition --- */

/* The number of the signal that a key names; WHEN_NONE where it names none ("call end", a window, nothing). */
static int number_of(const struct nodes *b, const struct def_text *t)
{
    const struct def_signal *s = t->node == NULL ? NULL : table_get(&b->pack->signals, t->s, strlen(t->s));
    return s == NULL ? WHEN_NONE : (int)s->number;
}

static const struct def_text *opener(const struct def_when *w)
{
    return w->verb == WHEN_AFTER ? &w->after : w->verb == WHEN_AT ? &w->at : &w->count;
}

static uint32_t places_of(const struct when_node *n)
{
    switch (n->verb) {
    case WHEN_SEQUENCE:
        return (uint32_t)n->sequence_count;
    case WHEN_COUNT:
    case WHEN_QUESTIONS:
    case WHEN_OVERLAP:
        return (uint32_t)n->at_least;
    default:
        return 1;
    }
}

static void fill(const struct nodes *b, const struct def_when *w, struct when_node *n)
{
    *n = (struct when_node){.verb = w->verb,
                            .window = w->window,
                            .opens = number_of(b, opener(w)),
                            .without = number_of(b, &w->without),
                            .since = number_of(b, &w->since),
                            .cancel = number_of(b, &w->cancel),
                            .sequence_count = (int)w->sequence.count,
                            .at_least = (int)w->at_least.value,
                            .longer_ms = w->longer_ms,
                            .words_a_minute = w->words_per_minute};
    if (w->verb == WHEN_MONOLOGUE)
        n->over = strncmp(w->monologue.s, "agent", 5) == 0 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER;
    if (w->verb == WHEN_OVERLAP) {
        n->at_least = w->times.node == NULL ? 1 : (int)w->times.value;
        n->over = strncmp(w->overlap.s, "agent", 5) == 0 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER;
    }
    for (size_t i = 0; i < WHEN_SEQUENCE_MAX; i++)
        n->sequence[i] = i < w->sequence.count ? number_of(b, &w->sequence.items[i]) : WHEN_NONE;
    n->slots = places_of(n);
}

/* --- what it means, as a number --- */

static void print_signal(const struct nodes *b, int number, struct hash_fields *print)
{
    uint64_t key = number == WHEN_NONE ? 0 : signal_part(b->set, (size_t)number)->rule.key;
    hash_fields_add(print, &key, sizeof key);
}

static void print_phrases(const char *const *phrases, size_t n, struct hash_fields *print)
{
    for (size_t i = 0; i < n; i++)
        hash_fields_add(print, phrases[i], strlen(phrases[i]));
    hash_fields_add(print, &n, sizeof n);
}

static void print_questions(const struct language *lang, struct hash_fields *print)
{
    print_phrases(lang->closed_questions, lang->closed_question_count, print);
    print_phrases(lang->open_questions, lang->open_question_count, print);
    print_phrases(lang->question_leads, lang->question_lead_count, print);
}

static uint64_t key_of(const struct nodes *b, const struct when_node *n, const struct rule *owner)
{
    struct hash_fields print;
    hash_fields_init(&print);
    const int64_t numbers[] = {
        n->verb,     n->of_signal, n->window.same_turn, n->window.turns, n->window.agent_turns, n->window.time_ms,
        n->at_least, n->longer_ms, n->words_a_minute,   n->over,         n->sequence_count};
    hash_fields_add(&print, owner->id, strlen(owner->id));
    hash_fields_add(&print, numbers, sizeof numbers);
    const int named[] = {n->opens, n->without, n->since, n->cancel};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        print_signal(b, named[i], &print);
    for (int i = 0; i < n->sequence_count; i++)
        print_signal(b, n->sequence[i], &print);
    if (n->verb == WHEN_QUESTIONS)
        print_questions(&b->set->language, &print);
    return print.value;
}

/* --- all of them --- */

/* A disabled rule's condition is part of its key and is not run. */
static int add_node(struct nodes *b, const struct def_when *w, struct part_rule *owner, uint32_t number)
{
    struct ruleset *set = b->set;
    struct when_node n;
    struct hash_fields print = {owner->rule.key};
    fill(b, w, &n);
    n.of_signal = owner->rule.is_signal;
    n.owner = number;
    n.key = key_of(b, &n, &owner->rule);
    hash_fields_add(&print, &n.key, sizeof n.key);
    owner->rule.key = print.value;
    if (owner->rule.mode == RULE_DISABLED)
        return COACH_OK;
    if (arena_grow(&set->memory, &set->nodes, set->node_count, &b->cap, sizeof *set->nodes) != COACH_OK)
        return COACH_ENOMEM;
    n.index = (uint32_t)set->node_count;
    n.slot = set->slot_count;
    set->slot_count += n.slots;
    set->nodes[set->node_count++] = n;
    owner->node = (uint32_t)set->node_count;
    return COACH_OK;
}

static int add_all(struct nodes *b)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < b->pack->order_count && rc == COACH_OK; i++)
        if (b->pack->order[i]->when.node != NULL)
            rc = add_node(b, &b->pack->order[i]->when, signal_part(b->set, i), (uint32_t)i);
    for (uint32_t i = 0; i < b->set->rule_count && rc == COACH_OK; i++) {
        struct part_rule *r = &b->set->rules[i];
        const struct def_rule *def = table_get(&b->pack->rules, r->rule.id, strlen(r->rule.id));
        if (def->when.node != NULL)
            rc = add_node(b, &def->when, r, i);
    }
    return rc;
}

/* --- who listens --- */

/* The signals that may change a condition, each once; returns how many. */
static size_t heard_by(const struct when_node *n, int ret[4 + WHEN_SEQUENCE_MAX])
{
    int named[4 + WHEN_SEQUENCE_MAX] = {n->opens, n->without, n->since, n->cancel};
    size_t count = 0;
    memcpy(named + 4, n->sequence, sizeof n->sequence);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        size_t k = 0;
        while (k < count && ret[k] != named[i])
            k++;
        if (named[i] != WHEN_NONE && k == count)
            ret[count++] = named[i];
    }
    return count;
}

static int note_listeners(struct ruleset *set)
{
    int heard[4 + WHEN_SEQUENCE_MAX];
    uint32_t total = 0;
    set->listens = arena_alloc(&set->memory, (set->signal_count + 1) * sizeof *set->listens);
    if (set->listens == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < set->node_count; i++)
        for (size_t k = heard_by(&set->nodes[i], heard); k > 0; k--)
            set->listens[heard[k - 1]].count++;
    for (size_t s = 0; s < set->signal_count; s++) {
        set->listens[s].first = total;
        total += set->listens[s].count;
        set->listens[s].count = 0;
    }
    set->listeners = arena_alloc(&set->memory, ((size_t)total + 1) * sizeof *set->listeners);
    if (set->listeners == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < set->node_count; i++)
        for (size_t k = heard_by(&set->nodes[i], heard); k > 0; k--) {
            struct part_range *range = &set->listens[heard[k - 1]];
            set->listeners[range->first + range->count++] = (uint32_t)i;
        }
    return COACH_OK;
}

int nodes_build(const struct pack *pack, struct ruleset *set)
{
    struct nodes b = {.pack = pack, .set = set};
    int rc = add_all(&b);
    return rc == COACH_OK ? note_listeners(set) : rc;
}
