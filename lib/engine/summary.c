#include "lib/engine/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/engine/call.h"
#include "lib/rules/recorded.h"

_Static_assert((int)RECORDED_UPSET == (int)SUMMARY_UPSET && (int)RECORDED_SUPERVISOR == (int)SUMMARY_SUPERVISOR,
               "triggers come first among what is recorded, in their order");

enum { TURNS_BEFORE = 2, TURNS_AFTER = 2 };

const char *summary_trigger_name(enum summary_trigger trigger)
{
    static const char *const names[SUMMARY_TRIGGERS] = {"upset", "angry", "threat_to_leave", "supervisor"};
    return names[trigger];
}

void summary_hear(void *user, const struct engine_trace *trace)
{
    struct summary_ear *ear = user;
    if (trace->moment != ENGINE_HEARD || ear->count == sizeof ear->heard / sizeof *ear->heard)
        return;
    ear->heard[ear->count].signal = trace->signal;
    ear->heard[ear->count].at_ms = trace->at_ms;
    snprintf(ear->heard[ear->count].segment_id, sizeof ear->heard->segment_id, "%s",
             trace->segment_id == NULL ? "" : trace->segment_id);
    ear->count++;
}

void summary_clear(struct call_summary *s)
{
    free(s->items);
    free(s->cards);
    free(s->promises);
    *s = (struct call_summary){0};
}

void summary_restart(struct call_summary *s, const struct call *c)
{
    summary_clear(s);
    s->counts_before = c->counts;
    s->turns_before = c->agent_turns;
}

/* Room for one more of at most `most`. Returns 0, COACH_ELIMIT or COACH_ENOMEM. */
static int room(void *items, size_t count, size_t *cap, size_t size, size_t most)
{
    void **array = items;
    if (count < *cap)
        return COACH_OK;
    if (count >= most)
        return COACH_ELIMIT;
    size_t more = count + 4 < most ? count + 4 : most;
    void *grown = realloc(*array, more * size);
    if (grown == NULL)
        return COACH_ENOMEM;
    *array = grown;
    *cap = more;
    return COACH_OK;
}

static int leave_out(struct call_summary *s, int rc)
{
    s->left_out += rc != COACH_OK;
    return rc == COACH_ENOMEM ? rc : COACH_OK;
}

static uint64_t segment_hash(const char *segment_id)
{
    return call_hash(segment_id, strlen(segment_id), "", 0);
}

static struct summary_item *find_item(struct call_summary *s, const char *name, bool is_rule)
{
    for (size_t i = 0; i < s->item_count; i++)
        if (strcmp(s->items[i].name, name) == 0 && (s->items[i].category[0] != '\0') == is_rule)
            return &s->items[i];
    return NULL;
}

/* Counts a rule or (`category` empty) a signal once more; `*ret` is NULL when there is no room. */
static int count_item(struct call_summary *s, const struct call *c, const char *name, const char *category,
                      const char *segment_id, int64_t at_ms, struct summary_item **ret)
{
    *ret = find_item(s, name, category[0] != '\0');
    if (*ret == NULL) {
        int rc = room(&s->items, s->item_count, &s->item_cap, sizeof *s->items, SUMMARY_ITEMS);
        if (rc != COACH_OK)
            return leave_out(s, rc);
        *ret = &s->items[s->item_count++];
        **ret = (struct summary_item){.first_ms = at_ms};
        snprintf((*ret)->name, sizeof(*ret)->name, "%s", name);
        snprintf((*ret)->category, sizeof(*ret)->category, "%s", category);
    }
    (*ret)->found++;
    (*ret)->agent_turn = c->agent_turns;
    (*ret)->segment = segment_hash(segment_id);
    return COACH_OK;
}

/* --- what was heard --- */

static void follow(struct call_summary *s, const struct call *c, uint64_t signal)
{
    for (size_t i = 0; i < s->card_count; i++) {
        struct summary_card *card = &s->cards[i];
        if (card->asks != signal || card->followed || c->agent_turns > card->agent_turn + TURNS_AFTER)
            continue;
        card->followed = true;
        s->followed++;
    }
}

static int promise(struct call_summary *s, const char *segment_id, int64_t at_ms)
{
    if (s->promise_count > 0 && strcmp(s->promises[s->promise_count - 1].segment_id, segment_id) == 0)
        return COACH_OK; /* both names in one line */
    int rc = room(&s->promises, s->promise_count, &s->promise_cap, sizeof *s->promises, SUMMARY_PROMISES);
    if (rc != COACH_OK)
        return leave_out(s, rc);
    struct summary_promise *p = &s->promises[s->promise_count++];
    snprintf(p->segment_id, sizeof p->segment_id, "%s", segment_id);
    p->at_ms = at_ms;
    return COACH_OK;
}

static int add_signals(struct call_summary *s, const struct ruleset *set, const struct call *c,
                       const struct summary_ear *ear)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < ear->count; i++) {
        const struct rule *signal = ruleset_signal(set, (size_t)ear->heard[i].signal);
        const char *segment_id = ear->heard[i].segment_id;
        struct summary_item *item;
        int one = COACH_OK;
        follow(s, c, signal->key);
        if (recorded_of(signal->id) == RECORDED_PROMISE)
            one = promise(s, segment_id, ear->heard[i].at_ms);
        else if (recorded_of(signal->id) == RECORDED_REFUSAL)
            one = count_item(s, c, signal->id, "", segment_id, ear->heard[i].at_ms, &item);
        rc = one != COACH_OK ? one : rc;
    }
    return rc;
}

/* Notes that the trigger came, and what came in the turns before; what its own line brought about did not. */
static void trigger(struct call_summary *s, const struct call *c, enum summary_trigger t, const char *segment_id,
                    int64_t at_ms)
{
    uint64_t segment = segment_hash(segment_id);
    if (s->triggers[t]++ == 0)
        s->trigger_first_ms[t] = at_ms;
    for (size_t i = 0; i < s->item_count; i++) {
        struct summary_item *item = &s->items[i];
        if (item->found > 0 && item->agent_turn + TURNS_BEFORE > c->agent_turns && item->segment != segment)
            item->before[t]++;
    }
}

static void add_triggers(struct call_summary *s, const struct ruleset *set, const struct call *c,
                         const struct summary_ear *ear)
{
    for (size_t i = 0; i < ear->count; i++) {
        enum recorded is = recorded_of(ruleset_signal(set, (size_t)ear->heard[i].signal)->id);
        if ((int)is < SUMMARY_TRIGGERS)
            trigger(s, c, (enum summary_trigger)is, ear->heard[i].segment_id, ear->heard[i].at_ms);
    }
}

/* --- findings --- */

static uint64_t asks_of(const struct ruleset *set, const struct rule *rule)
{
    const struct when_node *node = ruleset_node_of(set, rule);
    return node == NULL || node->without == WHEN_NONE ? 0 : ruleset_signal(set, (size_t)node->without)->key;
}

static int add_card(struct call_summary *s, const struct ruleset *set, const struct call *c, const struct finding *f)
{
    int rc = room(&s->cards, s->card_count, &s->card_cap, sizeof *s->cards, SUMMARY_CARDS);
    if (rc == COACH_ELIMIT) /* the oldest is forgotten: what became of it is counted */
        memmove(s->cards, s->cards + 1, --s->card_count * sizeof *s->cards);
    else if (rc != COACH_OK)
        return leave_out(s, rc);
    struct summary_card *card = &s->cards[s->card_count++];
    *card = (struct summary_card){.asks = asks_of(set, f->rule), .agent_turn = c->agent_turns};
    memcpy(card->nudge_id, f->nudge.nudge_id, sizeof card->nudge_id);
    s->asked += card->asks != 0;
    return COACH_OK;
}

static bool counts(enum engine_held held)
{
    return !engine_is_limit(held) && held != ENGINE_SHADOW && held != ENGINE_QUARANTINED;
}

static int add_finding(struct call_summary *s, const struct ruleset *set, const struct call *c, const struct finding *f)
{
    struct summary_item *item;
    if (!counts(f->held))
        return COACH_OK;
    int rc = count_item(s, c, f->rule->id, f->rule->category, f->nudge.segment_id, f->nudge.at_ms, &item);
    if (item == NULL || f->held != ENGINE_SHOWN)
        return rc;
    item->shown++;
    return add_card(s, set, c, f);
}

static void drop_card(struct call_summary *s, const char *nudge_id)
{
    for (size_t i = 0; i < s->card_count; i++)
        if (strcmp(s->cards[i].nudge_id, nudge_id) == 0) {
            s->asked -= s->cards[i].asks != 0;
            s->followed -= s->cards[i].followed;
            memmove(&s->cards[i], &s->cards[i + 1], (--s->card_count - i) * sizeof *s->cards);
            return;
        }
}

/* It is as if it had not been found. */
static void take_back(struct call_summary *s, const struct withdrawal *w)
{
    struct summary_item *item = find_item(s, w->rule, true);
    if (item == NULL || item->found == 0)
        return;
    item->found--;
    if (!w->shown || item->shown == 0)
        return;
    item->shown--;
    drop_card(s, w->nudge_id);
}

int summary_add(struct call_summary *s, const struct ruleset *set, const struct call *c, struct summary_ear *ear,
                const struct engine_results *results)
{
    int rc = add_signals(s, set, c, ear);
    for (size_t i = 0; i < results->count; i++) {
        int one = add_finding(s, set, c, &results->findings[i]);
        rc = one != COACH_OK ? one : rc;
    }
    for (size_t i = 0; i < results->withdrawn_count; i++)
        take_back(s, &results->withdrawn[i]);
    add_triggers(s, set, c, ear);
    s->agent_turns = c->agent_turns - s->turns_before;
    ear->count = 0;
    return rc;
}

const struct summary_card *summary_card(const struct call_summary *s, const char *nudge_id)
{
    for (size_t i = 0; i < s->card_count; i++)
        if (strcmp(s->cards[i].nudge_id, nudge_id) == 0)
            return &s->cards[i];
    return NULL;
}
