# SPDX-License-Identifier: BSD-2-Clause
"""Runs every libFuzzer target for some seconds, two at a time.  run.py BUILD SECONDS

New inputs go to a folder of the build, so the corpus of the tree stays as it is; a crash leaves
its input beside it and is named at the end."""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys

build, seconds = sys.argv[1], int(sys.argv[2])
here = os.path.dirname(os.path.abspath(__file__))


def run(target):
    name = os.path.basename(target)[len("fuzz-"):]
    found = os.path.join(build, "found", name)
    shutil.rmtree(found, ignore_errors=True)
    os.makedirs(found)
    corpus = os.path.join(here, "corpus", name)
    done = subprocess.run(
        [target, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
         f"-artifact_prefix={found}/crash-", found] + ([corpus] if os.path.isdir(corpus) else []),
        capture_output=True, text=True, errors="replace")
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    return name, done.returncode, runs.group(1) if runs else "0", done.stderr[-3000:]


targets = sorted(t for t in glob.glob(os.path.join(build, "tests/fuzz/fuzz-*"))
                 if os.access(t, os.X_OK) and os.path.isfile(t))
crashed = 0
with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
    for name, status, runs, tail in pool.map(run, targets):
        print(f"{name:16} {int(runs):>12,} runs  {'ok' if status == 0 else 'CRASHED'}", flush=True)
        if status:
            crashed += 1
            print(tail)
print(f"{len(targets)} targets, {crashed} crashed")
sys.exit(1 if crashed or not targets else 0)
