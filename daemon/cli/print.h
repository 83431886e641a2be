/* Conversations and findings, printed. */
#ifndef COACH_CLI_PRINT_H
#define COACH_CLI_PRINT_H

#include "daemon/cli/screen.h"
#include "lib/engine/engine.h"

/* One event of the conversation: a heading where a call begins, what was said in a final line. */
void print_event(const struct screen *s, const struct wire_event *e);
/* A finding as a card. */
void print_finding(const struct screen *s, const struct finding *f);
/* A finding as its wire line, without wall clocks. */
void print_finding_json(const struct screen *s, const struct finding *f);
/* That a finding is taken back, as a line. */
void print_withdrawal(const struct screen *s, const struct withdrawal *w);
/* The same as its wire line. */
void print_withdrawal_json(const struct screen *s, const struct withdrawal *w);
/* That coaching can no longer see the call, or can again. */
void print_sight(const struct screen *s, enum engine_sight sight);

#endif
