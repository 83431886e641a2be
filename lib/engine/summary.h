/* What there is to say about a call when it is over: how often which rule found something, which cards were followed,
 * what was promised, what upset the customer and what came before. Small and bounded, and without a word that was said.
 * Signals are known by name: those of the customer in summary_trigger, policy-stated, refusal and final-refusal for
 * what may come before, commitment and step-taken for promises. */
#ifndef COACH_ENGINE_SUMMARY_H
#define COACH_ENGINE_SUMMARY_H

#include "lib/engine/engine.h"

enum summary_trigger { SUMMARY_UPSET, SUMMARY_ANGRY, SUMMARY_LEAVE, SUMMARY_SUPERVISOR, SUMMARY_TRIGGERS };
const char *summary_trigger_name(enum summary_trigger trigger); /* "upset" ..., as in the record */

enum {
    SUMMARY_ITEMS = 64,   /* rules and signals told apart */
    SUMMARY_CARDS = 32,   /* cards remembered, the last ones */
    SUMMARY_PROMISES = 16 /* the first ones */
};

/* A rule that found something, or a signal that stands for a refusal or a policy. */
struct summary_item {
    char name[65];
    char category[65]; /* of a rule; empty for a signal */
    uint32_t found;    /* findings that count (55), or how often the signal was heard */
    uint32_t shown;
    int64_t first_ms;                  /* on the call's clock */
    uint32_t before[SUMMARY_TRIGGERS]; /* how often it came in the two agent turns before the trigger */
    uint32_t agent_turn;               /* in which it last came, and */
    uint64_t segment;                  /* the hash of the segment */
};

/* A card that was shown. */
struct summary_card {
    char nudge_id[NUDGE_ID + 1];
    uint64_t asks; /* key of the signal that it asks for; 0: what it asks for cannot be told */
    bool followed; /* that was heard within two agent turns */
    uint32_t agent_turn;
};

struct summary_promise {
    char segment_id[WIRE_MAX_ID + 1];
    int64_t at_ms;
};

struct call_summary {
    struct summary_item *items;
    struct summary_card *cards;
    struct summary_promise *promises;
    size_t item_count, item_cap, card_count, card_cap, promise_count, promise_cap;
    uint32_t triggers[SUMMARY_TRIGGERS];
    int64_t trigger_first_ms[SUMMARY_TRIGGERS];
    uint32_t agent_turns;     /* begun, since it began */
    uint32_t asked, followed; /* cards that ask for something that can be heard, and those followed */
    uint32_t left_out;        /* for which there was no room */
    struct call_counts counts_before;
    uint32_t turns_before;
};

/* What an engine's observer hears until summary_add takes it: one for each engine. */
struct summary_ear {
    struct {
        int signal;
        int64_t at_ms;
        char segment_id[WIRE_MAX_ID + 1];
    } heard[32];
    size_t count;
};
/* An engine_observer; `ear` is a struct summary_ear. */
void summary_hear(void *ear, const struct engine_trace *trace);

/* Empties it, and begins with what is yet to come of the call: a zeroed struct begins with its first line. */
void summary_restart(struct call_summary *s, const struct call *c);
void summary_clear(struct call_summary *s);
/* Adds what a step of the call brought, and takes what was heard. Returns 0, or COACH_ENOMEM: something is then missing
 * and counted in left_out. */
int summary_add(struct call_summary *s, const struct ruleset *set, const struct call *c, struct summary_ear *ear,
                const struct engine_results *results);
/* The card, or NULL when it was not shown or was forgotten. */
const struct summary_card *summary_card(const struct call_summary *s, const char *nudge_id);

#endif
