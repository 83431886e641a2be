/* Which utterance a line without a segment id belongs to: interim results and the final that closes them are one, of
 * their call and their role or channel. */
#ifndef COACH_CLI_UTTERANCES_H
#define COACH_CLI_UTTERANCES_H

#include <stdint.h>

#include "lib/base/table.h"
#include "lib/wire/json.h"

/* Open utterances; of more than this the oldest are forgotten. */
enum { UTTERANCES_OPEN = 4096 };
struct utterances {
    struct table open;
};
void utterances_init(struct utterances *u);
void utterances_clear(struct utterances *u);

/* Sets `*ret` to the number of the utterance of `line`, a canonical event, which is `seq` (from 1) when the line begins
 * one; to 0 for a line that needs no segment id: one that has its own, or no transcript. The end of a call closes its
 * utterances. Returns 0 or COACH_ENOMEM. */
int utterances_segment(struct utterances *u, const struct json_in *line, uint64_t seq, uint64_t *ret);

#endif
