/* The strict YAML that people write here: mappings, lists, scalars and comments, nothing else. Every trap in
 * which YAML silently reads something other than what was typed is an error with a hint. Scalars are text:
 * "on", "24" and "null" mean what they say. */
#ifndef COACH_YAML_YAML_H
#define COACH_YAML_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/diag.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };
enum yaml_style { YAML_PLAIN, YAML_SINGLE_QUOTED, YAML_DOUBLE_QUOTED, YAML_LITERAL, YAML_FOLDED };

struct yaml_pair;
struct yaml_node {
    enum yaml_kind kind;
    enum yaml_style style; /* of a scalar */
    struct mark at;        /* first character of the value */
    size_t from, to;       /* its bytes in the source */
    const char *text;      /* of a scalar: UTF-8, NUL-terminated */
    size_t len;
    struct yaml_node **items; /* of a list */
    struct yaml_pair *pairs;  /* of a map, in file order, keys unique */
    size_t count;             /* of items or pairs */
};
struct yaml_pair {
    struct yaml_node *key; /* always a scalar */
    struct yaml_node *value;
};

/* A document read from a source; nodes live until it is freed, and the source must live as long. */
struct yaml_doc {
    struct arena memory;
    const struct source *source;
    struct yaml_node *root; /* NULL for a file without content */
};

enum { YAML_MAX_BYTES = 1024 * 1024, YAML_MAX_DEPTH = 32 };

/* Reads `source`, adding every problem to `problems`. Returns 0 when the structure could be read (there may
 * be errors in `problems` all the same), COACH_ESYNTAX when not, COACH_ENOMEM. `doc` is always safe to clear. */
int yaml_read(const struct source *source, struct yaml_doc *doc, struct diags *problems);
void yaml_doc_clear(struct yaml_doc *doc);

/* The place in the file of byte `offset` of a scalar's value, whatever its style; `width` in characters. */
struct mark yaml_mark_at(const struct yaml_node *scalar, size_t offset, int width);

/* The value of `key`, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* "a list", "text" ... for messages. */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
