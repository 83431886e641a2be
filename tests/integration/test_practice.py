"""coach practice: the scripted customer, the live nudges, the score and the debrief; and the records of calls that
coach replay --summary prints."""

import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile

import jsonschema
import yaml

import coachtest
from coachtest import BUILD, PATIENCE, SOURCE, validate, wait_for

COACH = BUILD / "bin" / "coach"
SCHEMA = SOURCE / "rules" / "schema" / "practice-1.schema.json"
SHIPPED = sorted((SOURCE / "rules" / "practice").glob("*.yaml"))

PACK = """\
format: 1
pack: test
version: 2026.1
language: en
signals:
  - id: customer-upset
    speaker: customer
    says:
      - this is ridiculous
  - id: customer-angry
    speaker: customer
    says:
      - i am furious
  - id: acknowledgement
    says:
      - so sorry
  - id: commitment
    says:
      - i will ...3 (call | send) you
  - id: refusal
    says:
      - we can not do that
rules:
  - id: dismissive-calm-down
    category: dismissive
    severity: important
    title: Acknowledge first
    says:
      - calm down
    message: Being told to stay calm rarely helps.
    suggest:
      - I can hear how much trouble this has caused.
    match:
      - you need to calm down
      - calm down please
      - just calm down
    no_match:
      - calm seas
      - write that down
      - the calm after
  - id: empathy-not-acknowledged
    category: empathy
    severity: important
    title: Name the feeling
    when:
      after: customer-upset
      without: acknowledgement
      within: 1 agent turn
    message: They sounded upset.
    suggest:
      - I am so sorry this has gone on so long.
"""

SCENARIO = """\
format: 1
scenario: test-call
title: A test call
about: Somebody is cross.
wants: to be heard
mood: 4
calm_at: 8
angry_at: 0
turns: 4
opening: This is ridiculous.
reactions:
  - when:
      fired: dismissive
    mood: -2
    says:
      - Do not tell me to calm down.
      - I am furious.
  - when:
      heard: commitment
      needs: acknowledgement
    mood: +3
    says:
      - Good, do that.
    hint: I will send you a new one today.
  - when:
      heard: acknowledgement
      mood_below: 6
    mood: +2
    says:
      - Thank you for saying that.
    hint: I am so sorry about that.
  - when:
      heard: commitment
      without: acknowledgement
    says:
      - Promises, promises.
otherwise:
  mood: -1
  says:
    - And?
    - And what else?
endings:
  calm: Goodbye then, and thank you.
  angry: I am leaving.
  over: I have no more time.
"""


class Folder:
    """A pack and a scenario in a folder of their own."""

    def __init__(self, scenario=SCENARIO, pack=PACK):
        self.folder = tempfile.TemporaryDirectory(prefix="practice-")
        self.pack = pathlib.Path(self.folder.name) / "pack.yaml"
        self.scenario = pathlib.Path(self.folder.name) / "scenario.yaml"
        self.pack.write_text(pack)
        self.scenario.write_text(scenario)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def play(self, *lines, code=0, args=()):
        return coach("practice", "--rules", self.pack, *args, self.scenario, stdin="".join(l + "\n" for l in lines),
                     code=code)

    def debrief(self, *lines):
        return read_debrief(self.play(*lines, args=["--json"]))


def coach(*args, stdin="", code=0):
    p = subprocess.run([str(COACH), *map(str, args)], input=stdin, capture_output=True, text=True, timeout=120)
    assert p.returncode == code, f"coach {args}: {p.returncode}\n{p.stdout}{p.stderr}"
    return p


def read_debrief(p):
    record = json.loads(p.stdout)
    validate(record, "debrief")
    return record


def customer(record):
    return [(l["text"], l["mood"]) for l in record["lines"] if l["role"] == "customer"]


def test_a_good_performance():
    """Feelings named and a promise made: the customer is calm, and the debrief says what worked."""
    with Folder() as f:
        d = f.debrief("I am so sorry about that.", "I will send you a new one today.")
    assert customer(d) == [("This is ridiculous.", 4), ("Thank you for saying that.", 6), ("Good, do that.", 9),
                           ("Goodbye then, and thank you.", 9)], d
    assert (d["end"], d["score"], d["findings"]) == ("calm", 100, []), d
    assert d["points"] == {"mood": 50, "wording": 30, "worked": 20} and d["counts"]["given"] == 2, d
    assert [(p["kind"], p["line"], p["change"]) for p in d["debrief"]] == [("worked", 1, 2), ("worked", 3, 3)], d
    assert [p["segment_id"] for p in d["summary"]["promises"]] == ["3"], d


def test_a_bad_performance():
    """Told to calm down twice, the customer leaves; the debrief names the lines and sentences that would have helped."""
    with Folder() as f:
        d = f.debrief("You need to calm down.", "Calm down please.")
    assert customer(d)[1:] == [("Do not tell me to calm down.", 2), ("I am furious.", 0), ("I am leaving.", 0)], d
    assert d["end"] == "angry" and d["points"] == {"mood": 0, "wording": 10, "worked": 0}, d
    slip, absence, missed = d["debrief"]
    assert (slip["kind"], slip["rule"], slip["line"], slip["text"]) == ("slip", "dismissive-calm-down", 1,
                                                                        "You need to calm down."), d
    assert slip["say"] == "I can hear how much trouble this has caused." and slip["change"] == -2, d
    assert (absence["rule"], absence["line"]) == ("empathy-not-acknowledged", 1), d
    assert missed["kind"] == "missed" and missed["say"] == "I will send you a new one today.", d
    angry = [t for t in d["summary"]["triggers"] if t["trigger"] == "angry"][0]
    assert angry["before"]["dismissive-calm-down"] == 1, d


def test_the_second_slip_counts_for_the_customer_and_not_for_the_score():
    """A rule in its cool-down is no second finding, and the customer minds all the same."""
    with Folder() as f:
        d = f.debrief("You need to calm down.", "Calm down please.")
    assert [x["rule"] for x in d["findings"]].count("dismissive-calm-down") == 1 and d["mood"] == 0, d


def test_a_debrief_names_a_rule_once():
    """A rule that found something twice is one point of the debrief, about the first of the lines."""
    with Folder(pack=PACK.replace("severity: important\n    title: Acknowledge", "severity: important\n    cooldown: 0s\n    title: Acknowledge")) as f:
        d = f.debrief("You need to calm down.", "Calm down please.")
    assert [x["rule"] for x in d["findings"]].count("dismissive-calm-down") == 2, d
    assert [p["line"] for p in d["debrief"] if p.get("rule") == "dismissive-calm-down"] == [1], d


def test_conditions_of_reactions():
    """A promise counts for nothing before feelings were named; `otherwise` repeats its last line; turns end."""
    with Folder() as f:
        d = f.debrief("I will send you a new one.", "Okay.", "Right.", "Fine.")
    assert customer(d)[1:] == [("Promises, promises.", 4), ("And?", 3), ("And what else?", 2), ("And what else?", 1),
                               ("I have no more time.", 1)], d
    assert d["end"] == "over", d
    with Folder(SCENARIO.replace("mood_below: 6", "mood_above: 6")) as f:
        assert customer(f.debrief("I am so sorry about that."))[1] == ("And?", 3)
    with Folder(SCENARIO.replace("mood_below: 6", "mood_below: 4")) as f:
        assert customer(f.debrief("I am so sorry about that."))[1] == ("And?", 3)
    with Folder(SCENARIO.replace("      mood_below: 6\n", "").replace("calm_at: 8", "calm_at: 9")) as f:
        d = f.debrief("I am so sorry.", "I am so sorry.")
    assert customer(d)[1:3] == [("Thank you for saying that.", 6), ("And?", 5)], d
    with Folder() as f:
        d = f.debrief("You need to calm down.", "Right.")
    assert customer(d)[1:3] == [("Do not tell me to calm down.", 2), ("And?", 1)], d


def test_nudges_that_are_followed():
    """A card that asks for something is followed when it is said within two turns, and then its finding costs half."""
    with Folder() as f:
        followed, not_followed = f.debrief("Account number please.", "I am so sorry."), f.debrief("Account number please.", "Okay.")
    assert followed["counts"]["asked"] == followed["counts"]["followed"] == 1, followed
    assert followed["findings"][0]["followed"] and followed["findings"][0]["shown"], followed
    assert not_followed["counts"]["asked"] == 1 and not_followed["counts"]["followed"] == 0, not_followed
    with Folder() as f:
        late = f.debrief("Account number please.", "Tell me your name then.", "And where do you live?", "I am so sorry.")
    assert late["counts"]["asked"] == 1 and late["counts"]["followed"] == 0, late
    assert followed["points"]["wording"] == 25 and not_followed["points"]["wording"] == 20, (followed, not_followed)


def test_what_is_shown():
    """From a pipe the call is printed at once, each card right after the line that it is about, the debrief at the end."""
    with Folder() as f:
        out = f.play("You need to calm down.", "/hint", "/quit").stdout
        leaving = f.debrief("You need to calm down.")
    line, card, reply = out.index("You need to calm down."), out.index("Being told to stay calm"), out.index("Do not tell me")
    assert line < card < reply, out
    assert "The customer wants: to be heard" in out and "Say, for example: I am so sorry about that." in out, out
    assert "You left the call. Score: " in out and "Better: I can hear how much trouble" in out, out
    assert leaving["end"] == "left", leaving


def test_lines_that_cannot_be_said():
    """A line that is not UTF-8, is far too long or is an unknown command is refused, and the call goes on."""
    with Folder() as f:
        p = subprocess.run([COACH, "practice", "--json", "--rules", f.pack, f.scenario], capture_output=True, timeout=60,
                           input=b"\xff\xfe\n" + b"long " * 5000 + b"\n/wrong\n\nI am so sorry.\n")
    assert p.returncode == 0 and p.stderr.count(b"coach practice: ") == 3, p.stderr
    assert [l["text"] for l in json.loads(p.stdout)["lines"] if l["role"] == "agent"] == ["I am so sorry."], p.stdout


def test_the_clock():
    """From a pipe a line lasts as long as its words do at 150 a minute, and the customer answers when the turn is over."""
    with Folder() as f:
        lines = f.debrief("I am so sorry about that.")["lines"]
    assert (lines[0]["start_ms"], lines[0]["end_ms"]) == (0, 1200), lines
    assert (lines[1]["start_ms"], lines[1]["end_ms"]) == (1900, 4300), lines
    assert lines[2]["start_ms"] > 6300, lines


def test_a_terminal():
    """On a terminal there is a prompt, and the customer's words come one by one."""
    with Folder() as f:
        main, other = pty.openpty()
        p = subprocess.Popen([COACH, "practice", "--speed", "20", "--rules", f.pack, f.scenario], stdin=other, stdout=other,
                             stderr=other, env={**os.environ, "NO_COLOR": "1"})
        os.close(other)
        seen = b""

        def read_to(text):
            nonlocal seen
            while text not in seen:
                seen += os.read(main, 4096)
            return True
        try:
            wait_for("the prompt", lambda: read_to(b"you> "))
            assert b"This is ridiculous." in seen, seen
            os.write(main, b"you need to calm down\n")
            wait_for("the reply", lambda: read_to(b"Do not tell me"))
            os.write(main, b"/quit\n")
            wait_for("the debrief", lambda: read_to(b"Debrief"))
            assert p.wait(PATIENCE) == 0
        finally:
            p.kill()
            p.wait()
            os.close(main)


def test_broken_scenarios():
    """A scenario with a mistake, one that is none, and one that is not there are refused with the place and a hint."""
    with Folder(SCENARIO.replace("heard: commitment", "heard: comitment", 1)) as f:
        err = f.play(code=2).stderr
        assert "scenario.yaml:19:14: error: there is no signal called 'comitment'" in err, err
        assert "did you mean 'commitment'?" in err and "1 error in the scenario" in err, err
        assert "comitment" in coach("check", f.pack, f.scenario, code=1).stdout
        assert "is no scenario" in coach("practice", f.pack, code=2).stderr
    assert "--list" in coach("practice", "no-such-scenario", code=2).stderr
    assert "--list" in coach("practice", code=2).stderr
    with Folder() as f:
        report = json.loads(coach("check", "--json", f.pack, f.scenario).stdout)
        assert report["scenarios"] == 1 and report["files"] == 2 and report["problems"] == [], report
        coach("check", "--strict", f.folder.name)


# --- the shipped scenarios ---

def need_signals():
    if not (SOURCE / "rules" / "core-en" / "signals.yaml").exists():
        coachtest.skip("the shipped pack has no signals for the scenarios to stand on")


def test_the_shipped_scenarios_are_listed():
    """At least six scenarios are shipped and listed, each under the name of its file."""
    listed = coach("practice", "--list").stdout
    assert len(SHIPPED) >= 6 and [l.split()[0] for l in listed.splitlines()] == [p.stem for p in SHIPPED], listed


MODELINE = "# yaml-language-server: $schema=../schema/practice-1.schema.json\n"


def test_the_schema_of_scenarios():
    """The schema that ships is the one of the loader's own tables, and every shipped scenario names it and keeps to it."""
    printed = coach("schema", "practice").stdout
    assert printed == SCHEMA.read_text(), f"run: build/bin/coach schema practice > {SCHEMA}"
    schema = json.loads(printed)
    jsonschema.Draft7Validator.check_schema(schema)
    assert all(p["description"] for d in [schema, *schema["definitions"].values()] for p in d.get("properties", {}).values())
    for path in SHIPPED:
        assert path.read_text().startswith(MODELINE), path
        assert (path.parent / MODELINE.split("=")[1].strip()).resolve() == SCHEMA, path
        assert list(jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(path.read_text()))) == [], path


def test_the_schema_finds_what_the_loader_finds():
    """A wrong key, value, bound or kind, and a key left out, at every level: the schema says so, and so does the loader."""
    v = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    assert list(v.iter_errors(yaml.safe_load(SCENARIO))) == []
    for old, new in (("wants: to be heard\n", ""), ("wants:", "want:"), ("mood: 4", "mood: 11"), ("mood: 4", "mood: cross"),
                     ("turns: 4", "turns: 0"), ("scenario: test-call", "scenario: Test Call"), ("mood: -2", "mood: -11"),
                     ("format: 1", "format: one"), ("      fired: dismissive", "      fires: dismissive"),
                     ("      mood_below: 6", "      mood_below: 60"), ("    hint: I am", "    hnit: I am"),
                     ("  says:\n    - And?\n    - And what else?\n", ""), ("  over: I have no more time.\n", ""),
                     ("  calm: Goodbye", "  clam: Goodbye"), ("    mood: +3\n    says:\n      - Good, do that.\n", "    mood: +3\n")):
        bad = SCENARIO.replace(old, new, 1)
        assert bad != SCENARIO, old
        assert list(v.iter_errors(yaml.safe_load(bad))), (old, new)
        with Folder(bad) as f:
            assert "scenario.yaml:" in f.play(code=2).stderr, (old, new)


def test_each_shipped_scenario_can_be_won_and_lost():
    """With the sentences of its own hints each customer becomes calm, without a finding; with two slips, or with nothing but
    questions for data, each is lost."""
    need_signals()
    coach("check", "--strict", SOURCE / "rules" / "practice")
    for path in SHIPPED:
        hints = re.findall(r"^    hint: (.*)$", path.read_text(), re.M)
        play = lambda lines: read_debrief(coach("practice", "--json", path.stem, stdin="\n".join(lines) + "\n"))
        won = play(hints)
        assert won["end"] == "calm" and won["score"] >= 90, (path.name, won)
        assert [f["rule"] for f in won["findings"] if f["severity"] != "praise"] == [], (path.name, won)
        rude = play(["You need to calm down.", "That's not my fault."] * 4)
        assert rude["end"] == "angry" and rude["score"] <= 20 and len(rude["debrief"]) == 3, (path.name, rude)
        cold = play(["Can I have your account number please?"] * 20)
        assert cold["end"] in ("angry", "over") and cold["score"] <= 40, (path.name, cold)


# --- the records of calls ---

def recording(*lines, call="c-1"):
    out = []
    for i, (role, start, text) in enumerate(lines):
        out.append({"type": "transcript", "call_id": call, "role": role, "segment_id": f"s{i}", "text": text, "start_ms": start,
                    "end_ms": start + 2000})
    return "".join(json.dumps(e) + "\n" for e in out)


CALL = [("customer", 0, "this is ridiculous"), ("agent", 3000, "we can't do that, calm down"),
        ("customer", 8000, "i am furious"), ("agent", 12000, "so sorry, I will send you a new one"), ("customer", 16000, "right")]


def test_the_record_of_a_call():
    """It counts findings, cards and those followed, says where something was promised, and what came before anger."""
    with Folder() as f:
        out = coach("replay", "--summary", "--json", "--rules", f.pack, "-", stdin=recording(*CALL)).stdout
        text = coach("replay", "--summary", "--rules", f.pack, "-", stdin=recording(*CALL)).stdout
    record, total = [json.loads(l) for l in out.splitlines()]
    validate(record, "call_summary")
    validate(total, "summary_total")
    s = record["summary"]
    assert [(x["rule"], x["found"]) for x in s["findings"]] == [("dismissive-calm-down", 1), ("empathy-not-acknowledged", 1)], s
    assert s["promises"] == [{"segment_id": "s3", "at_ms": 14000}], s
    before = {t["trigger"]: t["before"] for t in s["triggers"]}
    assert before == {"upset": {}, "angry": {"dismissive-calm-down": 1, "empathy-not-acknowledged": 1, "refusal": 1}}, s
    assert '"so sorry, I will send you a new one"' in text and "angry, 1 time; before it: " in text, text
    assert "furious" not in out and "sorry" not in out


def test_what_is_out_of_reach_came_not_before():
    """What came three agent turns before a customer's anger is not counted as before it."""
    call = [("agent", 0, "we can't do that"), ("customer", 3000, "yes"), ("agent", 6000, "okay then so"), ("customer", 9000, "no"),
            ("agent", 12000, "tell me then"), ("customer", 15000, "i am furious")]
    with Folder() as f:
        near = coach("replay", "--summary", "--json", "--rules", f.pack, "-", stdin=recording(*call[2:], call="near") +
                     recording(("agent", 0, "we can't do that"), *call[4:], call="two")).stdout
        far = coach("replay", "--summary", "--json", "--rules", f.pack, "-", stdin=recording(*call)).stdout
    assert '"refusal":1' not in far.replace(" ", ""), far
    assert json.loads(near.splitlines()[1])["summary"]["triggers"][0]["before"] == {"refusal": 1}, near


def test_records_of_many_calls():
    """The totals are the sums of the calls, with rates for each call and for a hundred turns of the agent."""
    with Folder() as f:
        calls = "".join(recording(*CALL, call=f"c-{i}") for i in range(4)) + recording(("agent", 0, "good morning"), call="c-9")
        out = coach("replay", "--summary", "--json", "--rules", f.pack, "-", stdin=calls).stdout
        text = coach("replay", "--summary", "--rules", f.pack, "-", stdin=calls).stdout
    *records, total = [json.loads(l) for l in out.splitlines()]
    assert len(records) == total["calls"] == 5 and total["agent_turns"] == 9 and total["promises"] == 4, total
    rule = [r for r in total["rules"] if r["rule"] == "dismissive-calm-down"][0]
    assert rule["found"] == rule["calls"] == 4 and rule["per_call"] == 0.8 and rule["per_100_agent_turns"] == 44.444, rule
    assert total["nudges"]["shown"] == sum(r["summary"]["nudges"]["shown"] for r in records), total
    assert total["nudges"]["followed"] == sum(r["summary"]["nudges"]["followed"] for r in records), total
    angry = total["triggers"][1]
    assert angry["times"] == angry["calls"] == 4 and angry["before"]["refusal"] == 4, angry
    assert "refusal 4 (100 %)" in text and "5 calls, 21 lines, 9 agent turns" in text, text


def test_a_call_that_comes_again():
    """A call whose id comes again after its end has a record of its own."""
    end = json.dumps({"type": "call_end", "call_id": "c-1"}) + "\n"
    with Folder() as f:
        out = coach("replay", "--summary", "--json", "--rules", f.pack, "-", stdin=(recording(*CALL) + end) * 2).stdout
    *records, total = [json.loads(l) for l in out.splitlines()]
    assert [r["summary"]["lines"] for r in records] == [5, 5] and total["calls"] == 2, out


def test_a_summary_goes_alone():
    """--summary with an option that shows the conversation is refused."""
    for other in ("--held", "--socket", "--timing"):
        assert "--summary" in coach("replay", "--summary", other, "-", code=2).stderr


if __name__ == "__main__":
    coachtest.main(globals())
