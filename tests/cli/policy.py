# SPDX-License-Identifier: BSD-2-Clause
"""Naming policies and boundaries: profiles, files, standard input, choices, includes, mistakes."""
import json
import os
import tempfile

from cli import a_capture, equal, err, holds, main, out, run

FOLDER = tempfile.TemporaryDirectory()


def write(name, text):
    path = os.path.join(FOLDER.name, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


CAPTURE = write("one.pcap", a_capture())
POLICY = """set own ?= {}
set ras = { 239.255.0.0/16 }
boundary first {
    permit from own at data as mine
    deny to ras at data as ras
    default permit
}
boundary second { default permit }
"""


def verdict(*words, **more):
    line = json.loads(out("decode", "-j", *words, CAPTURE, **more).splitlines()[0])
    return line.get("boundary"), line.get("verdict"), line.get("rule")


def test_no_policy_no_verdict():
    equal(verdict(), (None, None, None))


def test_file_boundary_and_choice():
    path = write("a.weir", POLICY)
    equal(verdict("-p", path), ("first", "deny", "ras"))
    equal(verdict("-p", path, "-b", "second"), ("second", "permit", "default"))
    equal(verdict("-p", path, "--set", "own=192.0.2.0/24"), ("first", "permit", "mine"))
    equal(verdict("-p", path, "--set", "own={ 192.0.2.7 }"), ("first", "permit", "mine"))
    equal(verdict(f"--policy={path}", "--boundary=first"), ("first", "deny", "ras"))


def test_profile_is_found_by_name():
    boundary, action, rule = verdict("-p", "modern")
    assert boundary and action == "deny" and rule, (boundary, action, rule)
    equal(verdict("-b", boundary), (boundary, action, rule), "without -p it is modern")


def test_policy_from_standard_input():
    equal(verdict("-p", "-", stdin=POLICY.encode()), ("first", "deny", "ras"))


def test_include_is_relative_to_the_including_file():
    write("sub/sets.weir", "set ras = { 239.255.2.2 }\n")
    path = write("sub/main.weir", 'include "sets.weir"\n'
                 "boundary b { deny to ras at data as ras\n default permit }\n")
    equal(verdict("-p", path), ("b", "deny", "ras"))
    broken = write("sub/broken.weir", 'include "nowhere.weir"\nboundary b { default permit }\n')
    done = run("decode", "-p", broken, CAPTURE)
    equal((done.returncode, done.stdout), (2, b""))
    holds(done.stderr.decode(), "broken.weir:1:")
    holds(done.stderr.decode(), "No such file")


def test_mistakes_are_all_told_with_their_lines():
    path = write("bad.weir", "set a = { 10.0.0.0/33 }\nboundary b {\n    permt to a\n"
                 "    deny to globl\n    default deny\n}\n")
    done = run("decode", "-p", path, CAPTURE)
    equal((done.returncode, done.stdout), (2, b""))
    text = done.stderr.decode()
    for line in (1, 3, 4):
        holds(text, f"bad.weir:{line}:")
    holds(text, "^")
    assert any(l.endswith(" errors") for l in text.splitlines()), text


def test_names_that_are_not_there():
    equal(run("decode", "-p", "moden", CAPTURE).returncode, 2)
    holds(err("decode", "-p", "moden", CAPTURE), "did you mean 'modern'?")
    holds(err("policy", "modern.border"), "did you mean 'modern' and its boundary 'border'?")
    equal(run("decode", "-p", "/no/such.weir", CAPTURE).returncode, 2)
    equal(run("decode", "-p", FOLDER.name, CAPTURE).returncode, 3)
    path = write("a.weir", POLICY)
    equal(run("decode", "-p", path, "-b", "secnd", CAPTURE).returncode, 2)
    holds(err("decode", "-p", path, "-b", "secnd", CAPTURE), "did you mean 'second'?")
    holds(err("decode", "-p", path, "-b", "xyzzyx", CAPTURE), "it has first, second")
    equal(run("decode", "-p", path, "--set", "onw={}", CAPTURE).returncode, 2)
    equal(err("decode", "-p", path, "--set", "onw={}", CAPTURE).splitlines()[:2],
          ["--set: error: no set 'onw' can be chosen", "     hint: did you mean 'own'?"])
    holds(err("decode", "-p", path, "--set", "elsewhere={}", CAPTURE), "hint: the choices are own\n")
    diagnostic = json.loads(out("check", "-j", "--set", "onw={}", path))["policies"][0]["diagnostics"][0]
    assert "line" not in diagnostic, diagnostic


def test_limits_count_in_the_time_of_the_capture():
    path = write("limit.weir", "boundary b { limit 1/s burst 2 to 239.0.0.0/8 at data as slow\n"
                 " default permit }\n")
    one = a_capture()
    capture = bytearray(one[:24])
    for second in (0, 0, 0, 1):
        packet = bytearray(one[24:])
        packet[0:4] = (1795266000 + second).to_bytes(4, "little")
        capture += packet
    lines = out("decode", "-j", "-p", path, "-", stdin=bytes(capture)).splitlines()
    equal([json.loads(l)["verdict"] for l in lines], ["permit", "permit", "limit", "permit"])


main(globals())
