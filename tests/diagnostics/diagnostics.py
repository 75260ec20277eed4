"""Prints for each member of each contract which compilers name it where a model lacks it, and fails where one does not.

Usage: diagnostics.py SOURCE_DIR COMPILER... -- FLAGS...

Every line `Uses<Model<NoX>> x;` of tests/diagnostics/*.cpp has to be refused with an error that names x as the part of
the contract that is not met; source lines that a compiler only repeats, which list all parts, do not count. With
-DSOUND all models are complete, and everything compiles. A member of a contract that no line lacks is found too.
"""
import os
import pathlib
import re
import subprocess
import sys

CONTRACTS = {  # source in tests/diagnostics: header under include/asterism
    "quantization": "quant/concept.hpp", "placement": "placement/concept.hpp", "kv_cache": "attention/concept.hpp",
    "mixer": "attention/mixer.hpp", "state": "attention/state.hpp", "cache": "cache/concept.hpp",
    "prefetch": "prefetch/concept.hpp",
    "gating": "gating/concept.hpp", "expert": "expert/concept.hpp", "backend": "backend/concept.hpp",
    "execution": "parallel/concept.hpp", "index": "knowledge/concept.hpp", "store": "knowledge/store/concept.hpp",
    "schema": "knowledge/schema.hpp", "walk": "knowledge/walk.hpp", "engine": "knowledge/index/engine.hpp",
    "librarian": "librarian/concept.hpp", "assistant": "assistant/concept.hpp",
    "encoder": "encode/concept.hpp", "observer": "observe/concept.hpp",
    "score_hook": "constellation/score_hook.hpp", "logits_hook": "generate/logits_hook.hpp",
    "blueprint": "model/concept.hpp", "optimizer": "train/optimizer.hpp", "schedule": "train/schedule.hpp",
    "adjoint": "backend/adjoint.hpp", "encoder_ops": "backend/encoder.hpp",
    "trainable_expert": "train/trainable_expert.hpp", "trainable_gating": "train/trainable_gating.hpp",
    "weight_store": "checkpoint/weight_store.hpp",
}
LINE = re.compile(r"^\w+<Model<\w+>> (\w+);(?: +// and (\w+))?$")
# What stands before the first line of an error of g++ and belongs to it.
BEFORE = re.compile(r"^In file included from|^ +from |: In (instantiation|substitution) of|required (from|by) |"
                    r"^cc1plus: note")


def rows(tests):
    """(contract, line number, the names that have to be said) for every line that has to be refused."""
    for contract in CONTRACTS:
        for number, line in enumerate((tests / f"diagnostics/{contract}.cpp").read_text().split("\n"), 1):
            if found := LINE.match(line):
                yield contract, number, [name for name in found.groups() if name]


def untested(root, lines):
    """Members of a contract that no line lacks, and contracts that CONTRACTS lacks."""
    headers = {path.relative_to(root / "include/asterism").as_posix()
               for path in (root / "include/asterism").glob("*/concept.hpp")}
    yield from sorted(headers - set(CONTRACTS.values()))
    for contract, header in CONTRACTS.items():
        text = (root / "include/asterism" / header).read_text()
        part = re.search(r"^namespace needs \{$(.*)^\}  // namespace needs$", text, re.M | re.S)
        members = re.findall(r"^concept (\w+) =", part.group(1), re.M) if part else []
        lacked = {names[0] for of, _, names in lines if of == contract}
        yield from (f"{contract}::{member}" for member in members if member not in lacked)
        if not members:
            yield f"{contract}: {header} has no concept for each member"


def errors(said):
    """The text of every error, with what the compiler says around it."""
    blocks, lines = [], said.split("\n")
    starts = [number for number, line in enumerate(lines) if re.search(r"[\d)]: (fatal )?error: ", line)]
    for number, start in enumerate(starts):
        while start > 0 and BEFORE.search(lines[start - 1]):
            start -= 1
        starts[number] = start
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        blocks.append(lines[start:end])
    return blocks


def belongs_to(block, file, number):
    place = re.compile(rf"{re.escape(file)}(:{number}:|\({number}\): error)|at line {number} of .*{re.escape(file)}")
    return any(place.search(line) for line in block)


def names(block, member):
    """True where an error says that this part of the contract is not met."""
    for number, line in enumerate(block):
        if re.search(rf"required for the satisfaction of .{member}<", line):  # g++
            return True
        if re.search(rf"does not satisfy '{member}'|because '(needs::|std::)?{member}<.*evaluated to false",
                     line):  # clang
            return True
        if re.match(r"^\s*\^\s*$", line) and number > 1 and ": note #" in block[number - 2]:  # nvcc: points at the part
            if re.match(rf"(needs::|std::)?{member}\b", block[number - 1][line.index("^"):]):
                return True
    return False


def command(compiler, flags):
    if "nvcc" in compiler:
        return [compiler, "-std=c++20", *flags, "-x", "cu", "-ptx", "-o", os.devnull, "-diag-suppress=1675",
                "-Xcudafe", "--error_limit=1000"]
    return [compiler, "-std=c++20", *flags, "-fsyntax-only", *(["-ferror-limit=0"] if "clang" in compiler else [])]


def main():
    root, split = pathlib.Path(sys.argv[1]), sys.argv.index("--")
    compilers, tests = sys.argv[2:split], pathlib.Path(sys.argv[1]) / "tests"
    source, flags = tests / "diagnostics/every_contract.cpp", [*sys.argv[split + 1:], f"-I{root}/include", f"-I{tests}"]
    lines = list(rows(tests))
    failures = [f"no line lacks {member}" for member in untested(root, lines)]
    said = {}
    for compiler in compilers:
        sound = subprocess.run([*command(compiler, flags), "-DSOUND", source], capture_output=True, text=True)
        if sound.returncode != 0:
            print(sound.stdout + sound.stderr)
            failures.append(f"{compiler} refuses complete models")
        broken = subprocess.run([*command(compiler, flags), source], capture_output=True, text=True)
        said[compiler] = errors(broken.stdout + broken.stderr)
    short = [os.path.basename(compiler) for compiler in compilers]
    print(f"{'contract':<18}{'missing member':<38}" + "".join(f"{name:<14}" for name in short))
    for contract, number, wanted in lines:
        missing = ", ".join(wanted)
        cells = []
        for compiler, blocks in said.items():
            own = [block for block in blocks if belongs_to(block, f"diagnostics/{contract}.cpp", number)]
            named = any(all(names(block, member) for member in wanted) for block in own)
            cells.append("named" if named else "NOT NAMED" if own else "NO ERROR")
            if not named:
                failures.append(f"{os.path.basename(compiler)} does not name {contract}::{missing}")
                for block in own[:1]:
                    print("\n".join(block))
        print(f"{contract:<18}{missing:<38}" + "".join(f"{cell:<14}" for cell in cells))
    print(*failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
