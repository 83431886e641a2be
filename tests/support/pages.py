#!/usr/bin/env python3
"""Runs a page of documentation: its files are written, its commands run, its output compared.

    tests/support/pages.py rules/README.md            run it
    tests/support/pages.py --update rules/README.md   and write today's output into it

In the page, a block ```yaml file=NAME is a file, a block ```sh is commands (```sh exit=1 when the last ends with 1), and a block
```text after it is what they print: all of it, or its lines in order with "..." for lines left out. Tables that a command
prints stand between <!-- printed by: COMMAND --> and <!-- end of print -->; one that needs what is not there (exit code 77)
is left as it is."""

import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("COACH_BUILD", SOURCE / "build")).resolve()
BLOCK = re.compile(r"^```(yaml|sh|text)([^\n]*)\n(.*?)^```$", re.S | re.M)

PRINTED = re.compile(r"^<!-- printed by: ([^\n]+) -->\n(.*?)^<!-- end of print -->$", re.S | re.M)
MISSING = 77


def same(expected, printed):
    """Whether the printed lines are the expected ones, "..." standing for any."""
    printed = printed.rstrip("\n").split("\n")
    at = 0
    skipping = False
    for line in expected.rstrip("\n").split("\n"):
        if line.strip() == "...":
            skipping = True
            continue
        while skipping and at < len(printed) and printed[at] != line:
            at += 1
        if at == len(printed) or printed[at] != line:
            return False
        at += 1
        skipping = False
    return skipping or at == len(printed)


class Page:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.text = self.path.read_text()
        self.folder = tempfile.TemporaryDirectory(prefix="page-")
        for name in ("rules", "tests"):
            os.symlink(SOURCE / name, pathlib.Path(self.folder.name) / name)
        self.printed = None
        self.commands = 0
        self.faults = []
        self.skipped = []

    def shell(self, body):
        self.commands += 1
        return subprocess.run(["sh", "-c", body], cwd=self.folder.name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True, timeout=120,
                              env={**os.environ, "PATH": f'{BUILD / "bin"}:{os.environ["PATH"]}', "NO_COLOR": "1",
                                   "COACH_BUILD": str(BUILD)})

    def run_commands(self, options, body):
        wanted = int(re.search(r"exit=(\d+)", options).group(1)) if "exit=" in options else 0
        p = self.shell(body)
        self.printed = p.stdout
        if p.returncode != wanted:
            self.faults.append(f"exit code {p.returncode}, not {wanted}: {body}{p.stdout}")

    def block(self, match):
        kind, options, body = match.groups()
        if kind == "yaml" and "file=" in options:
            path = pathlib.Path(self.folder.name) / re.search(r"file=(\S+)", options).group(1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)
        elif kind == "sh":
            self.run_commands(options, body)
        elif kind == "text" and self.printed is not None:
            if not same(body, self.printed):
                self.faults.append(f"the page says\n{body}and the command prints\n{self.printed}")
                if not re.search(r"^\.\.\.$", body, re.M):
                    return f"```text{options}\n{self.printed.rstrip()}\n```"
        return match.group(0)

    def print(self, match):
        command, before = match.groups()
        p = self.shell(command)
        if p.returncode == MISSING:
            self.skipped.append(command)
            return match.group(0)
        if p.returncode != 0:
            self.faults.append(f"exit code {p.returncode}: {command}\n{p.stdout}")
            return match.group(0)
        now = f"\n{p.stdout.strip()}\n\n"
        if now != before:
            changes = [line for line in difflib.ndiff(before.splitlines(), now.splitlines()) if line[0] in "+-"]
            self.faults.append(f"{command} prints otherwise (tests/support/pages.py --update {self.path}):\n" +
                               "\n".join(changes))
        return f"<!-- printed by: {command} -->\n{now}<!-- end of print -->"

    def run(self):
        """Runs it all; returns the page with today's output."""
        return PRINTED.sub(self.print, BLOCK.sub(self.block, self.text))


if __name__ == "__main__":
    update = "--update" in sys.argv[1:]
    names = [a for a in sys.argv[1:] if not a.startswith("-")]
    if len(names) != 1:
        sys.exit(__doc__)
    page = Page(names[0])
    text = page.run()
    if update:
        page.path.write_text(text)
    print("\n".join(page.faults) or f"{page.commands} commands, as the page says")
    sys.exit(1 if page.faults and not update else 0)
