"""Whatever a writer sends, the daemon stays up, says what was wrong, and goes on with the next line."""

import json
import resource
import signal
import socket
import time

import coachtest
from coachtest import Daemon, Lines, say

CALM = "well you need to calm down sir"
GROWTH_KIB = 4 * 1024
LONG = 100 * 1000 * 1000


def still_good(daemon, writer=None):
    """The next good line works."""
    mark = f"good-{time.monotonic_ns()}"
    with daemon.agent(mark) as agent:
        w = writer or daemon.ingest()
        w.send(b"\n", say(mark, CALM, agent_id=mark))
        agent.skip_to("nudge")
        if writer is None:
            w.close()


def errors(daemon):
    return daemon.status()["errors"]


def survives(send, code, timeout=coachtest.PATIENCE):
    """Sends on a connection that stays; the error comes, memory does not grow, the next line works."""
    with Daemon() as d, d.ingest() as w:
        w.socket.settimeout(120)
        w.send(say("warm-up", "hello"))
        still_good(d)
        before = d.rss_kib()
        send(w)
        error = w.receive(timeout)
        assert error is not None and error["type"] == "error" and error["code"] == code, error
        still_good(d, w)
        grown = d.rss_kib() - before
        if coachtest.sanitized():
            print(f"skipped  ... memory is not judged in a sanitized build (grew by {grown} KiB)")
        else:
            print(f"         memory grew by {grown} KiB")
            assert grown < GROWTH_KIB, grown
        assert errors(d)[code] >= 1


def test_a_bad_line_is_told_with_its_number():
    """A bad line gets an error line with its number, its code and where it went wrong; the connection stays."""
    with Daemon() as d, d.ingest() as w:
        w.send(say("c-1", "hello"), b'{"call_id":"c-1", oops}\n', say("c-1", "hello"))
        e = w.expect("error")
        assert (e["line"], e["code"], e["dropped"]) == (2, "bad_json", 0), e
        still_good(d, w)
        lines = d.status()["lines"]
        assert lines["ok"] >= 2 and errors(d)["bad_json"] == 1, lines


def test_error_lines_are_limited_and_none_is_forgotten():
    """One error line per second and code; those left out are counted, and the last of a run is told."""
    with Daemon() as d, d.ingest() as w:
        w.send(*[b"oops\n"] * 500, *[b'{"type":"hop"}\n'] * 20)
        first = [w.expect("error"), w.expect("error")]
        assert [(e["code"], e["line"], e["dropped"]) for e in first] == [("bad_json", 1, 0), ("unknown_type", 501, 0)]
        w.expect_silence(0.5)
        rest = {e["code"]: e for e in (w.expect("error"), w.expect("error"))}
        assert (rest["bad_json"]["line"], rest["bad_json"]["dropped"]) == (500, 498), rest
        assert (rest["unknown_type"]["line"], rest["unknown_type"]["dropped"]) == (520, 18), rest
        w.expect_silence(1.5)
        assert errors(d)["bad_json"] == 500 and errors(d)["unknown_type"] == 20


def test_a_line_over_the_limit_is_passed_over():
    """A line over 64 KiB is reported and passed over; one of exactly 64 KiB is read."""
    with Daemon() as d, d.ingest(call_id="c-1", agent_id="sam", ack=True) as w:
        head, tail = b'{"role":"agent","seq":5,"text":"', b'"}'
        fits = head + b"x" * (64 * 1024 - len(head) - len(tail)) + tail
        w.send(fits + b"\n")
        assert w.expect("ack")["seq"] == 5
        w.send(fits[:-2] + b"x" + tail + b"\n")
        e = w.expect("error")
        assert e["code"] == "too_long" and e["line"] == 3, e
        still_good(d, w)


def test_a_writer_that_leaves_with_errors_unread():
    """What a writer sent counts, though it hung up before its error line could be written."""
    with Daemon() as d:
        d.signal(signal.SIGSTOP)
        with d.ingest() as w:
            w.send(b"oops\n", b"".join(b'{"call_id":"c","role":"agent","text":"hello %d"}\n' % i for i in range(3000)))
        with d.ingest() as w:
            w.send(b"oops\n" * 300, b'{"call_id":"c","role":"agent","text":"no newline"}')
        d.signal(signal.SIGCONT)
        coachtest.wait_for("all lines", lambda: d.status()["lines"]["ok"] == 3001)
        coachtest.wait_for("the end", lambda: d.status()["connections"]["ingest"] == 0)


def test_a_limit_on_lines_can_be_set():
    """--max-line moves the limit."""
    with Daemon("--max-line", "1KiB") as d, d.ingest() as w:
        w.send(say("c-1", "x" * 1100))
        assert w.expect("error")["code"] == "too_long"
        still_good(d, w)


def test_100_mb_without_newline():
    """100 MB without a newline cost no memory, and the next line works."""
    piece = b"x" * (1 << 20)

    def send(w):
        for _ in range(LONG >> 20):
            w.send(piece)
        w.send(b"\n")
    survives(send, "too_long", 120)


def test_10000_nested_arrays():
    """10,000 nested arrays are refused as too deep."""
    survives(lambda w: w.send(b"[" * 10000 + b"]" * 10000 + b"\n"), "too_deep")


def test_nul_bytes():
    """A NUL byte is refused."""
    survives(lambda w: w.send(b'{"call_id":"c\0","role":"agent","text":"x"}\n'), "bad_json")


def test_nul_escapes():
    """A NUL written as an escape is refused."""
    survives(lambda w: w.send(b'{"call_id":"c","role":"agent","text":"a\\u0000b"}\n'), "bad_json")


def test_invalid_utf8():
    """Bytes that are not UTF-8 are refused."""
    survives(lambda w: w.send(b'{"call_id":"c","role":"agent","text":"caf\xe9"}\n'), "bad_utf8")


def test_a_million_bad_lines():
    """A flood of bad lines costs a handful of error lines and no memory."""
    def send(w):
        for _ in range(100):
            w.send(b"x\n" * 10000)
    survives(send, "bad_json", 60)


def corpus(folder, judge):
    """Sends each file as one line, on one connection per file, and asks `judge` what it should have caused."""
    files = sorted(p for p in folder.iterdir() if p.suffix == ".json")
    assert len(files) > 10, folder
    wrong = []
    with Daemon() as d:
        for path in files:
            before = errors(d)
            with d.ingest() as w:
                w.send(path.read_bytes() + b"\n")
                w.socket.shutdown(socket.SHUT_WR)
                while w.receive() is not None:
                    pass
            refused = errors(d) != before
            if judge(path.name) not in (None, refused):
                wrong.append(path.name)
        still_good(d)
        print(f"         {len(files)} files")
    assert not wrong, wrong


def test_our_own_json_corpus():
    """Every file of tests/cases/json is read or refused as its name says."""
    corpus(coachtest.SOURCE / "tests" / "cases" / "json", lambda name: name.startswith("refuse_"))


# Blank lines are passed over; values in a row are allowed, and so is an array without objects.
ALLOWED_HERE = {"n_single_space.json", "n_structure_UTF8_BOM_no_data.json", "n_structure_no_data.json",
                "n_structure_double_array.json"}


def test_the_external_json_corpus():
    """Every malformed file of the JSON test suite is refused, and none harms."""
    folder = coachtest.SOURCE.parent / "shared" / "external" / "json-test-suite"
    if not folder.is_dir():
        coachtest.skip(f"{folder} is not there")
    corpus(folder, lambda name: True if name.startswith("n_") and name not in ALLOWED_HERE else None)


def test_bytes_that_come_one_by_one():
    """A line that comes byte by byte is read like any other."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        for byte in json.dumps(say("c-1", CALM, agent_id="sam")).encode() + b"\n":
            w.socket.send(bytes([byte]))
        sam.skip_to("nudge")


def test_a_line_never_finished():
    """A writer that does not finish a line is hung up on; one that is merely quiet is not."""
    with Daemon("--line-timeout", "1s") as d, d.ingest() as slow, d.ingest() as quiet, d.ingest() as dripping:
        quiet.send(say("c-1", "hello"))
        slow.send(b'{"call_id":')
        begin = time.monotonic()
        while time.monotonic() - begin < 8:
            try:
                dripping.send(b" ")
            except OSError:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("a line that drips in for 8 s was not given up")
        slow.expect_end()
        still_good(d, quiet)


def test_too_many_calls():
    """At the limit on calls a new one is refused with limit_calls, and those that are live go on."""
    with Daemon("--max-calls", "3") as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(*(say(f"c-{i}", "hello", agent_id="sam") for i in range(4)))
        e = w.expect("error")
        assert e["code"] == "limit_calls" and e["line"] == 4, e
        w.send({"type": "call_end", "call_id": "c-0"}, say("c-3", CALM, agent_id="sam"))
        assert sam.skip_to("nudge")["call_id"] == "c-3"
        assert d.status()["calls"]["live"] == 3


def test_too_many_connections():
    """At the limit on connections a new one is hung up on; the control socket still answers."""
    with Daemon("--max-connections", "4") as d:
        kept = [d.ingest() for _ in range(4)]
        coachtest.wait_for("all four", lambda: d.status()["connections"]["ingest"] == 4)
        with Lines(d.run / "ingest.sock") as one_more:
            one_more.expect_end()
        assert d.status()["connections"]["refused"] == 1
        kept.pop().close()
        coachtest.wait_for("room", lambda: d.status()["connections"]["ingest"] == 3)
        kept[0].send(say("c-1", "hello"))
        coachtest.wait_for("the line", lambda: d.status()["lines"]["ok"] == 1)


def test_no_descriptors_left():
    """Without descriptors callers are turned away, the loop does not spin, and it recovers by itself."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    with Daemon(start=False) as d:
        d.start(preexec_fn=limit)
        held = []
        for _ in range(100):
            try:
                held.append(Lines(d.run / "ingest.sock"))
            except OSError:
                break
        time.sleep(0.5)
        begin = d.cpu_seconds()
        time.sleep(1)
        busy = d.cpu_seconds() - begin
        print(f"         {busy * 100:.0f} % of a CPU while descriptors were out")
        assert busy < 0.2, busy
        assert "turned away" in d.log()
        for c in held:
            c.close()
        # one that asks too early is turned away itself
        coachtest.wait_for("recovery", lambda: (s := d.status()) is not None and s["connections"]["ingest"] == 0)
        still_good(d)


def test_a_flooding_writer_leaves_others_their_share():
    """While one writer floods, another's line gets through; nothing of the flood is lost."""
    flood = json.dumps(say("flood", "nothing to see here")).encode() + b"\n"
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as loud, d.ingest() as w:
        loud.socket.setblocking(False)
        sent, data, waits = 0, flood * 2000, []
        for i in range(100):
            begin = time.monotonic()
            while time.monotonic() - begin < 0.005:
                try:
                    sent += loud.socket.send(data[sent % len(flood):])
                except BlockingIOError:
                    break
            begin = time.monotonic()
            w.send(say(f"c-{i}", CALM, agent_id="sam"))
            sam.skip_to("nudge")
            waits.append((time.monotonic() - begin) * 1000)
        loud.socket.setblocking(True)
        loud.send(flood[sent % len(flood):] if sent % len(flood) else b"")
        total = -(-sent // len(flood))
        waits.sort()
        print(f"         {total} lines of flood; a nudge took {waits[50]:.2f} ms (median), {waits[98]:.2f} ms (99 %)")
        coachtest.wait_for("the flood", lambda: d.status()["lines"]["ok"] == total + 100)
        assert waits[98] < 2000


coachtest.main(globals())
