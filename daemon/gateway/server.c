#include "daemon/gateway/server.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/gateway/address.h"

enum {
    TICK_MS = 500,
    LOOK_MS = 5, /* while stopping */
    OWN_DESCRIPTORS = 64
};

static int64_t now_of(const struct server *s)
{
    return (int64_t)uv_now(&s->loop);
}

/* ---- callers ---- */

static void on_caller(void *user, int fd)
{
    struct server *s = user;
    if ((int64_t)s->clients.count < s->max_clients) {
        s->counters.connections++;
        clients_accept(&s->clients, fd);
        return;
    }
    s->counters.connections_refused++;
    if (log_allow(&s->refusals, now_of(s)))
        log_warning("a connection was refused: %zu are open, the most that are allowed", s->clients.count);
    close(fd);
}

/* As many as descriptors allow. */
static int64_t most_clients(const struct config *config)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return config->max_connections;
    int64_t most = (int64_t)limit.rlim_cur - OWN_DESCRIPTORS;
    if (most < 1)
        most = 1;
    return most < config->max_connections ? most : config->max_connections;
}

static void on_room(void *user)
{
    clients_resume(&((struct server *)user)->clients);
}

/* ---- stopping ---- */

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void set_phase(struct server *s, enum server_phase phase)
{
    s->phase = phase;
    s->phase_since_ms = now_of(s);
}

static void close_rest(struct server *s)
{
    if (s->phase == SERVER_CLOSED)
        return;
    set_phase(s, SERVER_CLOSED);
    clients_drop(&s->clients);
    if (s->listening)
        listener_close(&s->listener, NULL);
    upstream_close(&s->upstream);
    close_handle((uv_handle_t *)&s->hangup);
    close_handle((uv_handle_t *)&s->terminate);
    close_handle((uv_handle_t *)&s->interrupt);
    close_handle((uv_handle_t *)&s->tick);
    close_handle((uv_handle_t *)&s->watchdog);
    close_handle((uv_handle_t *)&s->draining);
    conn_loop_close(&s->conns, NULL, NULL);
}

static void on_draining(uv_timer_t *timer)
{
    struct server *s = timer->data;
    bool done = s->clients.count == 0 && upstream_is_empty(&s->upstream);
    if (done || now_of(s) - s->phase_since_ms >= s->config->drain_timeout_ms)
        close_rest(s);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    struct server *s = handle->data;
    (void)number;
    if (s->phase != SERVER_RUNNING) {
        close_rest(s);
        return;
    }
    log_notice("stopping: %zu connections, %zu bytes that coachd has not acknowledged", s->clients.count,
               s->upstream.window.len);
    notify_stopping(&s->notify);
    set_phase(s, SERVER_DRAINING);
    listener_close(&s->listener, NULL);
    clients_stop(&s->clients);
    uv_timer_start(&s->draining, on_draining, 0, LOOK_MS);
}

/* Keys are read again; those that do not read leave the old ones in force. */
static void on_hangup(uv_signal_t *handle, int number)
{
    struct server *s = handle->data;
    struct access *access;
    coach_error err = {0};
    (void)number;
    if (access_open(s->config, &access, &err) != COACH_OK) {
        log_error("reload: failed, keys and users stay as they were: %s", err.text);
        return;
    }
    access_free(s->routes.access);
    s->routes.access = access;
    log_notice("reload: keys and users were read again");
}

/* ---- time ---- */

static void on_tick(uv_timer_t *timer)
{
    clients_tick(&((struct server *)timer->data)->clients);
}

static void on_watchdog(uv_timer_t *timer)
{
    notify_watchdog(&((struct server *)timer->data)->notify);
}

/* ---- opening ---- */

/* Sets `*fd` to the socket of that name that was handed over, or leaves it. */
static int take_activated(int *fd, coach_error *err)
{
    struct activated given[ACTIVATED_MAX];
    size_t count = 0;
    int rc = notify_take_sockets(given, &count, true, err);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(given[i].name, "http") == 0 && *fd < 0) {
            *fd = given[i].fd;
            continue;
        }
        log_warning("a socket called '%s' was handed over and is not used", given[i].name);
        close(given[i].fd);
    }
    return rc;
}

static int check_socket(const struct server *s, int fd, char where[ADDRESS_TEXT], coach_error *err)
{
    bool is_tcp;
    if (!address_of_socket(fd, &is_tcp, where))
        return coach_fail(err, COACH_EINVAL,
                          "the socket that was handed over could be reached from other machines, in the clear; use a "
                          "loopback address and put a TLS front before it");
    if (!is_tcp && s->config->allow_anonymous)
        return coach_fail(err, COACH_EINVAL, "allow_anonymous: not on a Unix socket, which a TLS front may connect to");
    return COACH_OK;
}

static int open_listener(struct server *s, char where[ADDRESS_TEXT], coach_error *err)
{
    struct address address;
    struct listener_spec spec = {.path = s->config->listen, .mode = 0660, .group = s->config->listen_group, .fd = -1};
    int rc = take_activated(&spec.fd, err);
    bool handed_over = spec.fd >= 0;
    if (rc == COACH_OK && !handed_over)
        rc = address_read(s->config->listen, &address, err);
    if (rc == COACH_OK && !handed_over && address.path == NULL)
        rc = address_listen(&address, &spec.fd, err);
    if (rc == COACH_OK && spec.fd >= 0)
        rc = check_socket(s, spec.fd, where, err);
    if (rc == COACH_OK)
        rc = listener_open(&s->listener, &s->loop, &spec, on_caller, s, err);
    if (rc != COACH_OK && spec.fd >= 0)
        close(spec.fd);
    if (rc == COACH_OK && spec.fd < 0)
        snprintf(where, ADDRESS_TEXT, "%.60s", s->config->listen);
    s->listening = rc == COACH_OK;
    return rc;
}

static void init_handles(struct server *s)
{
    uv_signal_init(&s->loop, &s->hangup);
    uv_signal_init(&s->loop, &s->terminate);
    uv_signal_init(&s->loop, &s->interrupt);
    uv_timer_init(&s->loop, &s->tick);
    uv_timer_init(&s->loop, &s->watchdog);
    uv_timer_init(&s->loop, &s->draining);
    s->hangup.data = s->terminate.data = s->interrupt.data = s;
    s->tick.data = s->watchdog.data = s->draining.data = s;
}

static void start_handles(struct server *s)
{
    uv_signal_start(&s->hangup, on_hangup, SIGHUP);
    uv_signal_start(&s->terminate, on_stop_signal, SIGTERM);
    uv_signal_start(&s->interrupt, on_stop_signal, SIGINT);
    uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    if (s->notify.watchdog_ms > 0)
        uv_timer_start(&s->watchdog, on_watchdog, 0, (uint64_t)s->notify.watchdog_ms);
}

static void init_parts(struct server *s, struct access *access, struct formats *formats)
{
    const struct config *c = s->config;
    struct clients_limits limits = {
        .max_message = (size_t)c->max_message, .request_ms = c->request_timeout_ms, .ping_ms = c->ping_interval_ms};
    struct clients_handler events = routes_handler;
    events.user = &s->routes;
    snprintf(s->upstream_path, sizeof s->upstream_path, "%s/ingest.sock", c->runtime_dir);
    naming_init(&s->naming);
    upstream_open(&s->upstream, &s->conns, s->upstream_path, (size_t)c->queue, &s->counters, &s->naming, on_room, s);
    clients_init(&s->clients, &s->loop, &events, &limits);
    writers_init(&s->writers, formats, &s->upstream);
    s->routes = (struct routes){.config = c,
                                .access = access,
                                .clients = &s->clients,
                                .writers = &s->writers,
                                .upstream = &s->upstream,
                                .counters = &s->counters,
                                .no_descriptors = &s->listener.turned_away};
    s->max_clients = most_clients(c);
}

/* Runs until every handle is closed, then frees what is left. Returns whether nothing was forgotten. */
static bool finish(struct server *s)
{
    uv_run(&s->loop, UV_RUN_DEFAULT);
    bool clean = uv_loop_close(&s->loop) == 0;
    assert(clean);
    writers_clear(&s->writers);
    upstream_clear(&s->upstream);
    naming_clear(&s->naming);
    access_free(s->routes.access);
    notify_close(&s->notify);
    return clean;
}

int server_open(struct server *s, const struct config *config, struct access *access, struct formats *formats,
                coach_error *err)
{
    char where[ADDRESS_TEXT] = "", status[160];
    memset(s, 0, sizeof *s);
    s->config = config;
    int rc = uv_loop_init(&s->loop);
    if (rc != 0) {
        access_free(access);
        return coach_fail(err, COACH_EINTERNAL, "the event loop: %s", uv_strerror(rc));
    }
    notify_open(&s->notify);
    init_handles(s);
    conn_loop_open(&s->conns, &s->loop);
    init_parts(s, access, formats);
    rc = open_listener(s, where, err);
    if (rc != COACH_OK) {
        close_rest(s);
        (void)finish(s);
        return rc;
    }
    start_handles(s);
    if (config->allow_anonymous)
        log_warning("anonymous writers are let in: for trying things on this machine, not for calls of customers");
    log_notice("ready: listening on %s, for coachd in %s", where, config->runtime_dir);
    snprintf(status, sizeof status, "Listening on %s", where);
    notify_ready(&s->notify, status);
    return COACH_OK;
}

int server_run(struct server *s)
{
    if (!finish(s)) {
        log_error("stopped, with a handle of the loop left open");
        return COACH_EINTERNAL;
    }
    log_notice("stopped");
    return COACH_OK;
}
