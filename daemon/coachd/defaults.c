#include "daemon/coachd/defaults.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/wire/json.h"
#include "lib/wire/reader.h"

/* ---- a hello, and whether a reader takes it ---- */

struct trial {
    bool refused;
    struct wire_problem problem; /* the first */
};

static int on_event(void *user, const struct wire_event *event)
{
    (void)user, (void)event;
    return COACH_OK;
}

static void on_problem(void *user, const struct wire_problem *p)
{
    struct trial *t = user;
    if (!t->refused)
        t->problem = *p;
    t->refused = true;
}

static int try_hello(struct formats *formats, const struct buf *hello, struct trial *t)
{
    struct wire_handler handler = {.event = on_event, .problem = on_problem, .user = t};
    struct wire_reader *reader = wire_reader_new(formats, "");
    *t = (struct trial){0};
    int rc = reader == NULL ? COACH_ENOMEM : wire_reader_line(reader, hello->data, hello->len, &handler);
    wire_reader_free(reader);
    return rc;
}

static void add_channel(struct json_out *j, const char *item)
{
    char channel[WIRE_MAX_ID + 1];
    size_t len = strcspn(item, "=");
    memcpy(channel, item, len);
    channel[len] = '\0';
    json_text(j, channel, item + len + 1);
}

/* `format` may be NULL. */
static int write_hello(struct buf *to, const char *format, const char *const *channels, size_t n)
{
    struct json_out j;
    buf_reset(to);
    json_out_begin(&j, to);
    json_open_object(&j, NULL);
    json_text(&j, "type", "hello");
    json_text(&j, "format", format);
    json_open_object(&j, "channels");
    for (size_t i = 0; i < n; i++)
        add_channel(&j, channels[i]);
    json_close_object(&j);
    json_close_object(&j);
    return json_out_end(&j, false);
}

/* ---- the settings ---- */

static int refuse_format(const struct formats *formats, const char *name, coach_error *err)
{
    const char *known[256] = {"coachd", "auto"};
    size_t n = 2, count = formats_count(formats), most = sizeof known / sizeof *known;
    for (size_t i = 0; i < count && n < most; i++)
        known[n++] = mapping_name(formats_at(formats, i));
    const char *meant = diag_nearest(name, known, n);
    return coach_fail(err, COACH_EINVAL, "ingest_format: no mapping file describes '%.64s'%s%s%s", name,
                      meant == NULL ? "" : "; did you mean '", meant == NULL ? "" : meant, meant == NULL ? "" : "'?");
}

/* Each on its own first, so that the text can name the one that is wrong. */
static int check_channel(struct ingest_defaults *d, const struct option_list *list, size_t at, coach_error *err)
{
    const char *item = list->items[at];
    size_t len = strcspn(item, "=");
    struct trial t;
    if (item[len] == '\0' || len == 0 || len > WIRE_MAX_ID)
        return coach_fail(err, COACH_EINVAL, "ingest_channels: '%.64s': takes CHANNEL=ROLE, such as 0=customer", item);
    for (size_t i = 0; i < at; i++)
        if (strncmp(list->items[i], item, len + 1) == 0)
            return coach_fail(err, COACH_EINVAL, "ingest_channels: '%.64s': another item names this channel too", item);
    int rc = write_hello(&d->hello, NULL, &item, 1);
    if (rc == COACH_OK)
        rc = try_hello(d->formats, &d->hello, &t);
    if (rc != COACH_OK)
        return coach_fail_nomem(err);
    return t.refused ? coach_fail(err, COACH_EINVAL, "ingest_channels: '%.64s': %s", item, t.problem.message)
                     : COACH_OK;
}

int defaults_make(struct ingest_defaults *defaults, const struct config *config, coach_error *err)
{
    const struct option_list *channels = &config->ingest_channels;
    struct trial t;
    for (size_t i = 0; i < channels->count; i++) {
        int rc = check_channel(defaults, channels, i, err);
        if (rc != COACH_OK)
            return rc;
    }
    int rc = write_hello(&defaults->hello, config->ingest_format, channels->items, channels->count);
    if (rc == COACH_OK)
        rc = try_hello(defaults->formats, &defaults->hello, &t);
    if (rc != COACH_OK)
        return coach_fail_nomem(err);
    if (t.refused && t.problem.code == WIRE_UNKNOWN_FORMAT)
        return refuse_format(defaults->formats, config->ingest_format, err);
    return t.refused ? coach_fail(err, COACH_EINVAL, "ingest_channels: %s", t.problem.message) : COACH_OK;
}
