#include "lib/rules/ruleset.h"

#include <stdlib.h>
#include <string.h>

#include "lib/rules/parts.h"

struct ruleset *ruleset_ref(struct ruleset *set)
{
    __atomic_add_fetch(&set->refs, 1, __ATOMIC_RELAXED);
    return set;
}

void ruleset_unref(struct ruleset *set)
{
    if (set == NULL || __atomic_sub_fetch(&set->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < set->phrase_count; i++)
        pcre2_code_free(set->phrases[i].code);
    vocabulary_clear(&set->words);
    table_clear(&set->by_id);
    language_clear(&set->language);
    arena_clear(&set->memory);
    free(set);
}

size_t ruleset_count(const struct ruleset *set)
{
    return set->rule_count;
}

const struct rule *ruleset_rule(const struct ruleset *set, size_t index)
{
    return &set->rules[index].rule;
}

const struct rule *ruleset_find(const struct ruleset *set, const char *id)
{
    uintptr_t place = (uintptr_t)table_get(&set->by_id, id, strlen(id));
    return place == 0 ? NULL : &set->rules[place - 1].rule;
}

const char *ruleset_hash(const struct ruleset *set)
{
    return set->hash;
}

const struct rule_limits *ruleset_limits(const struct ruleset *set)
{
    return &set->limits;
}

const struct language *ruleset_language(const struct ruleset *set)
{
    return &set->language;
}

size_t ruleset_phrases(const struct ruleset *set)
{
    return set->phrase_count;
}

size_t ruleset_unfiltered(const struct ruleset *set)
{
    return set->always_count;
}

const char *rule_severity_name(enum rule_severity severity)
{
    static const char *const names[] = {"critical", "important", "hint", "praise"};
    return names[severity];
}

const char *rule_speaker_name(enum rule_speaker speaker)
{
    static const char *const names[] = {"agent", "customer", "either"};
    return names[speaker];
}

const char *rule_mode_name(enum rule_mode mode)
{
    static const char *const names[] = {"live", "shadow", "disabled"};
    return names[mode];
}
