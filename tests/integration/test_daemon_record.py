"""The record of a call, which goes to the agent's desktop when the call ends."""

import json

import coachtest
from coachtest import RULES, Daemon, say

SIGNALS = """\
signals:
  - id: customer-angry
    speaker: customer
    says:
      - i am furious
  - id: commitment
    says:
      - i will ...2 (call | send)
  - id: refusal
    says:
      - we can not do that
"""
CALM = "well you need to calm down"


def ended(client):
    return client.skip_to("call_ended")["summary"]


def test_the_record_at_the_end_of_a_call():
    """call_ended holds what was found, shown and promised, what came before anger, and no word that was said."""
    with Daemon(rules=RULES + SIGNALS) as d, d.ingest() as w, d.agent("sam") as sam:
        w.send(say("c-1", "we can't do that", agent_id="sam", segment_id="s1"), say("c-1", CALM, segment_id="s2"),
               say("c-1", "i am furious", "customer", segment_id="s3"), say("c-1", "I will send it", segment_id="s4"),
               {"type": "call_end", "call_id": "c-1"})
        record = ended(sam)
    assert record["lines"] == 4 and record["agent_turns"] == 2, record
    assert [(f["rule"], f["found"], f["shown"]) for f in record["findings"]] == [("test-calm", 1, 1)], record
    assert [p["segment_id"] for p in record["promises"]] == ["s4"], record
    assert [(t["trigger"], t["before"]) for t in record["triggers"]] == [("angry", {"refusal": 1, "test-calm": 1})], record
    assert "furious" not in json.dumps(record), record


def test_each_agent_gets_the_record_of_their_part():
    """After a transfer the first agent has the record up to it, and the second that of what came then."""
    with Daemon(rules=RULES + SIGNALS) as d, d.ingest() as w, d.agent("sam") as sam, d.agent("kim") as kim:
        w.send(say("c-1", CALM, agent_id="sam", segment_id="s1"), say("c-1", "hm", "customer", segment_id="s2"),
               say("c-1", "I will call", agent_id="kim", segment_id="s3"), {"type": "call_end", "call_id": "c-1"})
        first, second = ended(sam), ended(kim)
    assert [f["rule"] for f in first["findings"]] == ["test-calm"] and first["nudges"]["shown"] == 1, first
    assert first["promises"] == [] and first["lines"] == 2, first
    assert second["findings"] == [] and second["nudges"]["shown"] == 0 and second["lines"] == 1, second
    assert [p["segment_id"] for p in second["promises"]] == ["s3"], second


def test_two_calls_do_not_mix():
    """What was heard in one call is in the record of no other."""
    with Daemon(rules=RULES + SIGNALS) as d, d.ingest() as w, d.agent("sam") as sam:
        for i in range(3):
            w.send(say("c-1", "I will call", agent_id="sam", segment_id=f"s{i}"), say("c-2", "right", agent_id="sam", segment_id=f"s{i}"))
        w.send({"type": "call_end", "call_id": "c-2"}, {"type": "call_end", "call_id": "c-1"})
        other, own = ended(sam), ended(sam)
    assert other["promises"] == [] and len(own["promises"]) == 3, (other, own)


def test_the_record_is_bounded():
    """Of promises the first 16 are kept, and what is left out is counted."""
    with Daemon(rules=RULES + SIGNALS) as d, d.ingest() as w, d.agent("sam") as sam:
        w.send(*(say("c-1", f"I will call {i}", agent_id="sam", segment_id=f"s{i}") for i in range(40)),
               {"type": "call_end", "call_id": "c-1"})
        record = ended(sam)
    assert len(record["promises"]) == 16 and record["left_out"] == 24, record


if __name__ == "__main__":
    coachtest.main(globals())
