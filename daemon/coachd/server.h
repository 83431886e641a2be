/* The loop and all that lives on it. How writers, engine and agents meet on it is coaching.h. */
#ifndef COACH_COACHD_SERVER_H
#define COACH_COACHD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "daemon/base/conn.h"
#include "daemon/base/listener.h"
#include "daemon/base/notify.h"
#include "daemon/coachd/calls.h"
#include "daemon/coachd/config.h"
#include "daemon/coachd/control.h"
#include "daemon/coachd/counters.h"
#include "daemon/coachd/explain.h"
#include "daemon/coachd/ingest.h"
#include "daemon/coachd/recorder.h"
#include "daemon/coachd/reload.h"
#include "daemon/coachd/subscribers.h"

enum server_socket { SERVER_INGEST, SERVER_AGENT, SERVER_CONTROL, SERVER_SOCKETS };

/* Stopping goes one way: RUNNING, then TAKING what writers have already sent, then FLUSHING what agents have not
 * read, then CLOSED. */
enum server_phase { SERVER_RUNNING, SERVER_TAKING, SERVER_FLUSHING, SERVER_CLOSED };

struct server {
    const struct config *config;
    uv_loop_t loop;
    struct conn_loop conns;
    struct listener listeners[SERVER_SOCKETS];
    unsigned listening; /* listeners that are open */
    int lock;
    uv_signal_t hangup, terminate, interrupt;
    uv_timer_t tick;     /* once a second */
    uv_timer_t wake;     /* when time next has something to do in a call: wake_ms */
    uv_timer_t watchdog; /* only with a service manager that wants it */
    uv_timer_t stopping; /* looks whether the next phase can begin */
    struct notify notify;
    enum server_phase phase;
    int64_t phase_since_ms;

    struct ingest ingest;
    struct subscribers subscribers;
    struct control control;
    struct calls calls;
    int64_t wake_ms; /* INT64_MAX: not set */
    struct reload reload;
    struct engine *engine;
    struct explain *explain; /* the last findings */
    struct summary_ear ear;  /* signals of the step at hand */
    struct ruleset *rules;
    uint64_t generation;    /* of the live rules, from 1 */
    size_t timed_rules;     /* of theirs, that need the times of lines */
    size_t quarantined;     /* rules of theirs that the engine leaves out, as far as the log knows */
    char reload_error[480]; /* of the last reload; "" when it went well */
    struct counters counters;
    struct table taken_back;   /* rule id -> how many of its findings were taken back, as a pointer */
    struct recorder *recorder; /* NULL: nothing is recorded */
    uint64_t given_up_told;
    int64_t given_up_told_ms;
    struct log_limit refusals, stand_downs;
    int64_t started_ms;
};

/* Opens everything in `config->runtime_dir`, `rules` (a reference is taken) being live, and says that it is ready. What
 * `defaults` holds is taken over.
 * Returns 0; LISTENER_BUSY when another one is running there; COACH_EINVAL, COACH_ENOMEM or COACH_EINTERNAL. On
 * error nothing is left behind. */
int server_open(struct server *s, const struct config *config, struct ruleset *rules, struct ingest_defaults *defaults,
                coach_error *err);
/* Serves until stopped by a signal or by `drain`, then closes everything. Returns 0, or COACH_EINTERNAL when a
 * handle of the loop was forgotten. */
int server_run(struct server *s);

/* Begins to stop: takes what writers have sent, gives agents time to read, and closes. Asked again: at once. */
void server_stop(struct server *s);

#endif
