/* coach score: how well the rules do, against what people say should be found. */
#include "daemon/cli/score.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/files.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/screen.h"

struct values {
    struct option_list rules, labels;
    const char *languages, *map, *half;
    int64_t list;
    bool json, free, missed, wrong, neither;
};

static const char *const halves[] = {"a", "b", NULL};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(values),
    {.name = "labels",
     .letter = 'l',
     .kind = OPTION_LIST,
     .arg = "FILE",
     .offset = offsetof(struct values, labels),
     .help = "what should be found; may be given several times"},
    {.name = "map",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct values, map),
     .help = "which rules mean which label; unless given, NAME.map.yaml beside the labels NAME.ndjson"},
    {.name = "no-expectations",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, free),
     .help = "in calls without labels nothing should be found"},
    {.name = "half",
     .kind = OPTION_CHOICE,
     .choices = halves,
     .offset = offsetof(struct values, half),
     .help = "only ids with an odd number (a), or an even one (b)"},
    {.name = "missed", .kind = OPTION_BOOL, .offset = offsetof(struct values, missed), .help = "list what was missed"},
    {.name = "wrong",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, wrong),
     .help = "list what was found and should not have been"},
    {.name = "neither",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, neither),
     .help = "list what counts neither way"},
    {.name = "list",
     .kind = OPTION_INT,
     .arg = "N",
     .fallback = "50",
     .min = 1,
     .max = 1000000,
     .offset = offsetof(struct values, list),
     .help = "how many of a list"},
    CLI_JSON_SPEC(values, "one JSON object, for scripts"),
};

enum { MOST_BYTES = 1 << 30 };

/* All that is read from files. */
struct material {
    struct arena memory;
    struct labels *labels;
    struct labelmap *maps; /* one for each label set */
    struct buf *map_texts;
    struct source *map_sources;
    size_t nlabels;
    struct recording *recordings;
    size_t nrecordings, recordings_cap;
    bool failed;
};

/* --- files --- */

struct bad_lines {
    const char *file;
    uint64_t count;
};

static void on_bad_line(void *user, uint64_t line, const char *code, const char *message)
{
    struct bad_lines *bad = user;
    if (bad->count++ < 20)
        fprintf(stderr, "coach score: %s:%llu: %s: %s\n", bad->file, (unsigned long long)line, code, message);
}

static int read_stdin(struct buf *out)
{
    for (;;) {
        if (buf_reserve(out, 64 * 1024) != COACH_OK)
            return COACH_ENOMEM;
        ssize_t n = read(STDIN_FILENO, out->data + out->len, 64 * 1024);
        if (n <= 0)
            return COACH_OK;
        out->len += (size_t)n;
    }
}

static int read_text(const char *name, struct buf *out)
{
    coach_error err = {0};
    buf_init(out, 0);
    int rc = strcmp(name, "-") == 0 ? read_stdin(out) : file_read(name, MOST_BYTES, out, &err);
    if (rc == COACH_OK)
        rc = buf_add(out, "", 0);
    return rc == COACH_OK ? CLI_OK : cli_fail("score", "%s", err.code == COACH_OK ? "out of memory" : err.text);
}

static int read_labels(struct material *m, const char *name)
{
    struct buf text;
    struct bad_lines bad = {.file = name};
    int code = read_text(name, &text);
    if (code == CLI_OK) {
        struct labels *l = &m->labels[m->nlabels];
        int rc = labels_read(l, text.len == 0 ? "" : text.data, text.len, on_bad_line, &bad);
        m->nlabels++;
        if (rc != COACH_OK)
            code = cli_fail("score", "out of memory");
        else if (bad.count > 0)
            code = cli_fail("score", "%s: %llu lines are no labels", name, (unsigned long long)bad.count);
        else if (l->count == 0)
            code = cli_fail("score", "%s holds no label", name);
    }
    buf_clear(&text);
    return code;
}

static int read_recording(struct material *m, const char *name)
{
    struct buf text;
    struct bad_lines bad = {.file = name};
    if (arena_grow(&m->memory, &m->recordings, m->nrecordings, &m->recordings_cap, sizeof *m->recordings) != COACH_OK)
        return cli_fail("score", "out of memory");
    int code = read_text(name, &text);
    if (code == CLI_OK) {
        struct recording *r = &m->recordings[m->nrecordings++];
        int rc = recording_read(r, text.len == 0 ? "" : text.data, text.len, on_bad_line, &bad);
        if (rc != COACH_OK)
            code = cli_fail("score", "out of memory");
        else if (bad.count > 0)
            code = cli_fail("score", "%s: %llu lines could not be read", name, (unsigned long long)bad.count);
        else if (r->count == 0)
            code = cli_fail("score", "%s holds no event", name);
    }
    buf_clear(&text);
    return code;
}

/* `name` with what follows its last slash replaced. */
static char *beside(struct material *m, const char *name, const char *other)
{
    const char *slash = strrchr(name, '/');
    return arena_fmt(&m->memory, "%.*s%s", slash == NULL ? 0 : (int)(slash + 1 - name), name, other);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The recordings in the folder `calls` beside a label set, when there is one. */
static int read_calls_beside(struct material *m, const char *labels)
{
    const char **names = NULL;
    size_t n = 0, cap = 0;
    char *path = beside(m, labels, "calls");
    DIR *dir = path == NULL ? NULL : opendir(path);
    int code = CLI_OK;
    if (dir == NULL)
        return CLI_OK;
    for (struct dirent *d; (d = readdir(dir)) != NULL && code == CLI_OK;) {
        size_t len = strlen(d->d_name);
        if (len < 8 || d->d_name[0] == '.' || strcmp(d->d_name + len - 7, ".ndjson") != 0)
            continue;
        if (arena_grow(&m->memory, &names, n, &cap, sizeof *names) != COACH_OK ||
            (names[n] = arena_fmt(&m->memory, "%s/%s", path, d->d_name)) == NULL)
            code = cli_fail("score", "out of memory");
        else
            n++;
    }
    closedir(dir);
    if (n > 0)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n && code == CLI_OK; i++)
        code = read_recording(m, names[i]);
    return code;
}

static int print_problems(const struct diags *problems)
{
    struct screen s = screen_of(stderr);
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < problems->count; i++)
        diag_print(&problems->items[i], s.color, &out);
    if (out.data != NULL)
        fputs(out.data, stderr);
    buf_clear(&out);
    return CLI_UNUSABLE;
}

/* The map of label set `i`: the one that was named, else the one beside the set, else none. */
static int read_map(struct material *m, size_t i, const char *labels, const char *named)
{
    const char *file = strrchr(labels, '/') == NULL ? labels : strrchr(labels, '/') + 1;
    const char *dot = strrchr(file, '.');
    char *own = arena_fmt(&m->memory, "%.*s.map.yaml", dot == NULL ? (int)strlen(file) : (int)(dot - file), file);
    const char *path = named != NULL || own == NULL ? named : beside(m, labels, own);
    if (path == NULL || (named == NULL && access(path, F_OK) != 0))
        return CLI_OK;
    int code = read_text(path, &m->map_texts[i]);
    if (code != CLI_OK)
        return code;
    struct diags problems;
    diags_init(&problems);
    m->map_sources[i] =
        (struct source){path, m->map_texts[i].data == NULL ? "" : m->map_texts[i].data, m->map_texts[i].len};
    if (labelmap_read(&m->maps[i], &m->map_sources[i], &problems) != COACH_OK)
        code = cli_fail("score", "out of memory");
    else if (!diags_clean(&problems))
        code = print_problems(&problems);
    diags_clear(&problems);
    return code;
}

static int read_material(struct material *m, const struct values *v, const char *const *words, size_t nwords)
{
    size_t n = v->labels.count;
    m->labels = arena_alloc(&m->memory, (n + 1) * sizeof *m->labels);
    m->maps = arena_alloc(&m->memory, (n + 1) * sizeof *m->maps);
    m->map_texts = arena_alloc(&m->memory, (n + 1) * sizeof *m->map_texts);
    m->map_sources = arena_alloc(&m->memory, (n + 1) * sizeof *m->map_sources);
    if (m->labels == NULL || m->maps == NULL || m->map_texts == NULL || m->map_sources == NULL)
        return cli_fail("score", "out of memory");
    int code = CLI_OK;
    for (size_t i = 0; i < n && code == CLI_OK; i++) {
        code = read_labels(m, v->labels.items[i]);
        if (code == CLI_OK)
            code = read_map(m, i, v->labels.items[i], v->map);
        if (code == CLI_OK && m->labels[i].kind == LABELS_CALLS && nwords == 0)
            code = read_calls_beside(m, v->labels.items[i]);
    }
    for (size_t i = 0; i < nwords && code == CLI_OK; i++)
        code = read_recording(m, words[i]);
    return code;
}

static void material_clear(struct material *m)
{
    for (size_t i = 0; i < m->nrecordings; i++)
        recording_clear(&m->recordings[i]);
    for (size_t i = 0; i < m->nlabels; i++) {
        labels_clear(&m->labels[i]);
        labelmap_clear(&m->maps[i]);
        buf_clear(&m->map_texts[i]);
    }
    arena_clear(&m->memory);
}

/* --- the command --- */

static int measure(const struct values *v, const struct material *m, struct score *s)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < m->nlabels && rc == COACH_OK; i++) {
        if (m->labels[i].kind == LABELS_LINES)
            rc = score_lines(s, &m->labels[i], &m->maps[i]);
        else if (m->labels[i].kind == LABELS_CALLS)
            rc = score_calls(s, &m->labels[i], &m->maps[i], m->recordings, m->nrecordings);
    }
    for (size_t i = 0; i < m->nrecordings && v->free && rc == COACH_OK; i++)
        rc = score_free(s, m->labels, m->nlabels, &m->recordings[i]);
    return rc;
}

static int report(const struct values *v, const struct score *s)
{
    const struct score_listing listing = {
        .missed = v->missed, .wrong = v->wrong, .neither = v->neither, .most = v->list};
    uint64_t items = 0;
    for (enum score_kind kind = 0; kind < SCORE_KINDS; kind++)
        items += s->tables[kind].items;
    if (s->tables[SCORE_FINDINGS].not_there > 0)
        fprintf(stderr, "coach score: %llu labelled calls are not among the recordings and were left out\n",
                (unsigned long long)s->tables[SCORE_FINDINGS].not_there);
    if (items == 0)
        return cli_fail("score", "nothing was scored");
    int rc = v->json ? score_print_json(s, &listing) : score_print_text(s, &listing);
    return rc == COACH_OK ? CLI_OK : cli_fail("score", "out of memory");
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    if (v->labels.count == 0 && !v->free)
        return cli_fail("score", "what should be found? Give --labels FILE, or --no-expectations and recordings");
    struct loaded rules;
    struct material m = {0};
    struct score s;
    arena_init(&m.memory);
    int code = loaded_read(&rules, "score", &v->rules, v->languages);
    if (code == CLI_OK)
        code = read_material(&m, v, words, nwords);
    if (code == CLI_OK) {
        score_init(&s, rules.set, v->half == NULL ? 0 : v->half[0]);
        code = measure(v, &m, &s) == COACH_OK ? report(v, &s) : cli_fail("score", "out of memory");
        score_clear(&s);
    }
    material_clear(&m);
    loaded_clear(&rules);
    return code;
}

const struct command command_score = {
    .name = "score",
    .usage = "[FILE ...]",
    .summary = "how often are the rules right?",
    .about = "Compares what the rules find with what people say should be found, and prints precision and recall with "
             "their\n"
             "95 % intervals (Wilson). A label set is NDJSON of one of two kinds: single lines of the agent with their "
             "labels, or\n"
             "whole calls with their expected findings, whose recordings are the FILEs, or lie in 'calls/' beside the "
             "set. '-'\n"
             "is standard input. What fires where the label set is uncertain, on a neighbour of the right label, or "
             "where a\n"
             "call's labels allow it, counts neither way.\n\n"
             "exit codes: 0 scored, 2 nothing was scored or a file could not be read",
    .examples = "  coach score --labels lines.ndjson --map lines.map.yaml --half b --missed --wrong\n"
                "  coach score --labels expected.ndjson --json\n"
                "  coach score --labels expected.ndjson calls/*.ndjson\n"
                "  zcat recorded.ndjson.gz | coach score --no-expectations --wrong -\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
