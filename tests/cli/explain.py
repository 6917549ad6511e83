# SPDX-License-Identifier: BSD-2-Clause
"""weir explain: verdicts, exit statuses, JSON by its schema, and queries by the line."""
import json
import os
import tempfile

from cli import ROOT, Skip, equal, err, holds, main, out, run

SITE = """policy "site"
set own ?= {}
boundary edge extends modern.border {
    permit from 203.0.114.7 to 239.1.1.1 at data as camera "a camera" ref "ticket 7"
    deny   in from own at data as mine
}
"""


def site():
    f = tempfile.NamedTemporaryFile("w", suffix=".weir")
    f.write(SITE)
    f.flush()
    return f


def answers(*args, **more):
    return [json.loads(line) for line in out("explain", "-j", *args, **more).splitlines()]


def points(answer):
    return {p["point"]: (p["verdict"], p["rule"]) for p in answer["points"]}


def test_the_screen():
    text = out("explain", "10.20.3.9", "239.255.255.250")
    holds(text, "10.20.3.9 > 239.255.255.250   SSDP, relative address 5 of 239.255.0.0/16 (local scope)")
    holds(text, "boundary border, policy modern (built in)")
    holds(text, "deny     bogon-source")
    holds(text, "also local-scope, adm-scoped")
    for line in text.splitlines():
        assert len(line) <= 100, line


def test_exit_status():
    equal(run("explain", "--point", "data", "130.1.1.1", "232.1.1.1").returncode, 0)
    equal(run("explain", "130.1.1.1", "232.1.1.1").returncode, 1)
    equal(run("explain", "-q", "130.1.1.1", "232.1.1.1").stdout, b"")
    for words in (["130.1.1.1"], ["x", "232.1.1.1"], ["130.1.1.1", "10.0.0.1"],
                  ["130.1.1.1", "ff0e::1"], ["--point", "daat", "130.1.1.1", "232.1.1.1"],
                  ["--point", "data", "*", "232.1.1.1"], ["--ttl", "256", "1.2.3.4", "232.1.1.1"]):
        done = run("explain", *words)
        equal((done.returncode, done.stdout), (2, b""), words)
        assert done.stderr.startswith(b"weir: "), done.stderr


def test_json():
    answer, = answers("203.5.5.1", "224.0.1.1")
    equal(answer["schema"], "weir-explain/1")
    equal((answer["policy"]["name"], answer["boundary"]), ("modern", "border"))
    equal((answer["source"], answer["group"]), ("203.5.5.1", "224.0.1.1"))
    equal((answer["name"], answer["scope"]), ("NTP Network Time Protocol", "global"))
    equal(points(answer), {"data": ("deny", "ntp"), "membership": ("deny", "ntp"),
                           "join": ("deny", "ntp"), "register": ("deny", "no-registers"),
                           "sa": ("deny", "no-msdp"), "session": ("deny", "ntp")})
    data = answer["points"][0]
    equal((data["unless"], data["also"]), (["tcp-to-group"], ["internetwork-control"]))
    assert data["line"] > 1 and data["ref"] == "draft 3.1", data


def test_json_by_its_schema():
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed")
    with open(os.path.join(ROOT, "schema", "weir-explain.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    for args in (["*", "ff3e::8000:1"], ["10.1.1.1", "239.1.2.3"], ["2a00::1", "ff1e::1"],
                 ["--rp", "10.0.0.1", "--ttl", "3", "--port", "9875", "1.2.3.4", "224.2.127.254"]):
        jsonschema.validate(answers(*args)[0], schema)


def test_wildcard_and_ipv6():
    equal(points(answers("*", "232.1.1.1")[0]),
          {"membership": ("deny", "ssm-needs-source"), "join": ("deny", "ssm-needs-source")})
    assert "sa" not in points(answers("2a00::1", "ff3e::8000:1")[0])


def test_a_policy_file():
    with site() as f:
        answer, = answers("-p", f.name, "203.0.114.7", "239.1.1.1")
        data = answer["points"][0]
        equal((data["verdict"], data["rule"], data["line"], data["file"]), ("permit", "camera", 4, f.name))
        join = answer["points"][2]
        equal((join["rule"], join["file"]), ("adm-scoped", "modern"))
        holds(out("explain", "-p", f.name, "203.0.114.7", "239.1.1.1"), "modern:")
        unless = answers("-p", f.name, "--set", "own=203.0.112.0/20", "203.0.114.8", "232.1.1.1")[0]
        equal(unless["points"][0]["unless"], ["mine", "tcp-to-group", "spoofed-own"])


def test_verbose_says_why_not():
    text = out("explain", "-v", "--point", "data", "130.1.1.1", "224.0.1.1")
    holds(text, "not reserved-scope: to { ffx0::/16 }")
    holds(text, "unless tcp-to-group: protocol tcp")
    holds(text, "not no-msdp: at sa")
    holds(text, "not off-lan-report: off: --set lan=...")


def test_lines():
    lines = b"10.1.1.1 239.1.2.3\n# a comment\n\n* 232.1.1.1 --point join\n" \
            b"130.1.1.1 232.1.1.1 --point data\r\n130.1.1.1 233.1.1.1 --point sa --rp 10.1.1.1"
    got = answers("-", stdin=lines)
    equal([a["group"] for a in got], ["239.1.2.3", "232.1.1.1", "232.1.1.1", "233.1.1.1"])
    equal([len(a["points"]) for a in got], [6, 1, 1, 1])
    equal(got[3]["rp"], "10.1.1.1")
    equal(run("explain", "-", stdin=b"130.1.1.1 232.1.1.1 --point data\n").returncode, 0)
    equal(run("explain", "-", stdin=lines).returncode, 1)
    equal(run("explain", "-", stdin=b"").returncode, 0)


def test_lines_that_are_wrong():
    lines = b"10.1.1.1\n10.1.1.1 239.1.2.3 --ttl x\n\x1b[2J 239.1.1.1\n130.1.1.1 232.1.1.1\n"
    done = run("explain", "-j", "-", stdin=lines)
    equal(done.returncode, 2)
    equal(len(done.stdout.splitlines()), 1)
    said = done.stderr.decode().splitlines()
    equal([line.split(":")[1] for line in said], [" line 1", " line 2", " line 3"])
    assert b"\x1b" not in done.stderr


def test_a_newer_registry():
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
        f.write("Address(es),Description,References\n224.0.1.1,\033Time,[RFC1]\n")
        f.flush()
        equal(answers("--registry", f.name, "1.2.3.4", "224.0.1.1")[0]["name"], "\\x1bTime")
        assert "\033" not in out("explain", "--registry", f.name, "1.2.3.4", "224.0.1.1")
        f.write("224.0.1,x,\n10.0.0.1,y,\n")
        f.flush()
        done = run("explain", "--registry", f.name, "1.2.3.4", "224.0.1.1")
        equal(done.returncode, 2)
        holds(done.stderr.decode(), f"{f.name}:3: ")
        holds(done.stderr.decode(), f"{f.name}:4: not multicast")
    equal(run("explain", "--registry", "/no/such/file", "1.2.3.4", "224.0.1.1").returncode, 3)
    holds(err("explain", "--registry", "/no/such/file", "1.2.3.4", "224.0.1.1"), "No such file")


main(globals())
