"""Installs a release build below a prefix of its own and uses it as another project would: a C program that
knows <coach.h> alone, found through pkg-config, and the installed programs with the installed rules.

Build and prefix lie in COACH_BUILD/install, so that a second run builds only what changed."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path(os.environ.get("COACH_BUILD", ROOT / "build")) / "install"
PREFIX = WORK / "prefix"
LIBDIR = "lib/some-arch"  # not the default, to see that it is followed

PROGRAM = r"""
#include <coach.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char rules_text[] =
    "format: 1\n"
    "pack: embedded\n"
    "version: 1.0\n"
    "language: en\n"
    "rules:\n"
    "  - id: dismissive-calm-down\n"
    "    category: dismissive\n"
    "    severity: critical\n"
    "    says:\n"
    "      - calm down\n"
    "    message: Name what went wrong for them, then say your next step.\n"
    "    match:\n"
    "      - You need to calm down.\n"
    "    no_match:\n"
    "      - A calm sea lay down there.\n";

static void on_problem(void *user, const coach_problem *p)
{
    (void)user;
    fprintf(stderr, "%s:%d:%d: %s: %s\n", p->file, p->line, p->column, p->level, p->message);
}

static void on_nudge(void *user, const coach_nudge *n)
{
    ++*(int *)user;
    printf("%s|%s|%s|%s|%zu-%zu\n", n->rule, n->severity, n->message, n->said, n->span[0], n->span[1]);
}

int main(int argc, char **argv)
{
    static char language_text[1 << 20];
    FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (in == NULL)
        return 2;
    coach_file language = {argv[1], language_text, fread(language_text, 1, sizeof language_text, in)};
    fclose(in);
    coach_file file = {"embedded.yaml", rules_text, strlen(rules_text)};
    coach_rules *rules = NULL;
    if (coach_rules_build(&file, 1, &language, 1, &rules, on_problem, NULL) != COACH_OK)
        return 3;
    if (coach_rules_count(rules) != 1 || strlen(coach_rules_hash(rules)) != 16)
        return 4;
    int nudges = 0;
    coach_call *call = coach_call_new("c-1", "sam");
    static const char *said[] = {"Good morning, how can I help?", "Well, you just CALM, um, down please."};
    for (int i = 0; i < 2; i++) {
        coach_event e = {.role = COACH_ROLE_AGENT, .text = said[i], .text_len = strlen(said[i]),
                         .start_ms = i * 4000, .end_ms = i * 4000 + 3000};
        if (coach_call_step(call, rules, &e, e.end_ms, on_nudge, &nudges) != COACH_OK)
            return 5;
    }
    coach_call_free(call);
    coach_rules_unref(rules);
    return nudges == 1 ? 0 : 6;
}
"""


def run(*command, **options):
    """The finished process, its output captured; a failure carries that output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build = WORK / "build"
        shutil.rmtree(PREFIX, ignore_errors=True)
        generator = ("-G", "Ninja") if shutil.which("ninja") and not build.exists() else ()
        run("cmake", "-C", ROOT / "packaging/cmake/release.cmake", "-S", ROOT, "-B", build, *generator,
            f"-DCMAKE_INSTALL_PREFIX={PREFIX}", f"-DCMAKE_INSTALL_LIBDIR={LIBDIR}")
        run("cmake", "--build", build)
        run("cmake", "--install", build)

    def test_files_are_where_gnu_install_dirs_says(self):
        expected = ["bin/coach", "bin/coachd", "include/coach.h", f"{LIBDIR}/libcoach.so", f"{LIBDIR}/libcoach.so.0",
                    f"{LIBDIR}/pkgconfig/libcoach.pc", "share/coachd/rules/languages/en.yaml",
                    "share/doc/coachd/LICENSE", "share/doc/coachd/coachd.yaml", "share/man/man7/coachd-wiring.7",
                    "share/doc/coachd/examples/kinesis-lines.py", "share/doc/coachd/examples/asterisk/coach-agi.py"]
        self.assertEqual([name for name in expected if not (PREFIX / name).is_file()], [])
        self.assertTrue(list((PREFIX / "share/coachd/rules/core-en").glob("*.yaml")))
        self.assertTrue(list((PREFIX / "share/coachd/schema").glob("*.json")))
        top = {path.name for path in PREFIX.iterdir()}
        self.assertLessEqual(top, {"bin", "include", "lib", "share", "etc"})

    def test_a_program_that_knows_only_coach_h_gets_its_nudge(self):
        source, program = WORK / "embed.c", WORK / "embed"
        source.write_text(PROGRAM, encoding="utf-8")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(PREFIX / LIBDIR / "pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "libcoach", env=environment).split()
        run("cc", "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", source, "-o", program, *flags)
        printed = run(program, PREFIX / "share/coachd/rules/languages/en.yaml",
                      env={**os.environ, "LD_LIBRARY_PATH": str(PREFIX / LIBDIR)})
        self.assertEqual(printed, "dismissive-calm-down|critical|Name what went wrong for them, then say your next "
                                  "step.|CALM, um, down|15-29\n")

    def test_the_library_exports_the_public_functions_and_nothing_else(self):
        header = (PREFIX / "include/coach.h").read_text(encoding="utf-8")
        declared = set(re.findall(r"^COACH_API [^;(]*?\b(\w+)\(", header, re.M))
        table = run("nm", "--dynamic", "--defined-only", PREFIX / LIBDIR / "libcoach.so")
        exported = {line.split()[-1] for line in table.splitlines()}
        self.assertGreater(len(declared), 5)
        self.assertEqual(exported, declared)

    def test_the_header_alone_compiles_as_c_and_as_cxx(self):
        source = WORK / "alone.c"
        source.write_text("#include <coach.h>\n", encoding="utf-8")
        strict = ("-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{PREFIX}/include", source)
        run("cc", "-std=c11", *strict)
        if shutil.which("clang"):
            run("clang", "-x", "c++", "-std=c++17", *strict)

    def test_the_installed_coach_finds_its_rules(self):
        tried = subprocess.run([PREFIX / "bin/coach", "try", "you need to calm down"], cwd="/", capture_output=True,
                               text=True)
        self.assertEqual(tried.returncode, 1, tried.stdout + tried.stderr)
        self.assertIn("calm-down", tried.stdout)

    def test_nothing_installed_names_the_source_tree(self):
        for path in PREFIX.rglob("*"):
            if path.is_file() and path.suffix in (".pc", ".h", ".yaml", ".json", ".service"):
                self.assertNotIn(str(ROOT) + "/lib", path.read_text(encoding="utf-8"), path)


if __name__ == "__main__":
    unittest.main()
