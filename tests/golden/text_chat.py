"""Golden values for chat templates: conversations as transformers renders and encodes them.

    python tests/golden/text_chat.py [folder]      (after text_tokenizers.py, whose mixtral.json it reads)

Needs transformers 5.23.0 and jinja2 (no network). Deterministic. Writes chat.json into tests/golden/text,
or into the folder given.
The templates are those published with Mixtral-8x7B-Instruct-v0.1 (2023, 2024) and Mistral-7B-Instruct-v0.1 (2023), and
two made up for tools and thinking, with the constructs that templates of such models use.
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

# Names and sources; the first three are as published.
TEMPLATES = [
    ("mixtral 2023", FIRST),
    ("mistral 2023", SPACED),
    ("mixtral 2024", SECOND),
    ("line breaks behind blocks", FIRST.replace("%}", "%}\n")),
    ("blocks indented", FIRST.replace("{% endif %}", "\n   {% endif %}").replace("}}\n   {% endif", "}}{% endif")),
    ("double quotes", FIRST.replace("'", '"')),
    ("tight", FIRST.replace("{{ ", "{{").replace(" }}", "}}").replace(" + ", "+").replace(" == ", "==")),
    ("comment", "{# a comment #}" + FIRST),
    ("carriage returns", SECOND.replace("\n", "\r\n")),
    ("a line break behind the first token", FIRST.replace("{{ bos_token }}", "{{ bos_token }}\n")),
    ("three trailing newlines", FIRST + "\n\n\n"),
    ("chatml", "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
               "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}"
               "{{ '<|im_start|>assistant\\n' }}{% endif %}"),
    ("broken", FIRST[:-5]),
]

# Names of a turn's own, tools, thinking: what larger templates do, in few lines.
TOOLS = r"""
{#- made up -#}
{%- macro parts(content) -%}
    {%- if content is string -%}{{ content }}
    {%- elif content is mapping -%}{{ content.text }}
    {%- else -%}{%- for part in content -%}{{ part.text if part.type == 'text' else '<' ~ part.type ~ '>' }}{%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{{- bos_token }}
{%- if tools %}
    {{- '<sys>' }}
    {%- for tool in tools | map(attribute='function') %}
        {{- '\n' ~ tool | tojson }}
        {%- for name, field in tool.parameters.properties | items %}
            {{- '\n  ' ~ loop.index ~ ' ' ~ name ~ ': ' ~ field.type }}
            {%- if name in tool.parameters.required | default([]) %}{{ ' (required)' }}{% endif %}
        {%- endfor %}
    {%- endfor %}
    {{- '</sys>\n' }}
{%- endif %}
{%- for document in documents or [] %}{{ '[' ~ document.title | upper ~ '] ' ~ document['text'] | trim }}
{% endfor %}
{%- set ns = namespace(last_user=-1, open=false) %}
{%- for message in messages[::-1] %}
    {%- set index = messages | length - 1 - loop.index0 %}
    {%- if ns.last_user < 0 and message.role == 'user' and not (message.content is string and
        message.content.startswith('<result>')) %}{% set ns.last_user = index %}{% endif %}
{%- endfor %}
{%- if ns.last_user < 0 %}{{ raise_exception('No user message in ' ~ messages | length) }}{% endif %}
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {%- set content = parts(message.content if message.content is defined else '') %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {{- '<assistant>' }}
        {%- if loop.index0 > ns.last_user and (loop.last or thought) %}{{ '<think>' ~ thought.strip() ~ '</think>' }}{% endif %}
        {%- generation %}{{ content }}{% endgeneration %}
        {%- for call in message.tool_calls or [] %}
            {%- if call.function %}{% set call = call.function %}{% endif %}
            {{- '\n<call ' ~ call.name ~ '>' }}
            {{- call.arguments if call.arguments is string else call.arguments | tojson(indent=2) }}
        {%- endfor %}
        {{- eos_token }}
    {%- elif message.role == 'tool' %}
        {%- if loop.first or loop.previtem.role != 'tool' %}{{ '<results>' }}{% endif %}
        {{- message.name | default('?') ~ '=' ~ message.content }}
        {%- if loop.last or loop.nextitem.role != 'tool' %}{{ '</results>' }}{% else %}{{ ';' }}{% endif %}
    {%- else %}
        {{- '<' ~ message['role'] ~ '>' ~ parts(message.content) }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<assistant>' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{ '<think></think>' }}{% endif %}
{%- endif %}
"""
NAMES = ("{% for m in messages %}{{ m.keys() | list | join(',') }};{% endfor %}"
         "{{ tools is none }} {{ documents is defined }} {{ mask_token is defined }} {{ unk_token }} {{ extra }}")

TOOL = {"type": "function", "function": {
    "name": "weather", "description": "Says the \"weather\" <now>, \u00e9", "parameters": {
        "type": "object", "properties": {"place": {"type": "string"}, "days": {"type": "integer"}}, "required": ["place"]}}}
CALL = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": {"place": "Bern", "days": [1, 2.0]}}}
ASKED = [{"role": "user", "content": "How is it?"}]
USED = ASKED + [{"role": "assistant", "content": None, "tool_calls": [CALL, CALL["function"]]},
                {"role": "tool", "name": "weather", "content": "{\"t\": 20}"}, {"role": "tool", "content": "21"}]

# Templates, conversations and what they are rendered with.
CALLS = [
    (TOOLS, ASKED, {}),
    (TOOLS, ASKED, {"add_generation_prompt": False}),
    (TOOLS, ASKED, {"tools": [TOOL, TOOL]}),
    (TOOLS, ASKED, {"enable_thinking": False}),
    (TOOLS, ASKED, {"enable_thinking": True, "documents": [{"title": "a", "text": " b\n"}, {"title": "c", "text": "d"}]}),
    (TOOLS, USED, {"tools": [TOOL]}),
    (TOOLS, USED + [{"role": "assistant", "content": "20", "reasoning": " why "}], {"add_generation_prompt": False}),
    (TOOLS, ASKED + [{"role": "assistant", "content": "<think>\nso\n</think>\n\n20"}], {}),
    (TOOLS, [{"role": "user", "content": [{"type": "text", "text": "see "}, {"type": "image"}]}], {}),
    (TOOLS, [{"role": "user", "content": {"text": "a"}}, {"role": "assistant", "content": "b"}, *ASKED], {}),
    (TOOLS, [{"role": "system", "content": "s"}], {}),
    (TOOLS, [{"role": "user"}], {}),
    (NAMES, [{"role": "user", "content": "a", "name": None}, {"role": "assistant", "thinking": "t", "content": "b"}], {}),
    (NAMES, [{"role": "user", "content": "a", "reasoning_content": "r", "reasoning": "x"}], {"extra": [1, {"b": None}]}),
    (NAMES, ASKED, {"tools": [], "unk_token": "mine"}),
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
    out = {"templates": [{"name": name, "source": source} for name, source in TEMPLATES],
           "conversations": [[{"role": role, "content": content} for role, content in talk] for talk in CONVERSATIONS],
           "texts": [], "ids": []}
    for _, source in TEMPLATES:
        texts = []
        ids = []
        for talk in out["conversations"]:
            how = {"chat_template": source, "add_generation_prompt": True}
            try:
                texts.append(tokenizer.apply_chat_template(talk, tokenize=False, **how))
                ids.append(tokenizer.apply_chat_template(talk, tokenize=True, **how)["input_ids"])
            except Exception:
                texts.append(None)
                ids.append(None)
        out["texts"].append(texts)
        out["ids"].append(ids)
    out["calls"] = []
    for source, messages, options in CALLS:
        try:
            text = tokenizer.apply_chat_template(messages, chat_template=source, tokenize=False,
                                                 **{"add_generation_prompt": True, **options})
        except Exception:
            text = None
        out["calls"].append({"template": "tools" if source == TOOLS else "names", "messages": messages,
                             "options": options, "text": text})
    out["more templates"] = {"tools": TOOLS, "names": NAMES}
    (OUT / "chat.json").write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
