/* What the query of an address, and the configuration, bind for a source: the hello line that its reader gets first. */
#ifndef COACH_GATEWAY_BINDING_H
#define COACH_GATEWAY_BINDING_H

#include "daemon/base/options.h"
#include "daemon/gateway/httpreq.h"

enum { BINDING_FORMAT_MAX = 32 };

/* Checks every "FORMAT/CHANNEL=ROLE" of the configuration. Returns 0 or COACH_EINVAL. */
int binding_check(const struct option_list *channels, coach_error *err);

/* Adds the hello line for `format`: call_id, agent_id, language and channels=0:customer,1:agent of the query; without
 * channels there, those that are configured for the format. Returns 0; COACH_EINVAL with a text for the peer;
 * COACH_ENOMEM. */
int binding_hello(const char *format, struct httpreq_text query, const struct option_list *channels, struct buf *out,
                  coach_error *err);

#endif
