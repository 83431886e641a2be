/* A mapping file, read: how one vendor's messages become events. The keys are explained in rules/formats/README.md. */
#ifndef COACH_WIRE_MAPPING_H
#define COACH_WIRE_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/coach.h"
#include "lib/wire/formats.h"
#include "lib/wire/value.h"
#include "lib/yaml/yaml.h"

enum framing { FRAMING_LINES, FRAMING_VALUES, FRAMING_HEADERS, FRAMING_COLUMNS };

enum condition_kind { CONDITION_IS, CONDITION_ANY, CONDITION_NONE };
struct condition {
    struct path path;
    enum condition_kind kind;
    const char **values; /* of CONDITION_IS, in lower case */
    size_t nvalues;
};
struct conditions {
    struct condition *items;
    size_t count;
    struct path_step *only; /* the keys that the message may have at most; NULL: any */
    size_t nonly;
};

enum truth_kind { TRUTH_NEVER, TRUTH_ALWAYS, TRUTH_VALUE, TRUTH_CONDITIONS };
struct truth {
    enum truth_kind kind;
    struct value value;
    struct conditions conditions;
};

enum gives { GIVES_TRANSCRIPT, GIVES_CALL_START, GIVES_CALL_END, GIVES_FINISH, GIVES_CLEAR, GIVES_NOTHING };

enum entry_value {
    V_CALL,
    V_AGENT,
    V_QUEUE,
    V_LANGUAGE,
    V_REASON,
    V_TS,
    V_TEXT,
    V_SEGMENT,
    V_ROLE,
    V_CHANNEL,
    V_START,
    V_END,
    V_DURATION,
    V_CONFIDENCE,
    V_STABILITY,
    V_SPEAKER,
    V_ORDER,
    V_COUNT
};

/* How much of the text stays: the leading items that are said to. Without items: the item of a join itself. */
struct stable {
    bool given, of_items;
    struct path items;
    struct value text;
    struct value holds;
    double at_least; /* 0: `holds` is a boolean */
};

struct named_channel {
    const char *channel;
    struct value role;
};

struct mapping_entry {
    struct conditions when;
    struct path each;
    bool has_each;
    const char *each_text; /* as written: neighbours with the same one are tried together */
    enum gives gives;
    const char *because;
    struct value values[V_COUNT];
    struct truth is_final, end_of_turn;
    bool append, join;
    struct stable stable;
    struct named_channel *channels;
    size_t nchannels;
};

struct role_word {
    const char *word;
    coach_role role;
};

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_DECIMAL };
struct column {
    const char *name;
    enum column_kind kind;
};

struct mapping {
    const char *name;
    const char *about;
    enum framing framing;
    double ms_per_unit;
    bool epoch, one_at_a_time;
    double most_confidence;
    struct column *columns;
    size_t ncolumns;
    struct conditions *recognise;
    size_t nrecognise;
    struct path *unwrap;
    size_t nunwrap;
    struct role_word *roles;
    size_t nroles;
    struct mapping_entry *entries;
    size_t nentries;
};

/* Reads a file whose root is `root`; memory is the arena's. Adds every problem to `problems`. Returns 0, or
 * COACH_ENOMEM; `ret` may be used when no error was added. */
int mapping_read(const struct yaml_node *root, struct mapping *ret, struct arena *memory, struct diags *problems);

/* Whether they all hold for what lies at `scope`. */
bool conditions_hold(const struct conditions *c, const struct scope *scope, struct lookup *l);
bool truth_holds(const struct truth *t, const struct scope *scope, struct lookup *l);

#endif
