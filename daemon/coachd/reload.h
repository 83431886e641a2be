/* Rule sets and vendor formats: built once at the start, and again on a worker whenever somebody asks. */
#ifndef COACH_COACHD_RELOAD_H
#define COACH_COACHD_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "daemon/base/rulefiles.h"
#include "daemon/coachd/config.h"
#include "daemon/coachd/ingest.h"

/* One attempt: the set and the formats, or what is wrong with the files. */
struct build {
    struct rulefiles files;
    struct diags problems; /* points into `files` */
    struct ruleset *set;
    struct ingest_defaults defaults;
    coach_error err;
    int rc; /* when it is not 0, nothing of it is to be used, and `err` says why */
};

/* Reads and builds; blocks. `b` is to be cleared in every case; whoever wants what was built takes it out first. */
void build_run(struct build *b, const struct config *config);
void build_clear(struct build *b);

struct reload {
    uv_loop_t *loop;
    const struct config *config;
    uv_work_t work;
    struct build build;
    bool running;
    bool pending; /* asked for while one was running: one more follows, however often */
    uint64_t begun;
    void (*on_begin)(void *user);
    void (*on_done)(void *user, struct build *b, uint64_t ticket);
    void *user;
};

/* `on_done` is called from the loop for each attempt; it may take the set out of the build. */
void reload_init(struct reload *r, uv_loop_t *loop, const struct config *config, void (*on_begin)(void *user),
                 void (*on_done)(void *user, struct build *b, uint64_t ticket), void *user);
/* Asks for a reload. Returns the ticket of the attempt that will have read the files after now. */
uint64_t reload_ask(struct reload *r);

#endif
