"""Runs clang-format over every C file, as .clang-format has it. Skipped where clang-format 14 is absent:
other versions lay out some lines differently.

To format the tree: clang-format -i $(git ls-files '*.c' '*.h')"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import tree


def clang_format():
    """The program's name, or None when version 14 is not there."""
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            version = subprocess.run([name, "--version"], check=True, capture_output=True, text=True).stdout
            if re.search(r"version 14\.", version):
                return name
    return None


def misformatted(program, root):
    """The places that clang-format would change below `root`, and how many files it read."""
    files = tree.files(root, suffixes=(".c", ".h"))
    run = subprocess.run([program, "--style=file", "--dry-run", *map(str, files)], cwd=root, capture_output=True, text=True)
    return re.findall(r"^\S+?:\d+:\d+(?=: (?:warning|error))", run.stderr, re.M), len(files)


def planted(program):
    """Whether a badly laid out file is found, and a good one is not."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        shutil.copy(tree.ROOT / ".clang-format", root)
        (root / "a.c").write_text("int f(int n)\n{\n    return n;\n}\n", encoding="utf-8")
        good = misformatted(program, root)
        (root / "a.c").write_text("int f( int n ) { return n; }\n", encoding="utf-8")
        return good == ([], 1) and bool(misformatted(program, root)[0])


def main():
    program = clang_format()
    if program is None:
        print("skipped: clang-format 14 is not installed (Debian's clang-format)")
        return 77
    if not planted(program):
        print("a planted fault was not found: does clang-format run?")
        return 1
    places, count = misformatted(program, tree.ROOT)
    for place in places:
        print(place)
    print(f"{count} files, {len(places)} places to format")
    return 1 if places or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
