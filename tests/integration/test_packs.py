"""The shipped packs and the pages that describe them."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import coachtest
import pages
from coachtest import BUILD, SOURCE

COACH = BUILD / "bin" / "coach"
CORE = SOURCE / "rules" / "core-en"
PAGES = [CORE / "README.md", CORE.parent / "packs-en" / "README.md"]
INDUSTRIES = sorted((SOURCE / "rules" / "packs-en").glob("*.yaml"))


def run(*args):
    p = subprocess.run([COACH, *args], capture_output=True, text=True, timeout=120)
    assert p.returncode == 0, p.stdout + p.stderr
    return p.stdout


def page(path, add=None):
    """Runs the page of a pack; with `add` the first table of it, beside the pack's files one more of that text."""
    p = pages.Page(path)
    if add is not None:
        p.text = pages.PRINTED.search(p.text).group(0)
        rules = pathlib.Path(p.folder.name) / "rules"
        rules.unlink()
        shutil.copytree(SOURCE / "rules", rules)
        (rules / path.parent.name / "added.yaml").write_text(add)
    p.run()
    return p


def test_pages_are_current():
    """The pages of the packs hold the tables that coach prints of their rules and of their figures today."""
    for path in PAGES:
        p = page(path)
        assert p.faults == [] and p.commands > 0, "\n".join(p.faults)
        for command in p.skipped:
            print(f"       the development sets are not beside the source tree, so not checked: {command}")


def test_a_new_rule_is_missed_on_the_page():
    """A page that does not know a rule is not current, and the rule is named."""
    text = ("format: 1\npack: {}\nlanguage: en\nrules:\n  - id: jargon-added\n    category: jargon\n    about: a | word\n"
            "    message: Say it plainly.\n    says:\n      - gizmo fault\n"
            "    match:\n      - a gizmo fault\n    no_match:\n      - a gizmo and no fault\n")
    for path in PAGES:
        pack = re.search(r"^pack: (\S+)$", next(path.parent.glob("*.yaml")).read_text(), re.M).group(1)
        faults = "\n".join(page(path, add=text.format(pack)).faults)
        assert "--update" in faults and "\n+ | `jargon-added` | agent | hint | a \\| word |" in faults, faults


def test_rules_say_what_they_look_for():
    """Each rule says in one short line what it looks for, and what it quotes there sets it off."""
    lines, quoted = [], 0
    for line in run("show", "--list", "--json", "--rules", CORE, "--rules", CORE.parent / "packs-en").splitlines():
        rule = json.loads(line)
        assert 10 <= len(rule.get("about") or "") <= 130, rule
        quotes = re.findall(r'"([^"]+)"', rule["about"]) if rule["body"] != "conversation" else []
        quoted += len(quotes)
        for n, quote in enumerate(quotes):
            text = f"we see the {quote} here" if rule["category"] == "jargon" else quote
            lines.append({"id": f"{rule['rule']}-{n}", "prev_customer": "", "text": text, "labels": [rule["rule"]]})
    with tempfile.TemporaryDirectory() as folder:
        labels = pathlib.Path(folder) / "quotes.ndjson"
        labels.write_text("".join(json.dumps(line) + "\n" for line in lines))
        report = json.loads(run("score", "--json", "--missed", "--list", "999", "--rules", CORE, "--rules", CORE.parent / "packs-en",
                                "--labels", labels))["lines"]
    assert quoted > 150 and report["all"]["right"] == quoted, [(m["id"], m["text"]) for m in report["list"]]


def test_industry_page():
    """The page of the industry packs has a line for every file."""
    text = (SOURCE / "rules" / "packs-en" / "README.md").read_text()
    assert set(re.findall(r"^\| `([a-z-]+\.yaml)`", text, re.M)) == {f.name for f in INDUSTRIES}


def test_industries():
    """Each industry pack holds by itself, and all of them beside the core pack, with at least 20 terms."""
    assert len(INDUSTRIES) >= 8
    for f in INDUSTRIES:
        run("check", "--strict", f)
        terms = sum(len(re.findall(r"^      [^-\s].*: \S", part, re.M))
                    for part in re.findall(r"    swap:\n(.*?)    not_in:", f.read_text(), re.S))
        assert terms >= 20, (f.name, terms)
    run("check", "--strict", CORE, *INDUSTRIES)


if __name__ == "__main__":
    coachtest.main(globals())
