#include "daemon/coachd/reload.h"

#include "daemon/coachd/defaults.h"

/* After the rules, which are without errors: what is wrong now is wrong with the mapping files. */
static int build_formats(struct build *b, const struct config *config)
{
    int rc = rulefiles_load_formats(&b->files, config->formats.items, config->formats.count, COACH_DATADIR,
                                    &b->problems, &b->err);
    if (rc != COACH_OK)
        return rc;
    rc = formats_read(b->files.formats, b->files.nformats, &b->defaults.formats, &b->problems);
    if (rc != COACH_OK || b->problems.out_of_memory)
        return coach_fail_nomem(&b->err);
    size_t errors = b->problems.levels[DIAG_ERROR];
    if (errors > 0)
        return coach_fail(&b->err, COACH_ERULES, "%zu error%s in the mapping files", errors, errors == 1 ? "" : "s");
    return defaults_make(&b->defaults, config, &b->err);
}

void build_run(struct build *b, const struct config *config)
{
    *b = (struct build){0};
    rulefiles_init(&b->files);
    diags_init(&b->problems);
    b->rc = rulefiles_compile(config->rules.items, config->rules.count, config->languages, COACH_DATADIR, &b->files,
                              &b->set, &b->problems, &b->err);
    if (b->rc == COACH_OK)
        b->rc = build_formats(b, config);
    diags_sort(&b->problems);
}

void build_clear(struct build *b)
{
    ruleset_unref(b->set);
    ingest_defaults_clear(&b->defaults);
    diags_clear(&b->problems);
    rulefiles_clear(&b->files);
    *b = (struct build){0};
}

void reload_init(struct reload *r, uv_loop_t *loop, const struct config *config, void (*on_begin)(void *user),
                 void (*on_done)(void *user, struct build *b, uint64_t ticket), void *user)
{
    *r = (struct reload){.loop = loop, .config = config, .on_begin = on_begin, .on_done = on_done, .user = user};
    r->work.data = r;
}

static void on_worker(uv_work_t *work)
{
    struct reload *r = work->data;
    build_run(&r->build, r->config);
}

static void begin(struct reload *r);

static void on_built(uv_work_t *work, int status)
{
    struct reload *r = work->data;
    r->running = false;
    if (status == 0) {
        r->on_done(r->user, &r->build, r->begun);
        build_clear(&r->build);
    }
    if (r->pending)
        begin(r);
}

static void begin(struct reload *r)
{
    r->pending = false;
    r->running = true;
    r->begun++;
    r->on_begin(r->user);
    if (uv_queue_work(r->loop, &r->work, on_worker, on_built) != 0)
        r->running = false; /* it only fails without a worker function */
}

uint64_t reload_ask(struct reload *r)
{
    if (r->running) {
        r->pending = true;
        return r->begun + 1;
    }
    begin(r);
    return r->begun;
}
