"""The tools that tune rules: explain, sample, try --watch, and the schema for editors."""

import copy
import datetime
import json
import os
import pty
import signal
import subprocess
import tempfile

import jsonschema

import coachtest
from coachtest import BUILD, SOURCE, Rules, wait_for

COACH = BUILD / "bin" / "coach"
SCHEMA = SOURCE / "rules" / "schema" / "rules-1.schema.json"
PACK = sorted((SOURCE / "rules" / "core-en").glob("*.yaml"))
BESIDE = SOURCE.parent / "shared" / "design"
MODELINE = "# yaml-language-server: $schema=../schema/rules-1.schema.json\n"

RULES = """\
format: 1
pack: test
lists:
  reason:
    - policy
    - the (rules | terms)
signals:
  - id: upset
    speaker: customer
    says:
      - this is ridiculous
rules:
  - id: test-calm
    category: tone
    says:
      - you need to (calm | settle | quiet) ...1 down
      - against <reason>
    not_in:
      - once you need to settle down period
    unless:
      - i would not (ask | tell) you
    message: You said {reason}.
    match:
      - you need to quiet down
      - it is against policy
    no_match:
      - once you need to settle down period
      - I would not tell you that you need to calm down
  - id: test-swap
    category: jargon
    swap:
      RMA: return number
    message: Say {plain}.
    match:
      - the RMA
    no_match:
      - the r m number
  - id: test-shadow
    category: tone
    mode: shadow
    speaker: customer
    says:
      - so what
    message: m
    match:
      - so what
    no_match:
      - so it is
  - id: test-disabled
    category: tone
    mode: disabled
    speaker: either
    says:
      - never mind
    message: m
    match:
      - never mind
    no_match:
      - never
  - id: test-covered
    category: tone
    says:
      - whatever
    not_in:
      - whatever <end>
    message: m
    match:
      - whatever you say
    no_match:
      - whatever
  - id: test-wide
    category: tone
    says:
      - (get | have | take) (a | the | your) ...2 (refund | escalat*) (now | today)?
      - <number> ~refund
    message: m
    match:
      - take the refund
      - two refunds
    no_match:
      - a refund
  - id: test-later
    category: tone
    when:
      count: upset
      at_least: 2
      within: 90s
    message: m
"""


def coach(*args, code=None):
    p = subprocess.run([str(COACH), *map(str, args)], capture_output=True, text=True, timeout=120)
    assert code is None or p.returncode == code, f"coach {args}: {p.returncode}\n{p.stdout}{p.stderr}"
    return p


def explain(path, rule, text, *options, code):
    """What explain says, as text without the differences of layout, and as JSON."""
    out = coach("explain", "--rules", path, *options, rule, text, code=code).stdout
    report = json.loads(coach("explain", "--json", "--rules", path, *options, rule, text, code=code).stdout)
    assert report["fires"] == (code == 1), report
    return out, report


# --- explain ---


def test_explain_says_how_far_a_phrase_came():
    """explain shows the line as heard, the words that matched, what was wanted next and what stood there, and what the prefilter lacks."""
    with Rules(RULES) as path:
        out, report = explain(path, "test-calm", "Sir, you need to come DOWN!", code=0)
    assert "heard: sir you need to come down\n" in out, out
    assert 'matched "you need to", then wanted calm, settle or quiet, saw "come"\n' in out, out
    assert "not begun: wanted against\n" in out and "no calm, settle or quiet\n" in out, out
    first, second = report["phrases"]
    assert (first["met"], first["wanted"], first["saw"]) == (["you", "need", "to"], ["calm", "settle", "quiet"], ["come"])
    assert first["lacks"] == ["calm", "settle", "quiet"] and first["line"] == 16 and not first["matches"], first
    assert second["met"] == [] and report["heard"] == ["sir", "you", "need", "to", "come", "down"], report


def test_explain_says_what_a_gap_let_pass_and_where_the_line_ended():
    """Behind a gap explain says how many words were allowed; at the end of the line it says so."""
    with Rules(RULES) as path:
        out, _ = explain(path, "test-calm", "you need to calm it all down", code=0)
        assert 'matched "you need to calm", then wanted down at most 1 word on, saw "it all"\n' in out, out
        out, _ = explain(path, "test-calm", "that goes against the", code=0)
        assert 'matched "against the", then wanted rules or terms, but the line ended\n' in out, out
        out, _ = explain(path, "test-calm", "", code=0)
        assert "heard: no words\n" in out, out


def test_explain_quotes_what_was_said():
    """Where the rule fires, explain quotes the words as they were said and exits 1."""
    with Rules(RULES) as path:
        out, report = explain(path, "test-calm", "well You need, um, to CALM yourself down, sir", code=1)
        assert 'matched "You need, um, to CALM yourself down"\n' in out and "test-calm (rev 1): fires\n" in out, out
        assert report["phrases"][0]["said"] == "You need, um, to CALM yourself down" and report["verdict"] == "fires"
        out, report = explain(path, "test-swap", "I'll raise an r.m.a. now", code=1)
        assert 'term 1: RMA\n       matched "r.m.a"' in out, out


def test_explain_names_the_exception():
    """A not_in is named with the words it spans, an unless with the words that hold; the exit code is 0."""
    with Rules(RULES) as path:
        out, report = explain(path, "test-calm", "once you need to settle down period", code=0)
        assert report["phrases"][0]["not_in"] == 1 and report["verdict"] == "kept quiet by not_in", report
        assert 'matched "you need to settle down", but inside "once you need to settle down period": not_in 1, once' in out
        out, report = explain(path, "test-calm", "I wouldn't tell you that you need to calm down", code=0)
        assert [(u["number"], u["said"]) for u in report["unless"]] == [(1, "I wouldn't tell you")], report
        assert report["phrases"][0]["matches"] and report["verdict"] == "kept quiet by unless", report
        assert 'unless 1: i would not (ask | tell) you\n       holds: "I wouldn\'t tell you"\n' in out, out
        # one match inside the exception, another outside
        both = "once you need to settle down period, but you need to calm down"
        _, report = explain(path, "test-calm", both, code=1)
        assert report["phrases"][0]["said"] == "you need to calm down" and "not_in" not in report["phrases"][0], report


def test_explain_remarks_on_speaker_and_mode():
    """explain says whom a rule listens to, that it is a shadow or disabled, and what a customer's use of a term does."""
    with Rules(RULES) as path:
        out, _ = explain(path, "test-calm", "you need to calm down", "--role", "customer", code=0)
        assert "does not listen to this speaker" in out and "listens to the agent only" in out, out
        out, _ = explain(path, "test-shadow", "so what", code=1)
        assert "listens to the customer only" in out and "shadow" in out, out
        explain(path, "test-shadow", "so what", "--role", "agent", code=0)
        out, _ = explain(path, "test-disabled", "never mind", code=0)
        assert "it is disabled" in out and "listens" not in out, out
        out, _ = explain(path, "test-swap", "hello", code=0)
        assert "once the customer has used it" in out, out


def test_explain_shows_the_regex_last():
    """With --regex what each phrase was compiled to comes last; without it no pattern is shown."""
    with Rules(RULES) as path:
        out, report = explain(path, "test-calm", "hello", "--regex", code=0)
        assert out.index("phrase 2") < out.index("compiled:") < out.index("(?<= )"), out
        assert "(?<c0>" in report["phrases"][1]["regex"], report
        out, report = explain(path, "test-calm", "hello", code=0)
        assert "(?<= )" not in out and "regex" not in report["phrases"][0], out


def test_explain_says_when_a_match_was_given_up():
    """A phrase that a line makes too costly is said to be given up, as it is in a live call."""
    costly = RULES.replace("- never mind", "- go ...15 go ...15 go ...15 go ...15 stop").replace("mode: disabled", "mode: live")
    with Rules(costly) as path:
        out, report = explain(path, "test-disabled", "go " * 70 + "stop", code=0)
    assert "given up: " in out and report["phrases"][0]["given_up"] is True, out


def test_explain_refuses_what_it_cannot_do():
    """A rule that is not there, one over the conversation, a missing text and text that is not UTF-8 are exit 2 with a hint."""
    with Rules(RULES) as path:
        assert "did you mean 'test-calm'" in coach("explain", "--rules", path, "test-clam", "x", code=2).stderr
        assert "conversation" in coach("explain", "--rules", path, "test-later", "x", code=2).stderr
        assert "For example" in coach("explain", "--rules", path, "test-calm", code=2).stderr
        assert "UTF-8" in coach("explain", "--rules", path, "test-calm", b"\xff".decode(errors="surrogateescape"), code=2).stderr
        path.write_text(RULES.replace("message: m\n", "mesage: m\n"))
        assert "did you mean 'message'" in coach("explain", "--rules", path, "test-calm", "x", code=2).stderr


def test_explain_is_safe_for_the_screen():
    """Control characters of the text never reach the screen, and colours only a terminal."""
    with Rules(RULES) as path:
        p = coach("explain", "--rules", path, "test-calm", "you need \x1b to\x07 calm \x9b down \x1b[0m", code=1)
        assert not set("\x1b\x07\x9b") & set(p.stdout), repr(p.stdout)
        p = coach("explain", "--rules", path, "test\x1b[31m", "x", code=2)
        assert "\x1b" not in p.stderr, repr(p.stderr)
        terminal, ours = pty.openpty()
        with subprocess.Popen([COACH, "explain", "--rules", path, "test-calm", "x"], stdout=ours,
                              env={k: v for k, v in os.environ.items() if k != "NO_COLOR"}) as p:
            os.close(ours)
            assert p.wait(60) == 0
        assert b"\x1b[1m" in os.read(terminal, 65536)
        os.close(terminal)


# --- sample ---


def sentences(path, rule, *options):
    lines = coach("sample", "--json", "--rules", path, *options, rule, code=0).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_sample_makes_sentences_that_fire():
    """sample gives twenty different sentences over all phrases, and the engine fires on each of them."""
    with Rules(RULES) as path:
        made = sentences(path, "test-wide")
        assert len(made) == 20 and len({s["sentence"] for s in made}) == 20, made
        assert {s["phrase"] for s in made} == {1, 2} and all(s["fires"] for s in made), made
        for s in made[:6]:
            explain(path, "test-wide", s["sentence"], code=1)
        text = coach("sample", "--rules", path, "--count", "3", "test-wide", code=0).stdout
        assert [line.split(None, 1)[1] for line in text.splitlines()] == [s["sentence"] for s in made[:3]], text


def test_sample_is_the_same_for_a_seed():
    """The same seed gives the same sentences, another gives others."""
    with Rules(RULES) as path:
        assert sentences(path, "test-wide", "--seed", "5") == sentences(path, "test-wide", "--seed", "5")
        assert sentences(path, "test-wide", "--seed", "5") != sentences(path, "test-wide", "--seed", "6")


def test_sample_shows_what_an_exception_keeps_quiet():
    """A sentence that an exception silences is shown as such and not counted; a rule with nothing else is exit 2."""
    text = RULES.replace("once you need to settle down period", "you need to settle ...1 down")
    with Rules(text) as path:
        made = sentences(path, "test-calm", "--count", "40")
        quiet = [s for s in made if s.get("kept_quiet_by") == "not_in"]
        assert quiet and all("settle" in s["sentence"] and not s["fires"] for s in quiet), made
        assert sum(s["fires"] for s in made) == 40, made
        assert "(kept quiet by not_in)" in coach("sample", "--rules", path, "test-calm", code=0).stdout
        assert "that is all: 2 sentences" in coach("sample", "--rules", path, "test-swap", code=0).stdout
        assert "exceptions" in coach("sample", "--rules", path, "test-covered", code=2).stderr
        coach("sample", "--rules", path, code=2)
        coach("sample", "--rules", path, "test-later", code=2)


def test_sample_works_for_every_rule_of_the_pack():
    """Rules of the shipped pack, wherever they stand: those that have phrases give sentences. The sentences themselves are
    held against the phrases of all rules in tests/unit/test_trace.c."""
    rules = [line.split(": ")[1].strip() for file in PACK for line in file.read_text().partition("\nrules:\n")[2].splitlines()
             if line.startswith("  - id: ")]
    assert len(rules) >= 30
    for rule in rules[::17]:
        p = coach("sample", "--count", "5", rule)
        assert p.returncode == 0 and p.stdout or "regular expression" in p.stderr or "conversation" in p.stderr, (rule, p)


# --- try --watch ---


class Watching:
    """try --watch beside the test, its verdicts and its remarks read as they come."""

    def __init__(self, path, *words, **popen):
        self.output = tempfile.TemporaryFile()
        self.remarks = tempfile.TemporaryFile()
        popen = {"stdout": self.output, "stderr": self.remarks, **popen}
        self.process = subprocess.Popen([COACH, "try", "--watch", "--rules", path, *words], **popen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.output.close()
        self.remarks.close()

    @staticmethod
    def read(file):
        return os.pread(file.fileno(), 1 << 20, 0).decode()

    def expect(self, needle, times=1):
        wait_for(f"{times} x {needle!r}", lambda: (self.read(self.output) + self.read(self.remarks)).count(needle) >= times)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


def save_by_renaming(path, text):
    """As editors do: a new file beside the old one, moved over it."""
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    beside.rename(path)


def test_watch_tries_again_on_each_save():
    """A save gives the new verdict, one with mistakes the mistakes, and a mended file the verdict again, until Ctrl-C."""
    with Rules(RULES) as path, Watching(path, "you need to come down") as w:
        w.expect("nothing: ")
        path.write_text(RULES.replace("calm | settle", "come | calm | settle"))
        w.expect("rule test-calm")
        save_by_renaming(path, RULES.replace("(calm | settle", "(calm | settle |"))
        w.expect("[empty-alternative]")
        w.expect("1 error: mend it and save")
        save_by_renaming(path, RULES.replace("calm | settle", "come | calm | settle"))
        w.expect("rule test-calm", 2)
        assert w.read(w.remarks).count("saved, and tried again") == 3, w.read(w.remarks)
        assert w.stop() == 0


def test_watch_outlives_a_file_that_goes_away():
    """A file that is deleted for a while is said to be missing and taken up when it is back; a new file in a folder counts too."""
    with Rules(RULES) as path, Watching(path.parent, "so what", "--role", "customer") as w:
        w.expect("rule test-shadow")
        path.unlink()
        w.expect("no file named *.yaml")
        path.write_text(RULES)
        w.expect("rule test-shadow", 2)
        (path.parent / "more.yaml").write_text("format: 1\npack: more\nrules:\n  - id: more-so\n    category: tone\n"
                                               "    speaker: customer\n    says:\n      - so what\n    message: m\n"
                                               "    match:\n      - so what\n    no_match:\n      - so it is\n")
        w.expect("rule more-so")
        assert w.stop() == 0


def test_watch_is_quiet_while_nothing_changes():
    """Without a change nothing is said; with --json the output holds wire lines only."""
    with Rules(RULES) as path, Watching(path, "--json", "you need to calm down") as w:
        w.expect('"test-calm"')
        os.utime(path)
        path.write_text(RULES + "# a remark\n")
        w.expect('"test-calm"', 2)
        lines = [json.loads(line) for line in w.read(w.output).splitlines()]
        assert [line["rule"] for line in lines] == ["test-calm"] * 2, lines
        assert w.stop() == 0


def test_watch_on_a_terminal_and_into_a_closed_pipe():
    """On a terminal it says how to end it and ends at Ctrl-C; when the reader of its output goes, so does it."""
    with Rules(RULES) as path:
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(COACH, [str(COACH), "try", "--watch", "--rules", str(path), "hello there"])
        seen = b""
        while b"nothing: " not in seen:
            seen += os.read(terminal, 4096)
        assert b"Ctrl-C ends it" in seen, seen
        os.write(terminal, b"\x03")
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        assert os.waitstatus_to_exitcode(status) == 0, status
        with Watching(path, "hello there", stdout=subprocess.PIPE) as w:
            assert w.process.stdout.readline().startswith(b"nothing: ")
            w.process.stdout.close()
            w.process.wait(20)


def test_watch_needs_a_text_and_files():
    """Without a text --watch is refused with an example; so is a path that is not there."""
    with Rules(RULES) as path:
        p = coach("try", "--watch", "--rules", path, code=2)
        assert "coach try --watch" in p.stderr, p.stderr
    assert "/no/such" in coach("try", "--watch", "--rules", "/no/such", "x", code=2).stderr


# --- the schema ---


def as_an_editor_reads(path):
    """The file as plain values, with the types that YAML gives them."""
    try:
        import yaml
    except ImportError:
        coachtest.skip("python3-yaml is not installed")

    def plain(v):
        if isinstance(v, dict):
            return {str(k): plain(x) for k, x in v.items()}
        if isinstance(v, list):
            return [plain(x) for x in v]
        return v.isoformat() if isinstance(v, datetime.date) else v
    return plain(yaml.safe_load(path if isinstance(path, str) else path.read_text()))


def validator():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def complaints(v, document):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in v.iter_errors(document)]


def test_schema_is_the_loaders():
    """The schema that ships is the one that the loader's own tables give, and explains its keys."""
    printed = coach("schema", code=0).stdout
    assert printed == SCHEMA.read_text(), "run: build/bin/coach schema > rules/schema/rules-1.schema.json"
    rule = json.loads(printed)["definitions"]["rule"]
    assert rule["additionalProperties"] is False and rule["properties"]["says"]["description"]
    assert rule["properties"]["severity"]["enum"] == ["critical", "important", "hint", "praise"]
    assert rule["properties"]["per_call"]["maximum"] == 100
    assert "exit codes:" in coach("schema", "--help", code=0).stdout
    assert coach("schema", "rules", code=0).stdout == printed
    assert "'x'" in coach("schema", "x", code=2).stderr and "'practice'" in coach("schema", "practice", "practice", code=2).stderr


def test_shipped_files_name_the_schema_and_keep_to_it():
    """Every shipped rule file begins with the modeline, which leads to the schema, and is valid under it."""
    v = validator()
    assert len(PACK) >= 4
    for file in PACK:
        assert file.read_text().startswith(MODELINE), file
        assert (file.parent / MODELINE.split("=")[1].strip()).resolve() == SCHEMA, file
        assert complaints(v, as_an_editor_reads(file)) == [], file


def test_example_files_keep_to_the_schema():
    """The example pack and the example site beside the source tree are valid under the schema."""
    if not BESIDE.is_dir():
        coachtest.skip("the examples are not beside the source tree")
    v = validator()
    for name in ("example-pack", "example-site"):
        assert complaints(v, as_an_editor_reads(BESIDE / f"{name}.rules.yaml")) == [], name


def test_schema_finds_mistakes():
    """A wrong key, choice, bound, kind and combination each fail the schema, at every level; odd words do not."""
    v = validator()
    good = as_an_editor_reads(RULES)
    good["rules"][0]["says"] += [24, None, True]
    good["rules"][0]["suggest"] = "one sentence"
    good["defaults"] = {"cooldown": "1.5m", "min_confidence": 0.4, "final_only": True}
    good["limits"] = {"gap": "15s"}
    good["version"] = 2026.1
    assert complaints(v, good) == []
    faults = [
        lambda d: d.update(ruls=[]), lambda d: d.pop("format"), lambda d: d.pop("pack"), lambda d: d.update(site="x"),
        lambda d: d["rules"][0].update(mesage="m"), lambda d: d["rules"][0].pop("message"),
        lambda d: d["rules"][0].update(severity="hnit"), lambda d: d["rules"][0].update(per_call=0),
        lambda d: d["rules"][0].update(cooldown="1 minute"), lambda d: d["rules"][0].update(id="Calm Down"),
        lambda d: d["rules"][0].update(says="calm down"), lambda d: d["rules"][0].update(says=[["calm"]]),
        lambda d: d["rules"][0].update(regex="calm"), lambda d: d["rules"][0].pop("says"),
        lambda d: d["rules"][1].update(swap=["RMA"]), lambda d: d["rules"][-1]["when"].pop("within"),
        lambda d: d["rules"][-1]["when"].update(then="x"), lambda d: d["signals"][0].update(message="m"),
        lambda d: d["signals"][0].pop("says"), lambda d: d["defaults"].update(says=["x"]),
        lambda d: d["defaults"].update(min_confidence=2), lambda d: d["limits"].update(gap=15),
        lambda d: d["lists"].update(reason="policy"), lambda d: d.update(rules={}),
    ]
    for number, fault in enumerate(faults):
        bad = copy.deepcopy(good)
        fault(bad)
        assert complaints(v, bad), f"fault {number} was not found"


if __name__ == "__main__":
    coachtest.main(globals())
