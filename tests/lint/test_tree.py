"""Looks over the whole tree: its top level, what no file may hold, scripts that do not parse, the package list."""
import ast
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import tree

TOP = {"daemon", "lib", "rules", "tests", "packaging", "CMakeLists.txt", "README.md"}
SELF = pathlib.PurePath("tests/lint/test_tree.py")
TEXT = (".c", ".h", ".py", ".sh", ".cmake", ".txt", ".md", ".yaml", ".json", ".in", ".js", ".css", ".html", ".service")

# what, how it is recognised, and the folders where it may stand
FORBIDDEN = [
    ("a web address", re.compile(r"https?://(?!json-schema\.org|www\.w3\.org|[\w.-]*\bexample\b|localhost|127\.0\.0\.1"
                                 r"|\[::1\]|www\.apache\.org/licenses)[\w.%{$\[-]+"), ()),
    ("unfinished work", re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), ()),
    ("a path of one machine", re.compile(r"(?<![\w./*$}-])/(home|Users|root|work|workspace|mnt)/\w"), ()),
    ("a folder outside the clone", re.compile(r"\.\./shared\b"), ("tests",)),
    ("a conflict left by a merge", re.compile(r"^(<{7}|>{7}) ", re.M), ()),
]


def read(root, file):
    """The text, or None for a file that is not UTF-8 text."""
    try:
        return (root / file).read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return None


def strangers(root):
    return [f"{entry.name}: not in the fixed top level" for entry in sorted(root.iterdir())
            if entry.name not in TOP and not entry.name.startswith(".")
            and not tree.ignored(entry.relative_to(root))]


def forbidden(root):
    found = []
    for file in tree.files(root):
        text = read(root, file) if file != SELF else None
        for what, pattern, allowed in FORBIDDEN if text else ():
            for match in pattern.finditer(text) if file.parts[0] not in allowed else ():
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{file}:{line}: {what}: {match.group(0)}")
    return found


def untidy(root):
    """As .editorconfig has it."""
    found = []
    for file in tree.files(root, suffixes=TEXT):
        text = read(root, file) if "cases" not in file.parts else None
        if text and not text.endswith("\n"):
            found.append(f"{file}: no newline at the end")
        for number, line in enumerate((text or "").split("\n"), 1):
            if line != line.rstrip():
                found.append(f"{file}:{number}: blanks at the end of the line")
    return found


def shell_of(text):
    """The shell a script asks for in its first line, or None."""
    asked = re.match(r"#!\s*(?:/usr)?/bin/(?:env\s+)?(sh|bash|dash)\b", text or "")
    return asked.group(1) if asked else None


def broken_scripts(root):
    """Scripts that do not parse or cannot be run, and how many scripts there were."""
    found, scripts = [], 0
    for file in tree.files(root):
        text = read(root, file)
        shell = shell_of(text) or ("sh" if file.suffix == ".sh" else None)
        if shell:
            scripts += 1
            parsed = subprocess.run([shell, "-n", root / file], capture_output=True, text=True)
            if parsed.returncode != 0:
                found.append(f"{file}: {parsed.stderr.strip()}")
        elif file.suffix == ".py":
            scripts += 1
            try:
                ast.parse(text, str(file))
            except SyntaxError as error:
                found.append(f"{file}: {error}")
        if text and text.startswith("#!") and not os.access(root / file, os.X_OK):
            found.append(f"{file}: begins with #! and is not executable")
    return found, scripts


def bad_packages(text, ground):
    """Lines of the package list that are not "<purpose> <package>", and packages the build names that it lacks."""
    found, names = [], set()
    for number, line in enumerate(text.splitlines(), 1):
        entry = re.fullmatch(r"(?:build|test) ([a-z0-9][a-z0-9+.-]+)", line)
        if entry and entry.group(1) in names:
            found.append(f"packaging/packages:{number}: {entry.group(1)} stands there twice")
        elif entry:
            names.add(entry.group(1))
        elif not line.startswith("#"):
            found.append(f"packaging/packages:{number}: {line!r}")
    for package in re.findall(r"^coach_find\(\S+ \S+ (\S+)\)", ground, re.M):
        if package not in names:
            found.append(f"packaging/packages: {package} is missing, which the build asks for")
    return found


def dead_links(root):
    """Relative links of the pages that lead nowhere."""
    found = []
    for file in tree.files(root, suffixes=(".md",)):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(root, file)):
            if not re.match(r"\w+:", target) and not (root / file.parent / target).exists():
                found.append(f"{file}: a link to {target}, which is not there")
    return found


class Tree(unittest.TestCase):
    def test_the_top_level_is_the_fixed_one(self):
        self.assertEqual(strangers(tree.ROOT), [])

    def test_nothing_forbidden_stands_in_any_file(self):
        found = forbidden(tree.ROOT)
        self.assertGreater(len(tree.files()), 40, "too few files were read")
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_text_is_tidy(self):
        found = untidy(tree.ROOT)
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_scripts_parse_and_can_be_run(self):
        found, scripts = broken_scripts(tree.ROOT)
        self.assertGreater(scripts, 5, "too few scripts were read")
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_the_package_list_is_well_formed_and_complete(self):
        ground = "".join(read(tree.ROOT, file) for file in tree.files(under="packaging/cmake", suffixes=(".cmake",)))
        self.assertIn("coach_find(UV", ground)
        self.assertEqual(bad_packages(read(tree.ROOT, pathlib.Path("packaging/packages")), ground), [])

    def test_links_in_pages_lead_somewhere(self):
        self.assertEqual(dead_links(tree.ROOT), [])


class Planted(unittest.TestCase):
    """Each fault, planted in a small tree, is found; its harmless neighbour is not."""

    def found(self, check, name, text, mode=0o644):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
            (root / name).chmod(mode)
            return check(root)

    def test_a_stranger_at_the_top(self):
        self.assertTrue(self.found(strangers, "docs/notes.md", ""))
        for name in ("build-x/a", "lib/a.c", ".ci/run", "README.md"):
            self.assertEqual(self.found(strangers, name, ""), [])

    def test_forbidden_text(self):
        rows = ["see http" + "://github.com/x", "TO" + "DO: later", "cd /ho" + "me/sam/coachd", 'F = "/wo' + 'rk/main"',
                "../sha" + "red/samples", "<" * 7 + " HEAD"]
        for text in rows:
            with self.subTest(text=text):
                self.assertEqual(len(self.found(forbidden, "lib/a.c", text)), 1)
        for text in ("http://json-schema.org/draft-07/schema#", "https://api.example.com/x", "http://127.0.0.1:8080/",
                     "$HOME/work/x", "a/root/b", "/usr/share/coachd", "TODOS"):
            with self.subTest(text=text):
                self.assertEqual(self.found(forbidden, "lib/a.c", text), [])
        self.assertEqual(self.found(forbidden, "tests/support/samples.py", "../sha" + "red/samples"), [])

    def test_untidy_text(self):
        self.assertTrue(self.found(untidy, "lib/a.c", "int x; \n"))
        self.assertTrue(self.found(untidy, "lib/a.c", "int x;\r\n"))
        self.assertTrue(self.found(untidy, "lib/a.c", "int x;"))
        self.assertEqual(self.found(untidy, "lib/a.c", "int x;\n"), [])
        self.assertEqual(self.found(untidy, "tests/cases/crlf.txt", "x\r\n"), [])

    def test_scripts(self):
        rows = [("packaging/test", "#!/bin/bash\nif true; then\n", 0o755, 1), ("packaging/test", "#!/bin/sh\n", 0o644, 1),
                ("packaging/common.sh", "f() {\n", 0o644, 1), ("tests/a.py", "def f(:\n", 0o644, 1),
                ("packaging/test", "#!/usr/bin/env bash\ntrue\n", 0o755, 0), ("tests/a.py", "x = 1\n", 0o644, 0)]
        for name, text, mode, count in rows:
            with self.subTest(name=name, text=text):
                self.assertEqual(len(self.found(broken_scripts, name, text, mode)[0]), count)

    def test_package_list(self):
        ground = "coach_find(UV libuv libuv1-dev)\n"
        self.assertEqual(bad_packages("# list\nbuild libuv1-dev\ntest g++\n", ground), [])
        for text in ("build check extra\nbuild libuv1-dev\n", "run gcc\nbuild libuv1-dev\n", "test gcc\n",
                     "build libuv1-dev\n\n", "build libuv1-dev\ntest libuv1-dev\n"):
            with self.subTest(text=text):
                self.assertEqual(len(bad_packages(text, ground)), 1)

    def test_links(self):
        self.assertTrue(self.found(dead_links, "README.md", "[a](rules/none.md)"))
        self.assertEqual(self.found(dead_links, "README.md", "[a](README.md#top) [b](https://example.org/)"), [])


if __name__ == "__main__":
    unittest.main()
