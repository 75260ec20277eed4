#!/usr/bin/env python3
"""Writes a Mixtral-shaped GGUF file with random weights, for measuring programs of the llama.cpp family on the shapes
of model_bench.

Every matrix is stored in one format of ggml, embedding and output head too; norms and routers are float32. Codes are
random bits and scales are chosen so that the weights are spread as model_bench spreads them: activations keep their
size through all layers, and the router sends tokens to all experts. The tokens are numbers: such a model answers
nothing that makes sense.
"""
import argparse
import math
import os
import pathlib
import sys

try:
    import gguf
    import numpy
except ImportError as error:
    sys.exit(f"error: {error}; install it by: python3 -m pip install gguf numpy")

EPILOG = """\
examples:
  make_gguf.py m_q4_0.gguf                          shape m of model_bench, 3.4 GB
  make_gguf.py --type q8_0 --layers 8 half.gguf
  make_gguf.py --hidden 64 --ffn 128 --layers 2 --heads 4 --kv-heads 2 --vocabulary 512 --experts 4 tiny.gguf

The file is written beside its place and moved there at the end: an interrupted run leaves no half file under its name.
Needs the packages gguf and numpy.
"""

KVALUES_IQ4_NL = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]


def spread(values):
    """The deviation of what random codes stand for, around 0."""
    return math.sqrt(sum(value * value for value in values) / len(values))


# Format -> bytes of the codes of a block of 32 behind its float16 scale, deviation of the codes.
FORMATS = {
    "q4_0": (16, spread(range(-8, 8))),
    "iq4_nl": (16, spread(KVALUES_IQ4_NL)),
    "q8_0": (32, spread(range(-128, 128))),
}
BLOCK = 32


class Matrix:
    """A tensor of random weights in a format of blocks."""

    def __init__(self, name, shape, deviation, kind):
        self.name, self.deviation, self.kind = name, deviation, kind
        self.codes, self.unit = FORMATS[kind]
        self.shape = (*shape[:-1], shape[-1] // BLOCK * (2 + self.codes))

    def add(self, writer):
        writer.add_tensor_info(self.name, self.shape, numpy.dtype(numpy.uint8), math.prod(self.shape),
                               raw_dtype=gguf.GGMLQuantizationType[self.kind.upper()])

    def values(self, random):
        blocks = math.prod(self.shape) // (2 + self.codes)
        out = numpy.empty((blocks, 2 + self.codes), numpy.uint8)
        # Of either sign: codes have a mean below 0, and a common mean would make all tokens alike in deep layers.
        scales = self.deviation / self.unit * (0.8 + 0.4 * random.random(blocks, numpy.float32))
        scales[random.random(blocks, numpy.float32) < 0.5] *= -1
        out[:, :2] = scales.astype("<f2").view(numpy.uint8).reshape(blocks, 2)
        out[:, 2:] = numpy.frombuffer(random.bytes(blocks * self.codes), numpy.uint8).reshape(blocks, self.codes)
        return out.reshape(self.shape)


class Floats:
    """A tensor in float32: normal values, or ones where the deviation is 0."""

    def __init__(self, name, shape, deviation=0.0):
        self.name, self.shape, self.deviation = name, shape, deviation

    def add(self, writer):
        writer.add_tensor_info(self.name, self.shape, numpy.dtype(numpy.float32), 4 * math.prod(self.shape))

    def values(self, random):
        if self.deviation == 0:
            return numpy.ones(self.shape, numpy.float32)
        return numpy.float32(self.deviation) * random.standard_normal(self.shape, numpy.float32)


def tensors(shape):
    """All tensors of the model. Deviations are 1 over the root of the columns; what is added to the residual stream is
    scaled down by the root of the summands, as GPT-2 begins."""
    kind, hidden, ffn = shape.type, shape.hidden, shape.ffn
    heads, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    summand = 1 / math.sqrt(2 * shape.layers)

    def matrix(name, sizes, factor=1.0):
        return Matrix(f"{name}.weight", sizes, factor / math.sqrt(sizes[-1]), kind)

    yield Matrix("token_embd.weight", (shape.vocabulary, hidden), 1.0, kind)
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        yield Floats(f"{block}.attn_norm.weight", (hidden,))
        yield matrix(f"{block}.attn_q", (heads, hidden))
        yield matrix(f"{block}.attn_k", (keys, hidden))
        yield matrix(f"{block}.attn_v", (keys, hidden))
        yield matrix(f"{block}.attn_output", (hidden, heads), summand)
        yield Floats(f"{block}.ffn_norm.weight", (hidden,))
        yield Floats(f"{block}.ffn_gate_inp.weight", (shape.experts, hidden), 1 / math.sqrt(hidden))
        yield matrix(f"{block}.ffn_gate_exps", (shape.experts, ffn, hidden))
        yield matrix(f"{block}.ffn_up_exps", (shape.experts, ffn, hidden))
        yield matrix(f"{block}.ffn_down_exps", (shape.experts, hidden, ffn), summand)
    yield Floats("output_norm.weight", (hidden,))
    yield matrix("output", (shape.vocabulary, hidden))


def add_vocabulary(writer, size):
    """The smallest one that loads: the unknown token, begin, end, all bytes, and numbers."""
    control, byte, normal = gguf.TokenType.CONTROL, gguf.TokenType.BYTE, gguf.TokenType.NORMAL
    tokens = [("<unk>", gguf.TokenType.UNKNOWN), ("<s>", control), ("</s>", control)]
    tokens += [(f"<0x{value:02X}>", byte) for value in range(256)]
    tokens += [(f"\u2581token{number}", normal) for number in range(len(tokens), size)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _ in tokens])
    writer.add_token_scores([-float(number) for number in range(len(tokens))])
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def write(path, shape):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"random weights, seed {shape.seed}")
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{shape.type.upper()}"])
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_expert_count(shape.experts)
    writer.add_expert_used_count(shape.top_k)
    writer.add_vocab_size(shape.vocabulary)
    add_vocabulary(writer, shape.vocabulary)

    everything = list(tensors(shape))
    for tensor in everything:
        tensor.add(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    random = numpy.random.Generator(numpy.random.SFC64(shape.seed))
    for number, tensor in enumerate(everything, 1):
        writer.write_tensor_data(tensor.values(random))
        if not shape.quiet:
            print(f"\r{number} of {len(everything)} tensors  {tensor.name:34}", end="", file=sys.stderr, flush=True)
    writer.close()
    if not shape.quiet:
        print(file=sys.stderr)


def checked(parser, shape):
    shape.head_dim = shape.head_dim or shape.hidden // shape.heads
    for name in ("hidden", "ffn", "layers", "heads", "kv_heads", "head_dim", "experts", "top_k", "context"):
        if getattr(shape, name) < 1:
            parser.error(f"--{name.replace('_', '-')} has to be at least 1")
    for name, value in (("hidden", shape.hidden), ("ffn", shape.ffn),
                        ("heads * head-dim", shape.heads * shape.head_dim)):
        if value % BLOCK != 0:
            parser.error(f"{name} is {value}, which is not a multiple of {BLOCK}, the block of the formats")
    if shape.heads % shape.kv_heads != 0 or shape.head_dim % 2 != 0:
        parser.error("the KV heads have to divide the heads, and the width of a head has to be even")
    if shape.top_k > shape.experts:
        parser.error(f"no {shape.top_k} of {shape.experts} experts can be chosen")
    if shape.vocabulary < 259:
        parser.error("--vocabulary has to be at least 259: three special tokens and all bytes")
    if not shape.file.parent.is_dir():
        parser.error(f"there is no folder {shape.file.parent}")
    return shape


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path, help="the GGUF file to write")
    parser.add_argument("--type", choices=FORMATS, default="q4_0", help="format of all matrices (default: q4_0)")
    parser.add_argument("--hidden", type=int, default=2048, help="width of the residual stream (default: 2048)")
    parser.add_argument("--ffn", type=int, default=7168, help="width inside an expert (default: 7168)")
    parser.add_argument("--layers", type=int, default=16, help="decoder blocks (default: 16)")
    parser.add_argument("--heads", type=int, default=16, help="query heads (default: 16)")
    parser.add_argument("--kv-heads", type=int, default=4, help="key/value heads (default: 4)")
    parser.add_argument("--head-dim", type=int, default=0, help="width of a head (default: hidden / heads)")
    parser.add_argument("--vocabulary", type=int, default=32000, help="tokens (default: 32000)")
    parser.add_argument("--experts", type=int, default=8, help="experts of a layer (default: 8)")
    parser.add_argument("--top-k", type=int, default=2, help="experts that a token is sent to (default: 2)")
    parser.add_argument("--context", type=int, default=4096, help="context length that the file names (default: 4096)")
    parser.add_argument("--seed", type=int, default=1, help="of all weights (default: 1)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    shape = checked(parser, parser.parse_args())
    part = shape.file.with_name(shape.file.name + ".part")
    try:
        write(part, shape)
        os.replace(part, shape.file)
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: nothing was written")
    except OSError as error:
        sys.exit(f"error: {error}")
    finally:
        part.unlink(missing_ok=True)
    print(f"{shape.file}: {shape.file.stat().st_size / 1e9:.3f} GB")


if __name__ == "__main__":
    main()
