# SPDX-License-Identifier: BSD-2-Clause
"""What happens is told once, and not too often: to the journal with its fields, where none listens to
syslog by /dev/log, where nobody listens on standard error; and in each case to the program of
`notify exec`.

notices.py WEIR -- needs root, and skips without."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import net

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)
subprocess.run(["sysctl", "-qw", "net.unix.max_dgram_qlen=512"], check=True)  # as systemd has it; else ten

from cli import equal, main  # noqa: E402
from control import Port, frame, ip4, setting  # noqa: E402
from daemon import Daemon, end_all, until  # noqa: E402

JOURNAL, SYSLOG = "/run/systemd/journal/socket", "/dev/log"
MANY = 40
RULES = "".join(f"    deny to 239.2.0.{i} as many-{i}\n" for i in range(MANY))
POLICY = f"""policy "test"
boundary border {{
    permit at membership, join, register, bootstrap, session, router as control
    deny to 239.1.0.1 as one
    deny to 239.1.0.2 as two
    deny to 239.1.0.3 as three
    deny to 239.1.0.4 as four
{RULES}    default permit
}}
"""


def own_dev():
    """A /dev of the test alone, with what every program needs, and nobody's log."""
    os.makedirs("/run/dev")
    subprocess.run(["mount", "--rbind", "/dev", "/run/dev"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/dev"], check=True)
    for name in ("null", "zero", "random", "urandom"):
        with open(f"/dev/{name}", "w", encoding="ascii"):
            pass
        subprocess.run(["mount", "--bind", f"/run/dev/{name}", f"/dev/{name}"], check=True)


class Log:
    """Datagrams to a socket of the file system, as long as somebody listens there."""

    def __init__(self, path):
        self.path, self.socket, self.seen = path, None, []
        os.makedirs(os.path.dirname(path), exist_ok=True)

    def begin(self):
        self.end()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        threading.Thread(target=self.read, args=[self.socket], daemon=True).start()

    def read(self, s):
        while entry := s.recv(65536):
            self.seen.append(entry)

    def end(self):
        if self.socket:
            os.unlink(self.path)
            self.socket.shutdown(socket.SHUT_RD)
            self.socket = None

    def find(self, words):
        return [entry for entry in self.seen if words in entry]


def fields(entry):
    """Of the journal's form (systemd's Native Journal Protocol)."""
    found, at = {}, 0
    while at < len(entry):
        end = entry.index(b"\n", at)
        name, mark, value = entry[at:end].partition(b"=")
        at = end + 1
        if not mark:
            n = struct.unpack("<Q", entry[at:at + 8])[0]
            value = entry[at + 8:at + 8 + n]
            at += 8 + n + 1
        found[name.decode()] = value.decode()
    return found


def data(group, payload=b"12345678", port=5000, source="198.51.100.7"):
    return frame(ip4(source, group, 17, struct.pack("!HHHH", 4000, port, 8 + len(payload), 0) + payload, ttl=8))


own_dev()
for host in ("b", "host"):
    net.add_host(host)
    setting("net.ipv6.conf.all.disable_ipv6", 1, host)
    setting("net.ipv6.conf.default.disable_ipv6", 1, host)
net.add_cable(("b", "eo", "198.51.100.1/24"), ("host", "pa", None))
PORT = Port("host", "pa")
JOURNALD, SYSLOGD = Log(JOURNAL), Log(SYSLOG)
DAEMON = Daemon("b", POLICY, """interface eo boundary border enforce auto
watch eo
ras authorised "ras.txt"
notify exec "tell"
""", keeps_mounts=True)
DAEMON.write("ras.txt", "192.0.2.1\n")
os.mkdir(DAEMON.path("state"))
os.chmod(DAEMON.path("state"), 0o777)
os.chmod(DAEMON.write("tell", f"#!/bin/sh\ncat >> {DAEMON.path('state/told')}\n"), 0o755)


def told():
    """What the program of `notify exec` has read."""
    try:
        with open(DAEMON.path("state/told"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]
    except FileNotFoundError:
        return []


def test_the_journal_has_fields():
    JOURNALD.begin()
    SYSLOGD.begin()
    DAEMON.begin().ready()
    PORT.send(data("239.1.0.1"))
    entry = fields(until(lambda: JOURNALD.find(b"WEIR_KIND=first-hit"), "the journal")[0])
    wanted = {"SYSLOG_IDENTIFIER": "weir", "PRIORITY": "5", "WEIR_RULE": "one", "WEIR_ACTION": "deny",
              "WEIR_BOUNDARY": "border", "WEIR_INTERFACE": "eo", "WEIR_PACKETS": "1", "WEIR_SCHEMA": "weir-notice/1"}
    equal({name: entry[name] for name in wanted}, wanted)
    assert "first hit of rule one" in entry["MESSAGE"], entry
    equal(SYSLOGD.seen, [], "one of them is enough")
    until(lambda: [n for n in told() if n.get("rule") == "one"], "the program")


def test_syslog_where_there_is_no_journal():
    JOURNALD.end()
    PORT.send(data("239.1.0.2"))
    line = until(lambda: SYSLOGD.find(b"rule two"), "syslog")[0]
    assert re.fullmatch(rb"<29>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d weir\[\d+\]: first hit of rule two \(deny\) at "
                        rb"boundary border, on eo: 1 packet", line), line
    SYSLOGD.begin()						# another one, at the same place
    PORT.send(data("239.1.0.3"))
    until(lambda: SYSLOGD.find(b"rule three"), "the new syslog")


def test_nobody_listens():
    SYSLOGD.end()
    PORT.send(data("239.1.0.4"))
    until(lambda: "first hit of rule four" in DAEMON.said(), "standard error")
    assert "rule three" not in DAEMON.said(), "it was told already"
    until(lambda: [n for n in told() if n.get("rule") == "four"], "the program")


def test_servers_that_nobody_authorised():
    """Whatever they call themselves."""
    SYSLOGD.begin()
    PORT.send(data("239.255.2.2", b"Hostname=a\x1b[31m\r\n<13>b\n\0", 9753), data("239.255.2.2", b"Hostname=ok\n\0", 9753,
                                                                              "192.0.2.1"))
    line = until(lambda: SYSLOGD.find(b"198.51.100.7"), "syslog")[-1]
    assert not re.search(rb"[\x00-\x1f\x7f]", line), line
    assert line.startswith(b"<28>"), line				# a warning
    assert not SYSLOGD.find(b"192.0.2.1"), "it is authorised"
    until(lambda: [n for n in told() if n["kind"] == "ras"], "the program")


def test_an_alarm():
    """A source with hundreds of new groups: a worm."""
    JOURNALD.begin()
    PORT.send(*[data(f"239.77.{i // 200}.{i % 200}", source="198.51.100.9") for i in range(400)])
    entry = fields(until(lambda: JOURNALD.find(b"WEIR_KIND=alarm"), "the journal")[0])
    equal((entry["WEIR_FINDING"], entry["WEIR_SOURCE"], entry["PRIORITY"]), ("group-scan", "198.51.100.9", "4"), str(entry))


def test_the_same_is_told_once():
    DAEMON.write("site.weir", POLICY.replace("permit", "permitt"))
    for n in (1, 2, 3):
        os.kill(DAEMON.process.pid, signal.SIGHUP)
        until(lambda: DAEMON.said().count("reload: the policy in force stays") == n, DAEMON.said)
    until(lambda: JOURNALD.find(b"WEIR_KIND=reload-failed"), "the journal")
    time.sleep(0.3)
    equal(len(JOURNALD.find(b"WEIR_KIND=reload-failed")), 1)
    DAEMON.write("site.weir", POLICY)


def many():
    """Those that somebody was told of: what a journal has no room for goes to syslog."""
    return {rule for log in (JOURNALD, SYSLOGD) for e in log.seen for rule in re.findall(rb"rule (many-\d+)", e)}


def test_no_more_than_anybody_reads():
    """Twenty at once, then one a second; how many were left out is told, and none is told of that was not."""
    PORT.send(*[data(f"239.2.0.{i}") for i in range(MANY)])
    until(lambda: sum(n for (_, rule), n in DAEMON.hits().items() if rule.startswith("many")) == MANY, DAEMON.hits)
    time.sleep(1.2)
    assert 10 <= len(many()) <= 23, many()
    time.sleep(1.2)
    DAEMON.write("site.weir", "nonsense")
    os.kill(DAEMON.process.pid, signal.SIGHUP)
    entry = fields(until(lambda: [e for e in JOURNALD.find(b"WEIR_KIND=reload-failed") if b"WEIR_SUPPRESSED" in e],
                         "how many were left out")[0])
    suppressed = [fields(e) for e in JOURNALD.find(b"WEIR_SUPPRESSED")]
    equal(len(many()) + sum(int(e["WEIR_SUPPRESSED"]) for e in suppressed), MANY, str(suppressed))
    assert re.search(rf"; {entry['WEIR_SUPPRESSED']} notices before it were left out$", entry["MESSAGE"]), entry


try:
    main(globals())
finally:
    end_all()
