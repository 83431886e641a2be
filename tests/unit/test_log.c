#include "daemon/base/log.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "tests/support/suite.h"

/* Standard error is a pipe while a test runs. */
static int kept, reading;

static void setup(void)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    fflush(stderr);
    kept = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    reading = fds[0];
    unsetenv("JOURNAL_STREAM");
    log_set_level(LOG_LEVEL_INFO);
}

static void teardown(void)
{
    log_close();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(reading);
}

static const char *heard(void)
{
    static char text[128 * 1024];
    ssize_t n = read(reading, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

START_TEST(lines_carry_their_priority_and_levels_are_kept)
{
    log_open("test", NULL);
    log_error("a %d", 1);
    log_warning("b");
    log_notice("c");
    log_info("d");
    log_debug("e");
    ck_assert_str_eq(heard(), "<3>a 1\n<4>b\n<5>c\n<6>d\n");
    enum log_level level = LOG_LEVEL_INFO;
    ck_assert(log_level_read("debug", &level));
    ck_assert(!log_level_read("loud", &level));
    log_set_level(level);
    log_debug("e");
    ck_assert_str_eq(heard(), "<7>e\n");
}
END_TEST

START_TEST(a_peer_cannot_forge_a_line)
{
    log_open("test", NULL);
    log_info("id=%s", "a\n<0>forged\r\x1b[2J");
    ck_assert_str_eq(heard(), "<6>id=a <0>forged  [2J\n");
}
END_TEST

START_TEST(a_long_line_is_cut)
{
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_open("test", NULL);
    log_info("%s", text);
    ck_assert_uint_lt(strlen(heard()), 2100);
}
END_TEST

START_TEST(nobody_who_reads_slowly_stops_the_program)
{
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_open("test", NULL);
    for (int i = 0; i < 200; i++)
        log_info("%s", text);
    ck_assert_uint_gt(strlen(heard()), 0);
    log_info("after");
    ck_assert_ptr_nonnull(strstr(heard(), "lines of this log were dropped\n<6>after\n"));
}
END_TEST

static int open_journal(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

START_TEST(the_journal_gets_fields_when_standard_error_leads_there)
{
    char path[64], stream[64], said[512];
    struct stat st;
    snprintf(path, sizeof path, "/tmp/journal-%d", getpid());
    int journal = open_journal(path);
    ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + (uintmax_t)(_i == 1));
    setenv("JOURNAL_STREAM", stream, 1);
    log_open("test", path);
    log_info("hello");
    ssize_t n = recv(journal, said, sizeof said - 1, MSG_DONTWAIT);
    said[n > 0 ? n : 0] = '\0';
    ck_assert_str_eq(said, _i == 1 ? "" : "PRIORITY=6\nSYSLOG_IDENTIFIER=test\nMESSAGE=hello\n");
    ck_assert_str_eq(heard(), _i == 1 ? "<6>hello\n" : "");
    close(journal);
    unlink(path);
    log_info("it has gone");
    ck_assert_str_eq(heard(), "<6>it has gone\n");
}
END_TEST

START_TEST(what_peers_cause_is_limited)
{
    struct log_limit limit = {0};
    unsigned allowed = 0;
    for (int i = 0; i < 100; i++)
        allowed += log_allow(&limit, 5000 + i);
    ck_assert_uint_eq(allowed, LOG_BURST);
    ck_assert(log_allow(&limit, 6000));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("log");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, lines_carry_their_priority_and_levels_are_kept);
    tcase_add_test(t, a_peer_cannot_forge_a_line);
    tcase_add_test(t, a_long_line_is_cut);
    tcase_add_test(t, nobody_who_reads_slowly_stops_the_program);
    tcase_add_loop_test(t, the_journal_gets_fields_when_standard_error_leads_there, 0, 2);
    tcase_add_test(t, what_peers_cause_is_limited);
    suite_add_tcase(s, t);
    return suite_run(s);
}
