#include "lib/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"

/* Ends a text that vsnprintf had to cut: `wanted` is what it returned. */
static void end_cut(char *text, size_t size, int wanted)
{
    if (wanted >= 0 && (size_t)wanted >= size)
        text[utf8_whole(text, size - 1)] = '\0';
}

int coach_fail(coach_error *err, int code, const char *fmt, ...)
{
    if (err == NULL)
        return code;
    va_list ap;
    va_start(ap, fmt);
    end_cut(err->text, sizeof err->text, vsnprintf(err->text, sizeof err->text, fmt, ap));
    va_end(ap);
    err->code = code;
    return code;
}

int coach_fail_within(coach_error *err, const char *fmt, ...)
{
    if (err == NULL)
        return COACH_EINTERNAL;
    char context[sizeof err->text], whole[sizeof err->text];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    end_cut(whole, sizeof whole, snprintf(whole, sizeof whole, "%s: %s", context, err->text));
    strcpy(err->text, whole);
    return err->code;
}

int coach_fail_nomem(coach_error *err)
{
    return coach_fail(err, COACH_ENOMEM, "out of memory");
}
