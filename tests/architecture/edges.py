"""Walks the includes of include/asterism and holds them against the list of rooms, cmake/rooms, and the table of rooms
in docs/architecture.md with it.

Usage: edges.py SOURCE_DIR                 exits 1 and names every include that breaks a rule
       edges.py --self-test SOURCE_DIR     proves that the rules find planted mistakes
"""
import pathlib
import re
import sys

# Headers that cost every includer too much, or that g++ 12 lacks: for no room.
CLOSED = {"iostream", "regex", "format", "random"}
# A .hpp is read by a C++ compiler without a CUDA toolkit, in the room cuda too.
CUDA_HEADER = re.compile(r"^(cuda_|cuda/|cub/|thrust/|cublas|nccl)")
# The one header that includes a library's: what it has to be told beforehand stands there alone.
DOORS = {"hnswlib/": "knowledge/index/hnsw_graph.hpp", "faiss/": "knowledge/index/faiss_engine.hpp",
         "xxhash.h": "knowledge/xxhash.hpp"}
UMBRELLAS = {"asterism.hpp", "load.hpp", "kernels.hpp", "train.hpp"}
# The sources of a component's compiled form, one of which includes each x_impl.hpp of its rooms.
SOURCES = {"core": ("asterism.cpp", "kernels.cpp"), "text": ("load.cpp",), "knowledge": ("knowledge.cpp",),
           "librarian": ("librarian.cpp",), "train": ("train.cpp",)}
# The components that each builds on: its rooms may include theirs.
COMPONENTS = {"core": set(), "text": {"core"}, "knowledge": {"core"}, "librarian": {"core", "text", "knowledge"},
              "train": {"core", "text"},
              "cuda": {"core"}}
ROOM_TABLE = re.compile(r"^\| room \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


class Rooms:
    """The list of rooms: which rooms each may include, and which of them may include a third party's header."""

    def __init__(self, text):
        self.allowed, self.component, self.fences, self.policies = {}, {}, {}, set()
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            fields = [field.strip() for field in line.split(":")]
            if len(fields) not in (3, 4):
                raise ValueError(f"cmake/rooms: expected 'room: component: rooms: headers', found '{line}'")
            room, component, rooms = fields[0].removesuffix("*"), *fields[1:3]
            if room in self.allowed:
                raise ValueError(f"cmake/rooms: the room {room} stands there twice")
            if component not in COMPONENTS:
                raise ValueError(f"cmake/rooms: {component} is no component: {', '.join(sorted(COMPONENTS))}")
            self.allowed[room] = set(rooms.split())
            self.component[room] = component
            if fields[0].endswith("*"):
                self.policies.add(room)
            for header in fields[3].split() if len(fields) == 4 else []:
                self.fences.setdefault(header, set()).add(room)

    def complaints(self):
        order = list(self.allowed)
        for room, allowed in self.allowed.items():
            for other in allowed:
                if other not in order or order.index(other) >= order.index(room):
                    yield f"cmake/rooms lets {room} include {other}, which is not listed earlier"
                elif self.component[other] not in {self.component[room], *COMPONENTS[self.component[room]]}:
                    yield (f"cmake/rooms lets {room} include {other}, which is of {self.component[other]}: "
                           f"{self.component[room]} does not build on it")
            if room in self.policies:
                for other in (allowed & self.policies) - ({"quant"} if room == "placement" else set()):
                    yield f"cmake/rooms lets policy room {room} include policy room {other}"


def table_complaints(page, rooms):
    """page: the text of docs/architecture.md, whose table of rooms has one row for each room."""
    table = ROOM_TABLE.search(page)
    listed = re.findall(r"^\| `(\w+)` \|", table.group(1), re.M) if table else []
    yield from (f"docs/architecture.md: the table of rooms lacks {room}" for room in rooms.allowed if room not in listed)
    yield from (f"docs/architecture.md: the table of rooms has {room}, which is not in cmake/rooms, or twice"
                for room in listed if room not in rooms.allowed or listed.count(room) > 1)


def complaints_about(files, rooms):
    """files: {path below include/asterism: text}. Returns a list of messages."""
    found = list(rooms.complaints())
    rooms_seen = set()
    for path, text in sorted(files.items()):
        room = path.split("/")[0]
        if path in UMBRELLAS or any(path in sources for sources in SOURCES.values()):
            continue
        if room not in rooms.allowed:
            found.append(f"{path}: the room {room} is not in cmake/rooms")
            continue
        rooms_seen.add(room)
        for bracket, name in INCLUDE.findall(text):
            if name.startswith("asterism/"):
                other = name.split("/")[1]
                if name[len("asterism/"):] in UMBRELLAS:
                    found.append(f"{path}: includes the umbrella {name}")
                elif name[len("asterism/"):] not in files:
                    found.append(f"{path}: includes {name}, which does not exist")
                elif other != room and other != "core" and other not in rooms.allowed[room]:
                    found.append(f"{path}: room {room} may not include {name}")
            elif bracket == '"':
                found.append(f'{path}: "{name}" must be named from asterism/ on')
            owners = [room_list for header, room_list in rooms.fences.items() if name.startswith(header)]
            if name in CLOSED or (owners and not any(room in room_list for room_list in owners)):
                found.append(f"{path}: <{name}> is closed to room {room}")
            found += [f"{path}: <{name}> is for {door} alone"
                      for header, door in DOORS.items() if name.startswith(header) and path != door]
            if path.endswith(".hpp") and CUDA_HEADER.search(name):
                found.append(f"{path}: <{name}> belongs in a .cuh or .cu")
        if "#pragma once" not in text and not path.endswith(".cu"):
            found.append(f"{path}: no #pragma once")
    for component, sources in SOURCES.items():
        wanted = {path for path in files
                  if path.endswith("_impl.hpp") and rooms.component.get(path.split("/")[0]) == component}
        all_listed = []
        for source in sources:
            listed = {name[len("asterism/"):] for _, name in INCLUDE.findall(files.get(source, ""))}
            found += [f"{source}: includes {path}, which is no x_impl.hpp of its rooms"
                      for path in sorted(listed - wanted)]
            all_listed += listed
        found += [f"{' and '.join(sources)}: {all_listed.count(path)} of them include {path}, expected one"
                  for path in sorted(wanted) if all_listed.count(path) != 1]
    for room in sorted(set(rooms.allowed) - rooms_seen):
        found.append(f"the room {room} of cmake/rooms has no headers")
    return found


def self_test(text):
    rooms = Rooms(text)
    for mistake, wanted in (
        (text + "\nsurprise*: core: gating\n", "policy room surprise include policy room gating"),
        (text.replace("core:          core:", "core:          core: model"), "core include model, which is not listed"),
        (text + "\nsurprise: core: lab\n", "surprise include lab, which is of text: core does not build on it"),
        (text + "\nsurprise: text: knowledge\n", "surprise include knowledge, which is of knowledge: text does not"),
        (text + "\nsurprise: knowledge: encode\n", "surprise include encode, which is of librarian: knowledge does not"),
    ):
        found = list(Rooms(mistake).complaints())
        assert any(wanted in message for message in found), f"not found: {wanted}, but {found}"
    rows = [f"| `{room}` | what it is for |\n" for room in rooms.allowed]
    page = "| room | what it is for |\n|---|---|\n{}\n| to add | goes to |\n|---|---|\n| `x` | `y/` |\n"
    assert not list(table_complaints(page.format("".join(rows)), rooms))
    for broken in (rows[1:], [*rows, rows[0]], [*rows, "| `surprise` | what it is for |\n"], []):
        assert list(table_complaints(page.format("".join(broken)), rooms)), f"not found: the rows {broken}"
    several = Rooms(text + "\nsurprise: librarian: text knowledge encode\n")
    assert not list(several.complaints()), f"a component may build on several: {list(several.complaints())}"
    sound = {f"{room}/fwd.hpp": "#pragma once\n" for room in rooms.allowed}
    assert complaints_about(sound, rooms) == [], complaints_about(sound, rooms)
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
        'core/x_impl.hpp': '#pragma once\n',
        'asterism.cpp': '#include "asterism/text/x_impl.hpp"\n',
        'cuda/y.hpp': '#pragma once\n#include <cuda_fp16.h>\n',
        'knowledge/x.hpp': '#pragma once\n#include <faiss/Index.h>\n',
    }
    for path, text in planted.items():
        assert complaints_about({**sound, path: text}, rooms), f"the mistake in {path} is not found"


def main():
    source = pathlib.Path(sys.argv[-1])
    text = (source / "cmake" / "rooms").read_text()
    if sys.argv[1] == "--self-test":
        self_test(text)
        return 0
    root = source / "include" / "asterism"
    files = {p.relative_to(root).as_posix(): p.read_text()
             for pattern in ("*.hpp", "*.cuh", "*.cu", "*.cpp") for p in root.rglob(pattern)}
    rooms = Rooms(text)
    messages = [*complaints_about(files, rooms),
                *table_complaints((source / "docs" / "architecture.md").read_text(), rooms)]
    print("\n".join(messages) or "all includes keep to the edges")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
