"""Regular expressions that are known to take a program down, as regex: rules: refused by the checker, or cheap."""

import functools
import json
import subprocess
import tempfile
import pathlib
import time

import coachtest
from coachtest import BUILD, LANGUAGES, SOURCE, Daemon, say

COACH = BUILD / "bin" / "coach"
COST = BUILD / "tests" / "regexcost"
CORPUS = SOURCE.parent / "shared" / "external" / "redos.ndjson"
MOST_MS = 5

# Of our own, for where the corpus is absent: the pattern, a line made for it, and what refuses it ("": nothing need).
OWN = [
    (r"(\w+\s?)+\?", "a" * 40 + "!?", "regex-nested-repeat"),
    (r"(?:\w{1,9}\s?){1,40}\?", "a" * 400 + " ~ ?", "regex-slow"),
    (r"you.*need.*to.*calm.*down.*now", "you need to calm down " * 90, "regex-slow"),
    (r"(?:a|aa){1,60}b", "a" * 2000 + " b", "regex-slow"),
    (r"^(?:\d{1,20}){1,20}$", "1" * 100 + " x", "regex-slow"),
    (r"(a)\1", "a" * 2000, "regex-backreference"),
    (r"\bcase (?:id|number) \d+", "case id " * 250, ""),
    (r"calm.*down", "calm " * 400 + "dow n", ""),
    (r"\bsorry\b[^.]{0,60}\bbut\b", "sorry " * 300 + "but t", ""),
]
# Its look ahead keeps the checker's lines from reaching what is costly.
HIDDEN = r"(?=qwerty)[a-z]{6}(?:[a-c]{1,20}){1,20}d\b"
ATTACK = "qwerty" + "abc" * 24 + " d"


def rule(name, pattern):
    quoted = pattern.replace("'", "''")
    return (f"  - id: {name}\n    category: tone\n    severity: critical\n    cooldown: 0s\n    per_call: 100\n"
            f"    message: m\n    regex: '{quoted}'\n")


HEAD = "format: 1\npack: test\nrules:\n"
HELLO = HEAD + "  - id: hello\n    category: tone\n    severity: critical\n    cooldown: 0s\n    per_call: 100\n" \
               "    message: m\n    says:\n      - hello there\n    match:\n      - hello there\n    no_match:\n      - hello\n"


def live(patterns):
    """A daemon with these regex rules, by name. Nobody knows examples for them, so a site puts them into rules that have."""
    pack, site = HELLO, "format: 1\nsite: here\noverrides:\n"
    for name, pattern in patterns.items():
        pack += rule(name, r"\bcalm down\b") + "    match:\n      - calm down\n    no_match:\n      - be calm\n"
        quoted = pattern.replace("'", "''")
        site += (f"  - rule: {name}\n    because: x\n    written_for: 1\n    set:\n      regex: '{quoted}'\n"
                 "    remove:\n      match:\n        - calm down\n      no_match:\n        - be calm\n")
    d = Daemon(rules=pack, start=False)
    (d.rules / "zsite.yaml").write_text(site)
    d.start()
    return d


def corpus():
    """The patterns with their attacks; a NUL, which no line may hold, as another control character."""
    if not CORPUS.exists():
        coachtest.skip(f"{CORPUS.name} is not beside the source")
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    return [{"pattern": r["pattern"], "attack": r["attack"].replace("\0", "\1")} for r in rows]


def measure(rows):
    """What regexcost says of each."""
    lines = "".join(json.dumps({"pattern": r["pattern"], "attack": r["attack"]}) + "\n" for r in rows)
    p = subprocess.run([COST, LANGUAGES / "en.yaml"], input=lines, capture_output=True, text=True, timeout=300)
    assert p.returncode == 0, p.stderr
    costs = [json.loads(line) for line in p.stdout.splitlines()]
    assert len(costs) == len(rows)
    return costs


@functools.cache
def measured_corpus():
    """The rows of the corpus, and what regexcost says of each."""
    rows = corpus()
    return rows, measure(rows)


def check(pattern):
    """The codes of the errors that coach check reports."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rules.yaml"
        path.write_text(HEAD + rule("a", pattern))
        p = subprocess.run([COACH, "check", "--json", "--languages", LANGUAGES, path], capture_output=True, text=True,
                           timeout=60)
        assert p.returncode in (0, 1), p.stderr
        problems = json.loads(p.stdout)["problems"]
        return [q["code"] for q in problems if q["level"] == "error" and q["code"] != "no-match-examples"]


def print_costs(costs):
    refused = [c for c in costs if c["code"]]
    taken = [c for c in costs if not c["code"]]
    live = max(c["live_ns"] for c in taken) / 1e6
    raw = max(c["raw_ns"] for c in taken) / 1e6
    longest = max(c["check_ns"] for c in costs) / 1e6
    print(f"         {len(refused)} refused, {len(taken)} taken: at most {live:.3f} ms CPU on the attack as it is heard, "
          f"{raw:.3f} ms as it was written; the longest check took {longest:.0f} ms")


def test_own_patterns():
    """Each pattern of our own is refused with its code, or takes at most 5 ms on its attack."""
    rows = [{"pattern": p, "attack": a} for p, a, _ in OWN]
    costs = measure(rows)
    for (pattern, _, code), cost in zip(OWN, costs):
        assert cost["code"] == code and check(pattern) == ([code] if code else []), (pattern, cost)
        assert code or max(cost["live_ns"], cost["raw_ns"]) <= MOST_MS * 1e6, (pattern, cost)
    print_costs(costs)


def test_the_corpus():
    """Each of the 247 patterns is refused, or takes at most 5 ms of CPU on its attack, as heard and as written."""
    rows, costs = measured_corpus()
    assert len(rows) == 247
    print_costs(costs)
    for row, cost in zip(rows, costs):
        assert cost["code"] or cost["live_ns"] <= MOST_MS * 1e6, (row["pattern"], cost)
        assert cost["code"].startswith("regex-") or cost["code"] == "", (row["pattern"], cost)
    assert sum(1 for c in costs if not c["code"]) > 30, "nearly all were refused"


def test_coach_check_agrees():
    """coach check refuses what was refused, and takes what was taken, but for those whose time is close to the limit."""
    rows, costs = measured_corpus()
    for row, cost in zip(rows[::5], costs[::5]):
        codes = check(row["pattern"])
        if cost["code"] != "regex-slow" and codes != ["regex-slow"]:
            assert codes == ([cost["code"]] if cost["code"] else []), (row["pattern"], codes, cost)


def test_the_daemon_is_not_held_up():
    """With all that were taken as live rules, every attack is run and the daemon goes on coaching."""
    rows, costs = measured_corpus()
    taken = [r for r, c in zip(rows, costs) if not c["code"] and c["check_ns"] < 80e6]
    with live({f"r-{i}": r["pattern"] for i, r in enumerate(taken)}) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "hello there", agent_id="sam"))
        assert sam.skip_to("nudge")["rule"] == "hello"
        before, begin = d.cpu_seconds(), time.monotonic()
        w.send(*(say(f"x-{i}", r["attack"]) for i, r in enumerate(rows)))
        w.send(say("c-1", "hello there, again"))
        assert sam.skip_to("nudge")["said"] == "hello there"
        print(f"         {len(taken)} rules, {len(rows)} attacks: {time.monotonic() - begin:.2f} s, "
              f"{d.cpu_seconds() - before:.2f} s of CPU")
        coachtest.wait_for("all lines", lambda: d.status()["lines"]["ok"] == len(rows) + 2)
        assert d.status()["rules"]["quarantined"] == []


def test_quarantine():
    """A rule that gives up three times is left out until the next reload; log, status and metrics name it and no text."""
    with live({"hidden": HIDDEN}) as d, d.agent("sam") as sam, d.ingest() as w:
        w.send(say("c-1", "qwertyabcd", agent_id="sam"))
        assert sam.skip_to("nudge")["rule"] == "hidden"
        w.send(*(say("c-2", ATTACK, agent_id="kim", segment_id=f"s{i}") for i in range(2)))
        w.send(say("c-1", "qwertyabcd there"))
        assert sam.expect("nudge")["rule"] == "hidden"
        assert d.status()["rules"]["quarantined"] == []
        w.send(say("c-2", ATTACK + " x", segment_id="s3"))
        coachtest.wait_for("quarantine", lambda: d.status()["rules"]["quarantined"] == ["hidden"])
        assert d.log().count("rule hidden: quarantined") == 1 and "qwerty" not in d.log()
        w.send(say("c-1", "qwertyabcd again"), say("c-1", "hello there"))
        assert sam.expect("nudge")["rule"] == "hello"
        metrics = d.control("metrics")["metrics"]
        assert "\ncoachd_rules_quarantined_total 1\n" in metrics, metrics
        assert d.status()["nudges"]["held"]["quarantined"] == 2  # it has no word to be filtered by
        assert d.control("reload")["ok"] and d.status()["rules"]["quarantined"] == []
        w.send(say("c-1", "qwertyabcd anew"))
        assert sam.expect("nudge")["rule"] == "hidden"
        w.send(*(say("c-2", ATTACK, segment_id=f"t{i}") for i in range(2)), say("c-1", "qwertyabcd once more"))
        assert sam.expect("nudge")["rule"] == "hidden"


if __name__ == "__main__":
    coachtest.main(globals())
