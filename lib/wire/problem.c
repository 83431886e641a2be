#include "lib/wire/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/error.h"

const char *wire_code_name(enum wire_code code)
{
    static const char *const names[WIRE_CODES] = {"bad_json",         "bad_utf8",   "too_long",     "too_deep",
                                                  "missing_field",    "bad_field",  "unknown_type", "unknown_format",
                                                  "unmapped_channel", "limit_calls"};
    return names[code];
}

int problem_tell(const struct wire_handler *handler, enum wire_code code, const char *fmt, ...)
{
    struct wire_problem p = {.code = code};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p.message, sizeof p.message, fmt, ap);
    va_end(ap);
    handler->problem(handler->user, &p);
    return PROBLEM_TOLD;
}

int problem_check_id(const struct wire_handler *handler, const char *name, const struct wire_text *id)
{
    if (id->len == 0 || id->len > WIRE_MAX_ID)
        return problem_tell(handler, WIRE_BAD_FIELD, "%s: expected 1 to %d bytes, found %zu", name, WIRE_MAX_ID,
                            id->len);
    for (size_t i = 0; i < id->len; i++) {
        unsigned char c = (unsigned char)id->s[i], next = i + 1 < id->len ? (unsigned char)id->s[i + 1] : 0;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0))
            return problem_tell(handler, WIRE_BAD_FIELD, "%s: a control character at byte %zu", name, i + 1);
    }
    return COACH_OK;
}
