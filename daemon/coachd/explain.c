#include "daemon/coachd/explain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/rules/whentext.h"
#include "lib/wire/event.h"
#include "lib/wire/json.h"

enum { MAX_NAME = 64, MAX_CONDITION = 240 }; /* bytes; a rule file allows no longer names */

/* Something that happened inside a rule's condition. */
struct moment {
    uint64_t call;
    uint64_t condition; /* key of the node; 0: none */
    int64_t at_ms, value;
    enum engine_moment moment;
    int signal; /* or WHEN_NONE */
};

/* The same, once its finding is kept: the rules may change. */
struct kept_moment {
    enum engine_moment moment;
    int64_t at_ms, value;
    char signal[MAX_NAME + 1]; /* "" where there is none */
};

struct kept {
    char nudge_id[NUDGE_ID + 1];
    char rules_hash[NUDGE_ID + 1];
    char rule[MAX_NAME + 1], call_id[WIRE_MAX_ID + 1], segment_id[WIRE_MAX_ID + 1];
    char condition[MAX_CONDITION]; /* "" for a rule of phrases */
    int rev, phrase;
    int64_t at_ms, end_ms, decided_ms, out_ms;
    bool interim, withdrawn;
    enum engine_held held;
    enum engine_reason reason; /* when it was withdrawn */
    struct kept_moment moments[EXPLAIN_SHOWN_MOMENTS];
    size_t moment_count;
};

/* Both rings: `next` is the place of the oldest once they are full. */
struct explain {
    struct kept *findings; /* a place of EXPLAIN_FINDINGS whose nudge_id is "" was never used */
    size_t next_finding;
    struct moment *moments; /* a place of EXPLAIN_MOMENTS with condition 0 was never used */
    size_t next_moment;
    char rules_hash[NUDGE_ID + 1]; /* of the rules that number the signals of moments */
    uint64_t call;                 /* of the step */
};

struct explain *explain_new(void)
{
    struct explain *x = calloc(1, sizeof *x);
    if (x == NULL)
        return NULL;
    x->findings = calloc(EXPLAIN_FINDINGS, sizeof *x->findings);
    x->moments = calloc(EXPLAIN_MOMENTS, sizeof *x->moments);
    if (x->findings == NULL || x->moments == NULL) {
        explain_free(x);
        return NULL;
    }
    return x;
}

void explain_free(struct explain *x)
{
    if (x == NULL)
        return;
    free(x->findings);
    free(x->moments);
    free(x);
}

static void copy_text(char *to, size_t size, const char *text)
{
    size_t len = strnlen(text, size - 1);
    memcpy(to, text, len);
    to[len] = '\0';
}

static uint64_t hash_of(const char *text)
{
    struct hash_fields h;
    hash_fields_init(&h);
    hash_fields_add(&h, text, strlen(text));
    return h.value;
}

/* --- what happens --- */

void explain_moment(struct explain *x, const struct engine_trace *t)
{
    if (t->node == NULL || t->node->of_signal)
        return;
    struct moment *m = &x->moments[x->next_moment];
    x->next_moment = (x->next_moment + 1) % EXPLAIN_MOMENTS;
    *m = (struct moment){.call = x->call,
                         .condition = t->node->key,
                         .at_ms = t->at_ms,
                         .value = t->value,
                         .moment = t->moment,
                         .signal = t->signal};
}

void explain_call(struct explain *x, const struct ruleset *set, const struct call *call)
{
    x->call = hash_of(call_id(call));
    if (strcmp(x->rules_hash, ruleset_hash(set)) == 0)
        return;
    copy_text(x->rules_hash, sizeof x->rules_hash, ruleset_hash(set));
    for (size_t i = 0; i < EXPLAIN_MOMENTS; i++)
        x->moments[i].signal = WHEN_NONE; /* numbers of the rules before */
}

/* The latest moments of a condition in the call at hand, the oldest of them first. */
static void keep_moments(const struct explain *x, const struct ruleset *set, uint64_t condition, struct kept *k)
{
    for (size_t i = 1; i <= EXPLAIN_MOMENTS && k->moment_count < EXPLAIN_SHOWN_MOMENTS; i++) {
        const struct moment *m = &x->moments[(x->next_moment + EXPLAIN_MOMENTS - i) % EXPLAIN_MOMENTS];
        if (m->call != x->call || m->condition != condition)
            continue;
        k->moment_count++;
        struct kept_moment *to = &k->moments[EXPLAIN_SHOWN_MOMENTS - k->moment_count];
        *to = (struct kept_moment){.moment = m->moment, .at_ms = m->at_ms, .value = m->value};
        if (m->signal != WHEN_NONE)
            copy_text(to->signal, sizeof to->signal, ruleset_signal(set, (size_t)m->signal)->id);
    }
    memmove(k->moments, k->moments + EXPLAIN_SHOWN_MOMENTS - k->moment_count, k->moment_count * sizeof *k->moments);
}

static void keep_condition(const struct explain *x, const struct ruleset *set, const struct rule *rule, struct kept *k)
{
    const struct when_node *node = ruleset_node_of(set, rule);
    struct buf text;
    if (node == NULL)
        return;
    buf_init(&text, 0);
    if (whentext_write(set, node, &text) == COACH_OK)
        copy_text(k->condition, sizeof k->condition, text.data);
    buf_clear(&text);
    keep_moments(x, set, node->key, k);
}

static void keep_finding(struct explain *x, const struct ruleset *set, const struct finding *f)
{
    const struct nudge *n = &f->nudge;
    struct kept *k = &x->findings[x->next_finding];
    x->next_finding = (x->next_finding + 1) % EXPLAIN_FINDINGS;
    *k = (struct kept){.rev = n->rev,
                       .phrase = n->phrase,
                       .at_ms = n->at_ms,
                       .end_ms = n->end_ms,
                       .decided_ms = f->decided_ms,
                       .out_ms = f->out_ms,
                       .interim = f->interim,
                       .held = f->held};
    copy_text(k->nudge_id, sizeof k->nudge_id, n->nudge_id);
    copy_text(k->rules_hash, sizeof k->rules_hash, n->rules_hash);
    copy_text(k->rule, sizeof k->rule, n->rule);
    copy_text(k->call_id, sizeof k->call_id, n->call_id);
    copy_text(k->segment_id, sizeof k->segment_id, n->segment_id);
    keep_condition(x, set, f->rule, k);
}

/* The latest finding with this id, or NULL. */
static struct kept *find(const struct explain *x, const char *nudge_id)
{
    for (size_t i = 1; i <= EXPLAIN_FINDINGS; i++) {
        struct kept *k = &x->findings[(x->next_finding + EXPLAIN_FINDINGS - i) % EXPLAIN_FINDINGS];
        if (k->nudge_id[0] != '\0' && strcmp(k->nudge_id, nudge_id) == 0)
            return k;
    }
    return NULL;
}

void explain_keep(struct explain *x, const struct ruleset *set, const struct engine_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        keep_finding(x, set, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count; i++) {
        struct kept *k = find(x, results->withdrawn[i].nudge_id);
        if (k == NULL)
            continue;
        k->withdrawn = true;
        k->reason = results->withdrawn[i].reason;
    }
}

/* --- the reply --- */

static void add_moments(struct json_out *j, const struct kept *k)
{
    json_open_array(j, "moments");
    for (size_t i = 0; i < k->moment_count; i++) {
        const struct kept_moment *m = &k->moments[i];
        json_open_object(j, NULL);
        json_text(j, "moment", engine_moment_name(m->moment));
        json_int(j, "at_ms", m->at_ms);
        json_int(j, "value", m->value);
        json_text(j, "signal", m->signal[0] == '\0' ? NULL : m->signal);
        json_close_object(j);
    }
    json_close_array(j);
}

int explain_reply(const struct explain *x, const char *nudge_id, struct buf *out)
{
    const struct kept *k = find(x, nudge_id);
    struct json_out j;
    if (k == NULL)
        return COACH_EINVAL;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "explain");
    json_text(&j, "nudge_id", k->nudge_id);
    json_text(&j, "rule", k->rule);
    json_int(&j, "rev", k->rev);
    if (k->condition[0] == '\0')
        json_int(&j, "phrase", k->phrase);
    else
        json_text(&j, "condition", k->condition);
    json_text(&j, "call_id", k->call_id);
    json_text(&j, "segment_id", k->segment_id);
    json_text(&j, "held", engine_held_name(k->held));
    json_text(&j, "withdrawn", k->withdrawn ? engine_reason_name(k->reason) : NULL);
    json_bool(&j, "interim", k->interim);
    json_int(&j, "at_ms", k->at_ms);
    if (k->end_ms != COACH_NO_TIME)
        json_int(&j, "end_ms", k->end_ms);
    json_int(&j, "decided_ms", k->decided_ms);
    json_int(&j, "out_ms", k->out_ms);
    json_text(&j, "rules_hash", k->rules_hash);
    if (k->condition[0] != '\0')
        add_moments(&j, k);
    json_close_object(&j);
    return json_out_end(&j, true) == COACH_OK ? COACH_OK : COACH_ENOMEM;
}
