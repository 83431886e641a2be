#include "daemon/gateway/binding.h"

#include <string.h>

#include "daemon/gateway/form.h"
#include "lib/wire/json.h"

static const char *const names[] = {"call_id", "agent_id", "language", "channels", "bodySHA256"};
enum { TEXTS = 3, NNAMES = sizeof names / sizeof *names };

/* ---- channels of the configuration ---- */

/* Splits "FORMAT/CHANNEL=ROLE" within `memory`. The channel may hold a '/' or a '='. */
static bool split(const char *item, struct arena *memory, const char **format, const char **channel, const char **role)
{
    char *text = arena_str(memory, item);
    char *slash = text == NULL ? NULL : strchr(text, '/'), *equals = text == NULL ? NULL : strrchr(text, '=');
    if (slash == NULL || equals == NULL || slash == text || equals <= slash + 1 || equals[1] == '\0')
        return false;
    *slash = *equals = '\0';
    *format = text;
    *channel = slash + 1;
    *role = equals + 1;
    return true;
}

int binding_check(const struct option_list *channels, coach_error *err)
{
    static const char *const roles[] = {"agent", "customer", "system", "unknown"};
    struct arena memory;
    const char *format, *channel, *role = "";
    arena_init(&memory);
    int rc = COACH_OK;
    for (size_t i = 0; i < channels->count && rc == COACH_OK; i++) {
        bool known = false;
        if (split(channels->items[i], &memory, &format, &channel, &role))
            for (size_t k = 0; k < sizeof roles / sizeof *roles; k++)
                known = known || strcmp(role, roles[k]) == 0;
        if (!known)
            rc = coach_fail(err, COACH_EINVAL,
                            "channels: expected FORMAT/CHANNEL=ROLE such as twilio/inbound_track=customer, a role "
                            "being agent, customer, system or unknown; found '%.64s'",
                            channels->items[i]);
    }
    arena_clear(&memory);
    return rc;
}

static int add_configured(struct json_out *j, const char *format, const struct option_list *channels,
                          struct arena *memory)
{
    const char *of, *channel, *role;
    bool open = false;
    for (size_t i = 0; i < channels->count; i++) {
        if (!split(channels->items[i], memory, &of, &channel, &role))
            return COACH_ENOMEM;
        if (strcmp(of, format) != 0)
            continue;
        if (!open)
            json_open_object(j, "channels");
        open = true;
        json_text(j, channel, role);
    }
    if (open)
        json_close_object(j);
    return COACH_OK;
}

/* ---- the query ---- */

static int check_names(const struct form *query, coach_error *err)
{
    for (size_t i = 0; i < query->count; i++) {
        size_t k = 0;
        while (k < NNAMES && strcmp(query->pairs[i].name, names[k]) != 0)
            k++;
        if (k == NNAMES)
            return coach_fail(
                err, COACH_EINVAL,
                "the query may say call_id, agent_id, language and channels; parameter %zu is none of them", i + 1);
        for (size_t other = 0; other < i; other++)
            if (strcmp(query->pairs[other].name, names[k]) == 0)
                return coach_fail(err, COACH_EINVAL, "the query says %s twice", names[k]);
    }
    return COACH_OK;
}

/* "0:customer,1:agent", `text` being the query's own copy. */
static int add_channels(struct json_out *j, char *text, coach_error *err)
{
    json_open_object(j, "channels");
    for (char *item = text, *next; item != NULL; item = next) {
        next = strchr(item, ',');
        if (next != NULL)
            *next++ = '\0';
        char *colon = strrchr(item, ':');
        if (colon == NULL || colon == item || colon[1] == '\0')
            return coach_fail(err, COACH_EINVAL, "channels: expected channels=0:customer,1:agent");
        *colon = '\0';
        json_text(j, item, colon + 1);
    }
    json_close_object(j);
    return COACH_OK;
}

static int add_hello(struct json_out *j, const char *format, const struct form *query,
                     const struct option_list *channels, struct arena *memory, coach_error *err)
{
    json_open_object(j, NULL);
    json_text(j, "type", "hello");
    json_text(j, "format", format);
    for (size_t i = 0; i < TEXTS; i++)
        json_text(j, names[i], form_get(query, names[i]));
    const char *given = form_get(query, "channels");
    char *copy = given == NULL ? NULL : arena_str(memory, given);
    int rc = COACH_OK;
    if (given == NULL)
        rc = add_configured(j, format, channels, memory);
    else
        rc = copy == NULL ? coach_fail_nomem(err) : add_channels(j, copy, err);
    json_close_object(j);
    return rc;
}

int binding_hello(const char *format, struct httpreq_text query, const struct option_list *channels, struct buf *out,
                  coach_error *err)
{
    struct arena memory;
    struct form form;
    struct json_out j;
    size_t before = out->len;
    arena_init(&memory);
    int rc = form_read(query.s, query.len, &memory, &form);
    if (rc == COACH_ENOMEM)
        rc = coach_fail_nomem(err);
    else if (rc != COACH_OK)
        rc = coach_fail(err, COACH_EINVAL, "the query is not percent-encoded UTF-8");
    if (rc == COACH_OK)
        rc = check_names(&form, err);
    if (rc == COACH_OK) {
        json_out_begin(&j, out);
        rc = add_hello(&j, format, &form, channels, &memory, err);
        int written = json_out_end(&j, false);
        rc = rc == COACH_OK && written != COACH_OK ? coach_fail_nomem(err) : rc;
    }
    if (rc != COACH_OK && out->data != NULL)
        out->data[out->len = before] = '\0';
    arena_clear(&memory);
    return rc;
}
