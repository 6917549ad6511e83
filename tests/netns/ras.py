# SPDX-License-Identifier: BSD-2-Clause
"""weir ras, live: what it announces is what Windows announces, and what it hears is what was sent,
across a bridge and across a router that forwards multicast."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import net

net.enter()

from cli import CALM, WEIR, Skip, equal, holds  # noqa: E402

# The frame that a Windows 2000 server sent, as its observer published it.
WINDOWS = bytes.fromhex(
    "01005E7F0202100000112233080045000031" "1F4D00000F116A9EC0695A66EFFF0202"
    "040A2619001DBE38486F73746E616D653D7468657063736E616D650A00")
# What each machine and each packet has of its own: MAC, IP ID, header checksum, source, source port,
# UDP checksum.
OWN = [(6, 12), (18, 20), (24, 30), (34, 36), (40, 42)]


def without_own(frame):
    return bytes(0 if any(a <= i < b for a, b in OWN) else byte for i, byte in enumerate(frame))


def is_rasadv(frame):
    return frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[30:34] == b"\xef\xff\2\2"


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


if net.is_part():
    net.add_cable((None, "near", "192.0.2.7/24"), (None, "far", None))
    net.add_cable((None, "near2", "198.51.100.7/24"), (None, "far2", None))


def heard_by(interface, *words):
    s = net.listen(interface)
    done = net.weir(None, "ras", "announce", *words)
    frame = net.next_frame(s, is_rasadv)
    s.close()
    return done, frame


def test_the_datagram_is_that_of_windows():
    done, frame = heard_by("far", "--hostname", "thepcsname", "--interface", "near", "--count", "1")
    equal((done.returncode, done.stdout), (0, b""))
    equal(done.stderr.decode(), "Announced on near (192.0.2.7).\n")
    equal(without_own(frame).hex(), without_own(WINDOWS).hex())
    equal(frame[26:30], bytes((192, 0, 2, 7)), "source")
    equal(checksum(frame[14:34]), 0xffff, "header checksum")


def test_a_domain_member():
    _, frame = heard_by("far", "--hostname", "vpn1", "--domain", "example.com", "--interface", "near", "-c1")
    equal(frame[42:], b"Hostname=vpn1\nDomain=example.com\n\0")
    equal(frame[22], 15, "TTL")


def test_every_interface_by_default():
    a, b = net.listen("far"), net.listen("far2")
    done = net.weir(None, "ras", "announce", "--hostname", "x", "--count", "1")
    equal(done.returncode, 0)
    equal(net.next_frame(a, is_rasadv)[26:30], bytes((192, 0, 2, 7)))
    equal(net.next_frame(b, is_rasadv)[26:30], bytes((198, 51, 100, 7)))
    for s in (a, b):
        s.close()


def test_the_interval_and_the_count():
    s = net.listen("far")
    began = time.monotonic()
    done = net.weir(None, "ras", "announce", "--interface", "near", "--interval", "1s", "--count", "2")
    took = time.monotonic() - began
    equal(done.returncode, 0)
    assert 0.9 < took < 3, took
    for _ in range(2):
        assert net.next_frame(s, is_rasadv)
    s.close()


def test_signals_end_it():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        s = net.listen("far")
        weir = net.start(None, "ras", "announce", "--interface", "near")
        assert net.next_frame(s, is_rasadv)
        weir.send_signal(number)
        out, err = weir.communicate(timeout=10)
        equal((weir.returncode, out, err), (0, b"", b"Announced on near (192.0.2.7).\n"))
        s.close()


def test_what_cannot_be_announced():
    for words, status, says in (
            (["--hostname", "two words"], 2, "the format cannot carry the host name 'two words'"),
            (["--hostname", ""], 2, "cannot carry the host name ''"),
            (["--hostname", "x" * 257], 2, "cannot carry the host name"),
            (["--hostname", "a\x1b[2J"], 2, "cannot carry the host name 'a\\x1b[2J'"),
            (["--hostname", "a.Domain=b"], 2, "cannot carry the host name 'a.Domain=b'"),
            (["--hostname", "a", "--domain", "b\n"], 2, "cannot carry the domain 'b\\x0a'"),
            (["--interface", "far", "--count", "1"], 3, "cannot announce on far: it has no IPv4 address"),
            (["--interface", "none", "--count", "1"], 3, "cannot announce on none: there is no such interface"),
            (["--interval", "0"], 2, "--interval wants a time span")):
        done = net.weir(None, "ras", "announce", *words)
        equal(done.returncode, status, words)
        holds(done.stderr.decode(), says, words)


# --- hosts a, b and c on a bridge; c also on a router's other side, d behind the router ---

if net.is_part():
    net.ip("link", "add", "bridge", "type", "bridge")
    net.ip("link", "set", "bridge", "up")
    for i, host in enumerate("ab", 1):
        net.add_host(host)
        net.add_cable((host, "eth0", f"10.1.0.{i}/24"), (None, f"port-{host}", None))
        net.ip("link", "set", f"port-{host}", "master", "bridge")
    for host in "rd":
        net.add_host(host)
    net.add_cable(("r", "lan", "10.1.0.254/24"), (None, "port-r", None))
    net.ip("link", "set", "port-r", "master", "bridge")
    net.add_cable(("r", "away", "10.2.0.254/24"), ("d", "eth0", "10.2.0.4/24"))
    net.ip("route", "add", "default", "via", "10.1.0.254", host="a")
    net.ip("route", "add", "default", "via", "10.2.0.254", host="d")

FOLDER = tempfile.TemporaryDirectory()
os.chmod(FOLDER.name, 0o755)
CONTROL = re.compile(rb"[\0-\x09\x0b-\x1f\x7f-\x9f]")


def line_of(stream):
    """The next line, within 15 s."""
    def give_up(*_):
        raise TimeoutError("no line came")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(15)
    try:
        return stream.readline().decode()
    finally:
        signal.alarm(0)


def listening(host, *words, **more):
    """weir ras list, after it has told that it joined."""
    weir = net.start(host, "ras", "list", *words, "eth0", **more)
    line = line_of(weir.stderr)
    holds(line, "Joined 239.255.2.2 on eth0 (10.")
    holds(line, "nothing yet proves nothing")
    return weir


def ended(weir, number=None):
    if number:
        weir.send_signal(number)
    out, err = weir.communicate(timeout=20)
    return weir.returncode, out.decode(), err.decode()


def announce(host, *words):
    done = net.weir(host, "ras", "announce", "--count", "1", "--interface", "eth0", *words)
    equal(done.returncode, 0, done.stderr)


def send(host, *payloads, group="239.255.2.2", port=9753):
    code = (f"import socket as s; u = s.socket(s.AF_INET, s.SOCK_DGRAM); u.setsockopt(0, 33, 15);"
            f"[u.sendto(p, ('{group}', {port})) for p in {payloads!r}]")
    subprocess.run(net.at(host, sys.executable, "-c", code), check=True)


def test_heard_across_a_bridge():
    weir = listening("b", "--count", "1", "-j")
    announce("a", "--hostname", "vpn1", "--domain", "example.com")
    status, out, _ = ended(weir)
    server = json.loads(out)["ras"][0]
    equal(status, 1)
    equal([server[k] for k in ("address", "hostname", "domain", "ttl", "hops", "state", "link")],
          ["10.1.0.1", "vpn1", "example.com", 15, 0, "new", "eth0"])


def test_no_privilege():
    if not shutil.which("setpriv"):
        raise Skip("setpriv is not installed")
    words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all",
             WEIR, "ras", "list", "--count", "1", "eth0"]
    if subprocess.run(net.at("b", *words[:7], WEIR, "--version"), capture_output=True).returncode:
        raise Skip("the program cannot be read by others")
    weir = subprocess.Popen(net.at("b", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CALM)
    holds(line_of(weir.stderr), "Joined")
    announce("a", "--hostname", "vpn1")
    status, out, _ = ended(weir)
    equal(status, 1)
    holds(out, "10.1.0.1        vpn1")


def test_root_is_given_up():
    weir = listening("b", "--resolve")
    pids = [weir.pid]
    with open(f"/proc/{weir.pid}/task/{weir.pid}/children", encoding="ascii") as f:
        pids += map(int, f.read().split())
    equal(len(pids), 2, "weir and its resolver")
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        assert "0" not in status["Uid"].split(), (pid, status["Uid"])
        equal(int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0, "capabilities")
    equal(ended(weir, signal.SIGINT)[0], 0)


def test_membership_is_reported():
    s = net.listen("port-b")
    weir = listening("b")
    frame = net.next_frame(s, lambda f: f[12:14] == b"\x08\0" and f[23] == 2 and b"\xef\xff\2\2" in f[34:])
    s.close()
    assert frame, "no IGMP report for 239.255.2.2"
    status, out, err = ended(weir, signal.SIGINT)
    equal((status, err), (0, ""))
    holds(out, "That proves nothing yet")


def test_following_and_authorised():
    servers = os.path.join(FOLDER.name, "servers")
    with open(servers, "w", encoding="ascii") as f:
        f.write("10.1.0.1 vpn1\n")
    weir = listening("b", "--follow", "--authorised", servers)
    announce("a", "--hostname", "vpn1")
    first = line_of(weir.stdout)
    assert re.fullmatch(r"[0-9-]{10} [0-9:]{8}  10\.1\.0\.1  vpn1  0 hops  new\n", first), first
    announce("a", "--hostname", "other")
    holds(line_of(weir.stdout), "other  0 hops  seen, 2x, NOT AUTHORISED")
    equal(ended(weir, signal.SIGTERM)[0], 1)


def test_authorised_by_the_usual_configuration():
    """/etc/weir/weir.conf of another /etc: used where no list is given; a bad one stops nothing."""
    etc = os.path.join(FOLDER.name, "etc")
    os.makedirs(os.path.join(etc, "weir"))
    for name in ("passwd", "group", "nsswitch.conf"):
        if os.path.exists(f"/etc/{name}"):
            shutil.copy(f"/etc/{name}", etc)
    for conf, status, says in (('ras authorised "list"\n', 0, ""), ("", 1, ""), ("ras\n", 1, ""),
                               ('ras authorised "none"\n', 1, "cannot read the list")):
        for name, text in (("weir.conf", "policy modern\n" + conf), ("list", "10.1.0.1 vpn1\n")):
            with open(os.path.join(etc, "weir", name), "w", encoding="ascii") as f:
                f.write(text)
        weir = subprocess.Popen(net.at("b", "unshare", "--mount", "sh", "-c",
                                       f'mount --bind {etc} /etc && exec "$@"', "sh", WEIR, "ras", "list",
                                       "--count", "1", "eth0"),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CALM)
        line = line_of(weir.stderr)
        if says:
            holds(line, says)
            line = line_of(weir.stderr)
        holds(line, "Joined")
        announce("a", "--hostname", "vpn1")
        equal(ended(weir)[0], status, conf)


def test_a_duration():
    began = time.monotonic()
    status, out, _ = ended(listening("b", "--duration", "1s"))
    equal(status, 0)
    holds(out, "No server was heard in 1 s")
    assert 0.9 < time.monotonic() - began < 5


def test_hostile_names():
    names = [b"\x1b[2J\x1b]52;c;cm0=\x07", b"\x9b31m\xc2\x9b", b"a\rb", b"<script>\"'`", "a\u202eb".encode(),
             b"A" * 4096, b"\xff\xfe", b""]
    for words in (["--follow"], ["--format", "netsh"], ["-j"], []):
        weir = listening("b", "--count", str(len(names)), *words)
        send("a", *(b"Hostname=" + name + b"\nDomain=" + name + b"\n\0" for name in names))
        out, err = weir.communicate(timeout=20)
        assert not CONTROL.search(out) and not CONTROL.search(err), (words, out, err)


def test_another_group_that_is_joined():
    weir = listening("b", "-j", "--count", "1")
    send("a", b"Hostname=x\n\0", group="224.0.0.1")
    other = json.loads(ended(weir)[1])["others"][0]
    equal((other["group"], other["dport"], other["flags"]), ("224.0.0.1", 9753, ["wrong-group"]))


def test_names_are_looked_up():
    hosts, servers = os.path.join(FOLDER.name, "hosts"), os.path.join(FOLDER.name, "resolv.conf")
    with open(hosts, "w", encoding="ascii") as f:
        f.write("10.1.0.1 thepcsdnsname.example.com\n")
    with open(servers, "w", encoding="ascii") as f:
        f.write("nameserver 10.1.0.77\n")          # that never answers
    for mine, theirs in ((hosts, "/etc/hosts"), (servers, "/etc/resolv.conf")):
        if not os.path.exists(theirs) or subprocess.run(["mount", "--bind", mine, theirs]).returncode:
            raise Skip(f"cannot put another {theirs} there")
    weir = listening("b", "--format", "netsh", "--resolve")
    announce("a", "--hostname", "thepcsname")
    said = [line_of(weir.stdout) for _ in range(4)]
    assert re.fullmatch(r"\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}  10\.1\.0\.1 \(thepcsdnsname\.example\.com\)\n", said[2]), said
    equal(said[3], "   Hostname=thepcsname\n")
    net.ip("addr", "flush", "dev", "eth0", host="a")
    net.ip("addr", "add", "10.1.0.66/24", "dev", "eth0", host="a")
    began = time.monotonic()
    net.weir("a", "ras", "announce", "--count", "1", "--interface", "eth0", "--hostname", "slow")
    holds(line_of(weir.stdout), "10.1.0.66\n")
    assert time.monotonic() - began < 5, "a name that does not come holds its line for 3 s"
    began = time.monotonic()
    ended(weir, signal.SIGINT)
    assert time.monotonic() - began < 2, "the end waits for no name"
    net.ip("addr", "flush", "dev", "eth0", host="a")
    net.ip("addr", "add", "10.1.0.1/24", "dev", "eth0", host="a")
    net.ip("route", "replace", "default", "via", "10.1.0.254", host="a")


def test_an_interface_that_goes_and_comes_back():
    net.add_host("e")
    net.add_cable(("e", "eth0", "10.3.0.1/24"), (None, "port-e", None))
    weir = listening("e", "--follow", "--count", "1")
    net.ip("link", "del", "port-e")
    holds(line_of(weir.stderr), "eth0 has gone")
    net.add_cable(("e", "eth0", "10.3.0.1/24"), (None, "port-e", "10.3.0.2/24"))
    holds(line_of(weir.stderr), "Joined 239.255.2.2 on eth0")
    equal(net.weir(None, "ras", "announce", "--count", "1", "--interface", "port-e").returncode, 0)
    status, out, _ = ended(weir)
    equal(status, 1)
    holds(out, "10.3.0.2")


def read_until(fd, part):
    said, end = b"", time.monotonic() + 10
    while part not in said and time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            said += os.read(fd, 65536)
    assert part in said, said
    return said


def test_a_table_that_updates_on_a_terminal():
    main_end, end = pty.openpty()
    weir = subprocess.Popen(net.at("b", WEIR, "ras", "list", "eth0"), stdin=end, stdout=end, stderr=end,
                            env={**CALM, "TERM": "xterm"})
    os.close(end)
    read_until(main_end, b"proves nothing")
    announce("a", "--hostname", "first")
    read_until(main_end, b"(1x)")
    announce("a", "--hostname", "second")
    said = read_until(main_end, b"(2x)")
    assert re.search(rb"\x1b\[\d+A\r\x1b\[J", said), said     # in the place of the other
    weir.send_signal(signal.SIGINT)
    equal(weir.wait(timeout=20), 1)
    os.close(main_end)


class Router:
    """r forwards 239.255.2.2 and 239.1.2.3 from `lan` to `away`, as smcroute tells the kernel."""

    def __enter__(self):
        if not shutil.which("smcrouted"):
            raise Skip("smcroute is not installed")
        config = os.path.join(FOLDER.name, "smcroute.conf")
        with open(config, "w", encoding="ascii") as f:
            for group in ("239.255.2.2", "239.1.2.3"):
                f.write(f"mgroup from lan group {group}\nmroute from lan group {group} to away\n")
        self.process = subprocess.Popen(net.at("r", "smcrouted", "-n", "-f", config), stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        return self

    def __exit__(self, kind, *_):
        self.process.terminate()
        said = self.process.communicate(timeout=10)[0]
        if b"not support" in said or b"Protocol not available" in said:
            raise Skip("this kernel routes no multicast")


def announce_until(weir):
    for _ in range(10):
        announce("a", "--hostname", "vpn1")
        time.sleep(0.3)
        if weir.poll() is not None:
            break
    return ended(weir)


def test_heard_across_a_router():
    with Router():
        status, out, _ = announce_until(listening("d", "-j", "--count", "1", "--duration", "20s",
                                                  "--site-hops", "0"))
    report = json.loads(out)
    server = report["ras"][0]
    equal((server["address"], server["ttl"], server["hops"], status), ("10.1.0.1", 14, 1, 1))
    assert "ras-from-outside" in [f["kind"] for f in report["findings"]]


def test_not_beyond_a_boundary():
    """A boundary that denies 239.255/16 holds announcements back, and nothing else; without it they
    are heard again."""
    if not shutil.which("nft"):
        raise Skip("nftables is not installed")
    ruleset = ("table ip boundary {\n chain forward {\n  type filter hook forward priority 0;\n"
               "  ip daddr 239.255.0.0/16 counter drop\n }\n}\n")
    done = subprocess.run(net.at("r", "nft", ruleset), capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"nft does not work here: {done.stderr.strip()}")
    with Router():
        watch = subprocess.Popen(net.at("d", WEIR, "watch", "-v", "-j", "--duration", "5s", "eth0"),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**CALM, "ASAN_OPTIONS": "detect_leaks=0"})
        holds(line_of(watch.stderr), "without privileges")
        weir = listening("d", "--duration", "2s")
        for _ in range(4):
            announce("a", "--hostname", "vpn1")
            send("a", b"x" * 20, group="239.1.2.3", port=5004)
            time.sleep(0.1)
        status, out, _ = ended(weir)
        equal(status, 0, "nothing is heard")
        holds(out, "No server was heard in 2 s")
        holds(out, "That proves nothing yet")
        groups = {f.get("group") for f in json.loads(watch.communicate(timeout=20)[0])["flows"]}
        assert "239.1.2.3" in groups, groups
        said = subprocess.run(net.at("r", "nft", "list", "ruleset"), capture_output=True, text=True).stdout
        dropped = int(re.search(r"counter packets (\d+)", said).group(1))
        assert dropped >= 4, said
        subprocess.run(net.at("r", "nft", "flush", "ruleset"), check=True)
        equal(announce_until(listening("d", "--count", "1", "--duration", "20s"))[0], 1, "without it")


NAMES = [name for name in globals() if name.startswith("test_")]
SLOW = ["test_not_beyond_a_boundary", "test_names_are_looked_up", "test_an_interface_that_goes_and_comes_back"]
net.main_apart(globals(), SLOW[:1], SLOW[1:], [name for name in NAMES if name not in SLOW])
