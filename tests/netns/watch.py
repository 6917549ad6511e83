# SPDX-License-Identifier: BSD-2-Clause
"""weir watch on a pair of interfaces in a network namespace of its own: it counts what audit counts,
reads packets without privileges, follows interfaces, joins and leaves groups, and writes its ring.

watch.py WEIR CAPTURE -- needs root (for the namespace), and skips without."""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import net

net.enter()

from cli import Skip  # noqa: E402

WEIR, CAPTURE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
# the leak checker traces its own process, which the sandbox forbids
CALM = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}
PATIENCE = 15


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=PATIENCE)


def quiet(name):
    with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as f:
        f.write("1")


def frames(path):
    """Of a pcap file; the bytes that were captured of each."""
    with open(path, "rb") as f:
        f.read(24)
        while head := f.read(16):
            yield f.read(struct.unpack("<IIII", head)[2])


def send(name, all_frames):
    """The replayer: every frame once, in order, a pause now and then."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((name, 0))
        for i, frame in enumerate(all_frames):
            s.send(frame)
            if i % 512 == 511:
                time.sleep(0.01)


class Watch:
    """weir watch in the background, ready when its sockets are open and it is locked up."""

    def __init__(self, *args):
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = subprocess.Popen([WEIR, "watch", "-v", *args], stdout=self.out,
                                        stderr=self.err, env=CALM, stdin=subprocess.DEVNULL)
        self.until(lambda: b"without privileges" in self.read(self.err) or
                   self.process.poll() is not None)

    @staticmethod
    def read(file):
        return os.pread(file.fileno(), 1 << 26, 0)

    def until(self, question):
        end = time.monotonic() + PATIENCE
        while not question():
            assert time.monotonic() < end, f"waited in vain: {self.read(self.out)[-2000:]} " \
                                           f"{self.read(self.err)}"
            time.sleep(0.05)

    def says(self, words):
        self.until(lambda: words.encode() in self.read(self.out))

    def end(self):
        """Its exit status and what it said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return status, self.read(self.out).decode(), self.read(self.err).decode()


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


# What depends on when packets came, which the replay changes: copies within 100 ms and so on.
TIMED = {"duplicate"}


def counts(report):
    return {
        "packets": report["packets"],
        "points": report["points"],
        "rules": [(r["name"], r["hits"], r["packets"], r["bytes"], r["sources"], r["groups"])
                  for r in report["rules"]],
        "flows": sorted((f.get("source", ""), f.get("group", ""), f["point"], f["packets"],
                         f["bytes"], f["verdict"], f.get("rule", "")) for f in report["flows"]),
        "findings": sorted((f["kind"], f.get("source", ""), f.get("group", ""))
                           for f in report["findings"] if f["kind"] not in TIMED),
        "notes": sorted((n["name"], n["count"]) for n in report["notes"]),
        "anomalies": sorted((n["name"], n["count"]) for n in report["anomalies"]),
    }


def test_counts_as_audit_does():
    """Frames that the capture cut short are whole ones of that length here and there."""
    sent = list(frames(CAPTURE))
    with tempfile.NamedTemporaryFile(suffix=".pcap") as whole:
        with open(CAPTURE, "rb") as f:
            whole.write(f.read(24))
        for i, frame in enumerate(sent):
            whole.write(struct.pack("<IIII", 1795266000 + i // 1000, i % 1000 * 1000, len(frame),
                                    len(frame)) + frame)
        whole.flush()
        audit = json.loads(subprocess.run([WEIR, "audit", "-j", whole.name], env=CALM, timeout=60,
                                          capture_output=True).stdout)
    watch = Watch("-j", "--duration", "1h", "--count", str(len(sent)), "vb")
    send("va", sent)
    status, out, err = watch.wait()
    live = json.loads(out)
    assert status == 1, f"exit status {status}: {err}"
    assert live["inputs"][0]["packets"] == len(sent), f"{live['inputs']}, sent {len(sent)}"
    here, there = counts(live), counts(audit)
    for what, value in there.items():
        assert here[what] == value, f"{what}: " + str([p for p in zip(here[what], value)
                                                      if p[0] != p[1]][:3]
                                                     if isinstance(value, list) else here[what])


def test_reads_packets_without_privileges():
    watch = Watch("vb")
    judge = status_of(watch.process.pid)
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(watch.process.pid)],
                              capture_output=True, text=True, timeout=PATIENCE).stdout.split()
    keeper = status_of(children[0])
    watch.end()
    for word in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        assert int(judge[word], 16) == 0, f"the judge holds {word} {judge[word]}"
        assert int(keeper[word], 16) & ~(1 << 13) == 0, f"the keeper holds {word} {keeper[word]}"
    assert "0" not in judge["Uid"].split(), f"the judge is root: {judge['Uid']}"
    for one in (judge, keeper):
        assert one["Seccomp"] == "2" and one["NoNewPrivs"] == "1", one


def test_ends_with_its_keeper():
    watch = Watch("vb")
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(watch.process.pid)],
                              capture_output=True, text=True, timeout=PATIENCE).stdout.split()
    watch.process.kill()
    watch.process.wait(PATIENCE)
    end = time.monotonic() + PATIENCE
    while os.path.exists(f"/proc/{children[0]}") and time.monotonic() < end:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{children[0]}"), "the keeper outlives its parent"


def test_names_the_capability():
    if not shutil.which("setpriv"):
        raise Skip("setpriv is not installed")
    got = subprocess.run(["setpriv", "--bounding-set=-net_raw", WEIR, "watch", "vb"], env=CALM,
                         capture_output=True, text=True, timeout=PATIENCE)
    assert got.returncode == 3, got
    assert re.fullmatch(r"weir: .*CAP_NET_RAW.*setcap cap_net_raw\+ep.*\n", got.stderr), got.stderr


def test_an_interface_that_never_comes():
    """Silence is clean; what nobody could listen to is none."""
    watches = [(Watch("--duration", "1", *names), status, words) for names, status, words in
               ((("va",), 0, ""), (("va", "nowhere"), 3, "nowhere was never there"), (("nowhere",), 3, "never there"))]
    for watch, status, words in watches:
        got, out, err = watch.wait()
        assert got == status and words in out, (got, out, err)


def test_follows_interfaces():
    watch = Watch("vb", "late")
    watch.says("late is not there yet")
    ip("link", "add", "late", "type", "veth", "peer", "name", "far")
    watch.says("late is there")
    ip("link", "set", "late", "up")
    watch.says("late is up")
    ip("link", "set", "late", "down")
    watch.says("late is down")
    ip("link", "del", "late")
    watch.says("late is gone")
    ip("link", "set", "vb", "down")
    watch.says("vb is down")
    ip("link", "set", "vb", "up")
    watch.says("vb is up")
    time.sleep(0.2)
    send("va", list(frames(CAPTURE))[:200])
    watch.says("new flow")
    status, _, err = watch.end()
    assert status in (0, 1), err


def test_joins_and_leaves():
    watch = Watch("--join", "239.1.2.3", "--join", "232.1.2.3,192.0.2.9", "vb")
    with open("/proc/net/igmp") as f:
        joined = f.read()
    with open("/proc/net/mcfilter") as f:
        filters = f.read()
    watch.end()
    with open("/proc/net/igmp") as f:
        left = f.read()
    assert "030201EF" in joined and "030201E8" in joined, joined
    assert re.search(r"vb +0xe8010203 +0xc0000209 +1 +0", filters), filters
    assert "030201EF" not in left and "030201E8" not in left, left


def check_schema(lines):
    try:
        import jsonschema
    except ImportError:
        print("# python3-jsonschema is not installed: lines are not compared with their schema")
        return
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(f"{root}/schema/weir-watch.schema.json", encoding="utf-8") as f:
        good = jsonschema.Draft202012Validator(json.load(f))
    for line in lines:
        first = next(good.iter_errors(line), None)
        assert not first, f"{line}: {first.message[:300]}"


def test_says_what_is_new_as_json():
    watch = Watch("-j", "vb")
    send("va", list(frames(CAPTURE))[:3000])
    watch.says('"event":"ras"')
    status, out, err = watch.end()
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1, err
    assert lines[0]["schema"] == "weir-watch/1" and lines[0]["policy"]["name"] == "modern", lines[0]
    check_schema(lines)
    kinds = {line["event"] for line in lines}
    assert {"flow", "rule", "ras"} <= kinds, kinds
    told = [(x["source"], x["group"], x["point"], x["verdict"]) for x in lines
            if x["event"] == "flow" and "group" in x and "source" in x]
    assert len(told) == len(set(told)), "a flow is told twice"
    rules = [x["rule"] for x in lines if x["event"] == "rule"]
    assert len(rules) == len(set(rules)), "a first hit is told twice"


def test_writes_a_ring():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        tagged = bytes.fromhex("01005e0102030200000000018100000c0800")
        inner = bytes.fromhex("4500001c0001000005110000c0000207ef010203") + \
            bytes.fromhex("0402040200080000")
        sent = list(frames(CAPTURE)) + [tagged + inner]
        watch = Watch("--all", "--write", f"{folder}/ring.pcapng", "--write-files", "2",
                      "--write-size", "1", "--duration", "1h", "--count", str(len(sent)), "vb")
        send("va", sent)
        status, _, err = watch.wait()
        assert status in (0, 1), err
        names = sorted(os.listdir(folder))
        assert names == ["ring-001.pcapng", "ring-002.pcapng"], names
        for name in names:
            assert os.path.getsize(f"{folder}/{name}") < 1200000, name
        said = subprocess.run([WEIR, "decode", "-j", *(f"{folder}/{n}" for n in names)], env=CALM,
                              capture_output=True, text=True, timeout=60)
        assert said.returncode == 0, said.stderr
        assert any('"vlan":12' in x and "239.1.2.3" in x for x in said.stdout.splitlines()), \
            "the VLAN tag is lost"


if net.is_part():
    net.add_cable((None, "va", None), (None, "vb", None))
    for end in ("va", "vb"):
        quiet(end)
net.main_apart(globals(), ["test_counts_as_audit_does"], ["test_writes_a_ring"],
               ["test_follows_interfaces", "test_joins_and_leaves", "test_says_what_is_new_as_json"])
