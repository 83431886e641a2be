#include "daemon/coachd/users.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_BYTES = 16 * 1024 };

struct question {
    uv_work_t work;
    uid_t uid;
    char *name; /* NULL: none */
    void (*done)(void *user, const char *name);
    void *user;
};

static void on_worker(uv_work_t *work)
{
    struct question *q = work->data;
    struct passwd record, *found = NULL;
    char *memory = malloc(RECORD_BYTES);
    if (memory != NULL && getpwuid_r(q->uid, &record, memory, RECORD_BYTES, &found) == 0 && found != NULL)
        q->name = strdup(found->pw_name);
    free(memory);
}

static void on_answer(uv_work_t *work, int status)
{
    struct question *q = work->data;
    q->done(q->user, status == 0 ? q->name : NULL);
    free(q->name);
    free(q);
}

int users_ask(uv_loop_t *loop, uid_t uid, void (*done)(void *user, const char *name), void *user, coach_error *err)
{
    struct question *q = calloc(1, sizeof *q);
    if (q == NULL)
        return coach_fail_nomem(err);
    *q = (struct question){.uid = uid, .done = done, .user = user};
    q->work.data = q;
    if (uv_queue_work(loop, &q->work, on_worker, on_answer) == 0)
        return COACH_OK;
    free(q);
    return coach_fail_nomem(err);
}
