#include "lib/wire/binding.h"

#include <string.h>

#include "lib/base/error.h"
#include "lib/wire/problem.h"
#include "lib/wire/roles.h"

enum { MAX_CHANNELS = 64 };

void binding_init(struct binding *b)
{
    *b = (struct binding){0};
    table_init(&b->channels, NULL); /* at most MAX_CHANNELS keys: nothing to flood */
}

void binding_clear(struct binding *b)
{
    table_clear(&b->channels);
}

bool binding_find_format(const struct formats *formats, const char *name, enum binding_format *ret,
                         const struct mapping **mapping)
{
    *mapping = formats == NULL ? NULL : formats_find(formats, name);
    *ret = *mapping != NULL ? BOUND_MAPPING : strcmp(name, "auto") == 0 ? BOUND_AUTO : BOUND_COACHD;
    return *mapping != NULL || strcmp(name, "coachd") == 0 || (formats != NULL && strcmp(name, "auto") == 0);
}

static int read_format(const struct canonical *hello, const struct formats *formats, enum binding_format *ret,
                       const struct mapping **mapping)
{
    const json_t *v = json_object_get(hello->object, "format");
    if (!json_is_string(v))
        return problem_tell(hello->handler, WIRE_BAD_FIELD, "format: expected a string");
    if (!binding_find_format(formats, json_string_value(v), ret, mapping))
        return problem_tell(hello->handler, WIRE_UNKNOWN_FORMAT,
                            "format: there is none of that name; 'coach decode --list' shows those there are");
    return COACH_OK;
}

static int read_channels(const struct canonical *hello, struct table *map)
{
    json_t *channels = json_object_get(hello->object, "channels");
    const char *name;
    json_t *v;
    if (!canonical_has(hello->object, "channels"))
        return COACH_OK;
    if (!json_is_object(channels) || json_object_size(channels) > MAX_CHANNELS)
        return problem_tell(hello->handler, WIRE_BAD_FIELD,
                            "channels: expected an object of at most %d channels and their roles", MAX_CHANNELS);
    json_object_foreach(channels, name, v)
    {
        coach_role role;
        int rc = canonical_role(hello->handler, "channels", v, &role);
        if (rc == COACH_OK)
            rc = role_map(map, name, role);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

static void bind_text(char *to, size_t size, const struct wire_text *from)
{
    if (from->s != NULL && from->len < size)
        memcpy(to, from->s, from->len + 1);
}

int binding_take(struct binding *b, const struct canonical *hello, const struct formats *formats)
{
    const struct wire_event *e = &hello->event;
    enum binding_format format = b->format;
    const struct mapping *mapping = b->mapping;
    struct table channels;
    int rc = COACH_OK;
    table_init(&channels, NULL);
    if (canonical_has(hello->object, "format"))
        rc = read_format(hello, formats, &format, &mapping);
    if (rc == COACH_OK)
        rc = read_channels(hello, &channels);
    if (rc != COACH_OK) {
        table_clear(&channels);
        return rc;
    }
    bind_text(b->call_id, sizeof b->call_id, &e->call_id);
    bind_text(b->agent_id, sizeof b->agent_id, &e->agent_id);
    bind_text(b->language, sizeof b->language, &e->language);
    b->acks = e->ack;
    b->format = format;
    b->mapping = mapping;
    if (canonical_has(hello->object, "role")) {
        b->role = e->role;
        b->has_role = true;
    }
    if (table_count(&channels) > 0) {
        table_clear(&b->channels);
        b->channels = channels;
    }
    return COACH_OK;
}

static void use_bound(struct wire_text *field, const char *bound)
{
    if (field->s == NULL && bound[0] != '\0')
        *field = (struct wire_text){bound, strlen(bound)};
}

void binding_complete(const struct binding *b, struct wire_event *e)
{
    use_bound(&e->call_id, b->call_id);
    use_bound(&e->language, b->language);
    if (b->call_id[0] == '\0' || (e->call_id.s != NULL && strcmp(e->call_id.s, b->call_id) == 0))
        use_bound(&e->agent_id, b->agent_id);
}
