#include "lib/wire/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ascii.h"
#include "lib/base/hash.h"
#include "lib/wire/problem.h"
#include "lib/wire/roles.h"
#include "lib/wire/times.h"

/* Utterances of a join, one for each channel, until their items are through. */
struct joined {
    struct wire_event event;
    struct wire_text segment;
    struct buf text;
    bool stable; /* everything so far is */
};

/* One message at work. */
struct act {
    const struct decode_context *context;
    struct lookup lookup;
    const struct mapping_entry *entry, *group_end; /* the entry at work; the end of those with its `each` */
    const struct scope *scope;
    struct joined joined[STREAM_SIDES];
    size_t njoined;
    struct wire_text channel; /* as the vendor says it, for templates */
    bool spoken_for;
};

static void ignore(const struct act *a, const char *why)
{
    if (a->context->handler->ignored != NULL)
        a->context->handler->ignored(a->context->handler->user, why);
}

static int complain_missing(const struct act *a, const char *what)
{
    return problem_tell(a->context->handler, WIRE_MISSING_FIELD, "%s: %s", a->context->mapping->name, what);
}

static const json_t *get(struct act *a, enum entry_value which)
{
    return value_get(&a->entry->values[which], a->scope, &a->lookup);
}

static struct wire_text get_text(struct act *a, enum entry_value which)
{
    return value_kept_text(get(a, which), &a->lookup);
}

/* --- what all events have --- */

static int read_id(struct act *a, enum entry_value which, const char *name, struct wire_text *ret)
{
    struct wire_text id = get_text(a, which);
    if (id.s == NULL)
        return COACH_OK;
    int rc = problem_check_id(a->context->handler, name, &id);
    if (rc == COACH_OK)
        *ret = id;
    return rc;
}

static int read_common(struct act *a, struct wire_event *e)
{
    const struct decode_context *c = a->context;
    int rc = COACH_OK;
    e->call_id = c->envelope.call_id;
    if (e->call_id.s == NULL)
        rc = read_id(a, V_CALL, "call", &e->call_id);
    if (rc == COACH_OK && e->call_id.s == NULL)
        e->call_id = c->hello.call_id;
    if (rc == COACH_OK && e->call_id.s == NULL)
        rc = complain_missing(a, "no call_id in the message: bind one by a hello, or use an envelope");
    if (rc == COACH_OK)
        rc = read_id(a, V_AGENT, "agent", &e->agent_id);
    if (rc == COACH_OK)
        rc = read_id(a, V_QUEUE, "queue", &e->queue);
    if (rc == COACH_OK)
        rc = read_id(a, V_LANGUAGE, "language", &e->language);
    e->reason = get_text(a, V_REASON);
    e->ts = get_text(a, V_TS);
    return rc;
}

/* Made when it is new; NULL when memory is out. */
static struct stream_call *call_of(struct act *a, const struct wire_event *e)
{
    struct stream_call *call = stream_call(a->context->stream, e->call_id.s, e->call_id.len);
    a->lookup.no_memory |= call == NULL;
    return call;
}

/* The side's name is its channel, or its role where there are none. Returns 0, or PROBLEM_TOLD; COACH_ENOMEM. */
static int side_of(struct act *a, struct stream_call *call, const struct wire_event *e, struct stream_side **ret)
{
    bool full;
    const char *name = e->channel.s != NULL ? e->channel.s : wire_role_name(e->role);
    *ret = stream_side(call, name, strlen(name), &full);
    if (full)
        return problem_tell(a->context->handler, WIRE_BAD_FIELD, "channel: a call may have %d", STREAM_SIDES);
    return *ret == NULL ? COACH_ENOMEM : COACH_OK;
}

/* --- who speaks --- */

static bool word_of_role(const struct mapping *m, const struct wire_text *word, coach_role *ret)
{
    for (size_t i = 0; i < m->nroles; i++)
        if (ascii_same(word->s, word->len, m->roles[i].word)) {
            *ret = m->roles[i].role;
            return true;
        }
    return role_named(word->s, word->len, ret);
}

static bool role_learned(struct act *a, const struct wire_event *e, coach_role *ret)
{
    struct stream_call *call = call_of(a, e);
    for (size_t i = 0; call != NULL && i < call->nsides; i++)
        if (call->sides[i]->named && strcmp(call->sides[i]->name, e->channel.s) == 0) {
            *ret = call->sides[i]->role;
            return true;
        }
    return false;
}

static int role_from_channel(struct act *a, struct wire_event *e)
{
    const struct decode_context *c = a->context;
    if (role_of_channel(c->channels, &e->channel, &e->role) || role_learned(a, e, &e->role))
        return COACH_OK;
    e->role = c->hello.role;
    return c->hello.has_role || c->any_channel
               ? COACH_OK
               : problem_tell(c->handler, WIRE_UNMAPPED_CHANNEL,
                              "channel: say in hello who speaks on it: \"channels\":{\"0\":\"customer\"}");
}

static int read_side(struct act *a, struct wire_event *e)
{
    const struct decode_context *c = a->context;
    struct wire_text word = get_text(a, V_ROLE);
    a->channel = (struct wire_text){0};
    int rc = read_id(a, V_CHANNEL, "channel", &a->channel);
    if (rc != COACH_OK)
        return rc;
    e->channel = c->envelope.channel.s != NULL || c->envelope.has_role ? c->envelope.channel : a->channel;
    if (c->envelope.has_role) {
        e->role = c->envelope.role;
        return COACH_OK;
    }
    if (word.s != NULL && word_of_role(c->mapping, &word, &e->role))
        return COACH_OK;
    if (word.s != NULL && e->channel.s == NULL)
        return problem_tell(c->handler, WIRE_BAD_FIELD, "role: a word that neither the format nor coachd knows");
    if (e->channel.s != NULL)
        return role_from_channel(a, e);
    e->role = c->hello.role;
    if (c->hello.has_role || c->any_channel)
        return COACH_OK;
    return complain_missing(a, "the message does not say who speaks: give a role in hello");
}

/* --- transcripts --- */

/* Whether something is there; `*is_time`: it is a time, in `*ms`. */
static bool get_time(struct act *a, enum entry_value which, int64_t *ms, bool *is_time)
{
    const struct value_choice *choice = NULL;
    const json_t *v = value_find(&a->entry->values[which], a->scope, &a->lookup, &choice);
    if (v == NULL)
        return false;
    *is_time = times_read(v, choice->ms_per_unit > 0 ? choice->ms_per_unit : a->context->mapping->ms_per_unit, ms);
    return true;
}

static void take_time(const struct act *a, int64_t ms, int64_t *ret)
{
    const int64_t day = 24 * 3600 * (int64_t)1000;
    if (ms > -day && ms < day)
        *ret = ms;
    else
        ignore(a, "a time more than a day away from the call's beginning");
}

static void read_time(struct act *a, struct stream_call *call, enum entry_value which, int64_t *ret)
{
    const struct mapping *m = a->context->mapping;
    int64_t ms;
    bool is_time;
    if (!get_time(a, which, &ms, &is_time))
        return;
    if (!is_time) {
        ignore(a, "a time that is none");
        return;
    }
    if (m->epoch && !call->began) {
        call->began = true;
        call->origin_ms = ms;
    }
    take_time(a, ms - (m->epoch ? call->origin_ms : 0), ret);
}

static int read_times(struct act *a, struct wire_event *e)
{
    int64_t duration;
    bool is_time;
    struct stream_call *call = call_of(a, e);
    if (call == NULL)
        return COACH_ENOMEM;
    read_time(a, call, V_START, &e->start_ms);
    read_time(a, call, V_END, &e->end_ms);
    if (e->start_ms != COACH_NO_TIME && get_time(a, V_DURATION, &duration, &is_time) && is_time)
        take_time(a, e->start_ms + duration, &e->end_ms);
    return COACH_OK;
}

/* 0..1; what is out of range is left out, some recognisers send 297.0; and so is 0, which they send for "not known". */
static double read_share(struct act *a, enum entry_value which, double most)
{
    double value;
    if (!value_number(get(a, which), &value) || value <= 0 || value > most)
        return -1;
    return value / most;
}

static bool is_stable(struct act *a, const struct scope *scope)
{
    const struct stable *s = &a->entry->stable;
    const json_t *v = value_get(&s->holds, scope, &a->lookup);
    double number;
    bool yes;
    if (s->at_least > 0)
        return value_number(v, &number) && number >= s->at_least;
    return value_bool(v, &yes) && yes;
}

struct leading {
    struct act *act;
    const char *text;
    size_t stable;
};

/* Moves on to the end of the item's words in the text, while items are stable. */
static int add_leading(void *user, const struct scope *item)
{
    struct leading *l = user;
    char digits[32];
    const char *words, *found;
    size_t len;
    if (!is_stable(l->act, item))
        return 1;
    if (!value_text(value_get(&l->act->entry->stable.text, item, &l->act->lookup), digits, &words, &len))
        return 0;
    found = strstr(l->text + l->stable, words);
    if (found == NULL)
        return 1;
    l->stable = (size_t)(found - l->text) + len;
    return 0;
}

static int read_transcript(struct act *a, struct wire_event *e, struct wire_text *segment)
{
    const struct mapping_entry *entry = a->entry;
    int rc = read_common(a, e);
    if (rc == COACH_OK)
        rc = read_side(a, e);
    if (rc == COACH_OK)
        rc = read_times(a, e);
    if (rc != COACH_OK)
        return rc;
    e->text = get_text(a, V_TEXT);
    if (e->text.s == NULL)
        e->text = (struct wire_text){"", 0};
    e->is_final = truth_holds(&entry->is_final, a->scope, &a->lookup);
    e->end_of_turn = truth_holds(&entry->end_of_turn, a->scope, &a->lookup);
    e->append = entry->append;
    e->confidence = read_share(a, V_CONFIDENCE, a->context->mapping->most_confidence);
    e->stability = read_share(a, V_STABILITY, 1);
    e->speaker = get_text(a, V_SPEAKER);
    if (entry->stable.of_items && !e->is_final) {
        struct leading l = {a, e->text.s, 0};
        (void)path_each(&entry->stable.items, a->scope, &a->lookup, add_leading, &l);
        e->stable_len = (int64_t)l.stable;
    }
    char start[24], end[24];
    snprintf(start, sizeof start, "%" PRId64, e->start_ms);
    snprintf(end, sizeof end, "%" PRId64, e->end_ms);
    a->lookup.start_ms = e->start_ms == COACH_NO_TIME ? NULL : start;
    a->lookup.end_ms = e->end_ms == COACH_NO_TIME ? NULL : end;
    a->lookup.channel = a->channel.s != NULL ? a->channel.s : e->channel.s;
    *segment = get_text(a, V_SEGMENT);
    a->lookup.start_ms = a->lookup.end_ms = a->lookup.channel = NULL;
    if (a->lookup.gave_up)
        return PROBLEM_TOLD; /* of the whole message, when it is left */
    return segment->s == NULL ? COACH_OK : problem_check_id(a->context->handler, "segment", segment);
}

static uint64_t vendor_id(const struct wire_text *segment)
{
    static const uint8_t seed[HASH_SEED] = {0};
    uint64_t id = segment->s == NULL ? 0 : hash_bytes(seed, segment->s, segment->len);
    return segment->s != NULL && id == 0 ? 1 : id;
}

/* Of a final of a named utterance with these words: the same once more is no news. 0 for an interim result. */
static uint64_t final_id(const struct wire_event *e, const struct wire_text *segment)
{
    return e->is_final ? vendor_id(segment) ^ (vendor_id(&e->text) << 1) : 0;
}

/* An interim result with a number that is not above what came before on its side. */
static bool is_late(struct act *a, const struct wire_event *e, struct stream_side *side)
{
    double order;
    if (!value_number(get(a, V_ORDER), &order))
        return false;
    bool late = side->ordered && order <= side->order;
    side->order = late ? side->order : order;
    side->ordered = true;
    return late && !e->is_final;
}

static int note_words(struct stream_side *side, const struct wire_event *e)
{
    if (!e->append)
        buf_reset(&side->text);
    if (e->append && side->text.len > 0 && buf_adds(&side->text, " ") == COACH_ENOMEM)
        return COACH_ENOMEM;
    return buf_add(&side->text, e->text.s, e->text.len) == COACH_ENOMEM ? COACH_ENOMEM : COACH_OK;
}

/* Names the utterance that the side has open from now on. */
static int open_side(struct act *a, struct stream_call *call, struct stream_side *side, const struct wire_text *name)
{
    buf_reset(&side->segment);
    int rc = name->s != NULL ? buf_add(&side->segment, name->s, name->len)
                             : buf_addf(&side->segment, "%.32su%" PRIu64, a->context->prefix, ++call->utterances);
    side->open = rc == COACH_OK;
    return rc;
}

static bool is_open_as(const struct stream_side *side, const struct wire_text *segment)
{
    return side->open && side->segment.len == segment->len && memcmp(side->segment.data, segment->s, segment->len) == 0;
}

/* Where the connection is the speaker, the vendor's channel is the same for all speakers of a call and tells nothing.
 */
static int emit_words(struct act *a, const struct wire_event *e)
{
    const struct decode_context *c = a->context;
    struct wire_event said = *e;
    coach_role role;
    if (e->channel.s != NULL && c->hello.has_role && c->envelope.channel.s == NULL &&
        !role_of_channel(c->channels, &e->channel, &role) && !role_learned(a, e, &role))
        said.channel = (struct wire_text){0};
    return c->emit(c->user, &said);
}

/* Gives the result its segment and hands it out. */
static int hand_out(struct act *a, struct wire_event *e, const struct wire_text *segment)
{
    struct stream_call *call = call_of(a, e);
    struct stream_side *side = NULL;
    int rc = call == NULL ? COACH_ENOMEM : side_of(a, call, e, &side);
    if (rc != COACH_OK)
        return rc;
    bool named = !a->context->mapping->one_at_a_time && segment->s != NULL;
    uint64_t id = named ? final_id(e, segment) : vendor_id(segment);
    const struct wire_text none = {0};
    if (id != 0 && stream_was_closed(side, id)) {
        ignore(a, e->is_final ? "a final that was there before" : "an interim result after its final");
        return COACH_OK;
    }
    if (is_late(a, e, side)) {
        ignore(a, "an interim result that comes late");
        return COACH_OK;
    }
    if (e->text.len == 0 && !(named ? is_open_as(side, segment) : side->open)) {
        ignore(a, "no words");
        return COACH_OK;
    }
    if (named ? !is_open_as(side, segment) : !side->open)
        rc = open_side(a, call, side, named ? segment : &none);
    if (rc == COACH_OK)
        rc = note_words(side, e);
    if (rc != COACH_OK)
        return rc;
    side->said_as = e->role;
    stream_rename(side, id);
    e->segment_id = (struct wire_text){side->segment.data, side->segment.len};
    rc = emit_words(a, e);
    if (rc == COACH_OK && e->is_final)
        stream_close(side, id);
    return rc;
}

/* --- utterances put together of several items --- */

static struct joined *joined_of(struct act *a, const struct wire_event *e)
{
    for (size_t i = 0; i < a->njoined; i++) {
        struct joined *j = &a->joined[i];
        if (j->event.channel.len == e->channel.len && j->event.role == e->role &&
            (e->channel.s == NULL || strcmp(j->event.channel.s, e->channel.s) == 0))
            return j;
    }
    if (a->njoined == STREAM_SIDES)
        return NULL;
    struct joined *j = &a->joined[a->njoined++];
    *j = (struct joined){.event = *e, .stable = true};
    buf_init(&j->text, STREAM_MAX_TEXT);
    return j;
}

static int hand_out_joined(struct act *a, struct joined *j)
{
    struct wire_event e = j->event;
    if (j->text.len == 0)
        return COACH_OK;
    e.text = (struct wire_text){j->text.data, j->text.len};
    int rc = hand_out(a, &e, &j->segment);
    buf_reset(&j->text);
    j->stable = true;
    j->event.start_ms = COACH_NO_TIME;
    return rc;
}

static int join(struct act *a, struct wire_event *e, const struct wire_text *segment)
{
    struct joined *j = joined_of(a, e);
    if (j == NULL)
        return problem_tell(a->context->handler, WIRE_BAD_FIELD, "channel: a call may have %d", STREAM_SIDES);
    bool first = j->text.len == 0;
    const char *text = e->text.s;
    size_t len = e->text.len;
    for (; first && len > 0 && *text == ' '; len--)
        text++;
    int rc = buf_add(&j->text, text, len);
    if (rc != COACH_OK)
        return rc == COACH_ELIMIT ? problem_tell(a->context->handler, WIRE_TOO_LONG, "the parts are too long together")
                                  : rc;
    int64_t start = first ? e->start_ms : j->event.start_ms, stable = first ? 0 : j->event.stable_len;
    double stability = first ? e->stability : j->event.stability;
    j->stable = j->stable && a->entry->stable.given && is_stable(a, a->scope);
    j->event = *e;
    j->event.start_ms = start;
    j->event.stability = stability;
    j->event.stable_len = j->stable ? (int64_t)j->text.len : stable;
    j->segment = *segment;
    if (!a->entry->stable.given || e->is_final)
        j->event.stable_len = -1;
    return e->is_final ? hand_out_joined(a, j) : COACH_OK;
}

static int end_joins(struct act *a, int rc)
{
    for (size_t i = 0; i < a->njoined; i++) {
        if ((rc == COACH_OK || rc == PROBLEM_TOLD) && !a->lookup.gave_up)
            rc = hand_out_joined(a, &a->joined[i]);
        buf_clear(&a->joined[i].text);
    }
    a->njoined = 0;
    return rc;
}

/* --- what else a message may give --- */

static int give_transcript(struct act *a)
{
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    struct wire_text segment = {0};
    int rc = read_transcript(a, &e, &segment);
    if (rc != COACH_OK)
        return rc;
    return a->entry->join ? join(a, &e, &segment) : hand_out(a, &e, &segment);
}

/* The open utterance of a side ends with the words it has, or without any. */
static int end_utterance(struct act *a, const struct wire_event *like, struct stream_side *side, bool by_name)
{
    struct wire_event e = *like;
    bool words = a->entry->gives == GIVES_FINISH;
    if (!side->open)
        return COACH_OK;
    e.role = side->said_as;
    e.channel = by_name ? (struct wire_text){side->name, strlen(side->name)} : (struct wire_text){0};
    e.is_final = e.end_of_turn = true;
    e.segment_id = (struct wire_text){side->segment.data, side->segment.len};
    e.text = words ? (struct wire_text){side->text.data == NULL ? "" : side->text.data, side->text.len}
                   : (struct wire_text){"", 0};
    int rc = emit_words(a, &e);
    if (rc == COACH_OK)
        stream_close(side, 0);
    return rc;
}

static int give_end(struct act *a)
{
    struct wire_event e = wire_event_blank(WIRE_TRANSCRIPT);
    int rc = read_common(a, &e);
    bool all = a->entry->values[V_CHANNEL].count == 0 && a->entry->values[V_ROLE].count == 0 &&
               !a->context->envelope.has_role && a->context->envelope.channel.s == NULL;
    if (rc == COACH_OK && !all)
        rc = read_side(a, &e);
    if (rc == COACH_OK && a->lookup.gave_up)
        rc = PROBLEM_TOLD;
    struct stream_call *call = rc == COACH_OK ? call_of(a, &e) : NULL;
    if (rc == COACH_OK && call == NULL)
        rc = COACH_ENOMEM;
    if (rc != COACH_OK)
        return rc;
    const char *name = e.channel.s != NULL ? e.channel.s : wire_role_name(e.role);
    for (size_t i = 0; i < call->nsides && rc == COACH_OK; i++) {
        struct stream_side *side = call->sides[i];
        bool is_channel = strcmp(side->name, wire_role_name(side->said_as)) != 0;
        if (all || strcmp(side->name, name) == 0)
            rc = end_utterance(a, &e, side, is_channel);
    }
    return rc;
}

/* Who speaks where, as the vendor says at the beginning of a call. */
static int learn_channels(struct act *a, const struct wire_event *e)
{
    struct stream_call *call = a->entry->nchannels == 0 ? NULL : call_of(a, e);
    for (size_t i = 0; i < a->entry->nchannels && call != NULL; i++) {
        const struct named_channel *named = &a->entry->channels[i];
        struct wire_text word = value_kept_text(value_get(&named->role, a->scope, &a->lookup), &a->lookup);
        coach_role role;
        bool full;
        if (word.s == NULL || !word_of_role(a->context->mapping, &word, &role))
            continue;
        struct stream_side *side = stream_side(call, named->channel, strlen(named->channel), &full);
        if (side == NULL)
            return full ? COACH_OK : COACH_ENOMEM;
        side->named = true;
        side->role = role;
    }
    return COACH_OK;
}

static int give_call(struct act *a, enum wire_type type)
{
    struct wire_event e = wire_event_blank(type);
    int rc = read_common(a, &e);
    if (rc == COACH_OK)
        rc = learn_channels(a, &e);
    if (rc == COACH_OK && !a->lookup.gave_up)
        rc = a->context->emit(a->context->user, &e);
    if (rc == COACH_OK && type == WIRE_CALL_END)
        stream_forget(a->context->stream, e.call_id.s, e.call_id.len);
    return rc;
}

static int give(struct act *a)
{
    switch (a->entry->gives) {
    case GIVES_TRANSCRIPT:
        return give_transcript(a);
    case GIVES_CALL_START:
        return give_call(a, WIRE_CALL_START);
    case GIVES_CALL_END:
        return give_call(a, WIRE_CALL_END);
    case GIVES_FINISH:
    case GIVES_CLEAR:
        return give_end(a);
    case GIVES_NOTHING:
        ignore(a, a->entry->because);
        break;
    }
    return COACH_OK;
}

/* --- which entry speaks --- */

/* "[]": nobody speaks for the message when nobody does for an item. */
static bool is_message_itself(const struct path *each)
{
    return each->count == 1 && each->steps[0].len == 0;
}

/* The first entry of the group whose conditions hold at the item. */
static int speak(void *user, const struct scope *item)
{
    struct act *a = user;
    const struct mapping_entry *first = a->entry;
    int rc = COACH_OK;
    while (a->entry < a->group_end && !conditions_hold(&a->entry->when, item, &a->lookup))
        a->entry++;
    if (a->entry < a->group_end) {
        a->scope = item;
        a->spoken_for = true;
        rc = give(a);
    } else if (first->has_each && !is_message_itself(&first->each)) {
        ignore(a, "no entry speaks for an item of its list");
    }
    a->entry = first;
    if (a->lookup.no_memory)
        return COACH_ENOMEM;
    return rc == PROBLEM_TOLD && !a->lookup.gave_up ? COACH_OK : rc;
}

/* The list of an `each` is in the message, be it empty. */
static bool has_list(struct act *a, const struct path *each, const struct scope *message)
{
    struct path list = *each;
    for (list.count = 0; !each->steps[list.count].spread;)
        list.count++;
    list.count++;
    return path_get(&list, message, &a->lookup) != NULL;
}

static bool same_each(const struct mapping_entry *a, const struct mapping_entry *b)
{
    return a->has_each == b->has_each && (!a->has_each || strcmp(a->each_text, b->each_text) == 0);
}

static int speak_group(struct act *a, const struct scope *message)
{
    if (!a->entry->has_each)
        return speak(a, message);
    if (!has_list(a, &a->entry->each, message))
        return COACH_OK;
    a->spoken_for |= !is_message_itself(&a->entry->each);
    int rc = end_joins(a, path_each(&a->entry->each, message, &a->lookup, speak, a));
    return rc == PROBLEM_TOLD ? COACH_OK : rc;
}

static int speak_all(struct act *a, const struct scope *message)
{
    const struct mapping *m = a->context->mapping;
    int rc = COACH_OK;
    for (size_t from = 0, to; from < m->nentries && rc == COACH_OK && !a->lookup.gave_up; from = to) {
        for (to = from + 1; to < m->nentries && same_each(&m->entries[from], &m->entries[to]);)
            to++;
        a->entry = &m->entries[from];
        a->group_end = &m->entries[to];
        rc = speak_group(a, message);
    }
    return rc;
}

/* What lies inside the wrapping of `whole`, which stays in reach as one list further out. */
static json_t *unwrap(const struct mapping *m, const struct scope *whole, struct lookup *l)
{
    struct scope scope = *whole;
    for (size_t i = 0; i < m->nunwrap; i++) {
        const struct path *path = &m->unwrap[i];
        json_t *inside = path_get(path, &scope, l);
        if (json_is_string(inside))
            inside = value_unpack(inside, path->steps[path->count - 1].key, l);
        if ((json_is_object(inside) || json_is_array(inside)) && value_is_there(inside))
            scope.at = inside;
    }
    l->whole = whole;
    return scope.at;
}

int decode_message(const struct decode_context *context, json_t *message)
{
    const struct mapping *m = context->mapping;
    struct act a = {.context = context};
    const struct scope whole = {message, NULL};
    const struct scope scope = {unwrap(m, &whole, &a.lookup), NULL};
    int rc = speak_all(&a, &scope);
    if (rc == COACH_OK && a.lookup.no_memory)
        rc = COACH_ENOMEM;
    if ((rc == COACH_OK || rc == PROBLEM_TOLD) && a.lookup.gave_up)
        rc = problem_tell(context->handler, WIRE_TOO_LONG,
                          "%s: too many items, with too many keys around them; the rest "
                          "was passed over",
                          m->name);
    else if (rc == COACH_OK && a.lookup.bad_inside != NULL)
        (void)problem_tell(context->handler, WIRE_BAD_JSON, "%s: the JSON inside %.40s cannot be read", m->name,
                           a.lookup.bad_inside);
    else if (rc == COACH_OK && !a.spoken_for)
        (void)problem_tell(context->handler, WIRE_UNKNOWN_TYPE, "%s: the format says nothing of such a message",
                           m->name);
    lookup_clear(&a.lookup);
    return rc;
}

size_t decode_recognises(const struct mapping *mapping, json_t *message)
{
    struct lookup l = {0};
    const struct scope whole = {message, NULL};
    const struct scope scope = {unwrap(mapping, &whole, &l), NULL};
    size_t best = 0;
    for (size_t i = 0; i < mapping->nrecognise; i++) {
        const struct conditions *sign = &mapping->recognise[i];
        if (sign->count > best && conditions_hold(sign, &scope, &l))
            best = sign->count;
    }
    lookup_clear(&l);
    return best;
}
