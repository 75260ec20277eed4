"""How many instructions NEON's integer products need: for docs/performance.md, by hand.

    python3 tests/aarch64/instructions.py [FOLDER]

Compiles the kernels with Debian's g++ for aarch64 and -O2, disassembles them and prints, for each level, format and
number of rows, the instructions of the innermost loop that holds the products, all of them counted (loads, addresses,
conversions and what goes to the stack, too), for 64 weights times one row of activations.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATS = {
    "NF4 block 64": "asterism::quant::Nf4<64, asterism::quant::PlainScales, asterism::quant::AbsMax>",
    "Int4 group 32": "asterism::quant::GroupInt<4, 32, asterism::quant::AbsMax>",
    "Int8 group 32": "asterism::quant::GroupInt<8, 32, asterism::quant::AbsMax>",
}
KERNELS = {"neon": ("NeonTiles", (1, 2)), "dotprod": ("DotprodTiles", (1, 2, 4)), "i8mm": ("I8mmTiles", (1, 2, 4))}
PRODUCTS = {"smull": 8, "smull2": 8, "smlal": 8, "smlal2": 8, "sdot": 16, "smmla": 32}


def source():
    lines = [f'#include "asterism/{name}"' for name in
             ("simd/integer/neon_tiles.hpp", "quant/group_int.hpp", "quant/nf4.hpp")]
    for kernels, rows in KERNELS.values():
        for form in FORMATS.values():
            lines += [f"template void asterism::simd::{kernels}::multiply_tiles<{r}, 1, 32, {form}>("
                      f"asterism::quant::KernelMatrixRef<{form}>, const {form}::ScaleReader&, std::uint64_t, "
                      "const asterism::simd::Rows8&, float*, std::size_t);" for r in rows]
    return "\n".join(lines) + "\n"


def functions(disassembly):
    """The instructions of each function: (address, name, the rest)."""
    found, current = {}, None
    for line in disassembly.splitlines():
        if start := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            current = found.setdefault(start[1], [])
        elif one := re.match(r"\s+([0-9a-f]+):\s+[0-9a-f]{8}\s+(\S+)\s*(.*)$", line):
            current.append((int(one[1], 16), one[2], one[3]))
    return found


def innermost(instructions):
    """The shortest loop with products: how many instructions it has, and products of two numbers."""
    places = {address: i for i, (address, _, _) in enumerate(instructions)}
    best = None
    for i, (_, name, rest) in enumerate(instructions):
        target = re.search(r"([0-9a-f]+) <", rest)
        if not target or not re.match(r"b(\.\w+)?$|cbn?z$|tbn?z$", name):
            continue
        start = places.get(int(target[1], 16), i + 1)
        products = sum(PRODUCTS.get(n, 0) for _, n, _ in instructions[start:i + 1])
        if products and (best is None or i + 1 - start < best[0]):
            best = (i + 1 - start, products)
    return best


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "instructions.cpp").write_text(source())
    subprocess.run(["aarch64-linux-gnu-g++", "-std=c++20", "-O2", "-DASTERISM_COMPILED", f"-I{ROOT}/include", "-c",
                    folder / "instructions.cpp", "-o", folder / "instructions.o"], check=True)
    listing = subprocess.run(["aarch64-linux-gnu-objdump", "-dC", folder / "instructions.o"], check=True,
                             capture_output=True, text=True).stdout
    all_functions = functions(listing)
    print("| level | rows at a time | " + " | ".join(FORMATS) + " |\n|---|---|" + "---|" * len(FORMATS))
    for level, (kernels, rows) in KERNELS.items():
        for r in rows:
            cells = []
            for form in FORMATS.values():
                name = next(n for n in all_functions if f"{kernels}::multiply_tiles<{r}, 1, 32ul, {form} >" in n)
                count, products = innermost(all_functions[name])
                cells.append(f"{count * 64 / products:.1f}")
            print(f"| `{level}` | {r} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
