"""Plants typical mistakes of ports, one at a time, in a copy of the headers, and shows which golden models find each.

Usage: planted_mistakes.py [NAME...]   (from anywhere; compiler from $CXX, default c++; all mistakes without names)
Builds families_test.cpp for each mistake, half a minute of a core; not part of ctest. Prints a table in Markdown and
fails where a mistake is not found, or where its line is no longer in the headers.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = 21  # in families_test.cpp

# Name: (header below include/asterism, the line as it is, the line with the mistake).
MISTAKES = {
    "norms of Qwen3-Next without the added one": (
        "checkpoint/weight_finder_impl.hpp",
        "for (float& value : values) value += 1;",
        "for (float& value : values) value += 0;"),
    "the norm behind the delta rule with an added one": (
        "model/architectures/qwen3_next.hpp",
        '"linear_attn.norm.weight", {}, Where::linear_layers},',
        '"linear_attn.norm.weight", {}, Where::linear_layers, Transform::plus_one},'),
    "query heads take key/value heads in turn": (
        "backend/host_device.hpp",
        "attend_rows<Format>(of_head(queries), kv, head, first + row, window, of_head(out));",
        """for (std::size_t h = head * group_width; h < (head + 1) * group_width; h += kv.head_dim) {
        const auto one = [&](const auto& all) {
          return MatrixView(all.view.row(row).data + h, rows, kv.head_dim, all.view.stride);
        };
        attend_rows<Format>(one(queries), kv, h / kv.head_dim % kv.kv_heads, first + row, window, one(out));
      }"""),
    "value heads take key heads in turn": (
        "backend/host_recurrent_impl.hpp",
        "const std::size_t q = head / heads.values_per_key() * heads.key_width;",
        "const std::size_t q = head % heads.key_heads * heads.key_width;"),
    "the state of linear attention is not kept": (
        "attention/recurrent_state.hpp",
        "current_ = written_;",
        ""),
    "the convolution's last rows are not kept": (
        "backend/host_recurrent_impl.hpp",
        "std::memmove(after.row(row).data + first, u(x.rows + row), count * sizeof(float));",
        "std::memset(after.row(row).data + first, 0, count * sizeof(float));"),
    "beta without its sigmoid": (
        "backend/host_recurrent_impl.hpp",
        "beta(t, head) = 1 / (1 + std::exp(-b[0]));",
        "beta(t, head) = b[0];"),
    "decay without softplus": (
        "backend/host_recurrent_impl.hpp",
        "const float step = detail::softplus(b[group] + dt_bias[head]);",
        "const float step = b[group] + dt_bias[head];"),
    "weights of experts never normalised": (
        "gating/softmax_top_k_impl.hpp",
        "if (!options_.normalised) return;",
        "return;"),
    "weights of experts always normalised": (
        "gating/softmax_top_k_impl.hpp",
        "if (!options_.normalised) return;",
        ""),
    "queries and keys without norms": (
        "attention/grouped_query.hpp",
        "if (has_norm_) {",
        "if (false) {"),
    "partial rotation applied to all of a head": (
        "shape/shape.hpp",
        "return rotary_dim > 0 ? rotary_dim : head_dim;",
        "return head_dim;"),
    "rotation of neighbours in place of halves": (
        "linalg/rotary_impl.hpp",
        "rotate_pair(head.data[i], head.data[half + i], table.data[i], table.data[half + i]);",
        "rotate_pair(head.data[2 * i], head.data[2 * i + 1], table.data[i], table.data[half + i]);"),
    "attention's answer without its gate": (
        "attention/grouped_query.hpp",
        "if (has_gate_) device.sigmoid_multiply(gate, mixed);",
        ""),
    "the shared expert without its gate": (
        "constellation/constellation.hpp",
        "device.sigmoid_multiply(gate, answer);",
        ""),
    "gate and up of experts swapped": (
        "expert/swiglu.hpp",
        "experts{matrices.gate, matrices.up, matrices.down};",
        "experts{matrices.up, matrices.gate, matrices.down};"),
}


def build(include, scratch):
    """The test program over the headers of a folder."""
    program = scratch / "planted_test"
    packages = ["eigen3", "libpcre2-8", "libutf8proc"]
    found = subprocess.run(["pkg-config", "--cflags", "--libs", *packages], capture_output=True, text=True)
    libraries = found.stdout.split() if found.returncode == 0 else ["-I/usr/include/eigen3", "-lpcre2-8", "-lutf8proc"]
    flags = ["-std=c++20", "-O1", f"-I{include}", f"-I{ROOT / 'tests'}", "-pthread",
             '-DASTERISM_GOLDEN_DIR="tests/golden"', '-DASTERISM_SOURCE_DIR="."']
    sources = [ROOT / "tests" / "behaviour" / "families_test.cpp", ROOT / "tests" / "doctest_main.cpp"]
    subprocess.run([os.environ.get("CXX", "c++"), *flags, *sources, *libraries, "-o", program], check=True)
    return program


def failures(program):
    """Of each test case the golden models that it fails for; {"": ["the run"]} where the program breaks off."""
    ran = subprocess.run([program], cwd=ROOT, capture_output=True, text=True)
    found = {}
    case = ""
    for line in ran.stdout.splitlines():
        if match := re.match(r"TEST CASE:\s+(.*)", line):
            case = match[1]
        if match := re.match(r"\s*(?:logged: )?name := \"?(\w+)\"?", line):
            found.setdefault(case, set()).add(match[1])
    if ran.returncode != 0 and not found:
        found[f"ends with {ran.returncode}: {ran.stdout[-500:]}"] = set()
    return found


def main():
    chosen = sys.argv[1:] or list(MISTAKES)
    missed = 0
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        include = scratch / "include"
        shutil.copytree(ROOT / "include", include)
        for name in chosen:  # all of them, before anything is built
            header, line, _ = MISTAKES[name]
            count = (include / "asterism" / header).read_text().count(line)
            assert count == 1, f"{header} has {count} times: {line}"
        assert not failures(build(include, scratch)), "the test fails without a mistake"
        print("| mistake | in | models whose logits or answers show it | models whose layers show it |", flush=True)
        print("|---|---|---|---|", flush=True)
        for name in chosen:
            header, line, mistake = MISTAKES[name]
            file = include / "asterism" / header
            sound = file.read_text()
            file.write_text(sound.replace(line, mistake))
            found = failures(build(include, scratch))
            file.write_text(sound)
            of = [set().union(*(models for case, models in found.items() if word in case))
                  for word in ("logits", "residual stream")]
            cells = [f"{len(models)} of {MODELS}" for models in of]
            if not any(of):
                missed += 1
                cells = ["NOT FOUND", "; ".join(found)]
            print(f"| {name} | `{header}` | {cells[0]} | {cells[1]} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
