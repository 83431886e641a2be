"""Conversations through the daemon: time that passes without a line, nudges that are taken back, calls that coaching
cannot see, agents who are on hold, and the same nudges live as in coach replay."""

import concurrent.futures
import json
import pathlib
import subprocess
import tempfile
import time

import coachtest
from coachtest import BUILD, CONVERSATION, PATIENCE, SOURCE, Daemon, say, wait_for

COACH = BUILD / "bin" / "coach"
BESIDE = SOURCE.parent / "shared"
CALM = "well you need to calm down now"

RULES = CONVERSATION
SILENCE = RULES + """\
  - id: test-silence
    category: followup
    severity: hint
    title: Say what you are doing
    cooldown: 0s
    when:
      silence: longer than 1s
    message: Nobody has said a word for a while.
"""


# How long a silence of a second may take to be found where nothing tells that somebody is speaking, and some more.
LATE = 6


def fed_up(call="c-1", **more):
    return say(call, "i am fed up", role="customer", segment_id="s1", start_ms=0, end_ms=1000, **more)


# ---- time ----

def test_what_is_left_out_is_noticed_without_a_further_line():
    """An absence fires when its window closes, although nobody says a word, and its wait is told in its times."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(fed_up(agent_id="sam"))
        sam.expect("call_started")
        began = time.monotonic()
        n = sam.expect("nudge")
        waited = time.monotonic() - began
        assert n["rule"] == "test-no-apology" and n["segment_id"] == "s1", n
        assert waited > 0.8, f"after {waited:.3f} s"
        assert d.status()["lines"]["ok"] == 1


def test_what_is_said_in_time_keeps_the_nudge_away():
    """What the rule waits for, said within the window, ends it."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(fed_up(agent_id="sam"), say("c-1", "i am very sorry", start_ms=1100, end_ms=1500))
        sam.expect("call_started")
        sam.expect_silence(1.5)


def test_a_thousand_calls_have_each_their_own_time():
    """A thousand windows of a thousand calls close, each once, and the daemon sleeps again afterwards."""
    with Daemon(rules=RULES) as d, d.ingest() as w:
        w.send(*(fed_up(f"c-{i}", agent_id=f"a-{i}") for i in range(1000)))
        wait_for("all windows", lambda: d.status()["nudges"]["shown"] == 1000)
        before = d.cpu_seconds()
        time.sleep(1)
        assert d.cpu_seconds() - before < 0.5
        assert d.status()["nudges"]["shown"] == 1000


def test_a_window_that_is_open_outlives_a_reload():
    """A reload that leaves a rule as it was leaves its open windows too."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(fed_up(agent_id="sam"))
        sam.expect("call_started")
        (d.rules / "test.yaml").write_text(RULES.replace("rarely helps", "seldom helps"))
        assert d.control("reload")["ok"]
        assert sam.expect("nudge")["rule"] == "test-no-apology"


def test_a_rule_that_a_reload_brings_is_woken_for():
    """A rule about silence that comes with a reload fires in a call that has nothing to say any more."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "hello", role="customer", agent_id="sam", start_ms=0, end_ms=500))
        sam.expect("call_started")
        sam.expect_silence(6)  # the turn is over: for long nothing is due in this call
        (d.rules / "test.yaml").write_text(SILENCE.replace("longer than 1s", "longer than 8s"))
        assert d.control("reload")["ok"]
        assert sam.expect("nudge", timeout=10)["rule"] == "test-silence"


def test_the_end_of_a_call_has_its_findings_first():
    """What the end of a call decides reaches the agent before call_ended."""
    at_end = RULES.replace("after: fed-up\n", "at: call end\n").replace("      within: 1s\n", "")
    with Daemon(rules=at_end) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(fed_up(agent_id="sam"), {"type": "call_end", "call_id": "c-1"})
        assert [sam.receive()["type"] for _ in range(3)] == ["call_started", "nudge", "call_ended"]


def test_a_stop_ends_no_call():
    """When the daemon stops, no call ends for it: nothing is found that only the end of a call decides."""
    at_end = RULES.replace("after: fed-up\n", "at: call end\n").replace("      within: 1s\n", "")
    with Daemon(rules=at_end) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(fed_up(agent_id="sam"))
        sam.expect("call_started")
        d.signal(15)
        sam.expect_end()
        assert d.wait() == 0


# ---- taken back ----

def interim(text, **more):
    return say("c-1", text, segment_id="s1", is_final=False, start_ms=0, end_ms=1000, stability=0.9, **more)


def test_a_nudge_whose_words_change_is_withdrawn():
    """A nudge of an interim result whose final says something else is withdrawn, and counted for its rule."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(interim(CALM, agent_id="sam"))
        n = sam.skip_to("nudge")
        w.send(say("c-1", "well you need to come down now", segment_id="s1", start_ms=0, end_ms=1200))
        assert sam.expect("withdrawn") == {"type": "withdrawn", "nudge_id": n["nudge_id"], "reason": "revised"}
        sam.expect_silence()
        taken = d.status()["nudges"]["withdrawn"]
        assert taken == {"revised": 1, "said_already": 0, "findings": 1, "rules": {"test-calm": 1}}, taken
        metrics = d.control("metrics")["metrics"]
        assert 'coachd_nudges_withdrawn_total{reason="revised"} 1\n' in metrics
        assert 'coachd_rule_findings_taken_back_total{rule="test-calm"} 1\n' in metrics
        assert d.control("calls")["calls"][0]["withdrawn"] == 1


def test_a_withdrawn_nudge_does_not_come_again():
    """Who reconnects gets no nudge that was taken back, and is told of one that it may have shown."""
    with Daemon(rules=RULES) as d, d.ingest() as w:
        with d.agent("sam") as sam:
            w.send(interim(CALM, agent_id="sam"))
            seen = sam.skip_to("nudge")["nudge_id"]
        wait_for("the connection to go", lambda: d.status()["agents"] == 0)
        w.send(say("c-1", "never mind", segment_id="s1", start_ms=0, end_ms=1200))
        wait_for("the withdrawal", lambda: d.status()["nudges"]["withdrawn"]["revised"] == 1)
        for resume in (seen, ""):
            with d.agent("sam", resume=resume) as again:
                assert again.expect("withdrawn")["nudge_id"] == seen
                again.expect_silence()
        with d.agent("sam") as fresh:
            fresh.expect_silence()


def test_a_nudge_that_waits_unread_is_simply_removed():
    """A nudge that a slow desktop has not been sent yet is never sent when it is taken back, and neither is that."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.ingest() as w:
        nudges = lambda: d.status()["nudges"]
        sent = 0
        while nudges()["delivered"] == sent and sent < 2000:  # until something waits in the daemon
            w.send(*(say(f"c-{sent}", CALM, agent_id="sam", segment_id=f"f{i}") for i in range(20)))
            sent += 20
            wait_for("the flood", lambda: nudges()["shown"] == sent)
        before = nudges()["delivered"]
        w.send(say("c-9", CALM, agent_id="sam", segment_id="last", is_final=False, stability=0.9))
        wait_for("the last one", lambda: nudges()["shown"] == sent + 1)
        assert nudges()["delivered"] == before < sent and nudges()["dropped"]["overflowed"] == 0, nudges()
        w.send(say("c-9", "never mind", segment_id="last"))
        wait_for("the withdrawal", lambda: d.status()["nudges"]["withdrawn"]["revised"] == 1)
        sam.send({"type": "ping"})
        got = []
        while (m := sam.receive())["type"] != "pong":
            got.append(m)
        assert not [m for m in got if m["type"] == "withdrawn" or m.get("segment_id") == "last"]


# ---- sight ----

def test_the_agent_is_told_that_coaching_is_blind_and_that_it_is_back():
    """When no line comes for long, the desktop is told once, and again with the next line; a new agent is told too."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.agent("kim") as kim, d.ingest() as w:
        w.send(say("c-1", "hello", agent_id="sam", start_ms=0, end_ms=500))
        sam.expect("call_started")
        blind = sam.expect("coach_blind", timeout=PATIENCE + 30)
        assert blind["call_id"] == "c-1" and "no lines" in blind["reason"], blind
        assert d.status()["calls"]["blind"] == 1
        assert "no lines" in d.control("calls")["calls"][0]["blind"]
        w.send({"type": "call_start", "call_id": "c-1", "agent_id": "kim"})
        kim.expect("call_started")
        kim.expect("coach_blind")
        w.send(say("c-1", "hello again"))
        kim.expect("coach_back")
        assert sam.expect("call_ended")["reason"] == "transferred"
        sam.expect_silence()
        assert d.status()["calls"]["blind"] == 0


# ---- hold ----

def test_hold_stands_silence_down():
    """A rule about silence says nothing while the desktop says hold, and speaks up when it says talking again."""
    with Daemon(rules=SILENCE) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "hello", role="customer", agent_id="sam", start_ms=0, end_ms=500))
        sam.expect("call_started")
        sam.send({"type": "state", "state": "hold"})
        sam.expect_silence(LATE)
        assert d.control("calls")["calls"][0]["state"] == "hold"
        sam.send({"type": "state", "state": "talking"})
        assert sam.expect("nudge")["rule"] == "test-silence"


def test_a_writer_may_say_that_the_call_is_on_hold():
    """A state line of the telephone system counts like the desktop's; of a call that is not there it begins none."""
    with Daemon(rules=SILENCE) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send({"type": "state", "call_id": "c-0", "state": "hold"},
               say("c-1", "hello", role="customer", agent_id="sam", start_ms=0, end_ms=500),
               {"type": "state", "call_id": "c-1", "state": "lookup"})
        sam.expect("call_started")
        sam.expect_silence(LATE)
        calls = d.control("calls")["calls"]
        assert [(c["call_id"], c["state"]) for c in calls] == [("c-1", "lookup")], calls
        w.send({"type": "state", "call_id": "c-1", "state": "talking"})
        assert sam.expect("nudge")["rule"] == "test-silence"


def test_a_state_is_that_of_all_calls_of_its_agent_until_a_transfer():
    """hold applies to every live call of the agent and to nobody else's; who takes a call over is talking."""
    with Daemon(rules=SILENCE) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "hello", agent_id="sam"), say("c-2", "hello", agent_id="sam"),
               say("c-3", "hello", agent_id="kim"))
        sam.expect("call_started"), sam.expect("call_started")
        sam.send({"type": "state", "state": "hold"}, {"type": "state", "state": "asleep"}, {"type": "state"})
        assert [sam.skip_to("error")["code"] for _ in range(2)] == ["bad_field", "missing_field"]
        with d.agent("sam"):  # a second desktop changes nothing
            states = lambda: {c["call_id"]: c["state"] for c in d.control("calls")["calls"]}
            assert states() == {"c-1": "hold", "c-2": "hold", "c-3": "talking"}, states()
        w.send(say("c-1", "hello", agent_id="kim"))
        wait_for("the transfer", lambda: states()["c-1"] == "talking")
        sam.send({"type": "state", "state": "lookup"}, {"type": "ping"})
        sam.skip_to("pong")
        assert states() == {"c-1": "talking", "c-2": "lookup", "c-3": "talking"}, states()


# ---- counted ----

def test_every_reason_is_counted():
    """What was held back is counted by its reason, for the daemon and for each call; a call without an agent waits."""
    shadow = RULES.replace("severity: critical", "severity: hint").replace(
        "  - id: test-no-apology\n", "  - id: test-no-apology\n    mode: shadow\n")
    with Daemon(rules=shadow) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(fed_up(agent_id="sam"), say("c-2", CALM, segment_id="a", start_ms=0, end_ms=1000),
               say("c-3", "hello", agent_id="sam"))
        sam.expect("call_started"), sam.expect("call_started")
        sam.send({"type": "mute", "rule": "test-calm", "call_id": "c-3"}, {"type": "ping"})
        sam.skip_to("pong")
        w.send(say("c-3", CALM))
        held = lambda: {k: v for k, v in d.status()["nudges"]["held"].items() if v}
        wait_for("the reasons", lambda: held() == {"shadow": 1, "no_agent": 1, "muted": 1})
        calls = {c["call_id"]: c["held"] for c in d.control("calls")["calls"]}
        assert calls == {"c-1": {"shadow": 1}, "c-2": {"no_agent": 1}, "c-3": {"muted": 1}}, calls
        assert 'coachd_findings_held_total{reason="no_agent"} 1\n' in d.control("metrics")["metrics"]


def test_an_agent_who_comes_in_time_gets_what_waited():
    """A finding of a call without an agent waits, and goes to the agent who is named before it is stale."""
    with Daemon(rules=RULES) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", CALM, start_ms=0, end_ms=1000))
        wait_for("the line", lambda: d.status()["lines"]["ok"] == 1)
        w.send({"type": "call_start", "call_id": "c-1", "agent_id": "sam"})
        sam.expect("call_started")
        assert sam.expect("nudge")["agent_id"] == "sam"
        assert d.status()["nudges"]["held"]["no_agent"] == 0


def test_lines_without_times_are_told_of():
    """In a call without times the rules that need them are left out, and status, calls and the log say how many."""
    with Daemon("--log-level", "notice", rules=SILENCE) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(*(say("c-1", "hello", agent_id="sam") for _ in range(3)))
        sam.expect("call_started")
        sam.expect_silence(1.5)
        status = d.status()
        assert status["rules"]["need_times"] == 1 and status["calls"]["without_times"] == 1, status
        assert d.control("calls")["calls"][0]["without_times"] is True
        assert d.log().count("call=c-1: lines come without times: 1 rule") == 1, d.log()
        text = coach("status", "--runtime-dir", d.run)
        assert "note: the lines of 1 live call come without times: the 1 rule" in text, text
        table = coach("status", "--calls", "--runtime-dir", d.run)
        assert "c-1" in table and "lines without times" in table, table


def test_clocks_that_differ_are_told_of():
    """Where one side never answers within a second, status, calls and the log say by how much the clocks differ."""
    lines = []
    for i in range(8):  # whoever answers seems to take two seconds, the customer none
        t = i * 10000
        lines += [say("c-1", "so what can i do for you today", agent_id="sam", start_ms=t, end_ms=t + 2000),
                  say("c-1", "i would like to know my balance", role="customer", start_ms=t + 4500, end_ms=t + 7000)]
    with Daemon("--log-level", "notice", rules=RULES) as d, d.agent("sam"), d.ingest() as w:
        w.send(*lines)
        wait_for("the lines", lambda: d.status()["lines"]["ok"] == len(lines))
        calls = d.status()["calls"]
        assert calls["clocks_differ"] == 1 and calls["largest_skew_ms"] > 1000, calls
        assert d.control("calls")["calls"][0]["skew_ms"] != 0
        assert d.log().count("call=c-1: the clocks of its two sides seem to differ") == 1, d.log()
        assert "the clocks of the agent's and the customer's side seem to differ" in coach("status", "--runtime-dir", d.run)


# ---- in the terminal ----

def coach(*args):
    p = subprocess.run([COACH, *map(str, args)], capture_output=True, text=True, timeout=300)
    assert p.returncode == 0, p.stderr
    return p.stdout


def test_watch_shows_what_is_taken_back():
    """coach watch says which card was taken back and why; with --json the lines are the wire's."""
    with Daemon(rules=RULES) as d, d.ingest() as w:
        args = [COACH, "watch", "--runtime-dir", str(d.run), "--agent", "sam", "--for", "3s"]
        plain = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)
        wait_for("the first", lambda: d.status()["agents"] == 1)
        lines = subprocess.Popen([*args, "--json"], stdout=subprocess.PIPE, text=True)
        assert json.loads(lines.stdout.readline())["type"] == "welcome"
        w.send(interim(CALM, agent_id="sam"), say("c-1", "never mind", segment_id="s1", start_ms=0, end_ms=1200))
        text, wire = plain.communicate(timeout=PATIENCE)[0], lines.communicate(timeout=PATIENCE)[0]
        assert "taken back: Acknowledge first (what was said turned out to be different)" in text, text
        assert [json.loads(l)["type"] for l in wire.splitlines()] == ["call_started", "nudge", "withdrawn"], wire


# ---- live equals replay ----

def with_interims(events):
    """Each long final preceded by what a recogniser would have said half way, one word of it wrong at the tip."""
    for e in events:
        words = e["text"].split() if e.get("type", "transcript") == "transcript" else []
        if len(words) >= 6 and "start_ms" in e:
            half = len(words) // 2
            middle = (e["start_ms"] + e["end_ms"]) // 2
            yield {**e, "is_final": False, "text": " ".join(words[:half] + ["uh"]), "end_ms": middle, "stability": 0.85}
        yield e


def by_file(files, rules):
    """The nudges of coach replay, one process for all, under the file of their call."""
    found = {json.loads(f.read_text().partition("\n")[0])["call_id"]: (f, []) for f in files}
    assert len(found) == len(files), "two files hold the same call"
    for nudge in map(json.loads, coach("replay", "--json", "--rules", rules, *files).splitlines()):
        found[nudge["call_id"]][1].append(nudge)
    return dict(found.values())


def live_equals_replay(files, rules, speed):
    """How many nudges the files give, having checked that each gives the same ids in the same order both ways."""
    ids = lambda nudges: [(n["nudge_id"], n["rule"], n["segment_id"]) for n in nudges]
    with Daemon(rules=RULES, start=False) as d, tempfile.TemporaryDirectory() as folder:
        d.rules = rules
        d.start()
        paths = []
        for f in files:
            events = [json.loads(l) for l in pathlib.Path(f).read_text().splitlines() if l.strip()]
            paths.append(pathlib.Path(folder) / pathlib.Path(f).name)
            paths[-1].write_text("".join(json.dumps(e) + "\n" for e in with_interims(events)))
        here = [ids(nudges) for nudges in by_file(paths, rules).values()]
        play = lambda p: ids(map(json.loads, coach("replay", "--json", "--socket", "--speed", speed, "--runtime-dir", d.run,
                                                   "--agent", p.stem, p).splitlines()))
        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            there = list(pool.map(play, paths))
        status = d.status()
    for path, a, b in zip(paths, here, there):
        assert a == b, f"{path.name}: replay {a}, live {b}"
    assert status["lines"]["interim"] > 10, status["lines"]
    return sum(map(len, here))


def test_bundled_calls_live_and_replayed():
    """The bundled calls, at twenty times their pace, give the same nudges live as replayed."""
    calls = sorted((SOURCE / "tests" / "cases").glob("*.ndjson"))
    n = live_equals_replay(calls, SOURCE / "rules" / "core-en", 20)
    assert n >= 6, n


def test_development_calls_live_and_replayed():
    """The development calls with the most nudges, interim results among their lines, at twenty times their pace: the
    same nudges, those of absence rules too."""
    folder, pack = BESIDE / "samples" / "coaching" / "calls", BESIDE / "design" / "example-pack.rules.yaml"
    if not folder.exists() or not pack.exists():
        coachtest.skip("the development calls are not beside the source tree")
    found = {f: len(nudges) for f, nudges in by_file(sorted(folder.glob("*.ndjson")), pack).items()}
    chosen = sorted(sorted(found), key=found.get, reverse=True)[:12]
    n = live_equals_replay(chosen, pack, 20)
    print(f"         {n} nudges in {len(chosen)} calls")
    assert n >= 8, n


coachtest.main(globals())
