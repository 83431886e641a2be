#include "lib/wire/roles.h"

#include <string.h>

#include "lib/base/ascii.h"

bool role_named(const char *word, size_t len, coach_role *ret)
{
    static const struct {
        const char *word;
        coach_role role;
    } words[] = {{"agent", COACH_ROLE_AGENT},       {"customer", COACH_ROLE_CUSTOMER}, {"caller", COACH_ROLE_CUSTOMER},
                 {"external", COACH_ROLE_CUSTOMER}, {"end_user", COACH_ROLE_CUSTOMER}, {"inbound", COACH_ROLE_CUSTOMER},
                 {"internal", COACH_ROLE_AGENT},    {"human_agent", COACH_ROLE_AGENT}, {"system", COACH_ROLE_SYSTEM},
                 {"unknown", COACH_ROLE_UNKNOWN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (ascii_same(word, len, words[i].word)) {
            *ret = words[i].role;
            return true;
        }
    return false;
}

/* A role is kept as a pointer that is never NULL. */
bool role_of_channel(const struct table *map, const struct wire_text *channel, coach_role *ret)
{
    const void *at = table_get(map, channel->s, channel->len);
    if (at == NULL)
        return false;
    *ret = (coach_role)((uintptr_t)at - 1);
    return true;
}

int role_map(struct table *map, const char *channel, coach_role role)
{
    return table_set(map, channel, strlen(channel), (void *)((uintptr_t)role + 1));
}
