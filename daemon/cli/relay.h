/* coach send --connect: what the WebSocket server of a recogniser says, to the ingest socket. */
#ifndef COACH_CLI_RELAY_H
#define COACH_CLI_RELAY_H

#include "daemon/cli/vendor.h"

struct relay_settings {
    const char *url;
    const char *audio; /* what the recogniser is to hear, "-" for standard input; NULL: it hears elsewhere */
    int64_t rate;      /* samples a second of it */
    bool fast;         /* send it as fast as the server takes it */
};

/* Whether these settings can work with the format; if not, it has been said. */
bool relay_settings_are_good(const struct relay_settings *settings, const char *format);

/* Relays until the server closes the connection and everything has taken effect. Returns an exit code, having said
 * what went wrong. */
int relay_run(const struct relay_settings *settings, const struct delivery_settings *delivery,
              const struct vendor_facts *facts, struct formats *formats);

#endif
