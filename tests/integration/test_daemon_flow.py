"""From a writer's line to the right agent's screen."""

import time

import coachtest
from coachtest import Daemon, say

CALM = "well you need to calm down sir"


def test_a_line_becomes_a_nudge_for_its_agent_only():
    """A canonical line becomes a nudge for the agent of its call and for nobody else."""
    with Daemon() as d, d.agent("sam") as sam, d.agent("kim") as kim, d.ingest() as w:
        w.send({"type": "call_start", "call_id": "c-1", "agent_id": "sam"},
               say("c-1", "this is the third time i call", role="customer", start_ms=0, end_ms=2000),
               say("c-1", CALM, segment_id="s2", start_ms=2100, end_ms=3300))
        assert sam.expect("call_started")["call_id"] == "c-1"
        n = sam.expect("nudge")
        assert (n["call_id"], n["agent_id"], n["rule"], n["segment_id"]) == ("c-1", "sam", "test-calm", "s2")
        assert n["said"] == "you need to calm down" and CALM[slice(*n["span"])] == n["said"]
        assert n["timing"]["received"] <= n["timing"]["sent"] and n["timing"]["end_ms"] == 3300
        assert n["ttl_ms"] > 0 and n["title"] == "Acknowledge first" and n["severity"] == "important"
        kim.expect_silence()
        status = d.status()
        assert status["nudges"]["shown"] == 1 and status["nudges"]["delivered"] == 1, status["nudges"]


def test_the_shortest_line_is_complete():
    """A line of call, role and text is a final transcript."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        w.send({"call_id": "c-1", "agent_id": "sam", "role": "agent", "text": CALM})
        assert sam.skip_to("nudge")["call_id"] == "c-1"


def test_hello_binds_defaults():
    """A hello binds call, agent and channel map; lines then need nothing but channel and text."""
    with Daemon() as d, d.agent("sam") as sam:
        w = d.ingest(call_id="c-7", agent_id="sam", channels={"0": "customer", "1": "agent"})
        w.send({"channel": 0, "text": CALM}, {"channel": 1, "text": CALM})
        n = sam.skip_to("nudge")
        assert n["call_id"] == "c-7"
        sam.expect_silence()
        w.close()
        ended = sam.expect("call_ended")
        assert ended.pop("summary")["lines"] > 0
        assert ended == {"type": "call_ended", "call_id": "c-7", "reason": "disconnected"}


def test_an_unmapped_channel_is_refused():
    """A channel that no map names is an error line, and its text is not run."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest(call_id="c-1", agent_id="sam", channels={"0": "customer"}) as w:
        w.send({"channel": 5, "text": CALM})
        e = w.expect("error")
        assert e["code"] == "unmapped_channel" and e["line"] == 2, e
        sam.expect_silence()


def test_acks_follow_the_lines():
    """With acks on the daemon answers the highest seq once it took effect; without it says nothing."""
    with Daemon() as d, d.ingest(call_id="c-1", ack=True) as w, d.ingest(call_id="c-2") as quiet:
        for first in range(1, 300, 50):
            w.send(*(say("c-1", "hello there", seq=n) for n in range(first, first + 50)))
            seen = 0
            while seen < first + 49:
                ack = w.expect("ack")["seq"]
                assert seen < ack <= first + 49
                seen = ack
        quiet.send(say("c-2", "hello there", seq=9))
        quiet.expect_silence()
        w.send(say("c-1", "no seq"))
        w.expect_silence()


def test_the_last_ack_comes_before_the_end():
    """A writer that closes its side gets its last ack and then the end."""
    with Daemon() as d, d.ingest(call_id="c-1", ack=True) as w:
        w.send(*(say("c-1", "hello there", seq=n) for n in range(1, 1001)))
        w.socket.shutdown(1)
        last = None
        while (message := w.receive()) is not None:
            last = message
        assert last == {"type": "ack", "seq": 1000}, last


def test_a_last_line_without_newline_counts():
    """What a writer sent before it hung up counts, even without its newline."""
    with Daemon() as d, d.agent("sam") as sam:
        w = d.ingest()
        w.send(b'{"call_id":"c-1","agent_id":"sam","role":"agent","text":"%s"}' % CALM.encode())
        w.close()
        assert sam.skip_to("nudge")["call_id"] == "c-1"


def test_a_call_ends_with_its_last_writer():
    """A call that two connections bound by hello ends when the second one is gone."""
    with Daemon() as d, d.agent("sam") as sam:
        a, b = d.ingest(call_id="c-1", agent_id="sam"), d.ingest(call_id="c-1", agent_id="sam")
        a.send({"role": "customer", "text": "hello"})
        b.send({"role": "agent", "text": "hello"})
        sam.expect("call_started")
        coachtest.wait_for("both lines", lambda: d.status()["lines"]["ok"] == 4)
        a.close()
        sam.expect_silence()
        b.close()
        assert sam.expect("call_ended")["reason"] == "disconnected"


def test_call_end_ends_the_call():
    """call_end ends the call, tells its agent, and a later line begins a new one."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "hello", agent_id="sam"), {"type": "call_end", "call_id": "c-1", "reason": "hangup"})
        sam.expect("call_started")
        assert sam.expect("call_ended")["reason"] == "ended"
        w.send(say("c-1", "hello again", agent_id="sam"))
        sam.expect("call_started")
        assert d.status()["calls"]["started"] == 2


def test_a_transferred_call_leaves_its_agent():
    """After a transfer nudges go to the new agent only, and both are told."""
    with Daemon() as d, d.agent("sam") as sam, d.agent("kim") as kim, d.ingest() as w:
        w.send(say("c-1", "hello", agent_id="sam"))
        sam.expect("call_started")
        w.send(say("c-1", CALM, agent_id="kim"))
        assert sam.expect("call_ended")["reason"] == "transferred"
        kim.expect("call_started")
        assert kim.expect("nudge")["agent_id"] == "kim"
        sam.expect_silence()


def test_all_connections_of_an_agent_are_served():
    """Two desktops of one agent both get the nudge."""
    with Daemon() as d, d.agent("sam") as one, d.agent("sam") as two, d.ingest() as w:
        w.send(say("c-1", CALM, agent_id="sam"))
        assert one.skip_to("nudge") == two.skip_to("nudge")
        assert d.status()["agents"] == 1


def test_a_nudge_without_an_agent_goes_nowhere():
    """A call without an agent is coached for nobody, and that is counted."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", CALM))
        coachtest.wait_for("the count", lambda: d.status()["nudges"]["held"]["no_agent"] == 1)
        sam.expect_silence()


def test_resume_sends_what_was_missed():
    """A client that reconnects gets the nudges after the one it names, and none that it has shown."""
    with Daemon() as d, d.ingest() as w:
        first = d.agent("sam")
        w.send(say("c-1", CALM, agent_id="sam"))
        seen = first.skip_to("nudge")["nudge_id"]
        first.close()
        coachtest.wait_for("the connection to go", lambda: d.status()["agents"] == 0)
        w.send(say("c-2", CALM, agent_id="sam"), say("c-3", "sorry that is our policy", agent_id="sam"))
        coachtest.wait_for("the lines", lambda: d.status()["lines"]["ok"] == 3)
        with d.agent("sam", resume=seen) as again:
            missed = [again.expect("nudge") for _ in range(2)]
            assert [n["call_id"] for n in missed] == ["c-2", "c-3"]
            again.send({"type": "shown", "nudge_id": missed[0]["nudge_id"]})
            coachtest.wait_for("the count", lambda: d.status()["nudges"]["feedback"]["shown"] == 1)
        with d.agent("sam", resume=seen) as third:
            assert third.expect("nudge")["call_id"] == "c-3"
            third.expect_silence()
        with d.agent("sam") as fresh:
            fresh.expect_silence()
        with d.agent("kim", resume="") as kim:
            kim.expect_silence()


def test_an_agent_can_mute_a_rule_in_its_own_call():
    """mute silences a rule for one call, of one's own only."""
    with Daemon() as d, d.agent("sam") as sam, d.agent("kim") as kim, d.ingest() as w:
        w.send(say("c-1", "hello", agent_id="sam"), say("c-2", "hello", agent_id="sam"))
        sam.expect("call_started"), sam.expect("call_started")
        kim.send({"type": "mute", "rule": "test-calm", "call_id": "c-2"})
        assert kim.expect("error")["code"] == "not_your_call"
        sam.send({"type": "mute", "rule": "test-calm", "call_id": "c-1"}, {"type": "ping"})
        sam.expect("pong")
        w.send(say("c-1", CALM), say("c-2", CALM))
        assert sam.expect("nudge")["call_id"] == "c-2"
        sam.expect_silence()
        nudges = d.status()["nudges"]
        assert nudges["held"]["muted"] == 1 and nudges["feedback"]["mutes"] == 1, nudges


def test_what_clients_say_is_counted_and_what_they_get_wrong_is_told():
    """shown and feedback are counted; unknown and incomplete messages get an error line and nothing worse."""
    with Daemon() as d, d.agent("sam") as sam:
        sam.send({"type": "feedback", "nudge_id": "00", "verdict": "wrong"},
                 {"type": "feedback", "nudge_id": "00", "verdict": "no"}, {"type": "mute"}, {"type": "hop"},
                 b"{\n", b'{"type":"ping","x":"\xff"}\n', b"x" * 5000 + b"\n", b"[" * 100 + b"\n", {"type": "ping"})
        codes = [sam.expect("error")["code"] for _ in range(6)]
        assert codes[:6] == ["bad_field", "missing_field", "unknown_type", "bad_json", "bad_utf8", "too_long"], codes
        sam.skip_to("pong")
        assert d.status()["nudges"]["feedback"]["wrong"] == 1


def test_a_finding_held_back_reaches_nobody():
    """A rule that fires twice within its cool-down shows once; the second is counted as held."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", CALM, agent_id="sam", segment_id="a", start_ms=0, end_ms=1000),
               say("c-1", CALM, segment_id="b", start_ms=20000, end_ms=21000))
        sam.skip_to("nudge")
        sam.expect_silence()
        assert d.status()["nudges"]["held"]["cooldown"] == 1


def test_the_same_line_gives_the_same_id():
    """A nudge's id depends on call, rule and segment only: another daemon gives the same one."""
    ids = []
    for _ in range(2):
        with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
            w.send(say("c-1", CALM, agent_id="sam", segment_id="s1"))
            ids.append(sam.skip_to("nudge")["nudge_id"])
    assert ids[0] == ids[1]


def test_latency_is_reported():
    """How long 200 nudges took from writing to reading; printed, not judged."""
    with Daemon() as d, d.agent("sam") as sam, d.ingest() as w:
        took = []
        for i in range(200):
            begin = time.perf_counter()
            w.send(say(f"c-{i}", CALM, agent_id="sam"))
            sam.skip_to("nudge")
            took.append((time.perf_counter() - begin) * 1000)
        took.sort()
        print(f"         median {took[100]:.2f} ms, 99 % {took[197]:.2f} ms")


coachtest.main(globals())
