#include "daemon/cli/timing.h"

#include <string.h>

static void put_seconds(const struct screen *s, const char *name, int64_t ms)
{
    fprintf(s->to, "%s %.2f s", name, (double)ms / 1000);
}

static void put_spread(const struct screen *s, const char *name, const struct timing_spread *spread)
{
    fprintf(s->to, "    %-24s", name);
    if (spread->count == 0) {
        fputs("none\n", s->to);
        return;
    }
    put_seconds(s, "p50", spread->p50);
    put_seconds(s, ", p90", spread->p90);
    put_seconds(s, ", p99", spread->p99);
    fprintf(s->to, "  (of %llu)\n", (unsigned long long)spread->count);
}

static void put_count(const struct screen *s, const char *name, uint64_t n)
{
    fprintf(s->to, "    %-24s%llu\n", name, (unsigned long long)n);
}

static void put_held(const struct screen *s, const struct timing_figures *f)
{
    for (int i = ENGINE_SHOWN + 1; i < ENGINE_HELD_COUNT; i++) {
        char name[40];
        if (f->held[i] == 0)
            continue;
        snprintf(name, sizeof name, "held back: %s", engine_held_name((enum engine_held)i));
        put_count(s, name, f->held[i]);
    }
}

static void put_withdrawn(const struct screen *s, const struct timing_figures *f)
{
    fputs("  taken back\n", s->to);
    put_count(s, "findings", f->withdrawn);
    put_count(s, "cards", f->withdrawn_cards);
    if (f->stood.count > 0)
        put_spread(s, "a card stood", &f->stood);
    for (size_t i = 0; i < f->withdrawn_rule_count; i++) {
        fprintf(s->to, "    %llu of ", (unsigned long long)f->withdrawn_rules[i].count);
        screen_text(s, f->withdrawn_rules[i].rule, strlen(f->withdrawn_rules[i].rule));
        fputc('\n', s->to);
    }
}

void print_timing(const struct screen *s, const struct timing_figures *f)
{
    fputc('\n', s->to);
    screen_heading(s, "timing");
    fputs("  findings, each rule's own limits considered\n", s->to);
    put_count(s, "all", f->findings);
    put_count(s, "shown", f->shown);
    put_held(s, f);
    fputs("  decided by an interim result\n", s->to);
    put_count(s, "findings", f->by_interim);
    put_spread(s, "before the final", &f->lead);
    put_withdrawn(s, f);
    fputs("  from the end of the words to the card\n", s->to);
    put_spread(s, "in all", &f->late);
    put_spread(s, "until the words arrived", &f->recogniser);
    put_spread(s, "from there to the card", &f->own);
    put_count(s, "later than 5 s", f->too_late);
    fputs("  what conversations lack, from when it was noticed to the card\n", s->to);
    put_spread(s, "in all", &f->noticed);
}
