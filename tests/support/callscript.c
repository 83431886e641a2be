#include "tests/support/callscript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/rules/compile.h"

static _Noreturn void stop(const char *what, const char *of)
{
    fprintf(stderr, "callscript: %s: %s\n", what, of);
    exit(2);
}

/* The next piece of a text up to a separator, without blanks around it; false at its end. */
static bool next_piece(const char **text, char separator, char piece[CALLSCRIPT_TEXT])
{
    const char *from = *text + strspn(*text, " \n"), *to = strchr(from, separator);
    if (*from == '\0')
        return false;
    to = to == NULL ? from + strlen(from) : to;
    *text = *to == '\0' ? to : to + 1;
    while (to > from && (to[-1] == ' ' || to[-1] == '\n'))
        to--;
    if (to - from >= CALLSCRIPT_TEXT)
        stop("too long", from);
    memcpy(piece, from, (size_t)(to - from));
    piece[to - from] = '\0';
    return true;
}

static void copy(char *to, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len >= size)
        stop("too long", text);
    memcpy(to, text, len + 1);
}

static void add(struct buf *out, int rc)
{
    if (rc != COACH_OK)
        stop("out of memory", out->data == NULL ? "" : out->data);
}

/* --- conditions --- */

static const struct {
    const char *key;
    enum when_verb verb;
} verbs[] = {{"after", WHEN_AFTER},         {"at", WHEN_AT},           {"sequence", WHEN_SEQUENCE},
             {"count", WHEN_COUNT},         {"overlap", WHEN_OVERLAP}, {"silence", WHEN_SILENCE},
             {"monologue", WHEN_MONOLOGUE}, {"pace", WHEN_PACE},       {"questions", WHEN_QUESTIONS}};

static int find_signal(const struct callscript_rules *r, const char *name)
{
    for (size_t i = 0; i < r->meaning.signal_count; i++)
        if (strcmp(r->meaning.signals[i].name, name) == 0)
            return (int)i;
    return WHEN_NONE;
}

static struct reference_signal *new_signal(struct callscript_rules *r, const char *name)
{
    if (r->meaning.signal_count == REFERENCE_SIGNALS)
        stop("too many signals", name);
    struct reference_signal *s = &r->meaning.signals[r->meaning.signal_count++];
    *s = (struct reference_signal){.speaker = RULE_EITHER};
    copy(s->name, sizeof s->name, name);
    return s;
}

static void write_phrase_signal(struct callscript_rules *r, const struct reference_signal *s)
{
    add(&r->signals_file, buf_addf(&r->signals_file, "  - id: %s\n    speaker: %s\n    says:\n      - %s\n", s->name,
                                   rule_speaker_name(s->speaker), s->phrase));
}

static int signal_named(struct callscript_rules *r, const char *name)
{
    int found = find_signal(r, name);
    if (found != WHEN_NONE)
        return found;
    struct reference_signal *s = new_signal(r, name);
    copy(s->phrase, sizeof s->phrase, name);
    write_phrase_signal(r, s);
    return (int)r->meaning.signal_count - 1;
}

static int64_t seconds(const char *text, const char **end)
{
    char *to;
    double s = strtod(text, &to);
    if (to == text)
        stop("not a time", text);
    *end = to;
    return (int64_t)(s * 1000 + 0.5);
}

static void read_window(const char *text, struct when_window *w)
{
    const char *end;
    if (strcmp(text, "same turn") == 0) {
        w->same_turn = true;
        return;
    }
    int64_t ms = seconds(text, &end);
    if (*end == 's') {
        w->time_ms = ms;
        end++;
    } else if (strncmp(end, " agent turn", 11) == 0) {
        w->agent_turns = (int)(ms / 1000);
        end += 11 + (end[11] == 's');
    } else if (strncmp(end, " turn", 5) == 0) {
        w->turns = (int)(ms / 1000);
        end += 5 + (end[5] == 's');
    } else {
        stop("no window", text);
    }
    if (strncmp(end, " or ", 4) == 0)
        read_window(end + 4, w);
    else if (*end != '\0')
        stop("no window", text);
}

static void read_sequence(struct callscript_rules *r, const char *value, struct when_node *node)
{
    char name[CALLSCRIPT_TEXT];
    while (next_piece(&value, ',', name))
        node->sequence[node->sequence_count++] = signal_named(r, name);
}

static void read_verb(struct callscript_rules *r, const char *value, struct when_node *node)
{
    const char *end, *longer = strstr(value, "longer than ");
    switch (node->verb) {
    case WHEN_AT:
    case WHEN_AFTER:
    case WHEN_COUNT:
        if (strcmp(value, "call end") != 0)
            node->opens = signal_named(r, value);
        return;
    case WHEN_SEQUENCE:
        read_sequence(r, value, node);
        return;
    case WHEN_OVERLAP:
        node->over = strcmp(value, "agent over customer") == 0 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER;
        return;
    case WHEN_MONOLOGUE:
    case WHEN_SILENCE:
        node->over = strncmp(value, "customer ", 9) == 0 ? COACH_ROLE_CUSTOMER : COACH_ROLE_AGENT;
        if (longer == NULL)
            stop("how long", value);
        node->longer_ms = seconds(longer + strlen("longer than "), &end);
        return;
    case WHEN_PACE:
        node->words_a_minute = atoi(value + strlen("agent faster than "));
        return;
    case WHEN_QUESTIONS:
        return;
    }
}

static void read_since(struct callscript_rules *r, const char *value, struct when_node *node)
{
    if (strcmp(value, "call start") == 0)
        return;
    if (strcmp(value, "same turn") == 0 || (*value >= '0' && *value <= '9'))
        read_window(value, &node->window);
    else
        node->since = signal_named(r, value);
}

static void read_part(struct callscript_rules *r, const char *key, const char *value, struct when_node *node)
{
    const char *end;
    for (size_t v = 0; v < sizeof verbs / sizeof *verbs; v++)
        if (strcmp(verbs[v].key, key) == 0) {
            node->verb = verbs[v].verb;
            read_verb(r, value, node);
            return;
        }
    if (strcmp(key, "without") == 0)
        node->without = signal_named(r, value);
    else if (strcmp(key, "cancel") == 0)
        node->cancel = signal_named(r, value);
    else if (strcmp(key, "since") == 0)
        read_since(r, value, node);
    else if (strcmp(key, "within") == 0)
        read_window(value, &node->window);
    else if (strcmp(key, "at_least") == 0 || strcmp(key, "times") == 0)
        node->at_least = atoi(value);
    else if (strcmp(key, "lasting") == 0 || strcmp(key, "over") == 0)
        node->longer_ms = seconds(value, &end);
    else
        stop("no such key", key);
}

static void write_part(struct buf *out, const char *key, const char *value)
{
    char name[CALLSCRIPT_TEXT];
    if (strcmp(key, "sequence") != 0) {
        add(out, buf_addf(out, "      %s: %s\n", key, value));
        return;
    }
    add(out, buf_addf(out, "      %s:\n", key));
    while (next_piece(&value, ',', name))
        add(out, buf_addf(out, "        - %s\n", name));
}

static void read_condition(struct callscript_rules *r, const char *text, struct when_node *node, struct buf *out)
{
    char part[CALLSCRIPT_TEXT];
    *node = (struct when_node){
        .opens = WHEN_NONE, .without = WHEN_NONE, .since = WHEN_NONE, .cancel = WHEN_NONE, .at_least = 1};
    add(out, buf_adds(out, "    when:\n"));
    while (next_piece(&text, ';', part)) {
        char *value = strstr(part, ": ");
        if (value == NULL)
            stop("no key", part);
        *value = '\0';
        read_part(r, part, value + 2, node);
        write_part(out, part, value + 2);
    }
}

/* --- rules --- */

void callscript_init(struct callscript_rules *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->signals_file, 0);
    buf_init(&r->rules_file, 0);
}

void callscript_clear(struct callscript_rules *r)
{
    buf_clear(&r->signals_file);
    buf_clear(&r->rules_file);
}

static void add_signal(struct callscript_rules *r, char *text)
{
    char *when = strstr(text, " = "), *phrase = strstr(text, ": ");
    if (when != NULL) {
        struct when_node node;
        struct buf file;
        buf_init(&file, 0);
        *when = '\0';
        read_condition(r, when + 3, &node, &file);
        struct reference_signal *s = new_signal(r, text);
        s->has_when = true;
        s->when = node;
        add(&r->signals_file, buf_addf(&r->signals_file, "  - id: %s\n%s", text, file.data));
        buf_clear(&file);
        return;
    }
    if (phrase != NULL)
        *phrase = '\0';
    char *speaker = strchr(text, ' ');
    if (speaker != NULL)
        *speaker++ = '\0';
    struct reference_signal *s = new_signal(r, text);
    s->speaker = speaker == NULL ? RULE_EITHER : strcmp(speaker, "customer") == 0 ? RULE_CUSTOMER : RULE_AGENT;
    copy(s->phrase, sizeof s->phrase, phrase == NULL ? text : phrase + 2);
    write_phrase_signal(r, s);
}

void callscript_signals(struct callscript_rules *r, const char *text)
{
    char signal[CALLSCRIPT_TEXT];
    while (next_piece(&text, '|', signal))
        add_signal(r, signal);
}

/* The limits that are no part of the condition; false when `part` is none of them. */
static bool read_limit(const char *part, struct reference_rule *rule)
{
    const char *end;
    if (strncmp(part, "cooldown: ", 10) == 0)
        rule->cooldown_ms = seconds(part + 10, &end);
    else if (strncmp(part, "per_call: ", 10) == 0)
        rule->per_call = atoi(part + 10);
    else
        return false;
    return true;
}

void callscript_rule(struct callscript_rules *r, const char *text)
{
    char part[CALLSCRIPT_TEXT], condition[CALLSCRIPT_TEXT] = "";
    size_t n = r->meaning.rule_count++, used = 0;
    if (n == REFERENCE_RULES || strlen(text) >= CALLSCRIPT_TEXT)
        stop("too many rules, or too long", text);
    struct reference_rule *rule = &r->meaning.rules[n];
    copy(r->texts[n], sizeof r->texts[n], text);
    *rule = (struct reference_rule){.per_call = 100};
    while (next_piece(&text, ';', part))
        if (!read_limit(part, rule))
            used += (size_t)snprintf(condition + used, sizeof condition - used, "%s;", part);
    add(&r->rules_file,
        buf_addf(&r->rules_file,
                 "  - id: r%zu\n    category: tone\n    message: m\n    cooldown: %lldms\n    per_call: %d\n", n,
                 (long long)rule->cooldown_ms, rule->per_call));
    read_condition(r, condition, &rule->when, &r->rules_file);
}

static void read_language(struct buf *out)
{
    char piece[16 * 1024];
    size_t n;
    FILE *f = fopen(SOURCE_DIR "/rules/languages/en.yaml", "rb");
    if (f == NULL)
        stop("cannot read", SOURCE_DIR "/rules/languages/en.yaml");
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        add(out, buf_add(out, piece, n));
    fclose(f);
}

static _Noreturn void refuse(const struct diags *problems, const char *file)
{
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].level == DIAG_ERROR)
            (void)diag_print(&problems->items[i], false, &out);
    fprintf(stderr, "%s", file);
    stop("the rules do not compile", out.data == NULL ? "" : out.data);
}

struct ruleset *callscript_compile(const struct callscript_rules *r)
{
    const struct rules_options draft = {.draft = true};
    struct buf file, english;
    struct diags problems;
    struct ruleset *set = NULL;
    buf_init(&file, 0);
    buf_init(&english, 0);
    read_language(&english);
    add(&file, buf_adds(&file, "format: 1\npack: test\n"));
    if (r->signals_file.len > 0)
        add(&file, buf_addf(&file, "signals:\n%s", r->signals_file.data));
    add(&file, buf_addf(&file, "rules:\n%s", r->rules_file.data));
    diags_init(&problems);
    if (rules_compile(&(struct source){"made.yaml", file.data, file.len}, 1,
                      &(struct source){"en.yaml", english.data, english.len}, 1, &draft, &set, &problems) != COACH_OK)
        refuse(&problems, file.data);
    diags_clear(&problems);
    buf_clear(&file);
    buf_clear(&english);
    return set;
}

/* --- calls --- */

static void read_line(struct reference_call *call, coach_role role, const char *text)
{
    struct reference_line *line = &call->lines[call->count++];
    if (call->count > REFERENCE_LINES)
        stop("too many lines", text);
    *line = (struct reference_line){.role = role, .start_ms = COACH_NO_TIME, .end_ms = COACH_NO_TIME};
    if (*text != '@') {
        line->start_ms = seconds(text, &text);
        if (*text++ != '-')
            stop("no end", text);
        line->end_ms = line->arrival_ms = seconds(text, &text);
    }
    if (*text == '@')
        line->arrival_ms = seconds(text + 1, &text);
    copy(line->text, sizeof line->text, text + strspn(text, " "));
}

static void read_span(struct reference_call *call, bool lookup, const char *text)
{
    int64_t from = seconds(text, &text);
    if (*text != '-' || call->away_count == REFERENCE_SPANS)
        stop("no span", text);
    call->away[call->away_count++] = (struct reference_span){from, seconds(text + 1, &text), lookup};
}

void callscript_call(struct reference_call *call, const char *text)
{
    char piece[CALLSCRIPT_TEXT];
    const char *end;
    call->count = call->away_count = 0;
    call->end_ms = COACH_NO_TIME;
    while (next_piece(&text, ';', piece)) {
        const char *rest = strchr(piece, ' ');
        if (rest == NULL)
            stop("not understood", piece);
        if (strncmp(piece, "end ", 4) == 0)
            call->end_ms = seconds(rest + 1, &end);
        else if (strncmp(piece, "hold ", 5) == 0 || strncmp(piece, "lookup ", 7) == 0)
            read_span(call, *piece == 'l', rest + 1);
        else if (strchr("acs", *piece) != NULL && rest == piece + 1)
            read_line(call,
                      *piece == 'a'   ? COACH_ROLE_AGENT
                      : *piece == 'c' ? COACH_ROLE_CUSTOMER
                                      : COACH_ROLE_SYSTEM,
                      rest + 1);
        else
            stop("not understood", piece);
    }
}

void callscript_write(const struct reference_call *call, struct buf *out)
{
    for (size_t i = 0; i < call->count; i++) {
        const struct reference_line *l = &call->lines[i];
        add(out, buf_addf(out, "%s%c ", i > 0 ? "; " : "",
                          l->role == COACH_ROLE_AGENT      ? 'a'
                          : l->role == COACH_ROLE_CUSTOMER ? 'c'
                                                           : 's'));
        if (l->start_ms != COACH_NO_TIME)
            add(out, buf_addf(out, "%g-%g", (double)l->start_ms / 1000, (double)l->end_ms / 1000));
        if (l->start_ms == COACH_NO_TIME || l->arrival_ms != l->end_ms)
            add(out, buf_addf(out, "@%g", (double)l->arrival_ms / 1000));
        add(out, buf_addf(out, " %s", l->text));
    }
    for (size_t i = 0; i < call->away_count; i++)
        add(out, buf_addf(out, "; %s %g-%g", call->away[i].lookup ? "lookup" : "hold",
                          (double)call->away[i].from_ms / 1000, (double)call->away[i].to_ms / 1000));
    if (call->end_ms != COACH_NO_TIME)
        add(out, buf_addf(out, "; end %g", (double)call->end_ms / 1000));
}

/* --- the engine --- */

struct run {
    struct engine *engine;
    const struct ruleset *set;
    struct call *call;
    const struct callscript_manner *manner;
    int64_t now_ms;
    struct reference_findings *ret;
    char (*ids)[NUDGE_ID + 1]; /* of the findings of `ret` */
    bool twice;
};

static void take_back(struct run *r, const char *nudge_id)
{
    for (size_t i = 0; i < r->ret->count; i++)
        if (strcmp(r->ids[i], nudge_id) == 0) {
            r->ret->items[i] = r->ret->items[--r->ret->count];
            memcpy(r->ids[i], r->ids[r->ret->count], sizeof r->ids[i]);
            return;
        }
}

static void take_finding(struct run *r, const struct finding *f)
{
    const struct reference_finding found = {.rule = (size_t)atoi(f->rule->id + 1),
                                            .line = (size_t)atoi(f->nudge.segment_id + 1),
                                            .decided_ms = f->decided_ms};
    if (engine_is_limit(f->held))
        return;
    for (size_t i = 0; i < r->ret->count; i++)
        r->twice = r->twice || (r->ret->items[i].rule == found.rule && r->ret->items[i].line == found.line);
    if (r->ret->count == REFERENCE_FINDINGS)
        stop("too many findings", f->rule->id);
    memcpy(r->ids[r->ret->count], f->nudge.nudge_id, sizeof *r->ids);
    r->ret->items[r->ret->count++] = found;
}

static void take_results(struct run *r, int rc, const struct engine_results *results)
{
    if (rc != COACH_OK)
        stop("out of memory", "engine");
    for (size_t i = 0; i < results->count; i++)
        take_finding(r, &results->findings[i]);
    for (size_t i = 0; i < results->withdrawn_count; i++)
        take_back(r, results->withdrawn[i].nudge_id);
}

static void tick(struct run *r, int64_t now_ms)
{
    struct engine_results results;
    take_results(r, engine_tick(r->engine, r->set, r->call, now_ms, &results), &results);
}

static void pass_time(struct run *r, int64_t until_ms)
{
    int64_t wake;
    while (!r->manner->sleepy && (wake = engine_wake(r->engine, r->set, r->call)) < until_ms)
        tick(r, wake);
    if (r->manner->restless && until_ms - r->now_ms > 1)
        tick(r, r->now_ms + (until_ms - r->now_ms) / 2);
    r->now_ms = until_ms > r->now_ms ? until_ms : r->now_ms;
}

static void step(struct run *r, const struct wire_event *e)
{
    struct engine_results results;
    take_results(r, engine_step(r->engine, r->set, r->call, e, r->now_ms, &results), &results);
}

/* An interim result that nothing follows for 5 seconds is taken as final (53): only lines that arrive before have some.
 */
static bool is_short(const struct reference_line *line)
{
    return line->arrival_ms - (line->start_ms + line->end_ms) / 2 < 5000;
}

/* The line as an interim result with its first half, then all of it, then as a final. */
static void say(struct run *r, const struct reference_line *line, size_t number)
{
    char id[24], half[REFERENCE_TEXT] = "";
    snprintf(id, sizeof id, "l%zu", number);
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    e.call_id = (struct wire_text){"c-1", 3};
    e.segment_id = (struct wire_text){id, strlen(id)};
    e.text = (struct wire_text){line->text, strlen(line->text)};
    e.role = line->role;
    e.start_ms = line->start_ms;
    e.end_ms = line->end_ms;
    e.recv_ms = line->arrival_ms;
    bool timed = line->start_ms != COACH_NO_TIME;
    if (r->manner->interims && timed && line->start_ms > r->now_ms && is_short(line)) {
        memcpy(half, line->text, strcspn(line->text, " "));
        e.text = (struct wire_text){half, strlen(half)};
        e.end_ms = (line->start_ms + line->end_ms) / 2;
        pass_time(r, e.end_ms);
        step(r, &e);
        e.end_ms = line->end_ms;
        e.text = (struct wire_text){line->text, strlen(line->text)};
    }
    pass_time(r, line->arrival_ms);
    if (r->manner->interims)
        step(r, &e);
    e.is_final = true;
    step(r, &e);
}

/* The next time from `now` on at which the desktop says something else, or INT64_MAX. */
static int64_t next_activity(const struct reference_call *call, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < call->away_count; i++) {
        const int64_t times[2] = {call->away[i].from_ms, call->away[i].to_ms};
        for (size_t k = 0; k < 2; k++)
            if (times[k] > now_ms && times[k] < next)
                next = times[k];
    }
    return next;
}

static void set_activities(struct run *r, const struct reference_call *call, int64_t until_ms)
{
    int64_t at = -1;
    while ((at = next_activity(call, at)) <= until_ms) {
        enum call_activity activity = CALL_TALKING;
        if (at < r->now_ms)
            continue;
        for (size_t i = 0; i < call->away_count; i++)
            if (call->away[i].from_ms <= at && at < call->away[i].to_ms)
                activity = call->away[i].lookup ? CALL_LOOKING_UP : CALL_ON_HOLD;
        pass_time(r, at);
        tick(r, at); /* what time brought about before counts */
        call_set_activity(r->call, activity, at);
    }
}

bool callscript_engine(struct engine *e, const struct ruleset *set, const struct reference_call *call,
                       const struct callscript_manner *manner, struct reference_findings *ret)
{
    static char ids[REFERENCE_FINDINGS][NUDGE_ID + 1];
    struct run r = {e, set, call_new("c-1", 3), manner, 0, ret, ids, false};
    struct engine_results results;
    if (r.call == NULL || call_set_agent(r.call, "sam", 3) != COACH_OK)
        stop("out of memory", "call");
    ret->count = 0;
    engine_ignore_attention(e, true);
    engine_observe(e, manner->observer, NULL);
    for (size_t i = 0; i < call->count; i++) {
        set_activities(&r, call, call->lines[i].arrival_ms);
        say(&r, &call->lines[i], i + 1);
    }
    if (call->end_ms != COACH_NO_TIME) {
        set_activities(&r, call, call->end_ms);
        pass_time(&r, call->end_ms);
    }
    int rc = engine_end(e, set, r.call, call->end_ms, &results);
    take_results(&r, rc, &results);
    call_free(r.call);
    for (size_t i = 0; i < ret->count; i++)
        ret->items[i].line--;
    return !r.twice;
}

static bool is_same(const struct reference_finding *a, const struct reference_finding *b)
{
    const struct reference_finding *timed = a->by_time ? a : b, *other = a->by_time ? b : a;
    return a->rule == b->rule && (a->line == b->line || (timed->by_time && other->line >= timed->from));
}

static bool is_among(const struct reference_finding *f, const struct reference_findings *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (is_same(f, &all->items[i]))
            return true;
    return false;
}

bool callscript_same(const struct reference_findings *a, const struct reference_findings *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!is_among(&a->items[i], b))
            return false;
    return a->count == b->count;
}
