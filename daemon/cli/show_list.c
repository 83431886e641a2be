/* coach show --list: a line for each rule. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/show.h"

/* What a line says of a rule. */
struct line {
    struct origin_subject subject;
    const struct def_rule *rule;
    struct origin_row title;
    const char *severity, *mode, *body;
    size_t phrases;
};

static const struct key *title_key(void)
{
    size_t n, k = 0;
    const struct key *keys = override_keys_of(OVERRIDE_RULE, &n);
    while (strcmp(keys[k].name, "title") != 0)
        k++;
    return &keys[k];
}

static int fill(struct show *s, const struct def_rule *r, struct line *ret)
{
    *ret = (struct line){.subject = origin_subject_of(s->pack, OVERRIDE_RULE, r), .rule = r};
    const struct rulefile *f = ret->subject.file;
    ret->severity = rule_severity_name(pack_severity(f, r));
    ret->mode = rule_mode_name(pack_mode(f, r));
    ret->phrases = r->swap.count > 0 ? r->swap.count : r->says.count;
    ret->body = r->when.node != NULL    ? "conversation"
                : r->regex.node != NULL ? "regex"
                : r->swap.count > 0     ? ret->phrases == 1 ? "term" : "terms"
                : ret->phrases == 1     ? "phrase"
                                        : "phrases";
    int rc = origin_value(s->pack, &ret->subject, title_key(), false, &s->memory, &ret->title);
    if (ret->title.value == NULL)
        ret->title.value = "";
    return rc;
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
    json_text(&j, "title", l->title.value);
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

static void print_line(const struct show *s, const struct line *l, int width)
{
    FILE *to = s->screen.to;
    char body[40];
    body_text(l, body);
    if (s->markdown) {
        fprintf(to, "| `%s` | %s | %s | %s | %s | ", l->rule->id.s, l->rule->category.s, l->severity, l->mode, body);
        print_cell(s, l->title.value);
        fputs(" |\n", to);
        return;
    }
    fprintf(to, "%-*s  %-10s  %-9s  %-8s  %-12s  ", width, l->rule->id.s, l->rule->category.s, l->severity, l->mode,
            body);
    show_text(s, l->title.value);
    if (site_of(l) != NULL)
        fprintf(to, " (site %s)", site_of(l));
    fputc('\n', to);
}

int show_list(struct show *s)
{
    int width = 0;
    const struct table *rules = &s->pack->rules;
    for (struct table_entry *e = table_next(rules, NULL); e != NULL; e = table_next(rules, e)) {
        int len = (int)strlen(table_key(e, NULL));
        width = len > width ? len : width;
    }
    if (s->markdown)
        fputs("| rule | category | severity | mode | set off by | title |\n|---|---|---|---|---|---|\n", s->screen.to);
    for (struct table_entry *e = table_next(rules, NULL); e != NULL; e = table_next(rules, e)) {
        struct line l;
        if (fill(s, table_value(e), &l) != COACH_OK)
            return cli_fail("show", "out of memory");
        if (s->json)
            print_json(&l, s->screen.to);
        else
            print_line(s, &l, width);
    }
    return CLI_OK;
}
