"""Compiles a source that must be refused, twice: with -DSOUND it compiles, without it fails with the expected words.

Usage: expect_failure.py SOURCE COMPILER FLAGS...
Lines `// expected: REGEX` in the source name what the compiler must say.
"""
import os
import re
import subprocess
import sys


def main():
    source, compiler, flags = sys.argv[1], sys.argv[2], sys.argv[3:]
    expected = re.findall(r"^// expected: (.*)$", open(source).read(), re.M)
    assert expected, f"{source} expects nothing"
    command = [compiler, "-std=c++20", *flags]
    command += ["-x", "cu", "-ptx", "-o", os.devnull] if "nvcc" in compiler else ["-fsyntax-only"]
    sound = subprocess.run([*command, "-DSOUND", source], capture_output=True, text=True)
    if sound.returncode != 0:
        print(sound.stdout + sound.stderr, f"\nwith -DSOUND {source} should compile")
        return 1
    broken = subprocess.run([*command, source], capture_output=True, text=True)
    said = broken.stdout + broken.stderr
    if broken.returncode == 0:
        print(f"{source} compiled and should not")
        return 1
    for pattern in expected:
        if not re.search(pattern, said):
            print(said, f"\n{compiler} did not say: {pattern}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
