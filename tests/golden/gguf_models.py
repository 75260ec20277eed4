"""Small random models, each as a folder of Hugging Face and as the GGUF file that llama.cpp's converter makes of it.

Run:  python tests/golden/gguf_models.py [folder]                   (default: the folder `gguf` beside this script)
      python tests/golden/gguf_models.py --convert FOLDER OUT.gguf  (any folder of these architectures; no tokenizer)
      python tests/golden/gguf_models.py --check FOLDER FILE.gguf   (a file that the toolkit wrote of it, read by gguf)
With: gguf 0.19.0, numpy 2.4.6, Python 3.11; reads text/pieces.json

<name>/, <name>.gguf    mixtral          bfloat16, 3 experts, untied head, a tokenizer of sentence pieces
                        llama            float16, tied head, biases, Llama 3's scaling as `rope_freqs`
                        mistral_window   float32, a window, one key-value head
                        qwen3_moe        bfloat16, 4 experts, gate and up of the experts as one tensor
                        qwen3_next       bfloat16 and float32, linear and full attention, a block that predicts a token
                                         more; in four parts
                        qwen3_next_old   float32, `ssm_in` in the place of `attn_qkv` and `attn_gate`, as many value as
                                         key heads

Names, order of rows and values follow convert_hf_to_gguf.py: rows of queries and keys are permuted for `llama`; norms
of `qwen3next` are stored plus one, `ssm_a` as -exp(A_log), computed in float64 and rounded here, in float32 there.
"""

import json
import struct
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter

HERE = Path(__file__).resolve().parent
STORED = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}
RAW = {"F32": GGMLQuantizationType.F32, "F16": GGMLQuantizationType.F16, "BF16": GGMLQuantizationType.BF16}


# --- safetensors -----------------------------------------------------------------------------------------------------


def write_safetensors(path, tensors):
    """Writes {name: (dtype, array)}; bfloat16 is an array of uint16."""
    header, data = {}, b""
    for name, (dtype, array) in tensors.items():
        offsets = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        data += array.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(folder):
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        file = path.read_bytes()
        size = struct.unpack("<Q", file[:8])[0]
        for name, entry in json.loads(file[8:8 + size]).items():
            if name == "__metadata__":
                continue
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            array = np.frombuffer(file[begin:end], STORED[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = (entry["dtype"], array)
    return tensors


def floats(dtype, array):
    return (array.astype(np.uint32) << 16).view(np.float32) if dtype == "BF16" else array.astype(np.float32)


def to_bfloat16(values):
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


# --- conversion ------------------------------------------------------------------------------------------------------


def permuted(array, heads):
    """Rows of each head as the pairs that are rotated together."""
    rest = array.shape[1:]
    return array.reshape(heads, 2, array.shape[0] // heads // 2, *rest).swapaxes(1, 2).reshape(array.shape)


def grouped(array, config):
    """Rows of in_proj_qkvz as (queries, keys, values) and gates."""
    heads, width = config["linear_num_key_heads"], config["linear_key_head_dim"]
    values = config["linear_num_value_heads"] * config["linear_value_head_dim"] // heads
    groups = array.reshape(heads, 2 * (width + values), -1)
    q, k, v, z = np.split(groups, [width, 2 * width, 2 * width + values], axis=1)
    return np.concatenate([part.reshape(-1, array.shape[1]) for part in (q, k, v)]), z.reshape(-1, array.shape[1])


NAMES = {
    "input_layernorm.weight": "attn_norm.weight", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "block_sparse_moe.gate.weight": "ffn_gate_inp.weight",
    "mlp.gate.weight": "ffn_gate_inp.weight", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
    "mlp.shared_expert.up_proj": "ffn_up_shexp", "mlp.shared_expert.down_proj": "ffn_down_shexp",
    "mlp.shared_expert_gate": "ffn_gate_inp_shexp", "linear_attn.in_proj_ba": "ssm_ba",
    "linear_attn.conv1d": "ssm_conv1d", "linear_attn.A_log": "ssm_a", "linear_attn.dt_bias": "ssm_dt.bias", "linear_attn.norm": "ssm_norm",
    "linear_attn.out_proj": "ssm_out",
}
MODEL_NAMES = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
               "lm_head.weight": "output.weight"}


class Converter:
    def __init__(self, folder, fused_gate_up=False, old=False):
        self.config = json.loads((folder / "config.json").read_text())
        self.tensors = read_safetensors(folder)
        self.fused_gate_up = fused_gate_up
        self.old = old
        self.next = self.config["model_type"] == "qwen3_next"
        self.arch = {"qwen3_moe": "qwen3moe", "qwen3_next": "qwen3next"}.get(self.config["model_type"], "llama")
        self.out = []

    def head_dim(self):
        return self.config.get("head_dim") or self.config["hidden_size"] // self.config["num_attention_heads"]

    def rope(self):
        rope = dict(self.config.get("rope_parameters") or self.config.get("rope_scaling") or {})
        rope.setdefault("rope_theta", self.config.get("rope_theta"))
        return rope

    def parameters(self, writer):
        config, rope = self.config, self.rope()
        writer.add_block_count(config["num_hidden_layers"] + self.beyond())
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_feed_forward_length(config.get("intermediate_size", 0))
        writer.add_head_count(config["num_attention_heads"])
        writer.add_head_count_kv(config.get("num_key_value_heads") or config["num_attention_heads"])
        if rope["rope_theta"] is not None:
            writer.add_rope_freq_base(rope["rope_theta"])
        writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", 1e-6))
        if experts := config.get("num_local_experts", config.get("num_experts")):
            writer.add_expert_count(experts)
            writer.add_expert_used_count(config["num_experts_per_tok"])
        if config.get("head_dim"):
            writer.add_key_length(config["head_dim"])
            writer.add_value_length(config["head_dim"])
        if config.get("sliding_window") and config.get("use_sliding_window", True):
            writer.add_sliding_window(config["sliding_window"])
        writer.add_vocab_size(config["vocab_size"])
        if "moe_intermediate_size" in config:
            writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
        if "norm_topk_prob" in config:
            writer.add_expert_weights_norm(config["norm_topk_prob"])
        part = rope.get("partial_rotary_factor", config.get("partial_rotary_factor", 0.25 if self.next else 1))
        writer.add_rope_dimension_count(int(self.head_dim() * part))
        if not self.next:
            return
        writer.add_expert_shared_feed_forward_length(config["shared_expert_intermediate_size"])
        writer.add_ssm_conv_kernel(config["linear_conv_kernel_dim"])
        writer.add_ssm_state_size(config["linear_key_head_dim"])
        writer.add_ssm_group_count(config["linear_num_key_heads"])
        writer.add_ssm_time_step_rank(config["linear_num_value_heads"])
        writer.add_ssm_inner_size(config["linear_value_head_dim"] * config["linear_num_value_heads"])
        types = config.get("layer_types")
        interval = config.get("full_attention_interval", 4)
        by_interval = ["linear_attention" if (i + 1) % interval else "full_attention" for i in range(len(types or []))]
        if types and types != by_interval:
            writer.add_array("qwen3next.attention.recurrent_layers", [kind == "linear_attention" for kind in types])
        else:
            writer.add_full_attention_interval(interval)
        if self.beyond():
            writer.add_uint32("qwen3next.nextn_predict_layers", self.beyond())

    def beyond(self):
        return int(any(name.startswith("mtp.") for name in self.tensors))

    def add(self, name, dtype, array):
        array = np.squeeze(array) if name.endswith(("conv1d.weight", "inp_shexp.weight")) else array
        single = array.ndim == 1 or name.endswith(("_norm.weight", "ssm_conv1d.weight", "ffn_gate_inp.weight"))
        if single:
            dtype, array = "F32", floats(dtype, array)
        self.out.append((name, dtype, np.ascontiguousarray(array)))

    def layer(self, index, name, dtype, array):
        blk, config = f"blk.{index}.", self.config
        if name == "post_attention_layernorm.weight":
            target = "post_attention_norm.weight" if self.next else "ffn_norm.weight"
        elif name == "linear_attn.in_proj_qkvz.weight":
            if self.old:
                return self.add(blk + "ssm_in.weight", dtype, array)
            qkv, z = grouped(array, config)
            self.add(blk + "attn_qkv.weight", dtype, qkv)
            return self.add(blk + "attn_gate.weight", dtype, z)
        else:
            key = max((k for k in NAMES if name.startswith(k)), key=len)
            target = NAMES[key] + name[len(key):]
        if self.arch == "llama" and target.startswith(("attn_q.", "attn_k.")):
            heads = config["num_attention_heads"]
            array = permuted(array, heads if "_q." in target else config.get("num_key_value_heads") or heads)
        if self.next and name.endswith("norm.weight") and not name.startswith("linear_attn"):
            dtype, array = "F32", floats(dtype, array) + np.float32(1)
        if target == "ssm_a":
            dtype, array = "F32", (-np.exp(floats(dtype, array).astype(np.float64))).astype(np.float32)
        self.add(blk + target, dtype, array)

    def experts(self, index, parts):
        """parts: {w1 | gate_proj ...: {expert: (dtype, array)}}."""
        names = {"w1": "gate", "w3": "up", "w2": "down", "gate_proj": "gate", "up_proj": "up", "down_proj": "down"}
        stacked = {}
        for part, by_expert in parts.items():
            dtype = by_expert[0][0]
            stacked[names[part]] = (dtype, np.stack([by_expert[e][1] for e in range(len(by_expert))]))
        if self.fused_gate_up:
            gate, up = stacked.pop("gate"), stacked.pop("up")
            stacked["gate_up"] = (gate[0], np.concatenate([gate[1], up[1]], axis=1))
        for part, (dtype, array) in stacked.items():
            self.add(f"blk.{index}.ffn_{part}_exps.weight", dtype, array)

    def convert(self):
        rope = self.rope()
        if rope.get("rope_type") == "llama3":
            self.out.append(("rope_freqs.weight", "F32", llama3_factors(rope, self.head_dim())))
        experts = {}
        for name, (dtype, array) in self.tensors.items():
            if name.startswith("mtp."):
                layers = self.config["num_hidden_layers"]
                self.add(f"blk.{layers}.nextn.{name[4:].replace('fc', 'eh_proj')}", dtype, array)
            elif name in MODEL_NAMES:
                if self.next and name == "model.norm.weight":
                    dtype, array = "F32", floats(dtype, array) + np.float32(1)
                self.add(MODEL_NAMES[name], dtype, array)
            else:
                _, _, index, rest = name.split(".", 3)
                if ".experts.gate_up_proj" in name or ".experts.down_proj" in name:
                    half = array.shape[1] // 2
                    slices = {"gate_proj": array[:, :half], "up_proj": array[:, half:]} if "gate_up" in name else \
                        {"down_proj": array}
                    for part, slice_ in slices.items():
                        experts.setdefault(index, {})[part] = {e: (dtype, slice_[e]) for e in range(len(slice_))}
                elif ".experts." in name:
                    _, expert, part, _ = rest[rest.index("experts"):].split(".")
                    experts.setdefault(index, {}).setdefault(part, {})[int(expert)] = (dtype, array)
                else:
                    self.layer(index, rest, dtype, array)
        for index, parts in experts.items():
            self.experts(index, parts)
        return self.out


def llama3_factors(rope, head_dim):
    factors = []
    for i in range(0, head_dim, 2):
        wavelength = 2 * np.pi * rope["rope_theta"] ** (i / head_dim)
        original, low, high = (rope[key] for key in ("original_max_position_embeddings", "low_freq_factor",
                                                     "high_freq_factor"))
        if wavelength < original / high:
            factors.append(1)
        elif wavelength > original / low:
            factors.append(rope["factor"])
        else:
            smooth = (original / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def convert(folder, path, tokenizer=None, split=0, **options):
    converter = Converter(folder, **options)
    writer = GGUFWriter(path, converter.arch, split_max_tensors=split)
    writer.add_name(folder.name)
    converter.parameters(writer)
    if tokenizer is not None:
        tokenizer(writer)
    for name, dtype, array in converter.convert():
        if dtype == "BF16":
            array = array.view(np.uint8).reshape(*array.shape[:-1], 2 * array.shape[-1])
        writer.add_tensor(name, array, raw_dtype=RAW[dtype])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# --- small models ----------------------------------------------------------------------------------------------------


def sizes_of(config):
    """{name: shape} of the checkpoint, and the names that are norms."""
    hidden, kind = config["hidden_size"], config["model_type"]
    heads, kv = config["num_attention_heads"], config["num_key_value_heads"]
    width = config.get("head_dim") or hidden // heads
    vocabulary = config["vocab_size"]
    out = {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
    if not config["tie_word_embeddings"]:
        out["lm_head.weight"] = (vocabulary, hidden)
    for i in range(config["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        out[layer + "input_layernorm.weight"] = (hidden,)
        out[layer + "post_attention_layernorm.weight"] = (hidden,)
        if config.get("layer_types", [""] * 99)[i] == "linear_attention":
            key = config["linear_num_key_heads"] * config["linear_key_head_dim"]
            value_heads = config["linear_num_value_heads"]
            values = value_heads * config["linear_value_head_dim"]
            linear = layer + "linear_attn."
            out.update({linear + "in_proj_qkvz.weight": (2 * key + 2 * values, hidden),
                        linear + "in_proj_ba.weight": (2 * value_heads, hidden),
                        linear + "conv1d.weight": (2 * key + values, 1, config["linear_conv_kernel_dim"]),
                        linear + "A_log": (value_heads,), linear + "dt_bias": (value_heads,),
                        linear + "norm.weight": (config["linear_value_head_dim"],),
                        linear + "out_proj.weight": (hidden, values)})
        else:
            queries = heads * width * (2 if kind == "qwen3_next" else 1)
            attention = layer + "self_attn."
            rows = {"q": queries, "k": kv * width, "v": kv * width}
            for part, size in rows.items():
                out[f"{attention}{part}_proj.weight"] = (size, hidden)
            out[attention + "o_proj.weight"] = (hidden, heads * width)
            if config.get("attention_bias"):
                for part, size in {**rows, "o": hidden}.items():
                    out[f"{attention}{part}_proj.bias"] = (size,)
            if kind.startswith("qwen3"):
                out[attention + "q_norm.weight"] = out[attention + "k_norm.weight"] = (width,)
        experts = config.get("num_local_experts", config.get("num_experts", 0))
        ffn = config.get("moe_intermediate_size", config["intermediate_size"])
        if not experts:
            for part, shape in {"gate": (ffn, hidden), "up": (ffn, hidden), "down": (hidden, ffn)}.items():
                out[f"{layer}mlp.{part}_proj.weight"] = shape
            continue
        block, parts = ("block_sparse_moe", ("w1", "w3", "w2")) if kind == "mixtral" else \
            ("mlp", ("gate_proj", "up_proj", "down_proj"))
        out[f"{layer}{block}.gate.weight"] = (experts, hidden)
        for e in range(experts):
            for part, shape in zip(parts, ((ffn, hidden), (ffn, hidden), (hidden, ffn))):
                out[f"{layer}{block}.experts.{e}.{part}.weight"] = shape
        if kind == "qwen3_next":
            shared = config["shared_expert_intermediate_size"]
            out[layer + "mlp.shared_expert_gate.weight"] = (1, hidden)
            for part, shape in {"gate": (shared, hidden), "up": (shared, hidden), "down": (hidden, shared)}.items():
                out[f"{layer}mlp.shared_expert.{part}_proj.weight"] = shape
    return out


def write_folder(folder, config, dtype, seed, mtp=False):
    random = np.random.default_rng(seed)
    sizes = sizes_of(config)
    if mtp:
        hidden = config["hidden_size"]
        sizes.update({"mtp.fc.weight": (hidden, 2 * hidden), "mtp.norm.weight": (hidden,)})
    tensors = {}
    for name, shape in sizes.items():
        scale = 1 if "embed" in name else 2 / np.sqrt(shape[-1])
        values = random.standard_normal(shape) * scale
        if name.endswith("norm.weight"):
            values = values * 0.3 + (0 if config["model_type"] == "qwen3_next" and "linear_attn" not in name else 1)
        kept = "F32" if name.endswith("A_log") else dtype
        stored = to_bfloat16(values) if kept == "BF16" else values.astype(STORED[kept])
        tensors[name] = (kept, stored)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    write_safetensors(folder / "model.safetensors", tensors)


def config_of(kind, **fields):
    names = {"mixtral": "Mixtral", "llama": "Llama", "mistral": "Mistral", "qwen3_moe": "Qwen3Moe",
             "qwen3_next": "Qwen3Next"}
    return {"architectures": [names[kind] + "ForCausalLM"], "model_type": kind, "hidden_size": 16,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 24, "vocab_size": 48,
            "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": False, "bos_token_id": None,
            "eos_token_id": None, "hidden_act": "silu", **fields}


def next_config(**fields):
    return config_of("qwen3_next", head_dim=8, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=12,
                     shared_expert_intermediate_size=8, norm_topk_prob=True, linear_num_key_heads=2,
                     linear_key_head_dim=4, linear_value_head_dim=4, linear_conv_kernel_dim=3,
                     rope_parameters={"rope_type": "default", "rope_theta": 1e7, "partial_rotary_factor": 0.5},
                     **fields)


def piece_tokenizer(writer):
    """The first pieces of text/pieces.json: special ones, bytes, and some merges."""
    pieces = json.loads((HERE / "text" / "pieces.json").read_text())
    count = 320
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces["tokens"][:count])
    writer.add_token_scores(pieces["scores"][:count])
    writer.add_token_types(pieces["types"][:count])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_eot_token_id(3)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{{ bos_token }}{% for message in messages %}{{ message['content'] }}{% endfor %}")


def write_models(folder):
    rope = {"rope_type": "default", "rope_theta": 1e6}
    linear, full = "linear_attention", "full_attention"
    models = {
        "mixtral": (config_of("mixtral", num_local_experts=3, num_experts_per_tok=2, vocab_size=320, bos_token_id=1,
                              eos_token_id=[2, 3], rope_parameters=rope), "BF16", {"tokenizer": piece_tokenizer}),
        "llama": (config_of("llama", tie_word_embeddings=True, attention_bias=True, head_dim=8, rope_parameters={
            "rope_type": "llama3", "rope_theta": 1e2, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32}), "F16", {}),
        "mistral_window": (config_of("mistral", sliding_window=5, num_key_value_heads=1, rope_parameters=rope), "F32",
                           {}),
        "qwen3_moe": (config_of("qwen3_moe", head_dim=6, num_experts=4, num_experts_per_tok=3, moe_intermediate_size=12,
                                norm_topk_prob=True, rope_parameters=rope), "BF16", {"fused_gate_up": True}),
        "qwen3_next": (next_config(num_hidden_layers=4, linear_num_value_heads=4, full_attention_interval=2,
                                   layer_types=[linear, full, linear, full]), "BF16", {"split": 20}),
        "qwen3_next_old": (next_config(num_hidden_layers=3, linear_num_value_heads=2,
                                       layer_types=[full, linear, linear]), "F32", {"old": True}),
    }
    for seed, (name, (config, dtype, options)) in enumerate(models.items()):
        write_folder(folder / name, config, dtype, seed, mtp=name == "qwen3_next")
        for old in folder.glob(f"{name}*.gguf"):
            if old.name == f"{name}.gguf" or "-of-" in old.name and old.name.startswith(name + "-"):
                old.unlink()
        convert(folder / name, folder / f"{name}.gguf", **options)


def check(folder, path):
    """Holds a file that the toolkit wrote against what is made of the folder here."""
    expected = {name: (dtype, array) for name, dtype, array in Converter(folder).convert() if ".nextn." not in name}
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    assert tensors.keys() == expected.keys(), tensors.keys() ^ expected.keys()
    for name, (dtype, array) in expected.items():
        tensor = tensors[name]
        assert tensor.tensor_type == RAW[dtype], name
        assert list(reversed(tensor.shape.tolist())) == list(array.shape), name
        assert tensor.data.tobytes() == array.tobytes(), name
    print(f"{path}: {len(tensors)} tensors as expected")


def main():
    if sys.argv[1:2] == ["--convert"]:
        return convert(Path(sys.argv[2]), Path(sys.argv[3]))
    if sys.argv[1:2] == ["--check"]:
        return check(Path(sys.argv[2]), Path(sys.argv[3]))
    write_models(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "gguf")


if __name__ == "__main__":
    main()
