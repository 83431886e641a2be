#include "daemon/gateway/tokens.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jwt.h>

#include "daemon/gateway/secrets.h"

enum { KEYS_MAX = 64, KID_MAX = 128, TOKEN_MAX = 8192, CLOCKS_DIFFER_S = 60 };

struct key {
    char kid[KID_MAX + 1];
    struct buf data;
};
struct tokens {
    jwt_alg_t algorithm;
    size_t count;
    struct key keys[KEYS_MAX];
};

const char *const token_algorithms[] = {"HS256", "HS384", "HS512", "RS256", "RS384",
                                        "RS512", "ES256", "ES384", "ES512", NULL};

/* ---- keys ---- */

static bool is_shared_secret(jwt_alg_t algorithm)
{
    return algorithm == JWT_ALG_HS256 || algorithm == JWT_ALG_HS384 || algorithm == JWT_ALG_HS512;
}

static int check_key(const struct tokens *t, const char *path, const struct buf *data, coach_error *err)
{
    bool pem = strncmp(data->data, "-----BEGIN ", 11) == 0;
    if (!is_shared_secret(t->algorithm))
        return pem && strstr(data->data, "PUBLIC KEY") != NULL
                   ? COACH_OK
                   : coach_fail(err, COACH_EINVAL, "%s: is no public key in PEM, which %s needs", path,
                                jwt_alg_str(t->algorithm));
    if (pem)
        return coach_fail(err, COACH_EINVAL, "%s: is a key in PEM, but token_algorithm is %s, which takes a secret",
                          path, jwt_alg_str(t->algorithm));
    if (data->len < 32)
        return coach_fail(err, COACH_EINVAL,
                          "%s: %zu bytes are too short for a secret; make one of 32 or more: openssl rand -hex 32",
                          path, data->len);
    return COACH_OK;
}

static int add_key(struct tokens *t, const char *path, coach_error *err)
{
    const char *name = strrchr(path, '/');
    name = name == NULL ? path : name + 1;
    const char *dot = strrchr(name, '.');
    size_t len = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    if (t->count == KEYS_MAX)
        return coach_fail(err, COACH_EINVAL, "%s: more than %d keys", path, KEYS_MAX);
    if (len > KID_MAX)
        return coach_fail(err, COACH_EINVAL, "%s: a key's name may have %d bytes", path, KID_MAX);
    struct key *k = &t->keys[t->count];
    memcpy(k->kid, name, len);
    k->kid[len] = '\0';
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->keys[i].kid, k->kid) == 0)
            return coach_fail(err, COACH_EINVAL, "%s: another file gives the key '%s' too", path, k->kid);
    buf_init(&k->data, 0);
    t->count++;
    int rc = secret_read(path, !is_shared_secret(t->algorithm), &k->data, err);
    return rc == COACH_OK ? check_key(t, path, &k->data, err) : rc;
}

static int add_folder(struct tokens *t, const char *folder, coach_error *err)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort), rc = COACH_OK;
    if (n < 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        char path[4096];
        int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (rc == COACH_OK && (len < 0 || (size_t)len >= sizeof path))
            rc = coach_fail(err, COACH_EINVAL, "%.100s...: the path is too long", folder);
        else if (rc == COACH_OK && entries[i]->d_name[0] != '.')
            rc = add_key(t, path, err);
        free(entries[i]);
    }
    free(entries);
    if (rc == COACH_OK && t->count == 0)
        rc = coach_fail(err, COACH_EINVAL, "%s: holds no key", folder);
    return rc;
}

int tokens_load(const char *path, const char *algorithm, struct tokens **ret, coach_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return coach_fail(err, COACH_EINVAL, "%s: %s", path, strerror(errno));
    struct tokens *t = calloc(1, sizeof *t);
    if (t == NULL)
        return coach_fail_nomem(err);
    t->algorithm = jwt_str_alg(algorithm);
    int rc = S_ISDIR(st.st_mode) ? add_folder(t, path, err) : add_key(t, path, err);
    if (rc != COACH_OK) {
        tokens_free(t);
        return rc;
    }
    *ret = t;
    return COACH_OK;
}

void tokens_free(struct tokens *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->count; i++)
        secret_wipe(&t->keys[i].data);
    free(t);
}

/* ---- tokens ---- */

/* The key that the token names; a token that names none is tried with the only one there is. */
static const struct key *key_of(const struct tokens *t, jwt_t *unverified)
{
    const char *kid = jwt_get_header(unverified, "kid");
    if (kid == NULL)
        return t->count == 1 ? &t->keys[0] : NULL;
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->keys[i].kid, kid) == 0)
            return &t->keys[i];
    return NULL;
}

/* A time in seconds since 1970; NAN for what is no number; `otherwise` when the token does not say. libjwt's own
 * function takes text for 0. */
static double time_of(jwt_t *jwt, const char *name, double otherwise)
{
    char *json = jwt_get_grants_json(jwt, name), *end;
    if (json == NULL)
        return otherwise;
    double value = strtod(json, &end);
    if (end == json || *end != '\0')
        value = NAN;
    free(json);
    return value;
}

/* libjwt does not look at times. */
static const char *check_claims(jwt_t *jwt, int64_t now, struct token *ret)
{
    double expires = time_of(jwt, "exp", NAN), begins = time_of(jwt, "nbf", 0);
    if (!(expires >= 0 && expires < 1e15))
        return "the token does not say when it expires";
    if (expires <= (double)now)
        return "the token has expired";
    if (!(begins <= (double)(now + CLOCKS_DIFFER_S)))
        return "the token is not valid yet";
    const char *role = jwt_get_grant(jwt, "role"), *subject = jwt_get_grant(jwt, "sub");
    if (role == NULL || strcmp(role, "writer") != 0)
        return "the token's role is not writer";
    if (subject == NULL || *subject == '\0' || strlen(subject) > TOKEN_SUBJECT_MAX)
        return "the token has no subject";
    ret->expires = (int64_t)expires;
    snprintf(ret->subject, sizeof ret->subject, "%s", subject);
    return NULL;
}

static const char *check_signed(const struct tokens *t, const char *token, const struct key *key, int64_t now,
                                struct token *ret)
{
    jwt_t *jwt = NULL;
    if (token[strlen(token) - 1] == '.' ||
        jwt_decode(&jwt, token, (const unsigned char *)key->data.data, (int)key->data.len) != 0)
        return "the token's signature is wrong";
    const char *why =
        jwt_get_alg(jwt) == t->algorithm ? check_claims(jwt, now, ret) : "the token is signed with another algorithm";
    jwt_free(jwt);
    return why;
}

/* Whether what libjwt 1.10 decodes holds something: it writes a byte past the end of what an empty part gives. */
static bool has_parts(const char *text)
{
    size_t header = strcspn(text, "."), claims = text[header] == '.' ? strcspn(text + header + 1, ".") : 0;
    return header > 0 && claims > 0;
}

const char *tokens_check(const struct tokens *t, const char *token, size_t len, int64_t now, struct token *ret)
{
    char text[TOKEN_MAX + 1];
    jwt_t *unverified = NULL;
    if (len == 0 || len > TOKEN_MAX)
        return "the token is none";
    memcpy(text, token, len);
    text[len] = '\0';
    if (!has_parts(text) || jwt_decode(&unverified, text, NULL, 0) != 0)
        return "the token is none";
    const char *algorithm = jwt_get_header(unverified, "alg");
    bool pinned = algorithm != NULL && strcmp(algorithm, jwt_alg_str(t->algorithm)) == 0;
    const struct key *key = pinned ? key_of(t, unverified) : NULL;
    jwt_free(unverified);
    if (!pinned)
        return "the token is signed with another algorithm";
    if (key == NULL)
        return "the token names no key that is known here";
    return check_signed(t, text, key, now, ret);
}
