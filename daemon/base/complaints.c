#include "daemon/base/complaints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/wire/json.h"

void complaints_clear(struct complaints *c)
{
    free(c->kinds);
    *c = (struct complaints){0};
}

static void write_line(const struct complaint *k, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "error");
    if (k->line > 0)
        json_int(&j, "line", (int64_t)k->line);
    json_text(&j, "code", k->code);
    json_text(&j, "message", k->message);
    json_int(&j, "dropped", (int64_t)k->suppressed);
    json_close_object(&j);
    (void)json_out_end(&j, true); /* out of memory: the peer is not told, the metrics are */
}

bool complaints_add(struct complaints *c, unsigned kind, const char *code, uint64_t line, const char *message,
                    int64_t now_ms, struct buf *out)
{
    if (c->kinds == NULL)
        c->kinds = calloc(COMPLAINT_KINDS, sizeof *c->kinds);
    if (c->kinds == NULL || kind >= COMPLAINT_KINDS)
        return false;
    struct complaint *k = &c->kinds[kind];
    bool early = k->code != NULL && now_ms - k->said_ms < COMPLAINT_EVERY_MS;
    k->code = code;
    k->line = line;
    snprintf(k->message, sizeof k->message, "%s", message);
    if (early) {
        c->waiting += k->suppressed == 0;
        k->suppressed++;
        return false;
    }
    write_line(k, out);
    c->waiting -= k->suppressed > 0;
    k->suppressed = 0;
    k->said_ms = now_ms;
    return true;
}

void complaints_tell_rest(struct complaints *c, int64_t now_ms, struct buf *out)
{
    for (unsigned i = 0; c->waiting > 0 && i < COMPLAINT_KINDS; i++) {
        struct complaint *k = &c->kinds[i];
        if (k->suppressed == 0 || now_ms - k->said_ms < COMPLAINT_EVERY_MS)
            continue;
        k->suppressed--; /* this one is being told */
        write_line(k, out);
        c->waiting--;
        k->suppressed = 0;
        k->said_ms = now_ms;
    }
}
