/* The agents' desktops: who they may be, and what reaches them. A nudge goes to the connections of its agent and
 * to nobody else; what those do not read in time is dropped, and nobody else notices. */
#ifndef COACH_COACHD_SUBSCRIBERS_H
#define COACH_COACHD_SUBSCRIBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/conn.h"
#include "daemon/base/log.h"
#include "daemon/coachd/counters.h"
#include "lib/base/error.h"
#include "lib/base/table.h"
#include "lib/wire/event.h"
#include "lib/wire/nudge.h"

enum {
    SUBSCRIBERS_LINE = 4 * 1024, /* bytes of a message from a client */
    SUBSCRIBERS_RECENT = 16,     /* nudges of an agent that are kept for a reconnect */
    SUBSCRIBERS_AGENTS = 65536   /* agents that are known at a time: connected, or with a recent nudge */
};

struct subscribers_handler {
    /* Silences `rule` in a call of this agent. Returns 0; COACH_EINVAL when the agent has no such call,
     * COACH_ELIMIT, COACH_ENOMEM. */
    int (*mute)(void *user, const char *agent_id, const char *call_id, const char *rule, coach_error *err);
    /* What an agent does now, in all its calls. */
    void (*state)(void *user, const char *agent_id, enum wire_state state);
    /* For welcome lines. */
    const char *(*rules_hash)(void *user);
    void *user;
};

struct subscribers_options {
    bool allow_own_uid; /* a peer with this process's uid may be any agent */
    int64_t hello_timeout_ms;
    int64_t read_timeout_ms;
};

struct subscriber;
struct subscribers {
    struct conn_loop *loop;
    struct subscribers_options options;
    struct subscribers_handler handler;
    struct counters *counters;
    struct log_limit log_limit;
    struct table agents; /* by agent id */
    struct subscriber *all;
    size_t count;
};

/* Returns 0, or COACH_EINTERNAL when the system gives no random seed. */
int subscribers_init(struct subscribers *s, struct conn_loop *loop, const struct subscribers_options *options,
                     const struct subscribers_handler *handler, struct counters *counters, coach_error *err);
/* Frees what is left; no connection may be. */
void subscribers_clear(struct subscribers *s);

/* Takes over a connection's descriptor. */
void subscribers_accept(struct subscribers *s, int fd);

/* Sends a nudge, which has an agent, to that agent, and keeps it until its ttl is over for one who reconnects.
 * `rank`: lower matters more. Returns 0 or COACH_ENOMEM. */
int subscribers_nudge(struct subscribers *s, const struct nudge *n, int rank, const struct nudge_clocks *clocks);
/* Takes a nudge back: drops it where it still waits, and tells the clients that may have it, those that reconnect
 * included. Returns 0 or COACH_ENOMEM. */
int subscribers_withdraw(struct subscribers *s, const char *agent_id, const char *nudge_id, const char *reason);
/* Tells the agent's clients. */
void subscribers_call_started(struct subscribers *s, const char *agent_id, const char *call_id);
/* `summary` is the record of the call as JSON, or NULL. */
void subscribers_call_ended(struct subscribers *s, const char *agent_id, const char *call_id, enum call_end why,
                            const struct buf *summary);
/* Whether coaching can see the call: `why` not, or NULL. */
void subscribers_sight(struct subscribers *s, const char *agent_id, const char *call_id, const char *why);
/* The call is another's now: drops what was not yet sent of it to this agent. */
void subscribers_forget_call(struct subscribers *s, const char *agent_id, const char *call_id);

/* About once a second: hellos that do not come, agents no longer known. */
void subscribers_tick(struct subscribers *s);
/* Ends all connections when what waits for them is written. */
void subscribers_end(struct subscribers *s);
/* Agents with a connection. */
size_t subscribers_agents(const struct subscribers *s);

#endif
