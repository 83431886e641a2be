"""The source tree as the lints see it: what is in it, without builds and caches."""
import fnmatch
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def ignored(path):
    """As .gitignore has it: caches, and what begins with "build" at the top."""
    return path.name in (".git", "__pycache__") or fnmatch.fnmatch(str(path), "build*")


def files(root=ROOT, under="", suffixes=()):
    """Paths relative to `root`, sorted, of the files below root/under whose names end in one of `suffixes`."""
    found = []
    for folder, folders, names in os.walk(root / under):
        here = pathlib.Path(folder).relative_to(root)
        folders[:] = [name for name in folders if not ignored(here / name)]
        found += [here / name for name in names if not suffixes or name.endswith(tuple(suffixes))]
    return sorted(found)
