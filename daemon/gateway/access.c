#include "daemon/gateway/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/gateway/form.h"
#include "daemon/gateway/passwords.h"
#include "daemon/gateway/secrets.h"
#include "daemon/gateway/signature.h"

struct access {
    const struct config *config;
    struct tokens *tokens;
    struct passwords *passwords;
    struct buf twilio; /* empty when not used */
};

const char *access_outcome_name(enum access_outcome outcome)
{
    static const char *const names[ACCESS_OUTCOMES] = {
        "token",      "basic",        "signature",      "anonymous",
        "wrong_host", "wrong_origin", "no_credentials", "wrong_credentials"};
    return names[outcome];
}

/* ---- what is configured ---- */

static int check_settings(const struct config *c, coach_error *err)
{
    if (c->twilio_secret != NULL && c->public_url == NULL)
        return coach_fail(
            err, COACH_EINVAL,
            "twilio_secret: Twilio signs the address it calls; say public_url too: https://coach.example");
    if (c->public_url != NULL && strncmp(c->public_url, "https://", 8) != 0 &&
        strncmp(c->public_url, "http://", 7) != 0)
        return coach_fail(err, COACH_EINVAL, "public_url: expected https://coach.example, found '%.64s'",
                          c->public_url);
    if (c->token_keys != NULL || c->basic_users != NULL || c->twilio_secret != NULL)
        return COACH_OK;
    if (!c->allow_anonymous)
        return coach_fail(err, COACH_EINVAL,
                          "nothing says who may write: set token_keys, basic_users or twilio_secret; to try things on "
                          "this machine alone, say --allow-anonymous");
    return COACH_OK;
}

static int check_anonymous(const struct config *c, coach_error *err)
{
    if (c->allow_anonymous && strchr(c->listen, '/') != NULL)
        return coach_fail(err, COACH_EINVAL,
                          "allow_anonymous: a Unix socket is what a TLS front connects to, and would let in the whole "
                          "network; listen on 127.0.0.1:8765 to try things");
    return COACH_OK;
}

int access_open(const struct config *config, struct access **ret, coach_error *err)
{
    struct access *a = calloc(1, sizeof *a);
    if (a == NULL)
        return coach_fail_nomem(err);
    a->config = config;
    buf_init(&a->twilio, 0);
    int rc = check_settings(config, err);
    if (rc == COACH_OK)
        rc = check_anonymous(config, err);
    if (rc == COACH_OK && config->token_keys != NULL)
        rc = tokens_load(config->token_keys, config->token_algorithm, &a->tokens, err);
    if (rc == COACH_OK && config->basic_users != NULL)
        rc = passwords_load(config->basic_users, &a->passwords, err);
    if (rc == COACH_OK && config->twilio_secret != NULL)
        rc = secret_read(config->twilio_secret, false, &a->twilio, err);
    if (rc != COACH_OK) {
        access_free(a);
        return rc;
    }
    *ret = a;
    return COACH_OK;
}

void access_free(struct access *a)
{
    if (a == NULL)
        return;
    tokens_free(a->tokens);
    passwords_free(a->passwords);
    secret_wipe(&a->twilio);
    free(a);
}

/* ---- where a request comes from ---- */

static int refuse(struct access_grant *grant, enum access_outcome outcome, int status, const char *why)
{
    grant->outcome = outcome;
    grant->status = status;
    grant->why = why;
    return status;
}

static struct httpreq_text without_port(struct httpreq_text host)
{
    size_t n = host.len;
    while (n > 0 && host.s[n - 1] >= '0' && host.s[n - 1] <= '9')
        n--;
    if (n > 0 && host.s[n - 1] == ':')
        host.len = n - 1;
    return host;
}

static bool is_listed(struct httpreq_text text, const char *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (httpreq_is(text, items[i]))
            return true;
    return false;
}

int access_check_site(const struct access *a, const struct httpreq *r, struct access_grant *grant)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
    const struct option_list *hosts = &a->config->hosts, *origins = &a->config->origins;
    struct httpreq_text host = without_port(httpreq_get(r, "host")), origin = httpreq_get(r, "origin");
    *grant = (struct access_grant){0};
    if (!(hosts->count > 0 ? is_listed(host, hosts->items, hosts->count) : is_listed(host, local, 3)))
        return refuse(grant, ACCESS_WRONG_HOST, 421, "no such host here; its names are set by hosts");
    if (origin.s != NULL && !is_listed(origin, origins->items, origins->count))
        return refuse(grant, ACCESS_WRONG_ORIGIN, 403,
                      "pages of this origin may not write; origins lists those that may");
    return 0;
}

/* ---- who sends it ---- */

static int grant_to(struct access_grant *grant, enum access_outcome outcome, const char *subject)
{
    grant->outcome = outcome;
    snprintf(grant->subject, sizeof grant->subject, "%s", subject);
    return 0;
}

static int check_token(const struct access *a, struct httpreq_text text, int64_t now, struct access_grant *grant)
{
    struct token token;
    if (a->tokens == NULL)
        return refuse(grant, ACCESS_WRONG_CREDENTIALS, 401, "tokens are not accepted here; token_keys is not set");
    const char *why = tokens_check(a->tokens, text.s, text.len, now, &token);
    if (why != NULL)
        return refuse(grant, ACCESS_WRONG_CREDENTIALS, 401, why);
    grant->expires = token.expires;
    return grant_to(grant, ACCESS_TOKEN, token.subject);
}

static int check_basic(const struct access *a, struct httpreq_text text, struct access_grant *grant)
{
    char user[PASSWORD_USER_MAX + 1];
    if (a->passwords == NULL)
        return refuse(grant, ACCESS_WRONG_CREDENTIALS, 401, "passwords are not accepted here; basic_users is not set");
    const char *why = passwords_check(a->passwords, text.s, text.len, user);
    if (why != NULL)
        return refuse(grant, ACCESS_WRONG_CREDENTIALS, 401, why);
    return grant_to(grant, ACCESS_BASIC, user);
}

/* What follows the scheme in Authorization; `s` is NULL for another scheme. */
static struct httpreq_text after_scheme(struct httpreq_text text, const char *scheme)
{
    size_t n = strlen(scheme);
    if (text.len <= n || strncasecmp(text.s, scheme, n) != 0 || text.s[n] != ' ')
        return (struct httpreq_text){0};
    while (n < text.len && text.s[n] == ' ')
        n++;
    return (struct httpreq_text){text.s + n, text.len - n};
}

static int check_authorization(const struct access *a, struct httpreq_text text, int64_t now,
                               struct access_grant *grant)
{
    struct httpreq_text bearer = after_scheme(text, "Bearer"), basic = after_scheme(text, "Basic");
    if (bearer.s != NULL)
        return check_token(a, bearer, now, grant);
    if (basic.s != NULL)
        return check_basic(a, basic, grant);
    return refuse(grant, ACCESS_WRONG_CREDENTIALS, 401, "Authorization is neither Bearer nor Basic");
}

static bool is_form(const struct httpreq *r)
{
    static const char type[] = "application/x-www-form-urlencoded";
    struct httpreq_text sent = httpreq_get(r, "content-type");
    size_t n = strlen(type);
    return sent.len >= n && strncasecmp(sent.s, type, n) == 0 &&
           (sent.len == n || sent.s[n] == ';' || sent.s[n] == ' ');
}

static int make_signature(const struct access *a, const struct httpreq *r, char made[SIGNATURE_TEXT])
{
    struct arena memory;
    struct form query;
    arena_init(&memory);
    size_t len = strlen(a->config->public_url);
    len -= a->config->public_url[len - 1] == '/';
    const char *url = arena_fmt(&memory, "%.*s%.*s", (int)len, a->config->public_url, (int)r->target.len, r->target.s);
    int rc = form_read(r->query.s, r->query.len, &memory, &query);
    if (rc == COACH_OK && url == NULL)
        rc = COACH_ENOMEM;
    if (rc == COACH_OK) {
        struct signature_request request = {.secret = a->twilio.data,
                                            .url = url,
                                            .body = r->body,
                                            .body_len = r->body_len,
                                            .form = is_form(r),
                                            .body_hash = form_get(&query, "bodySHA256")};
        rc = signature_make(&request, made);
    }
    arena_clear(&memory);
    return rc;
}

static int check_signature(const struct access *a, const struct httpreq *r, struct httpreq_text sent,
                           struct access_grant *grant)
{
    char made[SIGNATURE_TEXT];
    if (a->twilio.len == 0)
        return refuse(grant, ACCESS_WRONG_CREDENTIALS, 401,
                      "signatures are not accepted here; twilio_secret is not set");
    if (make_signature(a, r, made) != COACH_OK || !signature_equal(made, sent.s, sent.len))
        return refuse(grant, ACCESS_WRONG_CREDENTIALS, 401,
                      "the signature is wrong; are twilio_secret and public_url those of this account and webhook?");
    return grant_to(grant, ACCESS_SIGNATURE, "twilio");
}

bool access_needs_body(const struct access *a, const struct httpreq *r)
{
    return a->twilio.len > 0 && r->method == HTTPREQ_POST && httpreq_get(r, "authorization").s == NULL &&
           httpreq_get(r, "x-twilio-signature").s != NULL;
}

int access_check_writer(const struct access *a, const struct httpreq *r, int64_t now, struct access_grant *grant)
{
    struct httpreq_text authorization = httpreq_get(r, "authorization"),
                        signature = httpreq_get(r, "x-twilio-signature");
    *grant = (struct access_grant){0};
    if (authorization.s != NULL)
        return check_authorization(a, authorization, now, grant);
    if (signature.s != NULL && r->method == HTTPREQ_POST)
        return check_signature(a, r, signature, grant);
    if (!a->config->allow_anonymous)
        return refuse(grant, ACCESS_NO_CREDENTIALS, 401, "a token is needed: Authorization: Bearer ...");
    if (httpreq_get(r, "forwarded").s != NULL || httpreq_get(r, "x-forwarded-for").s != NULL)
        return refuse(grant, ACCESS_NO_CREDENTIALS, 401,
                      "this came through a proxy, and allow_anonymous is for this machine alone");
    return grant_to(grant, ACCESS_ANONYMOUS, "anonymous");
}
