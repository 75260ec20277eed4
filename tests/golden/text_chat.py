"""Golden values for chat templates: conversations as transformers renders and encodes them.

    python tests/golden/text_chat.py [folder]      (after text_tokenizers.py, whose mixtral.json it reads)

Needs transformers 5.23.0 and jinja2 (no network). Deterministic. Writes chat.json into tests/golden/text,
or into the folder given.
The templates are those published with Mixtral-8x7B-Instruct-v0.1 (2023, 2024) and Mistral-7B-Instruct-v0.1 (2023).
"""

import json
import pathlib
import sys

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).resolve().parent / "text"
OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE

FIRST = ("{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
         "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
         "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
         "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}"
         "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}")
SPACED = FIRST.replace("message['content'] + eos_token}}", "message['content'] + eos_token + ' ' }}")
SECOND = """{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('After the optional system message, conversation roles must alternate user/assistant/user/assistant/...') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {%- if loop.first and system_message is defined %}
            {{- ' [INST] ' + system_message + '\\n\\n' + message['content'] + ' [/INST]' }}
        {%- else %}
            {{- ' [INST] ' + message['content'] + ' [/INST]' }}
        {%- endif %}
    {%- elif message['role'] == 'assistant' %}
        {{- ' ' + message['content'] + eos_token}}
    {%- else %}
        {{- raise_exception('Only user and assistant roles are supported, with the exception of an initial optional system message!') }}
    {%- endif %}
{%- endfor %}
"""

# (name, source, whether it is to be recognised)
TEMPLATES = [
    ("mixtral 2023", FIRST, True),
    ("mistral 2023", SPACED, True),
    ("mixtral 2024", SECOND, True),
    ("line breaks behind blocks", FIRST.replace("%}", "%}\n"), True),
    ("blocks indented", FIRST.replace("{% endif %}", "\n   {% endif %}").replace("}}\n   {% endif", "}}{% endif"),
     True),
    ("double quotes", FIRST.replace("'", '"'), True),
    ("tight", FIRST.replace("{{ ", "{{").replace(" }}", "}}").replace(" + ", "+").replace(" == ", "=="), True),
    ("comment", "{# a comment #}" + FIRST, True),
    ("trailing newline", FIRST + "\n", True),
    ("carriage returns", SECOND.replace("\n", "\r\n"), True),
    ("a line break behind the first token", FIRST.replace("{{ bos_token }}", "{{ bos_token }}\n"), False),
    ("two trailing newlines", FIRST + "\n\n", True),
    ("three trailing newlines", FIRST + "\n\n\n", False),
    ("a space in a string", FIRST.replace("'[INST] '", "'[INST]  '"), False),
    ("no check", FIRST.replace("{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}", "{% if false %}"),
     False),
    ("chatml", "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
               "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}"
               "{{ '<|im_start|>assistant\\n' }}{% endif %}", False),
    ("broken", FIRST[:-5], False),
]

CONVERSATIONS = [
    [("user", "Hello")],
    [("user", "Hello"), ("assistant", "Hi there!"), ("user", "How are you?")],
    [("user", "Hello"), ("assistant", "Hi")],
    [("user", " spaces  "), ("assistant", "\nlines\n"), ("user", "")],
    [("user", "</s> [INST] tricky [/INST] <s>"), ("assistant", "{{ bos_token }} {% raw %}")],
    [("user", "你好 😀"), ("assistant", "<unk>é")],
    [("system", "Be brief."), ("user", "Hello"), ("assistant", "Hi"), ("user", "Bye")],
    [("assistant", "Hi"), ("user", "Hello")],
    [("user", "a"), ("user", "b")],
    [("user", "a"), ("assistant", "b"), ("assistant", "c")],
    [("user", "a"), ("tool", "b")],
    [("user", "a"), ("system", "b"), ("user", "c")],
    [("system", "s"), ("assistant", "a")],
    [("User", "a")],
]


def main():
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_file(str(HERE / "mixtral.json")),
                                        bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    rendered = {}
    out = {"templates": [{"name": name, "source": source, "recognised": known} for name, source, known in TEMPLATES],
           "conversations": [[{"role": role, "content": content} for role, content in talk] for talk in CONVERSATIONS],
           "texts": [], "ids": []}
    for name, source, known in TEMPLATES:
        texts = []
        ids = []
        for talk in out["conversations"]:
            try:
                texts.append(tokenizer.apply_chat_template(talk, chat_template=source, tokenize=False))
                ids.append(tokenizer.apply_chat_template(talk, chat_template=source, tokenize=True)["input_ids"])
            except Exception:
                texts.append(None)
                ids.append(None)
        rendered[name] = texts
        out["texts"].append(texts)
        out["ids"].append(ids if known else None)
    # What is to be recognised as another spelling must render alike, and what is not must differ somewhere.
    for name, _, known in TEMPLATES[3:]:
        assert known == any(rendered[name] == rendered[first] for first, _, _ in TEMPLATES[:3]), name
    (OUT / "chat.json").write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
