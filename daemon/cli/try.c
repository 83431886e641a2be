/* coach try: what would the rules say to this line? */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/print.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/rewatch.h"
#include "daemon/cli/text.h"

struct values {
    struct option_list rules;
    const char *languages;
    const char *role;
    bool json, watch;
};

static const char *const roles[] = {"agent", "customer", NULL};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(values),
    {.name = "role",
     .kind = OPTION_CHOICE,
     .fallback = "agent",
     .choices = roles,
     .offset = offsetof(struct values, role),
     .help = "who says it"},
    CLI_JSON_SPEC(values, "findings as wire lines"),
    {.name = "watch",
     .kind = OPTION_BOOL,
     .offset = offsetof(struct values, watch),
     .help = "try again whenever a rule file is saved, until Ctrl-C"},
};

static void explain(const struct screen *s, const struct finding *f)
{
    const struct nudge *n = &f->nudge;
    print_finding(s, f);
    fprintf(s->to, "        rule %s (rev %d), %s %d, said \"", n->rule, n->rev, f->rule->is_swap ? "term" : "phrase",
            n->phrase);
    screen_text(s, n->said, strlen(n->said));
    fprintf(s->to, "\"%s\n", n->held == NULL ? "" : "; an agent would not see it now");
}

static int say(const struct values *v, const struct ruleset *set, const char *text)
{
    struct screen s = screen_of(stdout);
    struct engine *engine = engine_new();
    struct call *call = call_new("try", 3);
    struct wire_event line = wire_event_blank(WIRE_TRANSCRIPT);
    line.text = (struct wire_text){text, strlen(text)};
    line.is_final = true;
    line.role = strcmp(v->role, "agent") == 0 ? COACH_ROLE_AGENT : COACH_ROLE_CUSTOMER;
    line.start_ms = 0;
    line.end_ms = 0;
    struct engine_results results = {0};
    int rc = engine == NULL || call == NULL ? COACH_ENOMEM : call_set_agent(call, "try", 3);
    if (rc == COACH_OK)
        rc = engine_step(engine, set, call, &line, 0, &results);
    for (size_t i = 0; i < results.count; i++) {
        if (v->json)
            print_finding_json(&s, &results.findings[i]);
        else
            explain(&s, &results.findings[i]);
    }
    if (rc == COACH_OK && results.count == 0 && !v->json)
        printf("nothing: %zu rules have no objection\n", ruleset_count(set));
    call_free(call);
    engine_free(engine);
    return rc != COACH_OK ? cli_fail("try", "out of memory") : results.count > 0 ? CLI_FOUND : CLI_OK;
}

/* What is tried again and again. */
struct again {
    const struct values *v;
    const char *text;
};

static void try_again(void *user, const struct ruleset *set)
{
    const struct again *again = user;
    (void)say(again->v, set, again->text);
}

static int try_once(const struct values *v, const char *text)
{
    struct loaded rules;
    int code = loaded_read(&rules, "try", &v->rules, v->languages);
    if (code == CLI_OK)
        code = say(v, rules.set, text);
    loaded_clear(&rules);
    return code;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    struct buf text;
    if (nwords == 0)
        return cli_fail("try", "what was said? For example: coach try %s\"you need to calm down\"",
                        v->watch ? "--watch --rules my-rules.yaml " : "");
    buf_init(&text, 0);
    int code = text_join("try", words, nwords, &text);
    struct again again = {v, text.data};
    if (code == CLI_OK)
        code = v->watch ? rewatch_run("try", &v->rules, v->languages, try_again, &again) : try_once(v, text.data);
    buf_clear(&text);
    return code;
}

const struct command command_try = {
    .name = "try",
    .usage = "TEXT",
    .summary = "what would the rules say to this line?",
    .about = "Runs one line through the rules with the engine that runs live, and shows the rule, the phrase and the "
             "words that\n"
             "set it off, and whether an agent would see it.\n\n"
             "exit codes: 0 no rule fires, 1 a rule fires, 2 the rules could not be read; with --watch 0 when Ctrl-C "
             "ends it",
    .examples = "  coach try \"sir please um calm yourself down\"\n"
                "  coach try --role customer \"this is the third time i have called\"\n"
                "  coach try --rules my-rules.yaml \"well that's not my department\"\n"
                "  coach try --watch --rules my-rules.yaml \"you need to come down\"\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
