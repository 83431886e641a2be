/* Bytes of writers to events: coachd's own lines, or what a vendor's format says. A reader keeps what a connection's
 * hello bound: format, call, agent, channel map, language, acks. It never stops for bad content: a bad message is a
 * problem and nothing else. */
#ifndef COACH_WIRE_READER_H
#define COACH_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/hash.h"
#include "lib/wire/event.h"
#include "lib/wire/formats.h"

enum wire_code {
    WIRE_BAD_JSON,
    WIRE_BAD_UTF8,
    WIRE_TOO_LONG,
    WIRE_TOO_DEEP,
    WIRE_MISSING_FIELD,
    WIRE_BAD_FIELD,
    WIRE_UNKNOWN_TYPE,
    WIRE_UNKNOWN_FORMAT,
    WIRE_UNMAPPED_CHANNEL,
    WIRE_LIMIT_CALLS,
    WIRE_CODES
};
/* As on the wire: "bad_json" ... */
const char *wire_code_name(enum wire_code code);

struct wire_problem {
    enum wire_code code;
    char message[200]; /* names the field or the byte, never the text of a transcript */
};

struct wire_handler {
    /* Returns 0, or an error that ends the line. The event and its texts live until it returns. */
    int (*event)(void *user, const struct wire_event *event);
    void (*problem)(void *user, const struct wire_problem *problem);
    /* A vendor's message, or a part of it, that gives no event, and why; may be NULL. */
    void (*ignored)(void *user, const char *why);
    void *user;
};

/* Of one line or message: bytes, and objects in it, one after the other or in an array. */
enum { WIRE_MAX_LINE = 64 * 1024, WIRE_MAX_OBJECTS = 4096 };

struct wire_reader;
/* `formats` may be NULL: coachd's own format only; a reference is kept. `prefix`, up to 32 bytes, begins the segment
 * ids that are made up for vendors that send none: what differs between two connections that may carry parts of one
 * call. NULL when memory is out. */
struct wire_reader *wire_reader_new(struct formats *formats, const char *prefix);
void wire_reader_free(struct wire_reader *r);
/* For a reader of what strangers send: random bytes, before anything is read, so that they cannot choose ids of calls
 * that are slow to look up. */
void wire_reader_seed(struct wire_reader *r, const uint8_t seed[HASH_SEED]);
/* Takes channels that no map names, their role unknown, instead of refusing them: for looking at what a format makes of
 * messages. */
void wire_reader_any_channel(struct wire_reader *r);

/* Reads one line (without its newline): blank, an object, an array of objects, or several values in a row; a
 * BOM, a trailing CR and a leading "data: " are passed over. In a format whose messages run over several lines it is
 * kept until they are whole. Returns 0, COACH_ENOMEM, or what the event handler returned. */
int wire_reader_line(struct wire_reader *r, const char *line, size_t len, const struct wire_handler *handler);
/* Reads what comes whole, a WebSocket message or the body of a request: JSON, a form, headers with a body, as the
 * format has it. What is unfinished is a problem. Returns as above. */
int wire_reader_message(struct wire_reader *r, const char *data, size_t len, const struct wire_handler *handler);
/* The stream has ended: a message that was begun is a problem. Returns as above. */
int wire_reader_end(struct wire_reader *r, const struct wire_handler *handler);

/* "coachd", the vendor format in use, or "auto" while it is to be recognised. */
const char *wire_reader_format(const struct wire_reader *r);
/* What hello bound: the call whose end is the connection's end, or NULL; whether acks were asked for. */
const char *wire_reader_call(const struct wire_reader *r);
bool wire_reader_acks(const struct wire_reader *r);
/* The highest seq of the messages read, those refused included: they were answered by an error; -1 when none had one.
 */
int64_t wire_reader_seq(const struct wire_reader *r);
/* Fields that no one knows, so far. */
uint64_t wire_reader_unknown_fields(const struct wire_reader *r);

#endif
