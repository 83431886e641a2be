#include "lib/rules/conversation.h"

#include "lib/rules/parts.h"

size_t ruleset_node_count(const struct ruleset *set)
{
    return set->node_count;
}

const struct when_node *ruleset_node(const struct ruleset *set, size_t index)
{
    return &set->nodes[index];
}

size_t ruleset_slots(const struct ruleset *set)
{
    return set->slot_count;
}

size_t ruleset_signal_count(const struct ruleset *set)
{
    return set->signal_count;
}

const struct rule *ruleset_signal(const struct ruleset *set, size_t number)
{
    return &set->rules[set->rule_count + number].rule;
}

const uint32_t *ruleset_listeners(const struct ruleset *set, size_t signal, size_t *count)
{
    *count = set->listens[signal].count;
    return set->listeners + set->listens[signal].first;
}

const struct when_node *ruleset_node_of(const struct ruleset *set, const struct rule *rule)
{
    uint32_t node = set->rules[rule->index].node;
    return node == 0 ? NULL : &set->nodes[node - 1];
}
