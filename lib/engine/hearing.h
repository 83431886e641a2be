/* What a result of the recogniser says: phrases found in it, interim or final. Sentences 12 and 49 to 54. */
#ifndef COACH_ENGINE_HEARING_H
#define COACH_ENGINE_HEARING_H

#include "lib/engine/step.h"

/* A result with its times settled. */
struct hearing {
    const struct wire_event *event; /* with a segment id */
    uint64_t segment;               /* hash of side and segment id */
    int64_t start_ms, end_ms;
    bool timed;         /* the source gave both */
    bool unnamed;       /* the segment id is ours */
    bool forced;        /* an interim result taken as final: the final may yet come, and say otherwise */
    int64_t arrival_ms; /* on the caller's clock */
};

/* Hash of who speaks: of the channel where there is one, else of the role. */
uint64_t hearing_side(const struct wire_event *e);
/* Hash of who speaks and the segment id. */
uint64_t hearing_segment(const struct wire_event *e);
/* The open segment of a side whose id is ours; NULL when there is none. */
struct call_open *hearing_unnamed(struct call *c, uint64_t side);
/* The open segment of that hash; NULL when there is none. */
struct call_open *hearing_open(struct call *c, uint64_t segment);
/* Runs a final. */
void hearing_final(struct step *s, const struct hearing *h);
/* Runs an interim result. */
void hearing_interim(struct step *s, const struct hearing *h);
/* Takes an open segment as final (53). */
void hearing_close(struct step *s, struct call_open *open);

#endif
