"""A tokenizer of sentence pieces as GGUF files hold it, and what Hugging Face makes of strings with its vocabulary.

    python tests/golden/text_pieces.py [folder]

Needs sentencepiece 0.2.3, tokenizers 0.23.3 and transformers 5.23.0 (no network). Deterministic. Writes
text/pieces.json:

    tokens, types, scores  of a BPE model of sentencepiece with byte fallback, trained here on the lines of CORPUS;
                           one user-defined piece
    encoded                for each group of strings.json: the strings' ids by tokenizers, with the merges that
                           transformers' `generate_merges` makes of vocabulary and scores, and the text of the ids

It asserts that sentencepiece itself gives the same ids to all strings that it does not normalise.
"""

import collections
import io
import json
import pathlib
import sys

import sentencepiece
from text_tokenizers import CORPUS
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors
from transformers.convert_slow_tokenizer import generate_merges

HERE = pathlib.Path(__file__).resolve().parent / "text"
USER = "<user>"
OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE


def train():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for line in CORPUS if line), model_writer=model, model_type="bpe", vocab_size=700,
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
        split_digits=True, allow_whitespace_only_pieces=True, character_coverage=0.98, num_threads=1,
        user_defined_symbols=[USER], minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def pieces_of(own):
    """Pieces with the types of GGUF, which are those of sentencepiece."""
    Piece = collections.namedtuple("Piece", "piece score type")
    out = []
    for i in range(own.get_piece_size()):
        kind = (2 if own.is_unknown(i) else 3 if own.is_control(i) else 6 if own.is_byte(i) else
                5 if own.is_unused(i) else 4 if own.id_to_piece(i) == USER else 1)
        out.append(Piece(own.id_to_piece(i), own.get_score(i), kind))
    return out


def hugging_face(pieces):
    added = {p.piece for p in pieces if p.type in (2, 3, 4)}
    vocab = {p.piece: i for i, p in enumerate(pieces)}
    scores = {p.piece: p.score for p in pieces}
    merges = generate_merges(vocab, scores, skip_tokens=added)
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.add_tokens([AddedToken(p.piece, normalized=False, special=p.type != 4)
                          for p in pieces if p.type in (2, 3, 4)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def main():
    own = train()
    pieces = pieces_of(own)
    tokenizer = hugging_face(pieces)
    out = {"tokens": [p.piece for p in pieces], "types": [p.type for p in pieces], "scores": [p.score for p in pieces],
           "encoded": {}}
    same = 0
    for group, strings in json.loads((HERE / "strings.json").read_text()).items():
        if group in ("bytes", "long"):
            continue
        out["encoded"][group] = []
        for text in strings:
            ids = tokenizer.encode(text).ids
            out["encoded"][group].append({"string": text, "ids": ids,
                                          "text": tokenizer.decode(ids, skip_special_tokens=True)})
            if text and not any(p.piece in text for p in pieces if p.type in (2, 3, 4)) and "\0" not in text:
                assert own.encode(text) == ids[1:], (text, own.encode(text), ids)
                same += 1
    assert same > 150, same
    assert any(p.type == 6 for p in pieces)
    (OUT / "pieces.json").write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
