#include "lib/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int coach_fail(coach_error *err, int code, const char *fmt, ...)
{
    if (err == NULL)
        return code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    err->code = code;
    return code;
}

int coach_fail_within(coach_error *err, const char *fmt, ...)
{
    if (err == NULL)
        return COACH_EINTERNAL;
    char context[sizeof err->text], whole[2 * sizeof err->text + 2];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    snprintf(whole, sizeof whole, "%s: %s", context, err->text);
    memcpy(err->text, whole, sizeof err->text - 1);
    err->text[sizeof err->text - 1] = '\0';
    return err->code;
}

int coach_fail_nomem(coach_error *err)
{
    return coach_fail(err, COACH_ENOMEM, "out of memory");
}
