"""coach explain about calls and nudges: what happened inside a rule's condition, and what became of what it found."""

import json
import subprocess
import tempfile
from pathlib import Path

import coachtest
from coachtest import BUILD, LANGUAGES, SOURCE, Daemon

COACH = BUILD / "bin" / "coach"
VERBS = SOURCE / "tests" / "cases" / "rules" / "verbs.yaml"
BROADBAND = SOURCE / "tests" / "cases" / "broadband.ndjson"

# Critical ones are shown at once, whatever the agent does.
RULES = """\
format: 1
pack: test
version: 1
language: en
defaults:
  severity: critical
signals:
  - id: upset
    speaker: customer
    says:
      - this is ridiculous
  - id: sorry
    says:
      - so sorry
rules:
  - id: test-calm
    category: tone
    says:
      - you need to calm down
    not_in:
      - if you need to calm down
    message: Not that.
    match:
      - you need to calm down
    no_match:
      - if you need to calm down
  - id: test-unmoved
    category: tone
    when:
      after: upset
      without: sorry
      within: 1 agent turn
    message: Say that you heard them.
"""


def line(segment, role, text, start, end, call="c-1", **more):
    return {"call_id": call, "segment_id": segment, "role": role, "text": text, "start_ms": start, "end_ms": end, **more}


UNMOVED = [line("s1", "customer", "well this is ridiculous", 1000, 3000), line("s2", "agent", "your number", 4000, 5000),
           line("s3", "customer", "four one", 5500, 6000)]


def explain(*words, code):
    done = subprocess.run([COACH, "explain", "--languages", LANGUAGES, *words], capture_output=True, text=True,
                          encoding="utf-8", timeout=60)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout if code < 2 else done.stderr


def explain_events(events, rule, *more, code, rules=RULES):
    with tempfile.TemporaryDirectory() as folder:
        call, pack = Path(folder) / "call.ndjson", Path(folder) / "test.yaml"
        call.write_text("".join(json.dumps(e) + "\n" for e in events))
        pack.write_text(rules)
        return explain("--rules", pack, "--call", call, *more, rule, code=code)


def in_order(text, *parts):
    """Each part comes in the text, after the one before."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not in, or not in its place: {text}"
        at = found + len(part)


def test_a_condition_is_told_as_it_went():
    """What was heard, the window that opened and closed, and what held the card are told with their times."""
    text = explain("--rules", VERBS, "--call", BROADBAND, "verb-after-turns", code=1)
    in_order(text, "verb-after-turns in call demo-broadband", "after upset, without sorry, within 2 agent turns",
             "00:03 customer", '00:10.2  heard upset: "third time"', "00:10.2  the window opens: 2 agent turns",
             "00:10 agent", "the window closes: nothing of sorry was heard", "the condition comes true: fires",
             "00:29.6  held back: gap, on segment s5", "it fired: 2, shown: 0")
    assert "The light in your fibre" in text and "I'm looking at it now" in text
    assert "So there's an LOS alarm" not in text, "a line that does not matter"


def test_what_undoes_a_condition_is_told():
    """When the thing was said in time, it says so, and that nothing came of it."""
    events = UNMOVED[:1] + [line("s2", "agent", "i am so sorry", 4000, 5000)] + UNMOVED[2:]
    text = explain_events(events, "test-unmoved", code=0)
    in_order(text, 'heard upset: "this is ridiculous"', "the window opens: 1 agent turn", 'heard sorry: "so sorry"',
             "nothing comes of it", "it did not fire")
    assert "fires" not in text


def test_a_signal_with_a_condition_is_taken_apart():
    """What happened inside the condition of a signal is told under its name."""
    text = explain("--rules", VERBS, "--call", BROADBAND, "verb-chain", code=1)
    in_order(text, "unmoved: the window opens: 1 agent turn", "unmoved: its condition comes true", "heard unmoved",
             "heard: 2 of 2", "shown", "it fired: 1, shown: 1")


def test_a_phrase_rule_names_the_line_to_look_at():
    """A line with the words of a phrase and no match, or with an exception, gives the command that explains it."""
    events = [line("s1", "agent", "you need to $5 come calm it down", 0, 3000),
              line("s2", "agent", "if you need to calm down", 9000, 11000),
              line("s3", "agent", "the weather is fine", 19000, 21000),
              line("s4", "customer", "you need to calm it down", 29000, 31000),
              line("s5", "agent", "you need to calm down", 39000, 41000)]
    text = explain_events(events, "test-calm", code=1)
    in_order(text, "some of its words, and no match: coach explain test-calm \"you need to \\$5 come calm it down\"",
             "an exception keeps it quiet: coach explain test-calm \"if you need to calm down\"", "00:39 agent",
             "shown, on segment s5", "it fired: 1, shown: 1")
    assert "weather" not in text and "customer" not in text


def test_one_call_of_several():
    """--call-id chooses one call of the recording; one that is not there is an error."""
    events = UNMOVED + [line("s1", "agent", "you need to calm down", 0, 1000, call="c-2")]
    both = explain_events(events, "test-calm", code=1)
    in_order(both, "in call c-1", "in call c-2", "shown")
    assert "c-2" not in explain_events(events, "test-calm", "--call-id", "c-1", code=0)
    assert "c-1" not in explain_events(events, "test-calm", "--call-id", "c-2", code=1)
    assert "holds no call c-3" in explain_events(events, "test-calm", "--call-id", "c-3", code=2)


def test_interim_results_and_what_is_taken_back():
    """A finding that an interim result decided is told at that result, and that it was taken back at the final."""
    events = [line("s1", "agent", "you need to calm down now", 0, 2000, is_final=False),
              line("s1", "agent", "you need to come down now", 0, 2500)]
    text = explain_events(events, "test-calm", code=1)
    in_order(text, "calm down now", "shown, decided by an interim result", "come down now",
             "taken back: the words were revised", "taken back: 1")


def test_json_for_programs():
    """With --json every entry is an object of a line, the last one with the sums."""
    entries = [json.loads(one) for one in explain_events(UNMOVED, "test-unmoved", "--json", code=1).splitlines()]
    assert [e["kind"] for e in entries if e["kind"] != "line"] == [
        "call", "moment", "moment", "moment", "moment", "finding", "end"], entries
    assert [e["moment"] for e in entries if e["kind"] == "moment"] == ["heard", "opened", "closed", "fired"]
    assert entries[0]["condition"] == "after upset, without sorry, within 1 agent turn"
    assert entries[-1]["fired"] == 1 and entries[-1]["shown"] == 1
    assert all(e["call_id"] == "c-1" and e["rule"] == "test-unmoved" for e in entries)


def test_wrong_use_says_what_to_do():
    """Options that do not go together, an unknown rule and a file that is not there end with 2 and a hint."""
    assert "did you mean 'verb-count'" in explain("--rules", VERBS, "--call", BROADBAND, "verb-cuont", code=2)
    assert "without a rule" in explain("--nudge", "0123456789abcdef", "verb-count", code=2)
    assert "--call FILE" in explain("--call-id", "x", "verb-count", "hello", code=2)
    assert "which rule" in explain("--call", BROADBAND, code=2)
    assert "nowhere.ndjson" in explain("--rules", VERBS, "--call", "nowhere.ndjson", "verb-count", code=2)
    assert "coach explain --call FILE" in explain("--rules", VERBS, "verb-count", "hello", code=2)


def feed(d, events):
    """Sends events to the daemon, and returns when they have taken effect."""
    with d.ingest(call_id="c-1", agent_id="sam", ack=True) as w:
        w.send(*({**e, "seq": i} for i, e in enumerate(events)))
        while w.expect("ack")["seq"] < len(events) - 1:
            pass


def found_by_replay(d, events):
    """The first finding of the same events, replayed: its id is the same everywhere."""
    with tempfile.TemporaryDirectory() as folder:
        call = Path(folder) / "call.ndjson"
        call.write_text("".join(json.dumps(e) + "\n" for e in events))
        done = subprocess.run([COACH, "replay", "--json", "--held", "--rules", d.rules, "--languages", LANGUAGES, call],
                              capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[0])["nudge_id"]


def test_the_daemon_knows_why():
    """Of a nudge that was sent the daemon tells rule, phrase or condition, times and moments, and no word of the call."""
    calm = [line("s9", "agent", "well you need to calm down", 1000, 2000)]
    with Daemon(rules=RULES) as d:
        feed(d, calm)
        reply = d.control("explain", nudge_id=found_by_replay(d, calm))
        assert {k: reply[k] for k in ("rule", "phrase", "call_id", "segment_id", "end_ms", "interim")} == {
            "rule": "test-calm", "phrase": 1, "call_id": "c-1", "segment_id": "s9", "end_ms": 2000, "interim": False}
        assert "held" not in reply and "moments" not in reply and "calm down" not in json.dumps(reply), reply
    with Daemon(rules=RULES) as d:
        feed(d, UNMOVED)
        nudge_id = found_by_replay(d, UNMOVED)
        reply = d.control("explain", nudge_id=nudge_id)
        assert reply["condition"] == "after upset, without sorry, within 1 agent turn", reply
        assert [m["moment"] for m in reply["moments"]] == ["opened", "closed", "fired"], reply
        assert "ridiculous" not in json.dumps(reply)
        text = explain("--nudge", nudge_id, "--runtime-dir", d.run, code=0)
        in_order(text, "test-unmoved (rev 1): shown", "after upset, without sorry", "opened", "closed", "fired")


def test_the_daemon_knows_what_was_held_back():
    """A finding that was held back, or taken back, is explained by its id too."""
    with Daemon(rules=RULES.replace("severity: critical", "severity: critical\n  mode: shadow")) as d:
        final = line("s1", "agent", "you need to calm down now", 1000, 2000)
        feed(d, [{**final, "is_final": False}, {**final, "text": "you need to come down now"}])
        reply = d.control("explain", nudge_id=found_by_replay(d, [final]))
        assert (reply["held"], reply["withdrawn"], reply["interim"]) == ("shadow", "revised", True), reply


def test_the_daemon_forgets():
    """The last 256 findings are known, no older one; an id that is none of them is an error."""
    with Daemon(rules=coachtest.TIRELESS) as d, d.agent("sam") as sam, d.ingest() as w:
        ids = []
        for i in range(257):
            w.send({"agent_id": "sam", **line(f"s{i}", "agent", "you need to calm down", i * 3000, i * 3000 + 2000,
                                              call=f"c-{i // 100}")})
            ids.append(sam.skip_to("nudge")["nudge_id"])
        assert d.control("explain", nudge_id=ids[1])["segment_id"] == "s1"
        assert "last 256" in d.control("explain", nudge_id=ids[0])["message"]
        assert d.control("explain")["type"] == "error"
        assert "last 256" in explain("--nudge", "nonsense", "--runtime-dir", d.run, code=2)


if __name__ == "__main__":
    coachtest.main(globals())
