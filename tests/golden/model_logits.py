"""Small random Mixtral checkpoints in every form that transformers writes, and the logits, routes and greedy tokens
expected of them.

Run:  python tests/golden/model_logits.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

Writes models/<name>/ (save_pretrained) and expected/<name>.safetensors:
  prompt_<n>        int32 [n]              token ids, n = 1, 2, 7, 33, 64, 200
  logits_<n>        float32 [n, vocab]     for n = 200 the last 32 positions only
  argmax_200        int32 [200]            the best token at every position
  routes_33         int32 [layers, 33, k]  experts of prompt_33, most probable first
  router_logits_33  float32 [layers, 33, experts]
  greedy_prompt     int32 [16], greedy_tokens int32 [64]: greedy generation, not stopped by the end-of-text token
"""

import json
import shutil

import reference
import torch

MODELS = {
    "plain": dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                  num_key_value_heads=2,
                  num_local_experts=4, num_experts_per_tok=2, vocab_size=160),
    "one_kv_head": dict(hidden_size=48, intermediate_size=56, num_hidden_layers=3, num_attention_heads=3,
                        num_key_value_heads=1,
                        head_dim=24, num_local_experts=5, num_experts_per_tok=3, vocab_size=144,
                        tie_word_embeddings=True,
                        rope_theta=1e4),
    "window": dict(hidden_size=48, intermediate_size=40, num_hidden_layers=2, num_attention_heads=6,
                   num_key_value_heads=6,
                   head_dim=8, num_local_experts=8, num_experts_per_tok=1, vocab_size=128, sliding_window=7),
    "many_experts": dict(hidden_size=80, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
                         num_key_value_heads=2,
                         head_dim=32, num_local_experts=16, num_experts_per_tok=4, vocab_size=150, rms_norm_eps=1e-6),
    "fused": dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                  num_key_value_heads=2,
                  num_local_experts=4, num_experts_per_tok=2, vocab_size=160),
    "bf16": dict(hidden_size=64, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4,
                 num_key_value_heads=2,
                 num_local_experts=4, num_experts_per_tok=2, vocab_size=160),
    "odd_sizes": dict(hidden_size=40, intermediate_size=52, num_hidden_layers=2, num_attention_heads=4,
                      num_key_value_heads=2,
                      num_local_experts=6, num_experts_per_tok=2, vocab_size=101, rope_theta=1e5),
}

EMBEDDING = {"many_experts": 0.005}  # a wrong rms_norm_eps shows


def make_config_old(folder):
    """Rewrites config.json as transformers 4 wrote it: `torch_dtype`, a flat `rope_theta`, no `head_dim`."""
    path = folder / "config.json"
    values = json.loads(path.read_text())
    values["torch_dtype"] = values.pop("dtype")
    values["rope_theta"] = values.pop("rope_parameters")["rope_theta"]
    values["transformers_version"] = "4.36.0"
    del values["head_dim"]
    reference.write_json(path, values)


def main():
    root = reference.output_folder()
    for seed, (name, values) in enumerate(MODELS.items(), start=1):
        folder = root / "models" / name
        shutil.rmtree(folder, ignore_errors=True)
        model = reference.lively_model(reference.config(**values), seed, EMBEDDING.get(name, 1.0))
        if name == "bf16":
            model = model.to(torch.bfloat16)
        options = {}
        if name == "many_experts":
            options["max_shard_size"] = "300KB"
        if name == "fused":
            options["save_original_format"] = False
        model.save_pretrained(folder, **options)
        if name == "odd_sizes":
            make_config_old(folder)

        model = reference.load(folder)
        tensors, gaps, largest = reference.expected_tensors(model, seed)
        difference = reference.check_attention(folder, tensors)
        reference.write_expected(root, name, tensors)
        reference.report(name, gaps, largest, f"sdpa differs by {difference:.1e}")


if __name__ == "__main__":
    main()
