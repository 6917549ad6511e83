# SPDX-License-Identifier: BSD-2-Clause
"""A network for a test alone.  `enter()` starts the script again in a network namespace and a mount
namespace of its own, so that nothing of the machine's network is touched and everything is gone with
the last process; hosts within it are further namespaces."""
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli"))

import cli  # noqa: E402
from cli import CALM, WEIR  # noqa: E402

INSIDE = "WEIR_TEST_NETNS"
PART = "WEIR_TEST_PART"                # names of tests: only these are run
APART = ["unshare", "--net", "--mount", "--propagation", "private"]


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def enter():
    """Returns within the namespaces; ends the test with a reason where there can be none."""
    if os.environ.get(INSIDE):
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        os.mkdir("/run/netns")
        ip("link", "set", "lo", "up")
        return
    if os.geteuid() != 0:
        skip_all("needs root, for network namespaces")
    for tool in ("ip", "unshare", "mount"):
        if not shutil.which(tool):
            skip_all(f"{tool} is not installed")
    done = subprocess.run([*APART, "true"], capture_output=True, text=True)
    if done.returncode != 0:
        skip_all("no namespaces here: " + done.stderr.strip())
    os.execvpe(APART[0], [*APART, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def begin_part(part):
    out = tempfile.TemporaryFile("w+")
    return part, out, subprocess.Popen([*APART, sys.executable, *sys.argv], stdout=out, stderr=out,
                                       start_new_session=True, env={**os.environ, PART: " ".join(part)})


def end_part(process):
    """What a test that failed left behind ends, too."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def rows_of(part, out):
    """Rows of TAP, each maybe of several lines; what went wrong where they are not whole."""
    out.seek(0)
    said = out.read()
    rows = re.split(r"^(?=(?:not )?ok \d)", said, flags=re.M)[1:]
    if len(rows) == len(part):
        return rows
    said = "".join(f"# {line}\n" for line in said.splitlines()[-12:])
    return [f"not ok 0 - {' '.join(part)}\n{said}"] + ["ok 0 - # SKIP see above\n"] * (len(part) - 1)


def main_apart(tests, *parts, at_once=4):
    """As main(), with each part (names of tests, in order) in a network of its own, and several at
    once: most of their time they wait.  What is in no part is one of its own.  What the script itself
    sets up it asks is_part() for: it is wanted only where tests are run."""
    if is_part():
        cli.main({name: tests[name] for name in os.environ[PART].split()})
    names = cli.names_of(tests)
    alone = [[name] for name in names if not any(name in part for part in parts)]
    print(f"1..{len(names)}")
    running = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        sys.exit(0 if run_parts([*parts, *alone], running, at_once) else 1)
    finally:
        for _, _, process in running:
            end_part(process)


def run_parts(waiting, running, at_once):
    number, good = 0, True
    while waiting or running:
        while waiting and len(running) < at_once:
            running.append(begin_part(waiting.pop(0)))
        time.sleep(0.02)
        for part, out, process in [r for r in running if r[2].poll() is not None]:
            running.remove((part, out, process))
            end_part(process)
            for row in rows_of(part, out):
                number += 1
                good &= row.startswith("ok")
                print(re.sub(r"ok \d+", f"ok {number}", row, count=1), end="", flush=True)
    return good


def is_part():
    return PART in os.environ


def ip(*words, host=None):
    subprocess.run(["ip", *(["-n", host] if host else []), *words], check=True)


def add_host(name):
    ip("netns", "add", name)
    ip("link", "set", "lo", "up", host=name)


def add_users(**ids):
    """Users of the test's mount namespace alone: name=id."""
    for file, row in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n")):
        with open(f"/etc/{file}", encoding="utf-8") as f:
            rows = [line for line in f if line.split(":")[0] not in ids]
        with open(f"/run/{file}", "w", encoding="utf-8") as f:
            f.writelines(rows + [row.format(name.replace("_", "-"), number) for name, number in ids.items()])
        os.chmod(f"/run/{file}", 0o644)
        subprocess.run(["mount", "--bind", f"/run/{file}", f"/etc/{file}"], check=True)


def skip_address_detection():
    """Interfaces that come from now on may use their IPv6 addresses at once."""
    with open("/proc/sys/net/ipv6/conf/default/accept_dad", "w", encoding="ascii") as f:
        f.write("0")


def add_cable(a, b):
    """Two ends, each (host or None, interface, address with length or None)."""
    ip("link", "add", a[1], "type", "veth", "peer", "name", b[1])
    for host, name, address in (a, b):
        if host:
            ip("link", "set", name, "netns", host)
        ip("link", "set", name, "up", host=host)
        if address:
            ip("addr", "add", address, "dev", name, host=host)


def socket_at(host, *more):
    """A socket of this process in the network of a host."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as here, open(f"/run/netns/{host}", "rb") as there:
        if libc.setns(there.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return socket.socket(*more)
        finally:
            libc.setns(here.fileno(), 0)


def at(host, *words):
    return ["ip", "netns", "exec", host, *words] if host else list(words)


def start(host, *args, **more):
    """weir, running in the background."""
    return subprocess.Popen(at(host, WEIR, *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CALM,
                            **more)


def weir(host, *args):
    return subprocess.run(at(host, WEIR, *args), capture_output=True, timeout=60, env=CALM)


def listen(interface):
    """Every frame that comes in on an interface of the outer namespace, from now on."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((interface, 0))
    s.settimeout(5)
    return s


def next_frame(s, wanted):
    """The next frame that `wanted` says yes to; None where none comes in 5 s."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            frame = s.recv(65536)
        except socket.timeout:
            return None
        if wanted(frame):
            return frame
    return None
