# SPDX-License-Identifier: BSD-2-Clause
"""weir-policy(7): every example is a policy that weir checks, every word of the language and every
point is told, and the program knows what the page names.  manual.py WEIR"""
import os
import re
import subprocess
import sys

weir = os.path.abspath(sys.argv[1])
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
with open(os.path.join(root, "man", "weir-policy.7"), encoding="utf-8") as f:
    page = f.read()
failed = number = 0


def test(name, wrong):
    global failed, number
    number += 1
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong:
        print("# " + line)


def run(*args, text=""):
    return subprocess.run([weir, *args], input=text.encode(), capture_output=True, timeout=60)


def whole(example):
    """A policy of an example: sets and rules alone get what is around them."""
    if "boundary " in example:
        return example
    if example.lstrip().startswith("set "):
        return example + "\nboundary b {\n default permit\n}\n"
    return "set own ?= { 193.60.0.0/16, 2a02:db::/32 }\nboundary b {\n" + example + "\ndefault permit\n}\n"


examples = [re.sub(r"\\e", r"\\", e) for e in
            re.findall(r"^\.Bd -literal -offset indent\n(.*?)^\.Ed", page, flags=re.M | re.S)]
test("there are examples", [] if len(examples) >= 7 else [f"only {len(examples)}"])
for example in examples:
    text = whole(example)
    checked = run("check", "-", text=text)
    title = example.strip().split("\n")[0]
    test(f"example: {title}", checked.stdout.decode().splitlines()[:6] if checked.returncode else [])
    printed = run("fmt", "-", text=text)
    test(f"canonical: {title}", [] if printed.returncode == 0 else [printed.stderr.decode()])

with open(os.path.join(root, "src", "policy", "keywords.def"), encoding="utf-8") as f:
    words = re.findall(r'^KEYWORD\(\w+,\s+"(\w+)"', f.read(), flags=re.M)
grammar = page.split(".Sh GRAMMAR")[1].split(".Sh ")[0]
prose = page.split(".Sh GRAMMAR")[0]
test("every word of the language is in the grammar", [w for w in words if f'"{w}"' not in grammar])
test("every word of the grammar is of the language",
     [w for w in re.findall(r'"(\w+)"', grammar) if w not in words])
test("every word is explained", [w for w in words if len(w) > 1 and not re.search(rf"\b{w}\b", prose)])
points = [line.split()[0] for line in run("help", "points").stdout.decode().splitlines()]
told = re.findall(r"^\.It Cm (\w+)\n", page.split(".Sh CONTROL POINTS")[1].split(".Sh ")[0], flags=re.M)
test("every point is told, in order", [] if points == told else [f"{points} {told}"])
named = set(re.findall(r"^\.It Cm ([\w-]+)\n", page.split(".Sh BUILT-IN")[1].split(".Sh ")[0], flags=re.M))
listed = {line.split()[0] for line in run("policy").stdout.decode().splitlines() if line[0] != " "}
test("every built-in policy is told", sorted(named ^ listed))
print(f"1..{number}")
sys.exit(1 if failed else 0)
