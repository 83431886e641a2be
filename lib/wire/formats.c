#include "lib/wire/formats.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/wire/mapping.h"
#include "lib/wire/proof.h"

struct formats {
    size_t refs;
    struct arena memory;
    struct mapping **items; /* by name */
    size_t count;
};

struct formats *formats_ref(struct formats *f)
{
    if (f != NULL)
        f->refs++;
    return f;
}

void formats_unref(struct formats *f)
{
    if (f == NULL || --f->refs > 0)
        return;
    arena_clear(&f->memory);
    free(f->items);
    free(f);
}

size_t formats_count(const struct formats *f)
{
    return f == NULL ? 0 : f->count;
}

const struct mapping *formats_at(const struct formats *f, size_t i)
{
    return f->items[i];
}

const struct mapping *formats_find(const struct formats *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->items[i]->name, name) == 0)
            return f->items[i];
    return NULL;
}

const char *mapping_name(const struct mapping *m)
{
    return m->name;
}

const char *mapping_about(const struct mapping *m)
{
    return m->about;
}

static size_t place_of(const struct formats *f, const char *name)
{
    size_t at = 0;
    while (at < f->count && strcmp(f->items[at]->name, name) < 0)
        at++;
    return at;
}

/* Puts it at its place. One of the same name is replaced, and returned: the site's own file comes later. */
static struct mapping *insert(struct formats *f, struct mapping *m)
{
    size_t at = place_of(f, m->name);
    if (at < f->count && strcmp(f->items[at]->name, m->name) == 0) {
        struct mapping *replaced = f->items[at];
        f->items[at] = m;
        return replaced;
    }
    memmove(f->items + at + 1, f->items + at, (f->count++ - at) * sizeof *f->items);
    f->items[at] = m;
    return NULL;
}

/* Takes out what was put in. */
static void take_back(struct formats *f, const struct mapping *m, struct mapping *replaced)
{
    size_t at = place_of(f, m->name);
    if (replaced != NULL)
        f->items[at] = replaced;
    else
        memmove(f->items + at, f->items + at + 1, (--f->count - at) * sizeof *f->items);
}

static bool has_errors(const struct diags *problems, size_t before)
{
    return problems->levels[DIAG_ERROR] > before;
}

/* Reads one file into the set, unless something is wrong with it. */
static int read_file(struct formats *f, const struct source *source, struct diags *problems)
{
    struct yaml_doc doc;
    struct mapping *m = arena_alloc(&f->memory, sizeof *m);
    size_t before = problems->levels[DIAG_ERROR];
    struct mark whole = {.source = source};
    int rc = yaml_read(source, &doc, problems);
    if (rc == COACH_OK && doc.root == NULL)
        diags_add(problems, DIAG_ERROR, "mapping-missing-key", &whole, NULL, "the file is empty");
    if (rc == COACH_OK && m == NULL)
        rc = COACH_ENOMEM;
    if (rc == COACH_OK && doc.root != NULL)
        rc = mapping_read(doc.root, m, &f->memory, problems);
    if (rc == COACH_OK && !has_errors(problems, before)) {
        struct mapping *replaced = insert(f, m);
        rc = proof_run(doc.root, f, m->name, problems);
        if (has_errors(problems, before))
            take_back(f, m, replaced);
    }
    yaml_doc_clear(&doc);
    return rc == COACH_ESYNTAX ? COACH_OK : rc;
}

int formats_read(const struct source *sources, size_t n, struct formats **ret, struct diags *problems)
{
    struct formats *f = calloc(1, sizeof *f);
    int rc = f == NULL ? COACH_ENOMEM : COACH_OK;
    if (rc == COACH_OK) {
        f->refs = 1;
        arena_init(&f->memory);
        f->items = calloc(n == 0 ? 1 : n, sizeof *f->items);
        rc = f->items == NULL ? COACH_ENOMEM : COACH_OK;
    }
    for (size_t i = 0; i < n && rc == COACH_OK; i++)
        rc = read_file(f, &sources[i], problems);
    if (rc == COACH_OK && problems->out_of_memory)
        rc = COACH_ENOMEM;
    if (rc == COACH_OK)
        *ret = f;
    else
        formats_unref(f);
    return rc;
}
