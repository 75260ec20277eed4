"""Fifty steps of the small Mixtral in PyTorch: batches, losses, and what became of some weights.

Run:  python tests/golden/train_curve.py [folder]      (default: the folder of this script)
With: torch 2.15.0, safetensors 0.8.0, tokenizers 0.23.3, Python 3.11

The model is examples/small_mixtral/network.py with half of each of the shipped checkpoint's matrices, so that it has
to learn again; the examples are those of examples/small_mixtral/train.py, three a step. AdamW as torch has it: rate
1e-3 after 10 steps of warm-up, 0.9, 0.95, 1e-8, decay 0.01 but for norms and embedding; gradients limited to 1; 0.01
times the balance loss.

Writes train/curve.safetensors:
  tokens, counts  int32 [all]    of all steps, sequences one behind the other; counts: 1 where the next token counts
  ends            int32 [150]    of sequences, counted from the beginning of all
  losses, norms, balances  float64 [50]   before each step's update; balances without the factor
  weights/<name>  float32 [256]  of four tensors after the last step: elements i * stride modulo their number
"""

import random
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = REPOSITORY / "examples" / "small_mixtral"
sys.path.insert(0, str(SMALL))
from network import CONFIG, Mixtral  # noqa: E402
from train import WEIGHTS, Examples  # noqa: E402

STEPS, BATCH, SOME = 50, 3, 256
LOOKED_AT = ("model.embed_tokens.weight", "model.layers.1.self_attn.q_proj.weight",
             "model.layers.2.block_sparse_moe.gate.weight", "model.layers.3.block_sparse_moe.experts.5.w2.weight")


def halved_model():
    tensors = load_file(SMALL / "checkpoint" / "model.safetensors")
    model = Mixtral(CONFIG | {"vocab_size": tensors["model.embed_tokens.weight"].shape[0]})
    with torch.no_grad():
        def fill(parameter, name):
            value = tensors[name].float()
            parameter.copy_(value if value.ndim == 1 else value * 0.5)

        fill(model.embed.weight, "model.embed_tokens.weight")
        fill(model.norm.weight, "model.norm.weight")
        for index, layer in enumerate(model.layers):
            at = f"model.layers.{index}"
            fill(layer.input_layernorm.weight, f"{at}.input_layernorm.weight")
            fill(layer.post_attention_layernorm.weight, f"{at}.post_attention_layernorm.weight")
            for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
                fill(getattr(layer.self_attn, name).weight, f"{at}.self_attn.{name}.weight")
            fill(layer.experts.gate.weight, f"{at}.block_sparse_moe.gate.weight")
            for expert in range(CONFIG["num_local_experts"]):
                one = f"{at}.block_sparse_moe.experts.{expert}"
                gate, up, down = (tensors[f"{one}.{w}.weight"].float() * 0.5 for w in ("w1", "w3", "w2"))
                layer.experts.gate_up[expert].copy_(torch.cat((gate, up)).T)
                layer.experts.down[expert].copy_(down.T)
    return model


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    model = halved_model()
    examples = Examples(Tokenizer.from_file(str(SMALL / "checkpoint" / "tokenizer.json")), seed=7)
    stage = {"copying": 0.0, "lookups": 0.0, "bare": 0.0, "zeros_refused": 0.0, "alike": 0.0, "weights": WEIGHTS}
    drawn = examples.pool(0, STEPS * BATCH, stage)
    random.Random(1).shuffle(drawn)
    plain = [p for p in model.parameters() if p.ndim == 1 or p is model.embed.weight]
    taken = {id(p) for p in plain}
    decayed = [p for p in model.parameters() if id(p) not in taken]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
                                  lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    tokens, all_counts, ends = [], [], []
    results = {"losses": [], "norms": [], "balances": []}
    for step in range(STEPS):
        group = drawn[step * BATCH : (step + 1) * BATCH]
        length = max(len(ids) for ids, _ in group)
        ids = torch.zeros(BATCH, length, dtype=torch.int64)
        real, wanted, targets = [], [], []
        for row, (example, counts) in enumerate(group):
            ids[row, : len(example)] = torch.tensor(example)
            real += [row * length + i for i in range(len(example))]
            for place, count in enumerate(counts[:-1]):
                if count:
                    wanted.append(row * length + place)
                    targets.append(example[place + 1])
            tokens += example
            all_counts += counts
            ends.append(len(tokens))
        logits = model(ids, torch.tensor(real), torch.tensor(wanted))
        loss, balance = F.cross_entropy(logits, torch.tensor(targets)), model.balance_loss()
        for group_of in optimizer.param_groups:
            group_of["lr"] = 1e-3 * min(1.0, (step + 1) / 10)
        optimizer.zero_grad()
        (loss + 0.01 * balance).backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        for key, value in zip(results, (loss, norm, balance)):
            results[key].append(float(value.detach()))
    tensors = {key: torch.tensor(values, dtype=torch.float64) for key, values in results.items()}
    tensors |= {"tokens": torch.tensor(tokens, dtype=torch.int32), "counts": torch.tensor(all_counts, dtype=torch.int32),
                "ends": torch.tensor(ends, dtype=torch.int32)}
    final = model.checkpoint_weights()
    for name in LOOKED_AT:
        flat = final[name].flatten()
        tensors[f"weights/{name}"] = flat[torch.arange(SOME) * (len(flat) // SOME | 1) % len(flat)].clone()
    (root / "train").mkdir(parents=True, exist_ok=True)
    save_file(tensors, root / "train" / "curve.safetensors")
    print(f"{len(tokens)} tokens, loss {results['losses'][0]:.4f} to {results['losses'][-1]:.4f}")


if __name__ == "__main__":
    main()
