#include "lib/rules/compile.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/rules/codes.h"
#include "lib/rules/examples.h"
#include "lib/rules/keys.h"
#include "lib/rules/lints.h"
#include "lib/rules/nodes.h"
#include "lib/rules/pack.h"
#include "lib/rules/parts.h"
#include "lib/rules/regexrule.h"

/* A phrase as it goes into the set; what it requires waits until all words have their numbers. */
struct pending {
    struct required_set sets[PATTERN_MAX_SETS];
    size_t set_count;
    bool brings; /* false for exceptions: they are tried only after a match */
};

struct build {
    const struct pack *pack;
    struct ruleset *set;
    struct pattern_context context;
    struct pending *pending; /* beside set->phrases */
    size_t phrase_cap, pending_cap, rule_cap;
    struct buf pattern;
    pcre2_compile_context *compile;
    const struct rules_clock *clock;
    struct diags *problems;
};

/* --- one phrase --- */

static int compile_pattern(struct build *b, const struct yaml_node *at, pcre2_code **ret)
{
    int code;
    PCRE2_SIZE offset;
    *ret = pcre2_compile((PCRE2_SPTR)b->pattern.data, b->pattern.len,
                         PCRE2_DOLLAR_ENDONLY | PCRE2_DUPNAMES | PCRE2_NEVER_BACKSLASH_C, &code, &offset, b->compile);
    if (*ret == NULL) {
        PCRE2_UCHAR text[120];
        if (code == PCRE2_ERROR_HEAP_FAILED)
            return COACH_ENOMEM;
        pcre2_get_error_message(code, text, sizeof text);
        keys_refuse(b->problems, at, "phrase-too-large", "split it into several phrases",
                    "this phrase is too large once its lists are filled in (%s)", (const char *)text);
        return COACH_OK;
    }
    uint32_t groups = 0;
    if (pcre2_pattern_info(*ret, PCRE2_INFO_CAPTURECOUNT, &groups) != 0 || groups >= PARTS_MAX_GROUPS) {
        keys_refuse(b->problems, at, "phrase-too-large", "split it into several phrases",
                    "this phrase names the lists that its message quotes too often");
        pcre2_code_free(*ret);
        *ret = NULL;
        return COACH_OK;
    }
    /* where the machine forbids a JIT the interpreter runs the same pattern; start-up says so */
    (void)pcre2_jit_compile(*ret, PCRE2_JIT_COMPLETE);
    return COACH_OK;
}

/* Room for one more phrase and its requirements; returns 0 or COACH_ENOMEM. */
static int make_room(struct build *b)
{
    struct ruleset *set = b->set;
    if (arena_grow(&set->memory, &set->phrases, set->phrase_count, &b->phrase_cap, sizeof *set->phrases) != COACH_OK ||
        arena_grow(b->context.memory, &b->pending, set->phrase_count, &b->pending_cap, sizeof *b->pending) != COACH_OK)
        return COACH_ENOMEM;
    return COACH_OK;
}

static int add_phrase(struct build *b, struct part_rule *r, const struct def_phrase *def, int number, bool brings,
                      struct hash_fields *print)
{
    struct ruleset *set = b->set;
    struct arena *memory = &set->memory;
    if (make_room(b) != COACH_OK)
        return COACH_ENOMEM;
    struct part_phrase *p = &set->phrases[set->phrase_count];
    struct pending *pending = &b->pending[set->phrase_count];
    *p = (struct part_phrase){.rule = r->rule.index, .number = number};
    *pending = (struct pending){.brings = brings};
    buf_reset(&b->pattern);
    int rc = pattern_write(&b->context, &def->tree, r->captures, r->capture_count, &b->pattern);
    if (rc == COACH_ELIMIT) {
        keys_refuse(b->problems, def->node, "phrase-too-large",
                    "split it into several phrases, or make its lists shorter",
                    "this phrase is too large once its lists are filled in");
        return COACH_OK; /* the problem ends the build; numbers need not stay in step */
    }
    if (rc == COACH_OK && brings)
        rc = pattern_requires(&b->context, &def->tree, pending->sets, &pending->set_count);
    if (rc == COACH_OK)
        rc = compile_pattern(b, def->node, &p->code);
    if (rc != COACH_OK || p->code == NULL)
        return rc;
    set->phrase_count++;
    hash_fields_add(print, b->pattern.data, b->pattern.len);
    if (def->plain != NULL && (p->plain = arena_str(memory, def->plain)) == NULL)
        return COACH_ENOMEM;
    if (def->plain != NULL)
        hash_fields_add(print, def->plain, strlen(def->plain));
    return COACH_OK;
}

static int add_phrases(struct build *b, struct part_rule *r, const struct def_phrases *defs, bool brings,
                       struct part_range *range, struct hash_fields *print)
{
    range->first = (uint32_t)b->set->phrase_count;
    uint64_t count = defs->count; /* where one part ends and the next begins */
    hash_fields_add(print, &count, sizeof count);
    for (size_t i = 0; i < defs->count; i++) {
        int rc = add_phrase(b, r, &defs->items[i], (int)i + 1, brings, print);
        if (rc != COACH_OK)
            return rc;
    }
    range->count = (uint32_t)b->set->phrase_count - range->first;
    return COACH_OK;
}

/* Adds the one regular expression of a rule, whose code the set then owns. */
static int add_regex(struct build *b, struct part_rule *r, struct regexrule *regex, struct hash_fields *print)
{
    struct ruleset *set = b->set;
    if (make_room(b) != COACH_OK)
        return COACH_ENOMEM;
    r->says = (struct part_range){(uint32_t)set->phrase_count, 1};
    b->pending[set->phrase_count] = (struct pending){.brings = true, .set_count = regex->requires.count > 0};
    b->pending[set->phrase_count].sets[0] = regex->requires;
    set->phrases[set->phrase_count++] =
        (struct part_phrase){.code = regex->regex.code, .rule = r->rule.index, .number = 1, .is_regex = true};
    regex->regex.code = NULL;
    hash_fields_add(print, "regex", 5);
    hash_fields_add(print, regex->regex.text, regex->regex.len);
    return COACH_OK;
}

/* --- one rule --- */

/* The lists that the message or a suggestion quotes. */
static int find_captures(struct build *b, struct part_rule *r, const struct def_text *text)
{
    struct placeholder ph;
    for (size_t at = 0; text->node != NULL && pack_placeholder(text->s, &at, &ph);) {
        if (strcmp(ph.name, "said") == 0 || strcmp(ph.name, "plain") == 0)
            continue;
        size_t i = 0;
        while (i < r->capture_count && strcmp(r->captures[i], ph.name) != 0)
            i++;
        if (i < r->capture_count)
            continue;
        if (i == PARTS_MAX_CAPTURES) {
            struct mark m = yaml_mark_at(text->node, ph.at, (int)ph.len);
            diags_add(b->problems, DIAG_ERROR, "placeholder", &m, "write some of them out",
                      "the cards of a rule quote at most %d lists", PARTS_MAX_CAPTURES);
            return COACH_OK;
        }
        if ((r->captures[i] = arena_str(&b->set->memory, ph.name)) == NULL)
            return COACH_ENOMEM;
        r->capture_count++;
    }
    return COACH_OK;
}

static const char *copy(struct build *b, const char *text, bool *failed)
{
    char *s = text == NULL ? NULL : arena_str(&b->set->memory, text);
    *failed = *failed || (text != NULL && s == NULL);
    return s;
}

static void print_rule(const struct rule *r, struct hash_fields *print)
{
    const char *texts[] = {r->id, r->category, r->title, r->message, r->suggest[0], r->suggest[1]};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        hash_fields_add(print, texts[i], texts[i] == NULL ? 0 : strlen(texts[i]));
    const int64_t numbers[] = {r->rev,      r->severity, r->mode,       r->speaker,  r->cooldown_ms,
                               r->per_call, r->is_swap,  r->final_only, r->is_signal};
    hash_fields_add(print, numbers, sizeof numbers);
    hash_fields_add(print, &r->min_confidence, sizeof r->min_confidence);
}

/* The exceptions, and the key by which it is known to be the same: `print` holds its phrases. */
static int finish_part(struct build *b, struct part_rule *r, const struct def_phrases *not_in,
                       const struct def_phrases *unless, struct hash_fields *print)
{
    int rc = add_phrases(b, r, not_in, false, &r->not_in, print);
    if (rc == COACH_OK)
        rc = add_phrases(b, r, unless, false, &r->unless, print);
    if (rc != COACH_OK)
        return rc;
    print_rule(&r->rule, print);
    r->rule.key = print->value;
    return COACH_OK;
}

/* `regex` is NULL for a rule of phrases. */
static int add_rule(struct build *b, const struct rulefile *f, const struct def_rule *def, struct regexrule *regex)
{
    struct ruleset *set = b->set;
    if (arena_grow(&set->memory, &set->rules, set->rule_count, &b->rule_cap, sizeof *set->rules) != COACH_OK)
        return COACH_ENOMEM;
    struct part_rule *r = &set->rules[set->rule_count];
    const char *title = def->title.node != NULL ? def->title.s : pack_category_title(b->pack, def->category.s);
    bool failed = false;
    *r = (struct part_rule){.rule = {
                                .id = copy(b, def->id.s, &failed),
                                .rev = def->rev.node != NULL ? (int)def->rev.value : 1,
                                .index = (uint32_t)set->rule_count,
                                .category = copy(b, def->category.s, &failed),
                                .title = copy(b, title == NULL ? "" : title, &failed),
                                .severity = pack_severity(f, def),
                                .mode = pack_mode(f, def),
                                .speaker = pack_speaker(f, def),
                                .cooldown_ms = pack_cooldown(f, def),
                                .per_call = pack_per_call(f, def),
                                .min_confidence = pack_min_confidence(f, def),
                                .message = copy(b, def->message.s, &failed),
                                .is_swap = def->swap.count > 0,
                                .final_only = pack_final_only(f, def),
                                .is_conversation = def->when.node != NULL,
                            }};
    for (size_t i = 0; i < def->suggest.count && i < 2; i++)
        r->rule.suggest[i] = copy(b, def->suggest.items[i].s, &failed);
    struct hash_fields print;
    hash_fields_init(&print);
    int rc = failed ? COACH_ENOMEM : find_captures(b, r, &def->message);
    for (size_t i = 0; i < def->suggest.count && rc == COACH_OK; i++)
        rc = find_captures(b, r, &def->suggest.items[i]);
    if (rc == COACH_OK && regex != NULL)
        rc = add_regex(b, r, regex, &print);
    else if (rc == COACH_OK)
        rc = add_phrases(b, r, r->rule.is_swap ? &def->swap : &def->says, true, &r->says, &print);
    if (rc == COACH_OK)
        rc = finish_part(b, r, &def->not_in, &def->unless, &print);
    if (rc != COACH_OK)
        return rc;
    return table_set(&set->by_id, r->rule.id, strlen(r->rule.id), (void *)(uintptr_t)++set->rule_count);
}

static int add_signal(struct build *b, const struct rulefile *f, const struct def_signal *def)
{
    struct ruleset *set = b->set;
    size_t index = set->rule_count + set->signal_count;
    if (arena_grow(&set->memory, &set->rules, index, &b->rule_cap, sizeof *set->rules) != COACH_OK)
        return COACH_ENOMEM;
    struct part_rule *r = &set->rules[index];
    bool failed = false;
    *r = (struct part_rule){.rule = {
                                .id = copy(b, def->id.s, &failed),
                                .index = (uint32_t)index,
                                .category = "",
                                .title = "",
                                .message = "",
                                .speaker = pack_signal_speaker(f, def),
                                .is_signal = true,
                                .is_conversation = def->when.node != NULL,
                            }};
    struct hash_fields print;
    hash_fields_init(&print);
    int rc = failed ? COACH_ENOMEM : add_phrases(b, r, &def->says, true, &r->says, &print);
    if (rc == COACH_OK)
        rc = finish_part(b, r, &def->not_in, &def->unless, &print);
    if (rc != COACH_OK)
        return rc;
    set->signal_count++;
    return COACH_OK;
}

/* --- which rules silence which --- */

static int add_quiets(struct ruleset *set, struct part_rule *r, const struct def_rule *def)
{
    struct hash_fields print = {r->rule.key};
    uint32_t *quiets = arena_alloc(&set->memory, (def->quiets.count + 1) * sizeof *quiets);
    if (quiets == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < def->quiets.count; i++) {
        const char *id = def->quiets.items[i].s;
        quiets[i] = ruleset_find(set, id)->index;
        hash_fields_add(&print, id, strlen(id));
    }
    r->rule.quiets = quiets;
    r->rule.quiet_count = def->quiets.count;
    r->rule.key = print.value;
    return COACH_OK;
}

/* Of a pack without errors: each name is that of a rule in the set. */
static int link_quiets(struct build *b)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < b->set->rule_count && rc == COACH_OK; i++) {
        struct part_rule *r = &b->set->rules[i];
        const struct def_rule *def = table_get(&b->pack->rules, r->rule.id, strlen(r->rule.id));
        if (def->quiets.count > 0)
            rc = add_quiets(b->set, r, def);
    }
    return rc;
}

/* --- a rule with a regular expression --- */

/* A regular expression is read even where the rest of its rule is wrong: one run shows all mistakes. */
static int add_regex_rule(struct build *b, const struct rulefile *f, const struct def_rule *def, bool usable)
{
    struct regexrule regex;
    int rc = regexrule_read(def->regex.node, &b->set->language, b->clock, b->context.memory, &regex, b->problems);
    if (rc == COACH_OK && usable && regex.regex.code != NULL)
        rc = add_rule(b, f, def, &regex);
    pcre2_code_free(regex.regex.code);
    return rc;
}

/* --- the prefilter --- */

static int number_words(struct build *b, const struct required_set *s, struct part_filter *ret)
{
    uint32_t *ids = arena_alloc(&b->set->memory, s->count * sizeof *ids);
    if (ids == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < s->count; i++) {
        size_t len = strlen(s->words[i].text);
        if (s->words[i].prefix && len > VOCABULARY_LONGEST_PREFIX)
            len = VOCABULARY_LONGEST_PREFIX;
        if (vocabulary_add(&b->set->words, s->words[i].text, len, s->words[i].prefix, &ids[i]) != COACH_OK)
            return COACH_ENOMEM;
    }
    *ret = (struct part_filter){ids, (uint32_t)s->count};
    return COACH_OK;
}

/* Numbers every required word; the cheapest set of a phrase brings it up, the others must be met as well. */
static int build_filters(struct build *b, struct part_filter *first)
{
    struct ruleset *set = b->set;
    set->always = arena_alloc(&set->memory, (set->phrase_count + 1) * sizeof *set->always);
    if (set->always == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < set->phrase_count; i++) {
        const struct pending *p = &b->pending[i];
        if (!p->brings)
            continue;
        if (p->set_count == 0)
            set->always[set->always_count++] = (uint32_t)i;
        for (size_t k = 0; k < p->set_count; k++) {
            int rc = number_words(b, &p->sets[k], k == 0 ? &first[i] : &set->phrases[i].also[k - 1]);
            if (rc != COACH_OK)
                return rc;
        }
    }
    return COACH_OK;
}

static int build_index(struct build *b)
{
    struct ruleset *set = b->set;
    struct part_filter *first = arena_alloc(b->context.memory, (set->phrase_count + 1) * sizeof *first);
    int rc = first == NULL ? COACH_ENOMEM : build_filters(b, first);
    if (rc != COACH_OK)
        return rc;
    set->brings = arena_alloc(&set->memory, ((size_t)set->words.count + 1) * sizeof *set->brings);
    if (set->brings == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < set->phrase_count; i++)
        for (uint32_t k = 0; k < first[i].count; k++)
            set->brings[first[i].ids[k]].count++;
    uint32_t total = 0;
    for (uint32_t w = 0; w < set->words.count; w++) {
        set->brings[w].first = total;
        total += set->brings[w].count;
        set->brings[w].count = 0;
    }
    set->brought = arena_alloc(&set->memory, ((size_t)total + 1) * sizeof *set->brought);
    if (set->brought == NULL)
        return COACH_ENOMEM;
    for (size_t i = 0; i < set->phrase_count; i++)
        for (uint32_t k = 0; k < first[i].count; k++) {
            struct part_range *range = &set->brings[first[i].ids[k]];
            set->brought[range->first + range->count++] = (uint32_t)i;
        }
    return COACH_OK;
}

/* --- the set --- */

/* Limits of the packs' files, or of the sites'; a later file's win. */
static void take_limits(const struct pack *pack, bool sites, struct rule_limits *ret)
{
    for (size_t i = 0; i < pack->file_count; i++) {
        const struct def_limits *l = &pack->files[i].limits;
        if ((pack->files[i].site.node != NULL) != sites)
            continue;
        if (l->per_call.node != NULL)
            ret->per_call = (int)l->per_call.value;
        if (l->gap.node != NULL)
            ret->gap_ms = l->gap.value;
        if (l->defer.node != NULL)
            ret->defer_ms = l->defer.value;
        if (l->stale.node != NULL)
            ret->stale_ms = l->stale.value;
    }
}

static void settle_limits(const struct pack *pack, struct rule_limits *ret)
{
    *ret = (struct rule_limits){.per_call = 4, .gap_ms = 15000, .defer_ms = 4000, .stale_ms = 5000};
    take_limits(pack, false, ret);
    take_limits(pack, true, ret);
}

static void settle_hash(struct ruleset *set)
{
    struct hash_fields h;
    hash_fields_init(&h);
    for (size_t i = 0; i < set->rule_count + set->signal_count; i++)
        hash_fields_add(&h, &set->rules[i].rule.key, sizeof set->rules[i].rule.key);
    const int64_t limits[] = {set->limits.per_call, set->limits.gap_ms, set->limits.defer_ms, set->limits.stale_ms};
    hash_fields_add(&h, limits, sizeof limits);
    hash_hex(h.value, set->hash);
}

static int add_rules(struct build *b)
{
    const struct pack *pack = b->pack;
    int rc = COACH_OK;
    for (size_t i = 0; i < pack->file_count; i++)
        for (size_t k = 0; k < pack->files[i].rule_count && rc == COACH_OK; k++) {
            const struct def_rule *def = &pack->files[i].rules[k];
            bool first = def->id.node != NULL && table_get(&pack->rules, def->id.s, strlen(def->id.s)) == def;
            bool usable = first && pack_rule_usable(def);
            if (def->regex.node != NULL)
                rc = add_regex_rule(b, &pack->files[i], def, usable);
            else if (usable)
                rc = add_rule(b, &pack->files[i], def, NULL);
        }
    return rc;
}

static int add_signals(struct build *b)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < b->pack->order_count && rc == COACH_OK; i++) {
        const struct def_signal *def = b->pack->order[i];
        if (pack_signal_usable(def))
            rc = add_signal(b, pack_file_of(b->pack, def->node), def);
    }
    return rc;
}

static int build_set(struct build *b)
{
    int rc = add_rules(b);
    if (rc == COACH_OK)
        rc = add_signals(b);
    if (rc == COACH_OK)
        rc = build_index(b);
    if (rc == COACH_OK && diags_clean(b->problems)) { /* names are known, and nothing was left out */
        rc = link_quiets(b);
        if (rc == COACH_OK)
            rc = nodes_build(b->pack, b->set);
    }
    settle_limits(b->pack, &b->set->limits);
    settle_hash(b->set);
    return rc;
}

static int compile_pack(struct pack *pack, struct ruleset *set, const struct rules_clock *clock, struct diags *problems)
{
    struct arena scratch;
    arena_init(&scratch);
    struct build b = {.pack = pack, .set = set, .clock = clock, .problems = problems};
    b.compile = pcre2_compile_context_create(NULL);
    b.context = (struct pattern_context){.lang = &set->language, .lists = &pack->lists, .memory = &scratch};
    b.context.fillers = pattern_fillers(&set->language, &scratch);
    buf_init(&b.pattern, PATTERN_MAX);
    int rc = b.compile == NULL || b.context.fillers == NULL ? COACH_ENOMEM : build_set(&b);
    buf_clear(&b.pattern);
    pcre2_compile_context_free(b.compile);
    arena_clear(&scratch);
    return rc;
}

int rules_compile(const struct source *files, size_t nfiles, const struct source *languages, size_t nlanguages,
                  const struct rules_options *options, struct ruleset **ret, struct diags *problems)
{
    const struct rules_options none = {0};
    if (options == NULL)
        options = &none;
    struct ruleset *set = calloc(1, sizeof *set);
    if (set == NULL)
        return COACH_ENOMEM;
    set->refs = 1;
    arena_init(&set->memory);
    language_init(&set->language);
    vocabulary_init(&set->words);
    table_init(&set->by_id, NULL);
    struct pack pack;
    int rc = pack_read(&pack, files, nfiles, languages, nlanguages, &set->language, problems);
    if (rc == COACH_OK && set->language.code != NULL)
        rc = compile_pack(&pack, set, &options->clock, problems);
    if (rc == COACH_OK && set->language.code != NULL)
        rc = lints_check(&pack, problems);
    if (rc == COACH_OK && set->language.code != NULL)
        rc = examples_prove(&pack, set, options->draft ? EXAMPLES_ADVISED : EXAMPLES_COMPULSORY, problems);
    pack_clear(&pack);
    diags_sort(problems);
    codes_fill_hints(problems);
    if (rc == COACH_OK && problems->out_of_memory)
        rc = COACH_ENOMEM;
    if (rc == COACH_OK && !diags_clean(problems))
        rc = COACH_ERULES;
    if (rc == COACH_OK)
        *ret = set;
    else
        ruleset_unref(set);
    return rc;
}
