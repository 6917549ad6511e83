# SPDX-License-Identifier: BSD-2-Clause
"""weir run on the port of a bridge: what hosts ask for is trimmed, and what no report can say, a refused
source under an admitted (*,G), is dropped where its data comes.

queue_run.py QUEUE-HELPER WEIR -- needs root, and skips without."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import net

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)

from cli import equal, holds, main  # noqa: E402
from control import (ALLOW, CALM, TO_EX, TO_IN, Port, bootstrap, frame, groups_of, ip4, number, packed,  # noqa: E402
                     probe, report3, setting, until)

WEIR = os.path.abspath(sys.argv[2])
FOLDER = tempfile.TemporaryDirectory()
os.chmod(FOLDER.name, 0o755)
ENV = {**CALM, "TZ": "UTC"}
HOST = "10.1.0.77"
POLICY = """policy "lan"
boundary lan {
    ignore to 224.0.0.0/24 as link-local
    deny in to 239.1.1.1 at membership as no-group
    deny in from 10.9.0.0/16 at membership as no-source
    deny in to 239.66.0.0/16 at bootstrap as no-range
    deny in rp 10.66.0.1 at bootstrap as no-rp
    deny out to 239.3.3.3 at membership type query as no-query-of-it
    deny out at membership type query as no-query
    deny out to 239.7.7.7 at data not joined as not-asked
    default permit
}
"""


def write(name, text):
    path = os.path.join(FOLDER.name, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


CONF_TEXT = f"""policy "{write('lan.weir', POLICY)}"
state "{FOLDER.name}/state"
control "{FOLDER.name}/control"
history "{FOLDER.name}/history.db"
interface p1 boundary lan outside enforce nftables
"""
CONF = write("weir.conf", CONF_TEXT)

if not probe().startswith(("0 ", "1 ")):
    net.skip_all(probe())
net.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
setting("net.ipv6.conf.default.disable_ipv6", 1)
for i in "123":
    net.add_host(f"h{i}")
    setting("net.ipv6.conf.default.disable_ipv6", 1, f"h{i}")
    net.add_cable((None, f"p{i}", None), (f"h{i}", f"e{i}", f"10.1.0.{i}/24"))
    net.ip("link", "set", f"p{i}", *(("master", "br0") if i != "3" else ()), "up")
net.ip("link", "set", "br0", "up")
setting("net.bridge.bridge-nf-filter-vlan-tagged", 1)
ONE, TWO, THREE = (Port(f"h{i}", f"e{i}") for i in "123")


def weir(*args):
    conf = ["-c", CONF] if args[0] == "run" else []
    return subprocess.run([WEIR, *args, *conf], capture_output=True, text=True, timeout=60, env=ENV)


def udp(source, group):
    return frame(ip4(source, group, 17, bytes.fromhex("0fa0138800100000") + b"12345678", ttl=8))


def arrives(source, group, n=5):
    """How many of n packets of the other side's source come to the host."""
    ONE.frames(0.05)
    TWO.send(*[udp(source, group)] * n)
    return len(ONE.frames(1.0, 17, n, source))


def test_check_says_it():
    done = weir("run", "--check")
    holds(done.stdout, "no-source")
    holds(done.stdout, "what its sources send is dropped too")
    holds(done.stdout, "control messages at p1, by ")
    assert "snoop" not in done.stdout, done.stdout
    assert "mcast_querier" not in done.stdout, done.stdout
    for kind in ("mcast_snooping", "mcast_querier"):
        net.ip("link", "set", "br0", "type", "bridge", kind, "1")
    done = weir("run", "--check")
    holds(done.stdout, "br0 snoops: by itself it keeps what nobody asked for from p1, which counts under .snoop-offered")
    holds(done.stdout, "br0 asks for members itself (mcast_querier is 1): of its own queries by p1 only all")
    holds(done.stdout, "rule no-query-of-it")
    assert "rule no-query:" not in done.stdout, done.stdout
    for kind in ("mcast_querier", "mcast_snooping"):
        net.ip("link", "set", "br0", "type", "bridge", kind, "0")
    control = json.loads(weir("run", "--check", "-j").stdout)["control"]
    equal((control["interfaces"], "problem" in control), (["p1"], False))
    setting("net.bridge.bridge-nf-filter-vlan-tagged", 0)
    done = weir("run", "--check")
    holds(done.stdout, "net.bridge.bridge-nf-filter-vlan-tagged is 0, must be 1")
    equal(done.returncode, 1)
    done = weir("run")
    equal(done.returncode, 3, "no mistake of the configuration")
    holds(done.stderr, "net.bridge.bridge-nf-filter-vlan-tagged is 0, must be 1")
    setting("net.bridge.bridge-nf-filter-vlan-tagged", 1)


def start(**env):
    """The daemon, and a function that tells what it said."""
    log = tempfile.TemporaryFile()

    def said():
        return os.pread(log.fileno(), 1 << 16, 0).decode()

    daemon = subprocess.Popen([WEIR, "run", "-c", CONF, "--count-every", "1"], stdout=log, stderr=log,
                              env={**ENV, **env}, stdin=subprocess.DEVNULL)
    until(lambda: "is in force" in said() or daemon.poll() is not None, 20)
    assert "is in force" in said(), said()
    return daemon, said


VIDEO = "239.7.7.7"


def pid_of(process):
    status = json.loads(weir("status", "-j", "-c", CONF).stdout)
    return next(p["pid"] for p in status["processes"] if p["name"] == process)


def report(*records):
    TWO.frames(0.05)
    ONE.send(frame(report3(HOST, *records)))
    assert TWO.frames(3, 2, 1, HOST), "the report does not come through"


def comes(source="10.8.0.1"):
    """Whether the video comes to the hosts, by nftables as by tc: the kernel hears of a report a moment after it has
    passed, one of them after the other."""
    def is_told():
        time.sleep(0.1)
        ONE.frames(0.05)
        THREE.frames(0.01)
        TWO.send(*[udp(source, VIDEO)] * 3)
        come.append((len(ONE.frames(0.2, 17, 3, source)), len(THREE.frames(0.05, 17, 3, source))))
        return come[-1] in ((0, 0), (3, 3))

    come = []
    assert until(is_told, 2), come
    return come[-1] == (3, 3)


def test_what_nobody_asked_for():
    """`not joined`: as long as no report is seen nobody knows; then only what is asked for comes, whoever dies."""
    net.ip("link", "set", "p3", "master", "br0")
    write("weir.conf", CONF_TEXT + "interface p3 boundary lan outside enforce tc\n")
    daemon, said = start()
    try:
        equal(comes(), True, "no report has been seen yet")
        report((TO_EX, "239.2.2.2"))
        equal(comes(), False, "nobody asked")
        report((TO_EX, VIDEO))
        equal(comes(), True, "asked for")
        report((TO_IN, VIDEO))
        until(lambda: not comes(), 5)
        report((ALLOW, VIDEO, "10.8.0.1"))
        equal((comes(), comes("10.8.0.2")), (True, False), "from one source")
        os.kill(pid_of("judge"), signal.SIGKILL)
        equal((comes(), comes("10.8.0.2")), (True, False), "without a judge")
        until(lambda: TWO.frames(0.05) is not None and pid_of("judge") > 0, 10)
        time.sleep(0.5)
        equal((comes(), comes("10.8.0.2")), (True, False), "the next judge goes on with it")
        daemon.send_signal(signal.SIGTERM)
        equal(daemon.wait(20), 0, said())
        equal((comes(), comes("10.8.0.2")), (True, False), "without the daemon")
        daemon, said = start()
        equal((comes(), comes("10.8.0.2")), (True, False), "the next daemon too")
        report((ALLOW, VIDEO, "10.8.0.2"))
        equal((comes(), comes("10.8.0.2")), (True, True))
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)
        write("weir.conf", CONF_TEXT)
        net.ip("link", "set", "p3", "nomaster")
    done = weir("hits", "-j", "--history", f"{FOLDER.name}/history.db")
    hits = {r["rule"]: r["hits"] for r in json.loads(done.stdout)["rules"]}
    assert hits["not-asked"] >= 42, hits


def queries(packets):
    return {number(p) for _, p in packets
            if (number(p) == 2 and p[24] == 0x11) or (p[0] >> 4 == 6 and p[6] == 0 and p[48] == 130)}


def the_bridge_asks():
    """Its own queries, of IGMP and MLD, pass no queue: they do not leave by the port where none may."""
    heard = set()
    setting("net.ipv6.conf.br0.accept_dad", 0)
    setting("net.ipv6.conf.br0.disable_ipv6", 0)
    ONE.frames(0.05)
    TWO.frames(0.05)
    bridge = ("link", "set", "br0", "type", "bridge")
    net.ip(*bridge, "mcast_startup_query_interval", "20", "mcast_query_response_interval", "10", "mcast_snooping", "1")
    net.ip(*bridge, "mcast_querier", "1")
    until(lambda: heard.update(queries(TWO.frames(0.3))) or len(heard) == 2, 5)
    equal(queries(ONE.frames(0.3)), set())
    net.ip(*bridge, "mcast_snooping", "0", "mcast_querier", "0")


def a_bootstrap_in_fragments():
    """Each is judged by itself (RFC 5059 3.4): a range that is refused goes from all of them; of one whose RPs come in
    several none can go alone, so it goes where one does; and a fragment that has nothing left does not come."""
    ranges = {group: (group, 16) for group in ("239.66.0.0", "239.77.0.0", "239.88.0.0", "239.99.0.0")}

    def fragment(*parts):
        return bootstrap(HOST, HOST, *((*ranges[group], *rps) for group, *rps in parts),
                         whole={"239.77.0.0": 2, "239.99.0.0": 2})

    TWO.frames(0.05)
    ONE.send(frame(fragment(("239.66.0.0", "10.77.0.1"), ("239.77.0.0", "10.77.0.1"))),
             frame(fragment(("239.99.0.0", "10.66.0.1"), ("239.66.0.0", "10.77.0.1"))),
             frame(fragment(("239.77.0.0", "10.77.0.2"), ("239.88.0.0", "10.66.0.1", "10.77.0.1"))))
    equal([p.hex() for _, p in TWO.frames(3, 103, 2, HOST)],
          [fragment(("239.77.0.0", "10.77.0.1")).hex(),
           fragment(("239.77.0.0", "10.77.0.2"), ("239.88.0.0", "10.77.0.1")).hex()])


def test_trimmed_and_dropped():
    daemon, said = start()
    try:
        TWO.frames(0.05)
        ONE.send(frame(report3(HOST, (TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2"),
                               (ALLOW, "232.1.1.1", "10.8.0.1", "10.9.0.1"))))
        equal([groups_of(p) for _, p in TWO.frames(3, 2, 1, HOST)],
              [[(TO_EX, "239.2.2.2"), (ALLOW, "232.1.1.1", "10.8.0.1")]], said())
        equal(arrives("10.8.0.1", "239.2.2.2"), 5, "another source of the group")
        equal(arrives("10.9.0.1", "239.2.2.2"), 0, "the refused source under the admitted (*,G)")
        equal(arrives("10.9.0.1", "239.2.2.2", 3), 0)
        a_bootstrap_in_fragments()
        the_bridge_asks()
        time.sleep(0.5)
        daemon.send_signal(signal.SIGTERM)
        equal(daemon.wait(20), 0, said())
    finally:
        if daemon.poll() is None:
            daemon.kill()
    done = weir("hits", "-j", "--history", f"{FOLDER.name}/history.db")
    hits = {r["rule"]: r["hits"] for r in json.loads(done.stdout)["rules"]}
    equal((hits["no-group"], hits["no-source"]), (1, 1 + 5 + 3), "asked for, and sent")
    equal((hits["no-range"], hits["no-rp"]), (2, 2), "of each fragment")
    assert hits["no-query"] >= 2 and hits["no-query-of-it"] == 0, hits
    # the rules stay: neither the daemon nor anybody else is needed for the data
    equal(arrives("10.9.0.1", "239.2.2.2"), 0, "without the daemon")
    TWO.frames(0.05)
    ONE.send(frame(report3(HOST, (TO_EX, "239.2.2.2"))))
    equal(TWO.frames(0.5, 2, 1, HOST), [], "nobody listens: closed")


def test_by_a_tap():
    """The same where the kernel has no NFQUEUE."""
    daemon, said = start(WEIR_QUEUE="tap")
    try:
        TWO.frames(0.05)
        ONE.send(frame(report3(HOST, (TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2")), vlan=7))
        equal([(vlan, groups_of(p)) for vlan, p in TWO.frames(3, 2, 1, HOST)], [(7, [(TO_EX, "239.2.2.2")])], said())
        status = json.loads(weir("status", "-j", "-c", CONF).stdout)["queue"]
        equal((status["offered"] >= 1, status["bypassed"], status["by"]), (True, 0, "by a tap, as WEIR_QUEUE says"),
              json.dumps(status))
        equal(weir("stop", "--remove", "-c", CONF).returncode, 0)
        daemon.wait(20)
        if shutil.which("nft"):
            equal(subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout, "")
    finally:
        if daemon.poll() is None:
            daemon.kill()


main(globals())
