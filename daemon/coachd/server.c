#include "daemon/coachd/server.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/coachd/coaching.h"
#include "daemon/coachd/commands.h"
#include "lib/engine/engine.h"
#include "lib/rules/ruleset.h"

enum {
    TICK_MS = 1000,
    LOOK_MS = 5,      /* while stopping */
    TAKING_MS = 1000, /* a writer that never stops sending must not keep us from stopping */
    INGEST_QUEUE = 64 * 1024,
    GIVEN_UP_EVERY_MS = 60 * 1000,
    SPARE_CONNECTIONS = 16 /* for the control socket, when all others are in use */
};

static int64_t now_of(const struct server *s)
{
    return (int64_t)uv_now(&s->loop);
}

/* ---- rules ---- */

static const char *rules_hash(void *user)
{
    return ruleset_hash(((struct server *)user)->rules);
}

static void log_problems(const struct diags *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct diag *d = &problems->items[i];
        log_write(d->level == DIAG_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s:%d:%d: %s: %s [%s]%s%s",
                  d->at.source == NULL ? "rules" : d->at.source->name, d->at.line, d->at.column,
                  diag_level_name(d->level), d->message, d->code, d->hint == NULL ? "" : "; ",
                  d->hint == NULL ? "" : d->hint);
    }
}

static void note_failure(struct server *s, const struct build *b)
{
    const struct diag *first = NULL;
    for (size_t i = 0; i < b->problems.count && first == NULL; i++)
        if (b->problems.items[i].level == DIAG_ERROR)
            first = &b->problems.items[i];
    if (first == NULL || first->at.source == NULL)
        snprintf(s->reload_error, sizeof s->reload_error, "%s", b->err.text);
    else
        snprintf(s->reload_error, sizeof s->reload_error, "%s:%d:%d: %s (%.80s)", first->at.source->name,
                 first->at.line, first->at.column, first->message, b->err.text);
}

static void on_reload_begin(void *user)
{
    struct server *s = user;
    notify_reloading(&s->notify);
}

static void say_ready(const struct server *s)
{
    char status[160];
    snprintf(status, sizeof status, "Serving with %zu rules, %.16s", ruleset_count(s->rules), ruleset_hash(s->rules));
    notify_ready(&s->notify, status);
}

static void on_reload_done(void *user, struct build *b, uint64_t ticket)
{
    struct server *s = user;
    log_problems(&b->problems);
    if (b->rc == COACH_OK) {
        ruleset_unref(s->rules);
        s->rules = b->set;
        b->set = NULL;
        ingest_set_defaults(&s->ingest, &b->defaults);
        s->generation++;
        engine_end_quarantine(s->engine);
        s->quarantined = 0;
        coaching_rules_changed(s);
        s->counters.reloads_ok++;
        s->reload_error[0] = '\0';
        log_notice("reload: %zu rules, %zu phrases, hash %s", ruleset_count(s->rules), ruleset_phrases(s->rules),
                   ruleset_hash(s->rules));
    } else {
        s->counters.reloads_failed++;
        note_failure(s, b);
        log_error("reload: failed, the rules and formats stay as they were: %s", s->reload_error);
    }
    struct buf reply;
    buf_init(&reply, 0);
    if (commands_reload_reply(s, &reply) == COACH_OK)
        control_answer(&s->control, ticket, reply.data, reply.len);
    buf_clear(&reply);
    if (s->phase == SERVER_RUNNING)
        say_ready(s);
    else
        s->reload.pending = false; /* nobody would use it */
}

/* ---- callers ---- */

static bool admit(struct server *s, int fd, int64_t spare)
{
    if ((int64_t)s->conns.count < s->config->max_connections + spare) {
        s->counters.connections++;
        return true;
    }
    s->counters.connections_refused++;
    if (log_allow(&s->refusals, now_of(s)))
        log_warning("a connection was refused: %zu are open, the most that are allowed", s->conns.count);
    close(fd);
    return false;
}

static void on_ingest_caller(void *user, int fd)
{
    struct server *s = user;
    if (admit(s, fd, 0))
        ingest_accept(&s->ingest, fd);
}

static void on_agent_caller(void *user, int fd)
{
    struct server *s = user;
    if (admit(s, fd, 0))
        subscribers_accept(&s->subscribers, fd);
}

static void on_control_caller(void *user, int fd)
{
    struct server *s = user;
    if (admit(s, fd, SPARE_CONNECTIONS))
        control_accept(&s->control, fd);
}

/* ---- time ---- */

/* What the recorder's thread could not do: it does not log. */
static void watch_recorder(struct server *s)
{
    struct recorder_counts counts;
    if (s->recorder == NULL || now_of(s) - s->given_up_told_ms < GIVEN_UP_EVERY_MS)
        return;
    recorder_count(s->recorder, &counts);
    if (counts.given_up == s->given_up_told)
        return;
    log_error("recording: %" PRIu64 " calls could not be recorded whole, and what there was of them was deleted: %s",
              counts.given_up - s->given_up_told, counts.why);
    s->given_up_told = counts.given_up;
    s->given_up_told_ms = now_of(s);
}

static void on_tick(uv_timer_t *timer)
{
    struct server *s = timer->data;
    if (s->phase != SERVER_RUNNING)
        return;
    calls_expire(&s->calls, now_of(s));
    ingest_tick(&s->ingest);
    subscribers_tick(&s->subscribers);
    watch_recorder(s);
}

static void on_watchdog(uv_timer_t *timer)
{
    struct server *s = timer->data;
    notify_watchdog(&s->notify);
}

/* ---- stopping ---- */

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_listeners(struct server *s)
{
    for (unsigned i = 0; i < s->listening; i++)
        listener_close(&s->listeners[i], NULL);
}

static void set_phase(struct server *s, enum server_phase phase)
{
    s->phase = phase;
    s->phase_since_ms = now_of(s);
}

static void close_connections(struct server *s)
{
    while (s->conns.all != NULL)
        conn_close(s->conns.all, "the daemon is stopping");
}

/* All connections have been closed: what is left are the loop's own handles. */
static void close_rest(struct server *s)
{
    set_phase(s, SERVER_CLOSED);
    close_listeners(s);
    close_handle((uv_handle_t *)&s->hangup);
    close_handle((uv_handle_t *)&s->terminate);
    close_handle((uv_handle_t *)&s->interrupt);
    close_handle((uv_handle_t *)&s->tick);
    close_handle((uv_handle_t *)&s->wake);
    close_handle((uv_handle_t *)&s->watchdog);
    close_handle((uv_handle_t *)&s->stopping);
    conn_loop_close(&s->conns, NULL, NULL);
}

static void begin_flushing(struct server *s)
{
    set_phase(s, SERVER_FLUSHING);
    uv_timer_stop(&s->wake);
    ingest_end(&s->ingest);
    subscribers_end(&s->subscribers);
    control_end(&s->control);
}

static void on_stopping(uv_timer_t *timer)
{
    struct server *s = timer->data;
    int64_t since = now_of(s) - s->phase_since_ms;
    if (s->phase == SERVER_TAKING && (ingest_is_dry(&s->ingest) || since >= TAKING_MS))
        begin_flushing(s);
    else if (s->phase == SERVER_FLUSHING && s->conns.count > 0 && since >= s->config->drain_timeout_ms)
        close_connections(s);
    else if (s->phase == SERVER_FLUSHING && s->conns.count == 0)
        close_rest(s);
}

void server_stop(struct server *s)
{
    if (s->phase == SERVER_RUNNING) {
        log_notice("stopping: taking what was sent, then closing %zu connections", s->conns.count);
        notify_stopping(&s->notify);
        set_phase(s, SERVER_TAKING);
        for (unsigned i = 0; i < s->listening; i++)
            listener_accept_waiting(&s->listeners[i]);
        close_listeners(s);
        uv_timer_start(&s->stopping, on_stopping, 0, LOOK_MS);
    } else if (s->phase != SERVER_CLOSED) {
        log_notice("stopping at once");
        set_phase(s, SERVER_FLUSHING);
        close_connections(s);
    }
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    (void)number;
    server_stop(handle->data);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct server *s = handle->data;
    (void)number;
    if (s->phase == SERVER_RUNNING)
        reload_ask(&s->reload);
}

/* ---- opening ---- */

static int make_runtime_dir(const char *dir, coach_error *err)
{
    struct stat st;
    if (mkdir(dir, 0755) == 0) {
        if (chmod(dir, 0755) != 0) /* whatever the umask */
            return coach_fail(err, COACH_EINVAL, "%s: %s", dir, strerror(errno));
    } else if (errno != EEXIST) {
        return coach_fail(err, COACH_EINVAL, "%s: cannot be made: %s", dir, strerror(errno));
    }
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return coach_fail(err, COACH_EINVAL, "%s: is no folder", dir);
    return COACH_OK;
}

static const struct {
    const char *name; /* for socket activation */
    const char *file;
    mode_t mode;
    void (*on_caller)(void *user, int fd);
} sockets[SERVER_SOCKETS] = {{"ingest", "ingest.sock", 0660, on_ingest_caller},
                             {"agent", "agent.sock", 0660, on_agent_caller},
                             {"control", "control.sock", 0600, on_control_caller}};

static int *handed_over(struct activated *given, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(given[i].name, name) == 0)
            return &given[i].fd;
    return NULL;
}

static int open_listener(struct server *s, unsigned which, struct activated *given, size_t count, coach_error *err)
{
    char path[4096];
    const char *groups[SERVER_SOCKETS] = {s->config->ingest_group, s->config->agent_group, NULL};
    int n = snprintf(path, sizeof path, "%s/%s", s->config->runtime_dir, sockets[which].file);
    if (n < 0 || (size_t)n >= sizeof path)
        return coach_fail(err, COACH_EINVAL, "%.100s...: the path is too long", s->config->runtime_dir);
    int *fd = handed_over(given, count, sockets[which].name);
    struct listener_spec spec = {
        .path = path, .mode = sockets[which].mode, .group = groups[which], .fd = fd == NULL ? -1 : *fd};
    int rc = listener_open(&s->listeners[which], &s->loop, &spec, sockets[which].on_caller, s, err);
    if (rc != COACH_OK)
        return rc;
    s->listening++;
    if (fd != NULL)
        *fd = -1;
    return COACH_OK;
}

static int open_listeners(struct server *s, coach_error *err)
{
    struct activated given[ACTIVATED_MAX];
    size_t count = 0;
    int rc = notify_take_sockets(given, &count, false, err);
    for (unsigned i = 0; i < SERVER_SOCKETS && rc == COACH_OK; i++)
        rc = open_listener(s, i, given, count, err);
    for (size_t i = 0; i < count; i++)
        if (given[i].fd >= 0) {
            log_warning("a socket called '%s' was handed over and is not used", given[i].name);
            close(given[i].fd);
        }
    return rc;
}

static void init_handles(struct server *s)
{
    uv_signal_init(&s->loop, &s->hangup);
    uv_signal_init(&s->loop, &s->terminate);
    uv_signal_init(&s->loop, &s->interrupt);
    uv_timer_init(&s->loop, &s->tick);
    uv_timer_init(&s->loop, &s->wake);
    uv_timer_init(&s->loop, &s->watchdog);
    uv_timer_init(&s->loop, &s->stopping);
    s->hangup.data = s->terminate.data = s->interrupt.data = s;
    s->tick.data = s->wake.data = s->watchdog.data = s->stopping.data = s;
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

static int init_parts(struct server *s, coach_error *err)
{
    const struct config *c = s->config;
    struct conn_limits limits = {.max_line = (size_t)c->max_line,
                                 .max_queue = INGEST_QUEUE,
                                 .line_timeout_ms = c->line_timeout_ms,
                                 .hear_out = true};
    struct ingest_handler events = {.event = coaching_on_event, .ended = coaching_on_writer_ended, .user = s};
    struct subscribers_handler asks = {
        .mute = coaching_on_mute, .state = coaching_on_state, .rules_hash = rules_hash, .user = s};
    struct subscribers_options options = {.allow_own_uid = c->allow_own_uid,
                                          .hello_timeout_ms = c->hello_timeout_ms,
                                          .read_timeout_ms = c->read_timeout_ms};
    ingest_init(&s->ingest, &s->conns, &limits, &events, &s->counters);
    control_init(&s->control, &s->conns, server_commands, s);
    reload_init(&s->reload, &s->loop, c, on_reload_begin, on_reload_done, s);
    table_init(&s->taken_back, NULL);
    int rc = calls_init(&s->calls, (size_t)c->max_calls, c->idle_timeout_ms, c->max_call_age_ms, coaching_on_call_end,
                        s, err);
    if (rc == COACH_OK)
        rc = subscribers_init(&s->subscribers, &s->conns, &options, &asks, &s->counters, err);
    if (rc == COACH_OK && ((s->engine = engine_new()) == NULL || (s->explain = explain_new()) == NULL))
        rc = coach_fail_nomem(err);
    if (rc == COACH_OK)
        engine_observe(s->engine, coaching_on_moment, s);
    return rc;
}

/* Said loudly: from here on what customers say is kept. */
static int open_recorder(struct server *s, coach_error *err)
{
    const struct config *c = s->config;
    struct buf queues;
    if (c->record_dir == NULL)
        return COACH_OK;
    if (c->record_queues.count == 0) {
        log_notice("recording: record_dir is set, but record_queues names no queue: nothing is recorded");
        return COACH_OK;
    }
    buf_init(&queues, 0);
    int rc = COACH_OK;
    for (size_t i = 0; i < c->record_queues.count && rc == COACH_OK; i++)
        rc = buf_addf(&queues, "%s%s", i == 0 ? "" : ", ", c->record_queues.items[i]);
    rc = rc == COACH_OK ? recorder_open(&s->recorder, c->record_dir, c->record_days, err) : coach_fail_nomem(err);
    if (rc == COACH_OK)
        log_warning("recording: calls of %s%s are recorded, every word of them, to %s for %" PRId64 " days",
                    coaching_records_all(c) ? "all queues" : "the queues ", coaching_records_all(c) ? "" : queues.data,
                    c->record_dir, c->record_days);
    buf_clear(&queues);
    return rc;
}

static int open_all(struct server *s, coach_error *err)
{
    int rc = init_parts(s, err);
    if (rc == COACH_OK)
        rc = make_runtime_dir(s->config->runtime_dir, err);
    if (rc == COACH_OK)
        rc = listener_lock(s->config->runtime_dir, &s->lock, err);
    if (rc == COACH_OK)
        rc = open_recorder(s, err);
    return rc == COACH_OK ? open_listeners(s, err) : rc;
}

/* Runs until every handle is closed, then frees what is left. Returns whether nothing was forgotten. */
static bool finish(struct server *s)
{
    uv_run(&s->loop, UV_RUN_DEFAULT);
    bool clean = uv_loop_close(&s->loop) == 0;
    assert(clean);
    recorder_close(s->recorder); /* it has what was said up to here */
    calls_clear(&s->calls);
    table_clear(&s->taken_back);
    subscribers_clear(&s->subscribers);
    ingest_clear(&s->ingest);
    engine_free(s->engine);
    explain_free(s->explain);
    ruleset_unref(s->rules);
    notify_close(&s->notify);
    if (s->lock >= 0)
        close(s->lock);
    return clean;
}

int server_open(struct server *s, const struct config *config, struct ruleset *rules, struct ingest_defaults *defaults,
                coach_error *err)
{
    *s = (struct server){
        .config = config, .lock = -1, .generation = 1, .wake_ms = INT64_MAX, .given_up_told_ms = -GIVEN_UP_EVERY_MS};
    int rc = uv_loop_init(&s->loop);
    if (rc != 0)
        return coach_fail(err, COACH_EINTERNAL, "the event loop: %s", uv_strerror(rc));
    s->rules = ruleset_ref(rules);
    notify_open(&s->notify);
    init_handles(s);
    conn_loop_open(&s->conns, &s->loop);
    rc = open_all(s, err);
    if (rc != COACH_OK) {
        close_rest(s);
        (void)finish(s);
        return rc;
    }
    s->started_ms = now_of(s);
    ingest_set_defaults(&s->ingest, defaults);
    start_handles(s);
    coaching_rules_changed(s);
    log_notice("ready: %zu rules, %zu phrases, hash %s, sockets in %s", ruleset_count(rules), ruleset_phrases(rules),
               ruleset_hash(rules), config->runtime_dir);
    say_ready(s);
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
