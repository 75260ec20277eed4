"""An adapter in PEFT's files on a small checkpoint, and what PEFT makes of it.

Run:  python tests/golden/train_peft.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0, Python 3.11

The base is models/plain. The adapter has rank 3 and alpha 6 at all matrices of attention and at w1, w2, w3 of every
expert, in the layout that PEFT has for transformers 4, one tensor for each matrix of each expert, drawn at random. PEFT
reads it beside the model of transformers 5, whose experts are fused, and the loss is that of train_gradients.py without
the routers' terms, on its batch of the same checkpoint.

Writes train/peft/adapter_config.json and adapter_model.safetensors, and train/peft.safetensors:
  loss        float64 [1]
  base_loss   float64 [1]             without the adapter
  logits      float32 [8, vocab]      of the last rows of the batch
  gradient/<tensor>  float32 [all]    of the adapter's matrices at attention
"""

import json

import peft
import reference
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

RANK, ALPHA, BASE, KEPT = 3, 6, "plain", 8


def adapter_tensors(model):
    """Names and values in the layout for transformers 4."""
    generator = torch.Generator().manual_seed(5)
    tensors = {}

    def add(module, out_features, in_features):
        at = f"base_model.model.model.layers.{module}"
        tensors[f"{at}.lora_A.weight"] = torch.randn(RANK, in_features, generator=generator) * in_features**-0.5
        tensors[f"{at}.lora_B.weight"] = torch.randn(out_features, RANK, generator=generator) * 0.2

    for index, layer in enumerate(model.model.layers):
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            add(f"{index}.self_attn.{name}", *getattr(layer.self_attn, name).weight.shape)
        ffn, hidden = model.config.intermediate_size, model.config.hidden_size
        for expert in range(model.config.num_local_experts):
            for name, shape in (("w1", (ffn, hidden)), ("w2", (hidden, ffn)), ("w3", (ffn, hidden))):
                add(f"{index}.block_sparse_moe.experts.{expert}.{name}", *shape)
    return tensors


def loss_of(model, batch):
    """The weighted mean loss, and the logits of all rows; each sequence alone."""
    logits, first = [], 0
    for end in batch["ends"].tolist():
        logits.append(model(batch["tokens"][None, first:end].long(), use_cache=False).logits[0])
        first = end
    logits = torch.cat(logits)
    losses = F.cross_entropy(logits, batch["targets"].long(), reduction="none")
    return (losses * batch["weights"]).sum() / batch["weights"].sum(), logits


def main():
    root = reference.output_folder()
    source = reference.Path(__file__).resolve().parent
    batch = load_file(source / "train" / "gradients" / f"{BASE}.safetensors")
    model = reference.load(source / "models" / BASE)
    base_loss, _ = loss_of(model, batch)
    folder = root / "train" / "peft"
    folder.mkdir(parents=True, exist_ok=True)
    save_file(adapter_tensors(model), folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": BASE, "r": RANK, "lora_alpha": ALPHA,
        "lora_dropout": 0.0, "bias": "none", "inference_mode": False,
        "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "w1", "w2", "w3"]}, indent=2) + "\n")
    adapted = peft.PeftModel.from_pretrained(model, folder, is_trainable=True)
    with torch.enable_grad():
        loss, logits = loss_of(adapted, batch)
        loss.backward()
    tensors = {"loss": loss.double()[None], "base_loss": base_loss.double()[None], "logits": logits[-KEPT:]}
    for name, parameter in adapted.named_parameters():
        if "self_attn" in name and "lora_" in name:
            tensors["gradient/" + name.replace(".default", "")] = parameter.grad
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, root / "train" / "peft.safetensors")
    print(json.dumps({"loss": float(loss), "base": float(base_loss), "tensors": len(tensors)}))


if __name__ == "__main__":
    main()
