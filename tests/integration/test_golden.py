"""Every sample call in tests/cases gives the nudges in tests/cases/golden, one wire line each. The hash of the rule set is
left out of the comparison: it changes with every rule, whether or not the rule has to do with the call.

After a change that is meant to change them, write them anew and read the difference:

    COACH_BUILD=build python3 tests/integration/test_golden.py --write
    git diff tests/cases/golden

which for one call is: coach replay --json tests/cases/NAME.ndjson > tests/cases/golden/NAME.nudges"""
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
COACH = pathlib.Path(os.environ.get("COACH_BUILD", SOURCE / "build")).resolve() / "bin/coach"
CASES = SOURCE / "tests/cases"
GOLDEN = CASES / "golden"


def replayed(*cases):
    """The nudges of calls as coach writes them, those of one call after those of another."""
    done = subprocess.run([COACH, "replay", "--json", "--rules", SOURCE / "rules/core-en", "--languages",
                           SOURCE / "rules/languages", *cases], capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"coach replay: exit {done.returncode}: {done.stderr}")
    return done.stdout


@functools.cache
def all_replayed():
    """The nudges of all calls, of one process: building the rules takes longer than the calls."""
    return replayed(*cases())


def call_of(case):
    return json.loads(case.read_text(encoding="utf-8").partition("\n")[0])["call_id"]


def nudges_of(case):
    return "".join(line + "\n" for line in all_replayed().splitlines() if json.loads(line)["call_id"] == call_of(case))


def comparable(text):
    return re.sub(r'"rules_hash": ?"[0-9a-f]{16}"', '"rules_hash":"-"', text).splitlines()


def cases():
    return sorted(CASES.glob("*.ndjson"))


class Golden(unittest.TestCase):
    maxDiff = None

    def test_every_call_has_a_golden_file_and_every_golden_file_a_call(self):
        self.assertGreater(len(cases()), 5)
        self.assertEqual([case.stem for case in cases()], sorted(path.stem for path in GOLDEN.glob("*.nudges")))

    def test_a_replay_gives_the_golden_nudges(self):
        for case in cases():
            with self.subTest(case.stem):
                golden = (GOLDEN / f"{case.stem}.nudges").read_text(encoding="utf-8")
                self.assertEqual(comparable(nudges_of(case)), comparable(golden))
        self.assertEqual(len(all_replayed().splitlines()), sum(len(nudges_of(case).splitlines()) for case in cases()))

    def test_some_calls_are_nudged_and_some_are_not(self):
        counts = [len((GOLDEN / f"{case.stem}.nudges").read_text(encoding="utf-8").splitlines()) for case in cases()]
        self.assertTrue(any(counts) and not all(counts), counts)

    def test_two_replays_are_the_same_byte_for_byte(self):
        self.assertEqual(replayed(*cases()), all_replayed())


def write():
    GOLDEN.mkdir(exist_ok=True)
    for case in cases():
        (GOLDEN / f"{case.stem}.nudges").write_text(replayed(case), encoding="utf-8")
        print(f"{case.stem}: {len(replayed(case).splitlines())}")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    else:
        unittest.main()
