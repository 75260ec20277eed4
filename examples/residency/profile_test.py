"""Whatever ends `residency profile`, it leaves no file behind: its end, Ctrl-C, a kill, a wrong folder.

Usage: profile_test.py PROGRAM
"""
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

program = os.path.abspath(sys.argv[1])
tiny = ["profile", "--shape", "q", "--size", "4MiB", "--threads", "1"]


def check(condition, what):
    if not condition:
        sys.exit(f"expected: {what}")


def layer_seconds(hit_rate, compute, read, experts=8):
    """Of a layer: experts that are found are computed at once, each other one when it was read."""
    total = 0
    for missing in range(experts + 1):
        seconds = compute * (experts - missing)
        for i in range(1, missing + 1):
            seconds = max(seconds, read * i) + compute
        total += math.comb(experts, missing) * hit_rate ** (experts - missing) * (1 - hit_rate) ** missing * seconds
    return total


with tempfile.TemporaryDirectory() as folder:
    done = subprocess.run([program, *tiny, "--repetitions", "2"], cwd=folder, capture_output=True, text=True)
    check(done.returncode == 0, f"status 0, got {done.returncode}: {done.stderr}")
    check(os.listdir(folder) == [], "an empty folder at the end")
    rows = re.findall(r"^(disk|memory|an expert).* (?:GB/s|ms) +([0-9.]+) +([0-9.]+) +([0-9.]+)$", done.stdout, re.M)
    check(len(rows) == 4, f"four rows, got {done.stdout}")
    for _, median, least, most in rows:
        check(0 < float(least) <= float(median) <= float(most), f"a spread, got {least} {median} {most}")

    speeds = [[float(value) for value in row]
              for row in re.findall(r"^ +([0-9]+) %.*? ([0-9.]+) +([0-9.]+) +([0-9.]+)$", done.stdout, re.M)]
    check([row[0] for row in speeds] == [0, 40, 60, 80, 90, 100], f"six speeds, got {done.stdout}")
    for found, _, compute, tokens in speeds:
        expected = 1000 / layer_seconds(found / 100, compute / 8, speeds[0][1] / 8)
        check(abs(tokens - expected) < 0.01 * expected + 0.006, f"{expected} tokens/s at {found} %, got {tokens}")

    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)):
        run = subprocess.Popen([program, *tiny, "--repetitions", "1000", "--folder", folder],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        descriptors = f"/proc/{run.pid}/fd"

        def has_file():
            for name in os.listdir(descriptors):
                try:
                    target = os.readlink(f"{descriptors}/{name}")
                    if target.startswith(os.path.realpath(folder) + "/") and target.endswith(" (deleted)"):
                        return True
                except OSError:
                    pass
            return False

        while not has_file():
            check(run.poll() is None, "a run that lasts")
            time.sleep(0.001)
        run.send_signal(number)
        _, error = run.communicate()
        check(run.returncode == status, f"status {status}, got {run.returncode}: {error}")
        check(os.listdir(folder) == [], f"an empty folder after signal {number}, got {os.listdir(folder)}")
