"""The signals of the shipped pack, in the lines of two development recordings in which they were labelled by hand.

Run by itself it prints the figures of each signal, and those of each blind draw."""

import gzip
import json
import pathlib
import re
import subprocess
import tempfile

import coachtest
from coachtest import BUILD, SOURCE

COACH = BUILD / "bin" / "coach"
PACK = SOURCE / "rules" / "core-en"
LABELS = SOURCE / "tests" / "labels" / "dialogue-signals.ndjson"
CALLS = SOURCE / ".." / "shared" / "samples" / "calls"
FILES = ("sgd", "synthetic-contact-centre")
# Lines that were drawn blind, one file for each draw: a signal was heard in them by the phrases of that day, none of which had
# been mended on them. What they were mended on afterwards is in the draws before.
DRAWS = sorted((SOURCE / "tests" / "labels").glob("dialogue-signals-fresh*.ndjson"))
PAGE = PACK / "README.md"
ENOUGH_HITS = 10
PRECISION = 0.90


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def labels():
    return read(LABELS)


def heard(labelled):
    """A row of figures for each signal, and what went wrong."""
    if not CALLS.is_dir():
        coachtest.skip("the development sets are not beside the source tree")
    with tempfile.TemporaryDirectory() as folder:
        recordings = []
        wanted = {row["call_id"] for row in read(pathlib.Path(labelled))}
        for name in FILES:  # of each the calls in which a line is labelled
            recordings.append(pathlib.Path(folder) / f"{name}.ndjson")
            lines = gzip.decompress((CALLS / f"{name}.ndjson.gz").read_bytes()).decode().splitlines(keepends=True)
            recordings[-1].write_text("".join(line for line in lines if json.loads(line)["call_id"] in wanted))
        p = subprocess.run([COACH, "score", "--rules", PACK, "--signals", labelled, "--json", "--wrong", "--list", "1000",
                            *recordings], capture_output=True, text=True, timeout=300)
    assert p.returncode == 0 and "left out" not in p.stderr, p.stderr
    return json.loads(p.stdout)["signals"]


def show(row):
    precision, recall = (f"{row[k]['value']:.3f}" if row.get(k) else "-" for k in ("precision", "recall"))
    print(f"       {row['name']:24} {row['right'] + row['wrong']:4} hits  precision {precision:>5}  recall {recall:>5}")


def test_enough_lines_are_labelled():
    """At least 300 lines of either side are labelled, each once, without their text, and by signals that were looked for."""
    rows = labels()
    places = {(r["file"], r["call_id"], r["segment_id"]) for r in rows}
    assert len(places) == len(rows) and {r["file"] for r in rows} == set(FILES)
    for mark in ("customer-upset", "acknowledgement"):
        assert sum(mark in r["judged"] for r in rows) >= 300, mark
    for r in rows:
        assert set(r) == {"file", "call_id", "segment_id", "judged", "signals"} and set(r["signals"]) <= set(r["judged"]), r


def test_signals_are_right_where_they_are_heard():
    """No signal that is heard in ten of the labelled lines or more has a precision below 0.90."""
    table = heard(LABELS)
    assert table["items"] == len(labels())
    low = []
    for row in table["rows"]:
        hits = row["right"] + row["wrong"]
        show(row)
        if hits >= ENOUGH_HITS and row["right"] < PRECISION * hits:
            low.append((row["name"], [m["segment_id"] for m in table["list"] if m["name"] == row["name"]]))
    assert not low, low


def draws():
    """For each signal, how many of the lines were right in each draw that has any of it, and how many there were."""
    figures = {}
    for path in DRAWS:
        drawn = {}
        for row in read(path):
            for name in row["judged"]:
                right, of = drawn.get(name, (0, 0))
                drawn[name] = (right + (name in row["signals"]), of + 1)
        for name, figure in drawn.items():
            figures.setdefault(name, []).append(figure)
    return figures


def test_signals_are_right_in_lines_that_were_drawn_blind():
    """In its last blind draw each signal was right in nine of ten lines, as in all that it hears of them today; the page says so."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as together:
        together.write("".join(path.read_text() for path in DRAWS))
        together.flush()
        now = {row["name"]: row for row in heard(together.name)["rows"]}
    low = []
    told = dict(re.findall(r"^\| ([a-z-]+) \| [^|]+ \| ([0-9/, ]+ \| [^|]+ \| [^|]+) \|$", PAGE.read_text(), re.M))
    for name, figures in sorted(draws().items()):
        right, hits = now[name]["right"], now[name]["right"] + now[name]["wrong"]
        each = ", ".join(f"{right}/{of}" for right, of in figures)
        last = f"{figures[-1][0] / figures[-1][1]:.2f}"
        print(f"       {name:24} drawn {each:27} last {last}   today {right}/{hits}")
        assert told.pop(name, None) == f"{each} | {last} | {right}/{hits}", f"the page of the pack tells other figures of {name}"
        low += [name for right, of in (figures[-1], (right, hits)) if of >= ENOUGH_HITS and right < PRECISION * of]
    assert not low and not told, (low, told)


if __name__ == "__main__":
    coachtest.main(globals())
