# SPDX-License-Identifier: BSD-2-Clause
"""weir audit -j and weir decode -j keep to their schemas, and the audit's figures are those of
decode's lines, counted once more here.

schema.py WEIR CAPTURE... -- captures of the generator; those of WEIR_CAPTURES come besides."""
import json
import os
import sys
from collections import defaultdict

from cli import ROOT, Skip, equal, main, run

WORSE = ["ignore", "permit", "warn", "limit", "deny"]
GENERATED = sys.argv[2:]


def shared():
    folder = os.environ.get("WEIR_CAPTURES", os.path.join(ROOT, "..", "shared", "captures"))
    folder = os.path.join(folder, "files")
    if not os.path.isdir(folder):
        return []
    paths = [os.path.join(folder, n) for n in sorted(os.listdir(folder))]
    return [p for p in paths if os.path.getsize(p) < 100000]


def validator(name):
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed") from None
    with open(os.path.join(ROOT, "schema", f"weir-{name}.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def audit(*args):
    done = run("audit", "-j", *args)
    assert not done.stdout or done.stdout.endswith(b"}\n"), args
    return json.loads(done.stdout) if done.stdout else None


def lines(*args):
    return [json.loads(line) for line in run("decode", "-j", *args).stdout.splitlines()]


def complain_of(errors, what):
    first = next(errors, None)
    assert not first, f"{what}: {'/'.join(map(str, first.path))}: {first.message[:300]}"


def test_audit_schema():
    good = validator("audit")
    other = ["-b", "peering", "--vantage", "inside", "--against", "chown-02"]
    for i, path in enumerate(GENERATED + shared()[::9]):
        # of the shared ones each is looked at in one of the two ways
        for more in ([], other) if path in GENERATED else ([other, []][i % 2],):
            document = audit(*more, path)
            if document:
                complain_of(good.iter_errors(document), path)


def test_decode_schema():
    good = validator("decode")
    for path in GENERATED + shared()[::9]:
        for line in lines("-p", "modern", path)[:100]:
            complain_of(good.iter_errors(line), path)


def test_check_and_policy_schemas():
    good = validator("check")
    golden = os.path.join(ROOT, "tests", "policy", "golden")
    files = [os.path.join(golden, n) for n in sorted(os.listdir(golden)) if n.endswith(".weir")]
    for names in [["modern"], ["chown-02", "ssm-only"], files, *[[f] for f in files]]:
        done = run("check", "-j", *names)
        document = json.loads(done.stdout)
        complain_of(good.iter_errors(document), str(names))
        equal(document["exit"], done.returncode, str(names))
        said = [d["severity"] for p in document["policies"] for d in p["diagnostics"]]
        equal([document[k] for k in ("errors", "warnings", "notes")],
              [said.count(k) for k in ("error", "warning", "note")], str(names))
    good = validator("policy")
    for args in [], ["modern"], ["--set", "own=192.0.2.0/24", "chown-02"]:
        done = run("policy", "-j", *args)
        complain_of(good.iter_errors(json.loads(done.stdout)), str(args))
    source = json.loads(run("policy", "-j", "modern").stdout)["source"]
    equal("\n".join(source) + "\n", run("policy", "--text", "modern").stdout.decode(), "its lines")


def is_group(line):
    bits = 128 if ":" in line.get("group", "") else 32
    return "group" in line and line.get("group_len", bits) == bits


def who(line):
    source = line.get("source", "*")
    return source if source != "*" else line.get("speaker")


def counted(said):
    points = defaultdict(int)
    rules = defaultdict(lambda: {"hits": 0, "frames": {}, "sources": set(), "groups": set()})
    flows = defaultdict(lambda: {"frames": {}, "verdict": "ignore"})
    for line in said:
        if "verdict" not in line or "point" not in line:
            continue
        points[line["point"], line["verdict"]] += 1
        if "rule" not in line:
            continue
        rule = rules[line["rule"]]
        rule["hits"] += 1
        rule["frames"][line["frame"]] = line["bytes"]
        if who(line):
            rule["sources"].add(who(line))
        if is_group(line):
            rule["groups"].add(line["group"])
        speaker = line.get("speaker") if "source" not in line else None
        flow = flows[line.get("source"), speaker, line.get("group"), line.get("group_len"), line["point"]]
        flow["frames"][line["frame"]] = line["bytes"]
        flow["verdict"] = max(flow["verdict"], line["verdict"], key=WORSE.index)
    return points, rules, flows


def compare(path, *options):
    done = run("audit", "-j", *options, path)
    if done.returncode >= 2:
        assert path not in GENERATED, done.stderr
        return
    document, said = json.loads(done.stdout), lines(*(options or ["-p", "modern"]), path)
    points, rules, flows = counted(said)
    for point, actions in document["points"].items():
        for action, n in actions.items():
            equal(n, points.get((point, action), 0), f"{path}: {point} {action}")
    for rule in document["rules"]:
        mine = rules[rule["name"]]
        equal(rule["hits"], mine["hits"], f"{path}: hits of {rule['name']}")
        equal(rule["packets"], len(mine["frames"]), f"{path}: packets of {rule['name']}")
        equal(rule["bytes"], sum(mine["frames"].values()), f"{path}: bytes of {rule['name']}")
        for what in "sources", "groups":
            if len(mine[what]) <= 1024:
                equal(rule[what], len(mine[what]), f"{path}: {what} of {rule['name']}")
            else:
                assert abs(rule[what] / len(mine[what]) - 1) < 0.06, (path, rule, len(mine[what]))
    equal(document["flows_evicted"], 0)
    theirs = {(f.get("source"), f.get("speaker"), f.get("group"), f.get("group_len"), f["point"]):
              (f["packets"], f["bytes"], f["verdict"]) for f in document["flows"]}
    equal(theirs, {key: (len(f["frames"]), sum(f["frames"].values()), f["verdict"])
                   for key, f in flows.items()}, path)
    equal(document["flows"], sorted(document["flows"], key=lambda f: -f["packets"]), "order")


def test_figures_are_those_of_decode():
    for path in GENERATED:
        compare(path)


def test_figures_of_shared_captures():
    if not shared():
        raise Skip("no shared captures")
    for path in shared()[::4]:
        compare(path)


main(globals())
