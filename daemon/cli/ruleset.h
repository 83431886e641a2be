/* The rules that a command works with, loaded and reported alike everywhere. */
#ifndef COACH_CLI_RULESET_H
#define COACH_CLI_RULESET_H

#include "daemon/base/options.h"
#include "daemon/base/rulefiles.h"
#include "lib/rules/anatomy.h"
#include "lib/wire/formats.h"

struct loaded {
    struct rulefiles files;
    struct diags problems;
    struct ruleset *set; /* NULL when the files hold an error */
};

/* Loads the set of `rules` (none: the shipped pack). When the files hold an error they are printed on stderr and
 * CLI_UNUSABLE is returned; CLI_OK otherwise. Always clear it. */
int loaded_read(struct loaded *l, const char *command, const struct option_list *rules, const char *languages);
void loaded_clear(struct loaded *l);
/* Prints the errors among the problems on stderr. */
void loaded_print_errors(const struct loaded *l);

/* The same with the trees of the rules, for the commands that take them apart; a rule that is being written may still
 * be without its examples. */
struct loaded_trees {
    struct loaded loaded;
    struct anatomy anatomy;
};
int loaded_read_trees(struct loaded_trees *l, const char *command, const struct option_list *rules,
                      const char *languages);
void loaded_clear_trees(struct loaded_trees *l);

/* The rule of this id, whatever it is made of. Returns CLI_OK, or CLI_UNUSABLE having said what there is instead. */
int loaded_named(const struct loaded_trees *l, const char *command, const char *id, const struct rule **ret);
/* The rule of this id that matches lines by its phrases. Returns CLI_OK, or CLI_UNUSABLE having said what there is
 * instead. */
int loaded_find(const struct loaded_trees *l, const char *command, const char *id, const struct rule **ret);

/* The vendor formats of mapping files (none: the shipped ones). Errors are printed on stderr and CLI_UNUSABLE is
 * returned; CLI_OK otherwise. Always clear it. */
struct loaded_formats {
    struct loaded loaded;
    struct formats *formats;
};
int loaded_read_formats(struct loaded_formats *l, const char *command, const struct option_list *paths);
void loaded_clear_formats(struct loaded_formats *l);

#endif
