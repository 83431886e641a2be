#include "lib/eval/labels.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/wire/json.h"
#include "lib/wire/lines.h"

enum { LINE_MAX_BYTES = 1024 * 1024 };

struct reading {
    struct labels *l;
    struct lines lines;
    recording_problem_fn problem;
    void *user;
};

bool label_names_have(const struct label_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

static int bad(struct reading *r, const char *message)
{
    r->problem(r->user, r->lines.number, "bad_label", message);
    return COACH_OK;
}

/* --- members --- */

static int keep(struct reading *r, const char *text, const char **ret)
{
    if (text == NULL)
        return COACH_OK;
    *ret = arena_str(&r->l->memory, text);
    return *ret == NULL ? COACH_ENOMEM : COACH_OK;
}

/* Adds the texts of a list, if it is one. */
static int keep_names(struct reading *r, const struct json_in *list, struct label_names *ret)
{
    size_t n = json_in_count(list), cap = ret->count;
    for (size_t i = 0; i < n; i++) {
        const char *name = json_in_string(json_in_at(list, i));
        if (name == NULL)
            continue;
        if (arena_grow(&r->l->memory, &ret->items, ret->count, &cap, sizeof *ret->items) != COACH_OK ||
            keep(r, name, &ret->items[ret->count]) != COACH_OK)
            return COACH_ENOMEM;
        ret->count++;
    }
    return COACH_OK;
}

static int keep_findings(struct reading *r, const struct json_in *list, struct label_finding **ret, size_t *count)
{
    size_t n = json_in_count(list);
    *ret = arena_alloc(&r->l->memory, (n + 1) * sizeof **ret);
    if (*ret == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct json_in *from = json_in_at(list, i);
        struct label_finding *to = &(*ret)[*count];
        if (json_in_text(from, "finding") == NULL) {
            bad(r, "something expected has no 'finding'");
            continue;
        }
        to->latest_ms = json_in_int(from, "latest_ms", INT64_MAX);
        if (keep(r, json_in_text(from, "finding"), &to->name) != COACH_OK ||
            keep(r, json_in_text(from, "segment_id"), &to->segment_id) != COACH_OK)
            return COACH_ENOMEM;
        (*count)++;
    }
    return COACH_OK;
}

/* --- lines of the three kinds --- */

static int read_line(struct reading *r, const struct json_in *v, struct label_line *ret)
{
    const char *role = json_in_text(v, "role");
    ret->id = ret->prev_customer = "";
    ret->role = role != NULL && strcmp(role, "customer") == 0 ? COACH_ROLE_CUSTOMER : COACH_ROLE_AGENT;
    ret->all_unsure = json_in_bool(v, "uncertain", false);
    if (keep(r, json_in_text(v, "id"), &ret->id) != COACH_OK ||
        keep(r, json_in_text(v, "prev_customer"), &ret->prev_customer) != COACH_OK ||
        keep(r, json_in_text(v, "text"), &ret->text) != COACH_OK ||
        keep(r, json_in_text(v, "note"), &ret->note) != COACH_OK ||
        keep_names(r, json_in_get(v, "labels"), &ret->labels) != COACH_OK ||
        keep_names(r, json_in_get(v, "judged"), &ret->judged) != COACH_OK ||
        keep_names(r, json_in_get(v, "uncertain"), &ret->unsure) != COACH_OK)
        return COACH_ENOMEM;
    return keep_names(r, json_in_get(v, "labels_uncertain"), &ret->unsure);
}

static int read_call(struct reading *r, const struct json_in *v, struct label_call *ret)
{
    if (keep(r, json_in_text(v, "call_id"), &ret->call_id) != COACH_OK ||
        keep_findings(r, json_in_get(v, "expected"), &ret->expected, &ret->expected_count) != COACH_OK)
        return COACH_ENOMEM;
    return keep_findings(r, json_in_get(v, "also_ok"), &ret->also_ok, &ret->also_ok_count);
}

static int read_signals(struct reading *r, const struct json_in *v, struct label_signals *ret)
{
    if (keep(r, json_in_text(v, "call_id"), &ret->call_id) != COACH_OK ||
        keep(r, json_in_text(v, "segment_id"), &ret->segment_id) != COACH_OK ||
        keep_names(r, json_in_get(v, "judged"), &ret->judged) != COACH_OK ||
        keep_names(r, json_in_get(v, "signals"), &ret->present) != COACH_OK)
        return COACH_ENOMEM;
    return keep_names(r, json_in_get(v, "uncertain"), &ret->unsure);
}

/* --- the set --- */

static enum labels_kind kind_of(const struct json_in *v)
{
    if (json_in_text(v, "call_id") != NULL && json_in_get(v, "expected") != NULL)
        return LABELS_CALLS;
    if (json_in_text(v, "text") != NULL && json_in_get(v, "labels") != NULL)
        return LABELS_LINES;
    if (json_in_text(v, "call_id") != NULL && json_in_text(v, "segment_id") != NULL &&
        json_in_get(v, "judged") != NULL && json_in_get(v, "signals") != NULL)
        return LABELS_SIGNALS;
    return LABELS_NONE;
}

static int add(struct reading *r, const struct json_in *v)
{
    struct labels *l = r->l;
    enum labels_kind kind = kind_of(v);
    int rc = COACH_OK;
    if (kind == LABELS_NONE)
        return bad(r, "this is no label: it needs text and labels, or call_id and expected, or call_id, segment_id, "
                      "judged and signals");
    if (l->kind != LABELS_NONE && l->kind != kind)
        return bad(r, "this is a label of another kind than those before");
    l->kind = kind;
    if (kind == LABELS_LINES) {
        rc = arena_grow(&l->memory, &l->lines, l->count, &l->cap, sizeof *l->lines);
        if (rc == COACH_OK)
            rc = read_line(r, v, &l->lines[l->count]);
    } else if (kind == LABELS_CALLS) {
        rc = arena_grow(&l->memory, &l->calls, l->count, &l->cap, sizeof *l->calls);
        if (rc == COACH_OK)
            rc = read_call(r, v, &l->calls[l->count]);
    } else {
        rc = arena_grow(&l->memory, &l->signals, l->count, &l->cap, sizeof *l->signals);
        if (rc == COACH_OK)
            rc = read_signals(r, v, &l->signals[l->count]);
    }
    l->count += rc == COACH_OK;
    return rc;
}

static int on_line(void *user, const char *line, size_t len)
{
    struct reading *r = user;
    struct json_in *v;
    coach_error err = {0};
    if (line == NULL)
        return bad(r, "the line is longer than 1 MiB");
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    if (len == 0)
        return COACH_OK;
    int rc = json_in_read(line, len, &v, &err);
    if (rc == COACH_ENOMEM)
        return rc;
    if (rc != COACH_OK)
        return bad(r, err.text);
    rc = add(r, v);
    json_in_free(v);
    return rc;
}

int labels_read(struct labels *ret, const char *text, size_t len, recording_problem_fn problem, void *user)
{
    *ret = (struct labels){0};
    arena_init(&ret->memory);
    struct reading r = {.l = ret, .problem = problem, .user = user};
    lines_init(&r.lines, LINE_MAX_BYTES);
    int rc = lines_feed(&r.lines, text, len, on_line, &r);
    if (rc == COACH_OK)
        rc = lines_end(&r.lines, on_line, &r);
    lines_clear(&r.lines);
    return rc;
}

void labels_clear(struct labels *l)
{
    arena_clear(&l->memory);
    *l = (struct labels){0};
}

/* --- the examples of a pack --- */

static int add_examples(struct labels *l, const struct pack *pack, const struct def_rule *def,
                        const struct def_texts *examples, const char *which)
{
    bool customer = pack_speaker(pack_file_of(pack, def->node), def) == RULE_CUSTOMER;
    struct label_names category = {.items = arena_alloc(&l->memory, sizeof(char *)), .count = 1};
    if (category.items == NULL || (category.items[0] = arena_str(&l->memory, def->category.s)) == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < examples->count; i++) {
        if (arena_grow(&l->memory, &l->lines, l->count, &l->cap, sizeof *l->lines) != COACH_OK)
            return COACH_ENOMEM;
        struct label_line *to = &l->lines[l->count];
        *to = (struct label_line){.id = arena_fmt(&l->memory, "%s %s %zu", def->id.s, which, i + 1),
                                  .prev_customer = "",
                                  .text = arena_str(&l->memory, examples->items[i].s),
                                  .judged = category,
                                  .role = customer ? COACH_ROLE_CUSTOMER : COACH_ROLE_AGENT};
        if (examples == &def->match)
            to->labels = category;
        if (to->id == NULL || to->text == NULL)
            return COACH_ENOMEM;
        l->count++;
    }
    return COACH_OK;
}

int labels_of_examples(struct labels *ret, const struct pack *pack)
{
    *ret = (struct labels){.kind = LABELS_LINES};
    arena_init(&ret->memory);
    int rc = COACH_OK;
    for (size_t i = 0; i < pack->file_count; i++)
        for (size_t k = 0; k < pack->files[i].rule_count && rc == COACH_OK; k++) {
            const struct def_rule *def = &pack->files[i].rules[k];
            if (def->when.node != NULL || pack_mode(&pack->files[i], def) == RULE_DISABLED)
                continue;
            rc = add_examples(ret, pack, def, &def->match, "match");
            if (rc == COACH_OK)
                rc = add_examples(ret, pack, def, &def->no_match, "no_match");
        }
    return rc;
}

bool labels_in_half(const char *id, char half)
{
    char last = '1';
    size_t n = strlen(id);
    while (n > 0 && !isdigit((unsigned char)id[n - 1]))
        n--;
    if (n > 0)
        last = id[n - 1];
    return half == 0 || (half == 'a') == (last % 2 == 1);
}
