#include "daemon/base/conn.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/support/suite.h"

/* One end of a socket pair is the connection under test, the other one the peer. */
struct end {
    struct conn *conn;
    int peer;
    char seen[4096]; /* lines, each ended by '|'; a line too long is '!' */
    size_t lines;
    size_t most_in_a_turn;
    size_t in_turn;
    uint64_t turn;
    unsigned drained, finished, closed;
    const char *why;
    void (*on_line)(struct end *e);
};

static uv_loop_t loop;
static struct conn_loop conns;
static coach_error err;
static struct conn_limits limits;

static void line(void *user, const char *text, size_t len)
{
    struct end *e = user;
    e->lines++;
    if (e->turn != conns.turn)
        e->in_turn = 0;
    e->turn = conns.turn;
    if (++e->in_turn > e->most_in_a_turn)
        e->most_in_a_turn = e->in_turn;
    size_t n = strlen(e->seen);
    if (n + len + 2 < sizeof e->seen)
        snprintf(e->seen + n, sizeof e->seen - n, "%.*s%s", (int)len, text == NULL ? "" : text,
                 text == NULL ? "!" : "|");
    if (e->on_line != NULL)
        e->on_line(e);
}

static void drained(void *user)
{
    ((struct end *)user)->drained++;
}

static void finished(void *user)
{
    ((struct end *)user)->finished++;
}

static void closed(void *user, const char *why)
{
    struct end *e = user;
    e->closed++;
    e->conn = NULL;
    e->why = why;
}

static const struct conn_handler handler = {.line = line, .drained = drained, .finished = finished, .closed = closed};

static void setup(void)
{
    limits = (struct conn_limits){.max_line = 100, .max_queue = 1 << 20};
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    conn_loop_open(&conns, &loop);
}

static void teardown(void)
{
    ck_assert_ptr_null(conns.all);
    conn_loop_close(&conns, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static struct end *end_open(void)
{
    int fds[2];
    struct end *e = calloc(1, sizeof *e);
    ck_assert_ptr_nonnull(e);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(conn_open(&conns, fds[0], &handler, e, &limits, &e->conn, &err), COACH_OK);
    e->peer = fds[1];
    ck_assert_int_eq(fcntl(e->peer, F_SETFL, O_NONBLOCK), 0);
    return e;
}

static void turns(int n)
{
    for (int i = 0; i < n; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
}

/* Turns the loop until `*what` is at least `n`; gives up after ten seconds. */
static void until(const unsigned *what, unsigned n)
{
    uint64_t end_ms = uv_hrtime() / 1000000 + 10000;
    while (*what < n && uv_hrtime() / 1000000 < end_ms)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_ge(*what, n);
}

static void end_free(struct end *e)
{
    if (e->conn != NULL)
        conn_close(e->conn, "the test is over");
    until(&e->closed, 1);
    turns(2);
    ck_assert_uint_eq(e->closed, 1);
    close(e->peer);
    free(e);
}

static void say(struct end *e, const char *text)
{
    ck_assert_int_eq(write(e->peer, text, strlen(text)), (ssize_t)strlen(text));
}

/* All that the peer can read now. */
static size_t hear(struct end *e, char *out, size_t size)
{
    size_t len = 0;
    ssize_t n;
    while (len < size && (n = read(e->peer, out + len, size - len)) > 0)
        len += (size_t)n;
    return len;
}

START_TEST(lines_come_whole_however_they_were_sent)
{
    struct end *e = end_open();
    say(e, "one\ntwo\nth");
    turns(2);
    ck_assert_str_eq(e->seen, "one|two|");
    say(e, "ree\n\n");
    turns(2);
    ck_assert_str_eq(e->seen, "one|two|three||");
    ck_assert_uint_eq(conn_line_number(e->conn), 4);
    end_free(e);
}
END_TEST

START_TEST(a_line_too_long_is_told_once_and_passed_over)
{
    struct end *e = end_open();
    char text[301];
    memset(text, 'x', 300);
    text[300] = '\0';
    say(e, text);
    turns(2);
    say(e, text);
    say(e, "\nnext\n");
    turns(2);
    ck_assert_str_eq(e->seen, "!next|");
    end_free(e);
}
END_TEST

START_TEST(a_flood_gets_its_share_of_each_turn_and_loses_nothing)
{
    struct end *loud = end_open(), *quiet = end_open();
    char text[4000];
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "x\n", 2);
    ck_assert_int_eq(write(loud->peer, text, sizeof text), sizeof text);
    say(quiet, "hello\n");
    turns(1);
    ck_assert_uint_le(loud->lines, CONN_LINES_PER_TURN);
    turns(1);
    ck_assert_str_eq(quiet->seen, "hello|");
    ck_assert_uint_lt(loud->lines, 2000);
    turns(20);
    ck_assert_uint_eq(loud->lines, 2000);
    ck_assert_uint_le(loud->most_in_a_turn, CONN_LINES_PER_TURN);
    end_free(loud);
    end_free(quiet);
}
END_TEST

static void pause_at_two(struct end *e)
{
    if (e->lines == 2)
        conn_pause(e->conn);
}

START_TEST(a_paused_connection_keeps_what_it_has_read)
{
    struct end *e = end_open();
    e->on_line = pause_at_two;
    say(e, "1\n2\n3\n4\n");
    turns(3);
    ck_assert_str_eq(e->seen, "1|2|");
    say(e, "5\n");
    turns(3);
    ck_assert_str_eq(e->seen, "1|2|");
    ck_assert(!conn_is_dry(e->conn));
    conn_resume(e->conn);
    turns(4);
    ck_assert_str_eq(e->seen, "1|2|3|4|5|");
    ck_assert(conn_is_dry(e->conn));
    end_free(e);
}
END_TEST

static void close_at_two(struct end *e)
{
    if (e->lines == 2) {
        conn_close(e->conn, "enough");
        conn_close(e->conn, "again");
    }
}

START_TEST(a_connection_closed_by_its_line_hears_no_more)
{
    struct end *e = end_open();
    e->on_line = close_at_two;
    say(e, "1\n2\n3\n");
    until(&e->closed, 1);
    ck_assert_str_eq(e->seen, "1|2|");
    ck_assert_str_eq(e->why, "enough");
    end_free(e);
}
END_TEST

static void answer_and_end(struct end *e)
{
    ck_assert_int_eq(conn_send(e->conn, "bye\n", 4), COACH_OK);
    conn_end(e->conn, "answered");
}

START_TEST(an_ending_connection_says_all_and_hears_no_more)
{
    struct end *e = end_open();
    char heard[16];
    e->on_line = answer_and_end;
    say(e, "1\n2\n");
    until(&e->closed, 1);
    ck_assert_str_eq(e->seen, "1|");
    ck_assert_str_eq(e->why, "answered");
    ck_assert_uint_eq(hear(e, heard, sizeof heard), 4);
    end_free(e);
}
END_TEST

START_TEST(the_last_line_counts_without_its_newline)
{
    struct end *e = end_open();
    say(e, "one\ntw");
    shutdown(e->peer, SHUT_WR);
    until(&e->finished, 1);
    ck_assert_str_eq(e->seen, "one|tw|");
    end_free(e);
}
END_TEST

START_TEST(output_is_gathered_and_written_once)
{
    struct end *e = end_open();
    char heard[64];
    ck_assert_int_eq(conn_send(e->conn, "a", 1), COACH_OK);
    ck_assert_int_eq(conn_send(e->conn, "b", 1), COACH_OK);
    ck_assert_uint_eq(hear(e, heard, sizeof heard), 0);
    ck_assert_uint_eq(conn_queued(e->conn), 2);
    turns(1);
    ck_assert_uint_eq(hear(e, heard, sizeof heard), 2);
    ck_assert_uint_eq(conn_queued(e->conn), 0);
    ck_assert_uint_eq(e->drained, 1);
    end_free(e);
}
END_TEST

START_TEST(what_waits_is_bounded_and_arrives_in_order)
{
    limits.max_queue = 256 * 1024;
    struct end *e = end_open();
    static char heard[2 << 20], piece[1000];
    size_t sent = 0, got = 0;
    for (; sent < 2000; sent++) {
        memset(piece, 'a' + (int)(sent % 26), sizeof piece);
        if (conn_send(e->conn, piece, sizeof piece) != COACH_OK)
            break;
        turns(1);
    }
    ck_assert_uint_lt(sent, 2000);
    ck_assert_uint_le(conn_queued(e->conn), limits.max_queue);
    ck_assert_int_eq(conn_send(e->conn, piece, sizeof piece), COACH_ELIMIT);
    while (conn_queued(e->conn) > 0) {
        got += hear(e, heard + got, sizeof heard - got);
        turns(1);
    }
    got += hear(e, heard + got, sizeof heard - got);
    ck_assert_uint_eq(got, sent * sizeof piece);
    for (size_t i = 0; i < got; i++)
        suite_assert(heard[i] == 'a' + (int)(i / sizeof piece % 26), "byte %zu is %d", i, heard[i]);
    ck_assert_uint_ge(e->drained, 1);
    end_free(e);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_hung_up_on)
{
    limits.read_timeout_ms = 300;
    struct end *e = end_open();
    static char much[1 << 19];
    ck_assert_int_eq(conn_send(e->conn, much, sizeof much), COACH_OK);
    until(&e->closed, 1);
    ck_assert_ptr_eq(e->why, conn_not_reading);
    end_free(e);
}
END_TEST

START_TEST(a_line_never_finished_is_hung_up_on)
{
    limits.line_timeout_ms = 300;
    struct end *e = end_open(), *other = end_open();
    say(e, "one\nunfini");
    say(other, "one\n");
    until(&e->closed, 1);
    ck_assert_str_eq(e->why, "did not finish a line");
    ck_assert_uint_eq(other->closed, 0);
    end_free(e);
    end_free(other);
}
END_TEST

START_TEST(an_end_that_nobody_reads_is_not_waited_for_for_ever)
{
    struct end *e = end_open();
    static char much[1 << 19];
    ck_assert_int_eq(conn_send(e->conn, much, sizeof much), COACH_OK);
    conn_end(e->conn, "over");
    until(&e->closed, 1);
    ck_assert_str_eq(e->why, "over");
    end_free(e);
}
END_TEST

START_TEST(a_peer_that_has_gone_is_noticed_when_writing)
{
    struct end *e = end_open();
    close(e->peer);
    e->peer = -1;
    conn_pause(e->conn);
    ck_assert_int_eq(conn_send(e->conn, "x", 1), COACH_OK);
    until(&e->closed, 1);
    ck_assert_str_eq(e->why, "the peer has gone");
    end_free(e);
}
END_TEST

START_TEST(the_peer_is_who_connected)
{
    struct end *e = end_open();
    struct ucred peer;
    ck_assert_int_eq(conn_peer(e->conn, &peer), COACH_OK);
    ck_assert_uint_eq(peer.uid, geteuid());
    ck_assert_int_eq(peer.pid, getpid());
    end_free(e);
}
END_TEST

static struct end *victim;
static size_t victim_heard; /* when it was closed */

static void close_victim(struct end *e)
{
    (void)e;
    if (victim->conn == NULL || victim_heard != SIZE_MAX)
        return;
    victim_heard = victim->lines;
    conn_close(victim->conn, "closed by another");
}

START_TEST(a_suspended_connection_may_be_closed_by_another)
{
    struct end *a = end_open(), *b = end_open();
    char text[2000];
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "x\n", 2);
    ck_assert_int_eq(write(a->peer, text, sizeof text), sizeof text);
    ck_assert_int_eq(write(b->peer, text, sizeof text), sizeof text);
    turns(1);
    victim = _i == 0 ? a : b;
    victim_heard = SIZE_MAX;
    (_i == 0 ? b : a)->on_line = close_victim;
    turns(10);
    ck_assert_uint_eq(victim->closed, 1);
    ck_assert_uint_eq(victim->lines, victim_heard);
    ck_assert_uint_eq((_i == 0 ? b : a)->lines, 1000);
    end_free(a);
    end_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("conn");
    TCase *t = tcase_create("conn");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, lines_come_whole_however_they_were_sent);
    tcase_add_test(t, a_line_too_long_is_told_once_and_passed_over);
    tcase_add_test(t, a_flood_gets_its_share_of_each_turn_and_loses_nothing);
    tcase_add_test(t, a_paused_connection_keeps_what_it_has_read);
    tcase_add_test(t, a_connection_closed_by_its_line_hears_no_more);
    tcase_add_test(t, an_ending_connection_says_all_and_hears_no_more);
    tcase_add_test(t, the_last_line_counts_without_its_newline);
    tcase_add_test(t, output_is_gathered_and_written_once);
    tcase_add_test(t, what_waits_is_bounded_and_arrives_in_order);
    tcase_add_test(t, a_peer_that_does_not_read_is_hung_up_on);
    tcase_add_test(t, a_line_never_finished_is_hung_up_on);
    tcase_add_test(t, an_end_that_nobody_reads_is_not_waited_for_for_ever);
    tcase_add_test(t, a_peer_that_has_gone_is_noticed_when_writing);
    tcase_add_test(t, the_peer_is_who_connected);
    tcase_add_loop_test(t, a_suspended_connection_may_be_closed_by_another, 0, 2);
    suite_add_tcase(s, t);
    signal(SIGPIPE, SIG_IGN);
    return suite_run(s);
}
