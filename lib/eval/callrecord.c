#include "lib/eval/callrecord.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/base/utf8.h"
#include "lib/eval/calltest.h"

/* How a test's times are written, coarsest first. */
struct grain {
    int64_t unit_ms;
    int decimals;
    bool ends; /* "00:04-00:08" */
};
static const struct grain grains[] = {{1000, 0, false}, {1000, 0, true}, {100, 1, true}, {10, 2, true}, {1, 3, true}};
enum { GRAINS = sizeof grains / sizeof *grains };

/* --- the lines of the call --- */

struct draft {
    struct arena memory;
    struct screenplay exact; /* with the recording's own times, and "call end" */
    struct table heard;      /* finals, to know a repeat */
    size_t cap;
};

static bool is_unwritten(uint32_t cp)
{
    return cp <= 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e || cp == 0x200f ||
           (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff || (cp & 0xfffe) == 0xfffe;
}

/* A copy on one line, without what a rule file may not hold. NULL when memory is out. */
static char *one_line(struct arena *memory, const struct wire_text *text)
{
    char *copy = arena_alloc(memory, text->len + 1);
    size_t n = 0;
    for (size_t i = 0, len; i < text->len && copy != NULL; i += len) {
        uint32_t cp;
        len = utf8_next(text->s + i, &cp);
        if (!is_unwritten(cp)) {
            memcpy(copy + n, text->s + i, len);
            n += len;
        } else if (n > 0 && copy[n - 1] != ' ') {
            copy[n++] = ' ';
        }
    }
    if (n > 0 && copy[n - 1] == ' ')
        copy[--n] = '\0';
    return copy;
}

/* Whether the same final was heard before. */
static int is_repeat(struct draft *d, const struct wire_event *e, bool *ret)
{
    *ret = false;
    if (e->segment_id.s == NULL)
        return COACH_OK;
    char *key = arena_fmt(&d->memory, "%d/%s/%s/%s", (int)e->role, e->channel.s == NULL ? "" : e->channel.s,
                          e->segment_id.s, e->text.s);
    if (key == NULL)
        return COACH_ENOMEM;
    *ret = table_get(&d->heard, key, strlen(key)) != NULL;
    return table_set(&d->heard, key, strlen(key), d);
}

static int64_t not_negative(int64_t ms)
{
    return ms < 0 && ms != COACH_NO_TIME ? 0 : ms;
}

static int add_line(struct draft *d, const struct screenplay_line *line)
{
    int rc = arena_grow(&d->memory, &d->exact.lines, d->exact.line_count, &d->cap, sizeof *line);
    if (rc == COACH_OK)
        d->exact.lines[d->exact.line_count++] = *line;
    return rc;
}

/* What was said of the agent's state while a line was still on its way stands above it, no later than it. */
static void move_states(struct draft *d, int64_t end_ms)
{
    for (size_t i = d->exact.line_count; i > 0 && d->exact.lines[i - 1].kind != SCREENPLAY_SAYS; i--)
        if (d->exact.lines[i - 1].start_ms > end_ms)
            d->exact.lines[i - 1].start_ms = end_ms;
}

static int take_speech(struct draft *d, const struct wire_event *e)
{
    bool repeat;
    int rc = is_repeat(d, e, &repeat);
    if (rc != COACH_OK || repeat)
        return rc;
    char *text = one_line(&d->memory, &e->text);
    if (text == NULL)
        return COACH_ENOMEM;
    if (*text == '\0')
        return COACH_OK;
    bool known = e->role == COACH_ROLE_AGENT || e->role == COACH_ROLE_CUSTOMER;
    int64_t end = e->end_ms != COACH_NO_TIME ? e->end_ms : recording_arrival(e);
    int64_t start = e->start_ms != COACH_NO_TIME ? e->start_ms : end;
    const struct screenplay_line line = {.kind = SCREENPLAY_SAYS,
                                         .start_ms = not_negative(start),
                                         .end_ms = not_negative(e->end_ms),
                                         .role = known ? e->role : COACH_ROLE_SYSTEM,
                                         .text = text,
                                         .text_len = strlen(text)};
    move_states(d, not_negative(end));
    return add_line(d, &line);
}

static bool is_of(const struct wire_event *e, const char *call_id)
{
    return e->call_id.len == strlen(call_id) && memcmp(e->call_id.s, call_id, e->call_id.len) == 0;
}

static int take_state(struct draft *d, const struct wire_event *e, int64_t at_ms)
{
    static const enum screenplay_kind kinds[] = {SCREENPLAY_BACK, SCREENPLAY_HOLD, SCREENPLAY_LOOKUP};
    const struct screenplay_line line = {.kind = kinds[e->state], .start_ms = at_ms, .end_ms = COACH_NO_TIME};
    return add_line(d, &line);
}

/* When an event happened, on the clock of the call's lines; what has no time but that of its arrival is placed by how
 * much the line before it arrived after its words. */
static int64_t clock_of(const struct wire_event *e, int64_t *behind_ms)
{
    if (e->recv_ms == COACH_NO_TIME)
        return recording_arrival(e);
    int64_t end = e->end_ms != COACH_NO_TIME ? e->end_ms : e->start_ms;
    if (end != COACH_NO_TIME)
        *behind_ms = e->recv_ms - end;
    return e->recv_ms - *behind_ms;
}

static int take_lines(struct draft *d, const struct recording *recording, const char *call_id)
{
    int64_t end_ms = 0, behind_ms = 0;
    int rc = COACH_OK;
    for (size_t i = 0; i < recording->count && rc == COACH_OK; i++) {
        const struct wire_event *e = &recording->events[i];
        if (!is_of(e, call_id))
            continue;
        int64_t at = clock_of(e, &behind_ms);
        end_ms = at > end_ms ? at : end_ms;
        if (e->type == WIRE_TRANSCRIPT && e->is_final)
            rc = take_speech(d, e);
        else if (e->type == WIRE_STATE)
            rc = take_state(d, e, end_ms);
    }
    if (rc == COACH_OK && d->exact.line_count == 0)
        rc = COACH_EINVAL;
    const struct screenplay_line end = {.kind = SCREENPLAY_CALL_END, .start_ms = end_ms, .end_ms = COACH_NO_TIME};
    return rc == COACH_OK ? add_line(d, &end) : rc;
}

static bool can_be_written(const struct screenplay *play)
{
    for (size_t i = 1; i < play->line_count; i++)
        if (!screenplay_in_order(&play->lines[i - 1], &play->lines[i]))
            return false;
    return true;
}

/* --- how coarse its times may be --- */

static int64_t rounded(int64_t ms, int64_t unit)
{
    return ms == COACH_NO_TIME ? ms : (ms + unit / 2) / unit * unit;
}

static void round_times(const struct screenplay *exact, const struct grain *grain, struct screenplay *ret)
{
    for (size_t i = 0; i < exact->line_count; i++) {
        ret->lines[i] = exact->lines[i];
        ret->lines[i].start_ms = rounded(exact->lines[i].start_ms, grain->unit_ms);
        ret->lines[i].end_ms = grain->ends ? rounded(exact->lines[i].end_ms, grain->unit_ms) : COACH_NO_TIME;
    }
}

static size_t count_of(const struct calltest *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->finding_count; i++)
        n += calltest_counts(&t->findings[i]);
    return n;
}

static bool has(const struct calltest *t, const struct calltest_finding *f)
{
    for (size_t i = 0; i < t->finding_count; i++)
        if (calltest_counts(&t->findings[i]) && t->findings[i].line == f->line && t->findings[i].rule == f->rule)
            return true;
    return false;
}

static bool same(const struct calltest *a, const struct calltest *b)
{
    bool all = count_of(a) == count_of(b);
    for (size_t i = 0; i < a->finding_count && all; i++)
        all = !calltest_counts(&a->findings[i]) || has(b, &a->findings[i]);
    return all;
}

/* Whether the screenplay gives the findings of `found`. */
static int gives(const struct screenplay *play, const struct ruleset *set, const struct calltest *found, bool *ret)
{
    struct calltest now;
    *ret = false;
    if (!can_be_written(play))
        return COACH_OK;
    int rc = calltest_find(play, set, &now);
    if (rc == COACH_OK)
        *ret = same(&now, found);
    calltest_clear(&now);
    return rc;
}

/* The coarsest times, and whether "call end" is left out, that give the findings of `found`. */
static int settle(const struct draft *d, const struct ruleset *set, const struct calltest *found,
                  struct screenplay *ret, const struct grain **grain)
{
    for (size_t i = 0; i < GRAINS; i++)
        for (size_t end = 0; end < 2; end++) {
            bool fits;
            *grain = &grains[i];
            round_times(&d->exact, *grain, ret);
            ret->line_count = d->exact.line_count - 1 + end;
            int rc = gives(ret, set, found, &fits);
            if (rc != COACH_OK || fits)
                return rc;
        }
    return COACH_ELIMIT;
}

/* --- the text --- */

static int write_time(int64_t ms, int decimals, struct buf *out)
{
    int64_t seconds = ms / 1000, minutes = seconds / 60, unit = decimals == 1 ? 100 : decimals == 2 ? 10 : 1;
    int rc = minutes < 60
                 ? buf_addf(out, "%02d:%02d", (int)minutes, (int)(seconds % 60))
                 : buf_addf(out, "%d:%02d:%02d", (int)(minutes / 60), (int)(minutes % 60), (int)(seconds % 60));
    return rc == COACH_OK && decimals > 0 ? buf_addf(out, ".%0*d", decimals, (int)(ms % 1000 / unit)) : rc;
}

static int write_line(const struct screenplay_line *line, const struct grain *grain, struct buf *out)
{
    static const char *const speakers[] = {"system", "agent", "customer", "system"}; /* by role */
    int rc = buf_adds(out, "      ");
    if (rc == COACH_OK)
        rc = write_time(line->start_ms, grain->decimals, out);
    if (rc == COACH_OK && line->end_ms != COACH_NO_TIME)
        rc = buf_adds(out, "-");
    if (rc == COACH_OK && line->end_ms != COACH_NO_TIME)
        rc = write_time(line->end_ms, grain->decimals, out);
    if (rc != COACH_OK)
        return rc;
    return line->kind == SCREENPLAY_SAYS ? buf_addf(out, " %s: %s\n", speakers[line->role], line->text)
                                         : buf_addf(out, " %s\n", screenplay_words(line->kind));
}

/* The call's id as a name, which holds nothing that means something to a rule file. */
static int write_name(const char *call_id, struct buf *out)
{
    int rc = buf_adds(out, "  - name: ");
    for (const char *p = call_id; *p != '\0' && rc == COACH_OK; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
                     (p > call_id && (*p == '-' || *p == '_' || *p == '.'));
        rc = buf_add(out, plain ? p : "_", 1);
    }
    return rc == COACH_OK ? buf_adds(out, "\n    call: |\n") : rc;
}

static int write_test(const char *call_id, const struct screenplay *play, const struct grain *grain,
                      const struct calltest *found, struct buf *out)
{
    int rc = buf_adds(out, "  # What the rules find in this call today. Read it, and keep it only where a person "
                           "agrees.\n");
    if (rc == COACH_OK)
        rc = write_name(call_id, out);
    for (size_t i = 0; i < play->line_count && rc == COACH_OK; i++) {
        rc = write_line(&play->lines[i], grain, out);
        for (size_t k = 0; k < found->finding_count && rc == COACH_OK; k++)
            if (found->findings[k].line == i && calltest_counts(&found->findings[k]))
                rc = buf_addf(out, "        => %s\n", found->findings[k].rule->id);
    }
    return rc;
}

static int write_draft(struct draft *d, const char *call_id, const struct ruleset *set, struct buf *out)
{
    struct calltest found;
    struct screenplay coarse = {.lines = arena_alloc(&d->memory, d->exact.line_count * sizeof *coarse.lines)};
    const struct grain *grain;
    if (coarse.lines == NULL)
        return COACH_ENOMEM;
    int rc = calltest_find(&d->exact, set, &found);
    if (rc == COACH_OK)
        rc = settle(d, set, &found, &coarse, &grain);
    if (rc == COACH_OK)
        rc = write_test(call_id, &coarse, grain, &found, out);
    calltest_clear(&found);
    return rc;
}

int callrecord_write(const struct recording *recording, const char *call_id, const struct ruleset *set, struct buf *out)
{
    struct draft d = {0};
    size_t begin = out->len;
    arena_init(&d.memory);
    table_init(&d.heard, NULL);
    int rc = take_lines(&d, recording, call_id);
    if (rc == COACH_OK)
        rc = write_draft(&d, call_id, set, out);
    if (rc != COACH_OK && out->data != NULL) {
        out->len = begin;
        out->data[begin] = '\0';
    }
    table_clear(&d.heard);
    arena_clear(&d.memory);
    return rc;
}
