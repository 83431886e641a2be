#include "lib/eval/record.h"

static void write_findings(const struct call_summary *s, struct json_out *j)
{
    json_open_array(j, "findings");
    for (size_t i = 0; i < s->item_count; i++) {
        const struct summary_item *item = &s->items[i];
        if (item->category[0] == '\0' || item->found == 0)
            continue;
        json_open_object(j, NULL);
        json_text(j, "rule", item->name);
        json_text(j, "category", item->category);
        json_int(j, "found", item->found);
        json_int(j, "shown", item->shown);
        json_int(j, "first_ms", item->first_ms);
        json_close_object(j);
    }
    json_close_array(j);
}

static void write_nudges(const struct call_summary *s, const struct call_counts *counts, struct json_out *j)
{
    uint64_t all = 0;
    json_open_object(j, "nudges");
    json_int(j, "shown", (int64_t)(counts->shown - s->counts_before.shown));
    json_open_object(j, "held");
    for (int held = ENGINE_SHOWN + 1; held < ENGINE_HELD_COUNT; held++) {
        uint64_t n = counts->held[held] - s->counts_before.held[held];
        if (n == 0 || held == ENGINE_SHADOW)
            continue;
        json_int(j, engine_held_name((enum engine_held)held), (int64_t)n);
        all += n;
    }
    json_close_object(j);
    json_int(j, "held_total", (int64_t)all);
    json_int(j, "withdrawn", (int64_t)(counts->withdrawn - s->counts_before.withdrawn));
    json_int(j, "asked", s->asked);
    json_int(j, "followed", s->followed);
    json_open_array(j, "followed_ids");
    for (size_t i = 0; i < s->card_count; i++)
        if (s->cards[i].followed)
            json_text(j, NULL, s->cards[i].nudge_id);
    json_close_array(j);
    json_close_object(j);
}

static void write_promises(const struct call_summary *s, struct json_out *j)
{
    json_open_array(j, "promises");
    for (size_t i = 0; i < s->promise_count; i++) {
        json_open_object(j, NULL);
        json_text(j, "segment_id", s->promises[i].segment_id);
        json_int(j, "at_ms", s->promises[i].at_ms);
        json_close_object(j);
    }
    json_close_array(j);
}

static void write_before(const struct call_summary *s, struct json_out *j, int t)
{
    json_open_object(j, "before");
    for (size_t i = 0; i < s->item_count; i++)
        if (s->items[i].before[t] > 0)
            json_int(j, s->items[i].name, s->items[i].before[t]);
    json_close_object(j);
}

static void write_triggers(const struct call_summary *s, struct json_out *j)
{
    json_open_array(j, "triggers");
    for (int t = 0; t < SUMMARY_TRIGGERS; t++) {
        if (s->triggers[t] == 0)
            continue;
        json_open_object(j, NULL);
        json_text(j, "trigger", summary_trigger_name((enum summary_trigger)t));
        json_int(j, "times", s->triggers[t]);
        json_int(j, "first_ms", s->trigger_first_ms[t]);
        write_before(s, j, t);
        json_close_object(j);
    }
    json_close_array(j);
}

void record_write(const struct call_summary *s, const struct call_counts *counts, struct json_out *j, const char *key)
{
    json_open_object(j, key);
    json_int(j, "lines", (int64_t)(counts->lines - s->counts_before.lines));
    json_int(j, "agent_turns", s->agent_turns);
    write_findings(s, j);
    write_nudges(s, counts, j);
    write_promises(s, j);
    write_triggers(s, j);
    if (s->left_out > 0)
        json_int(j, "left_out", s->left_out);
    json_close_object(j);
}
