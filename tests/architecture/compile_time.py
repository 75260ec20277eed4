"""Prints what including a header alone costs and holds the umbrellas against their budgets.

Usage: compile_time.py SOURCE_DIR COMPILER FLAGS...
The budgets are seconds of processor time with -O2, the least of three runs. A machine that compiles the standard
headers alone slower than the reference machine (0.9 s) gets proportionally more, and every machine a quarter more: an AMD one that
takes 0.8 s for the standard headers takes 4.9 s for the load.hpp for which an Intel one took 3.4 s.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

BUDGETS = {"asterism.hpp": 2.5, "load.hpp": 4.5}
TOLERANCE = 1.25
STANDARD = "".join(f"#include <{name}>\n" for name in (
    "algorithm array atomic bit charconv chrono cmath condition_variable cstdint functional memory mutex optional ostream "
    "stop_token string string_view thread utility vector").split())


def seconds(source, compiler, flags, runs=3):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "include.cpp"
        path.write_text(source)
        best = None
        for _ in range(runs):
            before = os.times()
            subprocess.run([compiler, "-std=c++20", "-O2", *flags, "-c", str(path), "-o", os.devnull], check=True)
            after = os.times()
            used = after.children_user + after.children_system - before.children_user - before.children_system
            best = used if best is None else min(best, used)
    return best


def main():
    source, compiler, flags = sys.argv[1], sys.argv[2], sys.argv[3:]
    flags = [f"-I{source}/include", *flags]
    standard = seconds(STANDARD, compiler, flags)
    slower = max(1.0, standard / 0.9)
    print(f"{'standard headers':34} {standard:6.2f} s")
    failed = False
    for name, budget in BUDGETS.items():
        used = seconds(f'#include "asterism/{name}"\n', compiler, flags)
        allowed = budget * slower * TOLERANCE
        failed |= used > allowed
        print(f"{'asterism/' + name:34} {used:6.2f} s of {allowed:.2f} s{'  TOO MUCH' if used > allowed else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
