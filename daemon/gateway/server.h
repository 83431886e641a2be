/* The gateway put together: one loop, one thread; opening, running, stopping. */
#ifndef COACH_GATEWAY_SERVER_H
#define COACH_GATEWAY_SERVER_H

#include <uv.h>

#include "daemon/base/listener.h"
#include "daemon/base/notify.h"
#include "daemon/gateway/routes.h"

enum server_phase { SERVER_RUNNING, SERVER_DRAINING, SERVER_CLOSED };

/* It must not move once open. */
struct server {
    const struct config *config;
    uv_loop_t loop;
    struct conn_loop conns;
    struct clients clients;
    struct upstream upstream;
    struct naming naming;
    struct writers writers;
    struct routes routes;
    struct counters counters;
    struct listener listener;
    struct notify notify;
    struct log_limit refusals;
    uv_signal_t hangup, terminate, interrupt;
    uv_timer_t tick, watchdog, draining;
    enum server_phase phase;
    int64_t phase_since_ms;
    int64_t max_clients;
    bool listening;
    char upstream_path[4096];
};

/* Opens everything and serves from then on. `access` is the server's from here on, `config` is kept a reference to,
 * `formats` (may be NULL) too. Returns 0; LISTENER_BUSY; COACH_EINVAL or another error, everything then being closed
 * again. */
int server_open(struct server *s, const struct config *config, struct access *access, struct formats *formats,
                coach_error *err);
/* Runs until it was stopped by a signal. Returns 0, or COACH_EINTERNAL when a handle was left open. */
int server_run(struct server *s);

#endif
