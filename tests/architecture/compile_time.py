"""Prints what including a header alone costs and what programs cost, and holds them against their budgets.

Usage: compile_time.py SOURCE_DIR COMPILER FLAGS...
       compile_time.py --rooms OBJECT

Budgets are seconds of processor time, of the user and of the system, with -O2, on the reference machine: an AMD one
that compiles the standard headers alone in 0.5 s. The least of at most three runs counts. A slower machine gets
proportionally more (an Intel one that takes 0.92 s for the standard headers took 1.4 to 1.8 times as long for
everything), and every machine 15 % more.

One variant has goals that have not been reached, 10 s header-only and 4 s in the compiled form, which it took before
layers could be unlike; its budgets are what it may take today.

With --rooms: the bytes of code of each room in an object, by which an optimising compiler's time goes: what is left in
a header-only program.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# What is compiled, and its budget. "compiled": with ASTERISM_COMPILED.
BUDGETS = (
    ("asterism.hpp", "headers", 1.5),
    ("load.hpp", "headers", 6.5),
    ("load.hpp", "compiled", 3.0),
    ("one_variant.cpp", "headers", 24.0),
    ("one_variant.cpp", "compiled", 4.5),
    ("twelve_variants.cpp", "compiled", 15.0),
    ("asterism.cpp", "compiled", 30.0),  # kernels of six instruction sets
    ("load.cpp", "compiled", 31.2),
)
REFERENCE = 0.5  # seconds for the standard headers alone
TOLERANCE = 1.15
STANDARD = "".join(f"#include <{name}>\n" for name in (
    "algorithm array atomic bit charconv chrono cmath condition_variable cstdint functional memory mutex optional "
    "ostream stop_token string string_view thread utility vector").split())


def processor_seconds(command):
    """User and system time of the command and of what it starts; wall time would count whoever else uses the
    machine."""
    before = os.times()
    subprocess.run(command, check=True, env={**os.environ, "CCACHE_DISABLE": "1"})
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def seconds(source, compiler, flags, enough=0.0, runs=3):
    """The least of `runs` compilations of the text `source`; stops early at one that takes at most `enough`."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "source.cpp"
        path.write_text(source)
        best = float("inf")
        for _ in range(runs):
            best = min(best, processor_seconds([compiler, "-std=c++20", *flags, "-c", str(path), "-o", os.devnull]))
            if best <= enough:
                break
    return best


def hold_budgets(root, compiler, flags):
    flags = ["-O2", *flags]
    standard = seconds(STANDARD, compiler, flags)
    allowance = max(1.0, standard / REFERENCE) * TOLERANCE
    print(f"{'standard headers':34} {standard:6.2f} s")
    failed = False
    for name, form, budget in BUDGETS:
        folder = root / ("include/asterism" if name.startswith(("asterism", "load")) else "tests/architecture")
        source = (folder / name).read_text() if name.endswith(".cpp") else f'#include "asterism/{name}"\n'
        allowed = budget * allowance
        used = seconds(source, compiler, flags + (["-DASTERISM_COMPILED"] if form == "compiled" else []),
                       enough=allowed)
        failed |= used > allowed
        print(f"{name:24} {form:9} {used:6.2f} s of {allowed:.2f} s{'  TOO MUCH' if used > allowed else ''}",
              flush=True)
    return 1 if failed else 0


def list_rooms(path):
    """Code by room: that of a template of the standard library counts for the first room that its name has."""
    said = subprocess.run(["nm", "-C", "-S", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    code = {}
    for line in said.splitlines():
        parts = line.split(None, 3)
        if len(parts) < 4 or parts[2] not in "tTwW":
            continue
        room = re.search(r"asterism::([a-z_]+)::", parts[3])
        others = ("nlohmann" if "nlohmann" in parts[3] else "asterism" if "asterism" in parts[3] else "std")
        name = room.group(1) if room else others
        code[name] = code.get(name, 0) + int(parts[1], 16)
    everything = sum(code.values())
    for name, size in sorted(code.items(), key=lambda item: -item[1]):
        print(f"{name:16} {size:9} bytes {100 * size / everything:5.1f} %")
    print(f"{'all':16} {everything:9} bytes")
    return 0


def main():
    if sys.argv[1] == "--rooms":
        return list_rooms(sys.argv[2])
    source, compiler, *flags = sys.argv[1:]
    return hold_budgets(pathlib.Path(source), compiler, [f"-I{source}/include", *flags])


if __name__ == "__main__":
    sys.exit(main())
