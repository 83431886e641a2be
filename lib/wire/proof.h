/* The samples of a mapping file, proved: each message gives the events written beside it. */
#ifndef COACH_WIRE_PROOF_H
#define COACH_WIRE_PROOF_H

#include "lib/wire/formats.h"
#include "lib/yaml/yaml.h"

/* Decodes each sample under `root` with the format `name` of `formats`, and adds what differs to `problems`. Returns 0
 * or COACH_ENOMEM. */
int proof_run(const struct yaml_node *root, struct formats *formats, const char *name, struct diags *problems);

#endif
