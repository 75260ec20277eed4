"""Small random checkpoints of Qwen3-MoE, Llama and Mistral in every form that transformers writes, and the logits,
residual streams, routes and greedy tokens expected of them.

Run:  python tests/golden/model_families.py [folder [name...]]      (default: the folder of this script, all models)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

Writes models/<name>/ (save_pretrained) and expected/<name>.safetensors:
  prompt_<n>        int32 [n]              token ids, n = 1, 2, 7, 33, 64, 200
  logits_<n>        float32 [n, vocab]     for n = 200 the last 32 positions only
  argmax_200        int32 [200]            the best token at every position
  hidden_33         float32 [layers, 33, hidden]  the residual stream after each layer, before the final norm
  greedy_prompt     int32 [16], greedy_tokens int32 [64]: greedy generation, not stopped by the end-of-text token
Of models with experts also, S of their layers being sparse:
  sparse_layers     int32 [S]              indices of the layers with experts, ascending
  routes_33         int32 [S, 33, k]       experts of prompt_33, most probable first
  router_logits_33  float32 [S, 33, experts]
Of mistral_default_window also, whose window reaches further back than the other prompts are long:
  prompt_4100       int32 [4100]
  logits_4100       float32 [4, vocab]     the last 4 positions, the only ones that do not see the whole prompt

What makes a checkpoint special has to show: each entry of its `mistakes` spoils the model in one way, and the script
asserts that the logits written then move by more than MOVED.
"""

import json
import shutil
import sys

import reference
import torch
from safetensors import safe_open

MOVED = 0.1  # a mistake moves some logit of prompt_33 or prompt_200 by at least this
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}


# Mistakes: functions that spoil a model in place. A dictionary of fields of config.json is a mistake as well.


def without_bias(projection):
    """Leaves the bias of one projection of all layers out."""
    def spoil(model):
        for layer in model.model.layers:
            getattr(layer.self_attn, projection).bias.zero_()
    return spoil


def without_norm(name):
    """Leaves q_norm or k_norm out."""
    def spoil(model):
        for layer in model.model.layers:
            setattr(layer.self_attn, name, torch.nn.Identity())
    return spoil


def without_mlp(index):
    """Leaves the feed-forward part of a dense layer out."""
    def spoil(model):
        layer = model.model.layers[index]
        assert not reference.is_sparse(layer)
        layer.mlp.down_proj.weight.zero_()
    return spoil


def scaled_by_hidden_size(model):
    """Divides attention scores by the root of hidden_size / heads instead of head_dim."""
    for layer in model.model.layers:
        size = model.config.hidden_size // model.config.num_attention_heads
        assert size != layer.self_attn.head_dim
        layer.self_attn.scaling = size**-0.5


def swapped_gate_and_up(model):
    """Takes the first half of the fused tensors as up_proj."""
    for layer in model.model.layers:
        fused = layer.mlp.experts.gate_up_proj
        fused.copy_(fused.roll(fused.shape[1] // 2, dims=1))


def head_of_its_own(model):
    """Unties the head."""
    head = model.lm_head.weight
    assert head is model.model.embed_tokens.weight
    model.lm_head.weight = torch.nn.Parameter(head.roll(1, dims=0))


def branch_unscaled(branch):
    """Leaves the frequencies of one branch of llama3 as the default type has them, or takes those that are to stay for
    ones to divide."""
    def spoil(model):
        rotary = model.model.rotary_emb
        rope = model.config.rope_parameters
        plain, _ = rotary.compute_default_rope_parameters(model.config)
        length = rope["original_max_position_embeddings"]
        turns = length * plain / (2 * torch.pi)
        kept, divided = turns > rope["high_freq_factor"], turns < rope["low_freq_factor"]
        chosen = {"kept": kept, "divided": divided, "interpolated": ~kept & ~divided}[branch]
        assert chosen.any(), f"no frequency is {branch}"
        wrong = plain / rope["factor"] if branch == "kept" else plain
        assert ((rotary.inv_freq == plain) | ~kept).all()
        rotary.inv_freq.copy_(torch.where(chosen, wrong, rotary.inv_freq))
    return spoil


def other_theta(theta):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta}}


def old_config(version, absent, **flat):
    """A function that rewrites the values of config.json as transformers `version` (4.x) wrote them: `torch_dtype` and
    the fields of `flat`, without the fields `absent`, which have the defaults of the class."""
    def rewrite(values):
        values["torch_dtype"] = values.pop("dtype")
        del values["rope_parameters"]
        for field in absent:
            values.pop(field, None)
        values.update(flat, transformers_version=version)
    return rewrite


def without_window(values):
    """Leaves `sliding_window` out of config.json: the default of the class."""
    assert values.pop("sliding_window") == 4096


# Each: `config` as in reference.config; `mistakes` by what they are; `bf16`, `save` (arguments of save_pretrained),
# `rewrite` (of config.json's values), `embedding` (see reference.lively_model), `sharp` (a factor of all queries, so
# that one of thousands of keys can matter), `long_prompt` (whether there is a prompt of LONG positions).
MODELS = {
    "qwen3_moe_plain": dict(
        config=dict(model_type="qwen3_moe", hidden_size=64, intermediate_size=80, moe_intermediate_size=32,
                    num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=24, num_experts=8,
                    num_experts_per_tok=3, norm_topk_prob=True, vocab_size=128),
        mistakes={"weights not normalised": dict(norm_topk_prob=False), "top-2": dict(num_experts_per_tok=2),
                  "no q_norm": without_norm("q_norm"), "no k_norm": without_norm("k_norm"),
                  "head_dim by hidden size": scaled_by_hidden_size, "theta 1e4": other_theta(1e4)},
    ),
    "qwen3_moe_fused": dict(
        config=dict(model_type="qwen3_moe", hidden_size=48, intermediate_size=80, moe_intermediate_size=40,
                    num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, num_experts=6,
                    num_experts_per_tok=2, norm_topk_prob=False, attention_bias=True, vocab_size=112),
        save=dict(save_original_format=False),
        mistakes={"weights normalised": dict(norm_topk_prob=True), "no biases": dict(attention_bias=False),
                  **{f"no bias of {name}": without_bias(name) for name in ("q_proj", "k_proj", "v_proj", "o_proj")},
                  "up before gate": swapped_gate_and_up},
    ),
    "qwen3_moe_dense_list": dict(
        config=dict(model_type="qwen3_moe", hidden_size=48, intermediate_size=72, moe_intermediate_size=24,
                    num_hidden_layers=4, num_attention_heads=3, num_key_value_heads=1, head_dim=16, num_experts=6,
                    num_experts_per_tok=2, norm_topk_prob=True, mlp_only_layers=[0, 2], tie_word_embeddings=True,
                    vocab_size=120),
        mistakes={"layer 0 without mlp": without_mlp(0), "layer 2 without mlp": without_mlp(2),
                  "head of its own": head_of_its_own, "weights not normalised": dict(norm_topk_prob=False)},
    ),
    "qwen3_moe_dense_step": dict(
        config=dict(model_type="qwen3_moe", hidden_size=64, intermediate_size=96, moe_intermediate_size=40,
                    num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=16, num_experts=8,
                    num_experts_per_tok=2, norm_topk_prob=True, decoder_sparse_step=2, use_sliding_window=True,
                    sliding_window=9, vocab_size=144),
        bf16=True, save=dict(max_shard_size="150KB"),
        mistakes={"layer 0 without mlp": without_mlp(0), "layer 2 without mlp": without_mlp(2),
                  "no window": dict(sliding_window=None), "window 8": dict(sliding_window=8),
                  "window 10": dict(sliding_window=10)},
    ),
    "qwen3_moe_old": dict(
        config=dict(model_type="qwen3_moe", hidden_size=80, intermediate_size=100, moe_intermediate_size=26,
                    num_hidden_layers=2, num_attention_heads=8, num_key_value_heads=4, num_experts=6,
                    num_experts_per_tok=1, vocab_size=101, rope_theta=1e5),
        embedding=0.001,
        rewrite=old_config(
            "4.51.0", absent=("num_key_value_heads", "hidden_act", "rms_norm_eps", "norm_topk_prob",
                              "decoder_sparse_step", "mlp_only_layers", "attention_bias", "use_sliding_window",
                              "tie_word_embeddings", "pad_token_id", "num_local_experts"),
            rope_theta=1e5, rope_scaling=None, num_experts=6, sliding_window=7, max_window_layers=1),
        mistakes={"weights normalised": dict(norm_topk_prob=True), "epsilon 1e-5": dict(rms_norm_eps=1e-5),
                  "window though not used": dict(sliding_window=7), "theta 1e4": other_theta(1e4),
                  "theta 1e6": other_theta(1e6)},
    ),
    "llama_plain": dict(
        config=dict(model_type="llama", hidden_size=64, intermediate_size=96, num_hidden_layers=3,
                    num_attention_heads=4, num_key_value_heads=2, vocab_size=128, rms_norm_eps=1e-5, rope_theta=5e5),
        embedding=0.001,
        mistakes={"theta 1e4": other_theta(1e4), "epsilon 1e-6": dict(rms_norm_eps=1e-6)},
    ),
    "llama3_scaled": dict(
        config=dict(model_type="llama", hidden_size=72, intermediate_size=80, num_hidden_layers=3,
                    num_attention_heads=3, num_key_value_heads=1, vocab_size=112, rms_norm_eps=1e-5, rope_theta=1e4,
                    rope_scaling=LLAMA3),
        mistakes={"not scaled": other_theta(1e4),
                  "all divided": {"rope_parameters": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e4}},
                  "original length 128": {"rope_parameters": {**LLAMA3, "rope_theta": 1e4,
                                                              "original_max_position_embeddings": 128}},
                  "what stays is divided": branch_unscaled("kept"),
                  "none interpolated": branch_unscaled("interpolated"), "none divided": branch_unscaled("divided")},
    ),
    "llama_bias_tied": dict(
        config=dict(model_type="llama", hidden_size=48, intermediate_size=88, num_hidden_layers=3,
                    num_attention_heads=4, num_key_value_heads=2, head_dim=20, vocab_size=136, attention_bias=True,
                    tie_word_embeddings=True),
        mistakes={"no biases": dict(attention_bias=False), "head of its own": head_of_its_own,
                  **{f"no bias of {name}": without_bias(name) for name in ("q_proj", "k_proj", "v_proj", "o_proj")},
                  "head_dim by hidden size": scaled_by_hidden_size},
    ),
    "llama_bf16_shards": dict(
        config=dict(model_type="llama", hidden_size=64, intermediate_size=112, num_hidden_layers=4,
                    num_attention_heads=4, num_key_value_heads=1, vocab_size=160),
        bf16=True, save=dict(max_shard_size="80KB"),
        mistakes={"theta 1e4": other_theta(1e4)},
    ),
    "llama_old": dict(
        config=dict(model_type="llama", hidden_size=60, intermediate_size=84, num_hidden_layers=3,
                    num_attention_heads=3, num_key_value_heads=3, vocab_size=99, rope_theta=5e4,
                    rope_scaling={**LLAMA3, "factor": 4.0}),
        embedding=0.001,
        rewrite=old_config(
            "4.43.0", absent=("num_key_value_heads", "head_dim", "hidden_act", "rms_norm_eps", "attention_bias",
                              "mlp_bias", "tie_word_embeddings", "pad_token_id", "bos_token_id", "eos_token_id"),
            rope_theta=5e4, rope_scaling={**LLAMA3, "factor": 4.0}),
        mistakes={"not scaled": other_theta(5e4), "epsilon 1e-5": dict(rms_norm_eps=1e-5),
                  "theta 1e4": {"rope_parameters": {**LLAMA3, "factor": 4.0, "rope_theta": 1e4}}},
    ),
    "mistral_plain": dict(
        config=dict(model_type="mistral", hidden_size=64, intermediate_size=96, num_hidden_layers=3,
                    num_attention_heads=4, num_key_value_heads=2, vocab_size=128, rms_norm_eps=1e-5,
                    sliding_window=None),
        embedding=0.001,
        mistakes={"window 128": dict(sliding_window=128), "theta 1e4": other_theta(1e4),
                  "epsilon 1e-6": dict(rms_norm_eps=1e-6)},
    ),
    "mistral_window": dict(
        config=dict(model_type="mistral", hidden_size=56, intermediate_size=72, num_hidden_layers=3,
                    num_attention_heads=7, num_key_value_heads=7, vocab_size=120, rms_norm_eps=1e-5,
                    sliding_window=7),
        mistakes={"no window": dict(sliding_window=None), "window 6": dict(sliding_window=6),
                  "window 8": dict(sliding_window=8)},
    ),
    "mistral_default_window": dict(
        config=dict(model_type="mistral", hidden_size=48, intermediate_size=64, num_hidden_layers=2,
                    num_attention_heads=4, num_key_value_heads=2, vocab_size=96, rms_norm_eps=1e-5,
                    max_position_embeddings=8192, sliding_window=4096),
        rewrite=without_window, long_prompt=True, sharp=2.0,
        mistakes={"no window": dict(sliding_window=None), "window 4095": dict(sliding_window=4095),
                  "window 4097": dict(sliding_window=4097)},
    ),
    "mistral_tied_bf16": dict(
        config=dict(model_type="mistral", hidden_size=64, intermediate_size=120, num_hidden_layers=3,
                    num_attention_heads=4, num_key_value_heads=1, head_dim=24, vocab_size=144, rms_norm_eps=1e-5,
                    sliding_window=None, tie_word_embeddings=True),
        bf16=True,
        mistakes={"head of its own": head_of_its_own, "head_dim by hidden size": scaled_by_hidden_size,
                  "theta 1e4": other_theta(1e4)},
    ),
    "mistral_old": dict(
        config=dict(model_type="mistral", hidden_size=44, intermediate_size=76, num_hidden_layers=3,
                    num_attention_heads=16, num_key_value_heads=8, head_dim=6, vocab_size=103, sliding_window=11,
                    rope_theta=1e4),
        embedding=0.001,
        rewrite=old_config(
            "4.42.0", absent=("num_key_value_heads", "hidden_act", "rms_norm_eps", "tie_word_embeddings",
                              "pad_token_id", "bos_token_id", "eos_token_id")),
        mistakes={"theta 1e6": other_theta(1e6), "epsilon 1e-5": dict(rms_norm_eps=1e-5),
                  "no window": dict(sliding_window=None), "head_dim by hidden size": scaled_by_hidden_size},
    ),
}

LONG = 4100  # positions of the prompt that the default window of Mistral, 4096, doesn't reach over
LONG_KEPT = 4


def residual_stream(model, ids):
    """The residual stream after each layer [layer, n, hidden] for the token ids [n], before the final norm."""
    outputs = []
    hooks = [
        layer.register_forward_hook(lambda _module, _input, output: outputs.append(output[0]))
        for layer in model.model.layers
    ]
    logits = model(ids[None], use_cache=False).logits[0]
    for hook in hooks:
        hook.remove()
    stream = torch.stack(outputs)
    assert stream.shape == (len(model.model.layers), len(ids), model.config.hidden_size)
    assert torch.equal(model.lm_head(model.model.norm(stream[-1])), logits), "the last layer's output is not the last"
    return stream


def moved(model, tensors, prompts):
    """The largest difference of a model's logits from the golden ones."""
    worst = 0.0
    for prompt in prompts:
        logits, _ = reference.forward(model, tensors[prompt].to(torch.int64)[None])
        kept = tensors[prompt.replace("prompt", "logits")]
        worst = max(worst, float((logits[0, -len(kept) :] - kept).abs().max()))
    return worst


def check_mistakes(folder, tensors, mistakes, prompts):
    """Asserts that every mistake shows; returns what the least visible one moves."""
    assert moved(reference.load(folder), tensors, prompts) == 0.0
    differences = {}
    for name, mistake in mistakes.items():
        if callable(mistake):
            model = reference.load(folder)
            mistake(model)
        else:
            model = reference.load(folder, **mistake)
        differences[name] = moved(model, tensors, prompts)
        assert differences[name] > MOVED, f"{folder.name}: {name} moves logits by {differences[name]} only"
    return min(differences.items(), key=lambda item: item[1])


def far_tokens(model, step=16):
    """Tokens (last, at 3, at 4): seen from the last of LONG positions, the keys of the two at positions 3 and 4, which
    the window of 4096 just leaves out and just holds, weigh most beside those of a random prompt in the first layer.

    `step`: of the random prompt every so many positions are looked at.
    """
    layer, config = model.model.layers[0], model.config
    normed = layer.input_layernorm(model.model.embed_tokens.weight)
    vocab, size = config.vocab_size, layer.self_attn.head_dim
    query = layer.self_attn.q_proj(normed).view(vocab, -1, size)
    key = layer.self_attn.k_proj(normed).view(vocab, -1, size).repeat_interleave(
        config.num_attention_heads // config.num_key_value_heads, dim=1)

    def rotated(vectors, position):
        cos, sin = model.model.rotary_emb(vectors, torch.tensor([[position]]))
        half = size // 2
        return vectors * cos + torch.cat((-vectors[..., half:], vectors[..., :half]), dim=-1) * sin

    def scores(position):
        return torch.einsum("uhd,thd->uht", last, rotated(key, position)) * layer.self_attn.scaling

    last = rotated(query, LONG - 1)
    crowd = torch.cat([scores(position) for position in range(5, LONG, step)], dim=-1).logsumexp(dim=-1)
    crowd += torch.tensor(step / vocab).log()
    outside, inside = ((scores(position) - crowd[..., None]).amax(dim=1) for position in (3, 4))
    inside.scatter_(1, outside.argmax(dim=1, keepdim=True), -torch.inf)  # two tokens, not twice the same
    best = int(torch.minimum(outside.amax(dim=1), inside.amax(dim=1)).argmax())
    return best, int(outside[best].argmax()), int(inside[best].argmax())


def draw_long_prompt(model, seed, tries=16):
    """Token ids [LONG] whose last LONG_KEPT positions are without near ties, and the logits there."""
    scale = reference.Decisions(model).logit_scale
    last, outside, inside = far_tokens(model)
    others = torch.tensor([token for token in range(model.config.vocab_size) if token not in (outside, inside)])
    generator = torch.Generator().manual_seed(1000 * seed + LONG)
    for _ in range(tries):
        ids = others[torch.randint(len(others), (LONG,), generator=generator)]
        ids[3], ids[4], ids[-1] = outside, inside, last
        logits = model(ids[None], use_cache=False).logits[0, -LONG_KEPT:]
        top = torch.topk(logits, 2, dim=-1).values
        if float((top[:, 0] - top[:, 1]).min() / scale) >= reference.PROMPT_GAP:
            return ids, logits
    raise AssertionError("no long prompt without a near tie")


def write_checkpoint(folder, seed, recipe):
    """Writes models/<name>/ of a recipe."""
    shutil.rmtree(folder, ignore_errors=True)
    model = reference.lively_model(reference.config(**recipe["config"]), seed, recipe.get("embedding", 1.0))
    for layer in model.model.layers:
        layer.self_attn.q_proj.weight.mul_(recipe.get("sharp", 1.0))
    if recipe.get("bf16"):
        model = model.to(torch.bfloat16)
    model.save_pretrained(folder, **recipe.get("save", {}))
    if "rewrite" in recipe:
        values = json.loads((folder / "config.json").read_text())
        recipe["rewrite"](values)
        reference.write_json(folder / "config.json", values)


def check_checkpoint(folder, recipe):
    """Asserts what the files have to hold: a tied head is left out, no file is large."""
    names = set()
    for path in folder.glob("*.safetensors"):
        assert path.stat().st_size <= 700_000, f"{path}: {path.stat().st_size} bytes"
        with safe_open(path, framework="pt") as file:
            names |= set(file.keys())
    assert ("lm_head.weight" in names) != recipe["config"].get("tie_word_embeddings", False)
    fused = any(name.endswith("gate_up_proj") for name in names)
    assert fused == (not recipe.get("save", {}).get("save_original_format", True))
    assert (folder / "model.safetensors.index.json").exists() == ("max_shard_size" in recipe.get("save", {}))


def main():
    root = reference.output_folder()
    for seed, (name, recipe) in enumerate(MODELS.items(), start=101):
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        folder = root / "models" / name
        write_checkpoint(folder, seed, recipe)
        check_checkpoint(folder, recipe)

        model = reference.load(folder)
        tensors, gaps, largest = reference.expected_tensors(model, seed, candidates=8, rounds=6)
        tensors["hidden_33"] = residual_stream(model, tensors["prompt_33"].to(torch.int64))
        sparse = reference.sparse_layers(model)
        if sparse:
            tensors["sparse_layers"] = torch.tensor(sparse, dtype=torch.int32)
        prompts = ["prompt_33", "prompt_200"]
        if recipe.get("long_prompt"):
            ids, tensors[f"logits_{LONG}"] = draw_long_prompt(model, seed)
            tensors[f"prompt_{LONG}"] = ids.to(torch.int32)
            prompts.append(f"prompt_{LONG}")
        difference = reference.check_attention(folder, tensors)
        mistake, least = check_mistakes(folder, tensors, recipe["mistakes"], prompts)
        reference.write_expected(root, name, tensors)
        reference.report(name, gaps, largest, f"sdpa differs by {difference:.1e}, {mistake} moves logits by {least:.2f}")


if __name__ == "__main__":
    main()
