#include "lib/text/language.h"

#include <stdio.h>
#include <string.h>

static struct table *const *tables_of(struct language *lang, struct table *ret[9])
{
    ret[0] = &lang->contractions;
    ret[1] = &lang->endings;
    ret[2] = &lang->loose;
    ret[3] = &lang->loose_for;
    ret[4] = &lang->symbols;
    ret[5] = &lang->sounds;
    ret[6] = &lang->irregular;
    ret[7] = &lang->numbers;
    ret[8] = &lang->common;
    return ret;
}

void language_init(struct language *lang)
{
    *lang = (struct language){0};
    arena_init(&lang->memory);
    struct table *all[9];
    tables_of(lang, all);
    for (size_t i = 0; i < 9; i++)
        table_init(all[i], NULL);
}

void language_clear(struct language *lang)
{
    struct table *all[9];
    tables_of(lang, all);
    for (size_t i = 0; i < 9; i++)
        table_clear(all[i]);
    arena_clear(&lang->memory);
}

static void add_form(char forms[][LANGUAGE_MAX_WORD], size_t *n, const char *stem, size_t stem_len, const char *ending)
{
    char form[LANGUAGE_MAX_WORD];
    int len = snprintf(form, sizeof form, "%.*s%s", (int)stem_len, stem, ending);
    if (len < 0 || (size_t)len >= sizeof form || *n == LANGUAGE_MAX_FORMS)
        return;
    for (size_t i = 0; i < *n; i++)
        if (strcmp(forms[i], form) == 0)
            return;
    memcpy(forms[(*n)++], form, sizeof form);
}

size_t language_forms_of(const struct language *lang, const char *base,
                         char forms[LANGUAGE_MAX_FORMS][LANGUAGE_MAX_WORD])
{
    size_t n = 0, len = strlen(base);
    add_form(forms, &n, base, len < LANGUAGE_MAX_WORD ? len : LANGUAGE_MAX_WORD - 1, "");
    if (len > LANGUAGE_MAX_WORD - 8)
        return n;
    const char *const *irregular = table_get(&lang->irregular, base, len);
    if (irregular != NULL) {
        for (; *irregular != NULL; irregular++)
            add_form(forms, &n, *irregular, strlen(*irregular), "");
        return n;
    }
    for (size_t i = 0; i < lang->form_count; i++) {
        size_t end = strlen(lang->forms[i].ending);
        if (end >= len || strcmp(base + len - end, lang->forms[i].ending) != 0)
            continue;
        for (size_t k = 0; k < lang->forms[i].count; k++)
            add_form(forms, &n, base, len - end, lang->forms[i].adds[k]);
        break;
    }
    return n;
}
