"""Interim results change when a finding comes, never whether it stands: recorded calls with invented interim results, with
a slow recogniser, and torn to pieces."""

import json
import random
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import coachtest
import interims
from coachtest import BUILD, LANGUAGES, SOURCE

COACH = BUILD / "bin" / "coach"
SHARED = SOURCE.parent / "shared"
CALLS = SHARED / "samples" / "coaching" / "calls"
OWN = sorted((SOURCE / "tests" / "cases").glob("*.ndjson"))
VERBS = SOURCE / "tests" / "cases" / "rules" / "verbs.yaml"
OWN_RULES = [SOURCE / "rules" / "core-en", VERBS]
SHARED_RULES = [SHARED / "design" / "example-pack.rules.yaml"]
SEEDS = (1, 2, 3)
LIMITS = {"cooldown", "per_call", "duplicate", "quieted"}


def shared_calls():
    """The sample calls beside the sources, which a source tree alone does not have."""
    if not CALLS.is_dir():
        coachtest.skip(f"{CALLS} is not there")
    paths = sorted(CALLS.glob("*.ndjson"))
    assert len(paths) == 90, len(paths)
    return paths


def replay(files, rules, *more):
    """What coach replay prints, line by line."""
    done = subprocess.run([COACH, "replay", "--json", "--held", "--rules", rules, "--languages", LANGUAGES, *more, *files],
                          capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0 and not done.stderr, f"exit {done.returncode}: {done.stderr[:2000]}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def findings(messages):
    """{nudge_id: message} of those that count; none of them comes twice."""
    found = {}
    for m in messages:
        if m["type"] in ("nudge", "finding") and m.get("held") not in LIMITS:
            assert m["nudge_id"] not in found, f"twice: {m}"
            found[m["nudge_id"]] = m
    return found


def standing(messages):
    """How often a rule stands on a segment of a call at the end."""
    gone = {m["nudge_id"] for m in messages if m["type"] == "withdrawn"}
    return Counter((m["call_id"], m["rule"], m["segment_id"]) for key, m in findings(messages).items() if key not in gone)


def write(folder, name, events):
    path = Path(folder) / name
    path.write_text(interims.ndjson(events), encoding="utf-8")
    return path


def finals_of(events):
    """The call without interim results, in the order of the events, each final once."""
    seen, out = set(), []
    for e in events:
        key = (e.get("role"), e.get("segment_id"))
        if interims.is_line(e) and (not interims.is_final(e) or key in seen):
            continue
        if interims.is_line(e):
            seen.add(key)
        out.append(e)
    return out


def difference(expected, found, folder, rules):
    lines = [f"lost {key}" for key in (expected - found)] + [f"more {key}" for key in (found - expected)]
    return f"{len(lines)} differ with {rules.name}, in {folder}: " + "; ".join(lines[:8])


def renamed(events, prefix):
    """The call under another name."""
    return [{**e, "call_id": prefix + e["call_id"]} for e in events]


def compare(paths, rules, **options):
    """Replays the calls with interim results and without; returns how many findings interim results decided. All in one
    process, calls of other names: building the rules may take longer than the calls."""
    early = 0
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for seed in SEEDS:
            for path in paths:
                events = interims.with_interims(interims.read(path), seed, **options)
                files.append(write(folder, f"told-{seed}-{path.name}", renamed(events, f"told-{seed}-")))
                files.append(write(folder, f"bare-{seed}-{path.name}", renamed(finals_of(events), f"bare-{seed}-")))
        for rule_file in rules:
            messages = replay(files, rule_file, "--timing")
            assert messages[-1]["type"] == "timing"
            early += messages[-1]["by_interim"]
            found = {"told": Counter(), "bare": Counter()}
            for (call, *place), n in standing(messages[:-1]).items():
                found[call[:4]][(call[5:], *place)] = n
            assert found["told"] == found["bare"], difference(found["bare"], found["told"], folder, rule_file)
    return early


def test_the_generator_is_faithful():
    """Invented interim results leave finals, their order and their text alone, and a seed gives the same bytes."""
    for path in OWN:
        events = interims.read(path)
        for style in (None, *interims.STYLES):
            told = interims.with_interims(events, 5, style)
            assert interims.ndjson(told) == interims.ndjson(interims.with_interims(events, 5, style))
            assert finals_of(told) == [{k: v for k, v in e.items() if k != "seq" or v == e.get("seq")}
                                       for e in finals_of(events)] or style in (None, "seq"), (path, style)
            texts = [e["text"] for e in finals_of(told) if interims.is_line(e)]
            assert texts == [e["text"] for e in finals_of(events) if interims.is_line(e)], (path, style)
            assert any(not interims.is_final(e) for e in told if interims.is_line(e)) or style == "none", (path, style)
        assert interims.with_interims(events, 5) != interims.with_interims(events, 6)
        arrivals = [e["recv_ms"] for e in interims.with_interims(events, 5, recv=True) if interims.is_line(e)]
        assert arrivals == sorted(arrivals), path


def test_own_calls_stand_as_their_finals():
    """In the project's own calls the findings that stand are those of the finals alone, whatever interim results said."""
    assert compare(OWN, OWN_RULES) > 10


def test_own_calls_in_each_style():
    """The same with all segments told in one style."""
    for style in interims.STYLES:
        early = compare(OWN, [VERBS], style=style)
        assert (early > 0) == (style not in ("none",)), (style, early)


def test_own_calls_with_late_finals():
    """The same where finals come up to 400 ms after their words."""
    assert compare(OWN, OWN_RULES, recv=True) > 10


def test_shared_calls_stand_as_their_finals():
    """In all 90 sample calls the findings that stand are those of the finals alone, for each of three seeds."""
    assert compare(shared_calls(), SHARED_RULES + OWN_RULES) > 100


def test_mistakes_are_taken_back():
    """What an interim result held and the final does not is taken back, and printed as such."""
    with tempfile.TemporaryDirectory() as folder:
        files = [write(folder, p.name, interims.with_interims(interims.read(p), 4, "mistaken")) for p in OWN]
        messages = replay(files, VERBS, "--timing")
        taken = [m for m in messages if m["type"] == "withdrawn" and m["reason"] == "revised"]
        assert len(taken) > 5, len(taken)
        for m in taken:
            assert set(m) == {"type", "nudge_id", "reason"}, m
        figures = messages[-1]["withdrawn"]
        assert figures["findings"] == sum(figures["rules"].values()) >= len(taken), figures
        text = subprocess.run([COACH, "replay", "--rules", VERBS, "--languages", LANGUAGES, *files], capture_output=True,
                              text=True, check=True).stdout
        assert "taken back: phrase-agent (the words were revised)" in text, text[-2000:]
        plain = subprocess.run([COACH, "replay", "--json", "--rules", VERBS, "--languages", LANGUAGES, *files],
                               capture_output=True, text=True, check=True).stdout
        assert {json.loads(line)["type"] for line in plain.splitlines()} == {"nudge"}


def lagging(paths, rules, lags):
    """Replays with the lags of fast and slow recognisers; prints what became of the cards."""
    first = None
    for lag in lags:
        messages = replay(paths, rules, "--timing", "--lag", lag)
        figures, found = messages[-1], standing(messages[:-1])
        held = {reason: n for reason, n in figures["held"].items() if n}
        print(f"         {rules.name}, {lag} s: {sum(found.values())} findings stand, {figures['shown']} cards shown, "
              f"{figures['too_late']} of them later than 5 s after the words, held back {held}", flush=True)
        first = found if first is None else first
        assert found == first, difference(first, found, "", rules)
        if lag != "0":
            assert figures["recogniser_ms"]["count"] == 0 or figures["recogniser_ms"]["p50"] >= float(lag) * 1000


def test_a_slow_recogniser_changes_no_finding():
    """In the project's own calls findings are the same when every line comes 0.3, 1.5 or 5 s late."""
    for rules in OWN_RULES:
        lagging(OWN, rules, ("0", "0.3", "1.5", "5"))


def test_a_slow_recogniser_changes_no_finding_of_shared_calls():
    """The same in the 90 sample calls, every line 5 s late."""
    paths = shared_calls()
    for rules in SHARED_RULES + OWN_RULES:
        lagging(paths, rules, ("0", "5"))


def torn(random_, events):
    """The events of a call out of order, some twice, some missing, some cut short, some at impossible times."""
    out = []
    for e in events:
        for _ in range(random_.choice((0, 1, 1, 1, 2))):
            e = dict(e)
            if interims.is_line(e) and random_.random() < 0.2:
                key = random_.choice(("start_ms", "end_ms", "text", "segment_id", "is_final"))
                if key == "text":
                    e["text"] = e["text"][:random_.randrange(len(e["text"]) + 1)]
                elif key == "is_final":
                    e["is_final"] = not e.get("is_final", True)
                elif key == "segment_id":
                    e.pop("segment_id", None)
                else:
                    e[key] = random_.choice((-86400000, -1, 0, 86400000, random_.randrange(300000)))
            out.append(e)
    random_.shuffle(out)
    return out


def test_a_torn_call_never_fires_twice():
    """Calls torn to pieces replay, and no rule counts twice on one segment."""
    random_ = random.Random(11)
    paths = OWN + (sorted(CALLS.glob("*.ndjson")) if CALLS.is_dir() else [])
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, path in enumerate(paths):
            events = [e for e in interims.with_interims(interims.read(path), i) if interims.is_line(e)]
            files.append(write(folder, f"{i}.ndjson", torn(random_, events)))
        assert findings(replay(files, VERBS))


if __name__ == "__main__":
    coachtest.main(globals())
