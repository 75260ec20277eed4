"""Golden values for the template engine: small templates as Jinja renders them, set up as transformers does.

    python tests/golden/text_jinja.py [folder]

Needs transformers 5.23.0 and jinja2 3.1.6 (no network). Deterministic. Writes jinja.json into tests/golden/text, or
into the folder given. Each case is a template and its text, or null where Jinja raises.
"""

import json
import pathlib
import sys

from transformers.utils.chat_template_utils import _cached_compile_jinja_template

OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent / "text"

VARIABLES = {
    "n": 7, "f": 2.5, "s": "Hello World", "u": "h\u00e9 \u4f60\u597d \U0001F600", "e": "", "t": True, "z": None,
    "xs": [3, 1, 2], "words": ["b", "A", "c"], "d": {"b": 1, "a": [1, {"k": "v"}], "items": "own"},
    "people": [{"name": "Ann", "age": 30, "pet": {"kind": "cat"}}, {"name": "bob", "age": 25},
               {"name": "Cid", "age": 30, "pet": {"kind": "dog"}}],
    "lines": "one\n\n two\nthree\n", "html": "<a href='x'>&\"</a>", "padded": "  \t in \n",
}

# Groups of templates; each case is rendered with VARIABLES.
CASES = {
    "whitespace": [
        "a\n{% if t %}\nb\n{% endif %}\nc\n", "  {% if t %}x{% endif %}  \n y", "  {%+ if t %}x{% endif +%}\n y",
        "a {%- if t -%} b {%- endif -%} c", "a\n\n  {{- n -}}  \n b", "{{ n }}\n{{ n }}\n\n",
        "a\r\nb\rc\n{{ n }}\r\n",
        "{# c #}\na{#- c -#} b {#+ c +#}\nc", "  {# c #}\nx", "x {# c #}\ny",
        "{% raw %}{{ n }} {% if %}{% endraw %}!",
        "a\n  {%- raw -%}  {{ x }} \n {%- endraw -%}  b", "{% raw %}\nx{% endraw %}\ny", "{%raw%} a\n  {%endraw%}\nb",
        "{% for x in xs %}\n  {{ x }},\n{% endfor %}", "{{ n }} {%- set a = 1 %}\n {{ a }}",
        "\t {% set a = 1 %}\t\nb",
        "{{ '{{' }}{{ '%}' }}{{ \"}}\" }}", "{ {{ n }} } {% if t %}{ {% endif %}", "{{-n-}} {{+n}}", "{{ -1 }}{{-1}}",
        "a{%- if t %} b{% endif %}\n\nc", "\n\n{% if t %}\n\n\nx{% endif %}\n\n", "x\v{% if t %}\f{% endif %}",
        "{% if t -%}\n  a\n  {%- endif %}b", "{{ n\n }}\n{{ n }}", "{{ {'a': {'b': 1}}['a']['b'] }}", "{{ {} }}",
        "{%- for x in xs -%} {{ x }} {%- endfor -%}\n", "{% if t %}a{% else %}\nb{% endif %}",
        "\u00a0{% if t %}x{% endif %}",
    ],
    "literals": [
        "{{ 1 }} {{ 1_000 }} {{ 1.5 }} {{ 1e3 }} {{ 2.5e-7 }} {{ 1e16 }} {{ 123456789012345678.0 }} {{ 1e22 }} {{ 0.0001 }}",
        "{{ true }} {{ True }} {{ false }} {{ False }} {{ none }} {{ None }}", "{{ 'a' 'b' \"c\" }}",
        "{{ 'a\\nb\\t\\\\ \\' \\\" \\x41 \\u00e9 \\U0001F600 \\101 \\0 \\q \\a' }}|{{ 'a\\\nb' }}", "{{ 'it''s' }}",
        "{{ [] }} {{ [1,] }} {{ [1, 'a', none, 1.0, true] }}", "{{ () }} {{ (1,) }} {{ (1, 2) }} {{ 1, 2 }}",
        "{{ {'a': 1, 2: 'b', none: [], 'a': 3} }}",
        "{{ ['it\\'s', 'q\"', 'both\\'\"', '\\\\', '\\n\\t\\r\\x01\\x7f'] }}",
        "{{ ['\\u00e9\\u4f60', '\\u00a0', '\\u200b', '\\U0001F600', '\\ue000'] }}", "{{ [1e100, -0.0, 1/3, 100.0] }}",
        "{{ 3.0 }} {{ 1e15 }} {{ 12345678.9 }} {{ 1e-5 }} {{ 5e-324 }} {{ 1.7976931348623157e308 }}", "{{ u }}",
    ],
    "arithmetic": [
        "{{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }}",
        "{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 2 ** 0.5 }} {{ 1 + 2.0 }} {{ 6 / 3 }} {{ true + 1 }} {{ 2 ** 3 ** 2 }}",
        "{{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ -2 ** 2 }} {{ - 3 + 1 }} {{ +3 }} {{ -n|abs }} {{ 10 - 2 - 3 }}",
        "{{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ 2 * 'x' }} {{ [1] + [2] }} {{ [0] * 2 }} {{ 'a' ~ 1 ~ none ~ 2.0 ~ [1] }}",
        "{{ 1 ~ 2 + 3 }}", "{{ 1 + 2 ~ 3 }}", "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{{ 'x' - 1 }}", "{{ z + 1 }}",
        "{{ -'a' }}",
        "{{ '%s-%05d-%.2f-%%-%r-%x' % ('a', 42, 3.14159, 'q', 255) }}",
        "{{ '%s' % n }}|{{ '%-4s|%4s' % ('a', 'b') }}",
        "{{ '%(a)s' % {'a': 1} }}", "{{ '%d' % 'a' }}", "{{ '%s %s' % ('a',) }}", "{{ '%s' % ('a', 'b') }}",
        "{{ (1,) + (2,) }}",
        "{{ -7.5 // 2 }} {{ 1e308 * 10 }} {{ -1e308 * 10 }} {{ 5 % 2.5 }} {{ 7 // 2.0 }}", "{{ '%+d % d' % (1, 2) }}",
    ],
    "logic": [
        "{{ 1 and 0 }} {{ 1 or x.y }} {{ 0 or '' }} {{ not 0 }} {{ not not 3 }} {{ 1 and 'a' and [] }} {{ e or z or 'd' }}",
        "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 2 >= 2 }}",
        "{{ 1 == 'a' }} {{ none == false }} {{ [1] == [1] }} {{ {'a': 1} == {'a': 1.0} }} {{ (1,) == [1] }} {{ 'a' != 'b' }}",
        "{{ 1 in xs }} {{ 9 not in xs }} {{ 'lo' in s }} {{ 'b' in d }} {{ 1 in d }} {{ not 1 in xs }} {{ 1 in missing }}",
        "{{ 1 < 'a' }}", "{{ 1 in 'a' }}", "{{ 1 in 5 }}",
        "{{ 'a' if t else 'b' }} {{ 'a' if z else 'b' }} [{{ 'a' if z }}]",
        "{{ 1 if 0 else 2 if 0 else 3 }}", "{{ (1 if t else 2) + 1 }}", "{{ 'y' if n > 5 and n < 9 or z else 'n' }}",
        "{{ 'a' if z else 'b' if t else 'c' }}", "{{ n is odd and not n is even }}", "{{ not n == 7 }}",
        "{{ z < 1 }}",
        "{{ (missing == missing) }} {{ missing == none }} {{ missing != 1 }} {{ missing in [1] }}",
        "{{ true == 1 }}{{ 1 is true }}",
    ],
    "lookup": [
        "{{ d.a[1].k }} {{ d['a'][0] }} {{ d.a.1.k }} {{ d.b }} {{ d['items'] }} {{ d.items()|list }}",
        "{{ s[0] }} {{ s[-1] }} {{ u[1] }} {{ u[3] }} {{ xs[0] }} {{ xs[-1] }} [{{ xs[9] }}] [{{ s[99] }}] [{{ d.q }}]",
        "{{ s[1:3] }} {{ s[:-3] }} {{ s[::2] }} {{ s[::-1] }} {{ xs[1:] }} {{ xs[::-1] }} {{ xs[5:] }} {{ xs[-2:] }} {{ u[::-1] }}",
        "{{ s[3:1] }}|{{ s[10:2:-2] }} {{ (1, 2, 3)[1:] }} {{ s[none:2] }} {{ xs[-9:9] }} {{ xs[2:0:-1] }} {{ s[-1:-4:-1] }}",
        "{{ d.q.r }}", "{{ missing.x }}", "{{ missing['x'] }}", "{{ missing[1:] }}", "{{ z.x }}|{{ z['x'] }}",
        "{{ n.x }}|{{ n[0] }}",
        "{{ d[1:] }}", "{{ s[::0] }}", "{{ s['a':] }}",
        "{{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 5) }} {{ d.keys()|list }}",
        "{{ d.values()|list }} {{ d.items()|list|length }} {{ d|length }} {{ d|list }}", "{{ xs.0 }}",
        "{{ missing }}|{{ missing|length }}",
        "{{ missing() }}", "{{ n() }}", "{{ s.nothing() }}", "{{ d.b() }}", "{{ xs.append(1) }}",
        "{{ d.update({}) }}", "{{ xs[true] }}",
        "{% if d.items %}has{% endif %} {% if d.pet is defined %}a{% else %}b{% endif %}", "{{ people[0].pet.kind }}",
        "{{ xs['a'] }}|",
        "{{ xs.count(1) }} {{ xs.index(2) }} {{ (1, 2, 1).count(1) }}", "{{ xs.index(9) }}", "{{ ''[0] }}|",
        "{{ d.a[:1] }}",
    ],
    "methods": [
        "{{ padded.strip() }}|{{ padded.lstrip() }}|{{ padded.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'abcba'.lstrip('ab') }}",
        "{{ s.split() }} {{ s.split('o') }} {{ s.split('o', 1) }} {{ s.rsplit('o', 1) }} {{ ' a  b '.split() }} {{ ''.split() }}",
        "{{ ' a  b c '.split(none, 1) }} {{ ' a  b c '.rsplit(none, 1) }} {{ 'a,b,'.split(',') }} {{ ''.split(',') }}",
        "{{ s.split(maxsplit=1) }} {{ s.split(sep='l') }} {{ 'a--b'.split('--')[-1] }} {{ 'abc'.split('') }}",
        "{{ s.startswith('He') }} {{ s.endswith(('x', 'ld')) }} {{ s.startswith('e', 1) }} {{ s.startswith('') }}",
        "{{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 2) }} {{ 'abc'.replace('', '-') }} {{ s.replace('q', 'x') }}",
        "{{ s.upper() }} {{ s.lower() }} {{ 'hELLO wORLD it\\'s'.title() }} {{ 'hELLO'.capitalize() }} {{ '\u00e9\u00c9\u00df'.upper() }}",
        "{{ ', '.join(words) }} {{ ''.join([]) }} {{ 'x'.join('abc') }}", "{{ ','.join(xs) }}",
        "{{ s.find('o') }} {{ s.rfind('o') }}",
        "{{ s.find('q') }} {{ s.count('l') }} {{ s.index('W') }} {{ u.find('\u597d') }} {{ 'aaaa'.count('aa') }}",
        "{{ s.index('q') }}",
        "{{ 'ab\\ncd\\r\\nef\\n'.splitlines() }} {{ ''.splitlines() }}",
        "{{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ ' '.isspace() }}",
        "{{ ''.isdigit() }} {{ 'aB'.isupper() }} {{ 'AB1'.isupper() }} {{ 'ab1'.isalnum() }} {{ 'ab'.islower() }}",
        "{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }}",
        "{{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'ab'.ljust(4) }}| {{ 'ab'.rjust(4, '.') }} {{ 'ab'.center(7, '*') }} {{ 'abc'.center(6, '*') }}",
        "{{ 'x'.partition('') }}", "{{ s.split(1) }}", "{{ s.strip(1) }}",
        "{{ 'a<think>b</think>c'.split('</think>')[-1].lstrip('\\n') }}",
        "{{ '\u00a0\u2003x\u3000'.strip() }}", "{{ s.upper(1) }}", "{{ ('a,b' | string).split(',')[1] }}",
        "{{ 'A\u0130'|length }}",
    ],
    "filters": [
        "{{ padded|trim }}|{{ 'xxa'|trim('x') }}|{{ s|upper }}|{{ s|lower }}|{{ 'foo bar-baz (qux)'|title }}|{{ 'fOO bar'|capitalize }}",
        "{{ s|length }} {{ xs|count }} {{ u|length }} {{ xs|first }} {{ xs|last }} {{ s|first }} [{{ []|first }}] {{ s|last }}",
        "{{ xs|join(', ') }} {{ xs|join }} {{ people|join('+', attribute='name') }} {{ 'abc'|join('-') }} {{ missing|join }}",
        "{{ missing|default('d') }} {{ e|default('d') }} {{ e|default('d', true) }} {{ z|d('x') }} {{ d.q|default(5) }} [{{ missing|default }}]",
        "{{ d|items|list }} {{ missing|items|list }}",
        "{{ s|replace('o', '0') }} {{ s|replace('o', '0', 1) }} {{ 12|replace(1, 9) }}",
        "{{ xs|sort }} {{ xs|sort(reverse=true) }} {{ words|sort }} {{ words|sort(case_sensitive=true) }} {{ people|sort(attribute='age')|map(attribute='name')|list }}",
        "{{ people|sort(attribute='age,name')|map(attribute='name')|join(',') }} {{ d|dictsort|map('first')|list }} {{ {'b': 1, 'a': 2}|dictsort(by='value') }}",
        "{{ xs|map('string')|list }} {{ words|map('upper')|join }} {{ people|map(attribute='pet.kind', default='none')|list }} {{ ['a b']|map('replace', ' ', '_')|list }}",
        "{{ xs|select('odd')|list }} {{ xs|reject('odd')|list }} {{ [0, 1, '', 'a']|select|list }} {{ xs|select('gt', 1)|list }} {{ xs|reject('in', [1, 2])|list }}",
        "{{ people|selectattr('age', 'equalto', 30)|map(attribute='name')|list }} {{ people|rejectattr('pet')|map(attribute='name')|list }} {{ people|selectattr('pet.kind', 'defined')|list|length }}",
        "{{ xs|reverse|list }} {{ s|reverse }} {{ xs|list }} {{ 'abc'|list }} {{ xs|sum }} {{ people|sum(attribute='age') }} {{ xs|max }} {{ xs|min }} {{ words|max }}",
        "{{ [1, 1, 2]|unique|list }} {{ ['a', 'A']|unique|list }} {{ xs|batch(2)|list }} {{ xs|batch(2, 0)|list }} {{ [1, 2, 3, 4, 5]|slice(3)|list }} {{ [1, 2, 3, 4]|slice(3, 'x')|list }}",
        "{{ '42'|int }} {{ '42.9'|int }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ 3.9|int }} {{ true|int }} {{ ' 5 '|int }} {{ '1.5'|float }} {{ 'x'|float }} {{ 3|float }} {{ z|int }}",
        "{{ 42.55|round }} {{ 42.55|round(1, 'floor') }} {{ 2.5|round }} {{ 42.1|round(0, 'ceil') }} {{ 7|round }} {{ 2.675|round(2) }} {{ -3|abs }} {{ -2.5|abs }}",
        "{{ lines|indent }}|{{ lines|indent(2, true) }}|{{ lines|indent('> ', blank=true) }}|{{ ''|indent }}|{{ 'a'|indent(first=true) }}",
        "{{ s|truncate(8) }} {{ s|truncate(5, true) }} {{ 'foo bar baz qux'|truncate(9) }} {{ 'foo bar baz qux'|truncate(11, false, '..', 0) }} {{ s|truncate }}",
        "{{ html|e }} {{ html|escape }} {{ html|safe }} {{ s|wordcount }} {{ s|center(15) }}| {{ '%s, %s'|format('a', 1) }} {{ '%(a)s'|format(a=2) }} {{ n|string + 'x' }}",
        "{{ people|groupby('age')|map('first')|list }} {% for age, them in people|groupby('age') %}{{ age }}:{{ them|map(attribute='name')|join(',') }};{% endfor %}",
        "{% set g = xs|map('string') %}{{ g|join }}|{{ g|join }}", "{{ xs|map('string')|length }}",
        "{{ [1]|select('none') and 'generators are true' }}",
        "{% if []|map('upper') %}y{% else %}n{% endif %}", "{{ xs|nothing }}", "{{ s|length(1) }}", "{{ n|length }}",
        "{{ n|join }}", "{{ z|upper }}|{{ n|upper }}|{{ missing|upper }}",
        "{{ s|attr('upper')() }}|{{ d|attr('b') }}|", "{{ 'a,b'|replace(',', ';')|upper|length }}", "{{ -1|abs }}",
        "{{ xs|sort|first }}", "{{ missing|int }}",
        "{% filter upper %}a{{ n }}b{% endfilter %}", "{% filter trim|replace('a', 'b') %} aa {% endfilter %}",
        "{{ xs|last|string ~ 'x' }}", "{{ d|length + 1 }}",
    ],
    "tojson": [
        "{{ d|tojson }}|{{ u|tojson }}|{{ xs|tojson }}|{{ html|tojson }}|{{ [none, true, 1.0, 1e20, 'q\"\\\\\\n\\t\\x01\\x7f/']|tojson }}",
        "{{ d|tojson(indent=2) }}", "{{ d|tojson(indent=4)|indent(2) }}", "{{ [[], {}, [1]]|tojson(indent=1) }}",
        "{{ d|tojson(separators=(',', ':')) }}",
        "{{ d|tojson(sort_keys=true) }} {{ u|tojson(ensure_ascii=true) }}",
        "{{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }}", "{{ missing|tojson }}",
        "{{ people|map(attribute='name')|tojson }}", "{{ (1, 2)|tojson }} {{ ''|tojson }}",
        "{{ d|tojson(indent='\\t') }}", "{{ d.a|tojson(indent=0) }}",
        "{{ d.a|tojson(indent=2, separators=(', ', ' : ')) }}", "{{ range(3)|tojson }}",
        "{{ '\\u2028\\u00e9\\b\\f'|tojson }}",
    ],
    "tests": [
        "{% for x in [n, f, s, e, t, z, xs, d, missing, (1,), range(2)] %}{{ [x is string, x is mapping, x is iterable, x is sequence, x is number, x is integer, x is float, x is boolean, x is none, x is defined, x is undefined, x is callable, x is true, x is false] }}\n{% endfor %}",
        "{{ 3 is odd }} {{ 3 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 'a' is lower }} {{ 'A' is upper }} {{ 'a1' is lower }} {{ '1' is lower }}",
        "{{ 1 is eq 1 }} {{ 1 is ne 1 }} {{ 1 is lt 2 }} {{ 1 is ge 1 }} {{ 1 is equalto 1.0 }} {{ 1 is in xs }} {{ 9 is not in(xs) }} {{ n is sameas n }} {{ z is sameas none }}",
        "{{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ s is escaped }}",
        "{{ n is not defined }} {{ missing is not defined }} {{ n is not none and n is odd }}",
        "{{ missing is none }} {{ d.q is defined }} {{ d.b is defined }}", "{{ n is nothing }}",
        "{{ n is string is true }}", "{{ s is string or z is string }}",
        "{{ raise_exception is callable }} {{ namespace() is callable }} {{ d is not string }}",
        "{{ missing.x is defined }}", "{{ xs|select('odd') is iterable }}",
    ],
    "for": [
        "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
        "{% for x in xs %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
        "{% for x in [] %}a{% else %}b{% endfor %} {% for x in missing %}a{% else %}c{% endfor %}",
        "{% for x in xs if x != 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% else %}none{% endfor %}",
        "{% for x in xs if x > 9 %}x{% else %}none{% endfor %}",
        "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %} {% for k in d %}{{ k }},{% endfor %} {% for c in 'ab' %}{{ c }}.{% endfor %}",
        "{% for a, (b, c) in [(1, (2, 3)), [4, [5, 6]]] %}{{ a }}{{ b }}{{ c }} {% endfor %}",
        "{% for a, b in [1] %}{% endfor %}", "{% for a, b in [[1]] %}{% endfor %}",
        "{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}",
        "{% for x in 5 %}{% endfor %}",
        "{% for x in xs %}{% for y in 'ab' %}{{ x }}{{ y }}{{ loop.index }} {% endfor %}{{ loop.index }}{% endfor %}",
        "{% for x in [1, 1, 2] %}{{ loop.changed(x) }} {{ loop.cycle('a', 'b') }} {% endfor %}",
        "{% set v = 1 %}{% for x in xs %}{% set v = v + x %}{{ v }} {% endfor %}{{ v }}",
        "{% for x in xs %}{% if y is defined %}D{% endif %}{% set y = x %}{% endfor %}",
        "{% set ns = namespace(v=0, w='a') %}{% for x in xs %}{% set ns.v = ns.v + x %}{% endfor %}{{ ns.v }}{{ ns.w }}[{{ ns.q }}]",
        "{% for x in xs[::-1] %}{{ x }}{% endfor %}",
        "{% for x in xs %}{% set outer = loop %}{% for y in [1] %}{{ outer.index }}{% endfor %}{% endfor %}",
        "{% for x in range(1, 10, 3) %}{{ x }} {% endfor %}{{ range(3)|list }} {{ range(5, 0, -2)|list }}",
        "{{ loop }}|{{ loop is defined }}", "{% for x in range(100001) %}{% endfor %}",
        "{% for x in xs -%}\n {{ x }}\n{%- endfor %}", "{% for (a, b) in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}",
        "{% for x in xs, words %}{{ x }}{% endfor %}",
        "{% for x in xs|sort %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{% for loop in xs %}{{ loop }}{% endfor %}",
        "{% for x in xs %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}",
        "{% break %}", "{% for x in xs %}{{ x }}", "{% for x xs %}{% endfor %}",
        "{% for x in people %}{{ x.name }}{% endfor %}{{ x }}",
    ],
    "set": [
        "{% set a = 1 %}{% set b, c = 2, 3 %}{{ a }}{{ b }}{{ c }}", "{% set a %} x {{ n }} {% endset %}[{{ a }}]",
        "{% set a | upper | trim %} x {% endset %}[{{ a }}]",
        "{% if t %}{% set a = 5 %}{% endif %}{{ a }}", "{% set n = n + 1 %}{{ n }}",
        "{% set a = [1, 2] + [3] %}{{ a }}", "{% set d.x = 1 %}", "{% set q.x = 1 %}", "{% set true = 1 %}",
        "{% set ns = namespace() %}{% set ns.a = 1 %}{% set ns.b = ns.a + 1 %}{{ ns.a }}{{ ns.b }} {{ ns.c is defined }}",
        "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns['b'] }}",
        "{% set ns = namespace(_x=1) %}",
        "{% with a = 1, b = n %}{{ a }}{{ b }}{% set a = 9 %}{% endwith %}[{{ a }}]",
        "{% with %}{{ n }}{% endwith %}", "{% set a = dict(x=1, y=2) %}{{ a }}{{ dict({'q': 1}, r=2) }}",
        "{% set a = 1, 2 %}{{ a }}", "{% set a, b = [1] %}", "{% set a = 'x' if t else 'y' %}{{ a }}",
        "{% set x = namespace(found=false) %}{% if not x.found %}{{ 'no' }}{% endif %}",
        "{% for x in xs %}{% set ns = namespace(i=x) %}{{ ns.i }}{% endfor %}",
        "{% set (a, b) = (1, 2) %}{{ a }}{{ b }}", "{% set a = b = 1 %}",
        "{% set ns = namespace(l=[]) %}{% for x in xs %}{% set ns.l = ns.l + [x] %}{% endfor %}{{ ns.l }}",
    ],
    "if": [
        "{% if n > 5 %}a{% elif n > 3 %}b{% else %}c{% endif %}", "{% if e %}a{% elif n %}b{% else %}c{% endif %}",
        "{% if e %}a{% elif z %}b{% else %}c{% endif %}", "{% if missing %}a{% endif %}b",
        "{% if n == 7 and s %}{% if t %}x{% endif %}{% endif %}", "{% if %}{% endif %}", "{% if t %}", "{% endif %}",
        "{% if t %}{% endfor %}", "{% if (n, s) %}x{% endif %}", "{% if not (z or e) %}x{% endif %}",
        "{% if 'a' in s and s is string %}x{% else %}y{% endif %}", "{% if t: %}x{% endif %}", "{% nothing %}",
        "{{ }}", "{{ n", "{% if t", "{# n", "{{ 'a }}", "{{ n ! }}", "{{ (1 }}", "{{ 1) }}", "{{ [1} }}", "{% raw %}",
        "{{ n m }}", "{{ 1 + }}", "{{ .a }}", "{{ n. }}", "{{ s[ }}", "{{ f(a=1, 2) }}", "{% set %}",
        "{% set 1 = 2 %}", "{% %}", "{{ {1} }}", "{{ '\\x4' }}", "{{ a..b }}", "{% do xs %}", "{% print n, s %}",
    ],
    "macro": [
        "{% macro m(a, b=2, c=b) %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(c=5, a=4) }}{{ m() }}",
        "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}{{ m() }}",
        "{% macro m(a) %}{% if a > 0 %}{{ a }}{{ m(a - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
        "{% macro m(x) %}{{ caller() }}-{{ x }}{% endmacro %}{% call m(1) %}body{{ n }}{% endcall %}",
        "{% macro m() %}{{ caller(1, 'b') }}{% endmacro %}{% call(a, b) m() %}{{ a }}{{ b }}{% endcall %}",
        "{% macro m() %}{{ n }}{{ later }}{% endmacro %}{% set later = 9 %}{{ m() }}",
        "{% macro m() %}{% set q = 1 %}{% endmacro %}{{ m() }}[{{ q }}]",
        "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=1) }}",
        "{% macro m(a) %}{% endmacro %}{{ m(1, a=1) }}", "{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}",
        "{{ m() }}{% macro m() %}{% endmacro %}",
        "{% macro m() %}  x\n{% endmacro %}[{{ m()|trim }}]",
        "{% macro m(a) -%}\n  {{- a -}}\n{%- endmacro %}{{ m('q') ~ m('r') }}",
        "{% macro a() %}1{% endmacro %}{% macro b() %}{{ a() }}2{% endmacro %}{{ b() }}",
        "{% macro m(a) %}{{ caller is defined }}{% endmacro %}{{ m(1) }}",
        "{% for x in xs %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}",
        "{% macro m(a, a2='z') %}{{ a }}{{ a2 }}{% endmacro %}{{ [1, 2]|map('string')|join }}{{ m(a2=1, a=2) }}",
        "{% macro m(a=1, b) %}{% endmacro %}", "{% call n %}{% endcall %}",
        "{% macro m() %}{{ m.name }}{% endmacro %}{{ m() }}", "{% generation %}a{{ n }}\n{% endgeneration %}b",
        "{% for x in xs %}{% generation %}{{ x }}{% set y = x %}{% endgeneration %}[{{ y }}]{% endfor %}",
        "{% call missing() %}{% endcall %}",
    ],
    "functions": [
        "{{ raise_exception('no') }}", "{% if z %}{{ raise_exception('no') }}{% endif %}fine",
        "{{ range(2) is iterable }}", "{{ strftime_now('%%') }}", "{{ range(1, 2, 0) }}", "{{ namespace(1) }}",
        "{{ dict(a=1)['a'] }}",
        "{{ dict([('a', 1), ['b', 2]]) }}", "{{ range(3)[1] }}{{ range(5)[1:3]|list }}", "{{ raise_exception() }}",
        "{{ lipsum is defined }}{{ cycler is defined }}{{ joiner is defined }}",
    ],
}


def render(source):
    try:
        return _cached_compile_jinja_template(source).render(**VARIABLES)
    except Exception:
        return None


def main():
    groups = {name: [[source, render(source)] for source in sources] for name, sources in CASES.items()}
    out = {"variables": VARIABLES, "groups": groups}
    (OUT / "jinja.json").write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
