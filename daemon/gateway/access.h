/* Who may write: the host and origin of a request, its token, password or signature. */
#ifndef COACH_GATEWAY_ACCESS_H
#define COACH_GATEWAY_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/gateway/config.h"
#include "daemon/gateway/httpreq.h"
#include "daemon/gateway/tokens.h"

/* What is counted of the requests that were let in or not. */
enum access_outcome {
    ACCESS_TOKEN,
    ACCESS_BASIC,
    ACCESS_SIGNATURE,
    ACCESS_ANONYMOUS,
    ACCESS_WRONG_HOST,
    ACCESS_WRONG_ORIGIN,
    ACCESS_NO_CREDENTIALS,
    ACCESS_WRONG_CREDENTIALS,
    ACCESS_OUTCOMES
};
const char *access_outcome_name(enum access_outcome outcome);

struct access_grant {
    enum access_outcome outcome;
    int status;                          /* 0: granted; else what to answer */
    const char *why;                     /* for the peer and the log, when not granted */
    char subject[TOKEN_SUBJECT_MAX + 1]; /* whose sources these are */
    int64_t expires;                     /* seconds since 1970; 0: never */
};

struct access;
/* Reads the keys, users and secrets that `config` names; it is kept a reference to. Returns 0; COACH_EINVAL with what
 * to do, also when nothing would keep anyone out; COACH_ENOMEM. Free with access_free. */
int access_open(const struct config *config, struct access **ret, coach_error *err);
void access_free(struct access *a); /* NULL is fine */

/* Host and origin, of any request. Returns 0, or the status to answer with `grant` filled. */
int access_check_site(const struct access *a, const struct httpreq *r, struct access_grant *grant);
/* Whether only the whole request shows who sent it: its body is signed. */
bool access_needs_body(const struct access *a, const struct httpreq *r);
/* Whether the request may write, `now` in seconds since 1970. Returns as above. */
int access_check_writer(const struct access *a, const struct httpreq *r, int64_t now, struct access_grant *grant);

#endif
