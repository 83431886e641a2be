#include "lib/rules/anatomy.h"

#include <string.h>

#include "lib/base/error.h"

enum { MOST_NAMES = 1024 }; /* that are looked through for a near one */

int anatomy_read(struct anatomy *a, const struct source *files, size_t nfiles, const struct source *languages,
                 size_t nlanguages)
{
    *a = (struct anatomy){0};
    language_init(&a->language);
    diags_init(&a->problems);
    arena_init(&a->memory);
    int rc = pack_read(&a->pack, files, nfiles, languages, nlanguages, &a->language, &a->problems);
    if (rc != COACH_OK)
        return rc;
    a->context = (struct pattern_context){.lang = &a->language, .lists = &a->pack.lists, .memory = &a->memory};
    a->context.fillers = pattern_fillers(&a->language, &a->memory);
    return a->context.fillers == NULL || a->problems.out_of_memory ? COACH_ENOMEM : COACH_OK;
}

void anatomy_clear(struct anatomy *a)
{
    pack_clear(&a->pack);
    arena_clear(&a->memory);
    diags_clear(&a->problems);
    language_clear(&a->language);
}

const struct def_rule *anatomy_rule(const struct anatomy *a, const char *id)
{
    return table_get(&a->pack.rules, id, strlen(id));
}

const char *anatomy_nearest(const struct anatomy *a, const char *id)
{
    const char *names[MOST_NAMES];
    size_t n = 0;
    for (struct table_entry *e = table_next(&a->pack.rules, NULL); e != NULL && n < MOST_NAMES;
         e = table_next(&a->pack.rules, e))
        names[n++] = table_key(e, NULL);
    return diag_nearest(id, names, n);
}

const struct def_phrases *anatomy_part(const struct def_rule *rule, enum scanner_part part)
{
    switch (part) {
    case SCANNER_PART_NOT_IN:
        return &rule->not_in;
    case SCANNER_PART_UNLESS:
        return &rule->unless;
    default:
        return rule->swap.count > 0 ? &rule->swap : &rule->says;
    }
}
