"""The gradients of the small checkpoints under models/, as PyTorch's autograd has them.

Run:  python tests/golden/train_gradients.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.24.0, safetensors 0.8.0, Python 3.11

A batch is four sequences, prompts of expected/<name>.safetensors, on which no choice of experts is nearly a tie. Each
passes the reference model of transformers alone. The loss is the weighted mean of the cross-entropy of targets drawn at
random, 0.05 times the mean over the sparse layers of experts * sum of (choices / rows) * (mean probability), and 0.01
times that of the mean of the squared log-sum-exp of router logits, both over all rows of the batch.

`sigmoid` is the checkpoint plain with other routers, as DeepSeek-V3's: affinities are sigmoids of the logits, experts
are chosen by affinity plus a bias, and weigh their affinities divided by their sum; probabilities are affinities
divided by the sum over all.

Writes train/gradients/<name>.safetensors:
  tokens, targets  int32 [n];  ends int32 [4];  weights float32 [n]
  loss, balance, z float64 [1]
  largest/<tensor> float32 [1]      of the gradient's elements, absolute
  some/<tensor>    float32 [<= 256] elements i * stride modulo their number, stride = number // 256 | 1
  bias             float32 [layers, experts]  of sigmoid
"""

import json

import model_switch
import reference
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

CHECKPOINTS = ("plain", "one_kv_head", "window", "many_experts", "odd_sizes", "qwen3_moe_plain", "qwen3_moe_fused",
               "qwen3_moe_dense_list", "llama_bias_tied", "mistral_window", "switch_plain", "switch_wide_heads",
               "sigmoid")
PROMPTS = (7, 33, 1, 64)
BALANCE, Z = 0.05, 0.01
SOME = 256


def route_by_sigmoids(gate, bias):
    """Makes a router of transformers choose by sigmoids and a bias."""
    def forward(hidden):
        logits = F.linear(hidden.reshape(-1, gate.hidden_dim), gate.weight)
        affinities = logits.sigmoid()
        chosen = (affinities + bias).topk(gate.top_k, dim=-1).indices
        weights = affinities.gather(1, chosen)
        return logits, weights / weights.sum(-1, keepdim=True), chosen
    gate.forward = forward


def probabilities_of(name, scores):
    if name != "sigmoid":
        return scores.softmax(-1)
    affinities = scores.sigmoid()
    return affinities / affinities.sum(-1, keepdim=True)


def model_of(root, name):
    if name in model_switch.FORMS:
        return model_switch.model_of(*model_switch.FORMS[name])
    return reference.load(root / "models" / name)


def router_logits(model, ids):
    """Logits [n, vocab] of one sequence and router logits [n, experts] of each sparse layer."""
    routed = []
    hooks = [layer.mlp.gate.register_forward_hook(lambda _module, _input, output: routed.append(output[0]))
             for layer in model.model.layers if reference.is_sparse(layer)]
    logits = model(ids[None], use_cache=False).logits[0]
    for hook in hooks:
        hook.remove()
    return logits, [scores.reshape(len(ids), -1) for scores in routed]


def gradients_by_name(model):
    """Each gradient under the name that checkpoints with a tensor for each expert use."""
    fields = model.config
    names = ("w1", "w3", "w2") if fields.model_type == "mixtral" else ("gate_proj", "up_proj", "down_proj")
    module = "block_sparse_moe" if fields.model_type == "mixtral" else "mlp"
    for name, parameter in model.named_parameters():
        gradient = parameter.grad
        if name.endswith("experts.gate_up_proj"):
            for expert, both in enumerate(gradient):
                at = name.removesuffix("mlp.experts.gate_up_proj") + f"{module}.experts.{expert}"
                gate, up = both.chunk(2)
                yield f"{at}.{names[0]}.weight", gate
                yield f"{at}.{names[1]}.weight", up
        elif name.endswith("experts.down_proj"):
            for expert, down in enumerate(gradient):
                at = name.removesuffix("mlp.experts.down_proj") + f"{module}.experts.{expert}"
                yield f"{at}.{names[2]}.weight", down
        elif name.endswith("mlp.gate.weight"):
            yield name.replace("mlp.gate", f"{module}.gate"), gradient
        else:
            yield name, gradient


def golden(root, name, seed):
    checkpoint = "plain" if name == "sigmoid" else name
    model = model_of(root, checkpoint)
    biases = torch.zeros(len(model.model.layers), getattr(model.config, "num_local_experts", 1))
    if name == "sigmoid":
        biases = 0.1 * torch.randn(biases.shape, generator=torch.Generator().manual_seed(seed))
        for layer, bias in zip(model.model.layers, biases):
            route_by_sigmoids(layer.mlp.gate, bias)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    prompts = load_file(root / "expected" / f"{checkpoint}.safetensors")
    sequences = [prompts[f"prompt_{length}"].long() for length in PROMPTS]
    tokens = torch.cat(sequences)
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(model.config.vocab_size, tokens.shape, generator=generator)
    weights = torch.tensor([0.0, 1.0, 0.5])[torch.randint(3, tokens.shape, generator=generator)]
    with torch.enable_grad():
        logits, routed = zip(*(router_logits(model, ids) for ids in sequences))
        loss = (F.cross_entropy(torch.cat(logits), targets, reduction="none") * weights).sum() / weights.sum()
        balance, z = torch.zeros(()), torch.zeros(())
        layers = list(zip(*routed))
        top_k = 1 if name in model_switch.FORMS else getattr(model.config, "num_experts_per_tok", 1)
        for number, scores in enumerate(layers):
            scores = torch.cat(scores)
            probabilities = probabilities_of(name, scores)
            ranks = scores.sigmoid() + biases[number] if name == "sigmoid" else probabilities
            chosen = ranks.topk(top_k, dim=-1).indices
            shares = torch.bincount(chosen.flatten(), minlength=scores.shape[1]) / len(scores)
            balance = balance + scores.shape[1] * (shares * probabilities.mean(0)).sum() / len(layers)
            z = z + scores.logsumexp(-1).square().mean() / len(layers)
        (loss + BALANCE * balance + Z * z).backward()
    tensors = {
        "tokens": tokens.to(torch.int32), "targets": targets.to(torch.int32), "weights": weights,
        "ends": torch.tensor(PROMPTS).cumsum(0).to(torch.int32),
        "loss": loss.double()[None], "balance": balance.double()[None], "z": z.double()[None],
    }
    if name == "sigmoid":
        tensors["bias"] = biases
    for key, gradient in gradients_by_name(model):
        flat = gradient.flatten()
        stride = len(flat) // SOME | 1
        places = torch.arange(min(SOME, len(flat))) * stride % len(flat)
        tensors[f"largest/{key}"] = flat.abs().max()[None]
        tensors[f"some/{key}"] = flat[places].contiguous()
    return {key: value.detach().clone() for key, value in tensors.items()}


def main():
    root = reference.output_folder()
    source = reference.Path(__file__).resolve().parent
    folder = root / "train" / "gradients"
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(CHECKPOINTS):
        tensors = golden(source, name, seed)
        save_file(tensors, folder / f"{name}.safetensors")
        print(json.dumps({"name": name, "loss": round(float(tensors["loss"]), 4), "tensors": len(tensors)}), flush=True)


if __name__ == "__main__":
    main()
