/* A vendor's messages, decoded here and handed to a delivery: what `coach send --format` and the relays share. Every
 * transcript gets a segment id of this run, so that what is sent twice counts once. */
#ifndef COACH_CLI_VENDOR_H
#define COACH_CLI_VENDOR_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/options.h"
#include "daemon/cli/delivery.h"
#include "daemon/cli/utterances.h"
#include "lib/wire/reader.h"

/* What messages lack; any may be NULL but the format. */
struct vendor_facts {
    const char *format, *call, *agent, *role;
    const struct option_list *channels; /* each CHANNEL=ROLE: input_channels_are_good */
};

struct vendor {
    struct delivery *to;
    struct wire_reader *reader;
    struct utterances open;
    uint64_t number; /* of the line or message at work */
};

/* Begins; `to` is kept. Returns 0; COACH_EINVAL for a format that there is not, having said so; COACH_ENOMEM. Always
 * close it. */
int vendor_open(struct vendor *v, struct delivery *to, struct formats *formats, const struct vendor_facts *facts);
void vendor_close(struct vendor *v);

/* Each decodes what came and hands its events on; problems are said on stderr with `number`. Returns 0 or
 * COACH_ENOMEM. */
int vendor_line(struct vendor *v, const char *line, size_t len, uint64_t number);
int vendor_message(struct vendor *v, const char *data, size_t len, uint64_t number);
int vendor_end(struct vendor *v);

#endif
