# SPDX-License-Identifier: BSD-2-Clause
"""Completion scripts: the shells accept them, and bash offers what the rows say."""
import shutil
import subprocess
import tempfile

from cli import Skip, commands, equal, main, options, out

FOLDER = tempfile.TemporaryDirectory()


def script(shell):
    path = f"{FOLDER.name}/{shell}"
    with open(path, "w", encoding="utf-8") as f:
        f.write(out("help", "--completion", shell))
    return path


def check_syntax(shell):
    if not shutil.which(shell):
        raise Skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", script(shell)], capture_output=True, text=True)
    equal((done.returncode, done.stderr), (0, ""))


def test_bash_syntax():
    check_syntax("bash")


def test_zsh_syntax():
    check_syntax("zsh")


def test_fish_syntax():
    check_syntax("fish")


def offered(*words):
    """What bash offers for the last word."""
    quoted = " ".join(f"'{w}'" for w in words)
    done = subprocess.run(
        ["bash", "--norc", "-c", f"source {script('bash')}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1};"
         " _weir; printf '%s\\n' \"${COMPREPLY[@]}\""], capture_output=True, text=True, cwd=FOLDER.name)
    equal(done.stderr, "")
    return set(done.stdout.split("\n")) - {""}


def test_bash_offers_commands():
    equal(offered("weir", ""), {c.split()[0] for c in commands()} | {"--help", "--version"})
    equal(offered("weir", "dec"), {"decode"})


def test_bash_offers_every_option():
    for name in commands():
        equal(offered("weir", *name.split(), "--"), {f"--{o[1]}" for o in options(name)}, name)


def test_bash_offers_arguments():
    equal(offered("weir", "decode", "--color", "a"), {"auto", "always"})
    open(f"{FOLDER.name}/two words.pcap", "w", encoding="utf-8").close()
    equal(offered("weir", "decode", "two"), {"two words.pcap"})
    assert "protocols" in offered("weir", "help", "")


def test_all_shells_know_every_option():
    for shell in ("zsh", "fish"):
        text = out("help", "--completion", shell)
        for name in commands():
            for _, option, _ in options(name):
                assert (f"--{option}" if shell == "zsh" else f"-l {option} ") in text, (shell, name, option)


main(globals())
