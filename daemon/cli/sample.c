/* coach sample: what would a rule match? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/ruleset.h"
#include "daemon/cli/screen.h"
#include "lib/base/table.h"
#include "lib/rules/sample.h"
#include "lib/wire/json.h"

enum { LONGEST = 600, TRIES = 40 }; /* bytes of a sentence; sentences made for each one wanted */

struct values {
    struct option_list rules;
    const char *languages;
    int64_t count, seed;
    bool json;
};

static const struct option_spec specs[] = {
    CLI_RULES_SPECS(values),
    {.name = "count",
     .letter = 'n',
     .kind = OPTION_INT,
     .arg = "N",
     .fallback = "20",
     .min = 1,
     .max = 10000,
     .offset = offsetof(struct values, count),
     .help = "how many sentences"},
    {.name = "seed",
     .kind = OPTION_INT,
     .arg = "N",
     .fallback = "1",
     .max = INT64_C(1000000000),
     .offset = offsetof(struct values, seed),
     .help = "another number gives other sentences"},
    CLI_JSON_SPEC(values, "a JSON object for each sentence"),
};

/* The making of sentences. */
struct making {
    const struct values *v;
    const struct loaded_trees *rules;
    const struct rule *rule;
    const struct def_phrases *says;
    struct sampler sampler;
    struct scanner *scanner;
    struct words words;
    struct buf sentence;
    struct table known; /* sentences that were made before */
    size_t fired;
    struct screen screen;
};

static void show_json(struct making *m, size_t phrase, enum scanner_verdict verdict)
{
    struct buf line;
    struct json_out j;
    buf_init(&line, 0);
    json_out_begin(&j, &line);
    json_open_object(&j, NULL);
    json_text(&j, "sentence", m->sentence.data);
    json_int(&j, "phrase", (int64_t)phrase + 1);
    json_bool(&j, "fires", verdict == SCANNER_HIT);
    json_text(&j, "kept_quiet_by", verdict == SCANNER_NOT_IN ? "not_in" : verdict == SCANNER_UNLESS ? "unless" : NULL);
    json_close_object(&j);
    if (json_out_end(&j, true) == COACH_OK)
        fputs(line.data, m->screen.to);
    buf_clear(&line);
}

static void show(struct making *m, size_t phrase, enum scanner_verdict verdict)
{
    if (m->v->json) {
        show_json(m, phrase, verdict);
        return;
    }
    fprintf(m->screen.to, "%4zu  ", phrase + 1);
    screen_text(&m->screen, m->sentence.data, m->sentence.len);
    fputs(verdict == SCANNER_NOT_IN   ? "   (kept quiet by not_in)\n"
          : verdict == SCANNER_UNLESS ? "   (kept quiet by unless)\n"
                                      : "\n",
          m->screen.to);
}

/* Makes a sentence of the phrase and shows it when it is new and the engine finds the phrase in it. */
static int make(struct making *m, size_t phrase)
{
    struct hit hit;
    buf_reset(&m->sentence);
    int rc = sample_phrase(&m->sampler, &m->says->items[phrase].tree, &m->sentence);
    if (rc == COACH_ELIMIT || (rc == COACH_OK && m->sentence.len == 0))
        return COACH_OK;
    if (rc == COACH_OK && table_get(&m->known, m->sentence.data, m->sentence.len) != NULL)
        return COACH_OK;
    if (rc == COACH_OK)
        rc = table_set(&m->known, m->sentence.data, m->sentence.len, m);
    if (rc == COACH_OK)
        rc = words_read(&m->words, m->sampler.c->lang, m->sentence.data, m->sentence.len);
    if (rc != COACH_OK)
        return rc;
    enum scanner_verdict verdict = scanner_rule(m->scanner, m->rules->loaded.set, m->rule, &m->words, &hit);
    if (verdict == SCANNER_NO_PHRASE)
        return COACH_OK;
    m->fired += verdict == SCANNER_HIT;
    show(m, phrase, verdict);
    return COACH_OK;
}

/* The words of the rule's own examples stand in its gaps, and everyday words. */
static int learn(struct making *m, const struct def_rule *def)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < def->match.count && rc == COACH_OK; i++)
        rc = sampler_learn(&m->sampler, def->match.items[i].s);
    sampler_learn_common(&m->sampler);
    return rc;
}

static int make_all(struct making *m, const struct def_rule *def)
{
    int rc = m->scanner == NULL ? COACH_ENOMEM : learn(m, def);
    size_t wanted = (size_t)m->v->count;
    for (size_t i = 0; i < wanted * TRIES && m->fired < wanted && rc == COACH_OK; i++)
        rc = make(m, i % m->says->count);
    return rc;
}

static int sample(const struct values *v, const struct loaded_trees *rules, const struct rule *rule)
{
    const struct def_rule *def = anatomy_rule(&rules->anatomy, rule->id);
    struct making m = {.v = v,
                       .rules = rules,
                       .rule = rule,
                       .says = anatomy_part(def, SCANNER_SAYS),
                       .scanner = scanner_new(),
                       .screen = screen_of(stdout)};
    sampler_init(&m.sampler, &rules->anatomy.context, (uint64_t)v->seed);
    words_init(&m.words);
    buf_init(&m.sentence, LONGEST);
    table_init(&m.known, NULL);
    int rc = make_all(&m, def);
    scanner_free(m.scanner);
    words_clear(&m.words);
    buf_clear(&m.sentence);
    table_clear(&m.known);
    if (rc != COACH_OK)
        return cli_fail("sample", "out of memory");
    if (m.fired == 0)
        return cli_fail("sample", "no sentence was found on which '%s' fires; do its exceptions cover all it says?",
                        rule->id);
    if (!v->json && m.fired < (size_t)v->count)
        fprintf(m.screen.to, "that is all: %zu sentence%s\n", m.fired, m.fired == 1 ? "" : "s");
    return CLI_OK;
}

static int run(const void *given, const char *const *words, size_t nwords)
{
    const struct values *v = given;
    if (nwords != 1)
        return cli_fail("sample", "which rule? For example: coach sample dismissive-calm-down");
    struct loaded_trees rules;
    const struct rule *rule;
    int code = loaded_read_trees(&rules, "sample", &v->rules, v->languages);
    if (code == CLI_OK)
        code = loaded_find(&rules, "sample", words[0], &rule);
    if (code == CLI_OK)
        code = sample(v, &rules, rule);
    loaded_clear_trees(&rules);
    return code;
}

const struct command command_sample = {
    .name = "sample",
    .usage = "RULE",
    .summary = "sentences that a rule would match: is it too wide?",
    .about =
        "Makes sentences from the phrases of a rule, each phrase in its turn, and shows those on which the engine\n"
        "really fires, with the number of the phrase. One that an exception keeps quiet is shown and not counted.\n"
        "The same seed gives the same sentences.\n\n"
        "exit codes: 0 sentences were shown, 2 there is no such rule or the rules could not be read",
    .examples = "  coach sample dismissive-calm-down\n"
                "  coach sample --count 100 --seed 7 --rules my-rules.yaml my-rule\n",
    .specs = specs,
    .nspecs = sizeof specs / sizeof *specs,
    .values_size = sizeof(struct values),
    .run = run,
};
