#include "lib/rules/regexrule.h"

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/rules/regexpump.h"
#include "lib/rules/regexwords.h"

static void refuse_cost(const struct yaml_node *scalar, const struct regex *r, const struct regexpump_result *cost,
                        struct diags *problems)
{
    static const char hint[] = "count what is repeated: {0,40} in place of * or +; or write it with phrases under "
                               "'says:', where ... lets words pass";
    size_t at = cost->repeat == NULL ? 0 : cost->repeat->at, to = cost->repeat == NULL ? r->len : cost->repeat->to;
    struct mark m = yaml_mark_at(scalar, at, (int)utf8_count(r->text + at, to - at));
    if (cost->verdict == REGEXPUMP_LIMIT)
        diags_add(problems, DIAG_ERROR, "regex-slow", &m, hint,
                  "this part can hold up a call: a line of %zu characters made it give up after %d steps", cost->line,
                  (int)REGEX_MATCH_LIMIT);
    else if (cost->verdict == REGEXPUMP_GROWTH)
        diags_add(problems, DIAG_ERROR, "regex-slow", &m, hint,
                  "this part can hold up a call: its work grows much faster than the line (%zu characters were tried)",
                  cost->line);
    else
        diags_add(problems, DIAG_ERROR, "regex-slow", &m, hint,
                  "this part can hold up a call: a line of %zu characters took %.1f ms, more than %d", cost->line,
                  (double)cost->ns / 1e6, REGEXPUMP_MOST_NS / 1000000);
}

static void warn_unfiltered(const struct yaml_node *scalar, struct diags *problems)
{
    diags_add(problems, DIAG_WARNING, "regex-unfiltered", &scalar->at,
              "put \\b on both sides of a word that is always there: \\bcase\\b",
              "no whole word is sure to be in this regular expression, so it runs on every line");
}

int regexrule_read(const struct yaml_node *scalar, const struct language *lang, const struct rules_clock *clock,
                   struct arena *memory, struct regexrule *ret, struct diags *problems)
{
    struct regexpump_result cost = {0};
    *ret = (struct regexrule){0};
    int rc = regex_read(scalar, memory, &ret->regex, problems);
    if (rc != COACH_OK || ret->regex.code == NULL)
        return rc;
    rc = regexpump(&ret->regex, clock, &cost);
    if (rc == COACH_OK && cost.verdict == REGEXPUMP_FINE)
        rc = regexwords(&ret->regex, lang, memory, &ret->requires);
    if (rc == COACH_OK && cost.verdict == REGEXPUMP_FINE) {
        if (ret->requires.count == 0)
            warn_unfiltered(scalar, problems);
        return COACH_OK;
    }
    if (rc == COACH_OK)
        refuse_cost(scalar, &ret->regex, &cost, problems);
    pcre2_code_free(ret->regex.code);
    ret->regex.code = NULL;
    return rc;
}
