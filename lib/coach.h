/* libcoach: live call coaching as a library. Copyright 2026 the coachd authors, Apache-2.0.
 *
 * Rules are built once from rule files held in memory and are immutable and shared from then on;
 * a call is the small state of one conversation. Transcript events go in, nudges come out:
 *
 *     coach_rules *rules = NULL;
 *     if (coach_rules_build(files, 1, languages, 1, &rules, report, NULL) != COACH_OK) ...
 *     coach_call *call = coach_call_new("c-1842", "sam");
 *     coach_call_step(call, rules, &event, now_ms, on_nudge, NULL);
 *
 * The library reads no file, opens no socket, looks at no clock, starts no thread, keeps no global
 * and prints nothing: the same events always give the same nudges. Objects may be used from one
 * thread at a time; a coach_rules may be shared by threads, each holding its own reference. */
#ifndef COACH_H
#define COACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COACH_VERSION "0.1.0"

#if defined(__GNUC__)
#define COACH_API __attribute__((visibility("default")))
#else
#define COACH_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a function returns: COACH_OK, or one of the negative codes. */
enum coach_code {
    COACH_OK = 0,
    COACH_ENOMEM = -1,   /* out of memory; nothing was changed */
    COACH_EINVAL = -2,   /* an argument or a field holds a value it may not hold */
    COACH_ESYNTAX = -3,  /* text that does not parse */
    COACH_EUTF8 = -4,    /* text that is not UTF-8 */
    COACH_ELIMIT = -5,   /* a documented limit was reached */
    COACH_ERULES = -6,   /* the rule files hold errors, each reported where it is */
    COACH_EINTERNAL = -7 /* a library below failed in a way it does not document */
};

/* The text says what is wrong, where (file:line:column, field, byte), and what to do about it. */
typedef struct coach_error {
    int code;
    char text[480];
} coach_error;

/* Who speaks. */
typedef enum coach_role { COACH_ROLE_UNKNOWN = 0, COACH_ROLE_AGENT, COACH_ROLE_CUSTOMER, COACH_ROLE_SYSTEM } coach_role;

/* A time that the source did not give. */
#define COACH_NO_TIME INT64_MIN

/* A file in memory: `name` is what errors call it, `text` need not end in NUL. Both stay the caller's
 * and must live until the build has returned. */
typedef struct coach_file {
    const char *name;
    const char *text;
    size_t len;
} coach_file;

/* One problem in a rule file. `level` is "error", "warning" or "note"; `line` and `column` count from
 * 1, columns in characters. The strings live until the callback returns; `hint` may be NULL. */
typedef struct coach_problem {
    const char *level;
    const char *code;
    const char *file;
    int line;
    int column;
    const char *message;
    const char *hint;
} coach_problem;
typedef void (*coach_problem_fn)(void *user, const coach_problem *problem);

typedef struct coach_rules coach_rules;
typedef struct coach_call coach_call;

/* Builds a rule set from `nfiles` rule files and `nlanguages` language tables (rules/languages/). Every
 * problem found is passed to `report` (may be NULL). There is no clock here: `coach check` refuses a regular expression
 * that takes longer than 5 ms, this one judges by its steps alone. Returns 0 and sets `*ret`; COACH_ERULES when a
 * file holds an error, COACH_ENOMEM; on error `*ret` is unchanged. Free with coach_rules_unref. */
COACH_API int coach_rules_build(const coach_file *files, size_t nfiles, const coach_file *languages, size_t nlanguages,
                                coach_rules **ret, coach_problem_fn report, void *user);
COACH_API coach_rules *coach_rules_ref(coach_rules *rules);
COACH_API void coach_rules_unref(coach_rules *rules); /* NULL is fine */

/* Number of rules in the set. */
COACH_API size_t coach_rules_count(const coach_rules *rules);
/* 16 hexadecimal digits that change when any rule changes; lives as long as the set. */
COACH_API const char *coach_rules_hash(const coach_rules *rules);

/* One transcript line, or an interim result of one. `text` is UTF-8 of `text_len` bytes; times are milliseconds since
 * the call began, or COACH_NO_TIME. `segment_id` is at most 128 bytes, or NULL: it is then the open utterance of its
 * role. The rest may be left 0: a final. */
typedef struct coach_event {
    coach_role role;
    const char *segment_id;
    const char *text;
    size_t text_len;
    int64_t start_ms;
    int64_t end_ms;
    bool interim;      /* the text of the segment may still change */
    bool append;       /* the text goes behind what came of the segment before, in place of replacing it */
    double stability;  /* of an interim result, up to 1; 0: the source does not say */
    size_t stable_len; /* bytes at its beginning that will not change; 0: the source does not say */
} coach_event;

/* What reaches the agent. All strings live until the next step of the same call. `span` is the half
 * open byte range of the event's text that the rule's phrase matched; `ttl_ms` is the time on screen. */
typedef struct coach_nudge {
    const char *nudge_id;
    const char *rule;
    int rev;
    int phrase;
    const char *category;
    const char *severity;
    const char *title;
    const char *message;
    const char *suggest[2];
    const char *said;
    size_t span[2];
    int64_t at_ms;
    int64_t ttl_ms;
} coach_nudge;
typedef void (*coach_nudge_fn)(void *user, const coach_nudge *nudge);

/* A new call, or NULL when memory is out. Ids are copied. Free with coach_call_free. */
COACH_API coach_call *coach_call_new(const char *call_id, const char *agent_id);
COACH_API void coach_call_free(coach_call *call); /* NULL is fine */

/* A nudge is taken back: what was heard turned out otherwise ("revised"), or the agent had done the thing
 * ("said_already"). The strings live until the callback returns. */
typedef void (*coach_withdrawn_fn)(void *user, const char *nudge_id, const char *reason);
/* Whom to tell from now on; NULL for nobody. */
COACH_API void coach_call_on_withdrawn(coach_call *call, coach_withdrawn_fn fn, void *user);

/* Runs the rules over one line or interim result; `on_nudge` is called for each nudge before this returns. `now_ms`
 * is when the line arrived, on any clock that only goes forward; it is used where the event has no times
 * of its own. Returns 0, COACH_ENOMEM, COACH_EUTF8 for text that is not UTF-8, COACH_EINVAL for a segment id that is
 * too long. */
COACH_API int coach_call_step(coach_call *call, coach_rules *rules, const coach_event *event, int64_t now_ms,
                              coach_nudge_fn on_nudge, void *user);

/* Lets time pass until `now_ms`, on the same clock: for what was *not* said, which no line tells. Due at
 * coach_call_wake; more often does no harm. Returns 0 or COACH_ENOMEM. */
COACH_API int coach_call_tick(coach_call *call, coach_rules *rules, int64_t now_ms, coach_nudge_fn on_nudge,
                              void *user);
/* When coach_call_tick next has something to do; INT64_MAX for never. */
COACH_API int64_t coach_call_wake(const coach_call *call, coach_rules *rules);
/* The call has ended: its last nudges. Only coach_call_free may follow. Returns 0 or COACH_ENOMEM. */
COACH_API int coach_call_end(coach_call *call, coach_rules *rules, int64_t now_ms, coach_nudge_fn on_nudge, void *user);

#ifdef __cplusplus
}
#endif
#endif
