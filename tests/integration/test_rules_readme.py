"""The page for rule authors does what it says."""

import coachtest
import pages
from coachtest import SOURCE


def test_every_snippet_runs():
    """Every file and command of rules/README.md runs, and prints what the page shows."""
    page = pages.Page(SOURCE / "rules" / "README.md")
    page.run()
    assert not page.faults, "\n".join(page.faults)
    assert page.commands >= 10, page.commands


def test_a_wrong_page_is_noticed():
    """Output that differs, a line left out and a wrong exit code are each noticed."""
    assert pages.same("a\nb\n", "a\nb\n") and pages.same("a\n...\nd\n", "a\nb\nc\nd\n") and pages.same("a\n...\n", "a\nb\n")
    assert not pages.same("a\n", "a\nb\n") and not pages.same("a\nb\n", "a\n") and not pages.same("a\n...\ne\n", "a\nb\n")


if __name__ == "__main__":
    coachtest.main(globals())
