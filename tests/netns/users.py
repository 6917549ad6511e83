# SPDX-License-Identifier: BSD-2-Clause
"""As whom the daemon's processes run: the clerk as the user `weir`, who then owns the state, also what an
older weir left to root; and as before where that cannot be.

users.py WEIR -- needs root, and skips without."""
import json
import os
import subprocess

import net

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)

from cli import equal, holds, main  # noqa: E402
from control import Port, frame, ip4, setting  # noqa: E402
from daemon import Daemon, end_all, until  # noqa: E402

CLERK, JUDGE, NOBODY = 64990, 64991, 65534
POLICY = """policy "test"
boundary border {
    permit at membership, join, register, bootstrap, session, router as control
    deny to 239.1.0.1 as one
    default permit
}
"""
INTERFACE = "interface eo boundary border enforce auto\n"
for host in ("b", "host"):
    net.add_host(host)
    setting("net.ipv6.conf.all.disable_ipv6", 1, host)
    setting("net.ipv6.conf.default.disable_ipv6", 1, host)
net.add_cable(("b", "eo", "198.51.100.1/24"), ("host", "pa", None))
PORT = Port("host", "pa")


def send(n):
    PORT.send(*[frame(ip4("198.51.100.7", "239.1.0.1", 17, bytes.fromhex("0fa013880010000031323334"), ttl=8))] * n)


def ids(daemon):
    """{process: user id}."""
    found = until(lambda: daemon.status().get("processes"), "the processes")
    return {p["name"]: os.stat(f"/proc/{p['pid']}").st_uid for p in found if p["pid"]}


def owners(folder):
    return {entry.name: entry.stat(follow_symlinks=False).st_uid for entry in os.scandir(folder)}


def counted(daemon, n):
    until(lambda: daemon.hits().get(("border", "one")) == n, daemon.hits)


FIRST = Daemon("b", POLICY, INTERFACE, keeps_mounts=True)


def test_without_a_user():
    """Root without capabilities, and somebody says so."""
    os.mkdir(FIRST.path("state"), 0o755)
    holds(FIRST.weir("run", "--check", status=None), "there is no user weir")
    FIRST.begin().ready()
    equal(ids(FIRST), {"keeper": 0, "clerk": 0, "judge": NOBODY})
    holds(FIRST.said(), "there is no user weir: the clerk keeps root's user id, without capabilities")
    send(3)
    counted(FIRST, 3)
    FIRST.write("other.weir", POLICY.replace('"test"', '"other"'))
    FIRST.weir("apply", FIRST.path("other.weir"))
    FIRST.end()
    equal(set(owners(FIRST.path("state")).values()), {0})


def test_an_upgrade():
    """What was root's is weir's; nothing is lost, and a restart loads what was applied."""
    net.add_users(weir=CLERK, weir_judge=JUDGE)
    assert "user weir" not in FIRST.weir("run", "--check", status=None)
    equal(set(owners(FIRST.path("state")).values()), {0}, "--check changes nothing")
    for _ in range(2):
        FIRST.begin().ready()
        equal(ids(FIRST), {"keeper": 0, "clerk": CLERK, "judge": JUDGE})
        equal(set(owners(FIRST.path("state")).values()), {CLERK})
        equal(os.stat(FIRST.path("state")).st_uid, CLERK)
        equal(FIRST.status()["generation"], 2)
        FIRST.end()
    FIRST.begin().ready()
    send(2)
    counted(FIRST, 5)
    FIRST.weir("apply")
    equal(FIRST.status()["generation"], 3)
    with open(FIRST.path("state/current.json"), encoding="utf-8") as f:
        equal(json.load(f)["generation"], 3)
    where = os.stat(FIRST.path("control.sock"))
    equal((where.st_uid, where.st_gid, where.st_mode & 0o777), (0, CLERK, 0o660))
    for words, status in ((["--reuid", str(CLERK), "--regid", str(CLERK)], 0), (["--reuid", "65534", "--regid", "65534"], 3)):
        done = subprocess.run(["setpriv", *words, "--clear-groups", *FIRST.command("status")[2:]], capture_output=True)
        equal(done.returncode, status, done.stderr.decode())
        done = subprocess.run(["setpriv", *words, "--clear-groups", *FIRST.command("stop", "--keep")[2:]],
                              capture_output=True)
        equal(done.returncode, 3, "only root may")
    FIRST.weir("stop", "--remove")
    FIRST.process.wait(20)


def stays_roots(daemon, words):
    daemon.begin().ready()
    holds(daemon.said(), words)
    equal(ids(daemon)["clerk"], 0)
    daemon.weir("apply", daemon.path("site.weir"))
    daemon.weir("stop", "--remove")
    daemon.process.wait(20)


def test_a_folder_of_others_is_not_taken():
    """A state folder that is one more file's, a folder's or a link's stays whose it is."""
    for make in (lambda path: os.mkdir(path), lambda path: os.symlink("/etc/hostname", path)):
        daemon = Daemon("b", POLICY, INTERFACE, keeps_mounts=True)
        os.mkdir(daemon.path("state"), 0o755)
        make(daemon.path("state/other"))
        stays_roots(daemon, "holds more than weir's files")
        equal(os.stat(daemon.path("state")).st_uid, 0)
        equal(os.stat("/etc/hostname").st_uid, 0)


def test_a_history_among_others():
    daemon = Daemon("b", POLICY, INTERFACE + 'history "past/weir.db"\n', keeps_mounts=True)
    os.mkdir(daemon.path("past"), 0o755)
    stays_roots(daemon, "where the history is, belongs to root")
    daemon = Daemon("b", POLICY, INTERFACE + 'history "past/weir.db"\n', keeps_mounts=True)
    daemon.begin().ready()
    equal(ids(daemon)["clerk"], CLERK, "the folder is new")
    until(lambda: os.stat(daemon.path("past/weir.db")).st_uid == CLERK, "the history")
    daemon.end()


def test_whose_the_operator_made_it():
    daemon = Daemon("b", POLICY, INTERFACE, keeps_mounts=True)
    os.mkdir(daemon.path("state"), 0o700)
    os.chown(daemon.path("state"), 64995, 64995)
    daemon.begin().ready()
    equal(ids(daemon)["clerk"], 64995)
    daemon.weir("stop", "--remove")
    daemon.process.wait(20)
    daemon.begin().ready()


try:
    main(globals())
finally:
    end_all()
