#include "daemon/base/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/optvalue.h"
#include "lib/base/diag.h"
#include "lib/yaml/yaml.h"

/* Lowest first; a value is only replaced from its own layer or a higher one. */
enum layer { LAYER_DEFAULT, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_FLAG };

enum { NAME_MAX_LEN = 64 };

static void *member_of(const struct options *o, size_t i)
{
    return (char *)o->values + o->specs[i].offset;
}

/* Sets option `i` from `text` on behalf of `layer`, unless a higher layer has set it. The first item that a layer
 * gives to a list replaces what lower layers gave. `again`: this layer may be adding to its own list. */
static int set_value(struct options *o, size_t i, const char *text, enum layer layer, const char *origin, bool again,
                     coach_error *err)
{
    const struct option_spec *spec = &o->specs[i];
    if (o->layers[i] > layer)
        return COACH_OK;
    struct option_list kept = {0};
    bool afresh = spec->kind == OPTION_LIST && (o->layers[i] < layer || !again);
    if (afresh) {
        struct option_list *list = member_of(o, i);
        kept = *list;
        *list = (struct option_list){0};
    }
    int rc = optvalue_read(spec, text, &o->memory, member_of(o, i), err);
    if (rc != COACH_OK) {
        if (afresh)
            *(struct option_list *)member_of(o, i) = kept;
        return rc;
    }
    o->layers[i] = (unsigned char)layer;
    o->origins[i] = origin;
    return COACH_OK;
}

static void clear_member(void *member, enum option_kind kind)
{
    switch (kind) {
    case OPTION_BOOL:
        *(bool *)member = false;
        break;
    case OPTION_INT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        *(int64_t *)member = 0;
        break;
    case OPTION_REAL:
        *(double *)member = 0;
        break;
    case OPTION_TEXT:
    case OPTION_CHOICE:
        *(const char **)member = NULL;
        break;
    case OPTION_LIST:
        *(struct option_list *)member = (struct option_list){0};
        break;
    }
}

int options_init(struct options *o, const struct option_spec *specs, size_t nspecs, void *values, coach_error *err)
{
    *o = (struct options){.specs = specs, .nspecs = nspecs, .values = values};
    arena_init(&o->memory);
    o->origins = arena_alloc(&o->memory, (nspecs + 1) * sizeof *o->origins);
    o->layers = arena_alloc(&o->memory, nspecs + 1);
    if (o->origins == NULL || o->layers == NULL)
        return coach_fail_nomem(err);
    for (size_t i = 0; i < nspecs; i++) {
        clear_member(member_of(o, i), specs[i].kind);
        o->origins[i] = "default";
        if (specs[i].fallback == NULL)
            continue;
        int rc = set_value(o, i, specs[i].fallback, LAYER_DEFAULT, "default", true, err);
        if (rc != COACH_OK)
            return coach_fail_within(err, "default of --%s", specs[i].name);
    }
    return COACH_OK;
}

void options_clear(struct options *o)
{
    arena_clear(&o->memory);
    *o = (struct options){0};
}

/* Index of the option called `name` (`len` bytes, words joined by `joiner`), or nspecs. */
static size_t find(const struct options *o, const char *name, size_t len, char joiner, unsigned without)
{
    for (size_t i = 0; i < o->nspecs; i++) {
        const char *s = o->specs[i].name;
        size_t n = 0;
        while (n < len && s[n] != '\0' && name[n] == (s[n] == '-' ? joiner : s[n]))
            n++;
        if (n == len && s[n] == '\0' && (o->specs[i].flags & without) == 0)
            return i;
    }
    return o->nspecs;
}

/* The known name nearest to a mistyped one, in the spelling of its layer; NULL when none is near. */
static const char *nearest(struct options *o, const char *name, char joiner, unsigned without)
{
    const char **known = arena_alloc(&o->memory, (o->nspecs + 1) * sizeof *known);
    size_t n = 0;
    for (size_t i = 0; known != NULL && i < o->nspecs; i++) {
        char *copy = (o->specs[i].flags & without) != 0 ? NULL : arena_str(&o->memory, o->specs[i].name);
        if (copy == NULL)
            continue;
        for (char *p = copy; *p != '\0'; p++)
            *p = *p == '-' ? joiner : *p;
        known[n++] = copy;
    }
    return n == 0 ? NULL : diag_nearest(name, known, n);
}

/* ---- the configuration file ---- */

static int add_items(struct options *o, size_t i, const struct yaml_node *list, const char *origin, coach_error *err)
{
    if (o->layers[i] > LAYER_FILE)
        return COACH_OK;
    *(struct option_list *)member_of(o, i) = (struct option_list){0};
    o->layers[i] = LAYER_FILE;
    o->origins[i] = origin;
    for (size_t k = 0; k < list->count; k++) {
        if (list->items[k]->kind != YAML_SCALAR)
            return coach_fail(err, COACH_EINVAL, "takes a list of texts");
        int rc = set_value(o, i, list->items[k]->text, LAYER_FILE, origin, true, err);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

static int set_from_node(struct options *o, size_t i, const struct yaml_node *value, const char *origin,
                         coach_error *err)
{
    if (value->kind == YAML_LIST && o->specs[i].kind == OPTION_LIST)
        return add_items(o, i, value, origin, err);
    if (value->kind != YAML_SCALAR)
        return coach_fail(err, COACH_EINVAL, "takes a single value, not %s", yaml_kind_name(value->kind));
    if (memchr(value->text, '\0', value->len) != NULL)
        return coach_fail(err, COACH_EINVAL, "may hold no NUL");
    return set_value(o, i, value->text, LAYER_FILE, origin, false, err);
}

static int read_pair(struct options *o, const char *name, const struct yaml_pair *pair, coach_error *err)
{
    const char *key = pair->key->text;
    const struct mark *at = &pair->key->at;
    size_t i = find(o, key, pair->key->len, '_', OPTION_FLAG_ONLY);
    if (i == o->nspecs) {
        const char *meant = nearest(o, key, '_', OPTION_FLAG_ONLY);
        return coach_fail(err, COACH_EINVAL, "%s:%d:%d: unknown setting '%.64s'%s%s%s", name, at->line, at->column, key,
                          meant == NULL ? "" : "; did you mean '", meant == NULL ? "" : meant,
                          meant == NULL ? "" : "'?");
    }
    const char *origin = arena_fmt(&o->memory, "%s:%d", name, at->line);
    if (origin == NULL)
        return coach_fail_nomem(err);
    if (set_from_node(o, i, pair->value, origin, err) != COACH_OK)
        return coach_fail_within(err, "%s:%d:%d: %s", name, pair->value->at.line, pair->value->at.column, key);
    return COACH_OK;
}

/* The first error among the problems. */
static int refuse_file(const char *name, const struct diags *problems, coach_error *err)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct diag *d = &problems->items[i];
        if (d->level == DIAG_ERROR)
            return coach_fail(err, COACH_EINVAL, "%s:%d:%d: %s%s%s", name, d->at.line, d->at.column, d->message,
                              d->hint == NULL ? "" : "; ", d->hint == NULL ? "" : d->hint);
    }
    return problems->out_of_memory ? coach_fail_nomem(err) : coach_fail(err, COACH_EINVAL, "%s: cannot be read", name);
}

static int read_document(struct options *o, const char *name, const struct yaml_doc *doc, coach_error *err)
{
    if (doc->root == NULL)
        return COACH_OK;
    if (doc->root->kind != YAML_MAP)
        return coach_fail(err, COACH_EINVAL, "%s:%d:%d: must be settings of the form 'name: value'", name,
                          doc->root->at.line, doc->root->at.column);
    int rc = COACH_OK;
    for (size_t i = 0; i < doc->root->count && rc == COACH_OK; i++)
        rc = read_pair(o, name, &doc->root->pairs[i], err);
    return rc;
}

int options_read_file(struct options *o, const char *name, const char *text, size_t len, coach_error *err)
{
    struct source source = {.name = name, .text = text, .len = len};
    struct yaml_doc doc;
    struct diags problems;
    diags_init(&problems);
    int rc = yaml_read(&source, &doc, &problems);
    if (rc == COACH_ENOMEM)
        coach_fail_nomem(err);
    else if (rc != COACH_OK || !diags_clean(&problems))
        rc = refuse_file(name, &problems, err);
    else
        rc = read_document(o, name, &doc, err);
    yaml_doc_clear(&doc);
    diags_clear(&problems);
    return rc;
}

/* ---- the environment ---- */

/* A list is its items joined by ':', as in PATH. */
static int set_joined(struct options *o, size_t i, const char *text, coach_error *err)
{
    bool again = false;
    for (;;) {
        size_t n = strcspn(text, ":");
        const char *item = arena_strn(&o->memory, text, n);
        if (item == NULL)
            return coach_fail_nomem(err);
        int rc = n == 0 ? COACH_OK : set_value(o, i, item, LAYER_ENVIRONMENT, "environment", again, err);
        if (rc != COACH_OK || text[n] == '\0')
            return rc;
        again = again || n != 0;
        text += n + 1;
    }
}

static void variable_name(const char *prefix, const char *name, char out[NAME_MAX_LEN * 2])
{
    size_t n = 0;
    for (; *prefix != '\0' && n < NAME_MAX_LEN; prefix++)
        out[n++] = *prefix;
    for (; *name != '\0' && n + 1 < (size_t)NAME_MAX_LEN * 2; name++)
        out[n++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
    out[n] = '\0';
}

static const char *variable(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return NULL;
}

int options_read_environment(struct options *o, const char *prefix, char *const *environment, coach_error *err)
{
    for (size_t i = 0; i < o->nspecs; i++) {
        char name[NAME_MAX_LEN * 2];
        variable_name(prefix, o->specs[i].name, name);
        const char *text = (o->specs[i].flags & OPTION_FLAG_ONLY) != 0 ? NULL : variable(environment, name);
        if (text == NULL)
            continue;
        int rc = o->specs[i].kind == OPTION_LIST ? set_joined(o, i, text, err)
                                                 : set_value(o, i, text, LAYER_ENVIRONMENT, "environment", false, err);
        if (rc != COACH_OK)
            return coach_fail_within(err, "%s=%.64s", name, text);
    }
    return COACH_OK;
}

/* ---- flags ---- */

/* The arguments, and how far they have been read. */
struct flags {
    int argc;
    char *const *argv;
    int next;
};

static int set_flag(struct options *o, size_t i, const char *text, coach_error *err)
{
    if (set_value(o, i, text, LAYER_FLAG, "flag", true, err) != COACH_OK)
        return coach_fail_within(err, "--%s %.64s", o->specs[i].name, text);
    return COACH_OK;
}

/* A flag whose value may be the next argument. */
static int set_next(struct options *o, size_t i, struct flags *f, coach_error *err)
{
    if (f->next >= f->argc)
        return coach_fail(err, COACH_EINVAL, "--%s needs a value: --%s %s", o->specs[i].name, o->specs[i].name,
                          optvalue_shape(&o->specs[i]));
    return set_flag(o, i, f->argv[f->next++], err);
}

static int refuse_flag(struct options *o, const char *name, size_t len, coach_error *err)
{
    const char *copy = arena_strn(&o->memory, name, len);
    const char *meant = copy == NULL ? NULL : nearest(o, copy, '-', 0);
    return coach_fail(err, COACH_EINVAL, "unknown option '--%.*s'%s%s%s", len > 64 ? 64 : (int)len, name,
                      meant == NULL ? "" : "; did you mean '--", meant == NULL ? "" : meant, meant == NULL ? "" : "'?");
}

static int read_long(struct options *o, const char *word, struct flags *f, coach_error *err)
{
    size_t len = strcspn(word, "=");
    size_t i = find(o, word, len, '-', 0);
    if (i < o->nspecs && word[len] == '=')
        return set_flag(o, i, word + len + 1, err);
    if (i < o->nspecs)
        return o->specs[i].kind == OPTION_BOOL ? set_flag(o, i, "yes", err) : set_next(o, i, f, err);
    if (len > 3 && strncmp(word, "no-", 3) == 0) {
        i = find(o, word + 3, len - 3, '-', 0);
        if (i < o->nspecs && o->specs[i].kind == OPTION_BOOL && word[len] == '\0')
            return set_flag(o, i, "no", err);
    }
    return refuse_flag(o, word, len, err);
}

static int read_letters(struct options *o, const char *letters, struct flags *f, coach_error *err)
{
    for (; *letters != '\0'; letters++) {
        size_t i = 0;
        while (i < o->nspecs && o->specs[i].letter != *letters)
            i++;
        if (i == o->nspecs)
            return coach_fail(err, COACH_EINVAL, "unknown option '-%.*s'", 1, letters);
        if (o->specs[i].kind != OPTION_BOOL)
            return letters[1] != '\0' ? set_flag(o, i, letters + 1, err) : set_next(o, i, f, err);
        int rc = set_flag(o, i, "yes", err);
        if (rc != COACH_OK)
            return rc;
    }
    return COACH_OK;
}

int options_read_flags(struct options *o, int argc, char *const *argv, coach_error *err)
{
    o->nwords = 0;
    o->words = arena_alloc(&o->memory, ((size_t)(argc > 0 ? argc : 0) + 1) * sizeof *o->words);
    if (o->words == NULL)
        return coach_fail_nomem(err);
    struct flags f = {.argc = argc, .argv = argv, .next = 1};
    bool ended = false;
    int rc = COACH_OK;
    while (f.next < argc && rc == COACH_OK) {
        const char *word = argv[f.next++];
        if (ended || word[0] != '-' || word[1] == '\0')
            o->words[o->nwords++] = word;
        else if (strcmp(word, "--") == 0)
            ended = true;
        else
            rc = word[1] == '-' ? read_long(o, word + 2, &f, err) : read_letters(o, word + 1, &f, err);
    }
    return rc;
}

/* ---- help ---- */

static int help_line(const struct option_spec *spec, struct buf *out)
{
    const char *shape = optvalue_shape(spec);
    char names[NAME_MAX_LEN * 2];
    bool on = spec->kind == OPTION_BOOL && spec->fallback != NULL && strcmp(spec->fallback, "yes") == 0;
    snprintf(names, sizeof names, "--%s%s%s%s", on ? "[no-]" : "", spec->name, shape == NULL ? "" : " ",
             shape == NULL ? "" : shape);
    int rc =
        spec->letter == 0 ? buf_addf(out, "      %-28s", names) : buf_addf(out, "  -%c, %-28s", spec->letter, names);
    if (rc == COACH_OK && strlen(names) >= 28)
        rc = buf_addf(out, "\n%34s", "");
    if (rc == COACH_OK)
        rc = buf_adds(out, spec->help);
    for (size_t i = 0; spec->kind == OPTION_CHOICE && spec->choices[i] != NULL && rc == COACH_OK; i++)
        rc = buf_addf(out, "%s%s", i == 0 ? ": " : ", ", spec->choices[i]);
    if (rc == COACH_OK && spec->fallback != NULL && (spec->kind != OPTION_BOOL || on))
        rc = buf_addf(out, " (default: %s)", spec->fallback);
    return rc == COACH_OK ? buf_adds(out, "\n") : rc;
}

int options_help(const struct option_spec *specs, size_t nspecs, struct buf *out)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < nspecs && rc == COACH_OK; i++)
        rc = help_line(&specs[i], out);
    return rc;
}

static bool unset(const struct option_spec *spec, const void *member)
{
    if (spec->kind == OPTION_LIST)
        return ((const struct option_list *)member)->count == 0;
    return (spec->kind == OPTION_TEXT || spec->kind == OPTION_CHOICE) && *(const char *const *)member == NULL;
}

static int dump_line(const struct options *o, size_t i, struct buf *out)
{
    enum { ORIGIN_COLUMN = 38 };
    char name[NAME_MAX_LEN];
    size_t n = 0;
    for (const char *p = o->specs[i].name; *p != '\0' && n + 1 < sizeof name; p++)
        name[n++] = *p == '-' ? '_' : *p;
    name[n] = '\0';
    const void *member = member_of(o, i);
    if (unset(&o->specs[i], member))
        return buf_addf(out, "# %s: not set\n", name);
    bool list = o->specs[i].kind == OPTION_LIST;
    size_t before = out->len;
    int rc = buf_addf(out, list ? "%s:" : "%s: ", name);
    if (rc == COACH_OK && !list)
        rc = optvalue_write(&o->specs[i], member, out);
    int used = (int)(out->len - before);
    if (rc == COACH_OK)
        rc = buf_addf(out, "%*s  # %s", used < ORIGIN_COLUMN ? ORIGIN_COLUMN - used : 0, "", o->origins[i]);
    if (rc == COACH_OK && list)
        rc = optvalue_write(&o->specs[i], member, out);
    return rc == COACH_OK ? buf_adds(out, "\n") : rc;
}

int options_dump(const struct options *o, struct buf *out)
{
    int rc = COACH_OK;
    for (size_t i = 0; i < o->nspecs && rc == COACH_OK; i++)
        if ((o->specs[i].flags & OPTION_FLAG_ONLY) == 0)
            rc = dump_line(o, i, out);
    return rc;
}
