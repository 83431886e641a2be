#include "lib/rules/regex.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/rules/keys.h"
#include "lib/rules/regexparse.h"

enum { OPTIONS = PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C };

pcre2_code *regex_compile(const char *pattern, size_t len, int *code, size_t *offset)
{
    pcre2_code *ret = pcre2_compile((PCRE2_SPTR)pattern, len, OPTIONS, code, offset, NULL);
    if (ret != NULL)
        (void)pcre2_jit_compile(ret, PCRE2_JIT_COMPLETE); /* else the interpreter runs it, at check time as live */
    return ret;
}

/* --- how it is written --- */

/* The line that was meant: the same text in single quotes. False when it is too long to be shown. */
static bool mended_line(const struct yaml_node *scalar, char *out, size_t room)
{
    const char *from = scalar->at.source->text + scalar->from, *end = scalar->at.source->text + scalar->to;
    if (scalar->style == YAML_DOUBLE_QUOTED && end - from >= 2) {
        from++;
        end--;
    }
    size_t n = (size_t)snprintf(out, room, "write it in single quotes: regex: '");
    for (; from < end; from++) {
        if (*from == '\n' || *from == '\r' || n + 4 > room)
            return false;
        out[n++] = *from;
        if (*from == '\'')
            out[n++] = '\'';
    }
    out[n++] = '\'';
    out[n] = '\0';
    return true;
}

static bool check_style(const struct yaml_node *scalar, struct diags *problems)
{
    char hint[240];
    if (scalar->style != YAML_PLAIN && scalar->style != YAML_DOUBLE_QUOTED)
        return true;
    bool shown = mended_line(scalar, hint, sizeof hint);
    keys_refuse(problems, scalar, "regex-quotes",
                shown ? hint : "write it in single quotes, or as a block: 'regex: |' and the pattern on the next line",
                scalar->style == YAML_PLAIN ? "a regular expression needs single quotes, or a block"
                                            : "double quotes change what a regular expression says");
    return false;
}

static void refuse_at(struct diags *problems, const struct yaml_node *scalar, const char *code, size_t at, size_t len,
                      const char *what, const char *hint)
{
    size_t left = scalar->len - at;
    struct mark m = yaml_mark_at(scalar, at, (int)utf8_count(scalar->text + at, len < left ? len : left));
    diags_add(problems, DIAG_ERROR, code, &m, hint, "%s", what);
}

/* Without the end of a block's line; inner ones would never match. */
static bool check_lines(const struct yaml_node *scalar, struct regex *r, struct diags *problems)
{
    r->text = scalar->text;
    r->len = scalar->len;
    while (r->len > 0 && r->text[r->len - 1] == '\n')
        r->len--;
    const char *inner = memchr(r->text, '\n', r->len);
    if (inner != NULL)
        refuse_at(problems, scalar, "regex-lines", (size_t)(inner - r->text), 1,
                  "this regular expression goes on in the next line", "write it on one line: a call has no line ends");
    else if (r->len > REGEX_MAX)
        keys_refuse(problems, scalar, "regex-too-large", "make several rules of it, or use phrases under 'says:'",
                    "this regular expression is longer than %d bytes", REGEX_MAX);
    else if (r->len == 0)
        keys_refuse(problems, scalar, "regex-empty", "write what must be said between the quotes",
                    "this regular expression is empty");
    else
        return true;
    return false;
}

/* --- what it says --- */

static int compile(const struct yaml_node *scalar, struct regex *r, const struct regex_fault *fault,
                   struct diags *problems)
{
    int code;
    size_t offset;
    r->code = regex_compile(r->text, r->len, &code, &offset);
    if (r->code != NULL)
        return COACH_OK;
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return COACH_ENOMEM;
    PCRE2_UCHAR text[160];
    pcre2_get_error_message(code, text, sizeof text);
    if (fault->code != NULL)
        refuse_at(problems, scalar, fault->code, fault->at, fault->len, fault->what, fault->hint);
    else
        refuse_at(problems, scalar, "regex-syntax", offset < r->len ? offset : r->len, 1, (const char *)text,
                  "to mean a sign such as ( or [ itself, write \\ before it");
    return COACH_OK;
}

static bool check_empty(const struct yaml_node *scalar, const struct regex *r, struct diags *problems)
{
    uint32_t empty = 0;
    if (pcre2_pattern_info(r->code, PCRE2_INFO_MATCHEMPTY, &empty) != 0 || empty == 0)
        return true;
    keys_refuse(problems, scalar, "regex-empty", "something must always be there: + in place of *, or no ? behind it",
                "this regular expression matches where nothing was said");
    return false;
}

/* --- the members of its sets ---
 *
 * PCRE2 alone knows what "[^\W\d_]" holds: each set is compiled by itself and asked. */

/* Sets `*ret` to whether the set holds a character. Returns 0 or COACH_ENOMEM. */
static int holds(const pcre2_code *code, pcre2_match_data *match, const char *character, size_t len, bool *ret)
{
    uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    int rc = pcre2_match(code, (PCRE2_SPTR)character, len, 0, options, match, NULL);
    *ret = rc >= 0;
    return rc >= 0 || rc == PCRE2_ERROR_NOMATCH ? COACH_OK : COACH_ENOMEM; /* one character reaches no limit */
}

static int ask_members(struct regex_node *n, const pcre2_code *code, pcre2_match_data *match)
{
    static const char *const wide[] = {"\xc3\xa9", "\xcc\x81", "\xd9\x84", "\xe2\x82\xac", "\xe6\x97\xa5"};
    int rc = COACH_OK;
    bool held;
    for (uint32_t c = 0; c < 128 && rc == COACH_OK; c++) {
        char one = (char)c;
        rc = holds(code, match, &one, 1, &held);
        if (rc == COACH_OK && held)
            n->members[c / 32] |= 1u << c % 32;
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide && n->code == 0 && rc == COACH_OK; i++) {
        rc = holds(code, match, wide[i], strlen(wide[i]), &held);
        if (rc == COACH_OK && held)
            utf8_next(wide[i], &n->code);
    }
    return rc;
}

static int fill_members(const struct regex *r, struct regex_node *n)
{
    int rc = COACH_OK;
    if (n->kind == REGEX_SET) {
        int code;
        size_t offset;
        pcre2_code *set = pcre2_compile((PCRE2_SPTR)r->text + n->at, n->to - n->at, OPTIONS, &code, &offset, NULL);
        pcre2_match_data *match = pcre2_match_data_create(1, NULL);
        if (set != NULL && match != NULL) /* the whole was compiled before it */
            rc = ask_members(n, set, match);
        else
            rc = COACH_ENOMEM;
        pcre2_match_data_free(match);
        pcre2_code_free(set);
    }
    for (struct regex_node *c = n->first; c != NULL && rc == COACH_OK; c = c->next)
        rc = fill_members(r, c);
    return rc;
}

int regex_read(const struct yaml_node *scalar, struct arena *memory, struct regex *ret, struct diags *problems)
{
    struct regex r = {0};
    struct regex_fault fault;
    *ret = r;
    if (!check_style(scalar, problems) || !check_lines(scalar, &r, problems))
        return COACH_OK;
    int rc = regexparse(r.text, r.len, memory, &r.root, &fault);
    if (rc != COACH_OK)
        return rc;
    if (fault.code != NULL && !fault.syntax) {
        refuse_at(problems, scalar, fault.code, fault.at, fault.len, fault.what, fault.hint);
        return COACH_OK;
    }
    rc = compile(scalar, &r, &fault, problems);
    if (rc == COACH_OK && r.code != NULL && fault.code != NULL) /* PCRE2 takes it, we cannot read it */
        refuse_at(problems, scalar, "regex-construct", fault.at, fault.len, fault.what, fault.hint);
    bool fine = rc == COACH_OK && r.code != NULL && fault.code == NULL && check_empty(scalar, &r, problems);
    if (fine)
        rc = fill_members(&r, r.root);
    if (fine && rc == COACH_OK) {
        *ret = r;
        return COACH_OK;
    }
    pcre2_code_free(r.code);
    return rc;
}
