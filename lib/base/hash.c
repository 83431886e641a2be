#include "lib/base/hash.h"

#include <stdio.h>
#include <string.h>

static uint64_t rotl(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void store64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++, v >>= 8)
        p[i] = (unsigned char)v;
}

static void rounds(uint64_t v[4], int n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[0] = rotl(v[0], 32);
        v[2] += v[3];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[2] = rotl(v[2], 32);
    }
}

uint64_t hash_bytes(const uint8_t seed[HASH_SEED], const void *data, size_t len)
{
    uint64_t k0 = load64(seed), k1 = load64(seed + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    const unsigned char *p = data;
    size_t whole = len / 8;
    for (size_t i = 0; i < whole; i++, p += 8) {
        uint64_t m = load64(p);
        v[3] ^= m;
        rounds(v, 2);
        v[0] ^= m;
    }
    unsigned char last[8] = {0};
    if (len % 8 != 0)
        memcpy(last, p, len % 8);
    last[7] = (unsigned char)len;
    uint64_t m = load64(last);
    v[3] ^= m;
    rounds(v, 2);
    v[0] ^= m;
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void hash_fields_init(struct hash_fields *h)
{
    h->value = 0x636f616368642d31u; /* "coachd-1": the version of every id made with it */
}

void hash_fields_add(struct hash_fields *h, const void *data, size_t len)
{
    uint8_t seed[HASH_SEED];
    store64(seed, h->value); /* whatever the machine's byte order */
    store64(seed + 8, len);
    h->value = hash_bytes(seed, data, len);
}

void hash_hex(uint64_t value, char out[17])
{
    snprintf(out, 17, "%016llx", (unsigned long long)value);
}
