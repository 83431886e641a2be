#include "lib/eval/summaries.h"

#include <stdlib.h>
#include <string.h>

#include "lib/wire/json.h"

void summaries_init(struct summaries *s)
{
    *s = (struct summaries){0};
    arena_init(&s->memory);
    table_init(&s->live, NULL);
}

void summaries_clear(struct summaries *s)
{
    for (size_t i = 0; i < s->count; i++)
        summary_clear(&s->entries[i]->summary);
    table_clear(&s->live);
    arena_clear(&s->memory);
    *s = (struct summaries){0};
}

static struct summary_entry *entry_of(struct summaries *s, const struct call *call)
{
    const char *id = call_id(call);
    struct summary_entry *e = table_get(&s->live, id, strlen(id));
    if (e != NULL)
        return e;
    e = arena_alloc(&s->memory, sizeof *e);
    if (e == NULL || (e->call_id = arena_str(&s->memory, id)) == NULL ||
        arena_grow(&s->memory, &s->entries, s->count, &s->cap, sizeof *s->entries) != COACH_OK ||
        table_set(&s->live, id, strlen(id), e) != COACH_OK)
        return NULL;
    s->entries[s->count++] = e;
    return e;
}

int summaries_add(struct summaries *s, const struct ruleset *set, const struct call *call,
                  const struct wire_event *event, const struct engine_results *results)
{
    struct summary_entry *e = entry_of(s, call);
    if (e == NULL)
        return COACH_ENOMEM;
    int rc = summary_add(&e->summary, set, call, &s->ear, results);
    e->counts = *call_counts(call);
    if (event != NULL && event->type == WIRE_CALL_END)
        table_remove(&s->live, e->call_id, strlen(e->call_id));
    return rc;
}

void summaries_end_file(struct summaries *s)
{
    table_clear(&s->live);
    table_init(&s->live, NULL);
}

/* --- together --- */

/* The row of a name, or (`name` NULL) of a category; made if need be. */
static struct summary_row *row_of(struct summaries *s, struct summary_totals *t, size_t *cap, const char *category,
                                  const char *name)
{
    for (size_t i = 0; i < t->row_count; i++) {
        struct summary_row *r = &t->rows[i];
        if (strcmp(r->category, category) == 0 &&
            (name == NULL || r->name == NULL ? name == r->name : strcmp(r->name, name) == 0))
            return r;
    }
    if (arena_grow(&s->memory, &t->rows, t->row_count, cap, sizeof *t->rows) != COACH_OK)
        return NULL;
    struct summary_row *r = &t->rows[t->row_count++];
    *r = (struct summary_row){.name = name, .category = category};
    return r;
}

static void add_to_row(struct summary_row *r, const struct summary_item *item)
{
    r->found += item->found;
    r->shown += item->shown;
    for (int t = 0; t < SUMMARY_TRIGGERS; t++)
        r->before[t] += item->before[t];
}

static bool is_new_category(const struct call_summary *s, size_t item)
{
    for (size_t i = 0; i < item; i++)
        if (s->items[i].found > 0 && strcmp(s->items[i].category, s->items[item].category) == 0)
            return false;
    return true;
}

static int add_items(struct summaries *s, const struct call_summary *from, struct summary_totals *t, size_t *cap)
{
    for (size_t i = 0; i < from->item_count; i++) {
        const struct summary_item *item = &from->items[i];
        if (item->found == 0)
            continue;
        struct summary_row *row = row_of(s, t, cap, item->category, item->name);
        if (row == NULL)
            return COACH_ENOMEM;
        add_to_row(row, item);
        row->calls++;
        if (item->category[0] == '\0')
            continue;
        if ((row = row_of(s, t, cap, item->category, NULL)) == NULL)
            return COACH_ENOMEM;
        add_to_row(row, item);
        row->calls += is_new_category(from, i);
    }
    return COACH_OK;
}

static void add_counts(const struct summary_entry *e, struct summary_totals *t)
{
    const struct call_summary *s = &e->summary;
    t->calls++;
    t->lines += e->counts.lines;
    t->agent_turns += s->agent_turns;
    t->shown += e->counts.shown;
    t->withdrawn += e->counts.withdrawn;
    t->asked += s->asked;
    t->followed += s->followed;
    t->promises += s->promise_count;
    t->left_out += s->left_out;
    for (int i = 0; i < ENGINE_HELD_COUNT; i++)
        t->held[i] += e->counts.held[i];
    for (int i = 0; i < SUMMARY_TRIGGERS; i++) {
        t->triggers[i] += s->triggers[i];
        t->trigger_calls[i] += s->triggers[i] > 0;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct summary_row *x = a, *y = b;
    int order = strcmp(x->category, y->category);
    if (order != 0 || x->name == NULL || y->name == NULL)
        return order != 0 ? order : (x->name != NULL) - (y->name != NULL);
    return strcmp(x->name, y->name);
}

int summaries_total(struct summaries *s, struct summary_totals *ret)
{
    size_t cap = 0;
    *ret = (struct summary_totals){0};
    for (size_t i = 0; i < s->count; i++) {
        add_counts(s->entries[i], ret);
        int rc = add_items(s, &s->entries[i]->summary, ret, &cap);
        if (rc != COACH_OK)
            return rc;
    }
    if (ret->row_count > 0)
        qsort(ret->rows, ret->row_count, sizeof *ret->rows, by_name);
    return COACH_OK;
}

/* --- as JSON --- */

static double share(uint64_t part, uint64_t of, double times)
{
    return of == 0 ? 0 : (double)part * times / (double)of;
}

static void write_rows(const struct summary_totals *t, struct json_out *j, const char *key, bool categories)
{
    json_open_array(j, key);
    for (size_t i = 0; i < t->row_count; i++) {
        const struct summary_row *r = &t->rows[i];
        if (r->category[0] == '\0' || (r->name == NULL) != categories)
            continue;
        json_open_object(j, NULL);
        json_text(j, "rule", r->name);
        json_text(j, "category", r->category);
        json_int(j, "found", (int64_t)r->found);
        json_int(j, "shown", (int64_t)r->shown);
        json_int(j, "calls", (int64_t)r->calls);
        json_decimal(j, "per_call", share(r->found, t->calls, 1));
        json_decimal(j, "per_100_agent_turns", share(r->found, t->agent_turns, 100));
        json_close_object(j);
    }
    json_close_array(j);
}

static void write_triggers(const struct summary_totals *t, struct json_out *j)
{
    json_open_array(j, "triggers");
    for (int i = 0; i < SUMMARY_TRIGGERS; i++) {
        json_open_object(j, NULL);
        json_text(j, "trigger", summary_trigger_name((enum summary_trigger)i));
        json_int(j, "times", (int64_t)t->triggers[i]);
        json_int(j, "calls", (int64_t)t->trigger_calls[i]);
        json_open_object(j, "before");
        for (size_t k = 0; k < t->row_count; k++)
            if (t->rows[k].name != NULL && t->rows[k].before[i] > 0)
                json_int(j, t->rows[k].name, (int64_t)t->rows[k].before[i]);
        json_close_object(j);
        json_close_object(j);
    }
    json_close_array(j);
}

int summary_totals_write(const struct summary_totals *t, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "summary_total");
    json_int(&j, "calls", (int64_t)t->calls);
    json_int(&j, "lines", (int64_t)t->lines);
    json_int(&j, "agent_turns", (int64_t)t->agent_turns);
    write_rows(t, &j, "categories", true);
    write_rows(t, &j, "rules", false);
    json_open_object(&j, "nudges");
    json_int(&j, "shown", (int64_t)t->shown);
    json_open_object(&j, "held");
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++)
        if (t->held[i] > 0)
            json_int(&j, engine_held_name((enum engine_held)i), (int64_t)t->held[i]);
    json_close_object(&j);
    json_int(&j, "withdrawn", (int64_t)t->withdrawn);
    json_int(&j, "asked", (int64_t)t->asked);
    json_int(&j, "followed", (int64_t)t->followed);
    json_close_object(&j);
    json_int(&j, "promises", (int64_t)t->promises);
    write_triggers(t, &j);
    json_close_object(&j);
    return json_out_end(&j, true);
}
