"""Recorded calls through the engine and through the daemon: the bundled ones, and larger sets where they lie beside the tree."""

import json
import pathlib
import subprocess

import coachtest
from coachtest import BUILD, SOURCE, Daemon, validate

COACH = BUILD / "bin" / "coach"
PACK = SOURCE / "rules" / "core-en"
BESIDE = SOURCE.parent / "shared" / "samples"


def replay(*args):
    p = subprocess.run([COACH, "replay", "--json", *args], capture_output=True, text=True, timeout=300)
    assert p.returncode == 0, p.stderr
    return [json.loads(line) for line in p.stdout.splitlines()]


def both_ways(files):
    """The nudges of the files in process, having found the same through the socket. That a second run in process is the
    same byte for byte test_golden.py sees."""
    files = [str(f) for f in files]
    here = replay("--rules", PACK, *files)
    with Daemon(rules="".join(["format: 1\npack: unused\nrules:\n  - id: unused\n    category: tone\n    says:\n",
                               "      - zzz yyy\n    message: unused\n"]), start=False) as d:
        d.rules = PACK
        d.start()
        there = replay("--socket", "--runtime-dir", str(d.run), *files)
        status = d.status()
    for nudge in there:
        validate(nudge, "nudge")
        del nudge["ts"], nudge["timing"]
    key = lambda n: (n["call_id"], n["at_ms"], n["nudge_id"])
    assert sorted(here, key=key) == sorted(there, key=key), (len(here), len(there))
    assert status["nudges"]["shown"] == len(here) and not any(status["nudges"]["dropped"].values()), status["nudges"]
    return here


def beside(path):
    if not (BESIDE / path).exists():
        coachtest.skip(f"{path} is not beside the source tree")
    return BESIDE / path


def test_bundled_calls():
    """The bundled calls give the same nudges in process and through the socket; the two clean ones give none."""
    calls = sorted((SOURCE / "tests" / "cases").glob("*.ndjson"))
    assert len(calls) >= 6
    nudges = both_ways(calls)
    assert len(nudges) >= 8
    for clean in ("airline", "it-helpdesk"):
        call = json.loads((SOURCE / "tests" / "cases" / f"{clean}.ndjson").read_text().partition("\n")[0])["call_id"]
        assert not [n for n in nudges if n["call_id"] == call], clean


def test_real_phone_calls():
    """Real phone calls replay to the end and give the same through the socket."""
    nudges = both_ways([beside("calls/harpervalley.ndjson")])
    print(f"         {len(nudges)} nudges")


def test_ninety_calls():
    """The ninety development calls give at least ten nudges, the same in process and through the socket."""
    calls = sorted(beside("coaching/calls").glob("*.ndjson"))
    assert len(calls) == 90
    nudges = both_ways(calls)
    print(f"         {len(nudges)} nudges in 90 calls")
    assert len(nudges) >= 10


if __name__ == "__main__":
    coachtest.main(globals())
