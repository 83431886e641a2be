/* SipHash-2-4 (Aumasson and Bernstein, 2012): keyed, so that ids chosen by a peer cannot flood a table,
 * and stable, so that ids made with a fixed key are the same on every machine. */
#ifndef COACH_BASE_HASH_H
#define COACH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { HASH_SEED = 16 };

uint64_t hash_bytes(const uint8_t seed[HASH_SEED], const void *data, size_t len);

/* A running hash of several fields under a fixed key; each field is ended by its length, so that
 * ("ab","c") and ("a","bc") differ. */
struct hash_fields {
    uint64_t value;
};
void hash_fields_init(struct hash_fields *h);
void hash_fields_add(struct hash_fields *h, const void *data, size_t len);
/* 16 lower-case hexadecimal digits and a NUL. */
void hash_hex(uint64_t value, char out[17]);

#endif
