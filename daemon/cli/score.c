/* coach score: how often the rules are right, against what people say should be found. */
#include "daemon/cli/score.h"

#include <stdio.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/ruleset.h"

static const char *const halves[] = {"a", "b", NULL};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(score_values),
    {.name = "labels",
     .letter = 'l',
     .kind = OPTION_LIST,
     .arg = "FILE",
     .offset = offsetof(struct score_values, labels),
     .help = "what should be found in lines or calls; may be given several times"},
    {.name = "signals",
     .kind = OPTION_LIST,
     .arg = "FILE",
     .offset = offsetof(struct score_values, signals),
     .help = "which signals should be heard in lines of the recordings"},
    {.name = "no-expectations",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct score_values, free),
     .help = "recordings without labels: nothing should be found there"},
    {.name = "examples",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct score_values, examples),
     .help = "the examples of the pack's own rules; the default where nothing else is given"},
    {.name = "map",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct score_values, map),
     .help = "which rules mean which label; unless given, NAME.map.yaml beside NAME.ndjson"},
    {.name = "half",
     .kind = OPTION_CHOICE,
     .choices = halves,
     .offset = offsetof(struct score_values, half),
     .help = "only ids that end in an odd number (a), or in an even one (b)"},
    {.name = "reach",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct score_values, reach),
     .help = "figures that must be reached; exit 1 where one is not"},
    {.name = "missed",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct score_values, missed),
     .help = "list what was missed"},
    {.name = "wrong",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct score_values, wrong),
     .help = "list what was found and should not have been"},
    {.name = "neither",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct score_values, neither),
     .help = "list what counts neither way"},
    {.name = "list",
     .kind = OPTION_INT,
     .arg = "N",
     .fallback = "50",
     .min = 1,
     .max = 1000000,
     .offset = offsetof(struct score_values, list),
     .help = "at most so many of each list"},
    CLI_JSON_SPEC(score_values, "one JSON object, for scripts"),
};

static int measure_set(struct score *s, const struct score_files *f, size_t i)
{
    const struct labels *l = &f->labels[i];
    if (l->kind == LABELS_LINES)
        return score_lines(s, SCORE_LINES, l, &f->maps[i]);
    if (l->kind == LABELS_CALLS)
        return score_calls(s, l, &f->maps[i], f->recordings, f->recording_count);
    return score_signals(s, l, f->recordings, f->recording_count);
}

static int measure_examples(struct score *s, const struct pack *pack)
{
    static const struct labelmap no_map;
    struct labels examples;
    int rc = labels_of_examples(&examples, pack);
    if (rc == COACH_OK)
        rc = score_lines(s, SCORE_EXAMPLES, &examples, &no_map);
    labels_clear(&examples);
    return rc;
}

static int measure(struct score *s, const struct score_values *v, const struct score_files *f, const struct pack *pack)
{
    bool nothing_else = f->label_count == 0 && !v->free;
    int rc = v->examples || nothing_else ? measure_examples(s, pack) : COACH_OK;
    for (size_t i = 0; i < f->label_count && rc == COACH_OK; i++)
        rc = measure_set(s, f, i);
    for (size_t i = 0; i < f->named && v->free && rc == COACH_OK; i++)
        rc = score_free(s, f->labels, f->label_count, &f->recordings[i]);
    return rc;
}

static int report(const struct score *s, const struct score_values *v, const struct reach *reach)
{
    const struct score_listing listing = {
        .missed = v->missed, .wrong = v->wrong, .neither = v->neither, .most = v->list};
    uint64_t items = 0;
    for (enum score_kind kind = 0; kind < SCORE_KINDS; kind++) {
        items += s->tables[kind].items;
        if (s->tables[kind].not_there > 0)
            fprintf(stderr, "coach score: %llu labels of %s have no line in the recordings and were left out\n",
                    (unsigned long long)s->tables[kind].not_there, kind == SCORE_SIGNALS ? "signals" : "calls");
    }
    if (items == 0)
        return cli_fail("score", "nothing was scored");
    return v->json ? score_print_json(s, reach, &listing) : score_print_text(s, reach, &listing);
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct score_values *v = given;
    struct loaded_trees rules;
    struct score_files files = {0};
    struct score s;
    if (nwords > 0 && v->labels.count + v->signals.count == 0 && !v->free)
        return cli_fail("score", "what should be found in these recordings? Give --labels FILE, or --no-expectations");
    if (v->free && nwords == 0)
        return cli_fail("score", "--no-expectations is about recordings: name them");
    int code = loaded_read_trees(&rules, "score", &v->rules, v->languages);
    if (code == CLI_OK)
        code = score_files_read(&files, v, words, nwords);
    if (code == CLI_OK) {
        score_init(&s, rules.loaded.set, v->half == NULL ? 0 : v->half[0]);
        code = measure(&s, v, &files, &rules.anatomy.pack) == COACH_OK ? report(&s, v, &files.reach)
                                                                       : cli_fail("score", "out of memory");
        score_clear(&s);
    }
    score_files_clear(&files);
    loaded_clear_trees(&rules);
    return code;
}

const struct command command_score = {
    .name = "score",
    .usage = "[FILE ...]",
    .summary = "how often are the rules right?",
    .about =
        "Compares what the rules find with what people say should be found: right, wrong and missed, precision and\n"
        "recall with their 95 % intervals (Wilson), F1. A label set is one JSON object a line:\n\n"
        "  lines    {\"id\":\"L1\",\"prev_customer\":\"...\",\"text\":\"...\",\"labels\":[\"dismissive\"]}\n"
        "  calls    "
        "{\"call_id\":\"c1\",\"expected\":[{\"finding\":\"tone-command\",\"segment_id\":\"s5\",\"latest_ms\":32840}],\n"
        "            \"also_ok\":[{\"finding\":\"praise-*\"}]}\n"
        "  signals  "
        "{\"call_id\":\"c1\",\"segment_id\":\"s5\",\"judged\":[\"upset\",\"angry\"],\"signals\":[\"upset\"]}\n\n"
        "The recordings of calls are the FILEs ('-' is standard input), or lie in 'calls' beside the set. 'neither' "
        "are\n"
        "findings that are right for a neighbour of the label, or that a call's labels accept; 'unsure' those where "
        "the\n"
        "set says \"uncertain\". Neither counts. 'late' is how many turns later than expected a finding came.\n"
        "Findings are those within the rules' own limits; nudges what the agent's attention let through of them.\n\n"
        "exit codes: 0 scored, 1 a figure of --reach is not reached, 2 nothing was scored or a file could not be read",
    .examples = "  coach score\n"
                "  coach score --labels tests/labels/lines.ndjson --missed --wrong\n"
                "  coach score --labels tests/labels/calls.ndjson --half b --json\n"
                "  coach score --signals tests/labels/signals.ndjson tests/labels/calls/*.ndjson\n"
                "  zcat recorded.ndjson.gz | coach score --no-expectations --wrong -\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct score_values),
    .run = run,
};
