/* Rule files from disk to memory to a rule set, and mapping files of vendor formats: what every program's --rules,
 * --languages and --formats mean. */
#ifndef COACH_DAEMON_RULEFILES_H
#define COACH_DAEMON_RULEFILES_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/diag.h"
#include "lib/base/error.h"
#include "lib/rules/ruleset.h"

/* The files in memory. They must outlive every mark into them, so clear the problems first. */
struct rulefiles {
    struct arena memory; /* holds names and texts */
    struct source *rules;
    size_t nrules;
    size_t rules_cap;
    struct source *scenarios; /* files with the key `scenario`, among those that were named: no rules, for practice */
    size_t nscenarios;
    size_t scenarios_cap;
    struct source *languages;
    size_t nlanguages;
    size_t languages_cap;
    struct source *formats; /* files with the key `mapping`: mapping files, among those named or loaded as such */
    size_t nformats;
    size_t formats_cap;
};

void rulefiles_init(struct rulefiles *f);
void rulefiles_clear(struct rulefiles *f);

/* Reads the files of `npaths` paths, in the order given: a file whatever its name, or a folder and all below it
 * for *.yaml, sorted by name; hidden files and folders named "languages" or "schema" are passed over.
 * No paths: the shipped pack, of the source tree when the program runs from a build folder within it, else of
 * `datadir`/rules; the same when the paths hold practice scenarios or mapping files and no rules. `languages_dir` is
 * read likewise for the language tables; NULL: those beside the shipped pack. A file below a folder that cannot be
 * read, a loop of links and the like go to `problems`, and reading goes on. Returns 0; COACH_EINVAL when a path that
 * was named cannot be read or holds no rule file, with the text saying which; COACH_ENOMEM. */
int rulefiles_load(struct rulefiles *f, const char *const *paths, size_t npaths, const char *languages_dir,
                   const char *datadir, struct diags *problems, coach_error *err);

/* Reads mapping files likewise, those of the shipped "formats" folder without paths. A named path that holds none is an
 * error as above. */
int rulefiles_load_formats(struct rulefiles *f, const char *const *paths, size_t npaths, const char *datadir,
                           struct diags *problems, coach_error *err);

/* The path of a file or folder of the shipped rules folder, in the arena of `f`; NULL when memory is out. */
const char *rulefiles_shipped(struct rulefiles *f, const char *datadir, const char *name);

/* Builds the rule set of the files that were loaded; returns what rules_compile (lib/rules/compile.h) returns. */
int rulefiles_build(const struct rulefiles *files, struct ruleset **ret, struct diags *problems);

/* Loads as above into `files` (which the caller has initialised, and clears after `problems`) and builds the
 * rule set. Returns 0 and sets `*ret`, to be given back with ruleset_unref; COACH_ERULES when a file holds an
 * error, each in `problems`, `err` then saying how many; COACH_EINVAL and COACH_ENOMEM as above. */
int rulefiles_compile(const char *const *paths, size_t npaths, const char *languages_dir, const char *datadir,
                      struct rulefiles *files, struct ruleset **ret, struct diags *problems, coach_error *err);

#endif
