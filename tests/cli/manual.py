# SPDX-License-Identifier: BSD-2-Clause
"""weir(1) and the program say the same: commands, synopses, options, both ways round."""
import os
import re
import shutil
import subprocess

from cli import ROOT, Skip, commands, equal, main, options, out


def page(name):
    with open(os.path.join(ROOT, "man", name), encoding="utf-8") as f:
        return f.read()


def pages():
    return sorted(n for n in os.listdir(os.path.join(ROOT, "man")) if re.search(r"\.[1-8]$", n))


def part(text, head):
    """The lines of one section, up to the next of its kind."""
    m = re.search(rf"^\.S[hs] {re.escape(head)}\n(.*?)(?=^\.S[hs] |\Z)", text, flags=re.M | re.S)
    assert m, f"weir(1) has no section '{head}'"
    return m.group(1)


def described(text):
    """Long options of the list items of a section, with their letters."""
    found = {}
    for item in re.findall(r"^\.It Fl (.*)$", text, flags=re.M):
        m = re.match(r"(?:(\w) , Fl )?Fl ([\w-]+)(?: Ar (\S+))?", item)
        assert m, f"cannot read '.It Fl {item}'"
        found[m.group(2)] = (m.group(1), m.group(3))
    return found


COMMON = described(part(page("weir.1"), "COMMON OPTIONS"))


def test_options_of_every_command():
    for name in commands():
        own = described(part(page("weir.1"), f"weir {name}"))
        for letter, option, argument in options(name):
            row = own.get(option) or COMMON.get(option)
            assert row, f"weir(1) does not tell of: weir {name} --{option}"
            equal(row, (letter, argument), f"weir {name} --{option}")
        extra = set(own) - {o[1] for o in options(name)}
        assert not extra, f"weir(1) tells of options that weir {name} has not: {extra}"


def test_synopsis_of_every_command():
    for name in commands():
        usage = out(name, "--help").splitlines()[0].replace("Usage: ", "")
        shown = usage.replace("[options]", "Oo options Oc")
        assert f".D1 {shown}\n" in part(page("weir.1"), f"weir {name}"), f"no line '.D1 {shown}'"


def test_every_common_option_is_common():
    known = {o[1] for name in commands() for o in options(name)}
    equal(set(COMMON) - known, set())


def test_mandoc_accepts_every_page():
    if not shutil.which("mandoc"):
        raise Skip("mandoc is not installed")
    for name in pages():
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(ROOT, "man", name)],
                              capture_output=True, text=True)
        equal(done.stdout, "", name)


main(globals())
