/* What people see: colours only on a terminal, cards, lines of a conversation. */
#ifndef COACH_CLI_SCREEN_H
#define COACH_CLI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/wire/event.h"
#include "lib/wire/json.h"

struct screen {
    FILE *to;
    bool color; /* a terminal, and NO_COLOR is not set */
    bool terminal;
};

struct screen screen_of(FILE *to);

/* What a card shows; texts may be NULL but for rule, severity, title and message. */
struct card {
    const char *rule, *severity, *title, *message, *said, *held, *agent_id;
    const char *suggest[2];
    int64_t at_ms;
};
/* Fills a card from a nudge line that was read; its texts live with the value. Returns false when it is no nudge. */
bool card_read(const struct json_in *v, struct card *ret);

/* A card as a box, for people. */
void screen_card(const struct screen *s, const struct card *c);
/* A card as one line, for pipes. */
void screen_card_line(const struct screen *s, const struct card *c);
/* One line of the conversation. */
void screen_speech(const struct screen *s, coach_role role, int64_t at_ms, const char *text, size_t len);
/* A heading. */
void screen_heading(const struct screen *s, const char *text);

/* `len` bytes from outside, with control characters (which could drive the terminal) shown as '?'. */
void screen_text(const struct screen *s, const char *text, size_t len);

#endif
