/* coach practice: a scripted difficult customer, and the nudges that a real call would give. */
#include "daemon/cli/practice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/ruleset.h"
#include "lib/base/utf8.h"
#include "lib/rules/codes.h"

struct values {
    struct option_list rules;
    const char *languages;
    double speed;
    bool json, list;
};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(values),
    CLI_JSON_SPEC(values, "nothing but the debrief, as one JSON object"),
    {.name = "list",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, list),
     .help = "list the shipped scenarios, or those of the files and folders given"},
    {.name = "speed",
     .kind = OPTION_REAL,
     .arg = "X",
     .fallback = "2",
     .max = 1000,
     .offset = offsetof(struct values, speed),
     .help = "on a terminal: times the pace of speech at which the customer talks; 0: at once"},
};

enum {
    MOST_BYTES = 8 * 1024, /* of a line */
    THINKING_MS = 700,     /* before a line that was not typed */
    TYPING = 3             /* it takes as many times as long as speaking */
};

/* --- the files --- */

struct desk {
    struct loaded loaded;
    const char **paths;
    size_t npaths;
};

/* A path as it is; a bare name is of a shipped scenario. */
static const char *path_of(struct rulefiles *f, const char *word)
{
    if (strchr(word, '/') != NULL || strchr(word, '.') != NULL || access(word, F_OK) == 0)
        return word;
    const char *path = rulefiles_shipped(f, COACH_DATADIR, "practice");
    return path == NULL ? NULL : arena_fmt(&f->memory, "%s/%s.yaml", path, word);
}

static int read_files(struct desk *d, const struct values *v, const char *word)
{
    struct loaded *l = &d->loaded;
    coach_error err = {0};
    l->set = NULL;
    rulefiles_init(&l->files);
    diags_init(&l->problems);
    d->paths = arena_alloc(&l->files.memory, (v->rules.count + 1) * sizeof *d->paths);
    if (d->paths == NULL)
        return cli_fail("practice", "out of memory");
    for (size_t i = 0; i < v->rules.count; i++)
        d->paths[d->npaths++] = v->rules.items[i];
    d->paths[d->npaths] = path_of(&l->files, word);
    if (d->paths[d->npaths++] == NULL)
        return cli_fail("practice", "out of memory");
    int rc =
        rulefiles_compile(d->paths, d->npaths, v->languages, COACH_DATADIR, &l->files, &l->set, &l->problems, &err);
    if (rc == COACH_OK)
        return CLI_OK;
    loaded_print_errors(l);
    return rc == COACH_EINVAL && strchr(word, '/') == NULL
               ? cli_fail("practice", "%s; 'coach practice --list' shows the scenarios there are", err.text)
               : cli_fail("practice", "%s", err.text);
}

static int read_scenario(struct desk *d, const char *word, struct scenario *ret)
{
    struct loaded *l = &d->loaded;
    *ret = (struct scenario){0};
    if (l->files.nscenarios != 1)
        return cli_fail("practice",
                        l->files.nscenarios == 0 ? "%s is no scenario: a scenario has a line 'scenario: its-name'"
                                                 : "%s holds several scenarios: name the file of one",
                        word);
    if (scenario_read(&l->files.scenarios[0], l->set, ret, &l->problems) != COACH_OK)
        return cli_fail("practice", "out of memory");
    if (diags_clean(&l->problems))
        return CLI_OK;
    codes_fill_hints(&l->problems);
    loaded_print_errors(l);
    size_t errors = l->problems.levels[DIAG_ERROR];
    return cli_fail("practice", "%zu error%s in the scenario", errors, errors == 1 ? "" : "s");
}

static void print_scenario(const struct scenario *s)
{
    printf("%-28s %s\n", s->name.s == NULL ? "" : s->name.s, s->title.s == NULL ? "" : s->title.s);
}

static int list(const struct values *v, const char *const *words, size_t nwords)
{
    struct desk d = {0};
    struct rulefiles shipped;
    rulefiles_init(&shipped);
    const char *folder = rulefiles_shipped(&shipped, COACH_DATADIR, "practice");
    const char *const *paths = nwords > 0 ? words : &folder;
    int code = CLI_OK;
    for (size_t i = 0; i < (nwords > 0 ? nwords : 1) && code == CLI_OK; i++) {
        d = (struct desk){0};
        code = folder == NULL ? cli_fail("practice", "out of memory") : read_files(&d, v, paths[i]);
        for (size_t k = 0; k < d.loaded.files.nscenarios && code == CLI_OK; k++) {
            struct scenario s;
            if (scenario_read(&d.loaded.files.scenarios[k], NULL, &s, &d.loaded.problems) == COACH_OK)
                print_scenario(&s);
            scenario_clear(&s);
        }
        loaded_clear(&d.loaded);
    }
    rulefiles_clear(&shipped);
    return code;
}

/* --- the call --- */

struct session {
    const struct values *v;
    struct practice practice;
    struct practice_view view;
    char *line;
    size_t line_cap;
    bool terminal; /* somebody types */
};

/* The next line of the agent, without its end; NULL when there is none. */
static char *read_line(struct session *s)
{
    if (s->terminal && !s->v->json)
        fputs("you> ", s->view.screen.to);
    fflush(s->view.screen.to);
    ssize_t n = getline(&s->line, &s->line_cap, stdin);
    if (n < 0)
        return NULL;
    while (n > 0 && (s->line[n - 1] == '\n' || s->line[n - 1] == '\r' || s->line[n - 1] == ' '))
        s->line[--n] = '\0';
    return s->line + strspn(s->line, " \t");
}

/* Why a line cannot be said, or NULL. */
static const char *unsayable(const char *line, size_t len)
{
    if (len > MOST_BYTES)
        return "that line is too long to be said in one go";
    return utf8_valid(line, len) < len ? "that line is not UTF-8" : NULL;
}

/* How long after the customer's last words the agent begins, when typing it took `typed_ms`. */
static int64_t pause_of(const struct session *s, const char *line, int64_t typed_ms)
{
    int64_t pause = typed_ms / TYPING - practice_speaking_ms(line);
    return s->terminal && pause > THINKING_MS ? pause : THINKING_MS;
}

static void show_hint(const struct session *s)
{
    const struct scenario *scenario = s->practice.scenario;
    const char *hint = practice_hint(&s->practice);
    FILE *to = s->view.screen.to;
    if (s->v->json)
        return;
    fputs("        The customer wants: ", to);
    screen_text(&s->view.screen, scenario->wants.s, strlen(scenario->wants.s));
    fputc('\n', to);
    if (hint == NULL)
        return;
    fputs("        Say, for example: ", to);
    screen_text(&s->view.screen, hint, strlen(hint));
    fputc('\n', to);
}

/* One line of the agent, or a command. Returns 0 or COACH_ENOMEM. */
static int take_line(struct session *s, const char *line, int64_t typed_ms)
{
    const char *why = unsayable(line, strlen(line));
    if (why != NULL)
        fprintf(stderr, "coach practice: %s\n", why);
    else if (strcmp(line, "/hint") == 0)
        show_hint(s);
    else if (line[0] == '/')
        fprintf(stderr, "coach practice: there is /hint and /quit\n");
    else if (line[0] != '\0')
        return practice_say(&s->practice, line, pause_of(s, line, typed_ms));
    return COACH_OK;
}

static int talk(struct session *s)
{
    struct practice *p = &s->practice;
    int rc = COACH_OK;
    while (rc == COACH_OK && p->end == PRACTICE_ON) {
        if (!s->v->json)
            practice_show(&s->view, p);
        int64_t since = cli_now_ms();
        const char *line = read_line(s);
        if (line == NULL || strcmp(line, "/quit") == 0)
            rc = practice_leave(p);
        else
            rc = take_line(s, line, cli_now_ms() - since);
    }
    return rc;
}

static int finish(const struct session *s)
{
    struct buf out;
    if (!s->v->json) {
        practice_show_debrief(&s->view, &s->practice);
        return COACH_OK;
    }
    buf_init(&out, 0);
    int rc = practice_write(&s->practice, &out);
    if (rc == COACH_OK)
        fputs(out.data, stdout);
    buf_clear(&out);
    return rc;
}

static int play(const struct values *v, const struct scenario *scenario, const struct ruleset *set)
{
    bool terminal = isatty(STDIN_FILENO) == 1;
    struct session s = {.v = v, .view = {.screen = screen_of(stdout), .typed = terminal}, .terminal = terminal};
    s.view.speed = terminal && s.view.screen.terminal ? v->speed : 0;
    if (!v->json)
        practice_show_begin(&s.view, scenario);
    int rc = practice_begin(&s.practice, scenario, set);
    if (rc == COACH_OK)
        rc = talk(&s);
    if (rc == COACH_OK && !v->json)
        practice_show(&s.view, &s.practice);
    if (rc == COACH_OK)
        rc = finish(&s);
    practice_clear(&s.practice);
    free(s.line);
    return rc == COACH_OK ? CLI_OK : cli_fail("practice", "out of memory");
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct desk d = {0};
    struct scenario scenario = {0};
    if (v->list)
        return list(v, words, nwords);
    if (nwords != 1)
        return cli_fail("practice", "which scenario? 'coach practice --list' shows those there are");
    int code = read_files(&d, v, words[0]);
    if (code == CLI_OK)
        code = read_scenario(&d, words[0], &scenario);
    if (code == CLI_OK)
        code = play(v, &scenario, d.loaded.set);
    scenario_clear(&scenario);
    loaded_clear(&d.loaded);
    return code;
}

const struct command command_practice = {
    .name = "practice",
    .usage = "SCENARIO",
    .summary = "a scripted difficult customer to practise with",
    .about =
        "Plays a difficult customer: you type what the agent says, the customer takes it well or badly, and the nudges "
        "are\n"
        "those that the rules would give in a real call. It ends when the customer is calm, has had enough, or the "
        "call\n"
        "goes on for too long; then come a score and up to three points to take away. SCENARIO is the name of a "
        "shipped\n"
        "scenario, or a file of your own. From a pipe each line is one answer, said at 150 words a minute.\n"
        "While it runs, /hint shows what would help and /quit ends the call.\n\n"
        "exit codes: 0 the call is over, 2 the scenario or the rules could not be read",
    .examples = "  coach practice --list\n"
                "  coach practice broadband-third-call\n"
                "  coach practice --rules rules/core-en --rules my-site.yaml my-scenario.yaml\n"
                "  coach practice --json parcel-damaged < what-i-would-say.txt\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
