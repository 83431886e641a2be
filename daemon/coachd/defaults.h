/* What the configuration says of writers that say nothing themselves. */
#ifndef COACH_COACHD_DEFAULTS_H
#define COACH_COACHD_DEFAULTS_H

#include "daemon/coachd/config.h"
#include "daemon/coachd/ingest.h"
#include "lib/base/error.h"

/* Writes the hello of ingest_format and ingest_channels to `defaults`, whose formats are set already, and tries it on a
 * reader. Returns 0; COACH_EINVAL when it would be refused, the text naming the setting and what it takes;
 * COACH_ENOMEM. To be given back with ingest_defaults_clear in every case. */
int defaults_make(struct ingest_defaults *defaults, const struct config *config, coach_error *err);

#endif
