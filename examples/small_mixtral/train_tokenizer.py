"""Trains the tokenizer: byte-level BPE on text of the game, so that every word of the training text is one token.

Bytes cover whatever else is written. Numbers, names and markers are single tokens; `<s>` is put first, as Mixtral's
does.
Run:  python train_tokenizer.py FOLDER         writes tokenizer.json, tokenizer_config.json
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "data"))
from saltlantern import questions, words, world

MOST_ENTRIES = 1536  # fewer suffice: training stops where every word is one token
SPECIAL = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
MARKERS = ["[KNOWLEDGE]", "[/KNOWLEDGE]", "Query:", "Response:"]
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


def corpus(scenes=20_000):
    """Practice scenes with their questions, the rule book, and every listed word, which makes each of them frequent."""
    practice = questions.Practice(syllables=0.0)
    for index in range(scenes):
        random = questions.new_random("tokenizer", index)
        type_ = random.choice(list(questions.KIND_OF))
        scene = questions.scene_for(random, practice, [type_])
        block = scene.block[len("[KNOWLEDGE]") : -len("[/KNOWLEDGE]")]
        asked = [questions.ask(scene, random.choice(scene.types), random).text for _ in range(3)]
        yield " ".join([block] + asked)
    for rule in world.rules():
        yield f" Rule {rule['number']} {rule['text']}"
    for number in range(1, 21):
        yield f" {number}" * 200


def train():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=MOST_ENTRIES, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=SPECIAL + MARKERS))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    tokenizer.decoder = decoders.ByteLevel()
    state = json.loads(tokenizer.to_str())
    for token in state["added_tokens"]:
        token["special"] = token["content"] in SPECIAL
    return Tokenizer.from_str(json.dumps(state))


def check(tokenizer):
    """Every word that an answer or a fact can hold is one token with its leading space; any text survives. Returns the
    other words of questions that are several tokens."""
    listed = [*words.FIRST, *words.SECOND, *words.KINDS, *words.KEYWORDS, *words.VERBS, *words.PLAYERS,
              *words.TERM_FIRST,
              *words.TERM_SECOND, *words.STATES, *words.OBJECTS, *words.PLACES, *words.ATTRIBUTES,
              *map(str, range(0, 19)), *map(str, range(100, 190, 10))]
    torn = [word for word in listed if len(tokenizer.encode(" " + word, add_special_tokens=False).ids) != 1]
    if torn:
        raise SystemExit(f"words that should be one token: {torn}")
    torn_fillers = [word for word in questions.FILLERS
                    if len(tokenizer.encode(" " + word, add_special_tokens=False).ids) != 1]
    for text in ("", "naïve 東京 🌟\n\ttab", "\0\x7f", "Basalt Juggler"):
        if tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False) != text:
            raise SystemExit(f"the tokenizer does not give back {text!r}")
    return torn_fillers


def write(folder, tokenizer):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=True)
    plain = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    configuration = {
        "added_tokens_decoder": {str(i): {"content": token, "special": token in SPECIAL, **plain}
                                 for i, token in enumerate(SPECIAL + MARKERS)},
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": None,
        "chat_template": CHAT_TEMPLATE, "clean_up_tokenization_spaces": False,
        "model_max_length": 1024, "tokenizer_class": "PreTrainedTokenizerFast",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration, indent=2, ensure_ascii=False) + "\n",
                                                  encoding="utf-8")


if __name__ == "__main__":
    trained = train()
    torn_words = check(trained)
    write(Path(sys.argv[1]), trained)
    print(f"{trained.get_vocab_size()} entries; words of questions in several tokens: {torn_words or 'none'}")
