#include "lib/eval/callexplain.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/eval/replay.h"
#include "lib/rules/trace.h"
#include "lib/rules/whentext.h"

/* What one call came to. */
struct tally {
    uint64_t fired, shown, withdrawn;
    bool waits; /* an `after` of the rule has its window open */
    bool ended;
};

struct explaining {
    const struct ruleset *set;
    const struct callexplain_options *options;
    const struct when_node *node; /* of the rule; NULL for one of phrases */
    bool *matters;                /* by number of the signal */
    callexplain_fn fn;
    void *user;
    struct scanner *scanner;
    struct words words;
    struct buf text; /* of the entry at hand */
    struct arena memory;
    struct table calls; /* id -> struct tally * */
    size_t call_count;
    const char *call_id;  /* of the step */
    struct arena seen_in; /* of the moments of the step */
    struct engine_trace *moments;
    size_t count, cap;
    int rc; /* the first error sticks */
};

/* --- which signals matter --- */

static void mark(struct explaining *x, const struct when_node *node);

/* A signal, and those that its own condition waits for. */
static void mark_signal(struct explaining *x, int signal)
{
    if (signal == WHEN_NONE || x->matters[signal])
        return;
    x->matters[signal] = true;
    mark(x, ruleset_node_of(x->set, ruleset_signal(x->set, (size_t)signal)));
}

static void mark(struct explaining *x, const struct when_node *node)
{
    if (node == NULL)
        return;
    mark_signal(x, node->opens);
    mark_signal(x, node->without);
    mark_signal(x, node->since);
    mark_signal(x, node->cancel);
    for (int i = 0; i < node->sequence_count; i++)
        mark_signal(x, node->sequence[i]);
}

static bool is_ours(const struct explaining *x, const struct engine_trace *t)
{
    if (x->node == NULL)
        return false;
    if (t->node == NULL)
        return t->signal != WHEN_NONE && x->matters[t->signal];
    return t->node == x->node || (t->node->of_signal && x->matters[t->node->owner]);
}

/* The moments of a step come before the step is told: they are kept until then. */
static void on_moment(void *user, const struct engine_trace *t)
{
    struct explaining *x = user;
    if (x->rc != COACH_OK || !is_ours(x, t))
        return;
    x->rc = arena_grow(&x->seen_in, &x->moments, x->count, &x->cap, sizeof *x->moments);
    if (x->rc == COACH_OK)
        x->moments[x->count++] = *t;
}

/* --- plain words --- */

static void put(struct explaining *x, const char *text)
{
    if (x->rc == COACH_OK)
        x->rc = buf_adds(&x->text, text);
}

static void put_bytes(struct explaining *x, const char *text, size_t len)
{
    if (x->rc == COACH_OK)
        x->rc = buf_add(&x->text, text, len);
}

static void put_number(struct explaining *x, int64_t n)
{
    if (x->rc == COACH_OK)
        x->rc = buf_addf(&x->text, "%lld", (long long)n);
}

static void put_time(struct explaining *x, int64_t ms)
{
    if (x->rc == COACH_OK)
        x->rc = whentext_duration(ms, &x->text);
}

static void put_signal(struct explaining *x, int signal)
{
    put(x, signal == WHEN_NONE ? "it" : ruleset_signal(x->set, (size_t)signal)->id);
}

static void put_window(struct explaining *x, const char *before, const struct when_window *w)
{
    size_t len = x->text.len;
    put(x, before);
    size_t begun = x->text.len;
    if (x->rc == COACH_OK)
        x->rc = whentext_window(w, &x->text);
    if (x->rc == COACH_OK && x->text.len == begun) { /* there is none */
        x->text.len = len;
        x->text.data[len] = '\0';
    }
}

/* The words of the line in which the signal was heard; nothing when they began in an earlier line. */
static void put_words(struct explaining *x, int signal, const struct wire_event *e)
{
    struct hit hit;
    if (x->rc != COACH_OK || e == NULL || e->type != WIRE_TRANSCRIPT)
        return;
    x->rc = words_read(&x->words, ruleset_language(x->set), e->text.s, e->text.len);
    const struct rule *rule = ruleset_signal(x->set, (size_t)signal);
    if (x->rc != COACH_OK || ruleset_node_of(x->set, rule) != NULL ||
        scanner_rule(x->scanner, x->set, rule, &x->words, &hit) != SCANNER_HIT)
        return;
    put(x, ": \"");
    put_bytes(x, e->text.s + hit.span.from, hit.span.to - hit.span.from);
    put(x, "\"");
}

static void put_advance(struct explaining *x, const struct when_node *n, int64_t value)
{
    static const char *const of[] = {[WHEN_SEQUENCE] = "of the sequence heard: ",
                                     [WHEN_COUNT] = "heard: ",
                                     [WHEN_OVERLAP] = "interruption: ",
                                     [WHEN_QUESTIONS] = "closed question: "};
    const char *what = (size_t)n->verb < sizeof of / sizeof *of ? of[n->verb] : NULL;
    put(x, what == NULL ? "turn in the window: " : what);
    put_number(x, value);
    int all = n->verb == WHEN_SEQUENCE ? n->sequence_count : n->at_least;
    if (what != NULL && all > 0) {
        put(x, " of ");
        put_number(x, all);
    }
}

static void put_measure(struct explaining *x, const struct when_node *n, int64_t value)
{
    if (n->verb == WHEN_PACE) {
        put_number(x, value);
        put(x, " words a minute (it fires above ");
        put_number(x, n->words_a_minute);
    } else {
        put(x, n->verb == WHEN_OVERLAP   ? "both spoke for "
               : n->verb == WHEN_SILENCE ? "nobody spoke for "
                                         : "the turn has lasted ");
        put_time(x, value);
        put(x, n->verb == WHEN_OVERLAP ? " (an interruption from " : " (it fires from ");
        put_time(x, n->longer_ms);
    }
    put(x, ")");
}

static void put_stood_down(struct explaining *x, const struct engine_trace *t)
{
    put(x, "stands down: ");
    if (t->signal != WHEN_NONE) {
        put_signal(x, t->signal);
        put(x, " was heard");
    } else if (t->node->verb == WHEN_OVERLAP) {
        put(x, "the clocks of the two sides differ");
    } else if (t->node->verb == WHEN_SILENCE) {
        put(x, "the agent is on hold or looking something up");
    } else {
        put(x, "there is nothing yet to look back to");
    }
}

static void put_closed(struct explaining *x, const struct when_node *n)
{
    put(x, "the window closes");
    if (n->without == WHEN_NONE)
        return;
    put(x, ": nothing of ");
    put_signal(x, n->without);
    put(x, " was heard");
}

static void put_moment(struct explaining *x, const struct engine_trace *t, const struct wire_event *e)
{
    const struct when_node *n = t->node;
    if (n != NULL && n->of_signal) {
        put_signal(x, (int)n->owner);
        put(x, ": ");
    }
    switch (t->moment) {
    case ENGINE_HEARD:
        put(x, "heard ");
        put_signal(x, t->signal);
        put_words(x, t->signal, e);
        break;
    case ENGINE_OPENED:
        put(x, "the window opens");
        put_window(x, ": ", &n->window);
        break;
    case ENGINE_ADVANCED:
        put_advance(x, n, t->value);
        break;
    case ENGINE_CANCELLED:
        put_signal(x, t->signal);
        put(x, " was heard: nothing comes of it");
        break;
    case ENGINE_EXPIRED:
        put(x, "what was collected is too old: it is forgotten");
        break;
    case ENGINE_CLOSED:
        put_closed(x, n);
        break;
    case ENGINE_FIRED:
        put(x, n->of_signal ? "its condition comes true" : "the condition comes true: fires");
        break;
    case ENGINE_MEASURED:
        put_measure(x, n, t->value);
        break;
    case ENGINE_STOOD_DOWN:
        put_stood_down(x, t);
        break;
    case ENGINE_SKIPPED:
        put(x, "left out from here on: a line came without times");
        break;
    case ENGINE_DROPPED:
        put(x, "the call ended first: dropped");
        break;
    case ENGINE_TOOK_BACK:
        put(x, "a line that began before the window closed undoes it");
        break;
    }
}

/* --- telling --- */

/* Tells of an entry, with what was put since the last. */
static void tell(struct explaining *x, struct callexplain_entry entry)
{
    if (x->rc == COACH_OK) {
        entry.text = x->text.data == NULL ? "" : x->text.data;
        entry.call_id = x->call_id;
        x->fn(x->user, &entry);
    }
    buf_reset(&x->text);
}

static void tell_moments(struct explaining *x, struct tally *tally, const struct wire_event *e, size_t from, size_t to)
{
    for (size_t i = from; i < to && x->rc == COACH_OK; i++) {
        const struct engine_trace *t = &x->moments[i];
        if (t->node == x->node && x->node->verb == WHEN_AFTER)
            tally->waits = t->moment == ENGINE_OPENED;
        put_moment(x, t, e);
        tell(x, (struct callexplain_entry){
                    .kind = CALLEXPLAIN_MOMENT, .at_ms = t->at_ms, .moment = t->moment, .value = t->value});
    }
}

static void tell_finding(struct explaining *x, struct tally *tally, const struct finding *f)
{
    tally->fired += !engine_is_limit(f->held);
    tally->shown += f->held == ENGINE_SHOWN;
    if (f->held == ENGINE_SHOWN) {
        put(x, f->interim ? "shown, decided by an interim result" : "shown");
    } else {
        put(x, "held back: ");
        put(x, engine_held_name(f->held));
    }
    if (f->out_ms > f->decided_ms) {
        put(x, ", after a wait of ");
        put_time(x, f->out_ms - f->decided_ms);
    }
    put(x, ", on segment ");
    put(x, f->nudge.segment_id);
    tell(x, (struct callexplain_entry){.kind = CALLEXPLAIN_FINDING, .at_ms = f->out_ms, .finding = f});
}

static void tell_withdrawal(struct explaining *x, struct tally *tally, const struct withdrawal *w)
{
    tally->withdrawn++;
    put(x, w->reason == ENGINE_REVISED ? "taken back: the words were revised"
                                       : "taken back: a line that came late undid it");
    tell(x, (struct callexplain_entry){.kind = CALLEXPLAIN_WITHDRAWN, .at_ms = COACH_NO_TIME});
}

/* --- a rule of phrases on a line --- */

static bool listens(const struct rule *rule, coach_role role)
{
    return rule->speaker == RULE_EITHER || (rule->speaker == RULE_AGENT && role == COACH_ROLE_AGENT) ||
           (rule->speaker == RULE_CUSTOMER && role == COACH_ROLE_CUSTOMER);
}

/* Whether the line has the words that some phrase of the rule cannot do without, and meets the beginning of it. */
static bool is_near(struct explaining *x)
{
    const struct anatomy *a = x->options->anatomy;
    const struct def_rule *def = anatomy_rule(a, x->options->rule->id);
    const struct def_phrases *says = def == NULL ? NULL : anatomy_part(def, SCANNER_SAYS);
    for (size_t i = 0; says != NULL && i < says->count && x->rc == COACH_OK; i++) {
        struct required_set missing;
        struct trace trace;
        bool lacks = true;
        if (!says->items[i].usable)
            continue;
        x->rc = trace_lacks(&a->context, &says->items[i].tree, &x->words, &lacks, &missing);
        if (x->rc == COACH_OK && !lacks)
            x->rc = trace_phrase(&a->context, &says->items[i].tree, NULL, 0, &x->words, &trace);
        if (x->rc == COACH_OK && !lacks && trace.steps > 0)
            return true;
    }
    return false;
}

/* `coach explain RULE "text"`, as a shell takes it. */
static void put_command(struct explaining *x, const struct wire_event *e)
{
    put(x, ": coach explain ");
    put(x, x->options->rule->id);
    put(x, " \"");
    for (size_t i = 0; i < e->text.len; i++) {
        if (strchr("\"\\$`", e->text.s[i]) != NULL)
            put(x, "\\");
        put_bytes(x, e->text.s + i, 1);
    }
    put(x, "\"");
}

/* Puts why the rule says nothing about a line, where there is something to say. */
static void put_silence(struct explaining *x, const struct wire_event *e)
{
    const struct rule *rule = x->options->rule;
    struct hit hit;
    if (!listens(rule, e->role))
        return;
    x->rc = words_read(&x->words, ruleset_language(x->set), e->text.s, e->text.len);
    if (x->rc != COACH_OK)
        return;
    switch (scanner_rule(x->scanner, x->set, rule, &x->words, &hit)) {
    case SCANNER_NOT_IN:
    case SCANNER_UNLESS:
        put(x, "its phrase matches, and an exception keeps it quiet");
        put_command(x, e);
        break;
    case SCANNER_NO_PHRASE:
        if (is_near(x)) {
            put(x, "some of its words, and no match");
            put_command(x, e);
        }
        break;
    case SCANNER_HIT:
        if (rule->mode == RULE_DISABLED)
            put(x, "its phrase matches, but it is disabled");
        else if (rule->min_confidence > 0 && e->confidence >= 0 && e->confidence < rule->min_confidence)
            put(x, "its phrase matches, but the recogniser was not sure enough (min_confidence)");
        else if (rule->is_swap)
            put(x, "its term was used by the customer before, or has fired on this line");
        break;
    }
}

/* --- the replay --- */

static struct tally *tally_of(struct explaining *x)
{
    size_t len = strlen(x->call_id);
    struct tally *t = table_get(&x->calls, x->call_id, len);
    if (t != NULL && !t->ended)
        return t;
    t = arena_alloc(&x->memory, sizeof *t);
    if (t == NULL || table_set(&x->calls, x->call_id, len, t) != COACH_OK) {
        x->rc = COACH_ENOMEM;
        return NULL;
    }
    x->call_count++;
    put(x, x->call_id);
    tell(x, (struct callexplain_entry){.kind = CALLEXPLAIN_CALL, .at_ms = COACH_NO_TIME});
    return t;
}

/* "fired 2 times, shown 1 time" */
static void tell_end(struct explaining *x, struct tally *t)
{
    if (t->fired == 0) {
        put(x, "it did not fire");
    } else {
        put(x, "it fired: ");
        put_number(x, (int64_t)t->fired);
        put(x, ", shown: ");
        put_number(x, (int64_t)t->shown);
    }
    if (t->withdrawn > 0) {
        put(x, ", taken back: ");
        put_number(x, (int64_t)t->withdrawn);
    }
    t->ended = true;
    tell(x, (struct callexplain_entry){
                .kind = CALLEXPLAIN_END, .at_ms = COACH_NO_TIME, .fired = t->fired, .shown = t->shown});
}

static bool is_segment(const struct wire_event *e, const char *segment_id)
{
    return e->segment_id.s != NULL && strcmp(e->segment_id.s, segment_id) == 0;
}

/* Whether something about the line itself came of the step. */
static bool is_about(const struct explaining *x, const struct wire_event *e, const struct engine_results *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->findings[i].rule == x->options->rule &&
            (x->node == NULL || is_segment(e, r->findings[i].nudge.segment_id)))
            return true;
    for (size_t i = 0; i < r->withdrawn_count; i++)
        if (strcmp(r->withdrawn[i].rule, x->options->rule->id) == 0)
            return true;
    return false;
}

/* How many moments of the step came before the line began: time brought them about. */
static size_t moments_before(const struct explaining *x, const struct wire_event *e)
{
    size_t n = 0;
    if (e->start_ms == COACH_NO_TIME)
        return 0;
    while (n < x->count && x->moments[n].at_ms < e->start_ms)
        n++;
    return n;
}

/* A line, where it matters, and what is to be said about it alone. */
static void tell_line(struct explaining *x, const struct wire_event *e, bool matters)
{
    struct callexplain_entry line = {.kind = CALLEXPLAIN_LINE, .at_ms = e->start_ms, .event = e};
    buf_reset(&x->text);
    if (!matters && x->node == NULL && e->is_final)
        put_silence(x, e);
    bool silent = x->text.len > 0;
    if (!matters && !silent)
        return;
    line.call_id = x->call_id;
    if (x->rc == COACH_OK)
        x->fn(x->user, &line);
    if (silent)
        tell(x, (struct callexplain_entry){.kind = CALLEXPLAIN_NOTE, .at_ms = COACH_NO_TIME});
}

static void tell_step(struct explaining *x, const struct wire_event *e, const struct engine_results *results)
{
    struct tally *tally = tally_of(x);
    if (tally == NULL)
        return;
    size_t before = x->count;
    if (e != NULL && e->type == WIRE_TRANSCRIPT)
        before = moments_before(x, e);
    tell_moments(x, tally, NULL, 0, before);
    if (e != NULL && e->type == WIRE_TRANSCRIPT)
        tell_line(x, e, (tally->waits && e->is_final) || x->count > before || is_about(x, e, results));
    tell_moments(x, tally, e, before, x->count);
    for (size_t i = 0; i < results->count && x->rc == COACH_OK; i++)
        if (results->findings[i].rule == x->options->rule)
            tell_finding(x, tally, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count && x->rc == COACH_OK; i++)
        if (strcmp(results->withdrawn[i].rule, x->options->rule->id) == 0)
            tell_withdrawal(x, tally, &results->withdrawn[i]);
    if (e != NULL && e->type == WIRE_CALL_END)
        tell_end(x, tally);
}

static void on_step(void *user, const struct call *call, const struct wire_event *e,
                    const struct engine_results *results)
{
    struct explaining *x = user;
    x->call_id = call_id(call);
    if (x->rc == COACH_OK && (x->options->call_id == NULL || strcmp(x->options->call_id, x->call_id) == 0))
        tell_step(x, e, results);
    arena_clear(&x->seen_in);
    x->moments = NULL;
    x->count = x->cap = 0;
}

/* The calls that the recording leaves open. */
static void tell_ends(struct explaining *x)
{
    for (const struct table_entry *e = table_next(&x->calls, NULL); e != NULL; e = table_next(&x->calls, e)) {
        struct tally *t = table_value(e);
        size_t len;
        x->call_id = table_key(e, &len);
        if (!t->ended && x->rc == COACH_OK)
            tell_end(x, t);
    }
}

static int begin(struct explaining *x)
{
    arena_init(&x->memory);
    arena_init(&x->seen_in);
    words_init(&x->words);
    buf_init(&x->text, 0);
    table_init(&x->calls, NULL);
    x->scanner = scanner_new();
    x->matters = arena_alloc(&x->memory, (ruleset_signal_count(x->set) + 1) * sizeof *x->matters);
    return x->scanner == NULL || x->matters == NULL ? COACH_ENOMEM : COACH_OK;
}

static void end(struct explaining *x)
{
    scanner_free(x->scanner);
    table_clear(&x->calls);
    buf_clear(&x->text);
    words_clear(&x->words);
    arena_clear(&x->seen_in);
    arena_clear(&x->memory);
}

int callexplain_run(const struct recording *recording, const struct ruleset *set,
                    const struct callexplain_options *options, callexplain_fn fn, void *user, size_t *calls)
{
    struct explaining x = {.set = set, .options = options, .fn = fn, .user = user};
    const struct replay_options replay = {.agent_id = options->agent_id, .observer = on_moment, .observer_user = &x};
    int rc = begin(&x);
    x.node = ruleset_node_of(set, options->rule);
    if (rc == COACH_OK) {
        mark(&x, x.node);
        rc = replay_run(recording, set, &replay, on_step, &x);
    }
    if (rc == COACH_OK)
        tell_ends(&x);
    rc = rc == COACH_OK ? x.rc : rc;
    *calls = x.call_count;
    end(&x);
    return rc;
}
