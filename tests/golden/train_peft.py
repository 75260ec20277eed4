"""Adapters in PEFT's files on a small checkpoint, and what PEFT makes of them.

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

Writes train/peft_converted/, the same adapter as PEFT saves it again: the experts' matrices fused, gate and up of twice
the rank with a block-diagonal B. And train/peft_fused/, an adapter that was made on the fused experts: rank 2 there
and 4 at attention and alpha 8 by patterns, one A for gate and up, and routers whole (modules_to_save), drawn
at random; and train/peft_fused.safetensors:
  loss               float64 [1]
  gradient/<tensor>  float32 [all]    of all that learns, under the names of the file
"""

import json
import re

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


def save(adapted, folder):
    """As PEFT saves it, less what names this machine; sets in order."""
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text()) | {"base_model_name_or_path": BASE}
    for field in ("target_modules", "target_parameters"):
        config[field] = sorted(config[field])
    path.write_text(json.dumps(config, indent=2) + "\n")


def gradients(adapted):
    """Of all that learns, by the names of the file."""
    pattern = re.compile(r"\.default|\.modules_to_save")
    return {"gradient/" + pattern.sub("", name): p.grad for name, p in adapted.named_parameters() if p.requires_grad}


def made_on_fused(model, batch, root):
    torch.manual_seed(7)
    config = peft.LoraConfig(
        r=2, lora_alpha=4, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], modules_to_save=["gate"],
        target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"], task_type="CAUSAL_LM",
        rank_pattern={r"self_attn\..*": 4},
        alpha_pattern={r"self_attn\..*": 8, r".*\.gate_up_proj": 8, "down_proj": 8})
    adapted = peft.get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape) * (0.3 if "lora_B" in name else parameter.shape[-1] ** -0.5))
    save(adapted, root / "train" / "peft_fused")
    with torch.enable_grad():
        loss, _ = loss_of(adapted, batch)
        loss.backward()
    save_file({"loss": loss.detach().double()[None]} | gradients(adapted), root / "train" / "peft_fused.safetensors")
    return float(loss)


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
    save(adapted, root / "train" / "peft_converted")
    fused = made_on_fused(reference.load(source / "models" / BASE), batch, root)
    print(json.dumps({"fused": fused, "loss": float(loss), "base": float(base_loss), "tensors": len(tensors)}))


if __name__ == "__main__":
    main()
