#include "daemon/gateway/naming.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/base/log.h"
#include "lib/base/error.h"

void naming_init(struct naming *n)
{
    uint8_t seed[HASH_SEED] = {0};
    *n = (struct naming){0};
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed ||
        getrandom(&n->launch, sizeof n->launch, 0) != (ssize_t)sizeof n->launch)
        log_warning("the system gave no random numbers");
    stream_init(&n->calls, seed);
}

void naming_clear(struct naming *n)
{
    stream_clear(&n->calls);
}

static struct stream_side *side_of(struct naming *n, const struct wire_event *e, bool *full)
{
    struct stream_call *call = stream_call(&n->calls, e->call_id.s, e->call_id.len);
    const char *name = e->channel.s != NULL ? e->channel.s : wire_role_name(e->role);
    *full = false;
    return call == NULL ? NULL : stream_side(call, name, strlen(name), full);
}

int naming_give(struct naming *n, struct wire_event *event)
{
    bool full;
    if (event->type != WIRE_TRANSCRIPT || event->segment_id.s != NULL)
        return COACH_OK;
    struct stream_side *side = side_of(n, event, &full);
    if (side == NULL)
        return full ? COACH_OK : COACH_ENOMEM;
    if (!side->open) {
        buf_reset(&side->segment);
        int rc = buf_addf(&side->segment, "g%08" PRIx32 "-%" PRIu64, n->launch, ++n->made);
        if (rc != COACH_OK)
            return rc;
        side->open = true;
    }
    event->segment_id = (struct wire_text){side->segment.data, side->segment.len};
    return COACH_OK;
}

void naming_took(struct naming *n, const struct wire_event *event)
{
    bool full;
    if (event->type == WIRE_CALL_END)
        stream_forget(&n->calls, event->call_id.s, event->call_id.len);
    if (event->type != WIRE_TRANSCRIPT || !event->is_final)
        return;
    struct stream_call *call = table_get(&n->calls.calls, event->call_id.s, event->call_id.len);
    struct stream_side *side = call == NULL ? NULL : side_of(n, event, &full);
    if (side != NULL && side->open && side->segment.data == event->segment_id.s)
        side->open = false;
}
