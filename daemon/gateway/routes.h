/* What the gateway serves: which path does what, who may, and what is answered. */
#ifndef COACH_GATEWAY_ROUTES_H
#define COACH_GATEWAY_ROUTES_H

#include "daemon/gateway/access.h"
#include "daemon/gateway/client.h"
#include "daemon/gateway/writers.h"

struct routes {
    const struct config *config;
    struct access *access;
    struct clients *clients;
    struct writers *writers;
    struct upstream *upstream;
    struct counters *counters;
    struct log_limit refusals;
    const uint64_t *no_descriptors; /* the listener's count */
};

/* What clients call, `user` being the routes. */
extern const struct clients_handler routes_handler;

#endif
