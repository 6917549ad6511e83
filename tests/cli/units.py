# SPDX-License-Identifier: BSD-2-Clause
"""The units for systemd: systemd-analyze finds nothing to say, and they give no more than they must."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from cli import CALM, ROOT, WEIR, Skip, equal, main

UNITS = sorted(glob.glob(os.path.join(ROOT, "contrib", "systemd", "*.service")))


def test_there_are_units():
    assert UNITS


def test_systemd_accepts_them():
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "weir")
        os.symlink(WEIR, program)
        for unit in UNITS:
            with open(unit, encoding="utf-8") as f:
                text = f.read()
            assert "ExecStart=weir " in text, unit
            copy = os.path.join(folder, os.path.basename(unit))
            with open(copy, "w", encoding="utf-8") as f:
                f.write(re.sub(r"^(Exec\w+)=weir ", rf"\1={program} ", text, flags=re.M))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True,
                                  text=True, timeout=60, env={**CALM, "SYSTEMD_LOG_LEVEL": "warning"})
            said = [line for line in done.stderr.splitlines() if os.path.basename(unit) in line]
            equal(said, [], unit)


def test_they_are_confined():
    for unit in UNITS:
        with open(unit, encoding="utf-8") as f:
            lines = f.read().splitlines()
        for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes"):
            assert line in lines, f"{unit} lacks {line}"


main(globals())
