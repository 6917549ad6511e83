# SPDX-License-Identifier: BSD-2-Clause
"""Policies and what weir says of them: NAME.weir, its canonical text NAME.fmt (where it is a
policy) and its complaints NAME.diag.  golden.py WEIR compares, golden.py WEIR --bless writes
what weir says now, for a reader of the difference."""
import os
import subprocess
import sys

weir, bless = os.path.abspath(sys.argv[1]), "--bless" in sys.argv
here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "golden")
built_in = os.path.join(here, "..", "..", "src", "policy", "profiles")


def run(*args, text=None):
    return subprocess.run([weir, *args], cwd=folder, input=text, capture_output=True, timeout=120,
                          env={**os.environ, "NO_COLOR": "1"})


def wanted(name, said):
    path = os.path.join(folder, name)
    if bless:
        if said is None and os.path.exists(path):
            os.remove(path)
        elif said is not None:
            with open(path, "wb") as f:
                f.write(said)
    if not os.path.exists(path):
        return None
    with open(path, "rb") as f:
        return f.read()


def compare(name, said):
    should = wanted(name, said)
    if said == should:
        return []
    is_lines, lines = (said or b"").split(b"\n"), (should or b"").split(b"\n")
    for i in range(max(len(is_lines), len(lines))):
        a = is_lines[i] if i < len(is_lines) else b"(nothing)"
        b = lines[i] if i < len(lines) else b"(nothing)"
        if a != b:
            return [f"{name}:{i + 1}: is     {a!r}", f"{name}:{i + 1}: should {b!r}"]
    return [f"{name}: is {'there' if said is not None else 'not there'}"]


def check_golden(stem):
    found = []
    checked = run("check", stem + ".weir")
    found += compare(stem + ".diag", checked.stdout + f"exit {checked.returncode}\n".encode())
    printed = run("fmt", stem + ".weir")
    if printed.returncode not in (0, 2) or printed.returncode == 2 and printed.stdout:
        found.append(f"fmt: exit {printed.returncode}")
    text = printed.stdout if printed.returncode == 0 else None
    found += compare(stem + ".fmt", text)
    if text is not None and run("fmt", "-", text=text).stdout != text:
        found.append("fmt of fmt is not fmt")
    return found


def check_profile(name):
    found = []
    said = run("check", name)
    if said.stdout or said.returncode:
        found.append(f"check: {said.stdout.decode()}")
    path = os.path.join(built_in, name + ".weir")
    if run("fmt", "--check", path).returncode:
        found.append("not canonical: weir fmt --write it")
    with open(path, "rb") as f:
        if run("policy", "--text", name).stdout != f.read():
            found.append("policy --text differs from the file")
    saved = run("policy", name).stdout
    if run("check", "-", text=saved).returncode:
        found.append("what 'policy' prints is no policy")
    return found


stems = sorted(n[:-5] for n in os.listdir(folder) if n.endswith(".weir"))
profiles = sorted(n[:-5] for n in os.listdir(built_in) if n.endswith(".weir"))
tests = [(check_golden, s) for s in stems] + [(check_profile, s) for s in profiles]
failed = 0
print(f"1..{len(tests)}")
for number, (test, name) in enumerate(tests, 1):
    wrong = test(name)
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong:
        print("# " + line)
sys.exit(1 if failed else 0)
