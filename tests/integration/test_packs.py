"""The shipped packs and the pages that describe them."""

import json
import re
import subprocess

import coachtest
from coachtest import BUILD, SOURCE

COACH = BUILD / "bin" / "coach"
CORE = SOURCE / "rules" / "core-en"
INDUSTRIES = sorted((SOURCE / "rules" / "packs-en").glob("*.yaml"))


def run(*args):
    p = subprocess.run([COACH, *args], capture_output=True, text=True, timeout=120)
    assert p.returncode == 0, p.stdout + p.stderr
    return p.stdout


def test_core_page():
    """The page of the core pack has a line for every rule, and names no rule that is not there."""
    rules = {json.loads(line)["rule"] for line in run("show", "--list", "--json", "--rules", CORE).splitlines()}
    rows = [line for line in (CORE / "README.md").read_text().splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([a-z]+-[a-z-]+)`", row.split(" | ")[0])]
    assert len(named) == len(set(named)), "a rule is named twice"
    assert set(named) == rules, (sorted(rules - set(named)), sorted(set(named) - rules))


def test_industry_page():
    """The page of the industry packs has a line for every file."""
    page = (SOURCE / "rules" / "packs-en" / "README.md").read_text()
    assert set(re.findall(r"^\| `([a-z-]+\.yaml)`", page, re.M)) == {f.name for f in INDUSTRIES}


def test_industries():
    """Each industry pack holds by itself, beside the core pack and beside all others, with at least 20 terms."""
    assert len(INDUSTRIES) >= 8
    for f in INDUSTRIES:
        run("check", "--strict", f)
        run("check", "--strict", CORE, f)
        terms = sum(len(re.findall(r"^      [^-\s].*: \S", part, re.M))
                    for part in re.findall(r"    swap:\n(.*?)    not_in:", f.read_text(), re.S))
        assert terms >= 20, (f.name, terms)
    run("check", CORE, *INDUSTRIES)


if __name__ == "__main__":
    coachtest.main(globals())
