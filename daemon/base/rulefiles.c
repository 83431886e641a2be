#include "daemon/base/rulefiles.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/files.h"
#include "lib/base/buf.h"
#include "lib/rules/compile.h"
#include "lib/yaml/yaml.h"

/* The reader of the file says itself what is too long, and how long it is; the double of that only bounds memory. */
enum { MAX_DEPTH = 16, MAX_FILES = 10000, MAX_READ = 2 * YAML_MAX_BYTES };

/* A folder that is being read, and the ones it was reached through: a folder that is already among them
 * closes a loop of links. */
struct folder {
    const struct folder *above;
    const char *path;
    dev_t dev;
    ino_t ino;
    int depth;
};

/* Where the files of one folder tree go. */
struct reading {
    struct rulefiles *files;
    struct source **items;
    size_t *count;
    size_t *cap;
    bool recursive;
    struct diags *problems;
    coach_error *err;
};

static int read_folder(struct reading *r, const struct folder *folder);

void rulefiles_init(struct rulefiles *f)
{
    *f = (struct rulefiles){0};
    arena_init(&f->memory);
}

void rulefiles_clear(struct rulefiles *f)
{
    arena_clear(&f->memory);
    rulefiles_init(f);
}

/* Reports a problem with the file as a whole. */
static int report(struct reading *r, enum diag_level level, const char *code, const char *path, const char *message,
                  const char *hint)
{
    struct source *source = arena_alloc(&r->files->memory, sizeof *source);
    const char *name = arena_str(&r->files->memory, path);
    if (source == NULL || name == NULL)
        return coach_fail_nomem(r->err);
    *source = (struct source){.name = name, .text = "", .len = 0};
    struct mark at = {.source = source};
    diags_add(r->problems, level, code, &at, hint, "%s", message);
    return COACH_OK;
}

/* The part of a file error after "PATH: ": a problem names its file already. */
static const char *without_path(const char *text, const char *path)
{
    size_t n = strlen(path);
    return strncmp(text, path, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}

/* Whether the file has that key at its left edge: "scenario:" makes it a practice scenario, "mapping:" a mapping. */
static bool has_key(const struct source *source, const char *key)
{
    const char *at = source->text, *end = source->text + source->len;
    while (at != NULL && (size_t)(end - at) >= strlen(key)) {
        if (memcmp(at, key, strlen(key)) == 0)
            return true;
        at = memchr(at, '\n', (size_t)(end - at));
        at = at == NULL ? NULL : at + 1;
    }
    return false;
}

static int add_source(struct reading *r, const struct source *source)
{
    struct rulefiles *f = r->files;
    struct source **items = r->items;
    size_t *count = r->count, *cap = r->cap;
    if (items == &f->rules && has_key(source, "scenario:")) {
        items = &f->scenarios;
        count = &f->nscenarios;
        cap = &f->scenarios_cap;
    } else if (items == &f->rules && has_key(source, "mapping:")) {
        items = &f->formats;
        count = &f->nformats;
        cap = &f->formats_cap;
    }
    if (arena_grow(&f->memory, items, *count, cap, sizeof *source) != COACH_OK)
        return coach_fail_nomem(r->err);
    (*items)[(*count)++] = *source;
    return COACH_OK;
}

/* Adds the file, whose error is the caller's to judge: COACH_EINVAL and COACH_ELIMIT mean that it could not be
 * read, and `r->err` says why. */
static int add_file(struct reading *r, const char *path)
{
    if (*r->count >= MAX_FILES)
        return coach_fail(r->err, COACH_EINVAL, "%s: more than %d files", path, MAX_FILES);
    struct buf text;
    buf_init(&text, 0);
    int rc = file_read(path, MAX_READ, &text, r->err);
    if (rc == COACH_OK) {
        struct arena *a = &r->files->memory;
        struct source source = {.name = arena_str(a, path),
                                .text = arena_strn(a, text.data == NULL ? "" : text.data, text.len),
                                .len = text.len};
        rc = source.name == NULL || source.text == NULL ? coach_fail_nomem(r->err) : add_source(r, &source);
    }
    buf_clear(&text);
    return rc;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), e = strlen(ending);
    return n > e && strcmp(name + n - e, ending) == 0;
}

static bool passed_over(const char *name)
{
    return strcmp(name, "languages") == 0 || strcmp(name, "schema") == 0;
}

static bool in_loop(const struct folder *folder, const struct stat *st)
{
    for (; folder != NULL; folder = folder->above)
        if (folder->dev == st->st_dev && folder->ino == st->st_ino)
            return true;
    return false;
}

static int read_subfolder(struct reading *r, const struct folder *above, const char *path, const struct stat *st)
{
    if (in_loop(above, st))
        return report(r, DIAG_WARNING, "folder-loop", path, "this link leads back to a folder above it",
                      "remove the link");
    if (above->depth + 1 >= MAX_DEPTH)
        return report(r, DIAG_ERROR, "folder-depth", path, "folders are nested too deep", "keep to 15 levels");
    struct folder folder = {
        .above = above, .path = path, .dev = st->st_dev, .ino = st->st_ino, .depth = above->depth + 1};
    return read_folder(r, &folder);
}

static int report_length(struct reading *r, const char *path)
{
    return report(r, DIAG_ERROR, "file-too-long", path, without_path(r->err->text, path),
                  "split it into several files");
}

static int read_entry(struct reading *r, const struct folder *folder, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s%s", folder->path, ends_with(folder->path, "/") ? "" : "/", name);
    if (n < 0 || (size_t)n >= sizeof path)
        return report(r, DIAG_ERROR, "unreadable-file", folder->path, "the path of a file in here is too long", NULL);
    struct stat st;
    bool found = stat(path, &st) == 0;
    if (found && S_ISDIR(st.st_mode))
        return !r->recursive || passed_over(name) ? COACH_OK : read_subfolder(r, folder, path, &st);
    if (ends_with(name, ".yml"))
        return report(r, DIAG_WARNING, "file-ignored", path, "only files named *.yaml are read",
                      "rename it to end in .yaml");
    if (!ends_with(name, ".yaml"))
        return COACH_OK;
    if (!found)
        return report(r, DIAG_ERROR, "unreadable-file", path, strerror(errno), NULL);
    int rc = add_file(r, path);
    if (rc == COACH_ELIMIT)
        rc = report_length(r, path);
    else if (rc == COACH_EINVAL)
        rc = report(r, DIAG_ERROR, "unreadable-file", path, without_path(r->err->text, path), NULL);
    return rc;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Not alphasort: that one follows the locale, and the order must be the same everywhere. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct reading *r, const struct folder *folder)
{
    struct dirent **entries = NULL;
    int n = scandir(folder->path, &entries, visible, by_bytes);
    if (n < 0 && folder->above == NULL)
        return coach_fail(r->err, COACH_EINVAL, "%s: %s", folder->path, strerror(errno));
    if (n < 0)
        return report(r, DIAG_ERROR, "unreadable-folder", folder->path, strerror(errno), NULL);
    int rc = COACH_OK;
    for (int i = 0; i < n; i++) {
        if (rc == COACH_OK)
            rc = read_entry(r, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static size_t files_read(const struct reading *r)
{
    const struct rulefiles *f = r->files;
    return f->nrules + f->nscenarios + f->nlanguages + f->nformats;
}

/* A path that somebody named: an error is an error of what they typed. */
static int read_path(struct reading *r, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return coach_fail(r->err, COACH_EINVAL, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode)) {
        int rc = add_file(r, path);
        return rc == COACH_ELIMIT ? report_length(r, path) : rc;
    }
    size_t before = files_read(r), problems = r->problems->count;
    struct folder folder = {.path = path, .dev = st.st_dev, .ino = st.st_ino};
    int rc = read_folder(r, &folder);
    if (rc == COACH_OK && files_read(r) == before && r->problems->count == problems)
        return coach_fail(r->err, COACH_EINVAL, "%s: no file named *.yaml in this folder", path);
    return rc;
}

/* The rules folder of the source tree, when the program runs from BUILD/bin within it; BUILD is a folder of the
 * tree such as build, or one further down such as build/test. */
static bool source_tree_rules(char out[PATH_MAX])
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return false;
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    char path[PATH_MAX];
    n = snprintf(path, sizeof path, "%s/../CMakeCache.txt", exe);
    if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0)
        return false;
    static const char *const up[] = {"../../rules", "../../../rules"};
    for (size_t i = 0; i < 2; i++) {
        n = snprintf(path, sizeof path, "%s/%s", exe, up[i]);
        if (n > 0 && (size_t)n < sizeof path && realpath(path, out) != NULL)
            return true;
    }
    return false;
}

const char *rulefiles_shipped(struct rulefiles *f, const char *datadir, const char *name)
{
    char tree[PATH_MAX];
    if (source_tree_rules(tree)) {
        const char *path = arena_fmt(&f->memory, "%s/%s", tree, name);
        if (path == NULL || access(path, F_OK) == 0)
            return path;
    }
    return arena_fmt(&f->memory, "%s/rules/%s", datadir, name);
}

static int load_rules(struct rulefiles *f, const char *const *paths, size_t npaths, const char *datadir,
                      struct diags *problems, coach_error *err)
{
    struct reading r = {.files = f,
                        .items = &f->rules,
                        .count = &f->nrules,
                        .cap = &f->rules_cap,
                        .recursive = true,
                        .problems = problems,
                        .err = err};
    int rc = COACH_OK;
    for (size_t i = 0; i < npaths && rc == COACH_OK; i++)
        rc = read_path(&r, paths[i]);
    if (rc != COACH_OK || (npaths > 0 && (f->nrules > 0 || f->nscenarios + f->nformats == 0)))
        return rc;
    const char *pack = rulefiles_shipped(f, datadir, "core-en");
    return pack == NULL ? coach_fail_nomem(err) : read_path(&r, pack);
}

static int load_languages(struct rulefiles *f, const char *dir, const char *datadir, struct diags *problems,
                          coach_error *err)
{
    struct reading r = {.files = f,
                        .items = &f->languages,
                        .count = &f->nlanguages,
                        .cap = &f->languages_cap,
                        .recursive = false,
                        .problems = problems,
                        .err = err};
    if (dir == NULL)
        dir = rulefiles_shipped(f, datadir, "languages");
    return dir == NULL ? coach_fail_nomem(err) : read_path(&r, dir);
}

int rulefiles_load_formats(struct rulefiles *f, const char *const *paths, size_t npaths, const char *datadir,
                           struct diags *problems, coach_error *err)
{
    coach_error unused; /* errors of single files pass through it on their way to `problems` */
    struct reading r = {.files = f,
                        .items = &f->formats,
                        .count = &f->nformats,
                        .cap = &f->formats_cap,
                        .recursive = true,
                        .problems = problems,
                        .err = err == NULL ? &unused : err};
    int rc = COACH_OK;
    for (size_t i = 0; i < npaths && rc == COACH_OK; i++)
        rc = read_path(&r, paths[i]);
    if (npaths > 0)
        return rc;
    const char *shipped = rulefiles_shipped(f, datadir, "formats");
    return shipped == NULL ? coach_fail_nomem(r.err) : read_path(&r, shipped);
}

int rulefiles_load(struct rulefiles *f, const char *const *paths, size_t npaths, const char *languages_dir,
                   const char *datadir, struct diags *problems, coach_error *err)
{
    coach_error unused; /* errors of single files pass through it on their way to `problems` */
    if (err == NULL)
        err = &unused;
    int rc = load_rules(f, paths, npaths, datadir, problems, err);
    if (rc == COACH_OK)
        rc = load_languages(f, languages_dir, datadir, problems, err);
    return rc;
}

/* What only this thread used: other work on the machine does not make a rule slow. */
static uint64_t cpu_ns(void *user)
{
    struct timespec now;
    (void)user;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int rulefiles_build(const struct rulefiles *files, struct ruleset **ret, struct diags *problems)
{
    const struct rules_options options = {.clock = {cpu_ns, NULL}};
    return rules_compile(files->rules, files->nrules, files->languages, files->nlanguages, &options, ret, problems);
}

int rulefiles_compile(const char *const *paths, size_t npaths, const char *languages_dir, const char *datadir,
                      struct rulefiles *files, struct ruleset **ret, struct diags *problems, coach_error *err)
{
    int rc = rulefiles_load(files, paths, npaths, languages_dir, datadir, problems, err);
    if (rc != COACH_OK)
        return rc;
    struct ruleset *set = NULL;
    rc = rulefiles_build(files, &set, problems);
    if (rc == COACH_OK && diags_clean(problems)) {
        *ret = set;
        return COACH_OK;
    }
    ruleset_unref(set);
    if (rc == COACH_ENOMEM || problems->out_of_memory)
        return coach_fail_nomem(err);
    size_t errors = problems->levels[DIAG_ERROR];
    return coach_fail(err, COACH_ERULES, "%zu error%s in the rule files", errors, errors == 1 ? "" : "s");
}
