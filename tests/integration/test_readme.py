"""What the README shows is what the programs do."""

import pathlib
import re
import subprocess
import tempfile

import coachtest
import picture
from coachtest import BUILD, SOURCE, Daemon, wait_for

COACH = BUILD / "bin" / "coach"
README = (SOURCE / "README.md").read_text()


def snippet(kind, holding):
    """The one code block of a kind that holds a text."""
    found = [b for b in re.findall(rf"```{kind}\n(.*?)```", README, re.S) if holding in b]
    assert len(found) == 1, (kind, holding, len(found))
    return found[0]


def test_the_picture_is_current():
    """The picture is what the program prints today; tests/support/picture.py draws it anew."""
    drawn = picture.draw(picture.terminal_output([str(COACH), "replay", str(SOURCE / "tests/cases/broadband.ndjson")]))
    assert drawn == (SOURCE / "packaging/coached-call.svg").read_text()


def test_the_first_rule_works():
    """The README's first rule passes the check, fires on its line with the shown commands, and the files it names exist."""
    commands = snippet("sh", "coach check").replace("build/bin/coach", str(COACH)).replace("tests/cases", str(SOURCE / "tests/cases"))
    check, trial, replay = commands.strip().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "my-rules.yaml").write_text(snippet("yaml", "followup-someone-will"))
        run = lambda command: subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
        p = run(check)
        assert p.returncode == 0 and "0 errors, 0 warnings" in p.stdout, p.stdout + p.stderr
        p = run(trial)
        assert p.returncode == 1 and "followup-someone-will" in p.stdout, p.stdout + p.stderr
        p = run(replay)
        assert p.returncode == 0 and "1 call" in p.stdout, p.stdout + p.stderr


def test_the_line_by_hand_works():
    """The README's line by hand reaches the README's watcher."""
    line = snippet("sh", "socat")
    with Daemon() as d:
        watch = subprocess.Popen([COACH, "watch", "--runtime-dir", d.run, "--agent", "sam", "--count", "1", "--for", "30s"],
                                 stdout=subprocess.PIPE, text=True)
        wait_for("the watcher", lambda: d.status()["connections"]["agent"] == 1)
        subprocess.run(line.replace("/tmp/coachd", str(d.run)).replace("socat -", "socat -t 5 -"), shell=True, check=True, timeout=60)
        out, _ = watch.communicate(timeout=60)
        assert watch.returncode == 0 and "test-calm" in out, out


def test_links_lead_somewhere():
    """Every link of the README leads to a file of the tree."""
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert (SOURCE / link).exists(), link


if __name__ == "__main__":
    coachtest.main(globals())
