/* The signature of Twilio's requests. */
#ifndef COACH_GATEWAY_SIGNATURE_H
#define COACH_GATEWAY_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

struct signature_request {
    const char *secret; /* the account's auth token */
    const char *url;    /* as Twilio was told it, with its query */
    const char *body;   /* NULL when there is none */
    size_t body_len;
    bool form;             /* the body is a form, whose parameters are signed; else its hash stands in the query */
    const char *body_hash; /* that "bodySHA256", or NULL */
};

enum { SIGNATURE_TEXT = 29 }; /* 20 bytes in base64, and a NUL */

/* Computes the signature that the request should carry. Returns 0; COACH_ESYNTAX or COACH_EUTF8 when the form cannot be
 * read; COACH_EINVAL when the body is not the one that was hashed; COACH_EINTERNAL; COACH_ENOMEM. */
int signature_make(const struct signature_request *r, char ret[SIGNATURE_TEXT]);
/* Whether `text` is that signature. Takes as long for a wrong one as for the right one. */
bool signature_equal(const char made[SIGNATURE_TEXT], const char *text, size_t len);

#endif
