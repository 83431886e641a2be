#include "daemon/gateway/counters.h"

#include "daemon/base/metrics.h"

static int counter(struct buf *out, const char *name, const char *help, uint64_t n)
{
    int rc = metrics_counter(out, name, help);
    return rc == COACH_OK ? metrics_sample(out, true, name, NULL, NULL, n) : rc;
}

static int gauge(struct buf *out, const char *name, const char *help, uint64_t n)
{
    int rc = metrics_gauge(out, name, help);
    return rc == COACH_OK ? metrics_sample(out, false, name, NULL, NULL, n) : rc;
}

static int write_answers(const struct counters *c, struct buf *out)
{
    static const char name[] = "coach_gateway_answers";
    static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    int rc = metrics_counter(out, name, "Requests answered, by status.");
    for (int i = 0; i < 5 && rc == COACH_OK; i++)
        rc = metrics_sample(out, true, name, "status", classes[i], c->answers[i + 1]);
    return rc;
}

static int write_access(const struct counters *c, struct buf *out)
{
    static const char name[] = "coach_gateway_access";
    int rc = metrics_counter(out, name, "Requests let in by what they showed, or kept out for what was wrong.");
    for (int i = 0; i < ACCESS_OUTCOMES && rc == COACH_OK; i++)
        rc = metrics_sample(out, true, name, "outcome", access_outcome_name((enum access_outcome)i), c->access[i]);
    return rc;
}

static int write_problems(const struct counters *c, struct buf *out)
{
    static const char name[] = "coach_gateway_problems";
    int rc = metrics_counter(out, name, "Messages, or parts of them, that could not be used.");
    for (int i = 0; i < WIRE_CODES && rc == COACH_OK; i++)
        rc = metrics_sample(out, true, name, "code", wire_code_name((enum wire_code)i), c->problems[i]);
    return rc;
}

int counters_write(const struct counters *c, const struct gauges *g, struct buf *out)
{
    const struct {
        const char *name, *help;
        uint64_t n;
    } plain[] = {
        {"coach_gateway_connections", "Connections accepted.", c->connections},
        {"coach_gateway_connections_refused", "Connections refused: too many were open.", c->connections_refused},
        {"coach_gateway_no_descriptors", "Callers turned away: no descriptor was left.", g->no_descriptors},
        {"coach_gateway_timeouts", "Connections closed for being slow or silent.", c->timeouts},
        {"coach_gateway_websockets", "WebSockets opened.", c->websockets},
        {"coach_gateway_posts", "Webhooks let in.", c->posts},
        {"coach_gateway_messages", "WebSocket messages.", c->messages},
        {"coach_gateway_events", "Events handed to coachd.", c->events},
        {"coach_gateway_ignored", "Messages, or parts of them, that hold no event.", c->ignored},
        {"coach_gateway_turned_away", "Messages turned away: coachd was away, or its queue full.", c->turned_away},
        {"coach_gateway_upstream_connects", "Connections made to coachd.", c->upstream_connects},
        {"coach_gateway_upstream_resent", "Events sent to coachd again.", c->upstream_resent},
        {"coach_gateway_upstream_errors", "Error lines from coachd.", c->upstream_errors},
    };
    int rc = COACH_OK;
    for (size_t i = 0; i < sizeof plain / sizeof *plain && rc == COACH_OK; i++)
        rc = counter(out, plain[i].name, plain[i].help, plain[i].n);
    if (rc == COACH_OK)
        rc = write_answers(c, out);
    if (rc == COACH_OK)
        rc = write_access(c, out);
    if (rc == COACH_OK)
        rc = write_problems(c, out);
    if (rc == COACH_OK)
        rc = gauge(out, "coach_gateway_open_connections", "Connections open now.", g->connections);
    if (rc == COACH_OK)
        rc = gauge(out, "coach_gateway_open_websockets", "WebSockets open now.", g->websockets);
    if (rc == COACH_OK)
        rc = gauge(out, "coach_gateway_queue_bytes", "Bytes of events that coachd has not acknowledged.",
                   g->queue_bytes);
    if (rc == COACH_OK)
        rc = gauge(out, "coach_gateway_upstream", "Whether coachd is connected.", g->upstream);
    return rc == COACH_OK ? metrics_end(out) : rc;
}
