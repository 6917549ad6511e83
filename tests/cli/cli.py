# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the command line share: running weir, reading its rows, and TAP.

Every test is called as: TEST WEIR, the path of the program."""
import functools
import os
import re
import subprocess
import sys
import time
import traceback

WEIR = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A calm environment: no colour wishes, one zone, sanitizers that report on their own.
CALM = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "COLUMNS")}
CALM.update(TZ="UTC", LC_ALL="C.UTF-8")


class Skip(Exception):
    pass


def run(*args, stdin=b"", env=None, **more):
    first = args[0].split(" ") if args else []     # a name of two words comes as one
    return subprocess.run([WEIR, *first, *args[1:]], input=stdin, capture_output=True, timeout=120,
                          env={**CALM, **(env or {})}, **more)


def out(*args, **more):
    return run(*args, **more).stdout.decode()


def err(*args, **more):
    return run(*args, **more).stderr.decode()


@functools.lru_cache(maxsize=None)
def help_of(command):
    """What its --help says; asked once, for it is the same every time."""
    return out(command, "--help")


@functools.lru_cache(maxsize=None)
def commands():
    """Names of all commands, as `weir help` lists them."""
    part = out("help").split("Commands:\n")[1].split("\n\n")[0]
    return [re.split("  +", line.strip())[0] for line in part.splitlines()]


def options(command):
    """(letter or None, long name, argument or None) of every option that its help lists."""
    found = re.findall(r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?", help_of(command), flags=re.M)
    return [(letter or None, name, argument or None) for letter, name, argument in found]


def equal(a, b, what=""):
    assert a == b, f"{what}: is {a!r}, should be {b!r}"


def holds(text, part, what=""):
    assert part in text, f"{what}: no {part!r} in {text!r}"


def a_capture():
    """The RAS advertisement of the README, as a capture of one packet."""
    frame = bytes.fromhex(
        "01005e7f02020200000000010800"
        "4500003100010000" "0f11" "0000" "c0000207" "efff0202"
        "0402" "2619" "001d" "0000") + b"Hostname=thepcsname\n\0"
    head = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    stamp = (1795266000).to_bytes(4, "little") + (123456).to_bytes(4, "little")
    size = len(frame).to_bytes(4, "little")
    return head + stamp + size + size + frame


def names_of(tests):
    return [name for name in tests if name.startswith("test_")]


def reasons(lines):
    """The last lines of the test's own part of a trace, and all that the exception says."""
    last = max((i for i, line in enumerate(lines) if line.startswith("  File ")), default=0)
    return lines[max(last - 2, 0):last + 60]


def main(tests):
    """Runs the functions whose names begin with test_, in order; TAP on standard output."""
    named = [(n[5:].replace("_", " "), tests[n]) for n in names_of(tests)]
    failed = 0
    print(f"1..{len(named)}")
    for i, (name, test) in enumerate(named, 1):
        began = time.monotonic()
        try:
            test()
            print(f"ok {i} - {name}\n# {time.monotonic() - began:.2f} s")
        except Skip as reason:
            print(f"ok {i} - {name} # SKIP {reason}")
        except Exception:
            failed += 1
            print(f"not ok {i} - {name}")
            for line in reasons(traceback.format_exc().splitlines()):
                print(f"# {line[:1000]}")
    sys.exit(1 if failed else 0)
