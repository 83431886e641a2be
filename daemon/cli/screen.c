#include "daemon/cli/screen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/utf8.h"

enum { CARD_INDENT = 8, CARD_WIDTH = 64, SPEECH_WIDTH = 76 };

struct screen screen_of(FILE *to)
{
    struct screen s = {.to = to, .terminal = isatty(fileno(to)) == 1};
    const char *no_color = getenv("NO_COLOR");
    s.color = s.terminal && (no_color == NULL || no_color[0] == '\0');
    return s;
}

static const char *paint(const struct screen *s, const char *code)
{
    return s->color ? code : "";
}

void screen_text(const struct screen *s, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i], next = i + 1 < len ? (unsigned char)text[i + 1] : 0;
        bool control = c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
        if (control && c == 0xc2)
            i++;
        fputc(control ? '?' : c, s->to);
    }
}

/* Bytes of the next line of at most `width` characters, cut at a space where there is one. */
static size_t wrap(const char *text, size_t len, size_t width)
{
    size_t bytes = 0, chars = 0, space = 0;
    while (bytes < len && chars < width) {
        if (text[bytes] == ' ')
            space = bytes;
        do
            bytes++;
        while (bytes < len && ((unsigned char)text[bytes] & 0xc0) == 0x80);
        chars++;
    }
    return bytes == len || text[bytes] == ' ' || space == 0 ? bytes : space;
}

static const char *severity_color(const char *severity)
{
    return strcmp(severity, "critical") == 0    ? "\033[1;31m"
           : strcmp(severity, "important") == 0 ? "\033[1;33m"
           : strcmp(severity, "praise") == 0    ? "\033[1;32m"
                                                : "\033[1;36m";
}

static void edge(const struct screen *s, const struct card *c, const char *left, const char *right, const char *label,
                 const char *end_label)
{
    size_t used = utf8_count(label, strlen(label)) + utf8_count(end_label, strlen(end_label)) + 4;
    fprintf(s->to, "%*s%s%s─ %s ", CARD_INDENT, "", paint(s, severity_color(c->severity)), left, label);
    for (size_t i = used; i < CARD_WIDTH; i++)
        fputs("─", s->to);
    fprintf(s->to, " %s ─%s%s\n", end_label, right, paint(s, "\033[0m"));
}

static void body(const struct screen *s, const struct card *c, const char *lead, const char *text)
{
    size_t len = strlen(text), lead_chars = strlen(lead);
    const char *color = paint(s, severity_color(c->severity)), *plain = paint(s, "\033[0m");
    for (bool first = true; len > 0; first = false) {
        size_t n = wrap(text, len, CARD_WIDTH - 2 - lead_chars);
        int pad = (int)(CARD_WIDTH - 2 - lead_chars - utf8_count(text, n));
        fprintf(s->to, "%*s%s│%s %s", CARD_INDENT, "", color, plain, first ? lead : "");
        if (!first)
            fprintf(s->to, "%*s", (int)lead_chars, "");
        screen_text(s, text, n);
        fprintf(s->to, "%*s   %s│%s\n", pad < 0 ? 0 : pad, "", color, plain);
        while (n < len && text[n] == ' ')
            n++;
        text += n;
        len -= n;
    }
}

static void clock_text(char out[24], int64_t ms)
{
    int64_t s = ms / 1000;
    snprintf(out, 24, "%02" PRId64 ":%02" PRId64, s / 60 % 1000000, s < 0 ? -s % 60 : s % 60);
}

void screen_card(const struct screen *s, const struct card *c)
{
    char at[24], foot[128];
    clock_text(at, c->at_ms);
    if (c->held != NULL)
        snprintf(foot, sizeof foot, "held back: %s", c->held);
    else
        snprintf(foot, sizeof foot, "%s", c->severity);
    edge(s, c, "╭", "╮", c->title, foot);
    body(s, c, "", c->message);
    for (size_t i = 0; i < 2; i++)
        if (c->suggest[i] != NULL)
            body(s, c, "Say: ", c->suggest[i]);
    edge(s, c, "╰", "╯", c->rule, at);
}

void screen_card_line(const struct screen *s, const struct card *c)
{
    char at[24];
    clock_text(at, c->at_ms);
    fprintf(s->to, "%s %s %s", at, c->severity, c->rule);
    if (c->held != NULL)
        fprintf(s->to, " (held back: %s)", c->held);
    fputs(": ", s->to);
    screen_text(s, c->message, strlen(c->message));
    if (c->suggest[0] != NULL) {
        fputs(" Say: ", s->to);
        screen_text(s, c->suggest[0], strlen(c->suggest[0]));
    }
    fputc('\n', s->to);
}

void screen_speech(const struct screen *s, coach_role role, int64_t at_ms, const char *text, size_t len)
{
    static const char *const colors[] = {"\033[2m", "\033[1m", "\033[35m", "\033[2m"};
    char at[24];
    clock_text(at, at_ms);
    const char *name = wire_role_name(role);
    fprintf(s->to, "%s%s%s %s%-8s%s ", paint(s, "\033[2m"), at, paint(s, "\033[0m"), paint(s, colors[role]), name,
            paint(s, "\033[0m"));
    for (bool first = true; len > 0 || first; first = false) {
        size_t n = wrap(text, len, SPEECH_WIDTH);
        if (!first)
            fprintf(s->to, "%15s", "");
        screen_text(s, text, n);
        fputc('\n', s->to);
        while (n < len && text[n] == ' ')
            n++;
        text += n;
        len -= n;
    }
}

void screen_heading(const struct screen *s, const char *text)
{
    fprintf(s->to, "%s", paint(s, "\033[1m"));
    screen_text(s, text, strlen(text));
    fprintf(s->to, "%s\n", paint(s, "\033[0m"));
}

bool card_read(const struct json_in *v, struct card *ret)
{
    const struct json_in *suggest = json_in_get(v, "suggest");
    *ret = (struct card){.rule = json_in_text(v, "rule"),
                         .severity = json_in_text(v, "severity"),
                         .title = json_in_text(v, "title"),
                         .message = json_in_text(v, "message"),
                         .said = json_in_text(v, "said"),
                         .held = json_in_text(v, "held"),
                         .agent_id = json_in_text(v, "agent_id"),
                         .at_ms = json_in_int(v, "at_ms", 0)};
    for (size_t i = 0; i < 2; i++)
        ret->suggest[i] = json_in_string(json_in_at(suggest, i));
    return ret->rule != NULL && ret->severity != NULL && ret->title != NULL && ret->message != NULL;
}
