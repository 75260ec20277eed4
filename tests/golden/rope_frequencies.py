"""Inverse frequencies of rotary embeddings as transformers computes them for published models.

Run:  python tests/golden/rope_frequencies.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

Writes rope/frequencies.safetensors: for each model float32 [dim / 2] under its name, in the metadata theta, dim (the
elements of a head that are rotated) and scaling (JSON) as strings under `<name>.theta`, `<name>.dim` and
`<name>.scaling`.
"""

import json

import reference
import torch
from safetensors.torch import save
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.mistral.modeling_mistral import MistralRotaryEmbedding
from transformers.models.mixtral.modeling_mixtral import MixtralRotaryEmbedding
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeRotaryEmbedding
from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextRotaryEmbedding

LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 8192}

MODELS = {
    "mixtral_8x7b": (MixtralRotaryEmbedding, dict(model_type="mixtral", rope_theta=1e6, head_dim=128)),
    "qwen3_30b_a3b": (Qwen3MoeRotaryEmbedding, dict(model_type="qwen3_moe", rope_theta=1e6, head_dim=128)),
    "qwen3_30b_a3b_2507": (Qwen3MoeRotaryEmbedding, dict(model_type="qwen3_moe", rope_theta=1e7, head_dim=128)),
    "qwen3_next_80b_a3b": (Qwen3NextRotaryEmbedding, dict(model_type="qwen3_next", rope_theta=1e7, head_dim=256,
                                                          partial_rotary_factor=0.25)),
    "llama3_8b": (LlamaRotaryEmbedding, dict(model_type="llama", rope_theta=5e5, head_dim=128, rope_scaling=LLAMA3,
                                             max_position_embeddings=131072)),
    "mistral_7b": (MistralRotaryEmbedding, dict(model_type="mistral", rope_theta=1e4, head_dim=128)),
}


def with_sorted_metadata(file):
    """The bytes of a safetensors file with its metadata in order: safetensors writes them in another one every time."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[8 + size :]


def main():
    folder = reference.output_folder() / "rope"
    folder.mkdir(parents=True, exist_ok=True)
    tensors, metadata = {}, {}
    for name, (embedding, values) in MODELS.items():
        frequencies = embedding(reference.config(**values)).inv_freq
        dim = int(values["head_dim"] * values.get("partial_rotary_factor", 1.0))
        assert frequencies.dtype == torch.float32 and frequencies.shape == (dim // 2,)
        tensors[name] = frequencies.contiguous()
        metadata[f"{name}.theta"] = str(values["rope_theta"])
        metadata[f"{name}.dim"] = str(dim)
        metadata[f"{name}.scaling"] = json.dumps(values.get("rope_scaling", {"rope_type": "default"}), sort_keys=True)
    (folder / "frequencies.safetensors").write_bytes(with_sorted_metadata(save(tensors, metadata)))


if __name__ == "__main__":
    main()
