#include "lib/wire/parse.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/error.h"

/* jansson says nothing at all when memory is out, or, where that happened to a string it had read to its end, takes
 * the string for a bad token: no other bad token ends in a quote. */
static bool ran_out(const json_error_t *why, const char *text)
{
    static const char bad_value[] = "invalid token", bad_key[] = "string or '}' expected";
    if (why->text[0] == '\0')
        return true;
    bool bad_token = strncmp(why->text, bad_value, sizeof bad_value - 1) == 0 ||
                     strncmp(why->text, bad_key, sizeof bad_key - 1) == 0;
    return bad_token && why->position > 0 && text[why->position - 1] == '"';
}

int parse_json(const char *text, size_t len, size_t flags, json_t **ret, json_error_t *why)
{
    *why = (json_error_t){0};
    json_t *v = json_loadb(text, len, flags | JSON_REJECT_DUPLICATES, why);
    if (v == NULL)
        return ran_out(why, text) ? COACH_ENOMEM : COACH_ESYNTAX;
    *ret = v;
    return COACH_OK;
}
