/* coach show --diff: what the sites change in the packs, rule by rule and field by field. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/show.h"

/* --- one change --- */

static void print_set(struct show *s, const struct def_change *c, const struct origin_row *was,
                      const struct origin_row *is)
{
    FILE *to = s->screen.to;
    size_t used = (size_t)fprintf(to, "  ~ %s: ", c->key->name);
    if (was->value != NULL)
        used += show_text(s, was->value) + (size_t)fprintf(to, " -> ");
    used += show_text(s, is->value);
    show_origin(s, used, ORIGIN_SITE, &is->at, NULL);
}

static void print_item(struct show *s, const struct def_change *c, size_t i)
{
    const struct yaml_node *node = site_item(c->key, c->value, i);
    bool add = c->verb == OVERRIDE_ADD;
    size_t used = (size_t)fprintf(s->screen.to, "  %c %s: ", add ? '+' : '-', c->key->name);
    used += show_text(s, node->text);
    if (add && c->key->kind == KEY_SWAP)
        used +=
            (size_t)fprintf(s->screen.to, ": ") + show_text(s, ((const struct def_phrases *)c->value)->items[i].plain);
    show_origin(s, used, ORIGIN_SITE, &node->at, NULL);
}

static int print_change(struct show *s, const struct origin_subject *subject, const struct def_change *c)
{
    struct origin_row was, is;
    if (c->verb != OVERRIDE_SET) {
        for (size_t i = 0; i < site_item_count(c->key, c->value); i++)
            if (site_item_counts(subject->target, c, i))
                print_item(s, c, i);
        return COACH_OK;
    }
    int rc = origin_value(s->pack, subject, c->key, true, &s->memory, &was);
    if (rc == COACH_OK)
        rc = origin_value(s->pack, subject, c->key, false, &s->memory, &is);
    if (rc == COACH_OK)
        print_set(s, c, &was, &is);
    return rc;
}

static int json_change(struct show *s, struct json_out *j, const struct origin_subject *subject,
                       const struct def_change *c)
{
    struct origin_row was = {0}, is = {.at = c->node->at};
    int rc = COACH_OK;
    if (c->verb == OVERRIDE_SET) {
        rc = origin_value(s->pack, subject, c->key, true, &s->memory, &was);
        if (rc == COACH_OK)
            rc = origin_value(s->pack, subject, c->key, false, &s->memory, &is);
    }
    size_t n = c->verb == OVERRIDE_SET ? 1 : site_item_count(c->key, c->value);
    for (size_t i = 0; i < n && rc == COACH_OK; i++) {
        const struct yaml_node *item = c->verb == OVERRIDE_SET ? NULL : site_item(c->key, c->value, i);
        if (item != NULL && !site_item_counts(subject->target, c, i))
            continue;
        json_open_object(j, NULL);
        json_text(j, "change", override_verb_name(c->verb));
        json_text(j, "field", c->key->name);
        json_text(j, "before", was.value);
        json_text(j, "value", item != NULL ? item->text : is.value);
        show_json_place(j, item != NULL ? &item->at : &is.at, c->by);
        json_close_object(j);
    }
    return rc;
}

/* --- one subject --- */

static int print_target(struct show *s, const struct site_target *t)
{
    struct origin_subject subject = origin_subject_of(s->pack, t->kind, t->def);
    const struct def_override *by = NULL;
    char heading[160];
    snprintf(heading, sizeof heading, "%s %s", override_kind_name(t->kind), subject.name);
    screen_heading(&s->screen, heading);
    int rc = COACH_OK;
    for (size_t i = 0; i < t->change_count && rc == COACH_OK; i++) {
        if (t->changes[i]->by != by) {
            by = t->changes[i]->by;
            size_t used = (size_t)fprintf(s->screen.to, "  because ") + show_text(s, by->because.s);
            show_origin(s, used, ORIGIN_SITE, &by->node->at, NULL);
        }
        rc = print_change(s, &subject, t->changes[i]);
    }
    return rc;
}

static int json_target(struct show *s, const struct site_target *t)
{
    struct origin_subject subject = origin_subject_of(s->pack, t->kind, t->def);
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "kind", override_kind_name(t->kind));
    json_text(&j, "name", subject.name);
    json_open_array(&j, "changes");
    int rc = COACH_OK;
    for (size_t i = 0; i < t->change_count && rc == COACH_OK; i++)
        rc = json_change(s, &j, &subject, t->changes[i]);
    json_close_array(&j);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(out.data, s->screen.to);
    buf_clear(&out);
    return rc;
}

/* --- what sites add --- */

/* A thing of a site's own: `value` of a limit, else NULL. */
static void print_own(struct show *s, const char *kind, const struct rulefile *f, const char *name,
                      const struct yaml_node *at, const char *value)
{
    if (!s->json) {
        size_t used = (size_t)fprintf(s->screen.to, value == NULL ? "new %s %s" : "%s %s: ", kind, name);
        if (value != NULL)
            used += show_text(s, value);
        show_origin(s, used, ORIGIN_SITE, &at->at, NULL);
        return;
    }
    struct buf out;
    struct json_out j;
    buf_init(&out, 0);
    json_out_begin(&j, &out);
    json_open_object(&j, NULL);
    json_text(&j, "kind", kind);
    json_text(&j, "name", name);
    json_text(&j, "value", value);
    json_text(&j, "site", f->site.s);
    show_json_place(&j, &at->at, NULL);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(out.data, s->screen.to);
    buf_clear(&out);
}

/* Returns how much a site's file adds of its own. */
static size_t print_file(struct show *s, const struct rulefile *f)
{
    const struct def_limits *l = &f->limits;
    const struct yaml_node *const limits[] = {l->per_call.node, l->gap.node, l->defer.node, l->stale.node};
    static const char *const names[] = {"per_call", "gap", "defer", "stale"};
    size_t n = f->rule_count + f->signal_count + f->list_count;
    for (size_t i = 0; i < f->rule_count; i++)
        print_own(s, "rule", f, f->rules[i].id.s, f->rules[i].id.node, NULL);
    for (size_t i = 0; i < f->signal_count; i++)
        print_own(s, "signal", f, f->signals[i].id.s, f->signals[i].id.node, NULL);
    for (size_t i = 0; i < f->list_count; i++)
        print_own(s, "list", f, f->lists[i].name, f->lists[i].node, NULL);
    for (size_t i = 0; i < 4; i++) {
        if (limits[i] == NULL)
            continue;
        print_own(s, "limit", f, names[i], limits[i], limits[i]->text);
        n++;
    }
    return n;
}

int show_diff(struct show *s)
{
    const struct table *targets = &s->pack->site.targets;
    size_t found = 0;
    int rc = COACH_OK;
    for (struct table_entry *e = table_next(targets, NULL); e != NULL && rc == COACH_OK; e = table_next(targets, e)) {
        const struct site_target *t = table_value(e);
        found += t->change_count > 0;
        if (t->change_count > 0)
            rc = s->json ? json_target(s, t) : print_target(s, t);
    }
    for (size_t i = 0; i < s->pack->file_count && rc == COACH_OK; i++)
        if (s->pack->files[i].site.node != NULL)
            found += print_file(s, &s->pack->files[i]);
    if (rc != COACH_OK)
        return cli_fail("show", "out of memory");
    if (found == 0 && !s->json)
        fputs("no site changes anything\n", s->screen.to);
    return found > 0 ? CLI_FOUND : CLI_OK;
}
