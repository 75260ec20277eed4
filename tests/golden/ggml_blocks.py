"""Golden values of ggml's blocks: what the gguf package decodes and encodes.

Run:  python tests/golden/ggml_blocks.py [folder]      (default: the folder `quant` beside this script)
With: gguf 0.19.0, numpy 2.4.6, safetensors 0.8.0, Python 3.11

ggml_blocks.safetensors holds for each format `<format>/blocks`, 512 weights in random blocks with finite scales, and
`<format>/values`, these as float32. `weights` are 1536 numbers of many kinds in float32, the last 512 of which in
blocks whose codes depend on when products are rounded; of formats that the package writes `<format>/encoded` are their
blocks.
"""

import pathlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants
from safetensors.numpy import save_file

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "quant")
# The places of binary16 scales in a block.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0], "MXFP4": [],
}
WRITTEN = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4"]


def random_blocks(random, name):
    elements, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    blocks = random.integers(0, 256, (512 // elements, size), dtype=np.uint8)
    for place in SCALES[name]:
        scales = (random.standard_normal(len(blocks)) * 2.0 ** random.integers(-12, 3, len(blocks))).astype(np.float16)
        blocks[:, place:place + 2] = scales.reshape(-1, 1).view(np.uint8)
    if name == "MXFP4":
        blocks[:, 0] = random.integers(0, 253, len(blocks))
        blocks[:4, 0] = [0, 1, 2, 252]
    return blocks


def weights_of_many_kinds(random):
    normal = random.standard_normal(1024).astype(np.float32)
    out = normal * np.float32(0.02)
    out[128:256] *= np.exp2(random.integers(-20, 6, 128)).astype(np.float32)
    out[256:288] = 0
    out[288:320] = 0.25
    out[320:352] = np.arange(32) / 8 - 2
    out[352:384] = np.abs(out[352:384])
    out[384:416] = -np.abs(out[384:416])
    out[416:448] = np.float32(7.9999995) * np.sign(normal[416:448])
    out[448:480] = normal[448:480] * np.float32(2.0**-26)
    out[480:512] = np.tile(np.array([127, -127, 0.5, 1.5, 2.5, -0.5, -1.5, 0], np.float32), 4)
    out[512:544] = np.tile(np.array([1, -1], np.float32), 16)
    return out


def codes_at_ties(random):
    """Blocks of bfloat16 normals and of multiples of 1/16 whose codes in Q4_0 or Q5_0 change if the product of weight
    and inverse scale is not rounded to float32 before the half is added."""
    bits = (random.standard_normal((40000, 32)) * 0.02).astype(np.float32).view(np.uint32)
    narrow = (bits & np.uint32(0xFFFF0000)).view(np.float32)
    grid = (np.round(random.standard_normal((40000, 32)) * 16) / 16).astype(np.float32)
    out = []
    for blocks, count in ((narrow, 6), (grid, 4)):
        largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1, keepdims=True), axis=1)
        for half in (8, 16):
            inverse = np.float32(1) / (largest / np.float32(-half))
            rounded = np.trunc(blocks * inverse + np.float32(half + 0.5))
            exact = np.trunc((blocks.astype(np.float64) * inverse + (half + 0.5)).astype(np.float32))
            out.append(blocks[(rounded != exact).any(axis=1)][:count])
    out = np.concatenate(out)
    assert out.shape == (16, 32)  # no such multiples of 1/16 for Q5_0
    return out.reshape(-1)


def main():
    random = np.random.Generator(np.random.PCG64(20))
    ties = codes_at_ties(np.random.Generator(np.random.PCG64(21)))
    tensors = {"weights": np.concatenate([weights_of_many_kinds(random), ties])}
    for name in SCALES:
        kind = GGMLQuantizationType[name]
        blocks = random_blocks(random, name)
        tensors[f"{name}/blocks"] = blocks.reshape(-1)
        values = quants.dequantize(blocks, kind)
        assert np.isfinite(values).all()
        tensors[f"{name}/values"] = values.reshape(-1)
        if name in WRITTEN:
            tensors[f"{name}/encoded"] = quants.quantize(tensors["weights"].reshape(4, 384), kind).reshape(-1)
    save_file({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, OUT / "ggml_blocks.safetensors")


if __name__ == "__main__":
    main()
