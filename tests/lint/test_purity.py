"""Reads the symbol tables of the built lib archives: what lib/ calls outside itself must stand in
lib-symbols.txt, and it may hold no variable that changes.

The build directory comes from COACH_BUILD (default: build at the top). What sanitizers and coverage
counters add is left out of the comparison."""
import fnmatch
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import tree

BUILD = pathlib.Path(os.environ.get("COACH_BUILD", tree.ROOT / "build"))
ALLOWED = [line.strip() for line in (tree.ROOT / "tests/lint/lib-symbols.txt").read_text(encoding="utf-8").splitlines()
           if line.strip() and not line.startswith("#")]
INSTRUMENTS = re.compile(r"_*(asan|ubsan|lsan|sanitizer|sancov|odr_asan|gcov|llvm)")
WRITABLE = re.compile(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)|\*COM\*")


def plain(name):
    """The function as the source calls it: the C library's checked and dated variants are the same call."""
    checked = re.fullmatch(r"__(\w+)_chk", name)
    dated = re.fullmatch(r"__isoc(?:99|23)_(\w+)", name)
    return (checked or dated).group(1) if checked or dated else name


def symbols(archives):
    """(name, class letter, section) of each symbol in `archives`, except those of instruments."""
    found = []
    if archives:
        table = subprocess.run(["nm", "--format=sysv", *map(str, archives)], check=True, capture_output=True, text=True)
        for line in table.stdout.splitlines():
            columns = [column.strip() for column in line.split("|")]
            if len(columns) == 7 and not INSTRUMENTS.match(columns[0]):
                found.append((columns[0], columns[2], columns[6]))
    return found


def breaches(table):
    """One sentence for each outside call that is not allowed and for each variable."""
    defined = {name for name, kind, _ in table if kind not in "Uw"}
    outside = {plain(name) for name, kind, _ in table if kind in "Uw"} - defined
    found = [f"lib/ calls {name}, which is not in lib-symbols.txt" for name in sorted(outside)
             if not any(fnmatch.fnmatchcase(name, pattern) for pattern in ALLOWED)]
    found += [f"lib/ holds the variable {name} ({section})" for name, kind, section in sorted(table)
              if kind in "dDbBC" and WRITABLE.match(section)]
    return found


class Library(unittest.TestCase):
    def test_lib_calls_nothing_that_reaches_outside(self):
        archives = sorted(BUILD.glob("libcoach_lib_*.a"))
        facade = BUILD / "CMakeFiles/coach_shared.dir/lib/coach.c.o"
        table = symbols(archives + [facade] * facade.exists())
        self.assertGreaterEqual(len(archives), 7, f"{BUILD} holds too few of the archives: is it built?")
        self.assertIn("coach_fail", {name for name, _, _ in table}, "no symbols were read")
        self.assertEqual(breaches(table), [])


class Planted(unittest.TestCase):
    def found(self, source):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "planted.c").write_text(source, encoding="utf-8")
            subprocess.run(["cc", "-fPIC", "-O1", "-c", "planted.c", "-o", "planted.o"], cwd=path, check=True)
            subprocess.run(["ar", "rc", "planted.a", "planted.o"], cwd=path, check=True)
            return breaches(symbols([path / "planted.a"]))

    def test_pure_code_passes(self):
        self.assertEqual(self.found("""
            #include <stdio.h>
            static const char *const names[] = {"a", "b"};
            void f(char *to, int i) { snprintf(to, 9, "%s", names[i]); }"""), [])

    def test_each_breach_is_found(self):
        rows = [
            ("#include <stdlib.h>\nchar *f(void) { return getenv(\"HOME\"); }", "getenv"),
            ("#include <time.h>\ntime_t f(void) { return time(NULL); }", "time"),
            ("#include <stdio.h>\nint f(int i) { return printf(\"%d\", i); }", "printf"),
            ("#include <unistd.h>\nint f(char *p) { return (int)read(0, p, 1); }", "read"),
            ("#include <pthread.h>\nint f(pthread_mutex_t *m) { return pthread_mutex_lock(m); }", "pthread_mutex_lock"),
            ("int f(void) { static int n; return ++n; }", "variable n"),
            ("int counter = 3;", "variable counter"),
            ("_Thread_local int last;", "variable last"),
        ]
        for source, says in rows:
            with self.subTest(says=says):
                found = self.found(source)
                self.assertTrue(any(says in sentence for sentence in found), found)


if __name__ == "__main__":
    unittest.main()
