/* All files together: names resolved, phrases parsed, everything checked that needs no matching. */
#ifndef COACH_RULES_PACK_H
#define COACH_RULES_PACK_H

#include "lib/base/table.h"
#include "lib/rules/pattern.h"
#include "lib/rules/rulefile.h"
#include "lib/rules/ruleset.h"
#include "lib/rules/site.h"

struct pack {
    struct arena memory;
    struct rulefile *files;
    size_t file_count;
    struct language *lang;     /* the caller's */
    struct table lists;        /* name -> struct phrase_list *, usable ones only */
    struct table list_defs;    /* name -> struct def_list * */
    struct table signals;      /* id -> struct def_signal * */
    struct table rules;        /* id -> struct def_rule * */
    struct def_signal **order; /* signals, each after those that its condition names */
    size_t order_count;
    struct site site; /* what sites changed in the packs */
    struct diags *problems;
};

/* Reads and checks the files. `lang` must be initialised; it is filled from the table of the packs' language.
 * Returns 0 (there may be errors in `problems`) or COACH_ENOMEM. `pack` is always safe to clear. */
int pack_read(struct pack *pack, const struct source *files, size_t nfiles, const struct source *languages,
              size_t nlanguages, struct language *lang, struct diags *problems);
void pack_clear(struct pack *pack);

/* The file that a node of the pack was read from. */
const struct rulefile *pack_file_of(const struct pack *pack, const struct yaml_node *node);

/* A rule's value, its file's default, or the built-in one. */
enum rule_severity pack_severity(const struct rulefile *f, const struct def_rule *r);
enum rule_speaker pack_speaker(const struct rulefile *f, const struct def_rule *r);
enum rule_mode pack_mode(const struct rulefile *f, const struct def_rule *r);
int64_t pack_cooldown(const struct rulefile *f, const struct def_rule *r);
int pack_per_call(const struct rulefile *f, const struct def_rule *r);
double pack_min_confidence(const struct rulefile *f, const struct def_rule *r);
bool pack_final_only(const struct rulefile *f, const struct def_rule *r);
enum rule_speaker pack_signal_speaker(const struct rulefile *f, const struct def_signal *s);
/* The heading of a category's cards, or NULL for one that nobody declared. */
const char *pack_category_title(const struct pack *pack, const char *category);

/* Whether every phrase of a rule can be compiled; of its regex and of its condition nothing is said. */
bool pack_rule_usable(const struct def_rule *r);
bool pack_signal_usable(const struct def_signal *s);

/* The next placeholder "{name}" of a message at or after `*at`: its name and place, `*at` moved behind it. */
struct placeholder {
    char name[40]; /* "" for one that is not closed or not a name */
    size_t at, len;
};
bool pack_placeholder(const char *message, size_t *at, struct placeholder *ret);

#endif
