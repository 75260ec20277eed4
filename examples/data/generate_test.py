"""Runs generate.py into an empty folder and compares: what the repository holds is what the script writes.

Usage: generate_test.py
"""
import filecmp
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
with tempfile.TemporaryDirectory() as name:
    subprocess.run([sys.executable, "-B", str(here / "generate.py"), name], check=True)
    folder = pathlib.Path(name)
    written = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    differing = [str(path) for path in written if not filecmp.cmp(folder / path, here / path, shallow=False)]
    if len(written) != 14 or differing:
        sys.exit(f"{len(written)} files, expected 14; other than in the repository: {differing}")
