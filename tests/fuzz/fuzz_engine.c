/* Any bytes as what happens in calls: lines of a few words that set off rules of every verb, interim results, odd
 * times, ticks, mutes, transfers, reloads. Nothing fires twice, what is taken back was there, and a call stays small.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/engine/engine.h"
#include "lib/rules/compile.h"

enum { MOST_EVENTS = 600, MOST_FINDINGS = 4096, MOST_MEMORY = 64 * 1024, MOST_WAKES = 1000 };

/* --- two rule sets: one with the cool-downs of the other taken away --- */

static char *read_whole(const char *path, size_t *len)
{
    static char bytes[256 * 1024];
    FILE *f = fopen(path, "rb");
    HOLDS(f != NULL);
    *len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return fuzz_bytes(bytes, *len);
}

static struct ruleset *compile(const char *text, size_t len)
{
    size_t language_len;
    char *language_text = read_whole(SOURCE_DIR "/rules/languages/en.yaml", &language_len);
    const struct source file = {"verbs.yaml", text, len}, language = {"en.yaml", language_text, language_len};
    const struct rules_options options = {0};
    struct ruleset *set = NULL;
    struct diags problems;
    diags_init(&problems);
    HOLDS(rules_compile(&file, 1, &language, 1, &options, &set, &problems) == COACH_OK);
    diags_clear(&problems);
    free(language_text);
    return set;
}

static const struct ruleset *rules(bool tireless)
{
    static struct ruleset *sets[2]; /* for as long as the program runs */
    if (sets[0] == NULL) {
        size_t len;
        char *text = read_whole(SOURCE_DIR "/tests/cases/rules/verbs.yaml", &len);
        char *cooldown = memmem(text, len, "cooldown: 5s", 12);
        HOLDS(cooldown != NULL);
        sets[0] = compile(text, len);
        memcpy(cooldown, "cooldown: 0s", 12);
        sets[1] = compile(text, len);
        free(text);
    }
    return sets[tireless];
}

/* --- the bytes --- */

struct bytes {
    const uint8_t *at, *end;
};

static unsigned take(struct bytes *b)
{
    return b->at < b->end ? *b->at++ : 0;
}

/* --- what was seen of one call --- */

struct seen {
    char id[NUDGE_ID + 1];
    bool shown, withdrawn;
};

struct world {
    struct bytes bytes;
    struct engine *engine;
    struct call *call;
    const struct ruleset *set;
    unsigned calls;
    bool heedless;   /* of attention */
    int64_t now_ms;  /* of arrivals */
    int64_t said_ms; /* of the source */
    int64_t out_ms;  /* of the last finding */
    struct seen seen[MOST_FINDINGS];
    size_t seen_count;
};

static struct seen *find_seen(struct world *w, const char *id)
{
    for (size_t i = 0; i < w->seen_count; i++)
        if (strcmp(w->seen[i].id, id) == 0)
            return &w->seen[i];
    return NULL;
}

static void check_text(const char *text)
{
    HOLDS(text != NULL && utf8_valid(text, strlen(text)) == strlen(text));
}

static void check_finding(struct world *w, const struct finding *f)
{
    const struct nudge *n = &f->nudge;
    HOLDS(n->held == engine_held_name(f->held) && f->held != ENGINE_QUARANTINED);
    HOLDS(strlen(n->nudge_id) == NUDGE_ID && strcmp(n->call_id, call_id(w->call)) == 0);
    HOLDS(strcmp(n->rule, f->rule->id) == 0 && n->span[0] <= n->span[1]);
    HOLDS(f->held != ENGINE_SHOWN || n->agent_id != NULL || w->heedless);
    check_text(n->message);
    HOLDS(n->said != NULL || f->rule->is_conversation || (f->interim && f->rule->speaker != RULE_AGENT));
    check_text(n->said == NULL ? "" : n->said);
    check_text(n->segment_id);
    HOLDS(f->out_ms >= w->out_ms && f->decided_ms <= f->out_ms);
    w->out_ms = f->out_ms;
    if (engine_is_limit(f->held))
        return;
    HOLDS(find_seen(w, n->nudge_id) == NULL); /* fires once on a segment */
    HOLDS(w->seen_count < MOST_FINDINGS);
    struct seen *s = &w->seen[w->seen_count++];
    memcpy(s->id, n->nudge_id, sizeof s->id);
    *s = (struct seen){.shown = f->held == ENGINE_SHOWN};
    memcpy(s->id, n->nudge_id, sizeof s->id);
}

static void check_withdrawal(struct world *w, const struct withdrawal *t)
{
    struct seen *s = find_seen(w, t->nudge_id);
    HOLDS(t->rule != NULL && ruleset_find(w->set, t->rule) != NULL);
    if (s == NULL && !t->shown) /* its card waited, and was neither shown nor held */
        return;
    HOLDS(s != NULL);
    HOLDS(!s->withdrawn);
    HOLDS(s->shown == t->shown);
    s->withdrawn = true;
}

static void check(struct world *w, int rc, const struct engine_results *r)
{
    HOLDS(rc == COACH_OK);
    for (size_t i = 0; i < r->count; i++)
        check_finding(w, &r->findings[i]);
    for (size_t i = 0; i < r->withdrawn_count; i++)
        check_withdrawal(w, &r->withdrawn[i]);
    HOLDS(r->sight == call_sight(w->call));
    HOLDS(call_memory(w->call) < MOST_MEMORY);
}

/* --- what happens --- */

static void begin_call(struct world *w)
{
    char id[16];
    int n = snprintf(id, sizeof id, "call-%u", w->calls++);
    w->call = call_new(id, (size_t)n);
    HOLDS(w->call != NULL);
    w->seen_count = 0;
    w->said_ms = 0;
    w->out_ms = INT64_MIN;
}

static void end_call(struct world *w)
{
    struct engine_results r;
    int rc = engine_end(w->engine, w->set, w->call, w->now_ms, &r);
    check(w, rc, &r);
    call_free(w->call);
    begin_call(w);
}

/* Lets time pass as a replay does: each wake in its moment, and there is an end to them. */
static void pass_time(struct world *w, int64_t until_ms)
{
    int64_t wake, last = INT64_MIN;
    struct engine_results r;
    for (int n = 0; (wake = engine_wake(w->engine, w->set, w->call)) < until_ms; n++) {
        HOLDS(n < MOST_WAKES && (wake > last || n < 64));
        last = wake;
        int rc = engine_tick(w->engine, w->set, w->call, wake, &r);
        check(w, rc, &r);
    }
    w->now_ms = until_ms > w->now_ms ? until_ms : w->now_ms;
}

static void pick_words(struct bytes *b, struct buf *text)
{
    static const char *const words[] = {"i am so sorry", "calm down",
                                        "you need to",   "it is not our fault",
                                        "policy",        "because",
                                        "why",           "fed up",
                                        "thank you",     "bye",
                                        "whatever",      "let me",
                                        "i can",         "unfortunately",
                                        "okay",          "mm-hmm",
                                        "can you",       "is it",
                                        "what happened", "i will call",
                                        "you",           "the",
                                        "number",        "um",
                                        "Upset.",        "I'm",
                                        "can't",         "\xe2\x80\x99",
                                        "[noise]",       "not going to tell you",
                                        "thing is",      ""};
    enum { WORDS = sizeof words / sizeof *words };
    for (unsigned n = take(b) % 12; n > 0; n--)
        HOLDS(buf_addf(text, "%s%s", words[take(b) % WORDS], n == 1 ? "" : " ") == COACH_OK);
}

static void pick_times(struct world *w, struct wire_event *e)
{
    const int64_t day = 24 * 3600 * 1000;
    unsigned how = take(&w->bytes);
    int64_t step = (int64_t)take(&w->bytes) * 40;
    e->start_ms = w->said_ms + step;
    e->end_ms = e->start_ms + (int64_t)take(&w->bytes) * 40;
    switch (how % 16) {
    case 0:
        e->start_ms = e->end_ms = COACH_NO_TIME;
        break;
    case 1:
        e->start_ms = COACH_NO_TIME;
        break;
    case 2:
        e->end_ms = COACH_NO_TIME;
        break;
    case 3:
        e->start_ms = day - step;
        e->end_ms = -day + step;
        return;
    case 4:
        e->end_ms = day;
        return;
    case 5: /* beside what was said last */
        e->start_ms -= 2 * step;
        e->end_ms -= step;
        break;
    default:
        break;
    }
    if (e->end_ms != COACH_NO_TIME && e->end_ms > w->said_ms)
        w->said_ms = e->end_ms;
}

static void pick_hints(struct bytes *b, struct wire_event *e)
{
    unsigned how = take(b);
    if (how & 1)
        e->stability = (take(b) % 11) / 10.0;
    if (how & 2)
        e->stable_len = (int64_t)(take(b) % 80);
    if (how & 4)
        e->seq = (int64_t)take(b);
    if (how & 8)
        e->confidence = (take(b) % 11) / 10.0;
    e->end_of_turn = (how & 16) != 0;
    e->append = (how & 32) != 0;
    if (how & 64)
        e->channel = (struct wire_text){"1", 1};
}

/* A line, an interim result or a final; `now` and then twice. */
static void say(struct world *w)
{
    static const coach_role roles[] = {COACH_ROLE_AGENT, COACH_ROLE_CUSTOMER, COACH_ROLE_AGENT,  COACH_ROLE_CUSTOMER,
                                       COACH_ROLE_AGENT, COACH_ROLE_CUSTOMER, COACH_ROLE_SYSTEM, COACH_ROLE_UNKNOWN};
    struct bytes *b = &w->bytes;
    unsigned what = take(b), segment = take(b);
    struct buf text, id;
    struct engine_results r;
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    e.call_id = (struct wire_text){call_id(w->call), strlen(call_id(w->call))};
    e.role = roles[what % 8];
    e.is_final = (what & 8) != 0;
    buf_init(&text, 0);
    buf_init(&id, 0);
    pick_words(b, &text);
    HOLDS(buf_adds(&text, "") == COACH_OK && buf_addf(&id, "s%u", segment % 64) == COACH_OK);
    char *exact = fuzz_bytes(text.data == NULL ? "" : text.data, text.len + 1); /* what reads past it is seen */
    exact[text.len] = '\0';
    e.text = (struct wire_text){exact, text.len};
    if (segment < 192)
        e.segment_id = (struct wire_text){id.data, id.len};
    pick_times(w, &e);
    if (what & 16)
        pick_hints(b, &e);
    pass_time(w, w->now_ms + (int64_t)(what >> 5) * 700);
    for (unsigned times = what % 32 == 31 ? 2 : 1; times > 0; times--) {
        int rc = engine_step(w->engine, w->set, w->call, &e, w->now_ms, &r);
        check(w, rc, &r);
    }
    free(exact);
    buf_clear(&text);
    buf_clear(&id);
}

static void disturb(struct world *w)
{
    static const char *const muted[] = {"verb-silence", "phrase-agent", "verb-count", "no-such-rule"};
    struct bytes *b = &w->bytes;
    switch (take(b) % 8) {
    case 0:
        HOLDS(call_mute(w->call, muted[take(b) % 4]) == COACH_OK);
        break;
    case 1:
        call_set_activity(w->call, (enum call_activity)(take(b) % 3), w->now_ms);
        break;
    case 2:
        HOLDS(call_set_agent(w->call, take(b) % 2 == 0 ? "sam" : "kim", 3) == COACH_OK);
        break;
    case 3:
        w->set = rules(take(b) % 2 == 0);
        engine_end_quarantine(w->engine);
        break;
    case 4:
        end_call(w);
        break;
    case 5:
        pass_time(w, w->now_ms + (int64_t)take(b) * 1000);
        break;
    case 6:
        pass_time(w, w->now_ms + 3600 * (int64_t)1000);
        break;
    default:
        w->heedless = take(b) % 2 == 0;
        engine_ignore_attention(w->engine, w->heedless);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *w = calloc(1, sizeof *w);
    HOLDS(w != NULL && (w->engine = engine_new()) != NULL);
    w->bytes = (struct bytes){data, data + size};
    w->set = rules(false);
    begin_call(w);
    for (int n = 0; n < MOST_EVENTS && w->bytes.at < w->bytes.end; n++) {
        if (take(&w->bytes) % 8 == 7)
            disturb(w);
        else
            say(w);
    }
    end_call(w);
    call_free(w->call);
    engine_free(w->engine);
    free(w);
    return 0;
}
