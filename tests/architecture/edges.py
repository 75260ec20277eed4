"""Walks the includes of include/asterism and holds them against the allowed edges between rooms.

Usage: edges.py SOURCE_DIR      exits 1 and names every include that breaks a rule
       edges.py --self-test     proves that the rules find planted mistakes
"""
import pathlib
import re
import sys

# A room may include itself, core, and the rooms named here. A room stands below all that it includes.
ALLOWED = {
    "core": set(),
    "observe": set(),
    "parallel": set(),
    "linalg": set(),
    "quant": set(),
    "simd": {"quant"},
    "shape": set(),
    "machine": set(),
    "placement": {"quant", "shape", "machine"},
    "gating": {"linalg"},
    "backend": {"parallel", "linalg", "quant", "simd", "gating"},
    "expert": {"quant", "shape", "backend"},
    "constellation": {"quant", "shape", "gating", "backend", "expert"},
    "attention": {"quant", "shape", "backend"},
    "model": {"observe", "parallel", "quant", "shape", "machine", "placement", "gating", "backend", "expert",
              "constellation", "attention"},
    "checkpoint": {"quant", "shape", "machine", "placement", "backend", "model"},
    "text": {"checkpoint"},
    "generate": {"parallel", "linalg", "quant", "simd", "shape", "machine", "placement", "backend", "model", "checkpoint", "text"},
    "lab": {"observe", "shape", "placement", "model", "checkpoint", "text", "generate"},
    "cuda": {"linalg", "quant", "machine", "gating", "backend"},
}
POLICY_ROOMS = {"quant", "placement", "cache", "prefetch", "gating"}
# Third-party headers and the only rooms that may include them.
FENCED = {
    r"^(Eigen|unsupported/Eigen)/": {"linalg"},
    r"^immintrin\.h$": {"simd"},
    r"^nlohmann/": {"checkpoint"},
    r"^(pcre2|utf8proc)\.h$": {"text"},
    r"^(cuda|cub/|thrust/|cublas|nccl)": {"cuda"},
    r"^(iostream|regex|format|random)$": set(),
}
# A .hpp is read by a C++ compiler without a CUDA toolkit, in the room cuda too.
CUDA_HEADER = re.compile(r"^(cuda_|cuda/|cub/|thrust/|cublas|nccl)")
UMBRELLAS = {"asterism.hpp", "load.hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def complaints_about(files):
    """files: {path below include/asterism: text}. Returns a list of messages."""
    found = []
    order = list(ALLOWED)
    for room, allowed in ALLOWED.items():
        for other in allowed:
            if order.index(other) >= order.index(room):
                found.append(f"the table lets {room} include {other}, which stands below it")
        if room in POLICY_ROOMS:
            for other in (allowed & POLICY_ROOMS) - ({"quant"} if room == "placement" else set()):
                found.append(f"the table lets policy room {room} include policy room {other}")
    rooms_seen = set()
    for path, text in sorted(files.items()):
        room = path.split("/")[0]
        if path in UMBRELLAS:
            continue
        if room not in ALLOWED:
            found.append(f"{path}: the room {room} is not in the table")
            continue
        rooms_seen.add(room)
        for bracket, name in INCLUDE.findall(text):
            if name.startswith("asterism/"):
                other = name.split("/")[1]
                if name[len("asterism/"):] in UMBRELLAS:
                    found.append(f"{path}: includes the umbrella {name}")
                elif name[len("asterism/"):] not in files:
                    found.append(f"{path}: includes {name}, which does not exist")
                elif other != room and other != "core" and other not in ALLOWED[room]:
                    found.append(f"{path}: room {room} may not include {name}")
            elif bracket == '"':
                found.append(f'{path}: "{name}" must be named from asterism/ on')
            for pattern, rooms in FENCED.items():
                if re.search(pattern, name) and room not in rooms:
                    found.append(f"{path}: <{name}> is fenced off from room {room}")
            if path.endswith(".hpp") and CUDA_HEADER.search(name):
                found.append(f"{path}: <{name}> belongs in a .cuh or .cu")
        if "#pragma once" not in text and not path.endswith(".cu"):
            found.append(f"{path}: no #pragma once")
    for room in sorted(set(ALLOWED) - rooms_seen):
        found.append(f"the room {room} of the table has no headers")
    return found


def self_test():
    sound = {f"{room}/fwd.hpp": "#pragma once\n" for room in ALLOWED}
    assert complaints_about(sound) == [], complaints_about(sound)
    planted = {
        'core/x.hpp': '#pragma once\n#include "asterism/model/fwd.hpp"\n',
        'gating/x.hpp': '#pragma once\n#include "asterism/quant/fwd.hpp"\n',
        'backend/x.hpp': '#pragma once\n#include <Eigen/Core>\n',
        'expert/x.hpp': '#pragma once\n#include <cuda_runtime.h>\n',
        'simd/x.hpp': '#pragma once\n#include "asterism/simd/missing.hpp"\n',
        'quant/x.hpp': '#pragma once\n#include "planes.hpp"\n',
        'quant/y.hpp': '#include <cstdint>\n',
        'surprise/x.hpp': '#pragma once\n',
        'model/x.hpp': '#pragma once\n#include "asterism/cuda/fwd.hpp"\n',
        'cuda/x.cuh': '#include <cuda_runtime.h>\n',
        'cuda/y.hpp': '#pragma once\n#include <cuda_fp16.h>\n',
    }
    for path, text in planted.items():
        assert complaints_about({**sound, path: text}), f"the mistake in {path} is not found"


if __name__ == "__main__":
    if sys.argv[1] == "--self-test":
        self_test()
        sys.exit(0)
    root = pathlib.Path(sys.argv[1]) / "include" / "asterism"
    messages = complaints_about({p.relative_to(root).as_posix(): p.read_text()
                                 for pattern in ("*.hpp", "*.cuh", "*.cu") for p in root.rglob(pattern)})
    print("\n".join(messages) or "all includes keep to the edges")
    sys.exit(1 if messages else 0)
