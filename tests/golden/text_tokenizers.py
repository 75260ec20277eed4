"""Golden values for the room text: small tokenizers and what Hugging Face makes of many strings with them.

    python tests/golden/text_tokenizers.py [folder]

Needs tokenizers 0.23.3 and transformers 5.23.0 (no network). Deterministic. Writes into tests/golden/text,
or into the folder given:

    <name>.json            five small tokenizers, trained here on the lines of CORPUS
    strings.json           the strings, by name of a group; long ones by rule
    encoded.json           for each tokenizer: ids and decoded texts of all strings, of random ids, without specials
    variants.json          changes to these tokenizers, and the ids and texts of fewer strings
    characters.json        categories and normal forms of all characters, as runs and checksums
    utf8.json              broken UTF-8 and what Python's errors='replace' makes of it
    splits.json            what Hugging Face's Split makes of texts: patterns, behaviours, pieces
"""

import collections
import copy
import json
import pathlib
import random
import sys
import unicodedata
import zlib

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).resolve().parent / "text"
OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE

CORPUS = """The quick brown fox jumps over the lazy dog, and the dog sleeps on in the warm light of the evening.
A model of experts sends every token to two of eight experts; the others rest in slower memory until they are needed.
She said: "I don't know what you've done, but it's time we'd talked." They'll see that we're here, and I'm not late.
In 2024 the table had 12345 rows, 67 columns and 890 holes; 3.14159 is near pi, 1,000,000 is a million, 0x1F is 31.
for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }  // the inner product of two vectors
def main(args):
    if not args:
        return None
    print("hello world", end="\\n")
Le café est prêt, la forêt est là-bas; où êtes-vous allés? Ça va très bien, merci à tous les élèves.
Die Straße ist naß; über den Dächern fliegen Vögel, und die schönen Mädchen möchten größere Äpfel essen.
El niño comió piñas en la montaña; ¿dónde está el señor? ¡Qué lástima que no esté aquí!
Быстрая коричневая лиса прыгает через ленивую собаку. Привет, мир! Как дела у вас сегодня?
Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί. Καλημέρα κόσμε.
今天天气很好,我们一起去公园散步吧。你好世界,这是一个测试。
吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。
안녕하세요 세계. 오늘은 날씨가 좋습니다. 빠른 갈색 여우가 게으른 개를 뛰어넘습니다.
مرحبا بالعالم. كيف حالك اليوم؟ الطقس جميل جدا.
שלום עולם. מה שלומך היום? הכלב ישן ליד הדלת.
นี่คือการทดสอบ สวัสดีชาวโลก วันนี้อากาศดี
नमस्ते दुनिया। आज मौसम अच्छा है। यह एक परीक्षण है।
the the the of of and and to to in in is is that that it it for for on on with with as as you you
""".split("\n")

# The patterns that the published tokenizers use.
QWEN_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
                r"|\s+(?!\S)|\s+")
LLAMA3_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                  r"|\s*[\r\n]+|\s+(?!\S)|\s+")
GPT4O_PATTERN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll"
                 r"|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve"
                 r"|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK_PATTERN = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
                    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def added(token_id, content, special=True, **flags):
    entry = {"id": token_id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": special}
    entry.update(flags)
    return entry


def numbered(doc, tokens):
    """The tokens of `doc` and `tokens`, these with the ids that Hugging Face gives them."""
    vocabulary = doc["model"]["vocab"]
    next_id = len(vocabulary) + sum(token["content"] not in vocabulary for token in doc["added_tokens"])
    out = copy.deepcopy(doc["added_tokens"])
    for token in tokens:
        known = token["content"] in vocabulary
        out.append({**token, "id": vocabulary[token["content"]] if known else next_id})
        next_id += not known
    return out


def train(pre_tokenizer, size, special=(), alphabet=(), limit=None):
    """Vocabulary and merges of a BPE trained on CORPUS."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    options = {} if limit is None else {"limit_alphabet": limit}
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=list(special), initial_alphabet=sorted(alphabet),
                                  show_progress=False, **options)
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], model["merges"]


def model_of(vocabulary, merges, **settings):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    model.update(settings)
    model["vocab"] = vocabulary
    model["merges"] = merges
    return model


def document(model, tokens, normalizer=None, pre_tokenizer=None, post_processor=None, decoder=None):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer, "post_processor": post_processor, "decoder": decoder, "model": model}


def begin_template(name, token_id):
    piece = [{"SpecialToken": {"id": name, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    pair = piece + [{"SpecialToken": {"id": name, "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}]
    return {"type": "TemplateProcessing", "single": piece, "pair": pair,
            "special_tokens": {name: {"id": name, "ids": [token_id], "tokens": [name]}}}


def split_regex(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def byte_level(add_prefix_space=False, use_regex=True, trim_offsets=True):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": trim_offsets,
            "use_regex": use_regex}


SENTENCEPIECE_DECODER = {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
SENTENCEPIECE_NORMALIZER = {"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}


def build_tokenizers():
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    control = ["<unk>", "<s>", "</s>"]
    counts = collections.Counter("".join(CORPUS).replace(" ", "▁"))
    letters = [c for c, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:90]]
    vocabulary, merges = train(pre_tokenizers.Metaspace(), 900, control + byte_tokens, letters, limit=len(letters))
    control_tokens = [added(i, name) for i, name in enumerate(control)]
    alphabet = pre_tokenizers.ByteLevel.alphabet()

    def trained(pattern, size):
        return train(pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                              pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
                     size, alphabet=alphabet)

    tokenizers = {}
    tokenizers["mixtral"] = document(
        model_of(vocabulary, [" ".join(pair) for pair in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        control_tokens, SENTENCEPIECE_NORMALIZER, None, begin_template("<s>", 1), SENTENCEPIECE_DECODER)
    tokenizers["metaspace"] = document(
        model_of(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True), control_tokens, None,
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}, begin_template("<s>", 1),
        SENTENCEPIECE_DECODER)

    vocabulary, merges = trained(QWEN_PATTERN, 800)
    n = len(vocabulary)
    tokenizers["qwen"] = document(
        model_of(vocabulary, [" ".join(pair) for pair in merges]),
        [added(n, "<|endoftext|>"), added(n + 1, "<|im_start|>"), added(n + 2, "<|im_end|>"),
         added(n + 3, "<tool_call>", special=False)],
        {"type": "NFC"},
        {"type": "Sequence", "pretokenizers": [split_regex(QWEN_PATTERN), byte_level(False, False, False)]},
        byte_level(False, False, False), byte_level(False, False, False))

    vocabulary, merges = train(pre_tokenizers.ByteLevel(add_prefix_space=False), 700, alphabet=alphabet)
    n = len(vocabulary)
    model = model_of(vocabulary, [" ".join(pair) for pair in merges], unk_token="", continuing_subword_prefix="",
                     end_of_word_suffix="")
    del model["type"], model["ignore_merges"], model["byte_fallback"]  # as the oldest files are
    oldest = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    tokenizers["gpt2"] = document(model, [added(n, "<|endoftext|>", normalized=True)], None, oldest, oldest, oldest)

    vocabulary, merges = trained(LLAMA3_PATTERN, 900)
    # Merges that a real tokenizer lacks, so that only ignore_merges finds the whole word.
    merges = [pair for pair in merges if "".join(pair) not in ("Ġthe", "Ġexperts", "Ġinner")]
    merges = [pair for pair in merges if all(part not in ("Ġthe", "Ġexperts", "Ġinner") for part in pair)]
    n = len(vocabulary)
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizers["llama3"] = document(
        model_of(vocabulary, merges, ignore_merges=True), [added(n + i, name) for i, name in enumerate(names)], None,
        {"type": "Sequence", "pretokenizers": [split_regex(LLAMA3_PATTERN), byte_level(False, False)]},
        {"type": "Sequence", "processors": [byte_level(True, True, False), begin_template(names[0], n)]},
        byte_level(True, True))
    return tokenizers


SPECIALS = ["<s>", "</s>", "<unk>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>",
            "<tool_call>"]

GROUPS = {
    "plain": [
        "", "a", " ", "hello", "Hello world", " Hello world", "Hello world ", "  Hello  world  ", "the", " the",
        "the the", "experts", "inner product", "The quick brown fox jumps over the lazy dog.", "HELLO WORLD",
        "don't", "DON'T you've I'M we'LL they'd it'S 'tis", "'s't're've'm'll'd", "can'T", "“don’t”", "x'sſ 'ſ",
        "a-b_c.d,e;f:g!h?i", "...", "!!!???", "(parentheses) [brackets] {braces} <angles>", "email@example.com",
        "https://example.com/path?query=1&b=2#frag", "C:\\Windows\\System32", "a\\b\\\\c", "\"quoted\" 'single' `tick`",
        "▁", "▁▁", "a▁b", "▁hello", " ▁ ", "Ġ", "ĠtheĠ", "<0x0A>", "<0x41><0x42>", "�",
    ],
    "digits": [
        "0", "1234567890", "12 345 6789", "3.14159", "1,000,000", "1e-10", "0x1F", "٠١٢٣٤٥", "१२३", "½ ¼ ²³ ₁₂ Ⅷ ⅷ 〇",
        "①②③ 🄀 ㊿", "a1b2c3", "2024-01-31T23:59:59Z", "00000000000000000000", "１２３４", "𝟘𝟙𝟚",
    ],
    "scripts": [
        "Le café est prêt, la forêt est là-bas", "Straße über Äpfel ẞ", "El niño comió piñas ¿dónde?",
        "Zażółć gęślą jaźń",
        "Привет, мир! Как дела?", "Ёжик ѣ ѳ", "Καλημέρα κόσμε ᾧ ΐ", "今天天气很好,我们去公园。", "你好世界", "吾輩は猫である。", "カタカナ ひらがな 漢字",
        "ｶﾞｷﾞｸﾞ", "안녕하세요 세계", "각 각", "ᄒ ᅡ ᆫ", "مرحبا بالعالم", "السَّلَامُ عَلَيْكُم", "שלום עולם", "שָׁלוֹם",
        "สวัสดีชาวโลก", "นี่คือการทดสอบ", "नमस्ते दुनिया", "क्षत्रिय", "வணக்கம்", "ಕನ್ನಡ", "తెలుగు", "ગુજરાતી",
        "বাংলা", "ਪੰਜਾਬੀ",
        "ქართული", "Հայերեն", "አማርኛ", "ខ្មែរ", "ລາວ", "မြန်မာ", "བོད་ཡིག", "ᏣᎳᎩ", "ᚠᚢᚦᚨᚱᚲ", "𐌰𐌱𐌲", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "ﬁﬂﬀﬃ",
        "Ǆǅǆ",
        "İıſK", "ΑΣ ας", "Tiếng Việt có dấu", "e\u0301 a\u0300\u0316 o\u0308\u0301", "q\u0307\u0323 q\u0323\u0307",
        "\u1e9b\u0323", "\u0958\u212b\u2126", "\u0344\u0f73", "\ufb1d\u2adc", "\U0001D15E", "\u11099\u110BA",
        "\u0301 leading mark", "\ufdfa \ufdfb", "\uac00\u11a8", "\u1100\u1161\u11a8\u1100",
        "RTL \u202babc\u202c \u200f", "\u2068isolate\u2069",
    ],
    "emoji": [
        "😀", "hello 😀 world", "👩‍👩‍👧‍👦", "👍🏽👍🏿", "🇩🇪🇫🇷🇯🇵", "🏳️‍🌈", "☺️ ☺︎", "🧑🏻‍🚀🚀", "😀😀😀😀😀", "#️⃣ *️⃣ 1️⃣", "👨‍⚕️.",
        "🫠🪿",
        "♥♦♣♠", "→ ← ⇒", "∑∏√∞≠", "€£¥₹₿", "©®™", "𝄞", "\U000E0067\U000E007F", "\U0010FFFF\uFFFE",
    ],
    "space": [
        "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", " \n", "\n ", "\t\t x", "a\tb", "a\n", "\na",
        "a\nb\nc",
        "a \n b", "a  \n\n  b", "a\r\nb\r\n", "line one\nline two\n\nline four\n", "trailing   ", "   leading",
        "a b  c   d    e", "a\u00a0b", "\u00a0", "\u3000全角　空白", "\u2003em\u2009thin\u200bzero",
        "\u180emongolian\u180e x",
        "\u0085next\u0085", "\u2028ls\u2029ps", "\u1680 ogham", "\x0b\x0c\x1c\x1f", "\ufeffbom", "a\u200db\u200cc",
        "a\u00adb",
        " \t \n \r ", "a . b , c", "  !", "\n\n\n\nx", "x\n\n\n\n", " x\n \n  y", "\n  indented\n    more\n",
    ],
    "code": [
        "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }",
        "def main(args):\n    if not args:\n        return None\n",
        "#include <vector>\n\nint main() {\n\treturn 0;\n}\n", "SELECT * FROM t WHERE a='b' AND c>=10;",
        "{\"key\": [1, 2.5, null, true], \"nested\": {\"a\": \"\\n\"}}", "<html><body class=\"x\">&nbsp;</body></html>",
        "snake_case camelCase PascalCase SCREAMING_CASE kebab-case", "x=lambda a,b:a**b//2%3",
        "/* comment */ // another",
        "$HOME/bin:$PATH && ls -la | grep 'foo.*bar' > /dev/null 2>&1", "\\begin{align} x^2 &= y_1 \\\\ \\end{align}",
    ],
    "special": [
        "<s>", "</s>", "<s></s>", "<s> </s>", "<s>hello</s>", " <s> hello </s> ", "<s><s>", "hello<s>world", "<unk>",
        "<s", "s>", "<<s>>", "<S>", "<s >", "[INST] hi [/INST]", "<s>[INST] hi [/INST]ho</s>[INST] hu [/INST]",
        "<|endoftext|>", "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n", "<|im_start|><|im_end|>",
        "a<|im_end|>b", "a <|im_end|> b", "\n<|im_end|>\n", "<|im_end", "<|im_end|", "|im_end|>",
        "<tool_call>x</tool_call>",
        "a<tool_call>b", "  <tool_call>  ", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>",
        "hello</s>", "</s>hello", "\n</s>\n", "<s>▁", "▁<s>", "<s>  two spaces", "é<s>é", "<s>\u0301",
    ],
    "control": [
        "\x00", "a\x00b", "\x00\x00", "\x01\x02\x1b[0m", "\x7f", "\u0080\u009f", "\ufffc\ufff9", "\ue000 private",
        "tab\x00<s>\x00",
    ],
    "bytes": [  # hexadecimal: not UTF-8
        "ff", "80", "c3", "61c3", "c328", "e282", "e28261", "f09f98", "f09f9861", "eda080", "edb080", "c080",
        "f5808080",
        "f4908080", "e080af", "61ff62fe63", "f09f98f09f9880", "68656c6c6f20e2", "e5a5bd20e5a5", "c3a9c3",
        "3c733eff3c2f733e",
    ],
    "long": [  # [unit, count]: the unit repeated
        ["a", 10000], [" ", 10000], ["ab", 5000], ["好", 3000], ["the ", 1500], ["1", 5000], ["\n", 4000], ["😀", 1500],
        ["e\u0301", 2000], ["<s>", 500], ["!?", 2500], ["x ", 3000], ["aA1 ", 1200],
    ],
}


def text_of(group, entry):
    if group == "bytes":
        return bytes.fromhex(entry).decode("utf-8", errors="replace")
    if group == "long":
        return entry[0] * entry[1]
    return entry


def packed(ids):
    """Long lists as a checksum: count and CRC-32 of the ids as 32-bit little endian."""
    if len(ids) <= 400:
        return ids
    return {"count": len(ids), "crc": zlib.crc32(b"".join(i.to_bytes(4, "little") for i in ids))}


def packed_text(text):
    data = text.encode("utf-8")
    if len(data) <= 2000:
        return text
    return {"count": len(data), "crc": zlib.crc32(data)}


def golden_of(tokenizer, fast, text, both=True):
    ids = tokenizer.encode(text).ids
    assert fast(text)["input_ids"] == ids
    entry = {"ids": packed(ids), "text": packed_text(tokenizer.decode(ids, skip_special_tokens=False))}
    assert fast.decode(ids, clean_up_tokenization_spaces=False) == tokenizer.decode(ids, skip_special_tokens=False)
    if both:
        plain = tokenizer.decode(ids, skip_special_tokens=True)
        assert fast.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False) == plain
        if plain != tokenizer.decode(ids, skip_special_tokens=False):
            entry["skipped"] = packed_text(plain)
        bare = tokenizer.encode(text, add_special_tokens=False).ids
        assert bare in (ids[:len(bare)], ids[1:len(bare) + 1])
    return entry


def load(doc):
    tokenizer = Tokenizer.from_str(json.dumps(doc))
    return tokenizer, PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(doc)))


def random_ids(tokenizer, seed):
    """Ids as no text gives them: fragments of characters, specials in the middle, ids behind the vocabulary."""
    generator = random.Random(seed)
    size = tokenizer.get_vocab_size()
    single = [i for i in range(size) if len(tokenizer.id_to_token(i)) == 1
              or tokenizer.id_to_token(i).startswith("<0x")]
    sequences = []
    for kind in range(60):
        length = generator.choice([1, 2, 3, 8, 20, 40])
        if kind % 3 == 0:
            ids = [generator.choice(single) for _ in range(length)]
        elif kind % 3 == 1:
            ids = [generator.randrange(size) for _ in range(length)]
        else:
            ids = [generator.choice(single) if generator.random() < 0.6 else generator.randrange(size + 5)
                   for _ in range(length)]
        sequences.append({"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=False),
                          "skipped": tokenizer.decode(ids, skip_special_tokens=True)})
    return sequences


def encoded(tokenizers):
    out = {}
    for number, (name, doc) in enumerate(tokenizers.items()):
        tokenizer, fast = load(doc)
        groups = {group: [golden_of(tokenizer, fast, text_of(group, entry)) for entry in entries]
                  for group, entries in GROUPS.items()}
        out[name] = {"vocabulary_size": tokenizer.get_vocab_size(), "strings": groups,
                     "random": random_ids(tokenizer, 1000 + number)}
    return out


VARIANT_STRINGS = [
    "", " ", "hello", " hello", "hello world ", "  two  spaces ", "The quick, brown fox!", "don't DON'T you've",
    "a1b22c333d4444", "½ ²³ ٣", "naïve café e\u0301 Å ﬁ ①", "\u1e9b\u0323 각", "你好,世界。", "😀👍🏽 x", "\n a\n\n b\t\tc \r\n",
    "a\u00a0b\u3000c", "▁ ▁▁x", "<s>", "<s>a</s>b<s> c </s> d", "x <tok> y<tok>z <tok>", "<tok><tok>", "tok <tok>tok",
    "word<word> <word> <word>word <word>", "A <L> b<L>  c", "A <R>  b <R><R> c", "  <B>  <B>  ", "Day day DAY",
    "a  day b",
    "_day day_ -day- 1day", "éday day\u0301 day", "  \n", "under_score __init__", "a,b;c", "x'y\"z", "(a) [b] {c}",
    "foo.bar(baz)[0]", "é<s>é", "\x00a", "ABC abc", "---", "end.", "<|im_start|>x<|im_end|>", "zz<Z> <Z>",
    "e\u0301f éf", "…—–", "aaab abab",
    "\u180ex\u0085y",
]


def variants(tokenizers):
    """Changes as (name, base, {pointer: value}, options of the added tokens)."""
    flagged = [added(0, "<tok>", special=False), added(0, "<word>", special=False, single_word=True),
               added(0, "<L>", lstrip=True), added(0, "<R>", rstrip=True),
               added(0, "<B>", lstrip=True, rstrip=True, special=False),
               added(0, "day", special=False, single_word=True, normalized=True),
               added(0, "é<", special=False, normalized=True), added(0, "<Z>", normalized=True),
               added(0, " a", special=False), added(0, "<t", special=False), added(0, "e\u0301f", normalized=True)]
    spm_flagged = [added(0, "<tok>", special=False), added(0, "day", special=False, normalized=True),
                   added(0, "<Z>", normalized=True), added(0, "<L>", lstrip=True),
                   added(0, "<R>", rstrip=True), added(0, "▁b", special=False, normalized=True)]

    def metaspace(scheme, split):
        return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}

    def sequence(*parts):
        return {"type": "Sequence", "pretokenizers": list(parts)}

    plain_bytes = byte_level(False, False)
    no_bytes = {token: i for token, i in tokenizers["mixtral"]["model"]["vocab"].items() if not token.startswith("<0x")}
    ids = {token: i for i, token in enumerate(no_bytes)}
    some_bytes = dict(tokenizers["mixtral"]["model"]["vocab"])
    renamed = {("<0xF0>" + "x" if token == "<0xF0>" else token): i for token, i in some_bytes.items()}
    merges = tokenizers["mixtral"]["model"]["merges"]
    list_of = []

    def add(name, base, changes):
        list_of.append((name, base, changes))

    for scheme in ("always", "never", "first"):
        for split in (True, False):
            add(f"metaspace {scheme} {split}", "metaspace", {"/pre_tokenizer": metaspace(scheme, split)})
    add("metaspace old", "metaspace", {"/pre_tokenizer": {"type": "Metaspace", "replacement": "▁",
                                                          "add_prefix_space": True,
                                                          "str_rep": "▁"}})
    add("metaspace decoder", "metaspace", {"/decoder": metaspace("always", True)})
    add("metaspace decoder never", "metaspace", {"/decoder": metaspace("never", True)})
    add("metaspace other character", "metaspace", {"/pre_tokenizer/replacement": "_"})
    add("metaspace with tokens", "metaspace", {"/added_tokens": numbered(tokenizers["mixtral"], spm_flagged)})
    add("no decoder", "mixtral", {"/decoder": None})
    add("decoder without strip", "mixtral", {"/decoder": {"type": "Sequence", "decoders":
                                                          SENTENCEPIECE_DECODER["decoders"][:3]}})
    add("decoder strip first", "mixtral", {"/decoder": {"type": "Sequence", "decoders": [
        {"type": "Strip", "content": "▁", "start": 1, "stop": 0}, {"type": "ByteFallback"}]}})
    add("decoder fuse first", "mixtral", {"/decoder": {"type": "Sequence", "decoders": [
        {"type": "Fuse"}, {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "Strip", "content": " ", "start": 3, "stop": 0}]}})
    add("decoder two replaces", "mixtral", {"/decoder": {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": "oo"},
        {"type": "Replace", "pattern": {"String": "oot"}, "content": "-t"}, {"type": "ByteFallback"}]}})
    add("mixtral with tokens", "mixtral", {"/added_tokens": numbered(tokenizers["mixtral"], spm_flagged)})
    add("mixtral no template", "mixtral", {"/post_processor": None})
    add("template at both ends", "mixtral", {"/post_processor/single": [
        {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "/post_processor/special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
                                           "</s>": {"id": "</s>", "ids": [2, 2], "tokens": ["</s>", "</s>"]}}})
    add("unknown fused", "mixtral", {"/model": model_of(ids, merges, unk_token="<unk>", fuse_unk=True)})
    add("unknown apart", "mixtral", {"/model": model_of(ids, merges, unk_token="<unk>", fuse_unk=False)})
    add("some bytes", "mixtral", {"/model": model_of(renamed, merges, unk_token="<unk>", fuse_unk=True,
                                                     byte_fallback=True)})
    add("some bytes apart", "mixtral", {"/model": model_of(renamed, merges, unk_token="<unk>", byte_fallback=True)})
    add("gemma-like", "mixtral", {
        "/normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "/pre_tokenizer": {"type": "Split", "pattern": {"String": "▁"}, "behavior": "MergedWithPrevious",
                           "invert": False}})
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        add(form, "qwen", {"/normalizer": {"type": form}})
    add("strip", "qwen", {"/normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "NFKC"}]}})
    add("strip right", "qwen", {"/normalizer": {"type": "Strip", "strip_left": False, "strip_right": True}})
    add("replace regex", "qwen", {"/normalizer": {"type": "Replace", "pattern": {"Regex": r" {2,}|\p{N}+|x"},
                                                  "content": "#"}})
    add("flagged tokens", "qwen", {"/added_tokens": numbered(tokenizers["qwen"], flagged)})
    add("no pre-tokenizer pattern", "qwen", {"/pre_tokenizer": plain_bytes})
    add("byte-level prefix", "gpt2", {"/pre_tokenizer": byte_level(True, True)})
    add("byte-level prefix everywhere", "qwen", {"/pre_tokenizer": sequence(split_regex(QWEN_PATTERN),
                                                                           byte_level(True, False))})
    add("ignore_merges", "qwen", {"/model/ignore_merges": True})
    add("gpt-4o", "qwen", {"/pre_tokenizer": sequence(split_regex(GPT4O_PATTERN), plain_bytes)})
    add("deepseek", "qwen", {"/pre_tokenizer": sequence(
        split_regex(r"\p{N}{1,3}"), split_regex("[一-龥぀-ゟ゠-ヿ]+"), split_regex(DEEPSEEK_PATTERN), plain_bytes)})
    add("digits", "qwen", {"/pre_tokenizer": sequence({"type": "Digits", "individual_digits": True}, plain_bytes)})
    add("digits together", "qwen", {"/pre_tokenizer": sequence({"type": "Digits", "individual_digits": False},
                                                               plain_bytes)})
    add("punctuation", "qwen", {"/pre_tokenizer": sequence({"type": "Punctuation", "behavior": "Contiguous"},
                                                           plain_bytes)})
    add("removed", "qwen", {"/pre_tokenizer": sequence(split_regex(r"\s+", "Removed"), plain_bytes)})
    add("inverted", "qwen", {"/pre_tokenizer": sequence(split_regex(r"\p{L}+", "Removed", True), plain_bytes)})

    out = []
    for name, base, changes in list_of:
        doc = copy.deepcopy(tokenizers[base])
        for pointer, value in changes.items():
            target = doc
            *path, last = pointer[1:].split("/")
            for step in path:
                target = target[step]
            target[last] = value
        tokenizer, fast = load(doc)
        assert all(tokenizer.token_to_id(token["content"]) == token["id"] for token in doc["added_tokens"]), name
        entry = {"name": name, "base": base, "changes": changes,
                 "strings": [golden_of(tokenizer, fast, text) for text in VARIANT_STRINGS]}
        tokenizer.encode_special_tokens = True
        entry["plain"] = [tokenizer.encode(text).ids for text in VARIANT_STRINGS[17:30]]
        entry["random"] = random_ids(tokenizer, 77)[:15]
        out.append(entry)
    return {"strings": VARIANT_STRINGS, "plain_from": 17, "variants": out}


def characters():
    """Runs [first, last] of code points for each class, and checksums of the normal forms."""
    every = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and unicodedata.category(chr(c)) != "Cn"]
    blocks = ["".join(every[i:i + 4096]) for i in range(0, len(every), 4096)]

    def runs(members):
        out = []
        for c in sorted(map(ord, members)):
            if out and out[-1][1] == c - 1:
                out[-1][1] = c
            else:
                out.append([c, c])
        return [value for run in out for value in run]

    def matched(pre_tokenizer):
        members = set()
        for block in blocks:
            for piece, _ in pre_tokenizer.pre_tokenize_str(block):
                members.update(piece)
        return members

    classes = {}
    everything = set(every)
    for pattern in (r"\p{L}", r"\p{N}", r"\s", r"\p{M}", r"\p{P}", r"\p{S}", r"\p{Lu}", r"\d"):
        classes[pattern] = runs(matched(pre_tokenizers.Split(Regex(pattern), "removed", invert=True)))
    everything = set(every)
    digits = pre_tokenizers.Digits(individual_digits=False)
    classes["numeric"] = runs(c for block in blocks for piece, _ in digits.pre_tokenize_str("_".join(block))
                              if "_" not in piece for c in piece)
    # Hugging Face's table of punctuation is that of an older Unicode: where it differs from Oniguruma's, that counts.
    old = everything - matched(pre_tokenizers.Punctuation("removed"))
    new = matched(pre_tokenizers.Split(Regex(r"\p{P}"), "removed", invert=True))
    assert len(old ^ new) < 200 and len(old - new - set("$+<=>^`|~")) < 3
    classes["punctuation"] = runs(new | set("$+<=>^`|~"))
    # What counts as a word beside a token, and what a token strips.
    word = Tokenizer(models.BPE(vocab={"?": 0}, merges=[], unk_token="?"))
    word.add_tokens([AddedToken("<a>", single_word=True, normalized=False)])
    classes["word"] = runs(c for c in every if 1 not in word.encode("<a>" + c).ids)
    space = Tokenizer(models.BPE(vocab={"?": 0}, merges=[], unk_token="?"))
    space.add_tokens([AddedToken("<a>", rstrip=True, normalized=False)])
    classes["space"] = runs(c for c in every if space.encode("<a>" + c).ids == [1])

    forms = {}
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        normalizer = getattr(normalizers, form)()
        # Code points that one of the Unicode versions at hand does not decompose yet.
        skipped = {c for c in every if normalizer.normalize_str(c) != unicodedata.normalize(form, c)}
        sums = []
        for first in range(0, 0x30000, 0x1000):
            data = "".join(normalizer.normalize_str(c) for c in every
                           if first <= ord(c) < first + 0x1000 and c not in skipped)
            sums.append(zlib.crc32(data.encode("utf-8")))
        forms[form] = {"skipped": runs(skipped), "block": 0x1000, "crc": sums}
    # Marks in all orders: pairs and triples of combining classes.
    generator = random.Random(5)
    marks = [c for c in every if unicodedata.ucd_3_2_0.combining(c)]  # old enough for all tables
    bases = "aeoAEOuUcCnÅḍ가각ᄀ" + "\u1161\u11a8"
    mixed = ["".join([generator.choice(bases)] + [generator.choice(marks) for _ in range(generator.randrange(1, 6))])
             for _ in range(120)]
    forms["mixed"] = [{"text": text, **{form: getattr(normalizers, form)().normalize_str(text)
                                        for form in ("NFC", "NFD", "NFKC", "NFKD")}} for text in mixed]
    assigned = runs(every)
    return {"assigned": assigned, "classes": classes, "forms": forms}


def utf8():
    """Broken sequences, among them all lead bytes with all kinds of bytes behind them."""
    kinds = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xF0, 0xFF]
    cases = {bytes([lead, second]) for lead in range(0x80, 0x100) for second in kinds}
    cases |= {bytes([lead, second, third]) for lead in (0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5)
              for second in kinds for third in (0x41, 0x80, 0xBF, 0xE2)}
    cases |= {bytes([lead, second, third, fourth]) for lead in (0xF0, 0xF3, 0xF4) for second in (0x80, 0x8F, 0x90, 0xBF)
              for third in (0x80, 0x41) for fourth in (0x80, 0x41, 0xF0)}
    generator = random.Random(3)
    cases |= {bytes(generator.choice(kinds + [0xE2, 0x82, 0xAC]) for _ in range(generator.randrange(1, 12)))
              for _ in range(200)}
    ordered = sorted(cases)
    assert all(case.decode("utf-8", "replace").encode() for case in ordered)
    return {"bytes": [case.hex() for case in ordered],
            "text": [case.decode("utf-8", errors="replace").encode("utf-8").hex() for case in ordered]}


def splits():
    texts = ["", "a", "ab12 cd", "  a  b", "xx", "axxbxxx", "a\nb\n\nc", "日本語 x", "don't", "1234567", "É é", "a.b..c",
             "aXbxc"]
    patterns = [{"Regex": p} for p in (
        r"\s", r"\s+", r"\p{N}{1,3}", r"x*", r"x+?", r"\p{L}+|\p{N}+", r"(?i:x)", r"(?i)x", r"[^a-z\s]+", r"(?<=a)b",
        r"a(?=b)",
        r"\s+(?!\S)|\s+", r"[\s.]", r"\S+", r"(?:ab)+", r"\.", r"[\]\-^.]", r"\D+", r"\d", r"a++b?", r"(?>a|ab)", r".",
        r"\u0061|\x{62}", r"日|本", r"\P{L}", r"(a)(b)?", r"x{2}", r"x{2,}", r"\n")] + [
        {"String": s} for s in (" ", "x", "xx", ".", "日本", "a.b")]
    behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
    out = []
    names = {"Removed": "removed", "Isolated": "isolated", "MergedWithPrevious": "merged_with_previous",
             "MergedWithNext": "merged_with_next", "Contiguous": "contiguous"}
    for pattern in patterns:
        for behavior in behaviors:
            for invert in (False, True):
                if invert and behavior not in ("Removed", "Contiguous"):
                    continue
                kind, value = next(iter(pattern.items()))
                splitter = pre_tokenizers.Split(Regex(value) if kind == "Regex" else value, names[behavior],
                                                invert=invert)
                out.append({"pattern": pattern, "behavior": behavior, "invert": invert,
                            "pieces": [[piece for piece, _ in splitter.pre_tokenize_str(text)] for text in texts]})
    return {"texts": texts, "splits": out}


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Line separators and lone controls stay escapes, so that the files are friendly to editors.
    text = "".join(c if c.isprintable() or c == "\n" else "".join(f"\\u{u:04x}" for u in _units(c)) for c in text)
    (OUT / name).write_text(text + "\n", encoding="utf-8")


def _units(character):
    data = character.encode("utf-16-be")
    return [int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2)]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    tokenizers = build_tokenizers()
    for name, doc in tokenizers.items():
        write(f"{name}.json", doc)
    write("strings.json", GROUPS)
    write("encoded.json", encoded(tokenizers))
    write("variants.json", variants(tokenizers))
    write("characters.json", characters())
    write("utf8.json", utf8())
    write("splits.json", splits())


if __name__ == "__main__":
    main()
