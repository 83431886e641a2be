#include "lib/rules/screenplay.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/base/utf8.h"

static const char *const switches[] = {"off", "on", NULL};
static const char *const speakers[] = {"agent", "customer", "system"};
static const coach_role roles[] = {COACH_ROLE_AGENT, COACH_ROLE_CUSTOMER, COACH_ROLE_SYSTEM};
/* What can hold a finding back in a test, where an agent is always there and mutes nothing. */
static const char *const reasons[] = {"shadow", "budget", "gap", "stale", "said_already"};
/* By enum screenplay_kind. */
static const char *const states[] = {NULL, "agent is on hold", "agent is looking something up", "agent is back",
                                     "call end"};

#define COUNT(items) (sizeof(items) / sizeof *(items))

static int read_call(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems);

static const struct key keys[] = {
    {.name = "name",
     .kind = KEY_TEXT,
     .offset = offsetof(struct screenplay, name),
     .help = "what the call shows, in a few words"},
    {.name = "attention",
     .kind = KEY_CHOICE,
     .choices = switches,
     .offset = offsetof(struct screenplay, attention),
     .help = "on: the cards that an agent would see, after the call's budget and gaps"},
    {.name = "call",
     .kind = KEY_OTHER,
     .read = read_call,
     .help = "its lines, '00:05 agent: what was said', with '=> rule-id' under the line that a card belongs to"},
};
static const char *const needs[] = {"name", "call", NULL};
static const struct key_table table = {"test", keys, COUNT(keys), needs, NULL, 0};

const struct key_table *screenplay_table(void)
{
    return &table;
}

const char *screenplay_words(enum screenplay_kind kind)
{
    return states[kind];
}

struct mark screenplay_mark(const struct screenplay *play, size_t at, size_t len)
{
    return yaml_mark_at(play->call.node, at, (int)utf8_count(play->call.s + at, len));
}

bool screenplay_in_order(const struct screenplay_line *above, const struct screenplay_line *line)
{
    return (line->end_ms != COACH_NO_TIME ? line->end_ms : line->start_ms) >= above->start_ms;
}

/* --- lines --- */

struct reading {
    struct screenplay *play;
    struct arena *memory;
    struct diags *problems;
    bool lost; /* the line above could not be read: what stands under it cannot be judged */
};

/* A piece of the block. */
struct piece {
    const char *from, *to;
};

static void refuse_piece(struct reading *r, struct piece at, const char *code, const char *hint, const char *what)
{
    const struct yaml_node *node = r->play->call.node;
    size_t len = (size_t)(at.to - at.from);
    struct mark m = diags_full(r->problems) ? node->at : screenplay_mark(r->play, (size_t)(at.from - node->text), len);
    diags_add(r->problems, DIAG_ERROR, code, &m, hint, "%s", what);
}

static const char *after_spaces(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    return p;
}

static struct piece trimmed(const char *from, const char *to)
{
    from = after_spaces(from, to);
    while (to > from && (to[-1] == ' ' || to[-1] == '\r'))
        to--;
    return (struct piece){from, to};
}

static bool is(struct piece p, const char *text)
{
    return (size_t)(p.to - p.from) == strlen(text) && memcmp(p.from, text, strlen(text)) == 0;
}

/* A number of `least` to `most` digits at `*p`, which is moved behind it. */
static bool number(const char **p, const char *end, int least, int most, int64_t *ret)
{
    int digits = 0;
    *ret = 0;
    for (; *p < end && **p >= '0' && **p <= '9' && digits < most; (*p)++, digits++)
        *ret = *ret * 10 + (**p - '0');
    return digits >= least;
}

static bool thousandths(const char **p, const char *end, int64_t *ret)
{
    const char *from = *p;
    if (!number(p, end, 1, 3, ret))
        return false;
    for (long digits = *p - from; digits < 3; digits++)
        *ret *= 10;
    return true;
}

/* "05:30", "05:30.25" or "1:05:30" at `*p`, which is moved behind it. */
static bool time_of(const char **p, const char *end, int64_t *ret)
{
    int64_t part[3] = {0}, fraction = 0;
    int n = 0;
    if (!number(p, end, 1, 3, &part[n++]))
        return false;
    for (; n < 3 && *p < end && **p == ':'; n++) {
        (*p)++;
        if (!number(p, end, 2, 2, &part[n]) || part[n] > 59)
            return false;
    }
    if (n < 2)
        return false;
    if (*p < end && **p == '.') {
        (*p)++;
        if (!thousandths(p, end, &fraction))
            return false;
    }
    int64_t minutes = n == 3 ? part[0] * 60 + part[1] : part[0];
    *ret = (minutes * 60 + part[n - 1]) * 1000 + fraction;
    return true;
}

/* The time that the line begins with. Returns what follows it, or NULL having said what is wrong. */
static const char *read_time(struct reading *r, struct piece p, struct screenplay_line *line)
{
    const char *at = p.from;
    struct piece word = {p.from, memchr(p.from, ' ', (size_t)(p.to - p.from))};
    if (word.to == NULL)
        word.to = p.to;
    line->end_ms = COACH_NO_TIME;
    bool fine = time_of(&at, word.to, &line->start_ms);
    if (fine && at < word.to && *at == '-') {
        at++;
        fine = time_of(&at, word.to, &line->end_ms);
    }
    if (!fine || at != word.to) {
        refuse_piece(r, word, "test-time",
                     "begin it with when it was said: 00:04, 00:04.5, or 00:04-00:08 with its end",
                     "a line of a call begins with its time");
        return NULL;
    }
    if (line->end_ms != COACH_NO_TIME && line->end_ms < line->start_ms) {
        refuse_piece(r, word, "test-time", "write when it began first: 00:04-00:08", "this line ends before it begins");
        return NULL;
    }
    return after_spaces(at, p.to);
}

static bool read_state(struct piece p, struct screenplay_line *line)
{
    for (size_t i = SCREENPLAY_HOLD; i < COUNT(states); i++)
        if (is(p, states[i])) {
            line->kind = (enum screenplay_kind)i;
            return true;
        }
    return false;
}

static bool read_speaker(struct reading *r, struct piece who, struct screenplay_line *line)
{
    char word[40], hint[120];
    for (size_t i = 0; i < COUNT(speakers); i++)
        if (is(who, speakers[i])) {
            line->role = roles[i];
            return true;
        }
    snprintf(word, sizeof word, "%.*s", (int)(who.to - who.from), who.from);
    const char *near = diag_nearest(word, speakers, COUNT(speakers));
    snprintf(hint, sizeof hint, "did you mean '%s'?", near == NULL ? "" : near);
    refuse_piece(r, who, "test-speaker", near == NULL ? "write agent or customer" : hint,
                 "nobody in a call has this name: who speaks is the agent or the customer");
    return false;
}

static bool read_speech(struct reading *r, struct piece p, struct screenplay_line *line)
{
    const char *colon = memchr(p.from, ':', (size_t)(p.to - p.from));
    if (colon == NULL) {
        refuse_piece(
            r, p, "test-line",
            "write '00:04 agent: what was said'; or, after the time, 'agent is on hold', 'agent is looking something "
            "up', 'agent is back' or 'call end'",
            "this line says neither who speaks nor what the agent does");
        return false;
    }
    if (!read_speaker(r, trimmed(p.from, colon), line))
        return false;
    struct piece text = trimmed(colon + 1, p.to);
    if (text.from == text.to) {
        refuse_piece(r, p, "test-line", "write what was said after the colon, or delete the line",
                     "nothing is said here");
        return false;
    }
    line->text = text.from;
    line->text_len = (size_t)(text.to - text.from);
    return true;
}

static bool follows(struct reading *r, struct piece p, const struct screenplay_line *line)
{
    const struct screenplay *play = r->play;
    const struct screenplay_line *above = play->line_count == 0 ? NULL : &play->lines[play->line_count - 1];
    struct piece when = {p.from, memchr(p.from, ' ', (size_t)(p.to - p.from))};
    if (above != NULL && above->kind == SCREENPLAY_CALL_END)
        refuse_piece(r, p, "test-order", "put 'call end' last", "the call has ended above");
    else if (above != NULL && !screenplay_in_order(above, line))
        refuse_piece(r, when, "test-order", "put the lines in the order in which they were said",
                     "this time is before that of the line above");
    else
        return true;
    return false;
}

static void read_line(struct reading *r, struct piece p)
{
    struct screenplay *play = r->play;
    struct screenplay_line line = {
        .at = (size_t)(p.from - play->call.node->text), .len = (size_t)(p.to - p.from), .first = play->finding_count};
    const char *rest = read_time(r, p, &line);
    r->lost = true;
    if (rest == NULL)
        return;
    bool state = read_state((struct piece){rest, p.to}, &line);
    if (state && line.end_ms != COACH_NO_TIME) {
        refuse_piece(r, p, "test-line", "write when it begins, and 'agent is back' with a time of its own",
                     "only what is said has an end");
        return;
    }
    if (!(state || read_speech(r, (struct piece){rest, p.to}, &line)) || !follows(r, p, &line))
        return;
    play->lines[play->line_count++] = line;
    r->lost = false;
}

/* --- findings --- */

/* "(held: gap)". Returns false having said what is wrong. */
static bool read_reason(struct reading *r, struct piece p, struct screenplay_finding *f)
{
    static const char head[] = "(held:";
    size_t len = (size_t)(p.to - p.from);
    if (len < sizeof head || memcmp(p.from, head, sizeof head - 1) != 0 || p.to[-1] != ')') {
        refuse_piece(r, p, "test-arrow", "write one rule on each line: '=> dismissive-calm-down'",
                     "only '(held: reason)' may follow the rule");
        return false;
    }
    struct piece name = trimmed(p.from + sizeof head - 1, p.to - 1);
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (is(name, reasons[i]))
            f->held = reasons[i];
    if (f->held == NULL)
        refuse_piece(r, name.from < name.to ? name : p, "test-held",
                     "possible are shadow, budget, gap, stale and said_already",
                     "this is no reason for which the call's attention holds a card back");
    return f->held != NULL;
}

static void read_finding(struct reading *r, struct piece p)
{
    struct screenplay *play = r->play;
    struct screenplay_line *line = play->line_count == 0 ? NULL : &play->lines[play->line_count - 1];
    const char *id = after_spaces(p.from + 2, p.to), *end = id;
    while (end < p.to && ((*end >= 'a' && *end <= 'z') || (*end >= '0' && *end <= '9') || *end == '-' || *end == '_'))
        end++;
    const char *rest = after_spaces(end, p.to);
    if (end == id || (rest == end && end < p.to)) {
        refuse_piece(r, p, "test-arrow", "write '=> dismissive-calm-down'", "the name of a rule follows '=>'");
        return;
    }
    if (r->lost)
        return;
    if (line == NULL || line->kind != SCREENPLAY_SAYS) {
        refuse_piece(r, p, "test-arrow", "put it under the line that the card belongs to",
                     line == NULL ? "there is no line above" : "the line above is nothing that was said");
        return;
    }
    struct screenplay_finding f = {.at = (size_t)(id - play->call.node->text), .len = (size_t)(end - id)};
    if (rest < p.to && !read_reason(r, (struct piece){rest, p.to}, &f))
        return;
    f.rule = arena_strn(r->memory, id, f.len);
    if (f.rule == NULL) {
        r->problems->out_of_memory = true;
        return;
    }
    play->findings[play->finding_count++] = f;
    line->findings++;
}

/* --- a test --- */

static size_t lines_in(const struct yaml_node *block)
{
    size_t n = 1;
    for (const char *p = block->text; (p = memchr(p, '\n', (size_t)(block->text + block->len - p))) != NULL; p++)
        n++;
    return n;
}

static int read_call(struct arena *memory, const struct yaml_node *value, void *member, struct diags *problems)
{
    struct reading r = {.play = member, .memory = memory, .problems = problems};
    if (value->kind != YAML_SCALAR || value->style != YAML_LITERAL) {
        keys_refuse(problems, value, "wrong-kind",
                    "write 'call: |' and each line of the call on a line of its own below",
                    "call: expected a block of lines");
        return COACH_OK;
    }
    r.play->call = (struct def_text){value, value->text};
    size_t n = lines_in(value), errors = problems->levels[DIAG_ERROR];
    r.play->lines = arena_alloc(memory, n * sizeof *r.play->lines);
    r.play->findings = arena_alloc(memory, n * sizeof *r.play->findings);
    if (r.play->lines == NULL || r.play->findings == NULL)
        return COACH_ENOMEM;
    const char *end = value->text + value->len;
    for (const char *p = value->text; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct piece line = trimmed(p, nl == NULL ? end : nl);
        if (line.to - line.from >= 2 && memcmp(line.from, "=>", 2) == 0)
            read_finding(&r, line);
        else if (line.from < line.to)
            read_line(&r, line);
        p = nl == NULL ? end : nl + 1;
    }
    if (r.play->line_count == 0 && problems->levels[DIAG_ERROR] == errors)
        keys_refuse(problems, value, "test-empty", "write what was said: '00:00 agent: hello'",
                    "there is no line in this call");
    return COACH_OK;
}

/* A reason stands under `attention: on` only: without it nothing is held back. */
static void check_reasons(const struct screenplay *play, struct diags *problems)
{
    for (size_t i = 0; i < play->finding_count && play->attention.value == 0; i++) {
        const struct screenplay_finding *f = &play->findings[i];
        if (f->held == NULL || diags_full(problems))
            continue;
        struct mark m = screenplay_mark(play, f->at, f->len);
        diags_add(problems, DIAG_ERROR, "test-held", &m, "write 'attention: on' above 'call:'",
                  "without the call's attention nothing is held back");
    }
}

static void check_keys(const struct screenplay *play, struct diags *problems)
{
    for (const char *const *key = needs; *key != NULL && play->node->kind == YAML_MAP; key++) {
        char hint[60];
        snprintf(hint, sizeof hint, "add a line '%s: ...'", *key);
        if (yaml_get(play->node, *key) == NULL)
            keys_refuse(problems, play->node, "missing-key", hint, "this test has no '%s'", *key);
    }
}

static int check_name(const struct screenplay *play, struct table *names, struct diags *problems)
{
    const struct yaml_node *node = play->name.node;
    if (node == NULL)
        return COACH_OK;
    const struct screenplay *first = table_get(names, node->text, node->len);
    if (first == NULL)
        return table_set(names, node->text, node->len, (void *)play);
    char hint[100];
    snprintf(hint, sizeof hint, "the other is in line %d; give one of them another name", first->name.node->at.line);
    keys_refuse(problems, node, "duplicate-name", hint, "there are two tests called '%.64s'", node->text);
    return COACH_OK;
}

int screenplay_read_all(struct arena *memory, const struct yaml_node *list, struct screenplay **ret, size_t *count,
                        struct diags *problems)
{
    struct table names;
    *ret = arena_alloc(memory, (list->count + 1) * sizeof **ret);
    if (*ret == NULL)
        return COACH_ENOMEM;
    table_init(&names, NULL);
    int rc = COACH_OK;
    for (size_t i = 0; i < list->count && rc == COACH_OK; i++) {
        struct screenplay *play = &(*ret)[(*count)++];
        play->node = list->items[i];
        rc = keys_read(keys, COUNT(keys), "a test", memory, play->node, play, problems);
        check_keys(play, problems);
        check_reasons(play, problems);
        if (rc == COACH_OK)
            rc = check_name(play, &names, problems);
    }
    table_clear(&names);
    return rc;
}
