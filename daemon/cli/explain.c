/* coach explain: why does a rule fire on a line, or why not? */
#include "daemon/cli/explain.h"

#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/screen.h"
#include "daemon/cli/text.h"
#include "daemon/cli/verdict.h"
#include "lib/wire/json.h"

static const char *const roles[] = {"agent", "customer", NULL};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(explain_values),
    {.name = "role",
     .kind = OPTION_CHOICE,
     .choices = roles,
     .offset = offsetof(struct explain_values, role),
     .help = "who says it; unless given, the one the rule listens to"},
    {.name = "regex",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct explain_values, regex),
     .help = "show what each phrase was compiled to as well"},
    {.name = "call",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct explain_values, call),
     .help = "a recorded call in place of a line; '-' is standard input"},
    {.name = "call-id",
     .kind = OPTION_TEXT,
     .arg = "ID",
     .offset = offsetof(struct explain_values, call_id),
     .help = "only this call of the recording"},
    {.name = "nudge",
     .kind = OPTION_TEXT,
     .arg = "ID",
     .offset = offsetof(struct explain_values, nudge),
     .help = "ask the running daemon about a nudge that it sent, by its nudge_id"},
    CLI_RUNTIME_SPEC(explain_values),
    CLI_JSON_SPEC(explain_values, "one JSON object, for editors and CI; with --call many, one a line"),
};

/* What is to be shown. */
struct showing {
    const struct explain_values *v;
    struct anatomy *a;
    const struct ruleset *set;
    const struct verdict *verdict;
    const struct words *words;
    const char *text;
    struct screen screen;
};

enum { MOST_WORDS = 8 }; /* of a list of required words */

/* --- words for people --- */

static void put(const struct showing *s, const char *text)
{
    screen_text(&s->screen, text, strlen(text));
}

/* Words of the line as the engine hears them. */
static void put_heard(const struct showing *s, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < s->words->count; i++) {
        if (i > from)
            fputc(' ', s->screen.to);
        screen_text(&s->screen, s->words->line.data + s->words->items[i].at, s->words->items[i].len);
    }
}

/* Words of the line as they were said. */
static struct wire_text said_of(const struct showing *s, const struct scanner_span *range)
{
    if (range->from >= range->to)
        return (struct wire_text){"", 0};
    size_t from = s->words->items[range->from].from, to = s->words->items[range->to - 1].to;
    return (struct wire_text){s->text + from, to - from};
}

static void put_said(const struct showing *s, const struct scanner_span *range)
{
    struct wire_text said = said_of(s, range);
    fputc('"', s->screen.to);
    screen_text(&s->screen, said.s, said.len);
    fputc('"', s->screen.to);
}

/* "a, b or c", of `n` things and perhaps more. */
static const char *joint(size_t i, size_t n, bool more)
{
    return i == 0 ? "" : i + 1 < n || more ? ", " : " or ";
}

static void put_wanted(const struct showing *s, const struct trace *t)
{
    struct buf name;
    buf_init(&name, 0);
    for (size_t i = 0; i < t->wanted_count; i++) {
        buf_reset(&name);
        if (trace_write_wanted(&t->wanted[i], &name) != COACH_OK)
            break;
        fputs(joint(i, t->wanted_count, t->wanted_more), s->screen.to);
        put(s, name.data);
    }
    if (t->wanted_more)
        fputs(" or others", s->screen.to);
    buf_clear(&name);
}

static void put_required(const struct showing *s, const struct required_set *set)
{
    size_t n = set->count < MOST_WORDS ? set->count : MOST_WORDS;
    for (size_t i = 0; i < n; i++) {
        fputs(joint(i, n, n < set->count), s->screen.to);
        put(s, set->words[i].text);
        fputs(set->words[i].prefix ? "*" : "", s->screen.to);
    }
    if (n < set->count)
        fprintf(s->screen.to, " or %zu others", set->count - n);
}

/* The words that stood where others were wanted. */
static size_t saw_to(const struct showing *s, const struct trace *t)
{
    size_t to = t->to + 1 + (size_t)t->gap;
    return to < s->words->count ? to : s->words->count;
}

static void put_halt(const struct showing *s, const struct trace *t)
{
    FILE *to = s->screen.to;
    if (t->matches) {
        fputs("       given up: the line takes too long to match; a phrase with fewer gaps would not\n", to);
        return;
    }
    if (t->steps == 0) {
        fputs("       not begun: wanted ", to);
        put_wanted(s, t);
        fputc('\n', to);
        return;
    }
    if (t->from < t->to) {
        fputs("       matched \"", to);
        put_heard(s, t->from, t->to);
        fputs("\", then wanted ", to);
    } else {
        fputs("       at the start of the turn wanted ", to);
    }
    put_wanted(s, t);
    if (t->gap > 0)
        fprintf(to, " at most %d word%s on", t->gap, t->gap == 1 ? "" : "s");
    if (t->to >= s->words->count) {
        fputs(", but the line ended\n", to);
        return;
    }
    fputs(", saw \"", to);
    put_heard(s, t->to, saw_to(s, t));
    fputs("\"\n", to);
}

static const struct def_phrase *part_item(const struct showing *s, enum scanner_part part, size_t number)
{
    return &anatomy_part(s->verdict->def, part)->items[number - 1];
}

static void put_phrase(const struct showing *s, size_t i)
{
    const struct verdict_phrase *p = &s->verdict->phrases[i];
    FILE *to = s->screen.to;
    fprintf(to, "%s %zu: ", p->def->plain != NULL ? "term" : "phrase", i + 1);
    put(s, p->def->node->text);
    fputc('\n', to);
    if (p->matches) {
        fputs("       matched ", to);
        put_said(s, &p->said);
        if (p->excepted_by > 0) {
            fprintf(to, ", but inside ");
            put_said(s, &p->outer);
            fprintf(to, ": not_in %zu, ", p->excepted_by);
            put(s, part_item(s, SCANNER_PART_NOT_IN, p->excepted_by)->node->text);
        }
        fputc('\n', to);
        return;
    }
    put_halt(s, &p->trace);
    if (p->lacks) {
        fputs("       not tried live: the line has no ", to);
        put_required(s, &p->set);
        fputc('\n', to);
    }
}

/* --- the verdict --- */

static const char *outcome_name(const struct verdict *v)
{
    static const char *const names[] = {[SCANNER_HIT] = "fires",
                                        [SCANNER_NO_PHRASE] = "no phrase matches",
                                        [SCANNER_NOT_IN] = "kept quiet by not_in",
                                        [SCANNER_UNLESS] = "kept quiet by unless"};
    if (v->outcome == SCANNER_HIT && v->rule->mode == RULE_DISABLED)
        return "its phrases match, but it is disabled";
    if (v->outcome == SCANNER_HIT && !v->heard)
        return "its phrases match, but it does not listen to this speaker";
    return names[v->outcome];
}

/* Remark `i` about who is heard and what becomes of a finding; NULL after the last. */
static const char *remark(const struct rule *rule, size_t i)
{
    static const char *const speakers[] = {
        [RULE_AGENT] = "it listens to the agent only", [RULE_CUSTOMER] = "it listens to the customer only"};
    const char *all[5];
    size_t n = 0;
    if (rule->speaker != RULE_EITHER)
        all[n++] = speakers[rule->speaker];
    if (rule->mode == RULE_SHADOW)
        all[n++] = "it is a shadow: findings are counted and never shown";
    if (rule->mode == RULE_DISABLED)
        all[n++] = "it is disabled: it never fires in a call";
    if (rule->is_swap)
        all[n++] = "it keeps quiet about a term for the rest of the call once the customer has used it";
    if (rule->min_confidence > 0)
        all[n++] = "it passes over lines of low confidence (min_confidence)";
    return i < n ? all[i] : NULL;
}

static void write_regex(const struct showing *s, size_t i, struct buf *out)
{
    const char *captures[SCANNER_CAPTURES];
    size_t n = 0;
    while (n < SCANNER_CAPTURES && (captures[n] = scanner_capture_name(s->set, s->verdict->rule, n)) != NULL)
        n++;
    buf_reset(out);
    if (pattern_write(&s->a->context, &s->verdict->phrases[i].def->tree, captures, n, out) != COACH_OK)
        buf_reset(out);
}

static void show_regexes(const struct showing *s)
{
    struct buf out;
    buf_init(&out, PATTERN_MAX);
    fputs("\ncompiled:\n", s->screen.to);
    for (size_t i = 0; i < s->verdict->phrase_count; i++) {
        write_regex(s, i, &out);
        fprintf(s->screen.to, "  %zu: ", i + 1);
        put(s, out.data == NULL ? "" : out.data);
        fputc('\n', s->screen.to);
    }
    buf_clear(&out);
}

static void show_text(const struct showing *s)
{
    const struct verdict *v = s->verdict;
    FILE *to = s->screen.to;
    char heading[200];
    snprintf(heading, sizeof heading, "%.80s (rev %d): %s", v->rule->id, v->rule->rev, outcome_name(v));
    screen_heading(&s->screen, heading);
    fputs("heard: ", to);
    put_heard(s, 0, s->words->count);
    fputs(s->words->count == 0 ? "no words\n" : s->words->truncated ? " ... (the rest is not read)\n" : "\n", to);
    for (size_t i = 0; remark(v->rule, i) != NULL; i++)
        fprintf(to, "note: %s\n", remark(v->rule, i));
    fputc('\n', to);
    for (size_t i = 0; i < v->phrase_count; i++)
        put_phrase(s, i);
    for (size_t i = 0; i < v->unless_count; i++) {
        fprintf(to, "unless %zu: ", v->unless[i].number);
        put(s, part_item(s, SCANNER_PART_UNLESS, v->unless[i].number)->node->text);
        fputs("\n       holds: ", to);
        put_said(s, &v->unless[i].said);
        fputc('\n', to);
    }
    if (s->v->regex)
        show_regexes(s);
}

/* --- JSON --- */

static void json_said(struct json_out *j, const char *key, const struct showing *s, const struct scanner_span *range)
{
    struct wire_text said = said_of(s, range);
    json_textn(j, key, said.s, said.len);
}

static void json_heard(struct json_out *j, const char *key, const struct showing *s, size_t from, size_t to)
{
    json_open_array(j, key);
    for (size_t i = from; i < to; i++)
        json_textn(j, NULL, s->words->line.data + s->words->items[i].at, s->words->items[i].len);
    json_close_array(j);
}

static void json_halt(struct json_out *j, const struct showing *s, const struct verdict_phrase *p)
{
    const struct trace *t = &p->trace;
    struct buf name;
    json_bool(j, "given_up", t->matches);
    json_heard(j, "met", s, t->from, t->to);
    json_open_array(j, "wanted");
    buf_init(&name, 0);
    for (size_t i = 0; i < t->wanted_count; i++) {
        buf_reset(&name);
        if (trace_write_wanted(&t->wanted[i], &name) == COACH_OK)
            json_text(j, NULL, name.data);
    }
    buf_clear(&name);
    json_close_array(j);
    json_heard(j, "saw", s, t->to, saw_to(s, t));
    json_open_array(j, "lacks");
    for (size_t i = 0; p->lacks && i < p->set.count; i++)
        json_text(j, NULL, p->set.words[i].text);
    json_close_array(j);
}

static void json_phrase(struct json_out *j, const struct showing *s, size_t i)
{
    const struct verdict_phrase *p = &s->verdict->phrases[i];
    json_open_object(j, NULL);
    json_int(j, "number", (int64_t)i + 1);
    json_text(j, "phrase", p->def->node->text);
    json_int(j, "line", p->def->node->at.line);
    json_bool(j, "matches", p->matches);
    if (p->matches)
        json_said(j, "said", s, &p->said);
    else
        json_halt(j, s, p);
    if (p->excepted_by > 0) {
        json_int(j, "not_in", (int64_t)p->excepted_by);
        json_said(j, "inside", s, &p->outer);
    }
    if (s->v->regex) {
        struct buf out;
        buf_init(&out, PATTERN_MAX);
        write_regex(s, i, &out);
        json_text(j, "regex", out.data);
        buf_clear(&out);
    }
    json_close_object(j);
}

static int show_json(const struct showing *s)
{
    const struct verdict *v = s->verdict;
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "rule", v->rule->id);
    json_int(&j, "rev", v->rule->rev);
    json_bool(&j, "fires", v->fires);
    json_text(&j, "verdict", outcome_name(v));
    json_text(&j, "speaker", rule_speaker_name(v->rule->speaker));
    json_text(&j, "mode", rule_mode_name(v->rule->mode));
    json_heard(&j, "heard", s, 0, s->words->count);
    json_open_array(&j, "phrases");
    for (size_t i = 0; i < v->phrase_count; i++)
        json_phrase(&j, s, i);
    json_close_array(&j);
    json_open_array(&j, "unless");
    for (size_t i = 0; i < v->unless_count; i++) {
        json_open_object(&j, NULL);
        json_int(&j, "number", (int64_t)v->unless[i].number);
        json_text(&j, "phrase", part_item(s, SCANNER_PART_UNLESS, v->unless[i].number)->node->text);
        json_said(&j, "said", s, &v->unless[i].said);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    int rc = json_out_end(&j, true);
    if (rc == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
    return rc;
}

/* --- the command --- */

static coach_role role_of(const char *name)
{
    return name == NULL ? COACH_ROLE_UNKNOWN : strcmp(name, "agent") == 0 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER;
}

static int explain(const struct explain_values *v, struct loaded_trees *rules, const struct rule *rule,
                   const char *text)
{
    struct words words;
    struct verdict verdict;
    struct showing s = {.v = v,
                        .a = &rules->anatomy,
                        .set = rules->loaded.set,
                        .verdict = &verdict,
                        .words = &words,
                        .text = text,
                        .screen = screen_of(stdout)};
    words_init(&words);
    int rc = words_read(&words, ruleset_language(s.set), text, strlen(text));
    if (rc == COACH_OK)
        rc = verdict_reach(s.a, s.set, rule, &words, role_of(v->role), &verdict);
    if (rc == COACH_OK && v->json)
        rc = show_json(&s);
    else if (rc == COACH_OK)
        show_text(&s);
    words_clear(&words);
    return rc != COACH_OK ? cli_fail("explain", "out of memory") : verdict.fires ? CLI_FOUND : CLI_OK;
}

static int explain_text(const struct explain_values *v, const char *const *words, size_t nwords)
{
    struct buf text;
    struct loaded_trees rules;
    const struct rule *rule;
    buf_init(&text, 0);
    int code = text_join("explain", words + 1, nwords - 1, &text);
    if (code == CLI_OK) {
        code = loaded_read_trees(&rules, "explain", &v->rules, v->languages);
        if (code == CLI_OK)
            code = loaded_find(&rules, "explain", words[0], &rule);
        if (code == CLI_OK)
            code = explain(v, &rules, rule, text.data);
        loaded_clear_trees(&rules);
    }
    buf_clear(&text);
    return code;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct explain_values *v = given;
    if (v->nudge != NULL && (v->call != NULL || nwords > 0))
        return cli_fail("explain", "--nudge asks a daemon, which knows the rule: it goes without a rule and a call");
    if (v->call_id != NULL && v->call == NULL)
        return cli_fail("explain", "--call-id goes with --call FILE");
    if (v->nudge != NULL)
        return explain_nudge(v);
    if (v->call != NULL && nwords != 1)
        return cli_fail("explain", "which rule, in that call? For example: coach explain --call call.ndjson "
                                   "dismissive-calm-down");
    if (v->call != NULL)
        return explain_call(v, words[0]);
    if (nwords < 2)
        return cli_fail("explain", "which rule, and what was said? For example: coach explain dismissive-calm-down "
                                   "\"you need to come down\"");
    return explain_text(v, words, nwords);
}

const struct command command_explain = {
    .name = "explain",
    .usage = "RULE TEXT | --call FILE RULE | --nudge ID",
    .summary = "why does a rule fire on this line or in this call, or why not?",
    .about =
        "Shows the line as the engine hears it and, for each phrase of the rule, the words it matched or how far it "
        "came:\n"
        "what it wanted next and what it saw instead. Names the exception that kept the rule quiet, and the words\n"
        "without which a phrase is not even tried in a live call.\n"
        "With --call it goes through a recorded call: the lines that matter to the rule, what happened inside its\n"
        "condition with times and values, and what became of each finding. With --nudge a running coachd says why it "
        "sent\n"
        "a nudge, or held it back; it knows the last 256, and no text of any call.\n\n"
        "exit codes: 0 the rule does not fire, 1 it fires, 2 there is no such rule or nudge, or the rules, the call "
        "or\n"
        "the daemon could not be read",
    .examples = "  coach explain dismissive-calm-down \"you need to come down\"\n"
                "  coach explain --regex --rules my-rules.yaml my-rule \"well that is not my department\"\n"
                "  coach explain --call tests/cases/broadband.ndjson dismissive-calm-down\n"
                "  coach explain --nudge 5f0c2a9e1b3d4c68\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct explain_values),
    .run = run,
};
