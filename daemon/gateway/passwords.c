#include "daemon/gateway/passwords.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "daemon/gateway/secrets.h"

enum { HASH = 32, CREDENTIALS_MAX = 1024 };

struct entry {
    char name[PASSWORD_USER_MAX + 1];
    unsigned char hash[HASH];
};
struct passwords {
    struct entry *entries;
    size_t count;
};

/* ---- the file ---- */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(const char *hex, size_t len, unsigned char out[HASH])
{
    if (len != 2 * HASH)
        return false;
    for (size_t i = 0; i < HASH; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool read_entry(const char *line, size_t len, struct entry *e)
{
    static const char kind[] = ":sha256:";
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon == NULL ? 0 : (size_t)(colon - line), before = name_len + strlen(kind);
    if (name_len == 0 || name_len > PASSWORD_USER_MAX || len < before || memcmp(colon, kind, strlen(kind)) != 0)
        return false;
    memcpy(e->name, line, name_len);
    e->name[name_len] = '\0';
    return read_hash(line + before, len - before, e->hash);
}

static int add_entry(struct passwords *p, const struct entry *e)
{
    struct entry *more = reallocarray(p->entries, p->count + 1, sizeof *more);
    if (more == NULL)
        return COACH_ENOMEM;
    p->entries = more;
    p->entries[p->count++] = *e;
    return COACH_OK;
}

static int read_lines(struct passwords *p, const char *path, const char *text, coach_error *err)
{
    int number = 1;
    for (const char *line = text; *line != '\0'; number++) {
        size_t len = strcspn(line, "\n");
        struct entry e;
        if (len > 0 && *line != '#') {
            if (!read_entry(line, len, &e))
                return coach_fail(
                    err, COACH_EINVAL,
                    "%s:%d:1: expected 'name:sha256:HEX'; make HEX with: printf %%s 'the password' | sha256sum", path,
                    number);
            if (add_entry(p, &e) != COACH_OK)
                return coach_fail_nomem(err);
        }
        line += len + (line[len] == '\n');
    }
    return p->count > 0 ? COACH_OK : coach_fail(err, COACH_EINVAL, "%s: names no user", path);
}

int passwords_load(const char *path, struct passwords **ret, coach_error *err)
{
    struct buf text;
    struct passwords *p = calloc(1, sizeof *p);
    if (p == NULL)
        return coach_fail_nomem(err);
    buf_init(&text, 0);
    int rc = secret_read(path, false, &text, err);
    if (rc == COACH_OK)
        rc = read_lines(p, path, text.data, err);
    secret_wipe(&text);
    if (rc != COACH_OK) {
        passwords_free(p);
        return rc;
    }
    *ret = p;
    return COACH_OK;
}

void passwords_free(struct passwords *p)
{
    if (p == NULL)
        return;
    free(p->entries);
    free(p);
}

/* ---- requests ---- */

/* Every user is compared with, so that a wrong name takes as long as a wrong password. */
static const struct entry *find(const struct passwords *p, const char *name, const unsigned char hash[HASH])
{
    const struct entry *found = NULL;
    for (size_t i = 0; i < p->count; i++) {
        const struct entry *e = &p->entries[i];
        bool same = CRYPTO_memcmp(e->hash, hash, HASH) == 0;
        if (strcmp(e->name, name) == 0 && same)
            found = e;
    }
    return found;
}

const char *passwords_check(const struct passwords *p, const char *credentials, size_t len,
                            char user[PASSWORD_USER_MAX + 1])
{
    static const char wrong[] = "the user name or the password is wrong";
    unsigned char text[CREDENTIALS_MAX + 1], hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (len == 0 || len % 4 != 0 || len / 4 * 3 > CREDENTIALS_MAX)
        return "the credentials are not base64";
    int decoded = EVP_DecodeBlock(text, (const unsigned char *)credentials, (int)len);
    if (decoded < 0)
        return "the credentials are not base64";
    for (size_t i = len; i > len - 2 && credentials[i - 1] == '='; i--)
        decoded--;
    text[decoded] = '\0';
    char *colon = strchr((char *)text, ':');
    const struct entry *found = NULL;
    if (colon != NULL) {
        *colon++ = '\0';
        size_t password = (size_t)decoded - (size_t)(colon - (char *)text);
        if (EVP_Digest(colon, password, hash, &n, EVP_sha256(), NULL) == 1)
            found = find(p, (char *)text, hash);
    }
    OPENSSL_cleanse(text, sizeof text);
    if (found == NULL)
        return wrong;
    strcpy(user, found->name);
    return NULL;
}
