"""What PEFT computes of adapters beside small checkpoints: logits and greedy tokens.

Run:  python tests/golden/peft_logits.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, peft 0.21.2, safetensors 0.8.0, Python 3.11

Four random Mixtrals of models/, each with three kinds of adapter, and one with five, drawn at random and rounded to
bfloat16:
  attention  rank 3, alpha 4, rank-stabilised, at query, value and output
  experts    rank 3, alpha 5, at w1, w2 and w3 of every expert, in the layout for transformers 4
  fused      rank 2 at all of attention and at the fused experts (target_parameters), alpha 3 at attention and 4 at
             experts by a pattern
  gate_up, down  rank 2 at one of the fused parameters alone, both of which PEFT saves by the same names; of plain

Writes adapters/<model>_<kind>/adapter_config.json and adapter_model.safetensors, and
adapters/<model>_<kind>.safetensors:
  prompt         int32 [12]
  logits         float32 [4, vocab]   after the last tokens of the prompt
  greedy_prompt  int32 [16]
  greedy_tokens  int32 [64]
The prompts are drawn so that no decision of the adapted model is a near tie, see reference.py; the base answers the
greedy prompt with other tokens.
"""

import json
import shutil

import peft
import reference
import torch
from safetensors.torch import load_file, save_file

MODELS = ("plain", "odd_sizes", "one_kv_head", "many_experts")
KINDS = {"plain": ("attention", "experts", "fused", "gate_up", "down")}
KEPT, PROMPT = 4, 12


def rounded(tensor):
    return tensor.to(torch.bfloat16)


def attention_config():
    return peft.LoraConfig(r=3, lora_alpha=4, use_rslora=True, target_modules=["q_proj", "v_proj", "o_proj"],
                           task_type="CAUSAL_LM")


def fused_config():
    return peft.LoraConfig(
        r=2, lora_alpha=3, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], task_type="CAUSAL_LM",
        target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"],
        alpha_pattern={r".*\.gate_up_proj": 4, "down_proj": 4})


def one_config(kind):
    return peft.LoraConfig(r=2, lora_alpha=4, target_modules=[], task_type="CAUSAL_LM",
                           target_parameters=[f"mlp.experts.{kind}_proj"])


def config_of(kind):
    if kind == "attention":
        return attention_config()
    return fused_config() if kind == "fused" else one_config(kind)


def save_drawn(model, config, folder, name, generator):
    """An adapter that PEFT makes and saves, its values drawn."""
    adapted = peft.get_peft_model(model, config)
    for at, parameter in adapted.named_parameters():
        if "lora_" not in at:
            continue
        drawn = torch.randn(parameter.shape, generator=generator)
        parameter.copy_(rounded(drawn * (0.25 if "lora_B" in at else parameter.shape[-1] ** -0.5)))
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    fields = json.loads(path.read_text()) | {"base_model_name_or_path": name}
    for field in ("target_modules", "target_parameters"):
        if fields.get(field) is not None:
            fields[field] = sorted(fields[field])
    path.write_text(json.dumps(fields, indent=2) + "\n")
    file = folder / "adapter_model.safetensors"
    save_file({key: rounded(value).contiguous() for key, value in load_file(file).items()}, file)


def save_separate(model, folder, name, generator):
    """Tensors of each expert's matrices, as PEFT saved them beside transformers 4."""
    rank, tensors, sizes = 3, {}, model.config
    for layer in range(sizes.num_hidden_layers):
        for expert in range(sizes.num_local_experts):
            for matrix in ("w1", "w2", "w3"):
                rows, cols = sizes.intermediate_size, sizes.hidden_size
                if matrix == "w2":
                    rows, cols = cols, rows
                at = f"base_model.model.model.layers.{layer}.block_sparse_moe.experts.{expert}.{matrix}"
                a = torch.randn(rank, cols, generator=generator) * cols**-0.5
                tensors[f"{at}.lora_A.weight"] = rounded(a)
                tensors[f"{at}.lora_B.weight"] = rounded(torch.randn(rows, rank, generator=generator) * 0.3)
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": name, "r": rank, "lora_alpha": 5,
        "lora_dropout": 0.0, "bias": "none", "inference_mode": True,
        "target_modules": ["w1", "w2", "w3"]}, indent=2) + "\n")


def main():
    root = reference.output_folder()
    models = reference.Path(__file__).resolve().parent / "models"
    for seed, name in enumerate(MODELS):
        for kind in KINDS.get(name, ("attention", "experts", "fused")):
            generator = torch.Generator().manual_seed(100 * seed + len(kind))
            folder = root / "adapters" / f"{name}_{kind}"
            shutil.rmtree(folder, ignore_errors=True)
            base = reference.load(models / name)
            if kind == "experts":
                save_separate(base, folder, name, generator)
            else:
                save_drawn(base, config_of(kind), folder, name, generator)
            adapted = peft.PeftModel.from_pretrained(reference.load(models / name), folder).eval()
            model = adapted.base_model.model
            measure = reference.Decisions(model)
            prompt = reference.draw_prompt([measure], PROMPT, seed)
            logits, _ = reference.forward(model, prompt[None])
            gap, greedy_prompt, tokens = reference.draw_greedy(measure, seed)
            plain = reference.generate(reference.load(models / name), greedy_prompt[None])[0, reference.GREEDY_PROMPT:]
            assert not torch.equal(plain, tokens), "the adapter changes nothing"
            save_file({"prompt": prompt.to(torch.int32), "logits": logits[0, -KEPT:].contiguous(),
                       "greedy_prompt": greedy_prompt.to(torch.int32), "greedy_tokens": tokens.to(torch.int32)},
                      root / "adapters" / f"{name}_{kind}.safetensors")
            print(json.dumps({"model": name, "kind": kind, "greedy_gap": gap}), flush=True)


if __name__ == "__main__":
    main()
