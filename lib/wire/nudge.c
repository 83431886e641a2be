#include "lib/wire/nudge.h"

#include "lib/coach.h"
#include "lib/wire/json.h"

int nudge_write(const struct nudge *n, const struct nudge_clocks *clocks, struct buf *out)
{
    struct json_out j;
    json_out_begin(&j, out);
    json_open_object(&j, NULL);
    json_text(&j, "type", n->held == NULL ? "nudge" : "finding");
    json_text(&j, "held", n->held);
    json_text(&j, "nudge_id", n->nudge_id);
    json_text(&j, "call_id", n->call_id);
    json_text(&j, "agent_id", n->agent_id);
    json_text(&j, "rule", n->rule);
    json_int(&j, "rev", n->rev);
    json_int(&j, "phrase", n->phrase);
    json_text(&j, "rules_hash", n->rules_hash);
    json_text(&j, "category", n->category);
    json_text(&j, "severity", n->severity);
    json_text(&j, "title", n->title);
    json_text(&j, "message", n->message);
    json_open_array(&j, "suggest");
    for (size_t i = 0; i < NUDGE_SUGGESTIONS; i++)
        json_text(&j, NULL, n->suggest[i]);
    json_close_array(&j);
    json_text(&j, "said", n->said);
    json_text(&j, "segment_id", n->segment_id);
    json_open_array(&j, "span");
    json_int(&j, NULL, (int64_t)n->span[0]);
    json_int(&j, NULL, (int64_t)n->span[1]);
    json_close_array(&j);
    json_int(&j, "at_ms", n->at_ms);
    json_int(&j, "ttl_ms", n->ttl_ms);
    if (clocks != NULL) {
        json_text(&j, "ts", clocks->ts);
        json_open_object(&j, "timing");
        if (n->end_ms != COACH_NO_TIME)
            json_int(&j, "end_ms", n->end_ms);
        json_text(&j, "received", clocks->received);
        json_text(&j, "sent", clocks->sent);
        json_close_object(&j);
    }
    json_close_object(&j);
    return json_out_end(&j, true);
}
