"""The demonstration checkpoint: a random bfloat16 Mixtral with a tokenizer of Mixtral's kind, and what is expected of
both.

Run:  python tests/golden/demo_checkpoint.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, tokenizers 0.23.3, bitsandbytes 0.50.2 (CPU), safetensors 0.8.0, numpy 2.4.6,
jinja2 3.1.6, Python 3.11

Writes models/demo/, expected/demo.safetensors (the names of model_logits.py, and `nf4_logits_33`: the logits of
prompt_33 when attention and experts are NF4 with double quantisation in blocks of 64) and expected/demo.json (texts and
their token ids, token ids and their text, conversations as the chat template renders them). The expected logits are
float32 arithmetic on the bfloat16 weights.
"""

import json
import shutil
from pathlib import Path

import bnb_checkpoints
import reference
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

VOCABULARY = 700
SEED = 71
SPECIAL = ["<unk>", "<s>", "</s>"]
SPACE = "\u2581"

# The template first released with Mixtral-8x7B-Instruct-v0.1: readers compare it with the published string.
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}"
    "{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}"
    "{{ message['content'] + eos_token }}"
    "{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}"
    "{% endif %}"
    "{% endfor %}"
)

TEXTS = [
    "",
    " ",
    "a",
    "The router chooses two experts.",
    "  two leading spaces, and two at the end  ",
    "line one\nline two\ttabbed",
    "What is a mixture of experts?",
    "café, naïve, Bär, 東京, 🌟🌟",
    "14336 / 4096 = 3.5",
    "<s>[INST] Which expert? [/INST]",
    "before</s>after",
    "nothing<unk>known",
    "a▁b",
    "\u0000\u007f\u0080",
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
]

IDS = [
    [1, 2, 0],
    [3 + 0xE6, 3 + 0x9D, 3 + 0xB1],
    [3 + 0xE6, 3 + 0x9D],
    [1, 3 + 0x20, 3 + 0x20, 300, 301],
    [3 + 0xFF, 310, 3 + 0xC3, 3 + 0xA9, 320],
    list(range(259, 299)),
]

CONVERSATIONS = [
    [{"role": "user", "content": "How many experts are there?"}],
    [
        {"role": "user", "content": "How many experts are there?"},
        {"role": "assistant", "content": "Eight."},
        {"role": "user", "content": "Which of them answer?"},
    ],
    [
        {"role": "user", "content": "Hello \"there\""},
        {"role": "assistant", "content": "Two lines:\nhere."},
    ],
]

CARD = """\
# Demonstration checkpoint

A Mixtral of {parameters} parameters (hidden 128, 3 layers, 8 experts top-2 of width 192, 4 heads on 2 key-value heads,
vocabulary {vocabulary}) in bfloat16. **Its weights are random: it has learnt nothing, and what it writes means nothing.** It serves to
run the tests end to end, on files of the same layout as the published models. `examples/small_mixtral` has one that was
trained.

Made by `tests/golden/demo_checkpoint.py`; `tests/golden/expected/demo.safetensors` holds the logits and tokens expected of
it.

- `model.safetensors`, `config.json`, `generation_config.json`: written by transformers.
- `tokenizer.json`: BPE with byte fallback, trained by `tokenizers` on `tests/golden/demo_text.txt`, an original text.
  Normaliser, post-processor, decoder and the order of the ids are those of Mixtral's tokenizer.
- The chat template in `tokenizer_config.json` is the one first released with Mixtral-8x7B-Instruct-v0.1:
  `<s>[INST] question [/INST]answer</s>`.
"""


def train_tokenizer(lines):
    """A tokenizer in the layout of Mixtral's: special tokens, bytes, merged pieces in the order of their merges,
    characters.

    The trainer sees words that begin with the space mark, so that no piece holds one in its middle; the tokenizer
    itself needs no such split, because no merge crosses it.
    """
    teacher = Tokenizer(models.BPE())
    teacher.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always", split=True)
    base = SPECIAL + [f"<0x{byte:02X}>" for byte in range(256)]
    teacher.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=VOCABULARY - len(base), show_progress=False))
    characters = sorted(token for token in teacher.get_vocab() if len(token) == 1)
    merges = [tuple(merge) for merge in json.loads(teacher.to_str())["model"]["merges"]]
    pieces = list(dict.fromkeys(left + right for left, right in merges))
    vocabulary = {token: index for index, token in enumerate(base + pieces + characters)}
    assert len(vocabulary) == len(base) + len(pieces) + len(characters)

    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True,
                                     byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)
    ])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


def write_tokenizer(folder, tokenizer):
    """tokenizer.json, tokenizer_config.json and special_tokens_map.json in the style of Mixtral-Instruct."""
    tokenizer.save(str(folder / "tokenizer.json"), pretty=True)
    plain = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    reference.write_json(folder / "tokenizer_config.json", {
        "add_bos_token": True,
        "add_eos_token": False,
        "added_tokens_decoder": {str(index): {"content": token, "special": True, **plain}
                                 for index, token in enumerate(SPECIAL)},
        "additional_special_tokens": [],
        "bos_token": "<s>",
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "legacy": True,
        "model_max_length": 512,
        "pad_token": None,
        "sp_model_kwargs": {},
        "spaces_between_special_tokens": False,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "use_default_system_prompt": False,
    })
    reference.write_json(folder / "special_tokens_map.json", {
        key: {"content": token, **plain}
        for key, token in (("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"))
    })


def text_cases(folder, tokenizer):
    """Encodings, decodings and rendered conversations; the tokenizer as transformers loads it must agree."""
    loaded = AutoTokenizer.from_pretrained(folder)
    encoded, decoded, chats = [], [], []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        assert ids == loaded(text)["input_ids"], text
        encoded.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    for ids in IDS:
        decoded.append({"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=True),
                        "text_with_special": tokenizer.decode(ids, skip_special_tokens=False)})
    for messages in CONVERSATIONS:
        text = loaded.apply_chat_template(messages, tokenize=False)
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert ids == list(loaded.apply_chat_template(messages, tokenize=True)["input_ids"])
        chats.append({"messages": messages, "text": text, "ids": ids})
    return {"encoded": encoded, "decoded": decoded, "chats": chats}


def main():
    root = reference.output_folder()
    folder = root / "models" / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = (Path(__file__).resolve().parent / "demo_text.txt").read_text(encoding="utf-8").splitlines()
    tokenizer = train_tokenizer(lines)
    vocabulary = tokenizer.get_vocab_size()
    configuration = reference.config(
        hidden_size=128, intermediate_size=192, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        head_dim=32,
        num_local_experts=8, num_experts_per_tok=2, vocab_size=vocabulary,
    )
    reference.lively_model(configuration, SEED).to(torch.bfloat16).save_pretrained(folder)
    write_tokenizer(folder, tokenizer)

    model = reference.load(folder)
    (folder / "README.md").write_text(
        CARD.format(parameters=f"{model.num_parameters():,}".replace(",", " "), vocabulary=vocabulary), encoding="utf-8"
    )
    _, plain = bnb_checkpoints.quantise_checkpoint(folder, nested=True)
    quantised = bnb_checkpoints.load_tensors(folder, plain)
    tensors, gaps, largest = reference.expected_tensors(model, SEED, also_clear_for=[quantised])
    logits, _ = reference.forward(quantised, tensors["prompt_33"].to(torch.int64)[None])
    tensors["nf4_logits_33"] = logits[0]
    difference = reference.check_attention(folder, tensors)
    reference.write_expected(root, "demo", tensors)
    reference.write_json(root / "expected" / "demo.json", text_cases(folder, tokenizer))
    moved = float((logits[0] - tensors["logits_33"]).abs().max())
    reference.report("demo", gaps, largest, f"sdpa differs by {difference:.1e}, NF4 moves logits by up to {moved:.2f}")


if __name__ == "__main__":
    main()
