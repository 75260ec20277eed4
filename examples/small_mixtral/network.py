"""Mixtral as a module that trains quickly on few cores: the arithmetic of transformers' MixtralForCausalLM, rows
grouped by expert.

Weights leave it under the names of the checkpoint format (`checkpoint_weights`), where transformers reads them.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

CONFIG = {
    "vocab_size": None, "hidden_size": 128, "intermediate_size": 192, "num_hidden_layers": 4, "num_attention_heads": 6,
    "num_key_value_heads": 6, "head_dim": 32, "num_local_experts": 8, "num_experts_per_tok": 2, "rope_theta": 1e4,
    "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "max_position_embeddings": 1024, "router_aux_loss_coef": 0.01,
}
EMBEDDING_SCALE = 0.1
SHARED_DIRECTION = 0.15  # of one random row that all embeddings share: what attention by position alone can hold on to
LOOK_BACK = 5  # heads of the first layer that begin by looking one, two, ... five tokens back
LOOK_BACK_SCORE = 35.0  # how sharply: the score's factor of the sum of cosines


class RmsNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


def rotate(x, cosine, sine):
    left, right = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-right, left), dim=-1) * sine


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads, self.width = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        self.q_proj = nn.Linear(c["hidden_size"], self.heads * self.width, bias=False)
        self.k_proj = nn.Linear(c["hidden_size"], self.kv_heads * self.width, bias=False)
        self.v_proj = nn.Linear(c["hidden_size"], self.kv_heads * self.width, bias=False)
        self.o_proj = nn.Linear(self.heads * self.width, c["hidden_size"], bias=False)

    def forward(self, x, cosine, sine):  # (batch, length, hidden)
        batch, length, _ = x.shape
        q = self.q_proj(x).view(batch, length, self.heads, self.width).transpose(1, 2)
        k = self.k_proj(x).view(batch, length, self.kv_heads, self.width).transpose(1, 2)
        v = self.v_proj(x).view(batch, length, self.kv_heads, self.width).transpose(1, 2)
        q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.heads != self.kv_heads)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))


class Experts(nn.Module):
    """Router and SwiGLU experts; `scores` keeps the router's probabilities and choices for the balance loss."""

    def __init__(self, c):
        super().__init__()
        hidden, ffn = c["hidden_size"], c["intermediate_size"]
        self.count, self.top_k = c["num_local_experts"], c["num_experts_per_tok"]
        self.gate = nn.Linear(hidden, self.count, bias=False)
        self.gate_up = nn.Parameter(torch.empty(self.count, hidden, 2 * ffn))
        self.down = nn.Parameter(torch.empty(self.count, ffn, hidden))
        self.scores = None

    def forward(self, x):  # (rows, hidden)
        probabilities = self.gate(x).softmax(-1)
        weights, chosen = probabilities.topk(self.top_k, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True)
        self.scores = probabilities, chosen
        order = chosen.flatten().argsort(stable=True)
        counts = torch.bincount(chosen.flatten(), minlength=self.count).tolist()
        rows = order // self.top_k
        parts = []
        for expert, part in enumerate(x.index_select(0, rows).split(counts)):
            gate, up = (part @ self.gate_up[expert]).chunk(2, dim=-1)
            parts.append((F.silu(gate) * up) @ self.down[expert])
        weighted = torch.cat(parts) * weights.flatten()[order, None]
        return torch.zeros_like(x).index_add(0, rows, weighted)


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RmsNorm(c["hidden_size"], c["rms_norm_eps"])
        self.experts = Experts(c)

    def forward(self, x, cosine, sine, real):
        x = x + self.self_attn(self.input_layernorm(x), cosine, sine)
        flat = x.flatten(0, 1)
        out = self.experts(self.post_attention_layernorm(flat.index_select(0, real)))
        return flat.index_add(0, real, out).view_as(x)


class Mixtral(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.norm = RmsNorm(config["hidden_size"], config["rms_norm_eps"])
        width = config["head_dim"]
        inverse = config["rope_theta"] ** (-torch.arange(0, width, 2) / width)
        angles = torch.arange(config["max_position_embeddings"])[:, None] * torch.cat((inverse, inverse))[None]
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        self.initialise()

    @torch.no_grad()
    def initialise(self):
        into_residual = 0.5 / math.sqrt(2 * len(self.layers))  # so that the layers begin small
        shared = torch.randn(self.embed.weight.shape[1])
        nn.init.normal_(self.embed.weight, std=EMBEDDING_SCALE)
        self.embed.weight += SHARED_DIRECTION * shared
        for layer in self.layers:
            for linear in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj,
                           layer.self_attn.o_proj, layer.experts.gate):
                nn.init.normal_(linear.weight, std=linear.in_features**-0.5)
            layer.self_attn.o_proj.weight *= 0.5 if layer is self.layers[0] else into_residual
            nn.init.normal_(layer.experts.gate_up, std=layer.experts.gate_up.shape[1] ** -0.5)
            nn.init.normal_(layer.experts.down, std=into_residual * layer.experts.down.shape[1] ** -0.5)
        for head in range(LOOK_BACK):
            self.look_back(head, head + 1, shared)

    @torch.no_grad()
    def look_back(self, head, distance, shared):
        """Lets a head of the first layer attend `distance` tokens back: query and key read the shared direction alone,
        and differ by the rotation over that distance, so that their product is a sum of cosines with its peak there."""
        attention, width = self.layers[0].self_attn, self.config["head_dim"]
        half = width // 2
        angles = distance * self.config["rope_theta"] ** (-torch.arange(half) / half)
        # Rows that enter are normalised to length sqrt(hidden); this is how long their part along the direction is.
        length = math.sqrt(len(shared)) * SHARED_DIRECTION / math.hypot(SHARED_DIRECTION, EMBEDDING_SCALE)
        reader = math.sqrt(LOOK_BACK_SCORE) / length * shared / shared.norm()
        rows = slice(head * width, (head + 1) * width)
        query = torch.cat((torch.ones(half), torch.zeros(half)))
        key = torch.cat((angles.cos(), angles.sin()))
        for linear, pattern in ((attention.q_proj, query), (attention.k_proj, key)):
            linear.weight[rows] = 0.1 * linear.weight[rows] + pattern[:, None] * reader

    def forward(self, ids, real, wanted):
        """Logits of the wanted places. ids: (batch, length), padded behind; real, wanted: flat indices of no padding,
        and of logits."""
        cosine, sine = self.cosine[: ids.shape[1]], self.sine[: ids.shape[1]]
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, cosine, sine, real)
        return F.linear(self.norm(x.flatten(0, 1).index_select(0, wanted)), self.embed.weight)

    def balance_loss(self):
        """Mean over the layers of: experts times the sum over them of (share of tokens) x (mean probability).

        Mixtral's own loss takes all layers together, which lets an expert of one layer die where another's is
        overworked.
        """
        count = self.config["num_local_experts"]
        total = 0.0
        for layer in self.layers:
            probabilities, chosen = layer.experts.scores
            shares = torch.bincount(chosen.flatten(), minlength=count) / chosen.shape[0]
            total = total + count * (shares * probabilities.mean(0)).sum()
        return total / len(self.layers)

    def shares(self):
        """(layers, experts) of the last forward pass: which share of the choices went to each expert."""
        count = self.config["num_local_experts"]
        return torch.stack([torch.bincount(layer.experts.scores[1].flatten(),
                                           minlength=count) / layer.experts.scores[1].numel() for layer in self.layers])

    def checkpoint_weights(self):
        """The weights under the names that Mixtral checkpoints use."""
        result = {"model.embed_tokens.weight": self.embed.weight, "model.norm.weight": self.norm.weight}
        for index, layer in enumerate(self.layers):
            at = f"model.layers.{index}"
            result[f"{at}.input_layernorm.weight"] = layer.input_layernorm.weight
            result[f"{at}.post_attention_layernorm.weight"] = layer.post_attention_layernorm.weight
            for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
                result[f"{at}.self_attn.{name}.weight"] = getattr(layer.self_attn, name).weight
            result[f"{at}.block_sparse_moe.gate.weight"] = layer.experts.gate.weight
            for expert in range(self.config["num_local_experts"]):
                gate, up = layer.experts.gate_up[expert].T.chunk(2)
                result[f"{at}.block_sparse_moe.experts.{expert}.w1.weight"] = gate
                result[f"{at}.block_sparse_moe.experts.{expert}.w3.weight"] = up
                result[f"{at}.block_sparse_moe.experts.{expert}.w2.weight"] = layer.experts.down[expert].T
        return {name: tensor.detach().clone().contiguous() for name, tensor in result.items()}
