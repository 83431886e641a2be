#include "lib/wire/proof.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/error.h"
#include "lib/wire/parse.h"
#include "lib/wire/reader.h"
#include "lib/wire/value.h"

/* What one sample gave. */
struct outcome {
    json_t *events;
    struct wire_problem problem; /* the first */
    size_t problems;
    int rc;
};

static int on_event(void *user, const struct wire_event *event)
{
    struct outcome *o = user;
    struct buf line;
    json_error_t why;
    json_t *v = NULL;
    if (event->type == WIRE_HELLO)
        return COACH_OK;
    buf_init(&line, 0);
    int rc = wire_event_write(event, &line);
    if (rc == COACH_OK)
        rc = parse_json(line.data, line.len, 0, &v, &why);
    if (rc == COACH_OK && json_array_append_new(o->events, v) != 0)
        rc = COACH_ENOMEM;
    buf_clear(&line);
    return rc;
}

static void on_problem(void *user, const struct wire_problem *problem)
{
    struct outcome *o = user;
    if (o->problems++ == 0)
        o->problem = *problem;
}

/* The whole text of a sample through a reader of its own. */
static int decode_sample(const struct yaml_node *message, struct formats *formats, const char *name,
                         struct outcome *ret)
{
    struct wire_handler handler = {.event = on_event, .problem = on_problem, .user = ret};
    struct wire_reader *r = wire_reader_new(formats, "");
    char hello[120];
    *ret = (struct outcome){.events = json_array()};
    int n = snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"format\":\"%.40s\",\"call_id\":\"sample\"}", name);
    int rc = r == NULL || ret->events == NULL ? COACH_ENOMEM : wire_reader_line(r, hello, (size_t)n, &handler);
    if (r != NULL)
        wire_reader_any_channel(r);
    const char *p = message->text, *end = p + message->len;
    for (const char *stop; p < end && rc == COACH_OK; p = stop + (stop < end)) {
        stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop == NULL ? end : stop;
        rc = wire_reader_line(r, p, (size_t)(stop - p), &handler);
    }
    if (rc == COACH_OK)
        rc = wire_reader_end(r, &handler);
    wire_reader_free(r);
    return rc;
}

static void differ(struct diags *problems, const struct yaml_node *at, const char *hint, const char *what)
{
    diags_add(problems, DIAG_ERROR, "mapping-sample", &at->at, hint, "%s", what);
}

/* null stands for absent. */
static bool is_as_written(const json_t *expected, const json_t *found)
{
    if (json_is_null(expected))
        return found == NULL;
    if (json_is_number(expected) && json_is_number(found)) {
        double off = json_number_value(expected) - json_number_value(found);
        return off < 1e-6 && off > -1e-6;
    }
    return json_equal(expected, found);
}

static void compare_event(json_t *expected, const json_t *found, const struct mark *at, struct diags *problems)
{
    const char *key;
    json_t *v;
    json_object_foreach(expected, key, v)
    {
        const json_t *other = json_object_get(found, key);
        char digits[32], hint[300];
        const char *text = "nothing";
        size_t len = strlen(text);
        if (is_as_written(v, other))
            continue;
        (void)value_text(other, digits, &text, &len);
        snprintf(hint, sizeof hint, "it gives: %.*s", len > 200 ? 200 : (int)len, text);
        diags_add(problems, DIAG_ERROR, "mapping-sample", at, hint, "the sample gives another %.40s", key);
    }
}

/* Compares line by line; returns 0 or COACH_ENOMEM. */
static int compare_events(const struct yaml_node *gives, const json_t *found, struct diags *problems)
{
    size_t line = 0;
    for (const char *p = gives->text, *stop; *p != '\0'; p = stop + (*stop == '\n')) {
        json_error_t why;
        json_t *expected = NULL;
        size_t len = strcspn(p, "\n");
        struct mark at = yaml_mark_at(gives, (size_t)(p - gives->text), 1);
        stop = p + len;
        if (strspn(p, " \r") >= len)
            continue;
        int rc = parse_json(p, len, 0, &expected, &why);
        if (rc == COACH_ENOMEM)
            return rc;
        if (rc != COACH_OK || !json_is_object(expected))
            diags_add(problems, DIAG_ERROR, "mapping-sample", &at, "{\"role\": \"agent\", \"text\": \"hello\"}",
                      "gives: expected the fields of an event, as JSON on one line");
        else if (line < json_array_size(found))
            compare_event(expected, json_array_get(found, line), &at, problems);
        json_decref(expected);
        line++;
    }
    if (line != json_array_size(found)) {
        char what[80];
        snprintf(what, sizeof what, "the sample gives %zu events, here are %zu", json_array_size(found), line);
        differ(problems, gives, NULL, what);
    }
    return COACH_OK;
}

static int compare(const struct yaml_node *sample, const struct outcome *o, struct diags *problems)
{
    const struct yaml_node *gives = yaml_get(sample, "gives"), *problem = yaml_get(sample, "problem");
    char what[300];
    if (problem != NULL && (o->problems == 0 || problem->kind != YAML_SCALAR ||
                            strcmp(wire_code_name(o->problem.code), problem->text) != 0)) {
        snprintf(what, sizeof what, "the sample gives %s", o->problems == 0 ? "no problem" : "another problem");
        differ(problems, problem, o->problems == 0 ? NULL : wire_code_name(o->problem.code), what);
    } else if (problem == NULL && o->problems > 0) {
        snprintf(what, sizeof what, "the sample gives a problem: %s", wire_code_name(o->problem.code));
        differ(problems, sample, o->problem.message, what);
    }
    if (gives != NULL && strcmp(gives->text, "nothing") != 0)
        return compare_events(gives, o->events, problems);
    if (json_array_size(o->events) > 0) {
        snprintf(what, sizeof what, "the sample gives %zu events", json_array_size(o->events));
        differ(problems, gives != NULL ? gives : sample, NULL, what);
    }
    return COACH_OK;
}

/* The keys of a sample; false, and problems, when it is none. */
static bool is_sample(const struct yaml_node *sample, struct diags *problems)
{
    const struct yaml_node *message = yaml_get(sample, "message"), *gives = yaml_get(sample, "gives");
    size_t before = problems->levels[DIAG_ERROR];
    if (sample->kind != YAML_MAP || message == NULL || message->kind != YAML_SCALAR) {
        differ(problems, sample, NULL, "a sample needs 'message', as the vendor sends it, and 'gives'");
        return false;
    }
    for (size_t i = 0; i < sample->count; i++) {
        const char *key = sample->pairs[i].key->text;
        if (strcmp(key, "message") != 0 && strcmp(key, "gives") != 0 && strcmp(key, "problem") != 0)
            differ(problems, sample->pairs[i].key, NULL, "a sample has 'message', 'gives' and perhaps 'problem'");
    }
    if (gives != NULL && gives->kind != YAML_SCALAR)
        differ(problems, gives, "begin it with 'gives: |'", "gives: expected a block of events, one on each line");
    if (gives == NULL && yaml_get(sample, "problem") == NULL)
        differ(problems, sample, "where nothing comes of it write 'gives: nothing'",
               "a sample needs 'gives': the events that come of it");
    return problems->levels[DIAG_ERROR] == before;
}

int proof_run(const struct yaml_node *root, struct formats *formats, const char *name, struct diags *problems)
{
    const struct yaml_node *samples = yaml_get(root, "samples");
    int rc = COACH_OK;
    if (samples == NULL)
        return COACH_OK;
    if (samples->kind != YAML_LIST || samples->count == 0) {
        differ(problems, samples, NULL, "samples: expected a list, with at least one");
        return COACH_OK;
    }
    for (size_t i = 0; i < samples->count && rc == COACH_OK; i++) {
        const struct yaml_node *sample = samples->items[i];
        struct outcome o;
        if (!is_sample(sample, problems))
            continue;
        rc = decode_sample(yaml_get(sample, "message"), formats, name, &o);
        if (rc == COACH_OK)
            rc = compare(sample, &o, problems);
        json_decref(o.events);
    }
    return rc;
}
