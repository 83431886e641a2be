#include "daemon/gateway/access.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daemon/gateway/form.h"
#include "daemon/gateway/passwords.h"
#include "daemon/gateway/signature.h"
#include "tests/support/suite.h"

enum { NOW = 1500000000 };

static char folder[] = "/tmp/coach-gateway-XXXXXX";
static coach_error err;

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const char *text, mode_t mode)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

static void setup(void)
{
    strcpy(strrchr(folder, '-') + 1, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[512];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

/* ---- tokens ---- */

/* Signed with SECRET by another program; they expire in 2033. */
#define SECRET "0123456789abcdef0123456789abcdef"

static const struct {
    const char *name;
    const char *token;
    const char *why;
} rows[] = {
    {"good",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "rO7aJFTh4pDC2aEmsVLOJzwvW6yUi1v3qzMX9geSmXQ",
     NULL},
    {"good kid",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImZpcnN0In0."
     "eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ.pB205-xSSEzJ9mXy-HQVcRocBL_JQDRQQT_e6tmt70A",
     NULL},
    {"expired",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoxMDAwMDAwMDAwfQ."
     "0FkdsgZvg9aKJj-b8xi2E_cjQaYvJCWoweNOaC3qOpM",
     "the token has expired"},
    {"at its last second",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoxNTAwMDAwMDAwfQ."
     "Wy1QMMNZr9qOw9KSno5S5zYcz4U_6mUPFOAFLOvylfY",
     "the token has expired"},
    {"no exp",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIn0.gf3NFHaew9C9UtGpGbZvV-"
     "XbqdkQ1Ta00MCMfWTfk1E",
     "the token does not say when it expires"},
    {"exp text",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoiMjAwMDAwMDAwMCJ9.-_"
     "ecJuefTQ0nA2iWS5qWKV-x4dNvzMB0xqP3ty9iVn0",
     "the token does not say when it expires"},
    {"exp fraction",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwLjV9."
     "64z3XdOyfvDkSk90KQn3XA1oYrDkuTXHppEqKlw9pO8",
     NULL},
    {"not yet",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
     "eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwLCJuYmYiOjE5MDAwMDAwMDB9."
     "czOanAKrpQvFnQHoMvVlFAkQCsilFse7GLXwM_R-qv8",
     "the token is not valid yet"},
    {"begun",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
     "eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwLCJuYmYiOjE0MDAwMDAwMDB9.WnSb4xtEtuDjZKPcPPzvKlHjD7-"
     "nlQpY4djmLx0SHkk",
     NULL},
    {"alg none", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ.",
     "the token is signed with another algorithm"},
    {"alg none signed",
     "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ.AAAA",
     "the token is signed with another algorithm"},
    {"HS512",
     "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "EiVhpbTBV6j0ALwqM2ucbss9OoCX5rzABWqz9gKMgCq0GP2j37VnpJa468_9-peHV2JEEEcuOOfMPgpNH8BF9w",
     "the token is signed with another algorithm"},
    {"RS256", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ.",
     "the token is signed with another algorithm"},
    {"other key",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "Rk82Yt7oCW9D7vNlgFq-kfGaaSAY9ddLJ1UgKs3aX48",
     "the token's signature is wrong"},
    {"wrong kid",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InNlY29uZCJ9."
     "eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ.gR0H6kVgNe7hs2GVMjQpAreCrWU70xvsOWe8k2x4pdE",
     "the token names no key that is known here"},
    {"agent",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoiYWdlbnQiLCJleHAiOjIwMDAwMDAwMDB9."
     "iFg2OQ2FqemFWwFgRfNm-X2CyOcgdD15cyCOAssaBYg",
     "the token's role is not writer"},
    {"no role",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJleHAiOjIwMDAwMDAwMDB9.1w_bV25lSRz3btw44H7-"
     "iSHoAX2Y32lDOFu4uTbWRqE",
     "the token's role is not writer"},
    {"role list",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjpbIndyaXRlciJdLCJleHAiOjIwMDAwMDAwMDB9.EX8QTy_"
     "BnCNg-PrL4TBGRsMtblqaepGJgiDEzYJqQE4",
     "the token's role is not writer"},
    {"no sub",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "CfpIVPOqeCPjZwTZFmjb30bKc4jVs8bMMLRipYHaSKA",
     "the token has no subject"},
    {"empty sub",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ.iQ4m5HSC_"
     "7wT0FmMZ_dyX4gUtkNERsl17hBf-jZG3VY",
     "the token has no subject"},
    {"long sub",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
     "eyJzdWIiOiJ4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e"
     "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHgiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMD"
     "AwfQ._VRjJP5uf9Ij31Z92iLL6e1hVzJhxbTPy5sVac_ABY4",
     "the token has no subject"},
    {"garbage", "abc", "the token is none"},
    {"two dots", "..", "the token is none"},
    {"cut",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "rO7aJFTh4pDC2aEmsVLOJzwvW6yUi1v3qzMX9geS",
     "the token's signature is wrong"},
    {"no signature",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ.",
     "the token's signature is wrong"},
    {"four parts",
     "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJyZWMiLCJyb2xlIjoid3JpdGVyIiwiZXhwIjoyMDAwMDAwMDAwfQ."
     "rO7aJFTh4pDC2aEmsVLOJzwvW6yUi1v3qzMX9geSmXQ.x",
     "the token's signature is wrong"},
};

START_TEST(a_token_is_believed_or_told_what_is_wrong)
{
    struct tokens *tokens;
    struct token token;
    ck_assert_int_eq(tokens_load(write_file("first.key", SECRET "\n", 0600), "HS256", &tokens, &err), COACH_OK);
    const char *why = tokens_check(tokens, rows[_i].token, strlen(rows[_i].token), NOW, &token);
    ck_assert_msg((why == NULL) == (rows[_i].why == NULL) && (why == NULL || strcmp(why, rows[_i].why) == 0), "%s: %s",
                  rows[_i].name, why == NULL ? "believed" : why);
    if (why == NULL) {
        ck_assert_str_eq(token.subject, "rec");
        ck_assert_int_eq(token.expires, 2000000000);
    }
    tokens_free(tokens);
}
END_TEST

START_TEST(with_several_keys_a_token_names_its_own)
{
    struct tokens *tokens;
    struct token token;
    write_file("second.key", "fedcba9876543210fedcba9876543210", 0640);
    write_file("first.key", SECRET, 0600);
    write_file(".hidden", "x", 0666);
    ck_assert_int_eq(tokens_load(folder, "HS256", &tokens, &err), COACH_OK);
    ck_assert_str_eq(tokens_check(tokens, rows[0].token, strlen(rows[0].token), NOW, &token),
                     "the token names no key that is known here");
    ck_assert_ptr_null(tokens_check(tokens, rows[1].token, strlen(rows[1].token), NOW, &token));
    tokens_free(tokens);
}
END_TEST

static void refuses_key(const char *algorithm, const char *text, mode_t mode, const char *said)
{
    struct tokens *tokens;
    int rc = tokens_load(write_file("a.key", text, mode), algorithm, &tokens, &err);
    ck_assert_int_eq(rc, COACH_EINVAL);
    ck_assert_msg(strstr(err.text, said) != NULL, "%s", err.text);
}

START_TEST(keys_that_are_no_keys_are_refused)
{
    refuses_key("HS256", SECRET, 0644, "chmod o=");
    refuses_key("HS256", "short", 0600, "too short");
    refuses_key("HS256", "\n", 0600, "is empty");
    refuses_key("HS256", "-----BEGIN PUBLIC KEY-----\nx", 0600, "PEM");
    refuses_key("RS256", SECRET, 0600, "no public key");
    ck_assert_ptr_null(strstr(err.text, SECRET));
    struct tokens *tokens;
    ck_assert_int_eq(tokens_load(path_of("none"), "HS256", &tokens, &err), COACH_EINVAL);
    unlink(path_of("a.key"));
    ck_assert_int_eq(tokens_load(folder, "HS256", &tokens, &err), COACH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "holds no key"));
}
END_TEST

/* ---- signatures ---- */

#define URL "https://coach.example/v1/ingest/twilio?call_id=7"

static int signed_as(const char *url, const char *body, bool form, const char *hash, char made[SIGNATURE_TEXT])
{
    struct signature_request r = {.secret = "s3cret-of-ours",
                                  .url = url,
                                  .body = body,
                                  .body_len = strlen(body),
                                  .form = form,
                                  .body_hash = hash};
    return signature_make(&r, made);
}

START_TEST(a_signature_is_over_the_address_and_the_sorted_parameters)
{
    char made[SIGNATURE_TEXT];
    ck_assert_int_eq(signed_as(URL, "a=2&Track=inbound_track&CallSid=CA1&Text=caf%C3%A9+%26+co&A=1", true, NULL, made),
                     COACH_OK);
    ck_assert_str_eq(made, "+LJ/ghV3aA6idweUczeQh39SlAo=");
    ck_assert_int_eq(signed_as(URL, "", true, NULL, made), COACH_OK);
    ck_assert_str_eq(made, "3qfqakoAFLSfvtuSo20sSEci/r8=");
    ck_assert_int_eq(signed_as(URL, "B=y&A&B=x&B=y", true, NULL, made), COACH_OK);
    ck_assert_str_eq(made, "VZNljGbGY3rSVTmFy2+HuFh4A08=");
    ck_assert(signature_equal(made, "VZNljGbGY3rSVTmFy2+HuFh4A08=", 28));
    ck_assert(!signature_equal(made, "+LJ/ghV3aA6idweUczeQh39SlAo=", 28));
    ck_assert(!signature_equal(made, made, 27));
    ck_assert_int_eq(signed_as(URL, "a=%4", true, NULL, made), COACH_ESYNTAX);
    ck_assert_int_eq(signed_as(URL, "a=%ff", true, NULL, made), COACH_EUTF8);
}
END_TEST

START_TEST(a_signed_body_of_json_must_be_the_one_that_was_hashed)
{
    static const char hash[] = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    char made[SIGNATURE_TEXT];
    ck_assert_int_eq(signed_as(URL "&bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
                               "{\"a\":1}", false, hash, made),
                     COACH_OK);
    ck_assert_str_eq(made, "nf0fW25FClj2tp9IhbUu+SZCks4=");
    ck_assert_int_eq(signed_as(URL, "{\"a\":2}", false, hash, made), COACH_EINVAL);
    ck_assert_int_eq(signed_as(URL, "{\"a\":1}", false, NULL, made), COACH_EINVAL);
}
END_TEST

/* ---- passwords ---- */

#define HASH_OF "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb" /* of "open sesame" */

START_TEST(a_user_is_known_by_name_and_password)
{
    static const struct {
        const char *credentials;
        bool good;
    } tries[] = {{"aG9vazpvcGVuIHNlc2FtZQ==", true},
                 {"aG9vazpvcGVuIHNlc2Ft", false},
                 {"b3RoZXI6b3BlbiBzZXNhbWU=", false},
                 {"aG9vaw==", false},
                 {"", false},
                 {"aG9v", false},
                 {"aG9vazpvcGVuIHNlc2FtZQ", false},
                 {"!!!!", false}};
    struct passwords *p;
    char user[PASSWORD_USER_MAX + 1];
    ck_assert_int_eq(passwords_load(write_file("users", "# ours\n\nhook:sha256:" HASH_OF "\n", 0600), &p, &err),
                     COACH_OK);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        const char *why = passwords_check(p, tries[i].credentials, strlen(tries[i].credentials), user);
        ck_assert_msg((why == NULL) == tries[i].good, "%s", tries[i].credentials);
    }
    ck_assert_ptr_null(passwords_check(p, tries[0].credentials, strlen(tries[0].credentials), user));
    ck_assert_str_eq(user, "hook");
    passwords_free(p);
}
END_TEST

START_TEST(a_file_of_users_that_is_wrong_is_refused_with_its_line)
{
    static const struct {
        const char *text, *said;
        mode_t mode;
    } files[] = {{"hook:" HASH_OF "\n", ":1:1: expected", 0600},
                 {"# x\nhook:sha256:abc\n", ":2:1: expected", 0600},
                 {":sha256:" HASH_OF "\n", ":1:1: expected", 0600},
                 {"# nobody\n", "names no user", 0600},
                 {"hook:sha256:" HASH_OF "\n", "chmod o=", 0604}};
    struct passwords *p;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        ck_assert_int_eq(passwords_load(write_file("users", files[i].text, files[i].mode), &p, &err), COACH_EINVAL);
        ck_assert_msg(strstr(err.text, files[i].said) != NULL, "%s", err.text);
    }
}
END_TEST

/* ---- hosts and origins ---- */

static struct httpreq request;

static const struct httpreq *read_request(const char *headers)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "POST /v1/ingest/coachd HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n", headers);
    httpreq_init(&request, 100);
    httpreq_feed(&request, text, (size_t)n);
    ck_assert_int_eq(request.state, HTTPREQ_DONE);
    return &request;
}

static int site(struct access *a, const char *headers)
{
    struct access_grant grant;
    return access_check_site(a, read_request(headers), &grant);
}

static int writer(struct access *a, const char *headers)
{
    struct access_grant grant;
    return access_check_writer(a, read_request(headers), NOW, &grant);
}

START_TEST(a_request_is_for_a_name_that_is_known_and_from_a_page_that_may)
{
    const char *hosts[] = {"coach.example"}, *origins[] = {"https://desk.example"};
    struct config config = {.listen = "127.0.0.1:1", .allow_anonymous = true};
    struct access *a;
    ck_assert_int_eq(access_open(&config, &a, &err), COACH_OK);
    ck_assert_int_eq(site(a, "Host: localhost:8765\r\n"), 0);
    ck_assert_int_eq(site(a, "Host: 127.0.0.1\r\n"), 0);
    ck_assert_int_eq(site(a, "Host: [::1]:8765\r\n"), 0);
    ck_assert_int_eq(site(a, "Host: evil.example\r\n"), 421);
    ck_assert_int_eq(site(a, "Host: localhost.evil.example\r\n"), 421);
    ck_assert_int_eq(site(a, "Host: localhost\r\nOrigin: https://desk.example\r\n"), 403);
    ck_assert_int_eq(site(a, "Host: localhost\r\nOrigin: null\r\n"), 403);
    ck_assert_int_eq(writer(a, "Host: localhost\r\n"), 0);
    ck_assert_int_eq(writer(a, "Host: localhost\r\nX-Forwarded-For: 10.0.0.1\r\n"), 401);
    ck_assert_int_eq(writer(a, "Host: localhost\r\nForwarded: for=10.0.0.1\r\n"), 401);
    ck_assert_int_eq(writer(a, "Host: localhost\r\nAuthorization: Bearer x\r\n"), 401);
    access_free(a);
    config.hosts = (struct option_list){hosts, 1};
    config.origins = (struct option_list){origins, 1};
    ck_assert_int_eq(access_open(&config, &a, &err), COACH_OK);
    ck_assert_int_eq(site(a, "Host: localhost\r\n"), 421);
    ck_assert_int_eq(site(a, "Host: Coach.Example:443\r\n"), 0);
    ck_assert_int_eq(site(a, "Host: coach.example\r\nOrigin: https://desk.example\r\n"), 0);
    ck_assert_int_eq(site(a, "Host: coach.example\r\nOrigin: https://desk.example.evil.example\r\n"), 403);
    access_free(a);
}
END_TEST

START_TEST(settings_that_would_keep_nobody_out_are_refused)
{
    static const struct {
        struct config config;
        const char *said;
    } wrong[] = {{{.listen = "127.0.0.1:1"}, "--allow-anonymous"},
                 {{.listen = "/run/x.sock", .allow_anonymous = true}, "Unix socket"},
                 {{.listen = "127.0.0.1:1", .twilio_secret = "/none"}, "public_url"},
                 {{.listen = "127.0.0.1:1", .twilio_secret = "/none", .public_url = "coach.example"}, "https://"},
                 {{.listen = "127.0.0.1:1", .twilio_secret = "/none", .public_url = "https://a.example"}, "/none"}};
    struct access *a;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(access_open(&wrong[i].config, &a, &err), COACH_EINVAL);
        ck_assert_msg(strstr(err.text, wrong[i].said) != NULL, "%s", err.text);
    }
}
END_TEST

/* ---- forms ---- */

START_TEST(a_form_gives_its_pairs)
{
    struct arena memory;
    struct form f;
    arena_init(&memory);
    const char *text = "a=1&&b=x%20y+z%26&c&=d&a=2";
    ck_assert_int_eq(form_read(text, strlen(text), &memory, &f), COACH_OK);
    ck_assert_uint_eq(f.count, 5);
    ck_assert_str_eq(form_get(&f, "a"), "1");
    ck_assert_str_eq(form_get(&f, "b"), "x y z&");
    ck_assert_str_eq(form_get(&f, "c"), "");
    ck_assert_str_eq(form_get(&f, ""), "d");
    ck_assert_ptr_null(form_get(&f, "d"));
    const char *bad[] = {"%", "a=%2", "a=%2g", "%zz=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(form_read(bad[i], strlen(bad[i]), &memory, &f), COACH_ESYNTAX);
    ck_assert_int_eq(form_read("a=%00", 5, &memory, &f), COACH_EUTF8);
    ck_assert_int_eq(form_read("%c3=1", 5, &memory, &f), COACH_EUTF8);
    arena_clear(&memory);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gateway_access");
    TCase *t = tcase_create("access");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_token_is_believed_or_told_what_is_wrong, 0, sizeof rows / sizeof *rows);
    tcase_add_test(t, with_several_keys_a_token_names_its_own);
    tcase_add_test(t, keys_that_are_no_keys_are_refused);
    tcase_add_test(t, a_signature_is_over_the_address_and_the_sorted_parameters);
    tcase_add_test(t, a_signed_body_of_json_must_be_the_one_that_was_hashed);
    tcase_add_test(t, a_user_is_known_by_name_and_password);
    tcase_add_test(t, a_file_of_users_that_is_wrong_is_refused_with_its_line);
    tcase_add_test(t, a_request_is_for_a_name_that_is_known_and_from_a_page_that_may);
    tcase_add_test(t, settings_that_would_keep_nobody_out_are_refused);
    tcase_add_test(t, a_form_gives_its_pairs);
    suite_add_tcase(s, t);
    return suite_run(s);
}
