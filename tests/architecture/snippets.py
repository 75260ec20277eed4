"""Compiles the C++ blocks of a Markdown page, runs the tests among them, and holds the refusals that it shows against
what the compilers say.

Usage: snippets.py SOURCE_DIR PAGE COMPILER TEST_MAIN_OBJECT [FLAGS...] [-- LINKED...]
       snippets.py --self-test COMPILER TEST_MAIN_OBJECT [FLAGS...]     proves that mistakes in a page are found

The ```cpp blocks of a page, one after the other, are one program, which has to compile without a warning. Where it has
a TEST_CASE it is linked with TEST_MAIN_OBJECT and LINKED, the libraries of the compiled form, and run, in a folder
where `examples` are those of SOURCE_DIR. COMPILER may begin with a compiler cache: `ccache;g++`. A comment on the line
before a block makes it something else:

    <!-- snippet: alone -->          a program of its own
    <!-- snippet: statements -->     the body of a function of the page's program
    <!-- snippet: refused -->        must not compile behind the page's program; what compilers say follows in
    <!-- says: g++ 12 -->            a ```text block: every line of it, `...` standing for anything within a line, is in
                                     the output of that compiler. Compilers that are absent or of another version are
                                     left out.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

BLOCK = re.compile(r"^(?:<!-- (snippet|says): (.*?) -->\n)?```(cpp|text)\n(.*?)^```", re.S | re.M)
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]


class Page:
    def __init__(self, text):
        self.program = ""     # the page's blocks, joined
        self.alone = []       # programs
        self.refused = []     # (code, {compiler: lines})
        functions = 0
        for kind, word, language, code in BLOCK.findall(text):
            if language == "text":
                if kind == "says":
                    self.refused[-1][1][word] = [line for line in code.split("\n") if line.strip()]
            elif word == "alone":
                self.alone.append(code)
            elif word == "refused":
                self.refused.append((code, {}))
            elif word == "statements":
                functions += 1
                self.program += f"[[maybe_unused]] static void statements_{functions}() {{\n{code}}}\n"
            elif word == "":
                self.program += code
            else:
                raise ValueError(f"<!-- snippet: {word} -->: no such kind of block")


def run(command, folder=None):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=folder,
                          env={**os.environ, "LC_ALL": "C"})


def compiles(folder, code, tools):
    """Complaints about a program that should compile, and pass where it has tests."""
    compiler, test_main, flags, linked = tools
    (folder / "snippet.cpp").write_text(code)
    result = run([*compiler, "-std=c++20", *WARNINGS, *flags, "-c", "snippet.cpp", "-o", "snippet.o"], folder)
    if result.returncode or result.stderr:
        return [f"does not compile cleanly:\n{code}\n{result.stderr}"]
    if "TEST_CASE" in code:
        result = run([compiler[-1], "snippet.o", test_main, *linked, "-pthread", "-o", "snippet"], folder)
        if result.returncode:
            return [f"does not link:\n{code}\n{result.stderr}"]
        result = run([str(folder / "snippet")], folder)
        if result.returncode:
            return [f"its tests fail:\n{result.stdout}{result.stderr}"]
    return []


def find_compiler(name):
    """The path of "g++ 12", or None where there is none of that name and version."""
    program, version = name.split()
    path = shutil.which(program) or shutil.which(program, path="/usr/local/cuda/bin")
    if path is None:
        return None
    found = re.search(r"release (\d+)" if program == "nvcc" else r" (\d+)\.\d+\.\d+", run([path, "--version"]).stdout)
    return path if found and found.group(1) == version else None


def refuses(folder, page, flags):
    """Complaints about refusals that the compilers do not give as the page shows them."""
    found = []
    source = folder / "refused.cpp"
    for name in sorted({name for _, says in page.refused for name in says}):
        compiler = find_compiler(name)
        if compiler is None:
            print(f"{name} is not here: what it says is not checked")
            continue
        shown = [(code, says[name]) for code, says in page.refused if name in says]
        source.write_text(page.program + "\n".join(code for code, _ in shown))
        command = [compiler, "-std=c++20", *flags, source.name]
        if name.startswith("nvcc"):  # takes the folder as an argument of its own
            command = [part for flag in command for part in re.split(r"(?<=^-isystem)", flag) if part]
            command += ["-x", "cu", "-c", "-o", os.devnull]
        else:
            command += ["-fsyntax-only"]
        result = run(command, folder)
        said = re.sub(r"\s+", " ", result.stdout + result.stderr)
        if result.returncode == 0:
            found.append(f"{name} compiles what should be refused")
        for line in [line for _, lines in shown for line in lines]:
            pattern = ".*?".join(re.escape(re.sub(r"\s+", " ", part.strip())) for part in line.split("..."))
            if not re.search(pattern, said):
                found.append(f"{name} does not say: {line}\n{result.stderr}")
    return found


def complaints_about(text, tools, source=None):
    """What is wrong with a page. `source`, the repository, is seen from where it is compiled, so that a compiler cache
    knows the page again in another clone."""
    page = Page(text)
    found = [f"a refused block shows nothing that a compiler says:\n{code}" for code, says in page.refused if not says]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for seen in ("examples", "include", "tests") if source else ():
            (folder / seen).symlink_to(source / seen)
        for code in [*([page.program] if page.program else []), *page.alone]:
            found += compiles(folder, code, tools)
        if page.refused and not found:
            found += refuses(folder, page, tools[2])
    return found


def self_test(tools):
    def block(code, comment=""):
        return f"{comment}```cpp\n{code}\n```\n"

    compiler = run([*tools[0], "--version"]).stdout
    here = ("clang++ " if "clang" in compiler else "g++ ") + re.search(r" (\d+)\.\d+\.\d+", compiler).group(1)
    refused = block("static_assert(two == 3, \"two is not three\");", "<!-- snippet: refused -->\n")

    def says(line):
        return f"<!-- says: {here} -->\n```text\n{line}\n```\n"

    two = block("constexpr int two = 2;")
    passes = block("#include <doctest/doctest.h>\nTEST_CASE(\"two\") { CHECK(two == 2); }")
    sound = {
        "blocks that continue": two + block("static_assert(two == 2);") + passes,
        "statements and programs alone": block("const int i = 1;\nstatic_cast<void>(i);",
                                               "<!-- snippet: statements -->\n")
        + block("int main() {}", "<!-- snippet: alone -->\n")
        + block("int main() { return 1; }", "<!-- snippet: alone -->\n"),
        "a refusal": two + refused + says("error: ... two is not three"),
        "a compiler that is not here": two + refused + "<!-- says: g++ 1 -->\n```text\nnonsense\n```\n",
    }
    broken = {
        "an error": block("int two = \"two\";"),
        "a warning": block("inline void f() { int unused = 1; }"),
        "a block that needs one that does not come": block("static_assert(two == 2);"),
        "a test that fails": two + block("#include <doctest/doctest.h>\nTEST_CASE(\"two\") { CHECK(two == 3); }"),
        "a refusal that compiles": two + block("static_assert(two == 2);",
                                               "<!-- snippet: refused -->\n") + says("error"),
        "a refusal in other words": two + refused + says("two is not four"),
        "a refusal that shows nothing": two + refused,
    }
    for name, text in sound.items():
        found = complaints_about(text, tools)
        assert not found, (name, found)
    for name, text in broken.items():
        assert complaints_about(text, tools), f"not found: {name}"
    print(f"{len(sound)} sound pages pass, {len(broken)} mistakes found")
    return 0


def main():
    if sys.argv[1] == "--self-test":
        return self_test((sys.argv[2].split(";"), sys.argv[3], sys.argv[4:], []))
    source, page, compiler, test_main, *flags = sys.argv[1:]
    split = flags.index("--") if "--" in flags else len(flags)
    tools = (compiler.split(";"), test_main, ["-Iinclude", "-Itests", *flags[:split]], flags[split + 1:])
    began = time.monotonic()
    root = pathlib.Path(source).resolve()
    found = complaints_about((root / page).read_text(), tools, root)
    for complaint in found:
        print(f"{page}: {complaint}")
    print(f"{page}: {time.monotonic() - began:.1f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
