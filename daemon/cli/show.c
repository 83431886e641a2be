/* coach show: what do the rules really say, and where does each part come from? */
#include "daemon/cli/show.h"

#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/ruleset.h"
#include "lib/base/utf8.h"

struct values {
    struct option_list rules;
    const char *languages;
    bool list, diff, markdown, json;
};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(values),
    {.name = "list",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, list),
     .help = "all rules, a line for each: what it looks for"},
    {.name = "diff",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, diff),
     .help = "what the sites change in the packs, and why"},
    {.name = "markdown",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, markdown),
     .help = "with --list: tables for a page, one for each category"},
    CLI_JSON_SPEC(values, "one JSON object for each rule"),
};

enum { ORIGIN_COLUMN = 64 };

/* --- parts --- */

size_t show_text(const struct show *s, const char *text)
{
    size_t len = strlen(text);
    screen_text(&s->screen, text, len);
    return utf8_count(text, len);
}

void show_origin(const struct show *s, size_t used, enum origin origin, const struct mark *at,
                 const struct def_override *by)
{
    FILE *to = s->screen.to;
    fprintf(to, "%*s%s# ", used + 2 < ORIGIN_COLUMN ? (int)(ORIGIN_COLUMN - used) : 2, "",
            s->screen.color ? "\033[2m" : "");
    if (at->source == NULL) {
        fputs(origin_name(origin), to);
    } else {
        show_text(s, at->source->name);
        fprintf(to, ":%d", at->line);
    }
    if (origin == ORIGIN_DEFAULT)
        fputs(", default of its file", to);
    if (by != NULL) {
        fprintf(to, ", site %s: ", by->file->site.s);
        show_text(s, by->because.s);
    }
    fprintf(to, "%s\n", s->screen.color ? "\033[0m" : "");
}

void show_json_place(struct json_out *j, const struct mark *at, const struct def_override *by)
{
    if (at->source != NULL) {
        json_text(j, "file", at->source->name);
        json_int(j, "line", at->line);
    }
    if (by == NULL)
        return;
    json_text(j, "site", by->file->site.s);
    json_text(j, "because", by->because.s);
    if (by->written_for.node != NULL)
        json_int(j, "written_for", by->written_for.value);
}

/* --- one subject as text --- */

/* Prints the key of a row unless the row before had it: "not_in:", "when:" and below it "  after". Returns how far
 * what follows is indented. */
static int print_key(const struct show *s, const char *field, const char *before)
{
    const char *dot = strchr(field, '.');
    size_t head = dot == NULL ? 0 : (size_t)(dot - field) + 1;
    if (dot != NULL && strncmp(before, field, head) != 0)
        fprintf(s->screen.to, "%.*s:\n", (int)head - 1, field);
    return dot == NULL ? 0 : 2;
}

/* A value of several lines, as a block. */
static void print_block(const struct show *s, const char *text, int indent)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        fprintf(s->screen.to, "%*s", indent, "");
        screen_text(&s->screen, text, n);
        fputc('\n', s->screen.to);
        text += n + (text[n] == '\n');
    }
}

static void print_row(const struct show *s, const struct origin_row *row, const char *before)
{
    FILE *to = s->screen.to;
    const char *dot = strchr(row->field, '.'), *name = dot == NULL ? row->field : dot + 1;
    int indent = print_key(s, row->field, before);
    const struct def_override *by = row->change == NULL ? NULL : row->change->by;
    size_t used = (size_t)indent;
    if (row->is_item && strcmp(row->field, before) != 0)
        fprintf(to, "%*s%s:\n", indent, "", name);
    if (row->is_item)
        used += (size_t)fprintf(to, "%*s  %s", indent, "", row->plain != NULL ? "" : "- ") - (size_t)indent;
    else
        used += (size_t)fprintf(to, "%*s%s: ", indent, "", name) - (size_t)indent;
    if (strchr(row->value, '\n') != NULL) {
        used += (size_t)fprintf(to, "|");
        show_origin(s, used, row->origin, &row->at, by);
        print_block(s, row->value, indent + 4);
        return;
    }
    used += show_text(s, row->value);
    if (row->plain != NULL)
        used += (size_t)fprintf(to, ": ") + show_text(s, row->plain);
    show_origin(s, used, row->origin, &row->at, by);
}

static void print_removed(const struct show *s, const struct origin_subject *subject)
{
    const struct site_target *t = subject->target;
    for (size_t i = 0; t != NULL && i < t->change_count; i++) {
        const struct def_change *c = t->changes[i];
        for (size_t k = 0; c->verb == OVERRIDE_REMOVE && k < site_item_count(c->key, c->value); k++) {
            const struct yaml_node *node = site_item(c->key, c->value, k);
            size_t used = (size_t)fprintf(s->screen.to, "# removed from %s: ", c->key->name);
            used += show_text(s, node->text);
            show_origin(s, used, ORIGIN_SITE, &node->at, c->by);
        }
    }
}

static void print_title(const struct show *s, const struct origin_subject *subject)
{
    const struct rulefile *f = subject->file;
    char text[240];
    snprintf(text, sizeof text, "# %s %s, of %s %s%s", override_kind_name(subject->kind), subject->name,
             f->site.node != NULL ? "site" : "pack",
             f->site.node != NULL   ? f->site.s
             : f->pack.node != NULL ? f->pack.s
                                    : "",
             subject->target != NULL ? ", changed by a site" : "");
    screen_heading(&s->screen, text);
}

static void print_json(struct show *s, const struct origin_subject *subject, const struct origin_rows *rows)
{
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "kind", override_kind_name(subject->kind));
    json_text(&j, "name", subject->name);
    json_text(&j, "pack", subject->file->site.node != NULL ? NULL : subject->file->pack.s);
    json_text(&j, "site", subject->file->site.s);
    json_bool(&j, "changed", subject->target != NULL);
    json_open_array(&j, "fields");
    for (size_t i = 0; i < rows->count; i++) {
        const struct origin_row *row = &rows->items[i];
        json_open_object(&j, NULL);
        json_text(&j, "field", row->field);
        json_text(&j, "value", row->value);
        json_text(&j, "plain", row->plain);
        json_text(&j, "origin", origin_name(row->origin));
        show_json_place(&j, &row->at, row->change == NULL ? NULL : row->change->by);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_open_array(&j, "removed");
    for (size_t i = 0; subject->target != NULL && i < subject->target->change_count; i++) {
        const struct def_change *c = subject->target->changes[i];
        for (size_t k = 0; c->verb == OVERRIDE_REMOVE && k < site_item_count(c->key, c->value); k++) {
            const struct yaml_node *node = site_item(c->key, c->value, k);
            json_open_object(&j, NULL);
            json_text(&j, "field", c->key->name);
            json_text(&j, "value", node->text);
            show_json_place(&j, &node->at, c->by);
            json_close_object(&j);
        }
    }
    json_close_array(&j);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(out.data, s->screen.to);
    buf_clear(&out);
}

int show_subject(struct show *s, const struct origin_subject *subject)
{
    struct origin_rows rows;
    if (origin_rows(s->pack, subject, &s->memory, &rows) != COACH_OK)
        return cli_fail("show", "out of memory");
    if (s->json) {
        print_json(s, subject, &rows);
        return CLI_OK;
    }
    print_title(s, subject);
    for (size_t i = 0; i < rows.count; i++)
        print_row(s, &rows.items[i], i > 0 ? rows.items[i - 1].field : "");
    print_removed(s, subject);
    return CLI_OK;
}

/* --- the command --- */

static int show_named(struct show *s, const char *const *words, size_t nwords)
{
    int code = CLI_OK;
    for (size_t i = 0; i < nwords && code == CLI_OK; i++) {
        struct origin_subject subject;
        if (i > 0 && !s->json)
            fputc('\n', s->screen.to);
        if (origin_find(s->pack, words[i], &subject)) {
            code = show_subject(s, &subject);
            continue;
        }
        const char *near = origin_nearest(s->pack, words[i], &s->memory);
        code = near == NULL ? cli_fail("show", "there is no '%s'; 'coach show --list' names the rules", words[i])
                            : cli_fail("show", "there is no '%s'; did you mean '%s'?", words[i], near);
    }
    return code;
}

/* Reads the files a second time, without building anything: what was built has forgotten where it came from. */
static int with_pack(struct show *s, const struct loaded *rules, const struct values *v, const char *const *words,
                     size_t nwords)
{
    struct pack pack;
    struct language lang;
    struct diags unused;
    language_init(&lang);
    diags_init(&unused);
    const struct rulefiles *f = &rules->files;
    int rc = pack_read(&pack, f->rules, f->nrules, f->languages, f->nlanguages, &lang, &unused);
    s->pack = &pack;
    int code = rc != COACH_OK || unused.out_of_memory ? cli_fail("show", "out of memory")
               : v->list                              ? show_list(s)
               : v->diff                              ? show_diff(s)
                                                      : show_named(s, words, nwords);
    s->pack = NULL;
    pack_clear(&pack);
    language_clear(&lang);
    diags_clear(&unused);
    return code;
}

static int check_usage(const struct values *v, size_t nwords)
{
    if (v->list && v->diff)
        return cli_fail("show", "--list or --diff, not both");
    if (v->markdown && (!v->list || v->json))
        return cli_fail("show", "--markdown goes with --list, and not with --json");
    if ((v->list || v->diff) && nwords > 0)
        return cli_fail("show", "%s shows all rules and takes no name", v->list ? "--list" : "--diff");
    if (!v->list && !v->diff && nwords == 0)
        return cli_fail("show", "which rule? For example: coach show dismissive-calm-down; --list names them");
    return CLI_OK;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct show s = {.screen = screen_of(stdout), .json = v->json, .markdown = v->markdown};
    struct loaded rules;
    int code = check_usage(v, nwords);
    if (code != CLI_OK)
        return code;
    arena_init(&s.memory);
    code = loaded_read(&rules, "show", &v->rules, v->languages);
    if (code == CLI_OK)
        code = with_pack(&s, &rules, v, words, nwords);
    loaded_clear(&rules);
    arena_clear(&s.memory);
    return code;
}

const struct command command_show = {
    .name = "show",
    .usage = "[RULE ...]",
    .summary = "what a rule really says, and where each part of it comes from",
    .about =
        "Prints a rule as it holds once the sites have changed the packs; behind each value stands the file and line\n"
        "it comes from, and why a site wanted it so. 'signal:NAME' and 'list:NAME' show signals and lists. --diff "
        "shows\n"
        "only what sites change, rule by rule. --list has a line for each rule; what it looks for is the rule's "
        "'about',\n"
        "or the title of its card where it has none. The tables of the packs' pages are printed by --list "
        "--markdown.\n\n"
        "exit codes: 0 shown (--diff: the sites change nothing), 1 --diff: they change something, 2 there is no such\n"
        "rule, or the rules could not be read",
    .examples = "  coach show dismissive-calm-down\n"
                "  coach show --rules rules/core-en --rules sites/leeds.yaml dismissive-calm-down list:offer\n"
                "  coach show --list --markdown\n"
                "  coach show --rules rules/core-en --rules sites/leeds.yaml --diff\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
