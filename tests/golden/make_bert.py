"""Golden values of a small random BERT in a folder of sentence-transformers: ids, texts and vectors.

    python tests/golden/make_bert.py [folder]

Needs torch, transformers 5.24.0, tokenizers 0.23.3, sentence-transformers 6.2.0 (no network). Deterministic. Writes

    models/bert/           config.json, tokenizer.json (WordPiece, of the words of text_tokenizers.py's corpus),
                           model.safetensors (2 layers, 4 heads, float32), modules.json and what it names
    expected/bert.json     texts; for each: ids, their text, and the vector of at most 48 tokens; what BertNormalizer
                           makes of them under other settings, and of characters; and the first numbers of the
                           vectors that all-MiniLM-L6-v2 has, where ASTERISM_MINILM names its folder (else as they
                           were)
"""

import collections
import json
import os
import re
import sys
import tempfile
import unicodedata
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
CORPUS = re.search(r'CORPUS = """(.*?)"""', (HERE / "text_tokenizers.py").read_text(), re.S).group(1).split("\n")
VOCABULARY = 700
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

TEXTS = [
    "", " \t\n ", "The quick brown fox jumps over the lazy dog.", "THE QUICK BROWN FOX", "the the the",
    "Salt Dancer guard 6", "Rule 140.1a allies add strength.", "I don't know what you've done, isn't it?!",
    "Le café est prêt, là-bas; où êtes-vous allés? Ça va", "cafe\u0301 a\u0323\u0307 \u0307x",
    "Die Straße ist naß; ÜBER den Dächern", "İstanbul ıİ Σίσυφος ΣΑΣ", "Быстрая коричневая лиса, Ёж",
    "今天天气很好,我们一起去公园散步吧。", "漢字カタカナひらがな\u3400\uf900\U00020000\U0002f800", "안녕하세요 세계",
    "مرحبا بالعالم كَتَبَ", "שָׁלוֹם עולם", "नमस्ते दुनिया", "นี่คือการทดสอบ", "a\u200db\u00adc\u200bd\ufeffe\u2060",
    "\U0001F642 \U0001F468\u200D\U0001F469\u200D\U0001F467 \U0001F970", "a\u0000b\u0001c\u001fd\u007fe\u0085f\u009fg",
    "one\ttwo\r\nthree\u00a0four\u2003five\u3000six\u2028seven", "\ufffd \ufffda", "\ue000 private \U0010fffd",
    "x" * 100, "x" * 101, "the" * 34, "experts" + "é" * 94, "a" + "\u0301" * 120 + "b", "word " * 60,
    "the experts of the model " + "z" * 150 + " rest in slower memory until they are needed " * 4,
    "[CLS] [SEP] [MASK] [PAD] [UNK]", "a[SEP]b", "[ CLS ] [cls]", "...", "#hash ##tag $5 ^a` |b~ <c> = +d",
    "“quoted” – dashed — «guillemets» ¿qué? ¡no! § ¶ † ‰ 、。", "①② ½ ² ™ ﬁ Ⅷ Ａ", "3.14159 is near pi, 1,000,000 0x1F",
]
NORMALIZERS = [
    {}, {"lowercase": False}, {"strip_accents": False}, {"lowercase": False, "strip_accents": True},
    {"clean_text": False}, {"handle_chinese_chars": False},
]


def vocabulary():
    """All characters of the corpus, and what words most often begin with and go on with: training would break ties
    between tokens by chance."""
    cut, normal = pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer()
    words = [word for line in CORPUS for word, _ in cut.pre_tokenize_str(normal.normalize_str(line))]
    counts = collections.Counter()
    for word in words:
        for first in range(len(word)):
            for last in range(first + 1, min(len(word), first + 8) + 1):
                counts[("##" if first else "") + word[first:last]] += 1
    single = sorted(token for token in counts if len(token.removeprefix("##")) == 1)
    longer = sorted(counts.keys() - set(single), key=lambda token: (-counts[token] * len(token), token))
    return {token: i for i, token in enumerate([*SPECIAL, *single, *longer][:VOCABULARY])}


def make_tokenizer():
    tokenizer = Tokenizer(models.WordPiece(vocabulary(), unk_token="[UNK]"))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.enable_truncation(16)  # overridden by sentence-transformers, as in published files
    tokenizer.enable_padding(length=16)
    return tokenizer


def lively_bert(tokens):
    """Weights far from their usual start, so that every part of the network shows in the vectors."""
    torch.manual_seed(7)
    model = BertModel(BertConfig(vocab_size=tokens, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                 intermediate_size=80, max_position_embeddings=64, layer_norm_eps=1e-3))
    for name, weight in model.named_parameters():
        if name.endswith("LayerNorm.weight"):
            weight.data = 1 + 0.3 * torch.randn(weight.shape)
        elif name.endswith("bias"):
            weight.data = 0.3 * torch.randn(weight.shape)
        elif "embeddings" in name:
            weight.data = 0.05 * torch.randn(weight.shape)  # so small that a wrong epsilon shows
        else:
            weight.data = 1.5 / weight.shape[1] ** 0.5 * torch.randn(weight.shape)
    return model.eval()


def runs(characters):
    """First and last of each run of neighbours, one after the other."""
    out = []
    for c in characters:
        if out and out[-1] == c - 1:
            out[-1] = c
        else:
            out += [c, c]
    return out


def classes():
    """Characters of Unicode 3.2 that are what they were then, by what BertNormalizer does with them: its tables know no
    newer marks than those of Unicode 8."""
    alone = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    old = unicodedata.ucd_3_2_0.category
    assigned = [c for c in range(0x110000) if old(chr(c)) not in ("Cn", "Cs")
                and old(chr(c)) == unicodedata.category(chr(c))]

    def members(setting, is_member):
        normal = normalizers.BertNormalizer(**{**alone, setting: True})
        return runs(c for c in assigned if is_member(chr(c), normal.normalize_str(chr(c))))

    return {"assigned": runs(assigned), "removed": members("clean_text", lambda c, made: made == ""),
            "marks": members("strip_accents", lambda c, made: made == ""),
            "ideographs": members("handle_chinese_chars", lambda c, made: made != c)}


def minilm_vectors():
    """The first numbers of some vectors of all-MiniLM-L6-v2, whose weights are not part of the repository."""
    if "ASTERISM_MINILM" not in os.environ:
        return json.loads((HERE / "expected" / "bert.json").read_text())["minilm"]
    texts = [text for text in TEXTS if "\0" not in text][::3]
    vectors = SentenceTransformer(os.environ["ASTERISM_MINILM"], device="cpu").encode(texts)
    return [{"text": text, "vector": [round(float(value), 7) for value in vector[:24]]}
            for text, vector in zip(texts, vectors)]


def main():
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    folder = OUT / "models" / "bert"
    tokenizer = make_tokenizer()
    with tempfile.TemporaryDirectory() as work:
        lively_bert(tokenizer.get_vocab_size()).save_pretrained(work)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
                                sep_token="[SEP]", mask_token="[MASK]").save_pretrained(work)
        transformer = Transformer(work, max_seq_length=48)
        encoder = SentenceTransformer(modules=[transformer, Pooling(32, pooling_mode="mean"), Normalize()],
                                      device="cpu")
        encoder.save(str(folder), create_model_card=False)
    (folder / "tokenizer.json").write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False) + "\n",
                                           encoding="utf-8")
    # As published files have it; the release that wrote this one puts the limit into tokenizer_config.json.
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 48, "do_lower_case": false}\n')
    (folder / "model.safetensors").chmod(0o644)

    encoder = SentenceTransformer(str(folder), device="cpu")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vectors = encoder.encode(TEXTS, batch_size=8)
    expected = []
    for text, vector in zip(TEXTS, vectors):
        ids = tokenizer.encode(text).ids
        alone = encoder.encode([text])[0]
        assert abs(alone - vector).max() < 1e-5, text
        expected.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                         "skipped": tokenizer.decode(ids), "vector": [round(float(value), 7) for value in vector]})
    settings = [{"settings": {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                              "lowercase": True, **changes},
                 "texts": [normalizers.BertNormalizer(**changes).normalize_str(text) for text in TEXTS]}
                for changes in NORMALIZERS]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in expected)
    others = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in settings)
    minilm = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in minilm_vectors())
    (OUT / "expected" / "bert.json").write_text(
        f'{{"texts": [\n{lines}\n],\n"normalizers": [\n{others}\n],\n"minilm": [\n{minilm}\n],\n'
        f'"classes": {json.dumps(classes())}}}\n')


if __name__ == "__main__":
    main()
