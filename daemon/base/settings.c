#include "daemon/base/settings.h"

#include "daemon/base/files.h"
#include "lib/base/error.h"

enum { FILE_MAX = 1024 * 1024 };

static int read_file(const char *file, struct options *o, coach_error *err)
{
    struct buf text;
    buf_init(&text, 0);
    int rc = file_read(file, FILE_MAX, &text, err);
    if (rc == COACH_OK)
        rc = options_read_file(o, file, text.data == NULL ? "" : text.data, text.len, err);
    buf_clear(&text);
    return rc == COACH_ELIMIT ? COACH_EINVAL : rc;
}

int settings_read(const struct settings *s, void *values, struct options *o, int argc, char *const *argv,
                  char *const *environment, bool *in_file, coach_error *err)
{
    *in_file = false;
    int rc = options_init(o, s->specs, s->nspecs, values, err);
    if (rc == COACH_OK)
        rc = options_read_flags(o, argc, argv, err);
    if (rc == COACH_OK && o->nwords > 0)
        rc = coach_fail(err, COACH_EINVAL, "'%.64s' is no option; %s takes only options", o->words[0], s->program);
    if (rc != COACH_OK || *s->help || *s->version)
        return rc;
    *in_file = true;
    rc = options_read_environment(o, s->environment, environment, err);
    if (rc == COACH_OK && *s->file != NULL)
        rc = read_file(*s->file, o, err);
    return rc;
}
