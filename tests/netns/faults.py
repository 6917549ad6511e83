# SPDX-License-Identifier: BSD-2-Clause
"""weir run while packets go on and something ends: each of its processes killed with -9, policies
swapped, the queue's listener gone, an interface whose index another one takes.  Nothing that is refused
passes, nothing that may pass is lost, and the counts are exact.

    host pa --- eo b      fail closed, by nftables
         pb --- fo        fail open, by tc

faults.py WEIR -- needs root, and skips without.  WEIR_RUN_ROUNDS=100 for as many rounds."""
import datetime
import os
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import net

net.enter()
# the daemon mounts one of its own
while subprocess.run(["umount", "-l", "/sys/fs/bpf"], stderr=subprocess.DEVNULL).returncode == 0:
    pass

from cli import Skip, equal, main  # noqa: E402
from control import Port, frame, ip4, packed, set_namespace, setting, with_sum  # noqa: E402
from daemon import Daemon, end_all, until  # noqa: E402

ROUNDS = int(os.environ.get("WEIR_RUN_ROUNDS", "1"))
BAD, GOOD, OTHER = "239.1.1.1", "239.1.1.2", "239.1.1.3"
LINKS = {"eo": "pa", "fo": "pb"}
POLICY = """policy "test"
boundary border {
    deny in to 239.1.1.3 at membership as no-join
    permit at membership, join, register, bootstrap, session, router as control
    deny to 239.1.1.1 as bad
    permit to 239.1.1.2 as good
    default deny
}
"""
INDEX = 500
FOLDER = tempfile.TemporaryDirectory()


def cable(near, far, index):
    net.ip("link", "add", near, "index", str(index), "type", "veth", "peer", "name", far, host="b")
    net.ip("link", "set", far, "netns", "host", host="b")
    net.ip("addr", "add", f"198.51.100.{index % 200}/32", "dev", near, host="b")
    net.ip("link", "set", near, "up", host="b")
    net.ip("link", "set", far, "up", host="host")


for name in ("b", "host"):
    net.add_host(name)
    setting("net.ipv6.conf.all.disable_ipv6", 1, name)
    setting("net.ipv6.conf.default.disable_ipv6", 1, name)
for key in ("all", "default"):
    setting(f"net.ipv4.conf.{key}.rp_filter", 0, "b")
cable("eo", "pa", INDEX)
cable("fo", "pb", INDEX + 1)
DAEMON = Daemon("b", POLICY, """interface eo boundary border enforce nftables fail closed
interface fo boundary border enforce auto fail open
""", keeps_mounts=True)


def in_host(name, make):
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    set_namespace(f"/run/netns/{name}")
    try:
        return make()
    finally:
        set_namespace(f"/proc/self/fd/{here}")
        os.close(here)


def listener(links, kind, protocol, groups):
    """A socket of b that joined the groups."""
    s = socket.socket(socket.AF_INET, kind, protocol)
    s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)			# SO_RCVBUFFORCE
    s.setsockopt(socket.IPPROTO_IP, 49, 0)				# IP_MULTICAST_ALL
    if kind == socket.SOCK_DGRAM:
        s.bind(("", 5000))
    for link in links:
        for group in groups:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                         packed(group) + struct.pack("=4si", b"\0" * 4, socket.if_nametoindex(link)))
    s.settimeout(0.2)
    return s


def data(group, link, number):
    body = link.encode() + struct.pack("!I", number)
    return frame(ip4("198.51.100.7", group, 17, struct.pack("!HHHH", 4000, 5000, 8 + len(body), 0) + body, ttl=8))


class Traffic:
    """Packets to both groups on the links, as long as it is wanted."""

    def __init__(self, *links):
        self.links, self.sent, self.come, self.stops = links, 0, {link: [] for link in links}, False
        self.socket = in_host("b", lambda: listener(links, socket.SOCK_DGRAM, 0, (BAD, GOOD)))
        self.ports = {link: Port("host", LINKS[link]) for link in links}
        self.threads = [threading.Thread(target=self.send), threading.Thread(target=self.receive)]
        for thread in self.threads:
            thread.start()

    def send(self):
        while not self.stops:
            self.sent += 1
            for link in self.links:
                for group in (BAD, GOOD):
                    self.ports[link].send(data(group, link, self.sent))
            time.sleep(0.001)

    def receive(self):
        while True:
            try:
                body = self.socket.recv(64)
                self.come[body[:2].decode()].append(struct.unpack("!I", body[2:])[0])
            except socket.timeout:
                if self.stops:
                    return

    def end(self):
        """How many of each group went into each link; all of the one have come, and no more."""
        self.stops = True
        for thread in self.threads:
            thread.join()
        self.socket.close()
        for link in self.links:
            equal(len(self.come[link]), self.sent, link)
            equal(self.come[link], list(range(1, self.sent + 1)), f"{link}: each once, and no other")
        return self.sent


def process(name):
    found = {p["name"]: p["pid"] for p in until(lambda: DAEMON.status().get("processes"), "the processes")}
    return found[name]


# reports that come to b; joined from the beginning, for that sends reports of its own
HEARD = {}


def test_begins():
    for link in LINKS:
        s = HEARD[link] = in_host("b", lambda: listener((link,), socket.SOCK_RAW, socket.IPPROTO_IGMP, (OTHER, GOOD)))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    DAEMON.begin().ready()
    hooks = {i["name"]: i["hooks"]["ingress"] for i in DAEMON.status()["boundaries"][0]["interfaces"]}
    equal(hooks["eo"], "nftables")
    print(f"# fo: {hooks['fo']}")
    # where there is BPF at all, the daemon brought the place for it along
    if subprocess.run(["mount", "-t", "bpf", "none", FOLDER.name], stderr=subprocess.DEVNULL).returncode == 0:
        subprocess.run(["umount", FOLDER.name], check=True)
        equal((hooks["fo"], os.path.isdir("/sys/fs/bpf/weir")), ("tc", True))


def test_11_each_process_is_killed_while_packets_go_on():
    before = DAEMON.hits()
    traffic = Traffic("eo", "fo")
    try:
        for name in ("judge", "clerk", "keeper") * ROUNDS:
            pid = process(name)
            os.kill(pid, signal.SIGKILL)
            if name == "keeper":
                DAEMON.process.wait()
                time.sleep(0.2)						# nobody is there
                DAEMON.begin().ready()
            else:
                until(lambda: process(name) != pid, f"another {name}")
            DAEMON.weir("apply")
    finally:
        traffic.stops = True
    sent = traffic.end()
    DAEMON.until_counted(before, {("border", "bad"): 2 * sent, ("border", "good"): 2 * sent})


def test_10_bad_policies_while_packets_go_on():
    before = DAEMON.hits()
    generation = DAEMON.status()["generation"]
    traffic = Traffic("eo", "fo")
    try:
        bad = {"syntax.weir": POLICY.replace("deny", "denny"), "empty.weir": "", "binary.weir": "\0\1\2" * 50,
               "no-boundary.weir": POLICY.replace("boundary border", "boundary other")}
        for name, text in bad.items():
            said = DAEMON.weir("apply", DAEMON.write(name, text), status=2)
            assert said.strip(), name
        DAEMON.weir("apply", DAEMON.path("not-there.weir"), status=None)
        DAEMON.write("site.weir", bad["syntax.weir"])
        os.kill(process("keeper"), signal.SIGHUP)
        until(lambda: "the policy in force stays" in DAEMON.said(), "what the reload says")
    finally:
        DAEMON.write("site.weir", POLICY)
        traffic.stops = True
    sent = traffic.end()
    equal(DAEMON.status()["generation"], generation)
    DAEMON.until_counted(before, {("border", "bad"): 2 * sent, ("border", "good"): 2 * sent})


def report(group):
    """IGMPv2 (RFC 2236)."""
    return frame(ip4("198.51.100.7", group, 2, with_sum(b"\x16\0\0\0" + packed(group)), alert=True))


def messages_heard(s, least=0):
    """Until nothing came for a while; for the first ones a busy machine has more time."""
    heard, end = [], time.monotonic() + 5
    while True:
        try:
            packet = s.recv(256)
            if packet[12:16] == packed("198.51.100.7"):
                heard.append(packet)
        except socket.timeout:
            if len(heard) >= least or time.monotonic() > end:
                return heard


def groups_heard(s, least=0):
    return [socket.inet_ntoa(packet[16:20]) for packet in messages_heard(s, least)]


def ask(link, s, n=3, least=0):
    """What of n reports of a refused and an admitted group passes; at least so many are to be waited for."""
    port = Port("host", LINKS[link])
    port.send(*[report(group) for _ in range(n) for group in (OTHER, GOOD)])
    heard = groups_heard(s, least)
    return heard.count(OTHER), heard.count(GOOD)


def ask_both(s, should, what):
    """What passes at the link that fails closed, and at the one that fails open."""
    equal(tuple(ask(link, s, 3, sum(pair)) for link, pair in zip(LINKS, should)), should, what)


def settled():
    """The queue's sums, of a reading of the counters after all that has come so far is judged."""
    time.sleep(0.1)
    now = datetime.datetime.utcnow().isoformat(timespec="milliseconds") + "Z"
    return until(lambda: (s := DAEMON.status()).get("counted", "") > now and s["queue"], "a reading of the counters")


def test_what_no_rule_speaks_of():
    """A wrong checksum is dropped and never made right; what is not understood goes as `fail` says; what has
    nothing left is dropped, and the rest goes on.  Each is counted."""
    before = DAEMON.hits()

    def igmp(body, add=0):
        body = bytearray(with_sum(body))
        body[2] ^= add
        return frame(ip4("198.51.100.7", GOOD, 2, bytes(body), alert=True))

    record = struct.Struct("!BBH4s")
    wrong = igmp(b"\x16\0\0\0" + packed(GOOD), 1)
    short = igmp(struct.pack("!BBHHH", 0x22, 0, 0, 0, 2) + record.pack(4, 0, 0, packed(GOOD)))		# one record of two
    some = igmp(struct.pack("!BBHHH", 0x22, 0, 0, 0, 2) + record.pack(4, 0, 0, packed(OTHER)) +
                record.pack(4, 0, 0, packed(GOOD)))
    none = igmp(struct.pack("!BBHHH", 0x22, 0, 0, 0, 1) + record.pack(4, 0, 0, packed(OTHER)))
    kept = with_sum(struct.pack("!BBHHH", 0x22, 0, 0, 0, 1) + record.pack(4, 0, 0, packed(GOOD)))
    should, heard = {"eo": [kept], "fo": [short[14 + 24:], kept]}, {}
    for link, far in LINKS.items():
        groups_heard(HEARD[link])
        Port("host", far).send(wrong, short, some, none)
        heard[link] = [p[(p[0] & 15) * 4:] for p in messages_heard(HEARD[link], len(should[link]))]
    equal(heard, should)
    DAEMON.until_counted(before, {("border", name): 2 for name in
                                  (".bad-checksum", ".not-understood", ".trimmed", ".emptied")})


def test_11_nobody_listens_to_the_queue():
    """Closed: nothing passes.  Open: all of it does.  What nobody judged is told by who comes next."""
    s = in_host("b", lambda: listener(("eo", "fo"), socket.SOCK_RAW, socket.IPPROTO_IGMP, (OTHER, GOOD)))
    for _ in range(ROUNDS):
        before = DAEMON.hits()
        ask_both(s, ((0, 3), (0, 3)), "judged")
        DAEMON.until_counted(before, {("border", "no-join"): 6})
        sums = settled()
        equal(sums["state"], "judged", str(sums))
        keeper = process("keeper")
        ask_both(s, ((0, 3), (0, 3)), "judged, and read by nobody yet")
        os.kill(keeper, signal.SIGKILL)
        DAEMON.process.wait()
        time.sleep(0.3)
        ask_both(s, ((0, 0), (3, 3)), "nobody listens")
        DAEMON.begin().ready()
        ask_both(s, ((0, 3), (0, 3)), "judged again")
        DAEMON.until_counted(before, {("border", "no-join"): 18})
        equal(settled()["bypassed"] - sums["bypassed"], 12)
    s.close()


class Reports:
    """Some thousand reports a second: of a group that is refused where it fails open, of one that is admitted
    where it fails closed."""

    def __init__(self):
        self.sent, self.come, self.stops = 0, {}, False
        for link, s in HEARD.items():
            while groups_heard(s):
                pass
            self.come[link] = 0
        self.sums, self.hits = settled(), DAEMON.hits()
        self.threads = [threading.Thread(target=self.send)]
        self.threads += [threading.Thread(target=self.receive, args=(link,)) for link in LINKS]
        for thread in self.threads:
            thread.start()

    def send(self):
        ports = [(Port("host", LINKS["fo"]), [report(OTHER)] * 2), (Port("host", LINKS["eo"]), [report(GOOD)] * 2)]
        while not self.stops:
            for port, pair in ports:
                port.send(*pair)
            self.sent += 2
            time.sleep(0.0002)

    def receive(self, link):
        while True:
            try:
                self.come[link] += HEARD[link].recv(256)[12:16] == packed("198.51.100.7")
            except socket.timeout:
                if self.stops:
                    return

    def end(self):
        self.stops = True
        for thread in self.threads:
            thread.join()
        return settled()


def test_11_the_judge_is_killed_while_it_judges():
    """Each report is answered and counted, or neither: those that nobody judged, and no others, have passed
    where it fails open and are lost where it fails closed.  What waits meanwhile is judged by the next one."""
    reports = Reports()
    try:
        for name in ("judge", "clerk", "judge", "judge") * ROUNDS:
            pid = process(name)
            if name == "judge":						# with as much in its hands as it takes at once
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.05)
                os.kill(pid, signal.SIGCONT)
                time.sleep(random.random() / 500)
            os.kill(pid, signal.SIGKILL)
            until(lambda: process(name) != pid, f"another {name}")
    finally:
        now, sent = reports.end(), reports.sent
    offered, judged, past = (now[key] - reports.sums[key] for key in ("offered", "judged", "bypassed"))
    hits = DAEMON.change(reports.hits)
    print(f"# {offered} reports, {judged} judged; {3 * ROUNDS} judges were killed, {past} went past")
    equal((offered, judged + past), (2 * sent, 2 * sent))
    equal((sent - hits[("border", "no-join")], sent - hits[("border", "control")]),
          (reports.come["fo"], sent - reports.come["eo"]), "what has passed, and what is lost")
    equal(reports.come["fo"] + sent - reports.come["eo"], past)
    assert past <= 3 * ROUNDS * 2 * 64, "more than a judge holds at once"


def child_of(pid, name):
    for one in os.listdir("/proc"):
        try:
            with open(f"/proc/{one}/stat", encoding="ascii") as f:
                comm, rest = f.read().split(") ")
        except (OSError, ValueError):
            continue
        if comm.endswith(name) and int(rest.split()[1]) == pid:
            return int(one)
    return None


def test_11_no_judge_comes():
    """Packets wait for some seconds; then what fails open passes, and is counted so."""
    if ROUNDS == 1:
        raise Skip("WEIR_RUN_ROUNDS is not set")
    before, sums = DAEMON.hits(), settled()
    keeper, judge = process("keeper"), process("judge")
    with open(f"/proc/{judge}/stat", encoding="ascii") as f:
        name = f.read().split(") ")[0].split("(")[1]
    os.kill(judge, signal.SIGKILL)
    successor = until(lambda: (pid := child_of(keeper, name)) != judge and pid, "another judge")
    os.kill(successor, signal.SIGSTOP)
    for s in HEARD.values():
        groups_heard(s)
    for link, far in LINKS.items():
        Port("host", far).send(*[report(group) for _ in range(3) for group in (OTHER, GOOD)])
    equal([groups_heard(HEARD[link]) for link in LINKS], [[], []], "they wait")
    time.sleep(6)
    equal([len(groups_heard(HEARD[link])) for link in LINKS], [0, 6], "in vain")
    equal((ask("eo", HEARD["eo"]), ask("fo", HEARD["fo"], 3, 6)), ((0, 0), (3, 3)), "and nobody waits any more")
    os.kill(successor, signal.SIGCONT)
    until(lambda: ask("fo", HEARD["fo"], 1) == (0, 1), "the judge")
    until(lambda: settled()["bypassed"] - sums["bypassed"] >= 24, "what nobody judged")
    assert DAEMON.change(before)[("border", "no-join")] >= 1


def passes(group, link="fo", n=5):
    port = Port("host", {"xx": "px", "yy": "pb"}.get(link) or LINKS[link])
    s = in_host("b", lambda: listener((link,), socket.SOCK_DGRAM, 0, (BAD, GOOD)))
    port.send(*[data(group, link, i) for i in range(n)])
    come = 0
    try:
        while s.recv(64):
            come += 1
    except socket.timeout:
        pass
    s.close()
    assert come in (0, n), come
    return come == n


def test_12_another_interface_takes_the_index():
    """Rules are an interface's, not a number's: who takes the number is free, who returns is not."""
    for _ in range(ROUNDS):
        net.ip("link", "del", "fo", host="b")
        cable("xx", "px", INDEX + 1)
        equal(passes(BAD, "xx"), True, "of no boundary")
        cable("fo", "pb", INDEX + 2)
        begun = time.monotonic()
        until(lambda: not passes(BAD, n=1), "the rules on the new fo")
        assert time.monotonic() - begun < 2, "this took too long"
        equal((passes(GOOD), passes(BAD, "xx")), (True, True))
        net.ip("link", "del", "xx", host="b")
        net.ip("link", "set", "fo", "down", host="b")
        net.ip("link", "set", "fo", "name", "yy", host="b")
        net.ip("link", "set", "yy", "up", host="b")
        until(lambda: passes(BAD, "yy", 2), "another name is another interface")
        net.ip("link", "set", "yy", "down", host="b")
        net.ip("link", "set", "yy", "name", "fo", host="b")
        net.ip("link", "set", "fo", "up", host="b")
        until(lambda: not passes(BAD, n=1), "the rules on who has the old name again")
        equal(passes(GOOD), True)
        net.ip("link", "del", "fo", host="b")
        cable("fo", "pb", INDEX + 1)
        until(lambda: not passes(BAD, n=1), "the rules on the next one")


try:
    main(globals())
finally:
    end_all()
