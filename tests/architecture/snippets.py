"""Compiles every C++ block of the documents that is a whole program or header (it has an #include).

Usage: snippets.py SOURCE_DIR COMPILER FLAGS...
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def main():
    source, compiler, flags = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    failed = 0
    count = 0
    for document in [source / "README.md", source / "CONTRIBUTING.md", *sorted((source / "docs").rglob("*.md"))]:
        for block in re.findall(r"^```cpp\n(.*?)^```", document.read_text(), re.S | re.M):
            if "#include" not in block:
                continue
            count += 1
            with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
                file.write(block)
                file.flush()
                result = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra",
                                         f"-I{source}/include", *flags, file.name], capture_output=True, text=True)
            if result.returncode or result.stderr:
                failed += 1
                print(f"{document}: this block does not compile cleanly:\n{block}\n{result.stderr}")
    print(f"{count} snippets, {failed} failed")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
