"""Reads the #include lines of lib/ and daemon/ against the table of layers.

A file includes its own header first, then only layers below it, with root-relative paths; each
library of other people is known to one layer only."""
import pathlib
import re
import tempfile
import unittest

import tree

LIB = ("lib/base", "lib/yaml", "lib/text", "lib/wire", "lib/rules", "lib/engine", "lib/eval")

# folder: the folders it may use besides itself. A name ending in .h allows that header alone.
MAY_USE = {
    "lib": LIB,  # coach.c, the public functions over all of lib
    "lib/base": (),
    "lib/yaml": ("lib/base",),
    "lib/text": ("lib/base",),
    "lib/wire": ("lib/base", "lib/yaml", "lib/text"),
    "lib/rules": ("lib/base", "lib/yaml", "lib/text"),
    "lib/engine": ("lib/base", "lib/text", "lib/rules", "lib/wire/event.h", "lib/wire/nudge.h"),
    "lib/eval": LIB,
    "daemon/base": LIB,
    "daemon/coachd": (*LIB, "daemon/base"),
    "daemon/cli": (*LIB, "daemon/base"),
    "daemon/gateway": ("lib/base", "lib/wire", "daemon/base"),
    "daemon/bus": ("lib/base", "lib/wire", "daemon/base"),
}
PUBLIC = "lib/coach.h"  # everyone may use it

# header of a library: the folder that may know it
CONFINED = {
    "pcre2.h": "lib/rules",
    "jansson.h": "lib/wire",
    "yaml.h": "lib/yaml",
    "utf8proc.h": "lib/text",
    "uthash.h": "lib/base",
    "uv.h": "daemon/",
    "http_parser.h": "daemon/gateway",
    "wslay/wslay.h": "daemon/gateway",
    "jwt.h": "daemon/gateway",
    "openssl/evp.h": "daemon/gateway",
}
# All that lib/ may take from the C library: nothing that reaches outside the process.
LIB_HEADERS = {"assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdbool.h",
               "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def may_use(folder, path):
    """Whether a file of `folder` may include `path`, both relative to the root."""
    if path == PUBLIC or str(pathlib.PurePath(path).parent) == folder:
        return True
    return any(path == allowed or str(pathlib.PurePath(path).parent) == allowed for allowed in MAY_USE[folder])


def breaches(root):
    """One sentence for each include line below `root` that the table does not allow, and how many lines there were."""
    found, lines = [], 0
    for file in tree.files(root, "lib", (".c", ".h")) + tree.files(root, "daemon", (".c", ".h")):
        folder = str(file.parent)
        includes = INCLUDE.findall((root / file).read_text(encoding="utf-8"))
        lines += len(includes)
        if folder not in MAY_USE:
            found.append(f"{file}: {folder} is not in the table of layers")
            continue
        own = str(file.with_suffix(".h"))
        if file.suffix == ".c" and (root / own).exists() and (not includes or includes[0] != ('"', own)):
            found.append(f'{file}: the first include is not its own header, "{own}"')
        for kind, path in includes:
            if kind == '"':
                if not (root / path).is_file():
                    found.append(f'{file}: "{path}" is not a path from the root')
                elif not may_use(folder, path):
                    found.append(f'{file}: {folder} may not use "{path}"')
            elif path in CONFINED:
                if not (folder + "/").startswith(CONFINED[path].rstrip("/") + "/"):
                    found.append(f"{file}: <{path}> belongs to {CONFINED[path]} alone")
            elif folder.split("/")[0] == "lib" and path not in LIB_HEADERS:
                found.append(f"{file}: lib/ may not use <{path}>")
    return found, lines


def linked_beyond(cmake):
    """One sentence for each layer that CMakeLists.txt links to a layer that the table does not name."""
    found = []
    for folder, rest in re.findall(r"coach_layer\(\s*(\S+)\s*([^)]*)\)", cmake):
        uses = re.match(r"USES\s+(.*?)(?=\s+LIBRARIES\b|\s*$)", rest.strip(), re.S)
        for used in uses.group(1).split() if uses else ():
            if not any(allowed == used or allowed.startswith(used + "/") for allowed in MAY_USE.get(folder, ())):
                found.append(f"CMakeLists.txt: {folder} links {used}")
    return found


class Tree(unittest.TestCase):
    def test_every_include_is_allowed(self):
        found, lines = breaches(tree.ROOT)
        self.assertGreater(lines, 20, "no include lines were read")
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_the_build_links_no_more_than_the_table_allows(self):
        cmake = (tree.ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
        self.assertIn("coach_layer(lib/engine USES", cmake)
        self.assertEqual(linked_beyond(cmake), [])


class Planted(unittest.TestCase):
    """Each kind of breach, planted in a small tree, is found."""
    GOOD = {
        "lib/coach.h": "",
        "lib/base/buf.h": "#include <stddef.h>\n",
        "lib/base/buf.c": '#include "lib/base/buf.h"\n\n#include <string.h>\n',
        "lib/wire/event.h": '#include "lib/coach.h"\n',
        "lib/wire/json.h": "",
        "lib/rules/ruleset.h": "#include <pcre2.h>\n",
        "lib/engine/engine.h": '#include "lib/wire/event.h"\n#include "lib/rules/ruleset.h"\n',
        "daemon/base/conn.h": "#include <uv.h>\n#include <sys/socket.h>\n",
        "daemon/gateway/main.c": '#include "daemon/base/conn.h"\n',
    }

    def found(self, **changed):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**self.GOOD, **changed.get("files", {})}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return breaches(root)[0]

    def test_a_good_tree_has_none(self):
        self.assertEqual(self.found(), [])

    def test_each_breach_is_found(self):
        rows = [
            ("lib/base/hash.h", '#include "lib/wire/event.h"\n', "may not use"),
            ("lib/engine/turns.c", '#include "lib/wire/json.h"\n', "may not use"),
            ("lib/rules/compile.h", '#include "lib/engine/engine.h"\n', "may not use"),
            ("lib/wire/lines.h", '#include "daemon/base/conn.h"\n', "may not use"),
            ("daemon/gateway/http.c", '  #  include "lib/engine/engine.h"\n', "may not use"),
            ("daemon/base/log.h", '#include "daemon/gateway/main.c"\n', "may not use"),
            ("lib/base/buf.c", '#include <string.h>\n#include "lib/base/buf.h"\n', "own header"),
            ("lib/base/buf.c", "int x;\n", "own header"),
            ("lib/base/arena.c", '#include "buf.h"\n', "not a path from the root"),
            ("lib/engine/match.c", "#include <pcre2.h>\n", "belongs to lib/rules"),
            ("daemon/base/out.c", "#include <jansson.h>\n", "belongs to lib/wire"),
            ("daemon/base/config.c", "#include <yaml.h>\n", "belongs to lib/yaml"),
            ("lib/wire/fold.c", "#include <utf8proc.h>\n", "belongs to lib/text"),
            ("lib/engine/calls.c", "#include <uthash.h>\n", "belongs to lib/base"),
            ("lib/engine/timer.c", "#include <uv.h>\n", "belongs to daemon/"),
            ("lib/engine/clock.c", "#include <time.h>\n", "lib/ may not use"),
            ("lib/base/file.c", "#include <sys/stat.h>\n", "lib/ may not use"),
            ("lib/extra/new.h", "#include <stddef.h>\n", "not in the table"),
        ]
        for name, text, says in rows:
            with self.subTest(name=name, text=text):
                found = self.found(files={name: text})
                self.assertEqual(len(found), 1, found)
                self.assertIn(says, found[0])

    def test_a_link_beyond_the_table_is_found(self):
        self.assertEqual(linked_beyond("coach_layer(lib/text USES lib/base LIBRARIES X)"), [])
        self.assertEqual(linked_beyond("coach_layer(lib/text USES lib/base lib/wire LIBRARIES X)"),
                         ["CMakeLists.txt: lib/text links lib/wire"])


if __name__ == "__main__":
    unittest.main()
