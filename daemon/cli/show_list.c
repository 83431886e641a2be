/* coach show --list: a line for each rule, or tables for a page. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/show.h"

/* What a line says of a rule. */
struct line {
    struct origin_subject subject;
    const struct def_rule *rule;
    struct origin_row title, about;
    const char *severity, *mode, *speaker, *body;
    size_t phrases;
};

static int value_of(struct show *s, const struct origin_subject *subject, const char *name, struct origin_row *ret)
{
    size_t n, k = 0;
    const struct key *keys = override_keys_of(OVERRIDE_RULE, &n);
    while (strcmp(keys[k].name, name) != 0)
        k++;
    return origin_value(s->pack, subject, &keys[k], false, &s->memory, ret);
}

static int fill(struct show *s, const struct def_rule *r, struct line *ret)
{
    *ret = (struct line){.subject = origin_subject_of(s->pack, OVERRIDE_RULE, r), .rule = r};
    const struct rulefile *f = ret->subject.file;
    ret->severity = rule_severity_name(pack_severity(f, r));
    ret->mode = rule_mode_name(pack_mode(f, r));
    ret->speaker = r->when.node != NULL ? "conversation" : rule_speaker_name(pack_speaker(f, r));
    ret->phrases = r->swap.count > 0 ? r->swap.count : r->says.count;
    ret->body = r->when.node != NULL    ? "conversation"
                : r->regex.node != NULL ? "regex"
                : r->swap.count > 0     ? ret->phrases == 1 ? "term" : "terms"
                : ret->phrases == 1     ? "phrase"
                                        : "phrases";
    int rc = value_of(s, &ret->subject, "title", &ret->title);
    return rc == COACH_OK ? value_of(s, &ret->subject, "about", &ret->about) : rc;
}

/* What the rule looks for; of a rule that does not say, what its card is called. */
static const char *looks_for(const struct line *l)
{
    const char *text = l->about.value != NULL ? l->about.value : l->title.value;
    return text == NULL ? "" : text;
}

/* Who had a say: the site whose rule it is, or that changes it. */
static const char *site_of(const struct line *l)
{
    if (l->subject.file->site.node != NULL)
        return l->subject.file->site.s;
    const struct site_target *t = l->subject.target;
    return t != NULL && t->change_count > 0 ? t->changes[0]->by->file->site.s : NULL;
}

static void print_json(const struct line *l, FILE *to)
{
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "rule", l->rule->id.s);
    json_int(&j, "rev", l->rule->rev.node != NULL ? l->rule->rev.value : 1);
    json_text(&j, "category", l->rule->category.s);
    json_text(&j, "severity", l->severity);
    json_text(&j, "mode", l->mode);
    json_text(&j, "body", l->body);
    json_int(&j, "phrases", (int64_t)l->phrases);
    json_text(&j, "title", l->title.value == NULL ? "" : l->title.value);
    json_text(&j, "about", l->about.value);
    json_text(&j, "site", site_of(l));
    show_json_place(&j, &l->rule->id.node->at, NULL);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(out.data, to);
    buf_clear(&out);
}

static void body_text(const struct line *l, char out[40])
{
    if (l->phrases > 0)
        snprintf(out, 40, "%zu %s", l->phrases, l->body);
    else
        snprintf(out, 40, "%s", l->body);
}

/* A text inside a table: what would end its cell is escaped. */
static void print_cell(const struct show *s, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "|");
        screen_text(&s->screen, text, n);
        text += n;
        if (*text == '|') {
            fputs("\\|", s->screen.to);
            text++;
        }
    }
}

static void print_site(const struct show *s, const struct line *l)
{
    if (site_of(l) != NULL)
        fprintf(s->screen.to, " (site %s)", site_of(l));
}

static void print_line(const struct show *s, const struct line *l, int width)
{
    char body[40];
    body_text(l, body);
    fprintf(s->screen.to, "%-*s  %-10s  %-9s  %-8s  %-12s  ", width, l->rule->id.s, l->rule->category.s, l->severity,
            l->mode, body);
    show_text(s, looks_for(l));
    print_site(s, l);
    fputc('\n', s->screen.to);
}

/* A rule that is not live says so beside its severity. */
static void print_row(const struct show *s, const struct line *l)
{
    bool live = strcmp(l->mode, rule_mode_name(RULE_LIVE)) == 0;
    fprintf(s->screen.to, "| `%s` | %s | %s%s%s | ", l->rule->id.s, l->speaker, l->severity, live ? "" : ", ",
            live ? "" : l->mode);
    print_cell(s, looks_for(l));
    print_site(s, l);
    fputs(" |\n", s->screen.to);
}

/* --- all rules --- */

static int print_one(struct show *s, const struct def_rule *r, int width)
{
    struct line l;
    int rc = fill(s, r, &l);
    if (rc != COACH_OK)
        return rc;
    if (s->json)
        print_json(&l, s->screen.to);
    else if (s->markdown)
        print_row(s, &l);
    else
        print_line(s, &l, width);
    return COACH_OK;
}

static int print_lines(struct show *s)
{
    int width = 0, rc = COACH_OK;
    const struct table *rules = &s->pack->rules;
    for (struct table_entry *e = table_next(rules, NULL); e != NULL; e = table_next(rules, e)) {
        int len = (int)strlen(table_key(e, NULL));
        width = len > width ? len : width;
    }
    for (struct table_entry *e = table_next(rules, NULL); e != NULL && rc == COACH_OK; e = table_next(rules, e))
        rc = print_one(s, table_value(e), width);
    return rc;
}

/* The table of the rules of one category, which `first` is the first of. */
static int print_category(struct show *s, struct table_entry *first)
{
    const char *category = ((const struct def_rule *)table_value(first))->category.s;
    int rc = COACH_OK;
    fprintf(s->screen.to, "### %s\n\n| rule | set off by | severity | looks for |\n|---|---|---|---|\n", category);
    for (struct table_entry *e = first; e != NULL && rc == COACH_OK; e = table_next(&s->pack->rules, e)) {
        const struct def_rule *r = table_value(e);
        if (strcmp(r->category.s, category) == 0)
            rc = print_one(s, r, 0);
    }
    return rc;
}

/* A table for each category, in the order in which their first rules stand in the files. */
static int print_tables(struct show *s)
{
    struct table seen;
    int rc = COACH_OK;
    bool any = false;
    table_init(&seen, NULL);
    for (struct table_entry *e = table_next(&s->pack->rules, NULL); e != NULL && rc == COACH_OK;
         e = table_next(&s->pack->rules, e)) {
        struct def_rule *r = table_value(e);
        size_t len = strlen(r->category.s);
        if (table_get(&seen, r->category.s, len) != NULL)
            continue;
        if (any)
            fputc('\n', s->screen.to);
        any = true;
        rc = table_set(&seen, r->category.s, len, r);
        if (rc == COACH_OK)
            rc = print_category(s, e);
    }
    table_clear(&seen);
    return rc;
}

int show_list(struct show *s)
{
    int rc = s->markdown ? print_tables(s) : print_lines(s);
    return rc == COACH_OK ? CLI_OK : cli_fail("show", "out of memory");
}
