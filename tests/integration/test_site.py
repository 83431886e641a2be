"""Sites change packs: the worked example beside the tree, coach show, and a rule that a site runs in shadow."""

import json
import pathlib
import subprocess
import tempfile

import coachtest
from coachtest import BUILD, LANGUAGES, RULES, SOURCE, Daemon, say

DESIGN = SOURCE.parent / "shared" / "design"
PACK, SITE = DESIGN / "example-pack.rules.yaml", DESIGN / "example-site.rules.yaml"
BECAUSE = "wording of ours"
SHADOW = f"""\
format: 1
site: leeds
overrides:
  - rule: test-calm
    because: {BECAUSE}
    written_for: 1
    set:
      mode: shadow
"""


def coach(*args, code=None):
    p = subprocess.run([str(BUILD / "bin" / "coach"), *map(str, args)], capture_output=True, text=True, timeout=120)
    assert code is None or p.returncode == code, f"coach {args}: {p.returncode}\n{p.stdout}{p.stderr}"
    return p


def line_of(path, needle):
    """The number of the first line of a file that holds `needle`."""
    return next(i for i, l in enumerate(path.read_text().splitlines(), 1) if needle in l)


class Folder:
    """Files in a temporary folder, by name."""

    def __init__(self, **files):
        self.folder = tempfile.TemporaryDirectory(prefix="coach-site-")
        self.paths = []
        for name, text in files.items():
            self.paths.append(pathlib.Path(self.folder.name) / f"{name}.yaml")
            self.paths[-1].write_text(text)

    def __enter__(self):
        return self.paths

    def __exit__(self, *_):
        self.folder.cleanup()


def examples():
    if not PACK.exists() or not SITE.exists():
        coachtest.skip("the example files are not beside this source tree")
    return ["--rules", PACK, "--rules", SITE, "--languages", LANGUAGES]


def problems(*paths, code):
    report = json.loads(coach("check", "--json", "--languages", LANGUAGES, *paths, code=code).stdout)
    return report["problems"]


def rows(shown, field):
    return [r for r in shown["fields"] if r["field"] == field]


def test_the_example_files_load_together():
    """The worked example of pack and site is checked without an error, and nothing is said to be left out."""
    examples()
    found = problems(PACK, SITE, code=0)
    assert not [p for p in found if p["level"] == "error"], found
    assert not [p for p in found if "override" in p["code"] or "override" in p["message"]], found
    assert not [p for p in found if p["file"] == str(SITE) and p["level"] != "warning"], found


def test_show_names_the_origin_of_every_field():
    """coach show prints the merged rules of the worked example, each part with its file and line and the site's reason."""
    rules = examples()
    out = coach("show", "--json", *rules, "dismissive-calm-down", "defensive-why-ignored", "list:reason", code=0).stdout
    calm, ignored, reason = map(json.loads, out.splitlines())
    assert calm["kind"] == "rule" and calm["changed"] and reason["kind"] == "list"
    not_in = rows(calm, "not_in")
    assert [r["value"] for r in not_in] == ["things (have | will)? (calm | settle) down", "(dog | cat | horse) ...3 calm down"]
    for row, path, needle in ((not_in[0], PACK, "- things (have"), (not_in[1], SITE, "- (dog"),
                              (rows(calm, "cooldown")[0], SITE, "cooldown: 120s"), (rows(calm, "speaker")[0], PACK, "speaker: agent"),
                              (rows(ignored, "mode")[0], SITE, "mode: shadow"), (rows(ignored, "when.within")[0], PACK, "within: 20s"),
                              (rows(reason, "phrases")[-1], SITE, "under the regulations")):
        assert (row["file"], row["line"]) == (str(path), line_of(path, needle)), row
    assert rows(calm, "cooldown")[0]["value"] == "120s" and rows(calm, "cooldown")[0]["origin"] == "site"
    assert rows(calm, "cooldown")[0]["because"] == 'Our vet line says "calm" about animals, not people'
    assert rows(calm, "speaker")[0]["origin"] == "default" and rows(calm, "mode")[0]["origin"] == "built-in"
    assert rows(ignored, "mode")[0]["value"] == "shadow"
    assert [r["value"] for r in rows(reason, "phrases")][-1] == "under the regulations"
    for shown in (calm, ignored, reason):
        for row in shown["fields"]:
            assert row["origin"] == "built-in" or row["line"] > 0, row
    text = coach("show", *rules, "dismissive-calm-down", code=0).stdout
    line = next(l for l in text.splitlines() if l.startswith("cooldown: 120s"))
    assert f"# {SITE}:{line_of(SITE, 'cooldown: 120s')}, site leeds: Our vet line" in line, line


def test_the_merged_rules_are_what_runs():
    """Lines of the worked example: an exception and a list phrase that the site added take effect."""
    rules = examples()
    coach("try", *rules, "you need to calm down", code=1)
    coach("try", *rules, "the dog needs to calm down", code=0)
    with_pack = ["--rules", PACK, "--languages", LANGUAGES]
    coach("try", *with_pack, "the dog needs to calm down", code=1)


def test_show_diff_is_what_the_site_changes():
    """coach show --diff lists each change with what was there before and why, and exits 1; without a site it exits 0."""
    rules = examples()
    changed = {c["name"]: c["changes"] for c in map(json.loads, coach("show", "--json", "--diff", *rules, code=1).stdout.splitlines())}
    assert set(changed) == {"dismissive-calm-down", "defensive-why-ignored", "reason"}, changed
    cooldown = next(c for c in changed["dismissive-calm-down"] if c["field"] == "cooldown")
    assert (cooldown["change"], cooldown["before"], cooldown["value"]) == ("set", "60s", "120s"), cooldown
    assert changed["defensive-why-ignored"][0]["because"] == "pilot in March, measure first"
    text = coach("show", "--diff", *rules, code=1).stdout
    for part in ("~ cooldown: 60s -> 120s", "+ not_in: (dog | cat | horse) ...3 calm down", "~ mode: live -> shadow",
                 "+ phrases: under the regulations", "because wording required by legal"):
        assert part in text, text
    none = coach("show", "--diff", "--rules", PACK, "--languages", LANGUAGES, code=0).stdout
    assert none == "no site changes anything\n", none


def test_what_is_wrong_with_a_site_is_reported():
    """A missing target, a field set twice and a stale written_for are each reported where they are written."""
    with Folder(pack=RULES, site=SHADOW) as (pack, site):
        assert not [p for p in problems(pack, site, code=0) if p["file"] == str(site)]
        site.write_text(SHADOW.replace("test-calm", "test-clam"))
        missing = next(p for p in problems(pack, site, code=1) if p["code"] == "override-target")
        assert (missing["file"], missing["line"], missing["column"]) == (str(site), 4, 11), missing
        assert "did you mean 'test-calm'?" in missing["hint"], missing
        site.write_text(SHADOW + SHADOW.partition("overrides:\n")[2])
        twice = next(p for p in problems(pack, site, code=1) if p["code"] == "override-twice")
        assert (twice["line"], twice["column"]) == (13, 7) and f"{site}:8" in twice["hint"], twice
        site.write_text(SHADOW)
        pack.write_text(RULES.replace("  - id: test-calm", "  - id: test-calm\n    rev: 4"))
        stale = next(p for p in problems(pack, site, code=0) if p["code"] == "override-stale")
        assert (stale["level"], stale["line"]) == ("warning", 6) and f"{pack}:7 (rev 4" in stale["hint"], stale
        coach("check", "--strict", "--languages", LANGUAGES, pack, site, code=1)


def test_show_lists_all_rules():
    """coach show --list has a line for each rule; --markdown a table for each category, --json an object each; sites are
    named, and a rule without `about` goes by the title of its card."""
    with Folder(pack=RULES, site=SHADOW) as (pack, site):
        rules = ["--rules", pack, "--rules", site, "--languages", LANGUAGES]
        lines = coach("show", "--list", *rules, code=0).stdout.splitlines()
        assert [l.split()[:6] for l in lines] == [["test-calm", "dismissive", "important", "shadow", "1", "phrase"],
                                                  ["test-policy", "defensive", "hint", "live", "1", "phrase"]], lines
        assert lines[0].endswith("Acknowledge first (site leeds)"), lines
        table = coach("show", "--list", "--markdown", *rules, code=0).stdout.splitlines()
        assert [l for l in table if l.startswith("#")] == ["### dismissive", "### defensive"], table
        assert table[4] == "| `test-calm` | agent | important, shadow | Acknowledge first (site leeds) |", table
        assert len(table) == 11 and table[-1].startswith("| `test-policy` | agent | hint | "), table
        objects = [json.loads(l) for l in coach("show", "--list", "--json", *rules, code=0).stdout.splitlines()]
        assert [(o["rule"], o.get("site")) for o in objects] == [("test-calm", "leeds"), ("test-policy", None)], objects


def test_show_names_what_a_site_took_out():
    """What a site removes is still named at the end of what is shown, with its place and reason."""
    taken = SHADOW.replace("set:\n      mode: shadow", "remove:\n      suggest: I can hear how much trouble this has caused.")
    with Folder(pack=RULES, site=taken) as (pack, site):
        rules = ["--rules", pack, "--rules", site, "--languages", LANGUAGES]
        text = coach("show", *rules, "test-calm", code=0).stdout
        assert "\nsuggest:" not in text and "# removed from suggest: I can hear how" in text, text
        assert f"# {site}:8, site leeds: {BECAUSE}" in text, text
        removed = json.loads(coach("show", "--json", *rules, "test-calm", code=0).stdout)["removed"]
        assert [(r["field"], r["line"]) for r in removed] == [("suggest", 8)], removed


def test_show_refuses_what_it_does_not_know():
    """An unknown rule gets the nearest name, a wrong use its reason, files with errors their errors; each exits 2."""
    with Folder(pack=RULES, bad=RULES.replace("severity: hint", "severity: hnit")) as (pack, bad):
        assert "did you mean 'test-calm'?" in coach("show", "--rules", pack, "test-clam", code=2).stderr
        assert "--list names them" in coach("show", "--rules", pack, code=2).stderr
        coach("show", "--rules", pack, "--list", "--diff", code=2)
        coach("show", "--rules", pack, "--list", "test-calm", code=2)
        coach("show", "--rules", pack, "--markdown", "test-calm", code=2)
        assert "bad-value" in coach("show", "--rules", bad, "test-calm", code=2).stderr


def test_the_shipped_rules_can_be_shown():
    """coach show knows every shipped rule, and nobody has changed them."""
    ids = [json.loads(l)["rule"] for l in coach("show", "--list", "--json", code=0).stdout.splitlines()]
    assert len(ids) >= 35, ids
    shown = coach("show", "--json", *ids, code=0).stdout.splitlines()
    assert len(shown) == len(ids)
    for line in shown:
        o = json.loads(line)
        assert not o["changed"] and o["pack"] == "core-en" and rows(o, "message")[0]["line"] > 0, o
    coach("show", "--diff", code=0)


def test_a_rule_in_shadow_is_held_live():
    """A rule that a site sets to shadow gives the agent nothing, is counted as held, and comes back when the site lets go."""
    line = say("c1", "you need to calm down", agent_id="sam")
    with Daemon(start=False) as d:
        (d.rules / "zz-site.yaml").write_text(SHADOW)
        d.start()
        hash_before = d.status()["rules"]["hash"]
        with d.agent("sam") as sam, d.ingest() as w:
            w.send(line)
            sam.expect("call_started")
            sam.expect_silence()
            held = d.status()["nudges"]
            assert held["held"]["shadow"] == 1 and held["shown"] == 0, held
            (d.rules / "zz-site.yaml").unlink()
            assert d.control("reload")["type"] == "reload"
            coachtest.wait_for("the pack alone", lambda: d.status()["rules"]["hash"] != hash_before)
            w.send(say("c2", "you need to calm down", agent_id="sam"))
            assert sam.skip_to("nudge")["rule"] == "test-calm"


if __name__ == "__main__":
    coachtest.main(globals())
