/* The mapping files of vendor formats, as the gateway's configuration names them. */
#ifndef COACH_GATEWAY_MAPPINGS_H
#define COACH_GATEWAY_MAPPINGS_H

#include "daemon/base/options.h"
#include "lib/wire/formats.h"

/* Reads the files and folders named, the shipped ones of `datadir` when none is. Every problem goes to standard error
 * with its place. Returns 0 and a set with one reference; COACH_ERULES when a file holds an error, COACH_EINVAL when a
 * path cannot be read, COACH_ENOMEM. */
int mappings_load(const struct option_list *paths, const char *datadir, struct formats **ret, coach_error *err);

#endif
