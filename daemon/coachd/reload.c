#include "daemon/coachd/reload.h"

void build_run(struct build *b, const struct config *config)
{
    *b = (struct build){0};
    rulefiles_init(&b->files);
    diags_init(&b->problems);
    b->rc = rulefiles_compile(config->rules.items, config->rules.count, config->languages, COACH_DATADIR, &b->files,
                              &b->set, &b->problems, &b->err);
    diags_sort(&b->problems);
}

void build_clear(struct build *b)
{
    ruleset_unref(b->set);
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
