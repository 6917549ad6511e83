# SPDX-License-Identifier: BSD-2-Clause
"""weir run with nftables in a network namespace of its own: packets are dropped and passed, counted
exactly, through reloads, restarts and the death of each process; interfaces and addresses come and go.

run.py WEIR -- needs root, and skips without.  WEIR_RUN_ROUNDS=100 deletes, adds and renames an interface
so often, WEIR_RUN_RELOADS=300 swaps the policy so often under load; WEIR_RUN_BACKEND=xdp, tc."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import net
from net import ip

from cli import CALM, ROOT, Skip, WEIR, equal, main

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)

CLERK, JUDGE = 64990, 64991
net.add_users(weir=CLERK, weir_judge=JUDGE)
FOLDER = tempfile.TemporaryDirectory()
os.chmod(FOLDER.name, 0o755)
RELOADS = int(os.environ.get("WEIR_RUN_RELOADS", "10"))
ROUNDS = int(os.environ.get("WEIR_RUN_ROUNDS", "2"))
BACKEND = os.environ.get("WEIR_RUN_BACKEND", "nftables")
PATIENCE = 20
BAD, GOOD, OTHER = "239.1.1.1", "239.1.1.2", "239.1.1.3"
ENV = {**CALM, "ASAN_OPTIONS": "detect_leaks=0", "WEIR_JOURNAL_SOCKET": FOLDER.name + "/journal"}

POLICY = """policy "test"
set own ?= {}
boundary border {
    permit at membership, join, register, bootstrap, session, router as control
    deny to 239.1.1.1 as bad
    permit to 239.1.1.2 as good
    deny from own at data as from-own
    default deny
}
"""
# the other way round
SWAPPED = POLICY.replace("239.1.1.1", "239.1.1.9").replace("239.1.1.2", "239.1.1.1").replace("239.1.1.9",
                                                                                            "239.1.1.2")


def path(name):
    return os.path.join(FOLDER.name, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as f:
        f.write(text)
    return path(name)


def until(question, what):
    end = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < end, f"waited in vain for: {what() if callable(what) else what}\n{DAEMON.said() if DAEMON else ''}"
        time.sleep(0.03)
    return answer


def quiet(name):
    """No packets of its own, and any source may come in."""
    for key, value in ((f"ipv6/conf/{name}/disable_ipv6", "1"), (f"ipv4/conf/{name}/rp_filter", "0"),
                       ("ipv4/conf/all/rp_filter", "0")):
        with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as f:
            f.write(value)


def cable(near="eo", far="pa"):
    ip("link", "add", far, "type", "veth", "peer", "name", near)
    for end in (near, far):
        quiet(end)
        ip("link", "set", end, "up")
    ip("addr", "add", "198.51.100.1/24", "dev", near)


def rename_and_back(name):
    ip("link", "set", name, "down")
    ip("link", "set", name, "name", "ex")
    ip("link", "set", "ex", "name", name)
    ip("link", "set", name, "up")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(source, group, ttl=8):
    to, payload = socket.inet_aton(group), b"x" * 20
    udp = struct.pack("!HHHH", 4000, 5000, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, ttl, 17, 0, socket.inet_aton(source), to)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    mac = bytes([1, 0, 0x5e, to[1] & 0x7f, to[2], to[3]])
    return mac + b"\x02\0\0\0\0\1\x08\0" + head + udp


# sends both frames in turn until SIGTERM, then says how many
SENDER = """
import signal, socket, sys
go = [True]
signal.signal(signal.SIGTERM, lambda *_: go.clear())
frames = [bytes.fromhex(x) for x in sys.argv[1:]]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("pa", 0))
print("ready", flush=True)
n = 0
while go:
    for f in frames:
        s.send(f)
    n += len(frames)
print(n)
"""


def report(group):
    """An IGMPv2 report, as a host sends it (RFC 2236)."""
    to = socket.inet_aton(group)
    igmp = struct.pack("!BBH4s", 0x16, 0, 0, to)
    igmp = igmp[:2] + struct.pack("!H", checksum(igmp)) + igmp[4:]
    head = struct.pack("!BBHHHBBH4s4s", 0x46, 0, 32, 1, 0, 1, 2, 0, socket.inet_aton("198.51.100.7"), to) + \
        b"\x94\4\0\0"
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return bytes([1, 0, 0x5e, to[1] & 0x7f, to[2], to[3]]) + b"\x02\0\0\0\0\1\x08\0" + head + igmp


class Receiver:
    """Counts what comes up to a socket that joined the groups."""

    def __init__(self, interface="eo", groups=(BAD, GOOD, OTHER)):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.s.setsockopt(socket.IPPROTO_IP, 49, 0)			# IP_MULTICAST_ALL
        self.s.bind(("", 5000))
        index = socket.if_nametoindex(interface)
        for group in groups:
            self.s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                              socket.inet_aton(group) + struct.pack("=4si", b"\0" * 4, index))
        self.s.settimeout(0.1)

    def count(self):
        n = 0
        try:
            while self.s.recv(2048):
                n += 1
        except socket.timeout:
            return n

    def close(self):
        self.s.close()


def send(group, n=10, source="198.51.100.7", interface="pa"):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((interface, 0))
        data = frame(source, group)
        for _ in range(n):
            s.send(data)
    global OFFERED
    OFFERED += n


def passes(group, n=10):
    """True where all of n packets come up, false where none does."""
    receiver = Receiver()
    try:
        send(group, n)
        got = receiver.count()
    finally:
        receiver.close()
    assert got in (0, n), f"{got} of {n} came"
    return got == n


def filters():
    """One packet each, for rules may come between two of them."""
    return passes(GOOD, 1) and not passes(BAD, 1)


def weir(*args, status=0):
    done = subprocess.run([WEIR, *args], capture_output=True, text=True, timeout=60, env=ENV)
    assert status is None or done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def state():
    return json.loads(weir("status", "-j", "-c", path("weir.conf")).stdout)


def check_schema(name, document):
    try:
        import jsonschema
    except ImportError:
        return
    with open(os.path.join(ROOT, "schema", f"weir-{name}.schema.json"), encoding="utf-8") as f:
        jsonschema.Draft202012Validator(json.load(f)).validate(document)


def hits():
    """By rule, of the data plane: not what passes unjudged, nor control packets."""
    done = weir("hits", "-j", "--history", path("state/history.db"))
    return {r["rule"]: r["hits"] for r in json.loads(done.stdout)["rules"]
            if r["rule"][0] != "." and r["rule"] not in ("control", "no-join")}


def check_counts():
    """Every packet that was offered is counted under exactly one rule."""
    until(lambda: sum(hits().values()) >= OFFERED, lambda: f"{OFFERED} packets, {hits()}")
    equal(sum(hits().values()), OFFERED, str(hits()))


def forget_offered():
    """After packets that met no rules, because none stood: what is counted so far is right."""
    global OFFERED
    time.sleep(1.5)
    OFFERED = sum(hits().values())


class Daemon:
    all = []

    def __init__(self, *args):
        Daemon.all.append(self)
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([WEIR, "run", "-c", path("weir.conf"), "--count-every", "1", *args],
                                        stdout=self.log, stderr=self.log, env=ENV, stdin=subprocess.DEVNULL)

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def until_said(self, words):
        until(lambda: re.search(words, self.said()) or self.process.poll() is not None, words)
        assert re.search(words, self.said()), f"ended with {self.process.poll()}: {self.said()}"

    def ready(self):
        self.until_said("is in force")
        return self

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.log.close()
        return status


DAEMON, OFFERED = None, 0


def conf(policy="border.weir", more=""):
    write("weir.conf", f'policy "{policy}"\nset own = subnets of eo\n'
          f'interface eo boundary border outside enforce {BACKEND}\n'
          f'state "state"\ncontrol "control.sock"\n{more}')


def fresh(*args, more=""):
    """A daemon, unless one runs."""
    global DAEMON
    if DAEMON and DAEMON.process.poll() is None:
        return DAEMON
    conf(more=more)
    DAEMON = Daemon(*args).ready()
    return DAEMON


def children():
    return {p["name"]: p["pid"] for p in until(lambda: state().get("processes"), "the processes")}


def test_check():
    write("border.weir", POLICY)
    conf()
    done = weir("run", "--check", "-c", path("weir.conf"))
    check_schema("check-run", json.loads(weir("run", "--check", "-j", "-c", path("weir.conf")).stdout))
    assert re.search(rf"eo +outside +{BACKEND} +what arrives goes in, by {BACKEND}", done.stdout), done.stdout
    equal(weir("run", "--check", "-q", "-c", path("weir.conf")).stdout, "")
    with open(path("weir.conf"), encoding="utf-8") as f:
        write("gone.conf", f.read().replace("subnets of eo", "subnets of gone9"))
    done = weir("run", "--check", "-c", path("gone.conf"))
    assert "set own lacks the subnets of gone9, which is not there" in done.stdout, done.stdout
    conf("none.weir")
    equal(weir("run", "--check", "-c", path("weir.conf"), status=None).returncode, 2)


def test_without_libbpf():
    """nftables serves, unless programs of before stand that nobody could read."""
    if not os.path.ismount("/sys/fs/bpf"):
        raise Skip("no bpf file system")
    os.mkdir(path("lib"))
    write("lib/libbpf.so.1", "none")
    env = {**ENV, "LD_LIBRARY_PATH": path("lib")}
    write("border.weir", POLICY)
    conf()
    with open(path("weir.conf"), encoding="utf-8") as f:
        text = f.read()
    text = text.replace('state "state"', 'state "apart"')
    said = {}
    for asked in ("auto", "xdp"):
        write(f"{asked}.conf", text.replace(f"enforce {BACKEND}", f"enforce {asked}"))
        said[asked] = subprocess.run([WEIR, "run", "--check", "-c", path(f"{asked}.conf")], capture_output=True,
                                     text=True, env=env).stdout
    assert re.search("eo +outside +auto +.* by nftables", said["auto"]), said
    assert "no libbpf" in said["xdp"], said
    with open(os.path.join(ROOT, "src/enforce/bpf/layout.h"), encoding="utf-8") as f:
        version = re.search(r"BPF_LAYOUT_VERSION (\d+)u", f.read()).group(1)
    standing = f"/sys/fs/bpf/weir/set-1-v{version}"
    os.makedirs(standing)
    try:
        done = subprocess.run([WEIR, "run", "-c", path("auto.conf")], capture_output=True, text=True, env=env,
                              timeout=PATIENCE)
    finally:
        os.rmdir(standing)
    equal(done.returncode, 3)
    assert "libbpf, which tells what they do, cannot be loaded" in done.stderr + done.stdout, done.stderr
    with subprocess.Popen([WEIR, "run", "-c", path("auto.conf")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=env) as daemon:
        try:
            assert "is in force" in daemon.stdout.readline()
            weir("stop", "--remove", "-c", path("auto.conf"))
            equal(daemon.wait(PATIENCE), 0)
        finally:
            daemon.kill()


def test_bad_policy_at_boot():
    write("border.weir", POLICY.replace("permit", "permitt"))
    conf()
    daemon = Daemon()
    equal(daemon.process.wait(PATIENCE), 2)
    assert "did you mean 'permit'" in daemon.said(), daemon.said()
    write("border.weir", POLICY)


def test_tells_the_manager():
    """READY when the first policy stands, STOPPING at the end: sd_notify(3)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path("notify"))
        s.settimeout(PATIENCE)
        ENV["NOTIFY_SOCKET"] = path("notify")
        try:
            daemon = fresh()
        finally:
            del ENV["NOTIFY_SOCKET"]
        assert b"READY=1" in s.recv(4096)
        equal(passes(BAD), False)
        equal(daemon.end(), 0)
        assert b"STOPPING=1" in s.recv(4096)
    equal(passes(BAD), False)				# SIGTERM keeps the rules


def test_drops_and_passes():
    fresh()
    equal(passes(GOOD), True)
    equal(passes(BAD), False)
    equal(passes(OTHER), False)
    s = state()
    check_schema("status", s)
    equal(s["generation"], 1)
    equal(s["configured"]["differs"], False)
    equal(s["boundaries"][0]["interfaces"][0]["state"], "up")
    equal(s["boundaries"][0]["interfaces"][0]["hooks"]["ingress"], BACKEND)
    assert "BOUNDARY border, 5 rules" in weir("status", "-c", path("weir.conf")).stdout
    equal(weir("status", "-q", "-c", path("weir.conf")).stdout, "")


def test_counts_exactly():
    fresh()
    check_counts()
    equal(hits(), {"good": 10, "bad": 30, "from-own": 10, "default": 0})


def test_first_hit_is_told():
    """To the journal, with fields."""
    fresh()
    until(lambda: any(b"WEIR_RULE=bad" in m and b"WEIR_KIND=first-hit" in m for m in journal()), "the journal")
    assert not any(b"WEIR_RULE=good" in m for m in JOURNAL), "a permit is no alarm"


JOURNAL = []


def journal():
    try:
        while True:
            JOURNAL.append(LISTENER.recv(65536, socket.MSG_DONTWAIT))
    except BlockingIOError:
        return JOURNAL


def test_apply():
    fresh()
    write("swapped.weir", SWAPPED)
    done = weir("apply", path("swapped.weir"), "-c", path("weir.conf"))
    assert re.search(r"^In force after [0-9.]+ ms \(generation 2\)\.$", done.stdout, re.M) and "boundary border: 0 rules more, 0 less, 2 changed" \
        in done.stdout, done.stdout
    equal(passes(BAD), True)
    equal(passes(GOOD), False)
    equal(state()["configured"]["differs"], True)
    write("wrong.weir", SWAPPED.replace("239.1.1.1", "192.0.2.1"))
    equal(weir("apply", path("wrong.weir"), "-c", path("weir.conf"), status=None).returncode, 2)
    write("other.weir", SWAPPED.replace("boundary border", "boundary lan"))
    done = weir("apply", path("other.weir"), "-c", path("weir.conf"), status=2)
    assert "has no boundary 'border'" in done.stderr, done.stderr
    equal(state()["generation"], 2)
    equal(passes(BAD), True)
    done = weir("apply", "-c", path("weir.conf"))
    with open(path("state/current.json"), encoding="utf-8") as f:
        equal(json.load(f)["generation"], 3, "on the disk when it is answered")
    equal(os.path.exists(path("state/current.new")), False)
    assert "generation 3" in done.stdout, done.stdout
    equal(passes(BAD), False)
    equal(state()["configured"]["differs"], False)


def test_confirm():
    daemon = fresh()
    before = state()["generation"]
    done = weir("apply", path("swapped.weir"), "--confirm", "1s", "-c", path("weir.conf"))
    assert f"ms (generation {before + 1}).  Reverts in 1 s" in done.stdout, done.stdout
    equal(passes(BAD), True)
    daemon.until_said("was not confirmed: the policy before is in force again")
    equal(passes(BAD), False)
    until(lambda: state()["generation"] == before, "the generation before")
    equal(weir("confirm", "-c", path("weir.conf"), status=None).returncode, 1)
    weir("apply", path("swapped.weir"), "--confirm", "60s", "-c", path("weir.conf"))
    assert state()["pending"]["seconds"] > 50
    equal(weir("apply", "-c", path("weir.conf"), status=None).returncode, 1)
    weir("confirm", "-c", path("weir.conf"))
    assert "pending" not in state()
    equal(passes(BAD), True)
    with open(path("state/current.json"), encoding="utf-8") as f:
        equal(json.load(f)["text"], SWAPPED)
    weir("apply", "-c", path("weir.conf"))


def test_what_the_system_refuses():
    """The policy was good, so it was on its way to the disk: what a restart loads is that of before."""
    fresh()
    generation = state()["generation"]
    write("border.weir", SWAPPED)
    conf(more="msdp {\n  peer 192.0.2.77 { local 192.0.2.1 static-rpf }\n}\n")
    done = weir("apply", "-c", path("weir.conf"), status=3)
    assert "begun without 'msdp'" in done.stderr and "nothing was applied" in done.stderr, done.stderr
    write("border.weir", POLICY)
    conf()
    equal((passes(GOOD), passes(BAD)), (True, False))
    equal(state()["generation"], generation)
    with open(path("state/current.json"), encoding="utf-8") as f:
        equal(json.load(f)["text"], POLICY)
    equal(os.path.exists(path("state/current.new")), False)


def test_reload_by_signal():
    daemon = fresh()
    write("border.weir", POLICY.replace("permit to", "permit too"))
    os.kill(daemon.process.pid, signal.SIGHUP)
    daemon.until_said("reload: the policy in force stays")
    equal((passes(GOOD), passes(BAD)), (True, False))
    write("border.weir", SWAPPED)
    os.kill(daemon.process.pid, signal.SIGHUP)
    daemon.until_said(r"reload: generation \d+ is in force")
    equal((passes(GOOD), passes(BAD)), (False, True))
    write("border.weir", POLICY)
    os.kill(daemon.process.pid, signal.SIGHUP)
    until(filters, "the policy of before")


def test_reloads_under_load():
    """Packets while the policy is swapped: the denied ones never come through, and each is counted once."""
    global OFFERED
    fresh()
    names = [write(f"load{i}.weir", POLICY.replace("default deny", f"deny to 239.9.9.{i} as extra\n    default deny"))
             for i in (1, 2)]
    receiver = Receiver(groups=(BAD,))
    sender = subprocess.Popen([sys.executable, "-c", SENDER, frame("198.51.100.7", BAD).hex(),
                               frame("198.51.100.7", GOOD).hex()], stdout=subprocess.PIPE, text=True)
    try:
        sender.stdout.readline()
        begun = time.monotonic()
        for i in range(RELOADS):
            weir("apply", "-q", names[i % 2], "-c", path("weir.conf"))
        took = time.monotonic() - begun
    finally:
        sender.terminate()
        offered = int(sender.communicate(timeout=PATIENCE)[0])
        came = receiver.count()
        receiver.close()
    equal(came, 0)
    OFFERED += offered
    check_counts()
    counted = hits()
    equal(counted["extra"], 0)
    print(f"# {RELOADS} reloads in {took:.1f} s, {offered} packets offered and counted")
    weir("apply", "-c", path("weir.conf"))


def test_a_child_dies():
    """The rules stay, and the counts go on, whoever dies."""
    daemon = fresh()
    for name in ("judge", "clerk"):
        pid = children()[name]
        os.kill(pid, signal.SIGKILL)
        equal((passes(GOOD), passes(BAD)), (True, False))
        daemon.until_said(f"the {name} has ended; it begins again")
        until(lambda: weir("status", "-c", path("weir.conf"), status=None).returncode == 0, "the status")
        until(lambda: children()[name] != pid, f"another {name}")
        weir("apply", "-c", path("weir.conf"))
        equal((passes(GOOD), passes(BAD)), (True, False))
    check_counts()


def test_the_judge_dies_before_confirm():
    """What nobody confirmed goes with whoever knew it."""
    fresh()
    weir("apply", path("swapped.weir"), "--confirm", "60s", "-c", path("weir.conf"))
    equal(passes(BAD), True)
    os.kill(children()["judge"], signal.SIGKILL)
    until(filters, "the policy before")


def test_the_keeper_dies():
    daemon = fresh()
    pids = children()
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait(PATIENCE)
    equal((passes(GOOD), passes(BAD)), (True, False))		# nobody is there, and all is as it was
    for name in ("judge", "clerk"):
        until(lambda: not os.path.exists(f"/proc/{pids[name]}"), f"the end of the {name}")
    fresh()
    equal((passes(GOOD), passes(BAD)), (True, False))
    check_counts()


def test_interfaces_come_and_go():
    fresh()
    slowest = 0
    for _ in range(5 * ROUNDS):				# faster than anybody looks
        ip("link", "del", "eo")
        cable()
        rename_and_back("eo")
    ip("addr", "replace", "198.51.100.1/24", "dev", "eo")
    until(filters, "the rules on the last eo")
    equal(passes(GOOD), True)
    for i in range(ROUNDS):
        ip("link", "del", "eo")
        until(lambda: state()["boundaries"][0]["interfaces"][0]["state"] == "not there", "eo to be gone")
        cable()
        begun = time.monotonic()
        until(filters, "the rules on the new eo")
        slowest = max(slowest, time.monotonic() - begun)
        equal(passes(GOOD), True)
        rename_and_back("eo")
        ip("addr", "replace", "198.51.100.1/24", "dev", "eo")
        until(filters, "the rules on the renamed eo")
        equal(passes(GOOD), True)
    print(f"# the slowest of {ROUNDS} new interfaces had its rules after {slowest:.2f} s, packets sent included")
    assert slowest < 2, "this took too long"
    forget_offered()


def test_addresses_change():
    fresh()
    write("own.weir", POLICY.replace("permit to 239.1.1.2 as good\n    deny from own at data as from-own",
                                     "deny from own at data as from-own\n    permit to 239.1.1.2 as good"))
    weir("apply", path("own.weir"), "-c", path("weir.conf"))
    equal(passes(GOOD), False)				# 198.51.100.7 is of the subnet of eo
    ip("addr", "flush", "dev", "eo")
    ip("addr", "add", "203.0.113.1/24", "dev", "eo")
    until(lambda: passes(GOOD), "another subnet")
    ip("addr", "flush", "dev", "eo")
    ip("addr", "add", "198.51.100.1/24", "dev", "eo")
    until(lambda: not passes(GOOD), "the old subnet")
    weir("apply", "-c", path("weir.conf"))
    equal(passes(GOOD), True)


def all_hits():
    done = weir("hits", "-j", "--history", path("state/history.db"))
    return {r["rule"]: r["hits"] for r in json.loads(done.stdout)["rules"]}


def send_reports(group, n):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("pa", 0))
        for _ in range(n):
            s.send(report(group))


def test_queue():
    """Control packets are judged, and counted by rule; those that nobody judged are told."""
    fresh()
    write("join.weir", POLICY.replace("permit at membership", "deny to 239.1.1.3 at membership as no-join\n"
                                      "    permit at membership"))
    weir("apply", path("join.weir"), "-c", path("weir.conf"))
    queue = state()["queue"]
    if "this kernel has no NFQUEUE" in queue.get("problem", ""):
        weir("apply", "-c", path("weir.conf"))
        raise Skip(queue["problem"])
    equal(queue["state"], "judged", queue)
    before, sums = all_hits(), queue
    send_reports(OTHER, 5)
    send_reports(GOOD, 3)
    until(lambda: all_hits()["no-join"] == 5, "the refused reports")
    until(lambda: all_hits()["control"] >= before["control"] + 3, "the others")
    queue = until(lambda: (q := state()["queue"])["offered"] >= sums["offered"] + 8 and
                  q["offered"] >= q["judged"] >= sums["judged"] + 8 and q, "the sums")
    equal(queue["bypassed"], queue["offered"] - queue["judged"])
    check_schema("status", state())
    assert re.search(r"CONTROL PACKETS  judged: \d+ came, \d+ were judged, \d+ nobody judged, since \d{4}-\d\d-\d\d ",
                     weir("status", "-c", path("weir.conf")).stdout)
    assert [i for i in queue["interfaces"] if i["name"] == "eo" and i["dropped"] >= 5], queue
    # a judge that stands still, and ends: the next one judges what waits
    pids = children()
    pid = pids["judge"]
    os.kill(pid, signal.SIGSTOP)
    send_reports(OTHER, 4)
    os.kill(pids["clerk"], signal.SIGKILL)		# and a clerk who reads counters, and knows no rule yet
    time.sleep(1.3)
    os.kill(pid, signal.SIGKILL)
    until(lambda: children()["judge"] != pid, "another judge")
    until(lambda: all_hits()["no-join"] == 9, "the reports that waited")
    send_reports(OTHER, 2)
    until(lambda: all_hits()["no-join"] == 11, "the refused reports of after")
    equal(state()["queue"]["bypassed"], queue["bypassed"], "nothing went past")
    weir("apply", "-c", path("weir.conf"))


def advertise(name, source="198.51.100.44"):
    """A RAS advertisement (MS-RASA), as a Windows server sends it."""
    payload = b"Hostname=" + name.encode() + b"\n\0"
    to = socket.inet_aton("239.255.2.2")
    udp = struct.pack("!HHHH", 1026, 9753, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 15, 17, 0, socket.inet_aton(source), to)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("pa", 0))
        s.send(bytes.fromhex("01005e7f0202") + b"\x02\0\0\0\0\1\x08\0" + head + udp)


def test_watch():
    """Packets of watched interfaces, the dropped ones too: flows and servers are in the history, and a
    server that nobody authorised is told; apply shows which flows change."""
    fresh()
    write("ras.txt", "198.51.100.45\n")
    conf(more='watch eo, later\nras authorised "ras.txt"\n')
    weir("apply", "-c", path("weir.conf"))
    time.sleep(0.2)
    advertise("thepcsname")
    advertise("friend", "198.51.100.45")
    passes(GOOD)
    until(lambda: any(b"WEIR_KIND=ras" in m and b"thepcsname" in m for m in journal()), "the journal")
    assert not any(b"friend" in m for m in journal()), "it is authorised"
    check_schema("status", state())
    check_schema("apply", json.loads(weir("apply", "-j", "-c", path("weir.conf")).stdout))	# sends what was seen
    check_schema("hits", json.loads(weir("hits", "-j", "--history", path("state/history.db")).stdout))
    flows = until(lambda: json.loads(weir("history", "flows", "-j", "--history", path("state/history.db"))
                                     .stdout).get("flows"), "flows")
    assert (GOOD, "permit") in [(f["group"], f["verdict"]) for f in flows], flows
    servers = json.loads(weir("history", "ras", "-j", "--history", path("state/history.db")).stdout)
    assert "thepcsname" in json.dumps(servers), servers
    done = weir("apply", path("swapped.weir"), "-c", path("weir.conf"))
    assert re.search(rf"198.51.100.7 > {GOOD}  data  permit -> deny  bad, was good", done.stdout), done.stdout
    conf()
    weir("apply", "-c", path("weir.conf"))
    forget_offered()


def test_rights():
    """The judge and the clerk hold no capability, the keeper no more than it must, and each is a user of
    its own."""
    fresh()
    pids = children()
    for name, most in (("judge", 0), ("clerk", 0), ("keeper", 1 << 12 | 1 << 13 | 3 << 38 | 0xe0)):
        with open(f"/proc/{pids[name]}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        for word in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            assert int(status[word], 16) & ~most == 0, f"the {name} holds {word} {status[word]}"
        equal((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
        wanted = {"judge": JUDGE, "clerk": CLERK, "keeper": 0}[name]
        equal((status["Uid"].split(), status["Gid"].split()), ([str(wanted)] * 4, [str(wanted)] * 4), name)
        equal(status["Groups"].split(), [str(CLERK)] if name == "keeper" else [], name)
    for name in ("", "/current.json", "/history.db"):
        there = os.stat(path("state") + name)
        equal((there.st_uid, there.st_gid), (CLERK, CLERK), name)
    equal(os.stat(path("state/current.json")).st_mode & 0o777, 0o640)
    link = os.readlink(f"/proc/{pids['judge']}/exe")
    assert link, "who is it?"


def test_another_one_is_refused():
    fresh()
    done = weir("run", "-c", path("weir.conf"), status=3)
    assert "a daemon runs already" in done.stderr, done.stderr


def test_hostile_requests():
    """The control socket answers anything with an answer, or not at all, and lives on."""
    fresh()
    for line in (b"\n", b"{}\n", b"[1]\n", b'{"command":7}\n', b'{"command":"apply","policy":{}}\n',
                 b'{"command":"apply","policy":{"schema":"weir-bundle/1","name":"x","text":"\xff"}}\n',
                 b'{"command":"stop"}\n', b'{"command":"apply","confirm":-1}\n', b"\0" * 100000 + b"\n", b"{" * 65536 + b"\n"):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path("control.sock"))
            s.settimeout(PATIENCE)
            s.sendall(line)
            answer = b""
            while got := s.recv(65536):
                answer += got
            assert json.loads(answer)["status"] in (2, 3), (line[:60], answer)
    os.chmod(path("control.sock"), 0o666)
    os.chmod(path("state"), 0o755)
    for word, status in (("confirm", 3), ("status", 0)):
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", WEIR, word, "--control",
                               path("control.sock")], capture_output=True, text=True, env=ENV)
        equal(done.returncode, status, done.stderr)
        assert status == 0 or "only root may do that" in done.stderr, done.stderr
    idle = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    for s in idle:
        s.connect(path("control.sock"))
    for s in idle:
        s.close()
    equal(passes(BAD), False)
    until(lambda: weir("status", "-c", path("weir.conf"), status=None).returncode == 0, "an answer")


def test_stop():
    daemon = fresh()
    equal(weir("stop", "-c", path("weir.conf"), status=None).returncode, 2)
    weir("stop", "--keep", "-c", path("weir.conf"))
    equal(daemon.process.wait(PATIENCE), 0)
    equal(passes(BAD), False)
    equal(weir("status", "-c", path("weir.conf"), status=None).returncode, 3)
    done = weir("stop", "--remove", "-c", path("weir.conf"), status=3)
    assert "weir run, then weir stop --remove" in done.stderr, done.stderr
    daemon = fresh()
    check_counts()
    equal(passes(BAD), False)
    weir("stop", "--remove", "-c", path("weir.conf"))
    equal(daemon.process.wait(PATIENCE), 0)
    equal(sum(hits().values()), OFFERED)		# the last counts are on the disk
    equal(passes(BAD), True)
    forget_offered()


def test_dry_run():
    daemon = fresh("--dry-run")
    equal(state()["dry_run"], True)
    equal(passes(BAD), True)
    check_counts()
    weir("stop", "--remove", "-c", path("weir.conf"))
    daemon.process.wait(PATIENCE)


def test_notify():
    write("tell", "#!/bin/sh\ncat >> " + path("state/told") + "\n")
    os.chmod(path("tell"), 0o755)
    daemon = fresh(more='notify exec "tell"\n')
    weir("apply", path("swapped.weir"), "--confirm", "1s", "-c", path("weir.conf"))
    daemon.until_said("was not confirmed")
    until(lambda: os.path.exists(path("state/told")) and os.path.getsize(path("state/told")), "the notice")
    with open(path("state/told"), encoding="utf-8") as f:
        notices = [json.loads(line) for line in f]
    for notice in notices:
        check_schema("notice", notice)
    assert "rolled-back" in [n["kind"] for n in notices], notices
    weir("stop", "--remove", "-c", path("weir.conf"))
    daemon.process.wait(PATIENCE)


def test_check_knows_what_was_applied_last():
    """A restart loads that, whatever the configuration names meanwhile."""
    write("border.weir", POLICY.replace("boundary border", "boundary other"))
    conf(more='ras authorised "nothing"\nnotify exec "nobody"\n')
    with open(path("weir.conf"), encoding="utf-8") as f:
        text = f.read()
    write("weir.conf", text.replace("boundary border", "boundary other"))
    done = weir("run", "--check", "-c", path("weir.conf"), status=2)
    for part in ("servers cannot be read (No such file", "begin its program (No such file", "does not fit this configuration"):
        assert part in done.stdout, done.stdout
    done = weir("run", "-c", path("weir.conf"), status=2)
    assert "has no boundary 'other'" in done.stderr and f"take away {path('state')}/current.json" in done.stderr, done.stderr
    os.unlink(path("state/current.json"))
    done = weir("run", "--check", "-c", path("weir.conf"))
    assert "applied last" not in done.stdout, done.stdout


cable()
LISTENER = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
LISTENER.bind(path("journal"))
os.chmod(path("journal"), 0o666)
write("border.weir", POLICY)
conf()
if "built without" in weir("run", "--check", "-c", path("weir.conf"), status=None).stdout:
    BACKEND = "tc"
    conf()
    if "built without" in (said := weir("run", "--check", "-c", path("weir.conf"), status=None).stdout):
        net.skip_all(said.splitlines()[-1].strip())
try:
    main(globals())
finally:
    for one in Daemon.all:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
