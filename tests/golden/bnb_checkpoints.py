"""Small checkpoints of four families with bitsandbytes' 4-bit weights, their logits and greedy tokens.

Run:  python tests/golden/bnb_checkpoints.py [folder [name...]]      (default: the folder of this script, all models)
With: bitsandbytes 0.50.2 (CPU), torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, numpy 2.4.6, Python 3.11

Writes models/bnb_*/ and expected/bnb_*.safetensors (prompt_<n>, logits_<n> for n = 7 and 33, routes_33,
router_logits_33, greedy_prompt, greedy_tokens; see model_logits.py). bitsandbytes quantises the bfloat16 weights and
names the parts; the weights of the reference model are `quant_map[code] * scale` computed here in float32, not by its
CPU dequantisation, and are not rounded to bfloat16.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import bitsandbytes.functional
import model_families
import model_qwen3_next
import numpy as np
import reference
import torch
from safetensors.torch import load_file, save_file

LENGTHS = (7, 33)
BLOCK = 64

# bnb_experts: blocks run over the ends of rows, and the scales of an expert fill one nested block and part of a second.
# bnb_fused: 128 * 128 weights are one whole nested block of 256 scales.
# bnb_router4: matrices whose last block is not full, and the router in 4 bits as well.
# bnb_qwen3_moe: separate experts, plain scales.
# bnb_qwen3_moe_fused: a dense layer, then fused experts of whole nested blocks.
# bnb_llama: dense layers with biases of the attention, which stay as they are.
# bnb_qwen3_next: the rows of in_proj_qkvz that a network keeps apart, of each key head 128 of queries, 128 of keys,
# 128 of two value heads and 128 of their gates, are whole nested blocks; in_proj_ba, the shared expert and its gate in
# 4 bits.
MODELS = {
    "bnb_experts": dict(nested=True, fused=False, router=False, config=dict(
        hidden_size=96, intermediate_size=176, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
        num_local_experts=4, num_experts_per_tok=2, vocab_size=160)),
    "bnb_fused": dict(nested=True, fused=True, router=False, config=dict(
        hidden_size=128, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        num_local_experts=4, num_experts_per_tok=2, vocab_size=160)),
    "bnb_router4": dict(nested=False, fused=False, router=True, config=dict(
        hidden_size=72, intermediate_size=90, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1,
        head_dim=10,
        num_local_experts=6, num_experts_per_tok=2, vocab_size=144)),
    "bnb_qwen3_moe": dict(nested=False, fused=False, router=False, config=dict(
        model_type="qwen3_moe", hidden_size=80, intermediate_size=64, moe_intermediate_size=40, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=24, num_experts=6, num_experts_per_tok=2,
        norm_topk_prob=True, vocab_size=144)),
    "bnb_qwen3_moe_fused": dict(nested=True, fused=True, router=False, config=dict(
        model_type="qwen3_moe", hidden_size=128, intermediate_size=96, moe_intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=1, head_dim=24, num_experts=4, num_experts_per_tok=2,
        norm_topk_prob=False, mlp_only_layers=[0], vocab_size=144)),
    "bnb_llama": dict(nested=True, fused=False, router=False, config=dict(
        model_type="llama", hidden_size=88, intermediate_size=200, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=20, attention_bias=True, vocab_size=160)),
    "bnb_qwen3_next": dict(nested=True, fused=False, router=False, config=dict(
        model_type="qwen3_next", hidden_size=128, intermediate_size=64, moe_intermediate_size=24,
        shared_expert_intermediate_size=40, num_hidden_layers=2, full_attention_interval=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=32, num_experts=6, num_experts_per_tok=2, norm_topk_prob=True,
        linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=128, linear_value_head_dim=64,
        vocab_size=144, rope_theta=1e4)),
}


def quantise(weight, nested):
    """The parts that bitsandbytes stores for a weight, by suffix, and the weight that they stand for, in float32."""
    packed, state = bitsandbytes.functional.quantize_4bit(
        weight, blocksize=BLOCK, compress_statistics=nested, quant_type="nf4", quant_storage=torch.uint8
    )
    parts = {"": packed}
    parts.update({"." + suffix: part.contiguous() for suffix, part in state.as_dict(packed=True).items()})
    parts = {suffix: part.clone() for suffix, part in parts.items()}
    value = dequantise(parts, weight.shape)
    check(weight, parts, value)
    return parts, value


def codes(parts, count):
    """The `count` 4-bit codes in the order of the flattened weight: the high half of a byte comes first."""
    packed = parts[""].numpy().reshape(-1)
    return np.stack([packed >> 4, packed & 15], axis=1).reshape(-1)[:count]


def scales(parts):
    """The float32 scale of each block."""
    if ".nested_absmax" not in parts:
        return parts[".absmax"].numpy()
    state = json.loads(bytes(parts[".quant_state.bitsandbytes__nf4"].numpy()))
    small = parts[".nested_quant_map"].numpy()[parts[".absmax"].numpy()]
    group = np.arange(small.size) // state["nested_blocksize"]
    return small * parts[".nested_absmax"].numpy()[group] + np.float32(state["nested_offset"])


def dequantise(parts, shape):
    """quant_map[code] * scale in float32."""
    count = int(np.prod(shape))
    block = np.arange(count) // BLOCK
    value = parts[".quant_map"].numpy()[codes(parts, count)] * scales(parts)[block]
    return torch.from_numpy(value.astype(np.float32)).reshape(tuple(shape))


def check(weight, parts, value):
    """Asserts that every code is the nearest one for the largest magnitude of its block, and that the scales are close
    to it."""
    flat = weight.float().numpy().reshape(-1)
    count = flat.size
    padded = np.zeros(-(-count // BLOCK) * BLOCK, np.float32)
    padded[:count] = flat
    largest = np.abs(padded.reshape(-1, BLOCK)).max(axis=1)
    assert np.all(np.abs(scales(parts) - largest) <= 0.02 * largest.max())
    table = parts[".quant_map"].numpy()
    scaled = flat / largest[np.arange(count) // BLOCK]
    nearest = np.abs(scaled[:, None] - table[None, :]).min(axis=1)
    assert np.all(np.abs(scaled - table[codes(parts, count)]) <= nearest + 1e-5)


def is_four_bit(name, tensor, router):
    """Whether a tensor of a checkpoint is stored in 4 bits: matrices of layers, and the router if asked."""
    if "layers" not in name or tensor.dim() < 2 or "conv1d" in name:
        return False
    return router or not name.endswith("mlp.gate.weight") and not name.endswith("block_sparse_moe.gate.weight")


def quantise_checkpoint(source, nested, router=False):
    """Tensors of a 4-bit checkpoint made from a bfloat16 one, and the same checkpoint dequantised, both by name."""
    stored, plain = {}, {}
    for name, tensor in load_file(source / "model.safetensors").items():
        if is_four_bit(name, tensor, router):
            parts, plain[name] = quantise(tensor, nested)
            stored.update({name + suffix: part for suffix, part in parts.items()})
        else:
            stored[name] = tensor
            plain[name] = tensor.float()
    return stored, plain


def load_tensors(source, tensors):
    """The reference model with the configuration of a checkpoint folder and the given tensors."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(source / "config.json", scratch)
        save_file(tensors, Path(scratch) / "model.safetensors", metadata={"format": "pt"})
        return reference.load(scratch)


def random_model(values, seed):
    """A model with lively random weights, in bfloat16."""
    lively = model_qwen3_next if values.get("model_type") == "qwen3_next" else reference
    return lively.lively_model(reference.config(**values), seed).to(torch.bfloat16)


def main():
    root = reference.output_folder()
    for seed, (name, recipe) in enumerate(MODELS.items(), start=41):
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        folder = root / "models" / name
        shutil.rmtree(folder, ignore_errors=True)
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch)
            random_model(recipe["config"], seed).save_pretrained(source, save_original_format=not recipe["fused"])
            stored, plain = quantise_checkpoint(source, recipe["nested"], recipe["router"])
            model = load_tensors(source, plain)
            folder.mkdir(parents=True)
            save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
            shutil.copy(source / "generation_config.json", folder)
            values = json.loads((source / "config.json").read_text())
        values["quantization_config"] = {
            "bnb_4bit_compute_dtype": "bfloat16",
            "bnb_4bit_quant_storage": "uint8",
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_use_double_quant": recipe["nested"],
            "llm_int8_skip_modules": ["lm_head"] if recipe["router"] else ["lm_head", "gate"],
            "load_in_4bit": True,
            "load_in_8bit": False,
            "quant_method": "bitsandbytes",
        }
        reference.write_json(folder / "config.json", values)
        tensors, gaps, largest = reference.expected_tensors(model, seed, LENGTHS)
        reference.write_expected(root, name, tensors)
        extra = ""
        if values["model_type"] == "qwen3_next":
            model_qwen3_next.recurrent()(model)
            one_by_one = model_families.moved(model, tensors, [f"prompt_{length}" for length in LENGTHS])
            assert one_by_one < model_qwen3_next.CHUNKED, f"the recurrent form differs from the chunked one by {one_by_one}"
            extra = f"recurrent form differs by {one_by_one:.1e}"
        reference.report(name, gaps, largest, extra)


if __name__ == "__main__":
    main()
