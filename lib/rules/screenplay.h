/* Call tests, the `tests:` of a rule file: a call as a screenplay, and under its lines the findings that belong there.
 * They are read and checked here; lib/eval/calltest.h runs them. */
#ifndef COACH_RULES_SCREENPLAY_H
#define COACH_RULES_SCREENPLAY_H

#include "lib/rules/keys.h"

enum screenplay_kind { SCREENPLAY_SAYS, SCREENPLAY_HOLD, SCREENPLAY_LOOKUP, SCREENPLAY_BACK, SCREENPLAY_CALL_END };

/* "=> rule-id" or "=> rule-id (held: budget)". */
struct screenplay_finding {
    size_t at, len; /* the id's bytes in the block */
    const char *rule;
    const char *held; /* why the call's attention holds it back, as engine_held_name has it; NULL where it is shown */
};

/* "00:05 agent: can I help" or "00:09 agent is on hold". */
struct screenplay_line {
    size_t at, len; /* its bytes in the block, without indentation and line end */
    enum screenplay_kind kind;
    int64_t start_ms;
    int64_t end_ms;  /* COACH_NO_TIME where only its start is written */
    coach_role role; /* of SCREENPLAY_SAYS, like the text */
    const char *text;
    size_t text_len;
    size_t first, findings; /* which of the screenplay's findings stand under it */
};

struct screenplay {
    const struct yaml_node *node;
    struct def_text name;
    struct def_number attention; /* 1: findings after the call's attention, not before it */
    struct def_text call;        /* without a node where it cannot be read */
    struct screenplay_line *lines;
    size_t line_count;
    struct screenplay_finding *findings;
    size_t finding_count;
};

/* Reads the list of tests; every problem is added. Returns 0 or COACH_ENOMEM. The screenplays live in `memory`. */
int screenplay_read_all(struct arena *memory, const struct yaml_node *list, struct screenplay **ret, size_t *count,
                        struct diags *problems);
/* The keys of a test. */
const struct key_table *screenplay_table(void);

/* Whether a line may follow the one above it: time does not go backwards. */
bool screenplay_in_order(const struct screenplay_line *above, const struct screenplay_line *line);
/* What a line other than of speech reads, after its time: "agent is on hold". */
const char *screenplay_words(enum screenplay_kind kind);
/* The place in the file of `len` bytes of the block at `at`. */
struct mark screenplay_mark(const struct screenplay *play, size_t at, size_t len);

#endif
