"""Writes a training state as a Hugging Face checkpoint: MixtralForCausalLM in bfloat16, with its tokenizer and
generation settings.

Run:  python export.py STATE_FOLDER TOKENIZER_FOLDER CHECKPOINT_FOLDER         prints what is known of the training as
      JSON
Before it writes, the logits of transformers' model are compared with those of the module that was trained.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from network import LOOK_BACK, Mixtral
from transformers import GenerationConfig, MixtralConfig, MixtralForCausalLM

END = 2  # </s>


def main():
    state_folder, tokenizer, folder = map(Path, sys.argv[1:4])
    state = torch.load(state_folder / "state.pt", weights_only=True, map_location="cpu")
    trained = Mixtral(state["config"])
    trained.load_state_dict(state["model"])
    settings = {key: value for key, value in state["config"].items() if key != "rope_theta"}
    model = MixtralForCausalLM(MixtralConfig(
        **settings, rope_parameters={"rope_type": "default", "rope_theta": state["config"]["rope_theta"]},
        hidden_act="silu",
        sliding_window=None, attention_dropout=0.0, router_jitter_noise=0.0, bos_token_id=1, eos_token_id=END,
        pad_token_id=None))
    load_checkpoint_names(model, trained.checkpoint_weights())
    ids = torch.randint(0, state["config"]["vocab_size"], (2, 50))
    everything = torch.arange(100)
    with torch.no_grad():
        apart = (model(ids).logits.flatten(0, 1) - trained(ids, everything, everything)).abs().max().item()
    if apart > 1e-3:
        raise SystemExit(f"transformers' logits differ by {apart} from those of the trained module")
    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(bos_token_id=1, eos_token_id=END, do_sample=False, max_new_tokens=32)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # transformers lets nobody else read it
    if tokenizer.resolve() != folder.resolve():
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tokenizer / name, folder / name)
    size = (folder / "model.safetensors").stat().st_size
    print(json.dumps({"parameters": model.num_parameters(), "bytes": size, "logits_apart": apart,
                      "look_back": LOOK_BACK, **state["progress"]}))


def load_checkpoint_names(model, weights):
    """Fills transformers' fused expert tensors from the checkpoint's names, one by one, and refuses what is left
    over."""
    weights = dict(weights)
    for index, layer in enumerate(model.model.layers):
        at = f"model.layers.{index}.block_sparse_moe"
        experts = range(model.config.num_local_experts)
        parts = [[weights.pop(f"{at}.experts.{e}.{name}.weight") for e in experts] for name in ("w1", "w3", "w2")]
        layer.mlp.experts.gate_up_proj.data = torch.stack([torch.cat((gate, up))
                                                           for gate, up in zip(parts[0], parts[1])])
        layer.mlp.experts.down_proj.data = torch.stack(parts[2])
        layer.mlp.gate.weight.data = weights.pop(f"{at}.gate.weight")
    missing, surplus = model.load_state_dict(weights, strict=False)
    known = {name for name in missing if "mlp." in name or name == "lm_head.weight"}
    if set(missing) != known or surplus:
        raise SystemExit(f"weights missing: {set(missing) - known}, surplus: {surplus}")
    model.tie_weights()


if __name__ == "__main__":
    main()
