"""Golden values of bitsandbytes' 4-bit NormalFloat format, as its CPU code computes them.

Writes quant/bitsandbytes.safetensors. Run in this folder:

    python quant_bitsandbytes.py

Made with bitsandbytes 0.50.2, torch 2.15.0 (CPU), safetensors 0.8 and numpy 2.4, on a processor with FMA.
The weights come from numpy's PCG64 with fixed seeds, so that a second run writes the same bytes.

For each case `<name>`: `<name>/weight` (float32, flat), `<name>/codes`, `<name>/absmax` (plain float32), and, where the
case is nested, `<name>/nested_codes`, `<name>/nested_absmax`, `<name>/offset`; `<name>/block` is the block size.
Besides, the tables: `nf4_table`, `dynamic_map`.

Values are quantized by bitsandbytes.functional.quantize_4bit; dequantization is not asked for, because the CPU code
counts blocks by rows. A short last block is divided by its scale there, and multiplied by the inverse on GPUs: the
cases below are asserted not to depend on that.
"""

import pathlib

import bitsandbytes.functional as bnb
import numpy as np
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent / "quant" / "bitsandbytes.safetensors"


def cases():
    def normal(seed, count, scale=1.0):
        return np.random.default_rng(seed).standard_normal(count).astype(np.float32) * np.float32(scale)

    yield "golden_block", (np.arange(64, dtype=np.float32) - 31.5) / 8, 64, False
    yield "one_group_and_more", normal(2, 64 * 257), 64, True
    yield "odd_size", normal(3, 64 * 5 + 37), 64, False
    yield "odd_size_nested", normal(4, 64 * 300 + 1, 0.02), 64, True
    yield "even_short_block", normal(5, 130), 64, False
    yield "less_than_a_block", normal(6, 7), 64, False
    yield "one_weight", np.array([-0.3], dtype=np.float32), 64, False
    yield "constant", np.full(64 * 3, 0.7, dtype=np.float32), 64, True
    yield "zero", np.zeros(128, dtype=np.float32), 64, False
    for block in (32, 128, 256, 512, 1024, 2048, 4096):
        yield f"block_{block}", normal(block, block * 2 + 18), block, block <= 128
    extreme = normal(7, 64 * 12).reshape(12, 64)
    extreme[1] *= np.float32(1e30)
    extreme[2] *= np.float32(1e-30)
    extreme[3, 0] = 3e38
    extreme[4] = 0
    extreme[5] = 0
    extreme[5, 9] = -1
    extreme[6] = -np.abs(extreme[6])
    extreme[7, :32] = 0
    extreme[8, 1::2] = -extreme[8, ::2]
    extreme[9] = -0.0
    extreme[9, 3] = 2e-38
    yield "extreme", extreme.reshape(-1), 64, False
    # Each threshold exactly, and its two neighbours, behind a scale of one.
    table = bnb.get_4bit_type("nf4", device="cpu").numpy()
    middles = (table[1:] + table[:-1]) / np.float32(2)
    near = np.concatenate([middles, np.nextafter(middles, np.float32(2)), np.nextafter(middles, np.float32(-2))])
    yield "thresholds", np.concatenate([near, np.ones(64 - near.size, dtype=np.float32)]).astype(np.float32), 64, False


def main():
    tensors = {
        "nf4_table": bnb.get_4bit_type("nf4", device="cpu"),
        "dynamic_map": bnb.create_dynamic_map(),
    }
    for name, values, block, nested in cases():
        weight = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
        codes, plain = bnb.quantize_4bit(weight, blocksize=block, quant_type="nf4")
        tail = weight.numel() % block
        if tail:
            last, scale = weight[-tail:], plain.absmax[-1]
            bounds = (plain.code[1:] + plain.code[:-1]) / 2
            assert torch.equal(torch.bucketize(last / scale, bounds), torch.bucketize(last * (1 / scale), bounds)), name
        tensors[f"{name}/weight"] = weight
        tensors[f"{name}/codes"] = codes.flatten()
        tensors[f"{name}/absmax"] = plain.absmax
        if nested:
            nested_codes, state = bnb.quantize_4bit(weight, blocksize=block, quant_type="nf4", compress_statistics=True)
            assert torch.equal(nested_codes, codes), name
            tensors[f"{name}/nested_codes"] = state.absmax
            tensors[f"{name}/nested_absmax"] = state.state2.absmax
            tensors[f"{name}/offset"] = state.offset.reshape(1)
        tensors[f"{name}/block"] = torch.tensor([block], dtype=torch.int32)
    OUT.parent.mkdir(exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, OUT)
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
