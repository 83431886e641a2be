"""The broken files of tests/broken, one for each trap and each lint: code, place, caret and hint of every problem.

A file says in its first lines what it must earn, "# expect: CODE LINE:COLUMN", and nothing else may be reported; one
that can hold no comment has its lines in NAME.expect beside it. A folder is checked as a whole, with the language
tables of its languages/ where it has them. 0:0 is the file, or the folder, as a whole."""

import json
import os
import pathlib
import re
import subprocess
import tempfile

import coachtest
from coachtest import BUILD, LANGUAGES, PATIENCE, SOURCE, Rules

COACH = BUILD / "bin" / "coach"
BROKEN = SOURCE / "tests" / "broken"
CLEAN = Rules()  # a small pack without a problem
EXPECT = re.compile(rb"^# expect: ([a-z0-9-]+) (\d+):(\d+)\r?$", re.M)
# where codes are raised
SOURCES = [*sorted((SOURCE / "lib" / "yaml").glob("*.c")), *sorted((SOURCE / "lib" / "rules").glob("*.c")),
           *(SOURCE / "lib" / "wire" / name for name in ("formats.c", "mapping.c", "proof.c")),
           SOURCE / "lib" / "eval" / "scenario.c", SOURCE / "daemon" / "base" / "rulefiles.c"]


def check(*args, **run):
    """coach check; returns what it printed, having ended with 0 or 1."""
    p = subprocess.run([str(COACH), "check", *map(str, args)], capture_output=True, timeout=PATIENCE, **run)
    assert p.returncode in (0, 1), f"check {args}: {p.returncode}\n{p.stderr.decode(errors='replace')}"
    return p.stdout.decode(errors="replace")


def problems_of(*args, **run):
    report = json.loads(check("--json", *args, **run))
    assert report["errors"] + report["warnings"] + report["notes"] == len(report["problems"]), report
    return report["problems"]


def codes():
    """The table: code -> its row."""
    rows = json.loads(check("--list-codes", "--json"))["codes"]
    table = {row["code"]: row for row in rows}
    assert len(table) == len(rows), "a code stands there twice"
    return table


def cases():
    return sorted(p for p in BROKEN.iterdir() if p.suffix == ".yaml" or p.is_dir())


def files_of(case):
    return sorted(case.rglob("*.yaml")) if case.is_dir() else [case]


def expected_of(case):
    """(file, line, column, code) of each problem that the case must earn, in order."""
    expected = []
    for file in files_of(case):
        beside = file.with_suffix(".expect")
        text = b"".join(b"# expect: " + l for l in beside.open("rb")) if beside.exists() else file.read_bytes()
        expected += [(str(file), int(m[2]), int(m[3]), m[1].decode()) for m in EXPECT.finditer(text)]
    return sorted(expected)


def arguments(case):
    tables = case / "languages" if (case / "languages").is_dir() else LANGUAGES
    # a mapping file by itself would be checked with all of the shipped rules
    rules = [CLEAN.path] if case.name.startswith("mapping-") else []
    return ["--languages", tables, case, *rules]


def shown(text):
    """(file, line, column, code, caret's column or None, hint or None) of each problem of the printed report."""
    found = []
    for line in text.splitlines():
        head = re.fullmatch(r"(.*?):(?:(\d+):(\d+):)? (?:error|warning|note): .*\[([a-z0-9-]+)\]", line)
        if head:
            found.append([head[1], int(head[2] or 0), int(head[3] or 0), head[4], None, None])
        elif found and re.fullmatch(r" {7}\| +\^~*", line):
            found[-1][4] = line.index("^") - len("       | ") + 1
        elif found and line.startswith("       = "):
            found[-1][5] = line.removeprefix("       = ")
    return found


def complaints(case, table):
    """What is not as it should be with a case."""
    expected = expected_of(case)
    problems = problems_of(*arguments(case))
    notes = any(table[code]["level"] == "note" for *_, code in expected if code in table)
    reported = [p for p in problems if p["level"] != "note" or notes]
    found = sorted((p.get("file", ""), p["line"], p["column"], p["code"]) for p in reported)
    if not expected:
        yield "it expects nothing"
    if found != expected:
        yield f"found {found}, expected {expected}"
    text = shown(check(*arguments(case)))
    if sorted(tuple(t[:4]) for t in text) != sorted((p.get("file", ""), p["line"], p["column"], p["code"]) for p in problems):
        yield f"the printed report differs from --json: {text}"
    for file, line, column, code, caret, hint in text:
        where = f"{code} at {line}:{column}"
        if line > 0 and caret != column and column <= 160:
            yield f"{where}: the caret is under {caret}"
        if code not in table:
            yield f"{where}: the table does not have the code"
        elif table[code]["level"] != "note" and not hint:
            yield f"{where}: no hint"
    for p in problems:
        softer = p["code"] == "exception-unproved" and p["level"] == "warning"
        if p["code"] in table and p["level"] != table[p["code"]]["level"] and not softer:
            yield f"{p['code']} is a {p['level']}, the table says {table[p['code']]['level']}"


def test_each_broken_file_is_named():
    """Each broken file earns its codes and no other, each at its line and column, with caret and hint, all in one run."""
    table = codes()
    found = [f"{case.name}: {what}" for case in cases() for what in complaints(case, table)]
    assert len(cases()) > 150, len(cases())
    assert not found, "\n" + "\n".join(found)


def test_a_file_over_the_limit():
    """A file of more than 1 MiB is refused by name, whether it or its folder was given."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "long.yaml"
        for given, size in ((path, 1), (folder, 1), (path, 2), (folder, 2)):
            path.write_text("format: 1\npack: long\n" + "#\n" * (size * 512 * 1024))
            found = problems_of(given)
            assert [(p["code"], p["file"], p["line"]) for p in found] == [("file-too-long", str(path), 0)], found
            assert found[0]["hint"], found


def make_long_path(root):
    """A folder that can be named, with a file below it that cannot: its path is longer than the system takes."""
    here = os.open(root, os.O_DIRECTORY)
    for i in range(17):
        os.mkdir("x" * 250, dir_fd=here)
        here, above = os.open("x" * 250, os.O_DIRECTORY, dir_fd=here), here
        os.close(above)
    os.close(here)
    return root / "/".join(["x" * 250] * 8)


def test_what_is_wrong_with_folders():
    """A loop of links, folders too deep, a file of another ending, a pipe, a file that is gone, a path too long: each
    is named with a hint."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "loop").symlink_to(root)
        (root / "rules.yml").write_text("format: 1\n")
        (root / "gone.yaml").symlink_to(root / "nowhere")
        os.mkfifo(root / "pipe.yaml")
        deep = root / "deep"
        (deep / "/".join("abcdefghijklmnop")).mkdir(parents=True)
        found = problems_of(folder)
        with tempfile.TemporaryDirectory() as other:
            long = problems_of(make_long_path(pathlib.Path(other)))
    assert sorted(p["code"] for p in found) == ["file-ignored", "folder-depth", "folder-loop", "unreadable-file",
                                                "unreadable-file"], found
    assert [p["code"] for p in long] == ["unreadable-file"], long
    assert all(p.get("hint") for p in found + long), found + long


def test_an_unreadable_folder():
    """A folder below that may not be read is named."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        root.chmod(0o755)
        (root / "a.yaml").write_bytes((BROKEN / "no-rules.yaml").read_bytes())
        (root / "closed").mkdir(mode=0o000)
        as_nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            found = problems_of("--languages", LANGUAGES, folder, cwd=folder, **as_nobody)
        except (PermissionError, AssertionError) as why:
            coachtest.skip(f"another user cannot run the program here: {why}")
    assert [p["code"] for p in found if p.get("hint")] == ["unreadable-folder"], found


# Reached by the tests above, not by a file.
BY_FOLDER = {"file-too-long", "file-ignored", "folder-depth", "folder-loop", "unreadable-file", "unreadable-folder"}


def test_every_code_of_the_table_is_reached():
    """Each code of the table is earned by some broken file, or by the folders above."""
    reached = {code for case in cases() for *_, code in expected_of(case)} | BY_FOLDER
    assert reached == set(codes()), reached ^ set(codes())


# --- the codes in the sources ---

CALL = re.compile(r"\b([a-z_]+)\(")


def arguments_at(text, start):
    """The arguments of the call whose bracket is at `start`."""
    depth, begin, out, i = 0, start + 1, [], start
    while True:
        c = text[i]
        if c in "\"'":
            end = i + 1
            while text[end] != c:
                end += 2 if text[end] == "\\" else 1
            i = end
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth == 0:
                return [*out, text[begin:i].strip()]
        elif c == "," and depth == 1:
            out.append(text[begin:i].strip())
            begin = i + 1
        i += 1


def raised(texts):
    """The codes that calls in the sources give, and the calls whose code is no literal."""
    takes = {}  # function -> which argument is its code
    calls = []
    for text in texts:
        for m in CALL.finditer(text):
            args = arguments_at(text, m.end() - 1)
            for i, arg in enumerate(args):
                if arg == "const char *code":
                    takes[m[1]] = i
            calls.append((m[1], args))
    codes_found, strange = set(), []
    for name, args in calls:
        i = takes.get(name)
        if i is None or i >= len(args) or args[i] == "const char *code":
            continue
        literals = re.findall(r'"([a-z0-9-]+)"', re.sub(r"'(\\.|[^\\])'", "", args[i]))
        codes_found.update(literals)
        if not literals and not re.fullmatch(r"(\w+(\.|->))?code", args[i]):  # a parameter, or kept from a call
            strange.append(f"{name}: {args[i]}")
    for text in texts:
        codes_found.update(re.findall(r'->code = "([a-z0-9-]+)"', text))
        for table in re.findall(r"\badvices\[\] = \{(.*?)\n\};", text, re.S):
            codes_found.update(re.findall(r'\{"[^"]*",\s*"([a-z0-9-]+)"', table))
    return codes_found, strange


def test_no_code_is_raised_that_the_table_lacks():
    """The codes that the sources raise are those of the table, read from every call that takes a code."""
    header = (SOURCE / "lib" / "base" / "diag.h").read_text()
    found, strange = raised([header, *(s.read_text() for s in SOURCES if s.name != "codes.c")])
    assert len(found) > 60 and not strange, strange
    assert found == set(codes()), found ^ set(codes())
    planted, _ = raised([header, 'f(d, DIAG_ERROR, "x"); diags_add(d, DIAG_ERROR, "planted-code", at, hint, "%s", x);'])
    assert planted == {"planted-code"}, planted


def test_the_table_is_readable():
    """--list-codes explains each code in plain sentences, in order of their names."""
    table = codes()
    text = check("--list-codes")
    assert list(table) == sorted(table)
    for code, row in table.items():
        assert row["level"] in ("error", "warning", "note"), row
        assert row["means"].endswith(".") and row["do"].endswith(".") and len(row["means"]) < 160, row
        assert row["means"] in text and row["do"] in text and re.search(rf"^{code} +{row['level']} ", text, re.M), row


if __name__ == "__main__":
    coachtest.main(globals())
