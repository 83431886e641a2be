/* JSON written piece by piece onto bytes, and small JSON values read by name. The writer never fails half
 * way: an error sticks and is returned by json_out_end. */
#ifndef COACH_WIRE_JSON_H
#define COACH_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/error.h"

struct json_out {
    struct buf *to;
    size_t begin; /* where in `to` this value began: an error cuts back to here */
    int rc;
    bool comma; /* something stands before, in the open object or array */
};

/* Writes one JSON value to the end of `to`. */
void json_out_begin(struct json_out *j, struct buf *to);
/* Ends it, with "\n" when `newline`. Returns 0, or the first error; `to` is then as it was at the beginning. */
int json_out_end(struct json_out *j, bool newline);

/* `key` is NULL inside an array and at the top. A NULL text writes nothing at all, key included. */
void json_open_object(struct json_out *j, const char *key);
void json_close_object(struct json_out *j);
void json_open_array(struct json_out *j, const char *key);
void json_close_array(struct json_out *j);
void json_text(struct json_out *j, const char *key, const char *text);
void json_textn(struct json_out *j, const char *key, const char *text, size_t len);
void json_int(struct json_out *j, const char *key, int64_t value);
void json_bool(struct json_out *j, const char *key, bool value);
void json_decimal(struct json_out *j, const char *key, double value); /* three decimals; 0 for what is 1e15 or more */
/* `raw` is JSON already. */
void json_raw(struct json_out *j, const char *key, const char *raw, size_t len);

/* A value that was read. Strict: duplicate keys, NUL, bad UTF-8 and nesting over 16 are errors. */
struct json_in;
/* Returns 0, COACH_ENOMEM, COACH_ELIMIT where it nests too deep, COACH_ESYNTAX or COACH_EUTF8 with the byte in the
 * text; `*ret` is written on 0 only. Free with json_in_free. */
int json_in_read(const char *text, size_t len, struct json_in **ret, coach_error *err);
void json_in_free(struct json_in *v); /* only of what json_in_read gave */

/* Members of an object and of an array; NULL when absent or of another kind. They live with the value read. */
const struct json_in *json_in_get(const struct json_in *v, const char *key);
const struct json_in *json_in_at(const struct json_in *v, size_t index);
size_t json_in_count(const struct json_in *v);
const char *json_in_key(const struct json_in *v, size_t index); /* of an object, in file order */
bool json_in_is_object(const struct json_in *v);
const char *json_in_string(const struct json_in *v); /* of the value itself; NULL when it is no string */
/* Of a member: the text, or NULL; the number or bool, or `otherwise`. */
const char *json_in_text(const struct json_in *v, const char *key);
int64_t json_in_int(const struct json_in *v, const char *key, int64_t otherwise);
bool json_in_bool(const struct json_in *v, const char *key, bool otherwise);
/* Adds the value as compact JSON. Returns 0 or an error of buf_add, `to` then unchanged. */
int json_in_write(const struct json_in *v, struct buf *to);

#endif
