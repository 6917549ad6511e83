# SPDX-License-Identifier: BSD-2-Clause
"""A network for a test alone.  `enter()` starts the script again in a network namespace and a mount
namespace of its own, so that nothing of the machine's network is touched and everything is gone with
the last process; hosts within it are further namespaces."""
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli"))

from cli import CALM, WEIR  # noqa: E402

INSIDE = "WEIR_TEST_NETNS"


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
    words = ["unshare", "--net", "--mount", "--propagation", "private"]
    done = subprocess.run([*words, "true"], capture_output=True, text=True)
    if done.returncode != 0:
        skip_all("no namespaces here: " + done.stderr.strip())
    os.execvpe(words[0], [*words, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def ip(*words, host=None):
    subprocess.run(["ip", *(["-n", host] if host else []), *words], check=True)


def add_host(name):
    ip("netns", "add", name)
    ip("link", "set", "lo", "up", host=name)


def add_cable(a, b):
    """Two ends, each (host or None, interface, address with length or None)."""
    ip("link", "add", a[1], "type", "veth", "peer", "name", b[1])
    for host, name, address in (a, b):
        if host:
            ip("link", "set", name, "netns", host)
        ip("link", "set", name, "up", host=host)
        if address:
            ip("addr", "add", address, "dev", name, host=host)


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
