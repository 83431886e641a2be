/* A rule file as it was written: every key read and checked for itself, every value with its place. What the parts mean
 * together (names, phrases, examples) is compile.h's. */
#ifndef COACH_RULES_RULEFILE_H
#define COACH_RULES_RULEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/diag.h"
#include "lib/rules/conversation.h"
#include "lib/rules/phrase.h"
#include "lib/yaml/yaml.h"

/* A value with its node; `node` is NULL where the key is absent. */
struct def_text {
    const struct yaml_node *node;
    const char *s;
};
struct def_number {
    const struct yaml_node *node;
    int64_t value; /* durations in ms; choices as their index; yes/no as 1/0 */
};
struct def_real {
    const struct yaml_node *node;
    double value;
};
struct def_texts {
    const struct yaml_node *node;
    struct def_text *items;
    size_t count;
};
struct def_phrase {
    const struct yaml_node *node; /* the scalar it is written in */
    const char *plain;            /* of a swap: its plain words */
    bool usable;                  /* parsed without a problem */
    struct phrase tree;           /* when usable */
};
struct def_phrases {
    const struct yaml_node *node;
    struct def_phrase *items;
    size_t count;
};

/* A conversational rule's condition. */
struct def_when {
    const struct yaml_node *node;
    enum when_verb verb;
    struct def_text after, without, at, since, count, cancel, overlap, silence, monologue, pace, over, questions;
    struct def_text within, lasting;
    struct def_texts sequence;
    struct def_number at_least, times;
    struct when_window window; /* of `within` or `since` */
    int64_t longer_ms;         /* of silence, monologue, overlap's lasting, pace's over */
    int words_per_minute;      /* of pace */
};

struct def_list {
    const struct yaml_node *node; /* its name */
    const char *name;
    struct def_phrases items;
};

enum signal_visit { SIGNAL_NEW, SIGNAL_OPEN, SIGNAL_DONE };

struct def_signal {
    const struct yaml_node *node;
    struct def_text id;
    struct def_number speaker;
    struct def_phrases says, not_in, unless;
    struct def_when when;
    enum signal_visit visit; /* of conditions.c */
    size_t number;           /* its place in the order of signals; their number in the set */
};

struct def_rule {
    const struct yaml_node *node;
    struct def_text id, category, about, title, message, owner, language, regex;
    struct def_number rev, severity, speaker, mode, final_only, cooldown, per_call;
    struct def_real min_confidence;
    struct def_phrases says, swap, not_in, unless;
    struct def_when when;
    struct def_texts suggest, match, no_match, tags, references, replaces, quiets;
};

struct def_category {
    const struct yaml_node *node;
    const char *name;
    const char *title;
};

struct def_limits {
    struct def_number per_call, gap, defer, stale;
};

enum override_kind { OVERRIDE_NONE, OVERRIDE_RULE, OVERRIDE_SIGNAL, OVERRIDE_LIST };
enum override_verb { OVERRIDE_SET, OVERRIDE_ADD, OVERRIDE_REMOVE };

struct key;
struct rulefile;
struct screenplay;
struct site_target;
/* One field of an override: "set: cooldown: 120s". */
struct def_change {
    const struct def_override *by;
    enum override_verb verb;
    const struct key *key;        /* of the target's table of keys */
    const struct yaml_node *node; /* where it is written: the field's name; of a list, the verb */
    void *value;                  /* a struct as the key's kind says; of a swap's removals, a def_phrases */
};

/* What a site changes in one rule, signal or list of a pack. */
struct def_override {
    const struct rulefile *file;
    const struct yaml_node *node;
    enum override_kind kind; /* OVERRIDE_NONE: it does not say, which was reported */
    struct def_text target;  /* the name of the rule, signal or list */
    struct def_text because;
    struct def_number written_for;
    struct def_change *changes;
    size_t change_count;
    struct site_target *applies_to; /* of the merge: NULL where it cannot be applied */
};

/* One file. */
struct rulefile {
    struct yaml_doc doc;
    struct def_number format;
    struct def_text pack, site, version, language;
    struct def_rule defaults; /* of its keys only those that a file may set for all its rules */
    struct def_limits limits;
    struct def_category *categories;
    size_t category_count;
    struct def_list *lists;
    size_t list_count;
    struct def_signal *signals;
    size_t signal_count;
    struct def_rule *rules;
    size_t rule_count;
    const struct yaml_node *overrides_node;
    struct def_override *overrides;
    size_t override_count;
    struct screenplay *tests; /* screenplay.h */
    size_t test_count;
};

/* Reads a file; every problem is added. Returns 0 (there may be errors in `problems`), or COACH_ENOMEM. `ret` is always
 * safe to clear, and the source must outlive it. Phrases are not parsed yet: that takes the language. */
int rulefile_read(const struct source *source, struct rulefile *ret, struct diags *problems);
void rulefile_clear(struct rulefile *f);

/* The signals that a condition names, one after the other; NULL behind the last. */
const struct def_text *when_signal(const struct def_when *w, size_t i);

/* What must hold for the cards of a rule by itself, the changes of a site included. */
void rulefile_check_card(const struct def_rule *r, struct diags *problems);

#endif
