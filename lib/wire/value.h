/* Values of a vendor's message as a mapping file names them: paths and what is made of them. The syntax is in
 * rules/formats/README.md. */
#ifndef COACH_WIRE_VALUE_H
#define COACH_WIRE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"
#include "lib/wire/event.h"

enum { VALUE_MAX_STEPS = 12, VALUE_MAX_UNPACKED = 32 };
/* Keys and items looked at, and bytes put together, for one message: far more than a decent one asks for. A message
 * can be written so that each of its items has all of its keys looked through. */
enum { VALUE_MAX_WORK = 2 * 1024 * 1024 };

struct path_step {
    const char *key; /* folded: lower case, without '_' and '-'; empty in "[]": what lies there already */
    size_t len;
    long index;  /* where the message has a list; -1 counts from its end */
    bool number; /* the step is an index */
    bool spread; /* all items of the list that lies there */
};
struct path {
    bool from_message; /* "/": begins at the message */
    unsigned outwards; /* "../": begins so many lists further out */
    unsigned spreads;  /* how many steps spread */
    size_t count;
    struct path_step steps[VALUE_MAX_STEPS];
};

enum value_op { VALUE_PATH, VALUE_JOIN, VALUE_MEAN, VALUE_FIRST, VALUE_LAST, VALUE_ELEMENT, VALUE_TEMPLATE };
enum value_name { NAME_NONE, NAME_START, NAME_END, NAME_CHANNEL }; /* what a template may say of its own event */

struct template_part {
    const char *text; /* NULL: a value */
    enum value_name name;
    struct path path;
    struct template_part *next;
};
struct value_choice {
    enum value_op op;
    const char *element; /* of VALUE_ELEMENT */
    struct path path;
    struct template_part *parts;
    double ms_per_unit; /* of a time "in" a unit; 0: the unit of the file */
};
/* The first choice that is there and not empty counts. */
struct value {
    struct value_choice *choices;
    size_t count; /* 0: the mapping does not name it */
};

/* Read from text; memory is the arena's. Return 0, COACH_ENOMEM, or COACH_ESYNTAX with what is wrong in plain words. */
int path_read(const char *text, struct path *ret, struct arena *memory, coach_error *err);
int value_choice_read(const char *text, struct value_choice *ret, struct arena *memory, coach_error *err);

/* Where a path begins: the message, or an item of one of its lists. */
struct scope {
    json_t *at;
    const struct scope *outer; /* NULL for the message */
};

/* What looking up needs for one message: JSON out of strings, and texts that were put together. */
struct lookup {
    json_t *made;                           /* owns them; NULL until there is one */
    const json_t *from[VALUE_MAX_UNPACKED]; /* strings that were read as JSON */
    json_t *to[VALUE_MAX_UNPACKED];         /* and their values; NULL: it is none */
    size_t unpacked;
    const char *bad_inside; /* folded key of a string that begins like JSON and is none; NULL: all well */
    bool no_memory;
    size_t work;
    bool gave_up; /* over VALUE_MAX_WORK: nothing more is found, and what was is not to be used */
    const char *start_ms, *end_ms, *channel; /* for templates; NULL while not known */
    const struct scope *whole;               /* the message with its wrapping; NULL: it has none */
};
void lookup_clear(struct lookup *l);

/* Whether it counts: not null, not "", not an empty list or object. */
bool value_is_there(const json_t *v);
/* The value at a path without spreads, or NULL. Lives until lookup_clear. */
json_t *path_get(const struct path *path, const struct scope *scope, struct lookup *l);
/* Calls `fn` with the scope of each item of a path with spreads, in order, until it returns non-zero; returns that. */
int path_each(const struct path *path, const struct scope *scope, struct lookup *l,
              int (*fn)(void *user, const struct scope *item), void *user);
/* The value, or NULL when no choice is there. Lives until lookup_clear. */
json_t *value_get(const struct value *value, const struct scope *scope, struct lookup *l);
/* The same; `*choice` is the one that was there. */
json_t *value_find(const struct value *value, const struct scope *scope, struct lookup *l,
                   const struct value_choice **choice);
/* The JSON inside a string, or NULL; each string is read once for a message. `key` is what led to it, folded. */
json_t *value_unpack(json_t *string, const char *key, struct lookup *l);
/* The member under the key, or NULL; `l` may be NULL. */
json_t *value_member(const json_t *object, const struct path_step *step, struct lookup *l);

/* As text: a string as it is, a number or boolean written into `digits`. Returns false when it is none of these. */
bool value_text(const json_t *v, char digits[32], const char **text, size_t *len);
/* The same, but the text lives until lookup_clear; `s` is NULL when it is none of these, or memory is out. */
struct wire_text value_kept_text(const json_t *v, struct lookup *l);
/* true, "true", "1" ...; false when it is no boolean. */
bool value_bool(const json_t *v, bool *ret);
/* A number, or a string that is one from its beginning to its end. */
bool value_number(const json_t *v, double *ret);

/* Whether `key` is the folded one when its case, '_' and '-' are left out. */
bool key_is(const char *key, const struct path_step *step);

#endif
