"""Recordings of live calls: only where a site has asked for them, readable by nobody else, gone in time, and the same
nudges again in coach replay."""

import json
import os
import re
import resource
import signal
import stat
import subprocess
import time

import coachtest
from coachtest import BUILD, COACHD, CONVERSATION, RULES, Daemon, say, wait_for

COACH = BUILD / "bin" / "coach"
CALM = "well you need to calm down now"
LIVE = CONVERSATION.replace("severity: important", "severity: critical") + """\
  - id: test-policy
    category: defensive
    severity: critical
    cooldown: 0s
    says:
      - that is our policy
    message: Policy is no reason to a customer.
    match:
      - sorry but that is our policy
    no_match:
      - that is our house
  - id: test-silence
    category: followup
    severity: critical
    cooldown: 0s
    when:
      silence: longer than 1s
    message: Nobody has said a word for a while.
  - id: test-at-end
    category: empathy
    severity: critical
    when:
      at: call end
      without: apology
    message: Nobody has said sorry.
"""


def recording(*queues, rules=RULES, more=(), start=True):
    """A daemon that records the calls of these queues to `d.recordings`."""
    d = Daemon(rules=rules, start=False)
    d.recordings = d.folder / "recordings"
    d.args += ["--record-dir", str(d.recordings), *(f"--record-queues={q}" for q in queues), *more]
    if start:
        d.start()
    return d


def files(d):
    return sorted(d.recordings.glob("*")) if d.recordings.exists() else []


def count(d, what):
    return d.status()["recording"][what]


def lines(path):
    return [json.loads(l) for l in path.read_text().splitlines()]


def start(call, queue, **more):
    return {"type": "call_start", "call_id": call, "queue": queue, **more}


def end(call):
    return {"type": "call_end", "call_id": call, "reason": "hangup"}


def test_nothing_is_recorded_unasked():
    """Without record_dir, or without queues, no call is written anywhere; queues without a folder are refused."""
    with recording() as d, d.ingest() as w:
        w.send(start("c-1", "billing"), say("c-1", "hello"), end("c-1"))
        wait_for("the call", lambda: d.status()["calls"]["ended"]["ended"] == 1)
        assert not files(d) and "recording" not in d.status()
        assert "nothing is recorded" in d.log()
    r = subprocess.run([COACHD, "--record-queues", "billing", "--check-config"], capture_output=True, text=True)
    assert r.returncode != 0 and "record_dir" in r.stderr, r.stderr


def test_calls_of_the_named_queues_are_recorded():
    """A call whose first line names a queue is written, from its first line to its end, with the arrival of each."""
    with recording("billing", "sales") as d, d.ingest(call_id="c-7", agent_id="sam", channels={"0": "customer"}) as w:
        w.send(start("c/7", "billing", agent_id="sam"),
               say("c/7", "hello", segment_id="a", is_final=False, stability=0.7996, start_ms=10, end_ms=90, seq=3),
               say("c/7", "hello there", segment_id="a", start_ms=10, end_ms=900, confidence=0.5),
               {"channel": 0, "text": "hi", "queue": "sales"},
               say("c-8", "not recorded", queue="other"), say("c-9", "not recorded"))
        time.sleep(0.05)
        w.send(end("c/7"), end("c-7"))
        wait_for("the recordings", lambda: count(d, "calls") == 2)
        assert re.search(r"recording: calls of the queues billing, sales are recorded.* for 7 days", d.log()), d.log()
        by_call = {lines(f)[0]["call_id"]: f for f in files(d)}
        assert set(by_call) == {"c/7", "c-7"}, by_call
        assert stat.S_IMODE(d.recordings.stat().st_mode) == 0o700
        for f in by_call.values():
            assert stat.S_IMODE(f.stat().st_mode) == 0o600
            assert re.fullmatch(r"call-c.7-[0-9a-f]{16}\.ndjson", f.name), f.name
        first, *_, last = got = lines(by_call["c/7"])
        assert [e["type"] for e in got] == ["call_start", "transcript", "transcript", "call_end"]
        assert (first["queue"], first["agent_id"], last["reason"]) == ("billing", "sam", "hangup"), got
        assert got[1]["stability"] == 0.7996 and got[1]["is_final"] is False and got[2]["confidence"] == 0.5, got
        times = [e["recv_ms"] for e in got]
        assert times[0] == 0 and times == sorted(times) and times[-1] >= 40 and not [e for e in got if "seq" in e], got
        line = lines(by_call["c-7"])[0]
        assert (line["role"], line["channel"], line["agent_id"]) == ("customer", "0", "sam"), line
        for e in got:
            coachtest.validate(e, e["type"])


def test_a_second_call_of_the_same_name_has_a_file_of_its_own():
    """No recording is ever written over: calls with one id, and ids that look alike in a file's name, lie side by side."""
    with recording("*") as d, d.ingest() as w:
        for call in ("c-1", "c-1", "c-1", "a/b", "a:b", "../" * 20, "x" * 128):
            w.send(say(call, "hello"), end(call))
        wait_for("the recordings", lambda: count(d, "calls") == 7)
        names = [f.name for f in files(d)]
        assert len(names) == 7 and sum(n.startswith("call-c-1-") for n in names) == 3, names
        assert all(re.fullmatch(r"call-[\w-]+\.ndjson", n) and len(n) < 120 for n in names), names


def replayed(d, path):
    p = subprocess.run([COACH, "replay", "--json", "--rules", d.rules, path], capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    return [json.loads(l) for l in p.stdout.splitlines()]


def live(sam):
    """The nudges up to the end of the call, as replay prints them."""
    got = []
    while (m := sam.receive())["type"] != "call_ended":
        if m["type"] == "nudge":
            del m["ts"], m["timing"]
            got.append(m)
    return got


def bare(nudges):
    return [{k: v for k, v in n.items() if k != "timing"} for n in nudges]


def test_a_recorded_call_replays_to_the_same_nudges():
    """A call with interim results, an absence, a hold, a muted rule and an end that decides: the very same nudges."""
    with recording("*", rules=LIVE) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "i am fed up", role="customer", start_ms=5000, end_ms=6000, agent_id="sam"),
               say("c-1", CALM, segment_id="s2", is_final=False, start_ms=6100, end_ms=6500, stability=0.85))
        sam.skip_to("nudge")
        w.send(say("c-1", "well never mind", segment_id="s2", start_ms=6100, end_ms=6600))
        sam.send({"type": "mute", "rule": "test-policy", "call_id": "c-1"}, {"type": "ping"})
        sam.skip_to("pong")
        w.send(say("c-1", "sorry but that is our policy", start_ms=6700, end_ms=6900))
        time.sleep(1.5)  # the apology does not come
        sam.send({"type": "state", "state": "hold"})
        w.send(say("c-1", "one moment", start_ms=8000, end_ms=8300))
        time.sleep(1.5)  # silence on hold
        sam.send({"type": "state", "state": "talking"})
        time.sleep(1.5)  # and silence
        w.send(say("c-1", CALM, start_ms=13000, end_ms=14000), end("c-1"))
        here = live(sam)
        wait_for("the recording", lambda: count(d, "calls") == 1)
        path, = files(d)
        types = [e["type"] for e in lines(path)]
        assert types.count("state") == 2 and types.count("mute") == 1 and types[-1] == "call_end", types
        first, *there = bare(replayed(d, path))
        assert first["rule"] == "test-calm" and first["segment_id"] == "s2", first
        assert there == here, (there, here)
        rules = [n["rule"] for n in here]
        r = subprocess.run([COACH, "record", "--rules", d.rules, path], capture_output=True, text=True)
        assert re.search(r" agent is on hold\n(.*\n)*.* agent is back\n", r.stdout), r
        assert rules[-1] == "test-at-end" and {"test-no-apology", "test-silence", "test-calm"} < set(rules), rules


def test_a_recorded_call_without_times_replays_to_the_same():
    """Lines without times, an agent who is named late, and a writer who hangs up: replay sees what the daemon saw."""
    with recording("*", rules=LIVE) as d, d.agent("sam") as sam:
        w = d.ingest(call_id="c-1")
        w.send({"role": "customer", "text": "i am fed up"}, {"role": "agent", "text": CALM})
        time.sleep(0.3)
        w.send({"role": "agent", "text": "hello", "agent_id": "sam"})
        time.sleep(1.5)
        w.send({"role": "agent", "text": "sorry but that is our policy"})
        w.close()
        here = live(sam)
        wait_for("the recording", lambda: count(d, "calls") == 1)
        path, = files(d)
        assert lines(path)[-1]["reason"] == "disconnected"
        assert bare(replayed(d, path)) == here, (replayed(d, path), here)
        assert [n["rule"] for n in here] == ["test-calm", "test-no-apology", "test-policy", "test-at-end"], here


def test_what_cannot_be_written_is_deleted_and_slows_nobody():
    """When the disk takes no more, a call's recording is deleted and counted, said once, and coaching goes on."""
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
    with recording("*", start=False) as d:
        d.start(preexec_fn=small)
        with d.agent("sam") as sam, d.ingest() as w:
            w.send(say("small", "hello"))
            w.send(*(say("large", "x" * 1000, segment_id=f"s{i}") for i in range(100)), say("large", CALM, agent_id="sam"))
            sam.skip_to("nudge")
            w.send(end("large"), end("small"))
            wait_for("the small one", lambda: count(d, "calls") == 1)
            assert count(d, "given_up") == 1
            assert [lines(f)[0]["call_id"] for f in files(d)] == ["small"]
            wait_for("the log", lambda: "1 calls could not be recorded whole" in d.log())
            assert "could not be recorded whole" in subprocess.run(
                [COACH, "status", "--runtime-dir", d.run], capture_output=True, text=True).stdout


def test_old_recordings_are_deleted_and_nothing_else():
    """At its start the daemon deletes recordings older than record_days: only files that it named, and no link."""
    with recording("*", more=["--record-days", "2"], start=False) as d:
        d.recordings.mkdir(0o700)
        old, hexes = time.time() - 3 * 86400, "0123456789abcdef"
        gone = [f"call-x-{hexes}.ndjson", f"call-x-{hexes}-2.ndjson", "call-x-0123456789012345.ndjson"]
        kept = ["notes.txt", "call-x.ndjson", f"call-x-{hexes}.ndjson.gz", f"my-call-x-{hexes}.ndjson",
                f"call-x-{hexes[:-1]}g.ndjson", f"call-young-{hexes}.ndjson"]
        for name in gone + kept:
            (d.recordings / name).write_text("{}\n")
            if "young" not in name:
                os.utime(d.recordings / name, (old, old))
        (d.recordings / f"call-link-{hexes}.ndjson").symlink_to(d.recordings / "notes.txt")
        os.utime(d.recordings / f"call-link-{hexes}.ndjson", (old, old), follow_symlinks=False)
        d.start()
        wait_for("the old ones to go", lambda: count(d, "expired") == len(gone))
        assert sorted(f.name for f in files(d)) == sorted([*kept, f"call-link-{hexes}.ndjson"])


def test_a_folder_that_others_can_look_into_is_refused():
    """A record_dir that is open to others, or is none, keeps the daemon from starting, with what to do."""
    for mode, says in ((0o755, "mode 0700"), (None, "record_dir: ")):
        with recording("*", start=False) as d:
            if mode is None:
                d.recordings.write_text("")
            else:
                d.recordings.mkdir(mode)
                d.recordings.chmod(mode)
            r = subprocess.run(d.command(), env=d.environment(), capture_output=True, text=True, timeout=60)
            assert r.returncode not in (0, None) and says in r.stderr, r.stderr


def test_a_stop_keeps_what_was_recorded():
    """When the daemon stops, what was recorded of live calls stays and can be replayed."""
    with recording("*") as d, d.ingest() as w:
        w.send(*(say(f"c-{i}", CALM, agent_id="sam") for i in range(50)))
        wait_for("the lines", lambda: d.status()["lines"]["ok"] == 50)
        d.stop()
        assert len(files(d)) == 50
        assert replayed(d, files(d)[0])[0]["rule"] == "test-calm"


coachtest.main(globals())
