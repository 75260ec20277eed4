"""Small files as safetensors, transformers and bitsandbytes write them, for the tests of the room `checkpoint`.

Run:  python tests/golden/checkpoint_files.py [folder]      (default: the folder `checkpoint` beside this script)
With: safetensors 0.8.0, transformers 5.23.0, bitsandbytes 0.50.2 (CPU), torch 2.15.0, numpy 2.4.6, Python 3.11

dtypes.safetensors     one tensor of each dtype, of ranks 0 to 3, one of them empty. Byte i of tensor t holds (7 t + i)
                       % 120 (% 2 for booleans), t counted in the order of the file: the writer's test makes the same
                       bytes and compares whole files
sharded/               a Mixtral of transformers in shards of at most 40 kB, with its config.json,
                       generation_config.json and the index; sums.json holds for each tensor its elements added up in
                       float64
config_5.json          config.json of another MixtralConfig as transformers 5 writes it
four_bit/              model.safetensors with weights quantised by bitsandbytes.functional.quantize_4bit, named as its
                       modules name them; expected.safetensors holds `quant_map[code] * scale` in float32, computed here
half.safetensors       float16 and bfloat16 of many magnitudes as `f16` and `bf16`; the same as float32 under
                       `f16.float`, `bf16.float`

It also reads back with safetensors what the toolkit's writer wrote:  checkpoint_files.py --read FILE...
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

SHAPES = [(3,), (2, 3), (), (1, 2, 2), (5, 0), (4,)]


def read(paths):
    for path in paths:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():
                tensor = file.get_tensor(name)
                total = tensor.to(torch.float64).sum().item()
                print(path, name, tensor.dtype, list(tensor.shape), total)


def write_dtypes(folder):
    from safetensors import TensorSpec, serialize_file

    names = ["bool", "uint8", "int8", "float8_e5m2", "float8_e4m3fn", "int16", "uint16", "float16", "bfloat16",
             "int32", "uint32",
             "float32", "float64", "int64", "uint64"]
    sizes = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 8, 8, 8]
    declared = []
    for i, (dtype, size) in enumerate(zip(names, sizes)):
        shape = SHAPES[i % len(SHAPES)]
        declared.append((f"t.{i % 4}.{dtype}", dtype, shape, int(np.prod(shape, dtype=np.int64)) * size))
    declared.append(("z \"quoted\" \\ é", "float32", (2,), 8))
    declared.append(("a\n\t\x01", "float32", (1,), 4))
    ascending = {name: i for i, name in enumerate(names)}
    in_file = sorted(declared, key=lambda d: (-ascending[d[1]], d[0].encode()))
    tensors, kept = {}, []
    for t, (name, dtype, shape, count) in enumerate(in_file):
        limit = 2 if dtype == "bool" else 120
        data = np.array([(7 * t + i) % limit for i in range(count)], dtype=np.uint8)
        kept.append(data)
        tensors[name] = TensorSpec(dtype=dtype, shape=list(shape), data_ptr=data.ctypes.data, data_len=count)
    serialize_file(tensors, folder / "dtypes.safetensors", {"format": "pt"})


def write_sharded(folder):
    from transformers import GenerationConfig, MixtralConfig, MixtralForCausalLM

    torch.manual_seed(1)
    config = MixtralConfig(vocab_size=48, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                           num_attention_heads=4,
                           num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2,
                           max_position_embeddings=64,
                           sliding_window=9, rms_norm_eps=1e-6,
                           rope_parameters={"rope_theta": 5e4, "rope_type": "default"},
                           bos_token_id=3, eos_token_id=[4, 5], pad_token_id=6)
    model = MixtralForCausalLM(config)
    model.generation_config = GenerationConfig(bos_token_id=3, eos_token_id=[4, 5], pad_token_id=6, do_sample=True,
                                               temperature=0.7, top_k=20, top_p=0.8, repetition_penalty=1.05)
    out = folder / "sharded"
    model.save_pretrained(out, max_shard_size="40KB")
    sums = {}
    for path in sorted(out.glob("*.safetensors")):
        for name, tensor in load_file(path).items():
            sums[name] = tensor.to(torch.float64).sum().item()
    (out / "sums.json").write_text(json.dumps(sums, indent=1, sort_keys=True) + "\n")
    MixtralConfig(head_dim=32, num_key_value_heads=4, tie_word_embeddings=True, dtype="bfloat16").save_pretrained(
        folder / "tmp")
    (folder / "tmp" / "config.json").rename(folder / "config_5.json")
    (folder / "tmp").rmdir()


def scales(parts):
    absmax = parts["absmax"]
    if "nested_absmax" not in parts:
        return absmax.numpy()
    state = json.loads(bytes(next(v for k, v in parts.items() if "quant_state" in k).tolist()))
    nested = parts["nested_absmax"].numpy()
    scale = parts["nested_quant_map"].numpy()[absmax.numpy()] * nested[np.arange(absmax.numel()) // 256]
    return (scale + np.float32(state["nested_offset"])).astype(np.float32)


def write_four_bit(folder):
    import bitsandbytes.functional as functional

    generator = torch.Generator().manual_seed(2)
    tensors, expected = {}, {}
    cases = [("nf4_plain", (6, 64), "nf4", 64, False), ("nf4_nested", (300, 60), "nf4", 64, True),
             ("fp4_plain", (7, 9), "fp4", 64, False), ("fp4_nested", (40, 50), "fp4", 128, True),
             ("fused", (3, 10, 22), "nf4", 64, True)]
    for name, shape, kind, blocksize, nested in cases:
        weight = torch.randn(shape, generator=generator).to(torch.bfloat16)
        packed, state = functional.quantize_4bit(weight, blocksize=blocksize, quant_type=kind,
                                                 compress_statistics=nested)
        parts = state.as_dict(packed=True)
        full = f"{name}.weight"
        tensors[full] = packed
        for suffix, part in parts.items():
            tensors[f"{full}.{suffix}"] = part
        count = weight.numel()
        codes = packed.flatten().numpy()
        codes = np.stack([codes >> 4, codes & 15], axis=1).reshape(-1)[:count]
        values = parts["quant_map"].numpy()[codes] * scales(parts)[np.arange(count) // blocksize]
        assert np.abs(values - weight.float().flatten().numpy()).max() < 0.6
        expected[full] = torch.from_numpy(values.reshape(shape))
    tensors["ordinary.weight"] = torch.randn(4, 4, generator=generator).to(torch.float16)
    (folder / "four_bit").mkdir()
    save_file(tensors, folder / "four_bit" / "model.safetensors", {"format": "pt"})
    save_file(expected, folder / "four_bit" / "expected.safetensors")


def write_half(folder):
    patterns = torch.arange(0, 65536, 97, dtype=torch.int32).to(torch.int16)
    tensors = {}
    for name, dtype in (("f16", torch.float16), ("bf16", torch.bfloat16)):
        values = patterns.view(dtype)
        values = values[torch.isfinite(values)]
        tensors[name] = values
        tensors[name + ".float"] = values.float()
    save_file(tensors, folder / "half.safetensors")


def main():
    if sys.argv[1:2] == ["--read"]:
        read(sys.argv[2:])
        return
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "checkpoint"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_dtypes(folder)
        write_sharded(folder)
        write_four_bit(folder)
        write_half(folder)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                place = target / path.relative_to(folder)
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
