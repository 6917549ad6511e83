# SPDX-License-Identifier: BSD-2-Clause
"""Examples are run: those of every --help, of the manual pages, and of the README.

examples.py WEIR CAPTURE POLICY -- in a folder where any capture that an example names is the
generated one, and any policy the given one."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from cli import CALM, ROOT, WEIR, commands, main, out, run

CAPTURE, POLICY = (os.path.abspath(p) for p in sys.argv[2:4])
TOOLS = {"tcpdump", "tshark", "jq", "zcat", "gzip", "diff", "column"}


def unquoted(mdoc):
    return (mdoc.replace("\\(dq", '"').replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")
            .replace("\\(aq", "'"))


def examples():
    """(where, command line) of everything that is shown to be typed."""
    for name in commands():
        for line in out(name, "--help").split("\nExamples:\n")[1].splitlines():
            yield f"weir {name} --help", line.strip()
    for page in sorted(os.listdir(os.path.join(ROOT, "man"))):
        with open(os.path.join(ROOT, "man", page), encoding="utf-8") as f:
            for line in re.findall(r"^\.Dl (.*)$", f.read(), flags=re.M):
                yield page, unquoted(line)
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        for line in re.findall(r"^\$ (.*)$", f.read(), flags=re.M):
            yield "README.md", line


def bounded(line):
    """What waits for the network does it on loopback, and ends."""
    if "weir watch" in line:
        # one interface that is there, others that may come
        line = re.sub(r"\beth([1-9])\b", r"absent\1", line)
        line += " -q" if "--duration" in line else " -q --duration 1s"
    line = re.sub(r"\beth\d\b", "lo", line)
    line = re.sub(r"--duration[= ]\w+", "--duration 1s", line)
    if "ras announce" in line and "--count" not in line:
        line += " --count 1"
    return line


def prepare(folder, line):
    """Puts the files there that the line names."""
    named = line.replace("*.", "one.")
    for word in re.findall(r"[\w./-]+\.(?:pcap|pcapng|weir|gz|zst|conf|txt|csv|json|db)\b", named):
        path = os.path.join(folder, word)
        if word.endswith(".db"):
            if re.search(r"\bweir (hits|history)\b", line):
                shutil.copy(os.path.join(folder, "state", "weir", "history.db"), path)
            continue
        if os.path.exists(path) or re.search(rf">\s*{re.escape(word)}|--write[= ]{re.escape(word)}", line):
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if word.endswith(".weir"):
            shutil.copy(POLICY, path)
        elif word.endswith(".json"):
            with open(path, "wb") as f:
                f.write(run("audit", "-j", CAPTURE).stdout)
        elif word.endswith((".conf", ".txt", ".csv")):
            open(path, "w", encoding="utf-8").close()
        else:
            shutil.copy(CAPTURE, path)


DAEMON = r"\bweir (run|apply|confirm|status|stop|msdp(?! learn))\b"


def with_daemon(folder, line):
    """The daemon that the line asks, as any user: it enforces nothing.  Ends with the line."""
    with open(os.path.join(folder, "daemon.conf"), "w", encoding="utf-8") as f:
        f.write('policy modern\ninterface lo boundary border enforce off\nstate "run"\n'
                'control "run/control.sock"\n'
                'msdp {\n peer 127.0.0.2 { local 127.0.0.9 boundary peering }\n'
                ' peer 192.0.2.1 { local 192.0.2.2 }\n}\n')
    line = re.sub(r"\s-c \S+", "", line)
    if "weir run" in line:
        return re.sub(r"weir run(?! --check)", "weir run --check", line) + " -c daemon.conf"
    line = re.sub(r"(weir (?:msdp )?\w+)", r"\1 -c daemon.conf", line)
    return (": > daemon.log; weir run -c daemon.conf 2> daemon.log & pid=$!; "
            "while [ -d /proc/$pid ] && ! grep -q 'in force' daemon.log; do sleep 0.05; done; "
            f"{line}; status=$?; kill $pid 2> /dev/null; wait $pid; exit $status")


def keep_history(env):
    """A history where the examples of hits and history look for one."""
    path = os.path.join(env["XDG_STATE_HOME"], "weir", "history.db")
    os.makedirs(os.path.dirname(path))
    done = subprocess.run([WEIR, "audit", "-q", "--history", path, CAPTURE], env=env, capture_output=True,
                          timeout=120)
    assert done.returncode == 1 and os.path.exists(path), done.stderr


def run_all(only):
    ran = 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(WEIR, os.path.join(folder, "weir"))
        env = {**CALM, "PATH": folder + ":" + os.environ["PATH"],
               # the leak checker traces its own process, which the sandbox of watch forbids
               "ASAN_OPTIONS": "detect_leaks=0", "XDG_STATE_HOME": os.path.join(folder, "state")}
        keep_history(env)
        for where, line in examples():
            if not only(where) or not re.search(r"\bweir\b", line) or line.startswith("./dev"):
                continue
            if "weir watch" in line and os.geteuid() != 0:
                continue                        # opening interfaces takes CAP_NET_RAW
            missing = [t for t in TOOLS if re.search(rf"\b{t}\b", line) and not shutil.which(t)]
            if missing:
                print(f"# skipped, no {missing[0]}: {line}")
                continue
            prepare(folder, line)
            if re.search(DAEMON, line):
                line = with_daemon(folder, line)
            line = bounded(line)
            done = subprocess.run(["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True,
                                  errors="replace", timeout=120, stdin=subprocess.DEVNULL)
            missed = 3 if "absent" in line else 0 # an interface that never came
            said = done.stderr.replace("weir: the history knows no such", "")
            said = said.replace("weir: nothing waits to be confirmed", "")
            assert done.returncode in (0, 1, missed) and "weir: " not in said, \
                f"{where}: {line}\n{done.returncode}\n{done.stderr}"
            ran += 1
    return ran


def test_examples_of_help():
    assert run_all(lambda where: where.endswith("--help")) >= len(commands())


def test_examples_of_the_manual():
    assert run_all(lambda where: not where.endswith(("--help", ".md"))) >= 3


def test_examples_of_the_readme():
    assert run_all(lambda where: where == "README.md") >= 3


main(globals())
