/* Transcript events as plain structs. */
#ifndef COACH_WIRE_EVENT_H
#define COACH_WIRE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/coach.h"

/* UTF-8 bytes that someone else owns; `s` is NULL where a field is absent. NUL-terminated all the same. */
struct wire_text {
    const char *s;
    size_t len;
};

enum wire_type { WIRE_HELLO, WIRE_CALL_START, WIRE_TRANSCRIPT, WIRE_STATE, WIRE_MUTE, WIRE_CALL_END };

/* What the agent is doing, as a desktop or the telephone system says it: "talking", "hold", "lookup". */
enum wire_state { WIRE_TALKING, WIRE_HOLD, WIRE_LOOKUP };

enum { WIRE_MAX_ID = 128 }; /* bytes of a call, agent or segment id */

/* One event; texts live until the reader's callback returns. */
struct wire_event {
    enum wire_type type;
    struct wire_text call_id; /* never absent, but in a hello */
    struct wire_text agent_id;
    struct wire_text queue;
    struct wire_text language;
    struct wire_text text;       /* of a transcript: never absent, may be empty */
    struct wire_text segment_id; /* absent: the open utterance of its role or channel */
    struct wire_text channel;
    struct wire_text speaker;
    struct wire_text ts;
    struct wire_text reason;
    struct wire_text rule; /* of a mute: never absent */
    enum wire_state state; /* of a state */
    coach_role role;
    bool is_final;
    bool append;
    bool end_of_turn;
    bool ack;           /* of a hello: answer with acks */
    bool made_up_times; /* of a recording without times: they put lines in order and mean nothing else */
    int64_t start_ms;   /* since the call began, or COACH_NO_TIME */
    int64_t end_ms;
    int64_t recv_ms;    /* of a recording: when the line arrived, on the call's clock, or COACH_NO_TIME */
    int64_t seq;        /* -1 when absent */
    int64_t stable_len; /* -1 when absent */
    double confidence;  /* 0..1, or -1 when absent */
    double stability;   /* 0..1, or -1 when absent */
};

/* An event in which everything is absent but its type: an interim result, if it is a transcript. */
struct wire_event wire_event_blank(enum wire_type type);

const char *wire_role_name(coach_role role);
const char *wire_state_name(enum wire_state state);
/* Whether `name` is a state; if so `*ret` is set. */
bool wire_state_read(const char *name, enum wire_state *ret);

/* Adds the event as one canonical line with its newline. Returns 0 or an error of buf_add, `out` then unchanged. */
int wire_event_write(const struct wire_event *event, struct buf *out);

#endif
