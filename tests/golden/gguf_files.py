"""GGUF files as the gguf package writes them, for the reader of GGUF files.

Run:  python tests/golden/gguf_files.py [folder]      (default: the folder `gguf` beside this script)
With: gguf 0.19.0, numpy 2.4.6, Python 3.11

types.gguf, types.json     metadata of every type and arrays of every type, an alignment of 64; a tensor of every
                           type, byte i of tensor t is (7 t + i) % 120. The JSON holds the values, and type, shape,
                           offset and bytes of each tensor as the package reads them back
parts-0000N-of-00003.gguf  five tensors in three parts; the same tensors in one file, whole.gguf
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter

SCALARS = {
    GGUFValueType.UINT8: 200, GGUFValueType.INT8: -100, GGUFValueType.UINT16: 60000, GGUFValueType.INT16: -30000,
    GGUFValueType.UINT32: 4000000000, GGUFValueType.INT32: -2000000000, GGUFValueType.FLOAT32: 1.5,
    GGUFValueType.BOOL: True, GGUFValueType.STRING: "a \"text\"\n of é", GGUFValueType.UINT64: 2**63 + 5,
    GGUFValueType.INT64: -(2**62), GGUFValueType.FLOAT64: 0.1,
}
ARRAYS = {
    GGUFValueType.INT32: [-3, 0, 70000], GGUFValueType.UINT32: [1, 2, 4000000000], GGUFValueType.FLOAT32: [0.5, -2.25],
    GGUFValueType.BOOL: [True, False, True], GGUFValueType.STRING: ["", "one", "two\0three"],
    GGUFValueType.UINT8: [1, 2, 255], GGUFValueType.INT64: [-5, 2**40], GGUFValueType.FLOAT64: [1e300],
    GGUFValueType.INT8: [-1], GGUFValueType.INT16: [-2], GGUFValueType.UINT16: [3], GGUFValueType.UINT64: [2**50],
}


def pattern(index, count):
    return ((7 * index + np.arange(count)) % 120).astype(np.uint8)


def write_types(folder):
    path = folder / "types.gguf"
    writer = GGUFWriter(path, "none")
    writer.add_custom_alignment(64)
    expected = {"values": {}, "tensors": []}
    for kind, scalar in SCALARS.items():
        writer.add_key_value(f"scalar.{kind.name}", scalar, kind)
        expected["values"][f"scalar.{kind.name}"] = scalar
    for kind, items in ARRAYS.items():
        writer.add_key_value(f"array.{kind.name}", items, GGUFValueType.ARRAY, kind)
        expected["values"][f"array.{kind.name}"] = items
    for index, kind in enumerate(GGMLQuantizationType):
        block, size = gguf.GGML_QUANT_SIZES[kind]
        shape = [(3,), (2, 3), (2, 1, 3), (1, 2, 2, 3)][index % 4]
        shape = (*shape[:-1], shape[-1] * block)
        count = int(np.prod(shape)) // block * size
        row = shape[-1] // block * size
        writer.add_tensor(f"t.{kind.name}", pattern(index, count).reshape(*shape[:-1], row), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    for tensor in GGUFReader(path).tensors:
        expected["tensors"].append({"name": tensor.name, "type": tensor.tensor_type.name,
                                    "shape": [int(n) for n in reversed(tensor.shape)], "bytes": int(tensor.n_bytes),
                                    "offset": int(tensor.data_offset)})
    (folder / "types.json").write_text(json.dumps(expected, indent=1) + "\n")


def write_parts(folder):
    for name, limits in (("whole", {}), ("parts", {"split_max_tensors": 2})):
        writer = GGUFWriter(folder / f"{name}.gguf", "none", **limits)
        writer.add_string("general.name", "five tensors")
        for i in range(5):
            writer.add_tensor(f"tensor.{i}", np.arange(i, i + 4, dtype=np.float32).reshape(2, 2))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "gguf"
    folder.mkdir(parents=True, exist_ok=True)
    write_types(folder)
    write_parts(folder)


if __name__ == "__main__":
    main()
