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
    char below[sizeof err->text];
    memcpy(below, err->text, sizeof below);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", below);
    return err->code;
}

int coach_fail_nomem(coach_error *err)
{
    return coach_fail(err, COACH_ENOMEM, "out of memory");
}
