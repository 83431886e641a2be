"""The coach command, run as people and scripts run it."""

import contextlib
import json
import os
import pathlib
import pty
import socket
import subprocess
import tempfile
import time

import coachtest
from coachtest import BUILD, LANGUAGES, RULES, SOURCE, Daemon, Rules, validate, wait_for

COACH = BUILD / "bin" / "coach"
CALM = "well you need to calm down sir"
COMMANDS = ["check", "try", "explain", "sample", "show", "test", "record", "schema", "practice", "replay", "score", "send", "ingest-esl", "watch", "status"]


def coach(*args, stdin="", code=None, **run):
    """Runs it; returns the finished process, whose exit code must be `code` unless that is None."""
    p = subprocess.run([str(COACH), *map(str, args)], input=stdin, capture_output=True, text=True, timeout=120, **run)
    assert code is None or p.returncode == code, f"coach {args}: {p.returncode}\n{p.stdout}{p.stderr}"
    return p


@contextlib.contextmanager
def running(*args, **popen):
    """It running beside the test, killed at the end if it still does."""
    p = subprocess.Popen([COACH, *args], **popen)
    try:
        yield p
    finally:
        if p.poll() is None:
            p.kill()
        p.wait()
        for stream in (p.stdin, p.stdout, p.stderr):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()


def test_help_everywhere():
    """Every command explains itself, with examples and its exit codes, and refuses what it does not know."""
    listed = coach("--help", code=0).stdout
    for command in COMMANDS:
        assert command in listed
        text = coach(command, "--help", code=0).stdout
        assert "examples:" in text and "exit codes:" in text and f"coach {command}" in text, text
        slip = {"send": "--rol", "ingest-esl": "--hos", "schema": "--wrong", "record": "--cal"}.get(command, "--jsn")
        refusal = coach(command, slip, code=2).stderr
        assert slip in refusal and ("did you mean" in refusal or command == "schema"), refusal
    assert "did you mean 'check'" in coach("chekc", code=2).stderr
    assert coach(code=2).stderr.startswith("coach ")
    assert coach("--version", code=0).stdout.startswith("coach ")


def test_check_says_what_is_wrong_and_where():
    """A pack with three faults reports three, each at its line and column, and exits 1."""
    bad = RULES.replace("severity: hint", "severity: hnit").replace("- you need to calm down", "- you (need to calm down", 1)
    bad = bad.replace("message: Policy is no reason to a customer.", "mesage: Policy is no reason to a customer.")
    lines = bad.splitlines()
    with Rules(bad) as path:
        report = json.loads(coach("check", "--json", path, code=1).stdout)
        text = coach("check", path, code=1).stdout
    found = {(p["code"], p["line"], p["column"]) for p in report["problems"] if p["level"] == "error"}
    def place(needle):
        line = next(i for i, l in enumerate(lines, 1) if needle in l)
        return line, lines[line - 1].index(needle) + 1
    assert ("bad-value", *place("hnit")) in found, found
    assert ("bracket", *place("(need")) in found, found
    assert ("unknown-key", *place("mesage")) in found, found
    assert "did you mean 'hint'" in text and "did you mean 'message'" in text and "^" in text, text


def test_check_exit_codes():
    """0 for a clean pack, 0 for warnings unless --strict, 2 for what cannot be read."""
    with Rules() as path:
        coach("check", path, code=0)
    with Rules(RULES + "lists:\n  nobody_asks:\n    - one two three\n") as path:
        assert "warning" in coach("check", path, code=0).stdout
        coach("check", "--strict", path, code=1)
    coach("check", "/no/such/file.yaml", code=2)
    with tempfile.TemporaryDirectory() as empty:
        coach("check", empty, code=2)


def test_check_counts_signals():
    """A conversational rule is checked, its signals are counted, and a slip in the name of one is understood."""
    rule = """\
  - id: test-later
    category: empathy
    when:
      after: upset
      without: sorry
      within: 2 agent turns
    message: They sounded upset.
signals:
  - id: upset
    speaker: customer
    says:
      - this is ridiculous
  - id: sorry
    says:
      - so sorry
"""
    with Rules(RULES + rule) as path:
        report = json.loads(coach("check", "--json", path, code=0).stdout)
        assert report["problems"] == [] and report["signals"] == 2, report
        assert " rules, 2 signals, " in coach("check", path, code=0).stdout
    with Rules(RULES + rule.replace("after: upset", "after: upste")) as path:
        assert "did you mean 'upset'" in coach("check", path, code=1).stdout


def test_the_shipped_pack_is_clean():
    """The shipped pack has no error and no warning, and at least 20 rules, each with a message and examples."""
    report = json.loads(coach("check", "--json", "--strict", SOURCE / "rules" / "core-en", code=0).stdout)
    assert report["rules"] >= 20 and report["errors"] == report["warnings"] == 0, report


def test_try_names_rule_phrase_and_words():
    """try names the rule, the phrase and what was said, and exits 1; a harmless line exits 0."""
    with Rules() as path:
        out = coach("try", "--rules", path, "well um you need to calm down", code=1).stdout
        assert "test-calm" in out and "phrase 1" in out and 'said "you need to calm down"' in out, out
        line = json.loads(coach("try", "--json", "--rules", path, CALM, code=1).stdout)
        validate(line, "nudge")
        coach("try", "--rules", path, "have", "a", "nice", "day", code=0)
        coach("try", "--rules", path, "--role", "customer", CALM, code=0)
        coach("try", "--rules", path, code=2)
        coach("try", "--rules", path, b"\xff".decode(errors="surrogateescape"), code=2)


def test_try_with_the_shipped_pack():
    """In a source tree the shipped pack is used without being named."""
    out = coach("try", "sir please um calm yourself down", code=1).stdout
    assert "dismissive-calm-down" in out and "calm yourself down" in out, out
    coach("try", "thank you for waiting, I have your order here", code=0)


def recording(folder, *events):
    path = pathlib.Path(folder) / "call.ndjson"
    path.write_text("".join(json.dumps(e) + "\n" for e in events))
    return path


EVENTS = [
    {"type": "call_start", "call_id": "r-1", "agent_id": "sam", "queue": "billing"},
    {"call_id": "r-1", "role": "customer", "segment_id": "s1", "text": "this is too much", "start_ms": 0, "end_ms": 1500},
    {"call_id": "r-1", "role": "agent", "segment_id": "s2", "text": CALM, "start_ms": 1800, "end_ms": 3500},
    {"call_id": "r-1", "role": "agent", "segment_id": "s3", "text": CALM, "start_ms": 9000, "end_ms": 9800},
    {"call_id": "r-1", "role": "agent", "segment_id": "s4", "text": "sorry but that is our policy", "start_ms": 10000, "end_ms": 11000},
    {"type": "call_end", "call_id": "r-1", "reason": "hangup"},
]


def test_replay_prints_nudges_and_nothing_else():
    """replay --json prints nudge lines only, --held adds what was held back with its reason, both byte-identical on every run."""
    with Rules() as path, tempfile.TemporaryDirectory() as folder:
        call = recording(folder, *EVENTS)
        nudges = coach("replay", "--json", "--rules", path, call, code=0).stdout
        held = coach("replay", "--json", "--held", "--rules", path, call, code=0).stdout
        assert nudges == coach("replay", "--json", "--rules", path, call, code=0).stdout
        text = coach("replay", "--rules", path, call, code=0).stdout
        from_stdin = coach("replay", "--json", "--rules", path, "-", stdin=call.read_text(), code=0).stdout
    assert from_stdin == nudges
    lines = [json.loads(l) for l in nudges.splitlines()]
    assert [(l["type"], l["segment_id"]) for l in lines] == [("nudge", "s2")], lines
    findings = [json.loads(l) for l in held.splitlines()]
    assert [(f["type"], f["segment_id"], f.get("held")) for f in findings] == [
        ("nudge", "s2", None), ("finding", "s3", "cooldown"), ("finding", "s4", "gap")], findings
    for f in findings:
        validate(f, f["type"])
    assert "this is too much" in text and "Acknowledge first" in text and "1 nudge, 2 held back" in text, text


def test_replay_names_bad_lines_and_goes_on():
    """A line that cannot be read is named by file and line, the rest is replayed, and the exit code says so."""
    with Rules() as path, tempfile.TemporaryDirectory() as folder:
        call = recording(folder, *EVENTS)
        call.write_text(call.read_text().replace('{"call_id": "r-1", "role": "customer"', '{"call_id": 7, "role": "customer"'))
        p = coach("replay", "--json", "--rules", path, call, code=2)
        assert "call.ndjson:2: bad_field: call_id" in p.stderr and "test-calm" in p.stdout
        empty = pathlib.Path(folder) / "empty"
        empty.write_text("")
        coach("replay", "--rules", path, empty, code=2)
        coach("replay", "--rules", path, pathlib.Path(folder) / "none", code=2)


def test_replay_through_the_daemon_is_the_same():
    """replay --socket through a running daemon gives the nudges of the replay in process."""
    with Daemon() as d, tempfile.TemporaryDirectory() as folder:
        call = recording(folder, *EVENTS)
        there = coach("replay", "--socket", "--json", "--runtime-dir", d.run, call, code=0).stdout
        here = coach("replay", "--json", "--rules", d.rules, "--languages", LANGUAGES, call, code=0).stdout
        lines = [json.loads(l) for l in there.splitlines()]
        for l in lines:
            validate(l, "nudge")
            del l["ts"], l["timing"]
        assert lines == [json.loads(l) for l in here.splitlines()] and len(lines) == 1, lines
        shown = coach("replay", "--socket", "--speed", "100", "--runtime-dir", d.run, call, code=0).stdout
        assert "Acknowledge first" in shown and "1 nudge" in shown, shown
    coach("replay", "--socket", "--runtime-dir", "/no/such/dir", __file__, code=2)


def test_watch_shows_one_agent_only():
    """watch --json prints the wire's lines of one agent, plain watch a line for each nudge; another agent's watcher sees none."""
    with Daemon() as d, running("watch", "--runtime-dir", d.run, "--agent", "sam", "--json", "--count", "1", "--for", "30s",
                                stdout=subprocess.PIPE, text=True) as sam, \
            running("watch", "--runtime-dir", d.run, "--agent", "sam", "--count", "1", "--for", "30s",
                    stdout=subprocess.PIPE, text=True) as plain, \
            running("watch", "--runtime-dir", d.run, "--agent", "kim", "--json", "--for", "2s",
                    stdout=subprocess.PIPE, text=True) as kim:
        wait_for("three watchers", lambda: d.status()["connections"]["agent"] == 3)
        with d.ingest() as w:
            w.send({"call_id": "c1", "agent_id": "sam", "role": "agent", "text": CALM})
            out, line, other = (p.communicate(timeout=60)[0] for p in (sam, plain, kim))
        assert (sam.returncode, plain.returncode, kim.returncode) == (0, 0, 0)
        messages = [json.loads(l) for l in out.splitlines()]
        for m in messages:
            validate(m, m["type"])
        assert [m["type"] for m in messages] == ["welcome", "call_started", "nudge"], messages
        assert "test-calm: Being told to stay calm rarely helps." in line, line
        assert [json.loads(l)["type"] for l in other.splitlines()] == ["welcome"], other


def test_watch_draws_cards_on_a_terminal():
    """On a terminal watch draws cards; NO_COLOR takes the colours away."""
    for no_color in ("", "1"):
        master, slave = pty.openpty()
        with Daemon() as d, running("watch", "--runtime-dir", d.run, "--agent", "sam", "--count", "1", "--for", "30s",
                                    stdout=slave, env={**os.environ, "NO_COLOR": no_color}) as p:
            os.close(slave)
            wait_for("the watcher", lambda: d.status()["connections"]["agent"] == 1)
            with d.ingest() as w:
                w.send({"call_id": "c1", "agent_id": "sam", "role": "agent", "text": CALM})
                p.wait(60)
            out = b""
            while b"\xe2\x95\xaf" not in out:
                try:
                    out += os.read(master, 65536)
                except OSError:  # nobody holds the other end any more
                    break
            os.close(master)
            assert "Acknowledge first" in out.decode() and "╭" in out.decode(), out
            assert (b"\033[" in out) == (no_color == ""), out


def test_watch_comes_back_after_a_restart():
    """watch survives the daemon's kill -9 and gets the next nudge from its successor on the same command line."""
    with Daemon() as d, running("watch", "--runtime-dir", d.run, "--agent", "sam", "--json", "--count", "1", "--for", "60s",
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        wait_for("the watcher", lambda: d.status()["connections"]["agent"] == 1)
        d.kill()
        d.start()
        wait_for("the watcher again", lambda: d.status()["connections"]["agent"] == 1, 60)
        with d.ingest() as w:
            w.send({"call_id": "c1", "agent_id": "sam", "role": "agent", "text": CALM})
            out, err = p.communicate(timeout=60)
        assert p.returncode == 0 and '"nudge"' in out, out + err


def test_watch_says_why_it_was_refused():
    """A daemon that refuses the agent is said on stderr, with exit code 2."""
    with Daemon("--no-allow-own-uid") as d:
        p = coach("watch", "--runtime-dir", d.run, "--agent", "nobody-at-all", "--for", "20s", code=2)
        assert p.stderr.startswith("coach watch: "), p.stderr
    coach("watch", code=2)


def test_send_delivers_and_waits():
    """send delivers JSON lines and plain words, and ends when each has taken effect."""
    with Daemon() as d, d.agent("sam") as sam:
        coach("send", "--runtime-dir", d.run, "--call", "c1", "--agent", "sam", "--role", "agent", stdin=CALM + "\n\n", code=0)
        assert sam.skip_to("nudge")["said"] == "you need to calm down"
        lines = "".join(json.dumps({**e, "call_id": "c2"}) + "\n" for e in EVENTS)
        coach("send", "--runtime-dir", d.run, stdin=lines, code=0)
        status = d.status()
        assert status["lines"]["ok"] == 2 + 1 + len(EVENTS) and status["nudges"]["shown"] == 2, status
        assert sam.skip_to("nudge")["call_id"] == "c2"


def test_send_names_the_lines_that_were_refused():
    """Bad lines are named by their number on stdin; the good ones are sent; exit 1."""
    with Daemon() as d:
        text = '{"call_id":"c1","role":"agent","text":"hello"}\nnonsense\n{"call_id":"c1","role":"pilot","text":"x"}\n'
        p = coach("send", "--runtime-dir", d.run, stdin=text, code=1)
        assert "line 2: bad_json" in p.stderr and "line 3: bad_field: role" in p.stderr, p.stderr
        assert d.status()["lines"]["ok"] == 1 + 1


def test_send_survives_a_restart_and_nothing_counts_twice():
    """After a killed and restarted daemon send goes on: what was not acknowledged is sent again and counts once."""
    def line(n):
        return json.dumps({"call_id": "c1", "agent_id": "sam", "role": "agent", "text": f"line number {n}"}) + "\n"
    with Daemon() as d, running("send", "--runtime-dir", d.run, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        p.stdin.write("".join(line(n) for n in range(50)))
        p.stdin.flush()
        wait_for("fifty lines", lambda: d.status()["lines"]["ok"] == 1 + 50)  # and the hello
        d.kill()
        p.stdin.write("".join(line(n) for n in range(50, 90)))
        p.stdin.flush()
        time.sleep(0.3)
        d.start()
        with d.agent("sam") as sam:
            p.stdin.write(json.dumps({"call_id": "c1", "agent_id": "sam", "role": "agent", "text": CALM}) + "\n")
            _, err = p.communicate(timeout=60)
            assert p.returncode == 0, err
            assert sam.skip_to("nudge")["call_id"] == "c1"
        assert d.status()["lines"]["ok"] == 1 + 41, d.status()["lines"]


def sent(events):
    """What send makes of events: the lines that reach the socket, after its hello."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/ingest.sock")
        listening.listen()
        stdin = "".join(json.dumps(e) + "\n" for e in events)
        with running("send", "--runtime-dir", folder, stdin=subprocess.PIPE) as p:
            daemon = listening.accept()[0]
            with daemon, daemon.makefile("r") as lines:
                p.stdin.write(stdin.encode())
                p.stdin.close()
                lines.readline()
                got = [json.loads(lines.readline()) for _ in events]
                daemon.sendall(json.dumps({"type": "ack", "seq": got[-1]["seq"]}).encode() + b"\n")
                assert p.wait(60) == 0
    return got


def test_send_gives_the_interims_of_one_utterance_one_id():
    """Lines without a segment id get one: interims and the final that closes them the same, by call and role or channel."""
    def line(text, call="c1", **more):
        return {"call_id": call, "text": text, **more}
    draft = {"is_final": False}
    got = sent([
        line("you", role="agent", **draft), line("hello", role="customer", **draft), line("you need", role="agent", **draft),
        line("you", call="c2", role="agent", **draft), line("you need to", role="agent"), line("hello there", role="customer"),
        line("well", role="agent"), line("and", role="agent", **draft), line("own", role="agent", segment_id="mine", **draft),
        line("zero", channel=0, **draft), line("one", channel=1, **draft), line("zero too", channel=0),
        {"type": "call_end", "call_id": "c1"}, line("and", role="agent", **draft), line("you need", call="c2", role="agent")])
    ids = [e.get("segment_id") for e in got]
    assert ids == ["send-1", "send-2", "send-1", "send-4", "send-1", "send-2", "send-7", "send-8", "mine", "send-10", "send-11",
                   "send-10", None, "send-14", "send-4"], ids
    assert [e["seq"] for e in got] == list(range(1, 16))


def test_send_passes_interims_on():
    """Interims through send are one utterance in the daemon: its words count once, and a nudge is shown once."""
    def line(text, **more):
        return {"call_id": "c1", "agent_id": "sam", "role": "agent", "text": text, **more}
    lines = [line("you need to calm", is_final=False), line("you need to calm down sir", is_final=False),
             line("you need to calm down sir please")]
    with Daemon() as d:
        coach("send", "--runtime-dir", d.run, stdin="".join(json.dumps(e) + "\n" for e in lines), code=0)
        [call] = d.control("calls")["calls"]
        assert (call["lines"], call["interim"], call["shown"]) == (1, 2, 1), call
        assert d.status()["lines"]["late"] == 0 and call["held"] == {}, call


def test_send_never_grows():
    """While the daemon is away stdin waits: a writer of 100 MB is held up, and memory stays where it was."""
    if coachtest.sanitized():
        coachtest.skip("memory figures mean nothing under a sanitizer")
    block = b'{"call_id":"c1","role":"agent","text":"hello there"}\n' * 1000
    written = 0
    with running("send", "--runtime-dir", "/no/such/dir", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        os.set_blocking(p.stdin.fileno(), False)
        until = time.monotonic() + 1.5
        while time.monotonic() < until and written < 100_000_000:
            try:
                written += os.write(p.stdin.fileno(), block)
            except BlockingIOError:
                time.sleep(0.05)
        status = pathlib.Path(f"/proc/{p.pid}/status").read_text()
    rss = next(int(l.split()[1]) for l in status.splitlines() if l.startswith("VmRSS"))
    assert written < 1_000_000 and rss < 8192, (written, rss)


def test_send_gives_up_when_told_to():
    """With --give-up the daemon's absence ends in exit code 2, saying how many lines were not taken."""
    p = coach("send", "--runtime-dir", "/no/such/dir", "--give-up", "300ms", stdin='{"call_id":"c","role":"agent","text":"x"}\n', code=2)
    assert "cannot connect" in p.stderr and "gave up" in p.stderr, p.stderr


def test_status_is_for_people_and_for_scripts():
    """status prints what the daemon holds; --json prints its reply, which its schema describes."""
    with Daemon() as d:
        assert "rules" in coach("status", "--runtime-dir", d.run, code=0).stdout
        reply = json.loads(coach("status", "--runtime-dir", d.run, "--json", code=0).stdout)
        validate(reply, "status")
        assert reply["rules"]["rules"] == 2
    assert "cannot connect" in coach("status", "--runtime-dir", "/no/such/dir", code=2).stderr


if __name__ == "__main__":
    coachtest.main(globals())
