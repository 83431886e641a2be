#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "daemon/cli/practice.h"
#include "daemon/cli/print.h"
#include "lib/eval/record.h"

enum { WIDTH = 76 };

static const char *const kinds[] = {"slip", "missed", "worked"};

void practice_show_begin(struct practice_view *v, const struct scenario *s)
{
    FILE *to = v->screen.to;
    screen_heading(&v->screen, s->title.s);
    if (s->about.s != NULL) {
        screen_text(&v->screen, s->about.s, strlen(s->about.s));
        fputc('\n', to);
    }
    fputs("You are the agent. /hint shows what would help, /quit ends the call.\n\n", to);
}

static void wait_a_word(double speed)
{
    double ms = 60000.0 / 150 / speed;
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms * 1000000) % 1000000000};
    nanosleep(&t, NULL);
}

/* Word by word, as it would be heard. */
static void speak(const struct practice_view *v, const struct practice_line *l)
{
    FILE *to = v->screen.to;
    int64_t s = l->start_ms / 1000;
    size_t column = 0;
    fprintf(to, "%02" PRId64 ":%02" PRId64 " %-8s ", s / 60, s % 60, wire_role_name(l->role));
    for (const char *word = l->text; *word != '\0';) {
        size_t len = strcspn(word, " ");
        if (column + len > WIDTH) {
            fprintf(to, "\n%15s", "");
            column = 0;
        }
        screen_text(&v->screen, word, len);
        fputc(' ', to);
        fflush(to);
        wait_a_word(v->speed);
        column += len + 1;
        word += len;
        word += *word == ' ';
    }
    fputc('\n', to);
}

static void show_line(const struct practice_view *v, const struct practice_line *l)
{
    if (l->role == COACH_ROLE_AGENT && v->typed)
        return;
    if (l->role == COACH_ROLE_CUSTOMER && v->speed > 0)
        speak(v, l);
    else
        screen_speech(&v->screen, l->role, l->start_ms, l->text, strlen(l->text));
}

/* The cards that were shown before a line. */
static void show_cards(struct practice_view *v, const struct practice *p, size_t before)
{
    for (; v->cards < p->card_count && p->cards[v->cards].after <= before; v->cards++) {
        const struct finding f = {.nudge = p->cards[v->cards].nudge};
        print_finding(&v->screen, &f);
    }
}

void practice_show(struct practice_view *v, const struct practice *p)
{
    for (; v->lines < p->line_count; v->lines++) {
        show_cards(v, p, v->lines);
        show_line(v, &p->lines[v->lines]);
    }
    show_cards(v, p, p->line_count);
}

/* --- the debrief --- */

static const char *outcome(enum practice_end end)
{
    static const char *const texts[] = {"", "The customer is calm.", "The customer has had enough.",
                                        "The call went on for too long.", "You left the call."};
    return texts[end];
}

static void show_score(const struct screen *s, const struct practice *p)
{
    const struct practice_score r = practice_score(p);
    fprintf(s->to, "%s Score: %d of 100.\n", outcome(p->end), r.total);
    fprintf(s->to, "  %2d of 50  the customer's mood: %d of %d, from %lld\n", r.mood, p->mood, SCENARIO_MOODS,
            (long long)p->scenario->mood.value);
    fprintf(s->to, "  %2d of 30  findings: %d critical, %d important, %d hint%s\n", r.wording, r.critical, r.important,
            r.hint, r.hint == 1 ? "" : "s");
    fprintf(s->to, "  %2d of 20  what this customer waited for: %d of %d\n", r.worked, r.given, r.wanted);
    if (r.asked > 0)
        fprintf(s->to, "  nudges followed: %d of %d\n", r.followed, r.asked);
    if (r.praise > 0)
        fprintf(s->to, "  praise: %d\n", r.praise);
}

static void show_point(const struct screen *s, const struct practice *p, const struct practice_point *point, size_t n)
{
    const struct practice_line *l = &p->lines[point->line];
    int64_t at = l->start_ms / 1000;
    fprintf(s->to, "%zu. %02" PRId64 ":%02" PRId64 " \"", n, at / 60, at % 60);
    screen_text(s, l->text, strlen(l->text));
    fputs("\"\n   ", s->to);
    if (point->kind == PRACTICE_WORKED)
        fputs("That helped", s->to);
    else if (point->kind == PRACTICE_MISSED)
        fputs("Not said in this call", s->to);
    else
        screen_text(s, point->what, strlen(point->what));
    if (point->change != 0)
        fprintf(s->to, "; the customer's mood went %s by %d", point->change > 0 ? "up" : "down",
                point->change > 0 ? point->change : -point->change);
    fputs(".\n", s->to);
    if (point->say == NULL)
        return;
    fputs("   Better: ", s->to);
    screen_text(s, point->say, strlen(point->say));
    fputc('\n', s->to);
}

void practice_show_debrief(const struct practice_view *v, const struct practice *p)
{
    struct practice_point points[PRACTICE_POINTS];
    size_t n = practice_debrief(p, points);
    fputc('\n', v->screen.to);
    screen_heading(&v->screen, "Debrief");
    show_score(&v->screen, p);
    for (size_t i = 0; i < n; i++)
        show_point(&v->screen, p, &points[i], i + 1);
}

/* --- for scripts --- */

static void write_score(const struct practice *p, struct json_out *j)
{
    const struct practice_score r = practice_score(p);
    json_int(j, "score", r.total);
    json_open_object(j, "points");
    json_int(j, "mood", r.mood);
    json_int(j, "wording", r.wording);
    json_int(j, "worked", r.worked);
    json_close_object(j);
    json_open_object(j, "counts");
    json_int(j, "critical", r.critical);
    json_int(j, "important", r.important);
    json_int(j, "hint", r.hint);
    json_int(j, "praise", r.praise);
    json_int(j, "asked", r.asked);
    json_int(j, "followed", r.followed);
    json_int(j, "wanted", r.wanted);
    json_int(j, "given", r.given);
    json_close_object(j);
}

static void write_debrief(const struct practice *p, struct json_out *j)
{
    struct practice_point points[PRACTICE_POINTS];
    size_t n = practice_debrief(p, points);
    json_open_array(j, "debrief");
    for (size_t i = 0; i < n; i++) {
        json_open_object(j, NULL);
        json_text(j, "kind", kinds[points[i].kind]);
        json_int(j, "line", (int64_t)points[i].line);
        json_text(j, "text", p->lines[points[i].line].text);
        json_text(j, "rule", points[i].rule);
        json_text(j, "title", points[i].what);
        json_text(j, "say", points[i].say);
        json_int(j, "change", points[i].change);
        json_close_object(j);
    }
    json_close_array(j);
}

static void write_lines(const struct practice *p, struct json_out *j)
{
    json_open_array(j, "lines");
    for (size_t i = 0; i < p->line_count; i++) {
        json_open_object(j, NULL);
        json_text(j, "role", wire_role_name(p->lines[i].role));
        json_int(j, "start_ms", p->lines[i].start_ms);
        json_int(j, "end_ms", p->lines[i].end_ms);
        json_text(j, "text", p->lines[i].text);
        json_int(j, "mood", p->lines[i].mood);
        json_close_object(j);
    }
    json_close_array(j);
}

static void write_findings(const struct practice *p, struct json_out *j)
{
    json_open_array(j, "findings");
    for (size_t i = 0; i < p->finding_count; i++) {
        const struct practice_finding *f = &p->findings[i];
        if (!f->counts)
            continue;
        json_open_object(j, NULL);
        json_text(j, "nudge_id", f->nudge.nudge_id);
        json_text(j, "rule", f->rule->id);
        json_text(j, "category", f->rule->category);
        json_text(j, "severity", rule_severity_name(f->rule->severity));
        json_int(j, "line", (int64_t)f->line);
        json_bool(j, "shown", f->shown);
        json_bool(j, "followed", f->followed);
        json_close_object(j);
    }
    json_close_array(j);
}

int practice_write(const struct practice *p, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "debrief");
    json_text(&j, "scenario", p->scenario->name.s);
    json_text(&j, "end", practice_end_name(p->end));
    json_int(&j, "mood", p->mood);
    write_score(p, &j);
    write_debrief(p, &j);
    write_lines(p, &j);
    write_findings(p, &j);
    record_write(&p->summary, call_counts(p->call), &j, "summary");
    json_close_object(&j);
    return json_out_end(&j, true);
}
