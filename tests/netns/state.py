# SPDX-License-Identifier: BSD-2-Clause
"""weir run with a state folder and a history that are damaged, of the wrong owner, read-only or full: it
goes on enforcing, says what is wrong, and makes it good when it can.

state.py WEIR -- needs root, and skips without."""
import glob
import json
import os
import re
import subprocess

import net

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)

from cli import equal, holds, main  # noqa: E402
from control import Port, frame, ip4, setting  # noqa: E402
from daemon import Daemon, end_all, until  # noqa: E402

CLERK = 64990
POLICY = """policy "first"
boundary border {
    permit at membership, join, register, bootstrap, session, router as control
    deny to 239.1.0.1 as one
    default permit
}
"""
SECOND = POLICY.replace("first", "second").replace("239.1.0.1", "239.1.0.2")
net.add_users(weir=CLERK, weir_judge=CLERK + 1)
for host in ("b", "host"):
    net.add_host(host)
    setting("net.ipv6.conf.all.disable_ipv6", 1, host)
    setting("net.ipv6.conf.default.disable_ipv6", 1, host)
net.add_cable(("b", "eo", "198.51.100.1/24"), ("host", "pa", None))
PORT = Port("host", "pa")
DAEMON = Daemon("b", POLICY, "interface eo boundary border enforce auto\n", keeps_mounts=True)
STATE, CURRENT = DAEMON.path("state"), DAEMON.path("state/current.json")
DAEMON.write("second.weir", SECOND)


def send(group, n=3):
    PORT.send(*[frame(ip4("198.51.100.7", group, 17, bytes.fromhex("0fa013880010000031323334"), ttl=8))] * n)


def refused(group):
    """By what the kernel counts: the rule `one` meets what it refuses."""
    def count():
        rows = DAEMON.status()["counters"]
        return sum(r["packets"] for r in rows), DAEMON.hits().get(("border", "one"), 0)
    before = count()
    send(group)
    until(lambda: count()[0] >= before[0] + 3, count)
    return until(lambda: count()[1] > before[1], count) and count()[1] == before[1] + 3


def in_force(name):
    until(lambda: DAEMON.weir("status", status=None) and DAEMON.status()["policy"]["name"] == name, name)
    assert refused("239.1.0.1" if name == "first" else "239.1.0.2")


def restart():
    DAEMON.end()
    DAEMON.begin().ready()
    return DAEMON.said()


def kept():
    with open(CURRENT, encoding="utf-8") as f:
        return json.load(f)


def test_begins():
    DAEMON.begin().ready()
    in_force("first")
    DAEMON.weir("apply", DAEMON.path("second.weir"))
    in_force("second")
    equal(kept()["generation"], 2)


def damage(how, owner=CLERK):
    os.unlink(CURRENT)
    how(CURRENT)
    os.chown(CURRENT, owner, CLERK, follow_symlinks=False)


def written(data, mode=0o640):
    def make(path):
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
    return make


def test_10_what_was_applied_is_damaged():
    """The same generation has a file of its own: it is loaded, what is wrong is told, and it is whole again."""
    whole = json.dumps(kept()).encode()
    cases = {"empty": written(b""), "garbage": written(b"\0\xff" * 999), "half": written(whole[:-40]),
             "another's": written(whole, 0),
             "a folder": os.mkdir, "a pipe": os.mkfifo, "a link": lambda path: os.symlink("/etc/passwd", path)}
    for name, how in cases.items():
        damage(how, 64995 if name == "another's" else CLERK)
        said = restart()
        assert re.search(r"what was applied last cannot be read \(.+\): generation 2 is loaded instead", said), (name, said)
        equal(DAEMON.status()["policy"]["name"], "second", name)
        if name == "a folder":						# the clerk cannot put a file in its place
            os.rmdir(CURRENT)
        until(lambda: os.path.isfile(CURRENT) and os.access(CURRENT, os.R_OK) and kept()["text"] == SECOND, name)
        equal((os.stat(CURRENT).st_mode & 0o777, os.stat(CURRENT).st_uid), (0o640, CLERK), name)
    in_force("second")


def test_10_all_generations_are_damaged():
    """The newest that can be read, and where none can, what is configured."""
    with open(f"{STATE}/generation-2.json", "w", encoding="ascii") as f:
        f.write("{}")
    damage(written(b"{}"))
    holds(restart(), "generation 1 is loaded instead")
    in_force("first")
    for path in glob.glob(f"{STATE}/generation-*"):
        os.unlink(path)
    damage(written(b"{}"))
    holds(restart(), "the configured policy is loaded instead")
    in_force("first")


def test_10_a_kept_policy_that_does_not_fit():
    """Nobody guesses then: exit 2, and what stands in the kernel stays."""
    DAEMON.end()
    DAEMON.write("site.weir", POLICY.replace("boundary border", "boundary other"))
    bad = dict(kept(), text=POLICY.replace("boundary border", "boundary other"))
    damage(written(json.dumps(bad).encode()))
    DAEMON.begin()
    equal(DAEMON.process.wait(20), 2, DAEMON.said())
    holds(DAEMON.said(), "has no boundary 'border'")
    DAEMON.write("site.weir", POLICY)
    os.unlink(CURRENT)
    DAEMON.begin().ready()
    in_force("first")


def test_10_a_state_folder_of_the_wrong_owner():
    """Who runs as another cannot write it: the policy is in force, and it is told that a restart forgets it."""
    os.chown(STATE, 64995, 64995)
    os.chmod(STATE, 0o555)
    DAEMON.weir("apply", DAEMON.path("second.weir"))
    until(lambda: re.search(r"generation \d+ is in force, but \S+ cannot be written \(Permission denied\): a restart loads the "
                            "one before", DAEMON.said()), DAEMON.said)
    in_force("second")
    equal(kept()["text"], POLICY)
    os.chmod(STATE, 0o755)
    os.chown(STATE, CLERK, CLERK)
    until(lambda: kept()["text"] == SECOND, "it is written when it can be")
    until(lambda: "is what a restart loads now" in DAEMON.said(), DAEMON.said)


def test_10_a_history_that_is_none():
    """It is told, packets are refused and counted on, and the counts come to the next history."""
    before = DAEMON.hits()
    DAEMON.end()
    for path in glob.glob(f"{STATE}/history.db*"):
        os.rename(path, path.replace("history.db", "kept.db"))
    for data, mode, words in ((b"no history" * 999, 0o640, "not a database"), (b"", 0, "unable to open")):
        for path in glob.glob(f"{STATE}/history.db*"):
            os.unlink(path)
        written(data, mode)(f"{STATE}/history.db")
        os.chown(f"{STATE}/history.db", CLERK if mode else 64995, CLERK)
        DAEMON.begin().ready()
        until(lambda: words in DAEMON.status()["history"].get("problem", ""), DAEMON.status)
        holds(DAEMON.said(), "cannot write the history")
        until(lambda: "counted" in DAEMON.status(), DAEMON.status)
        counted = sum(r["packets"] for r in DAEMON.status()["counters"])
        send("239.1.0.2")
        until(lambda: sum(r["packets"] for r in DAEMON.status()["counters"]) == counted + 3, DAEMON.status)
        DAEMON.end()
    for path in glob.glob(f"{STATE}/history.db*"):
        os.unlink(path)
    for path in glob.glob(f"{STATE}/kept.db*"):
        os.rename(path, path.replace("kept.db", "history.db"))
    DAEMON.begin().ready()
    DAEMON.until_counted(before, {("border", "one"): 6})


def test_4_a_full_state_folder():
    """A disk of its own, full: what is applied is in force, and is written when there is room."""
    DAEMON.end()
    disk = DAEMON.path("disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=1m,uid={CLERK},gid={CLERK},mode=750", "none", disk], check=True)
    with open(DAEMON.path("weir.conf"), encoding="utf-8") as f:
        conf = f.read()
    DAEMON.write("weir.conf", conf.replace('state "state"', 'state "disk"') + 'history "state/history.db"\n')
    DAEMON.begin().ready()
    until(lambda: os.path.exists(f"{disk}/current.json"), "the first policy, kept")
    filler = os.open(f"{disk}/filler", os.O_CREAT | os.O_WRONLY)
    try:
        while os.write(filler, b"x" * 4096):
            pass
    except OSError:
        os.close(filler)
    DAEMON.weir("apply", DAEMON.path("second.weir"))
    until(lambda: "cannot be written (No space left on device)" in DAEMON.said(), DAEMON.said)
    in_force("second")
    with open(f"{disk}/current.json", encoding="utf-8") as f:
        equal(json.load(f)["text"], POLICY, "the one before, whole")
    os.unlink(f"{disk}/filler")
    until(lambda: "is what a restart loads now" in DAEMON.said(), DAEMON.said)
    with open(f"{disk}/current.json", encoding="utf-8") as f:
        equal(json.load(f)["text"], SECOND)
    restart()
    in_force("second")


try:
    main(globals())
finally:
    end_all()
    subprocess.run(["umount", "-q", DAEMON.path("disk")], check=False)
