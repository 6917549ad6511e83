# SPDX-License-Identifier: BSD-2-Clause
"""What the house tests share: the floors of the architecture, the files of the tree, and TAP."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

FLOORS = {
    "base": 0, "net": 1, "model": 2, "wire": 3, "policy": 3, "engine": 4, "dialect": 4, "relay": 5,
    "os": 6, "source": 7, "sink": 7, "enforce": 7, "web": 8, "daemon": 9, "cmd": 10,
}
DRY = 5  # the highest floor without system calls


def may_use(user, used):
    """A folder uses itself and lower floors; folders on one floor do not know each other."""
    return user == used or FLOORS[used] < FLOORS[user]


def files(*folders, ends=()):
    """Paths from the root, sorted, of the files below these folders."""
    found = []
    for folder in folders:
        for where, names, leaves in os.walk(os.path.join(ROOT, folder)):
            names[:] = [n for n in names if not n.startswith((".", "build", "__pycache__"))]
            found += [os.path.relpath(os.path.join(where, leaf), ROOT) for leaf in leaves]
    return sorted(f for f in found if not ends or f.endswith(tuple(ends)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def without_comments(text):
    """C without comments and the insides of strings; line numbers stay."""
    def blank(match):
        s = match.group(0)
        if s[0] in "\"'":
            return s[0] + s[0]
        return "\n" * s.count("\n") + " "
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def rows(path, macro):
    """First quoted or bare argument lists of MACRO(...) rows in a .def file."""
    return [[a.strip().strip('"') for a in m.split(",")]
            for m in re.findall(r"^" + macro + r"\(([^.\n][^\n]*?)\)\s*$", read(path), flags=re.M)]


def report(checks):
    """TAP for a dict of check name -> list of complaints.  Ends the program."""
    print(f"1..{len(checks)}")
    for i, (name, complaints) in enumerate(checks.items(), 1):
        print(f"{'not ok' if complaints else 'ok'} {i} - {name}")
        for c in complaints:
            print(f"# {c}")
    sys.exit(1 if any(checks.values()) else 0)
