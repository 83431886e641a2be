#include "daemon/gateway/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "daemon/gateway/form.h"
#include "lib/base/buf.h"

static int by_name_and_value(const void *a, const void *b)
{
    const struct form_pair *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->value, y->value);
}

/* A parameter that is sent twice with one value is signed once. */
static bool is_repeated(const struct form *f, size_t i)
{
    return i > 0 && by_name_and_value(&f->pairs[i - 1], &f->pairs[i]) == 0;
}

/* Adds name and value of every parameter, sorted, with nothing between them. */
static int add_parameters(const struct signature_request *r, struct buf *text)
{
    struct arena memory;
    struct form form;
    arena_init(&memory);
    int rc = form_read(r->body, r->body_len, &memory, &form);
    if (rc == COACH_OK && form.count > 1)
        qsort(form.pairs, form.count, sizeof *form.pairs, by_name_and_value);
    for (size_t i = 0; i < form.count && rc == COACH_OK; i++)
        if (!is_repeated(&form, i)) {
            rc = buf_add(text, form.pairs[i].name, form.pairs[i].name_len);
            if (rc == COACH_OK)
                rc = buf_add(text, form.pairs[i].value, form.pairs[i].value_len);
        }
    arena_clear(&memory);
    return rc;
}

static int check_body_hash(const struct signature_request *r)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1];
    unsigned n = 0;
    if (r->body_hash == NULL)
        return COACH_EINVAL;
    if (EVP_Digest(r->body == NULL ? "" : r->body, r->body_len, digest, &n, EVP_sha256(), NULL) != 1)
        return COACH_EINTERNAL;
    for (unsigned i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return strcasecmp(text, r->body_hash) == 0 ? COACH_OK : COACH_EINVAL;
}

static int sign(const struct signature_request *r, const struct buf *text, char ret[SIGNATURE_TEXT])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (HMAC(EVP_sha1(), r->secret, (int)strlen(r->secret), (const unsigned char *)text->data, text->len, mac, &n) ==
            NULL ||
        n != 20)
        return COACH_EINTERNAL;
    EVP_EncodeBlock((unsigned char *)ret, mac, (int)n);
    return COACH_OK;
}

int signature_make(const struct signature_request *r, char ret[SIGNATURE_TEXT])
{
    struct buf text;
    buf_init(&text, 0);
    int rc = buf_adds(&text, r->url);
    if (rc == COACH_OK)
        rc = r->form ? add_parameters(r, &text) : check_body_hash(r);
    if (rc == COACH_OK)
        rc = sign(r, &text, ret);
    buf_clear(&text);
    return rc;
}

bool signature_equal(const char made[SIGNATURE_TEXT], const char *text, size_t len)
{
    return len == SIGNATURE_TEXT - 1 && CRYPTO_memcmp(made, text, len) == 0;
}
