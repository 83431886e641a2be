#include "daemon/gateway/mappings.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/base/rulefiles.h"

static void print_problems(const struct diags *problems)
{
    struct buf text;
    buf_init(&text, 0);
    for (size_t i = 0; i < problems->count; i++)
        if (diag_print(&problems->items[i], isatty(STDERR_FILENO) == 1, &text) != COACH_OK)
            break;
    if (text.len > 0)
        fputs(text.data, stderr);
    buf_clear(&text);
}

static int read_all(struct rulefiles *files, struct diags *problems, struct formats **ret, coach_error *err)
{
    struct formats *formats = NULL;
    if (formats_read(files->formats, files->nformats, &formats, problems) != COACH_OK || problems->out_of_memory) {
        formats_unref(formats);
        return coach_fail_nomem(err);
    }
    size_t errors = problems->levels[DIAG_ERROR];
    if (errors > 0) {
        formats_unref(formats);
        return coach_fail(err, COACH_ERULES, "%zu error%s in the mapping files", errors, errors == 1 ? "" : "s");
    }
    *ret = formats;
    return COACH_OK;
}

int mappings_load(const struct option_list *paths, const char *datadir, struct formats **ret, coach_error *err)
{
    struct rulefiles files;
    struct diags problems;
    rulefiles_init(&files);
    diags_init(&problems);
    int rc = rulefiles_load_formats(&files, paths->items, paths->count, datadir, &problems, err);
    if (rc == COACH_OK)
        rc = read_all(&files, &problems, ret, err);
    diags_sort(&problems);
    print_problems(&problems);
    diags_clear(&problems);
    rulefiles_clear(&files);
    return rc;
}
