"""Call tests: coach test runs the screenplays of rule files, coach record writes them from recorded calls."""

import contextlib
import json
import pathlib
import re
import subprocess
import tempfile

import coachtest
from coachtest import BUILD, SOURCE

COACH = BUILD / "bin" / "coach"
PACK = SOURCE / ".." / "shared" / "design" / "example-pack.rules.yaml"
SITE = SOURCE / ".." / "shared" / "design" / "example-site.rules.yaml"
VERBS = SOURCE / "tests" / "cases" / "rules" / "verbs.yaml"
CASES = sorted((SOURCE / "tests" / "cases").glob("*.ndjson"))

RULES = """\
format: 1
pack: test
rules:
  - id: test-calm
    category: tone
    message: m
    says:
      - you need to calm down
    match:
      - you need to calm down
    no_match:
      - you need to sit down
  - id: test-policy
    category: policy
    message: m
    says:
      - that is our policy
    match:
      - that is our policy
    no_match:
      - that is our house
"""
TESTS = """\
tests:
  - name: told to calm down
    call: |
      00:00 customer: where is my parcel
      00:03 agent: you need to calm down
        => test-calm
      00:07 customer: I do not
  - name: nothing at all
    call: |
      00:00 agent: hello
"""


def coach(*args, code=None):
    p = subprocess.run([str(COACH), *map(str, args)], capture_output=True, text=True, timeout=120)
    assert code is None or p.returncode == code, f"coach {args}: {p.returncode}\n{p.stdout}{p.stderr}"
    return p


@contextlib.contextmanager
def file_of(text, name="rules.yaml"):
    with tempfile.TemporaryDirectory(prefix="calltest-") as folder:
        path = pathlib.Path(folder) / name
        path.write_text(text)
        yield path


def run(text, *options, code=None):
    """What coach test prints for a rule file of this text."""
    with file_of(text) as path:
        return coach("test", *options, path, code=code).stdout.replace(str(path), path.name)


def report(*paths):
    p = coach("test", "--json", *paths)
    return json.loads(p.stdout), p.returncode


def failures(text):
    """(line, kind, rule) of each failure of the tests in a rule file of this text; none when it passes."""
    with file_of(text) as path:
        found, code = report(path)
    failed = [(f["line"], f["kind"], f["rule"]) for test in found["tests"] for f in test["findings"]
              if f["kind"] in ("missing", "unlisted")]
    assert code == (1 if failed else 0) and bool(failed) == (found["failed"] > 0), found
    return failed


def line_of(text, part):
    """The number of the one line that holds `part`."""
    numbers = [i for i, line in enumerate(text.split("\n"), 1) if part in line]
    assert len(numbers) == 1, (part, numbers)
    return numbers[0]


# --- coach test ---


def test_passing_and_failing():
    """A file whose calls give what they list passes; a failure is shown inside its call, with file, line and column."""
    assert run(RULES + TESTS, code=0) == "2 rules, 2 calls, 4 examples\n"
    wrong = (RULES + TESTS).replace("=> test-calm", "=> test-policy")
    line = line_of(wrong, "=> test-policy")
    assert run(wrong, code=1) == f"""\
FAILED  told to calm down
rules.yaml:{line}:12: test-policy was not found here
rules.yaml:{line - 1}:7: test-calm was found and is not listed
    00:00 customer: where is my parcel
    00:03 agent: you need to calm down
  -     => test-policy
  +     => test-calm
    00:07 customer: I do not
2 rules, 2 calls, 4 examples, 1 failed
"""


def test_nothing_run_is_a_failure():
    """Without a call, or with a filter that no name holds, nothing was tested, and that is a failure."""
    for options, text in (((), RULES), (("--filter", "nowhere"), RULES + TESTS)):
        with file_of(text) as path:
            p = coach("test", *options, path, code=1)
            assert "nothing was tested" in p.stderr, p.stderr
            assert json.loads(coach("test", "--json", *options, path, code=1).stdout)["calls"] == 0


def test_filter():
    """--filter runs the calls with the text in their name, large and small letters alike."""
    wrong = (RULES + TESTS).replace("=> test-calm", "=> test-policy")
    assert run(wrong, "--filter", "NOTHING", code=0) == "2 rules, 1 call, 4 examples\n"
    assert "FAILED  told" in run(wrong, "--filter", "calm", code=1)


def test_broken_files_are_unusable():
    """A file with an error is not tested: the error is printed, and the exit code is 2."""
    with file_of(RULES + TESTS.replace("00:03", "0:3")) as path:
        p = coach("test", path, code=2)
    assert "test-time" in p.stderr and f"{path}:" in p.stderr and p.stdout == "", p


def test_a_cool_down_is_pointed_out():
    """A line that is quiet only because its rule is cooling down earns a note, and passes."""
    text = RULES + TESTS.replace("customer: I do not", "agent: you need to calm down")
    line = line_of(text, "00:07")
    assert run(text, code=0) == (f"rules.yaml:{line}:7: note: test-calm is quiet here only because of its cool-down\n"
                                 "2 rules, 2 calls, 4 examples, 1 note\n")
    text = text.replace("agent: you need to calm down\n  - name: nothing",
                        "agent: you need to calm down\n        => test-calm\n  - name: nothing")
    assert f"rules.yaml:{line + 1}:12: test-calm was not found here (held: cooldown)\n" in run(text, code=1)


def test_a_file_of_tests_alone():
    """Tests may have a file of their own beside the rules."""
    with file_of(RULES, "a.yaml") as path:
        (path.parent / "tests.yaml").write_text("format: 1\npack: test\n" + TESTS)
        assert coach("test", path.parent, code=0).stdout == "2 rules, 2 calls, 4 examples\n"


def test_packs_alone_and_sites_with_all():
    """A pack's calls run on the packs alone, a site's on everything, whatever the site changes."""
    site = """\
format: 1
site: leeds
overrides:
  - rule: test-calm
    because: a trial
    written_for: 1
    set:
      mode: disabled
rules:
  - id: leeds-hold
    category: tone
    message: m
    says:
      - please hold the line
    match:
      - please hold the line
    no_match:
      - hold on
tests:
  - name: at this site
    call: |
      00:03 agent: you need to calm down
      00:06 agent: please hold the line
        => leeds-hold
"""
    with file_of(RULES + TESTS, "pack.yaml") as pack:
        path = pack.parent / "site.yaml"
        path.write_text(site)
        for order in ((pack, path), (path, pack)):
            found, code = report(*order)
            assert code == 0 and [t["name"] for t in found["tests"]] == ["told to calm down", "nothing at all",
                                                                        "at this site"], found
        path.write_text(site.replace("disabled", "live"))
        found, code = report(pack, path)
        assert code == 1 and [t["passed"] for t in found["tests"]] == [True, True, False], found


# --- the worked example ---


def example():
    if not PACK.exists():
        coachtest.skip("the worked example is not beside the source tree")
    return PACK.read_text()


def test_the_worked_example():
    """All calls of the worked example pass, alone and with its site, in which the override is in shadow."""
    example()
    for paths in ((PACK,), (PACK, SITE)):
        found, code = report(*paths)
        assert code == 0 and found["calls"] == 5 and found["failed"] == 0, found
    shown = coach("show", "--rules", PACK, "--rules", SITE, "defensive-why-ignored", code=0).stdout
    assert re.search(r"^\s*mode: +shadow", shown, re.M), shown


def test_a_shadow_rule_in_a_site_s_test():
    """With attention on, a site's test names a finding that its shadow mode holds back."""
    example()
    test = """\
tests:
  - name: in shadow here
    attention: on
    call: |
      00:00 customer: why do i need to send the form again
      00:04 agent: it's our policy
        => defensive-policy-no-reason
        => defensive-why-ignored (held: shadow)
      00:09 customer: but why again
"""
    with file_of(SITE.read_text() + test) as site:
        found, code = report(PACK, site)
    assert code == 0 and found["calls"] == 6, found


def arrows(text):
    return [i for i, line in enumerate(text.split("\n")) if re.match(r"\s+=> ", line)]


def changed(text, index, line):
    """The text with another line, or without it for None."""
    lines = text.split("\n")
    lines[index:index + 1] = [] if line is None else line
    return "\n".join(lines)


def test_every_arrow_of_the_example_counts():
    """Each finding of the worked example that is left out, renamed or doubled fails at its line."""
    text = example()
    for i in arrows(text):
        line = text.split("\n")[i]
        rule = line.split("=> ")[1]
        above = max(k for k in range(i) if re.match(r"\s+\d\d:\d\d", text.split("\n")[k]))
        assert failures(changed(text, i, None)) == [(above + 1, "unlisted", rule)], rule
        renamed = failures(changed(text, i, [line.replace(rule, "jargon-internal-terms")]))
        assert renamed == [(i + 1, "missing", "jargon-internal-terms"), (above + 1, "unlisted", rule)], renamed
        assert failures(changed(text, i, [line, line])) == [(i + 2, "missing", rule)], rule


def test_no_line_of_the_example_takes_another_arrow():
    """A finding that is added under any line of the worked example's calls fails there."""
    text = example()
    lines = text.split("\n")
    spoken = [i for i, line in enumerate(lines) if re.match(r"\s+\d\d:\d\d", line)]
    assert len(spoken) > 15
    for i in spoken:
        added = changed(text, i, [lines[i], "        => jargon-internal-terms"])
        assert failures(added) == [(i + 2, "missing", "jargon-internal-terms")], lines[i]


# one word of each call: what stands there, what instead, and the part of the line at which it must fail
WORDS = [
    ("00:00 customer: this is the third", "00:00 agent: this is the third", "=> dismissive-no-acknowledgement"),
    ("00:11 agent: and the postcode", "00:11 agent: sorry about the postcode", "=> dismissive-no-acknowledgement"),
    ("i can hear how upset", "i can say how upset", "00:08 agent: i can say how upset"),  # see below
    ("00:04 agent: it's our policy", "00:04 agent: it's our habit", "=> defensive-policy-no-reason"),
    ("customer: why do i need", "customer: when do i need", "=> defensive-why-ignored"),
    ("policy because we have", "policy and we have", "01:20 agent: it's our policy and"),
    ("00:14-00:17 agent", "00:15-00:17 agent", "=> dismissive-talk-over"),
    ("anything else I can", "anything more I can", "=> dismissive-closing-no-follow-up"),
    ("agent: that's all done", "agent: we will call you", "=> dismissive-closing-no-follow-up"),
]


def test_every_word_that_matters_counts():
    """One word changed in each call of the worked example fails at the line that it decides."""
    text = example().replace("00:04 agent: okay\n", "00:04 agent: hello\n")  # more than a back-channel: a turn
    assert failures(text) == []
    for old, new, where in WORDS:
        assert text.count(old) == 1, old
        wrong = text.replace(old, new)
        assert line_of(wrong, where) in [line for line, _, _ in failures(wrong)], (new, failures(wrong))


# --- coach record ---


def call_of(path):
    return json.loads(path.read_text().partition("\n")[0])["call_id"]


def recorded(path, *options):
    return coach("record", *options, path, code=0).stdout


def test_every_recorded_call_passes_as_a_test():
    """The tests that coach record writes for the calls of tests/cases pass, and list what coach replay finds."""
    limits = {"duplicate", "cooldown", "per_call", "quieted"}
    assert len(CASES) >= 6
    tests = [recorded(path) for path in CASES]
    replayed = [json.loads(line) for line in coach("replay", "--json", "--held", *CASES, code=0).stdout.splitlines()]
    for path, test in zip(CASES, tests):
        assert test.startswith("  # What the rules find in this call today."), test
        found = [n["rule"] for n in replayed if n.get("call_id") == call_of(path) and n["type"] in ("nudge", "finding") and
                 n.get("held") not in limits]
        assert sorted(re.findall("=> (.*)", test)) == sorted(found), (path.name, test)
    with file_of("format: 1\npack: core-en\ntests:\n" + "".join(tests), "recorded.yaml") as file:
        found, code = report(SOURCE / "rules" / "core-en", file)
        names = re.findall("- name: (.*)", "".join(tests))
        assert len(names) == len(CASES) and {t["name"] for t in found["tests"]} >= set(names), found
        assert code == 0 and found["calls"] == len(found["tests"]), found
        text = file.read_text()
        assert len(arrows(text)) > 10
        file.write_text(changed(text, arrows(text)[1], None))
        found, code = report(SOURCE / "rules" / "core-en", file)
        assert code == 1 and found["failed"] == 1, found


def test_one_call_of_several():
    """A recording of several calls needs --call; a call that is not there, or is silent, is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "calls.ndjson"
        path.write_text("".join(case.read_text() for case in CASES[:2]))
        refusal = coach("record", "--rules", VERBS, path, code=2).stderr
        assert "--call" in refusal and "demo-" in refusal, refusal
        name = call_of(CASES[1])
        assert recorded(path, "--rules", VERBS, "--call", name) == recorded(CASES[1], "--rules", VERBS)
        assert "nobody says anything" in coach("record", "--rules", VERBS, "--call", "other", path, code=2).stderr


if __name__ == "__main__":
    coachtest.main(globals())
