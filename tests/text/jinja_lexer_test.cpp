#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/text/jinja/lexer.hpp"

using namespace asterism;
using text::jinja::cut_into_tokens;
using text::jinja::Token;

namespace {

/// Kinds and texts in a row: "data:a print_begin: name:b ..." in short.
std::string tokens(std::string_view source) {
  constexpr std::string_view kinds[] = {"data", "{{",  "}}",  "{%",   "%}", "name",
                                        "text", "int", "num", "sign", "end"};
  std::string out;
  for (const Token& token : cut_into_tokens(source, "t")) {
    if (!out.empty()) out += ' ';
    out += kinds[static_cast<std::size_t>(token.kind)];
    if (!token.text.empty()) out += ":" + token.text;
  }
  return out;
}

}  // namespace

TEST_CASE("tokens") {
  CHECK(tokens("") == "end");
  CHECK(tokens("a{{ b.c }}d\n") == "data:a {{ name:b sign:. name:c }} data:d end");
  CHECK(tokens("{%- if x//2 -%} {%+ endif +%}\n{%- y %}\nz") ==
        "{% name:if name:x sign:// int:2 %} {% name:endif %} {% name:y %} data:z end");
  CHECK(tokens("{{ '\\x41\\n' ~ 1_0 ~ 1.5e-3 }}") == "{{ text:A\n sign:~ int:10 sign:~ num:1.5e-3 }} end");
  CHECK(tokens("{{ {'a': {}} }}") == "{{ sign:{ text:a sign:: sign:{ sign:} sign:} }} end");
  CHECK(tokens("{{ '}}' }}") == "{{ text:}} }} end");
  CHECK(tokens("{# {{ x }} #}a{% raw %}{{ b }}{% endraw %}") == "data:a data:{{ b }} end");
  CHECK(tokens("{") == "data:{ end");
  CHECK(tokens("a\r\nb\r") == "data:a\nb end");
}

TEST_CASE("lines are counted through tags, comments and strings") {
  const std::vector<Token> all =
      cut_into_tokens("a\n{# \n #}\n{{ 'x\ny'\n ~ b }}\n\n{% raw %}\n{% endraw %}{{ c }}", "t");
  std::vector<std::pair<std::string, std::uint32_t>> names;
  for (const Token& token : all) {
    if (token.kind == Token::Kind::name) names.emplace_back(token.text, token.line);
  }
  CHECK(names == std::vector<std::pair<std::string, std::uint32_t>>{{"b", 6}, {"c", 9}});
}

TEST_CASE("what Jinja can't cut is an error") {
  for (const char* bad :
       {"{{", "{{ a", "{% a", "{{ 'a }}", "{{ a } }}", "{{ (a }}", "{{ a) }}", "{{ [a) }}", "{{ a & b }}",
        "{{ '\\x4' }}", "{{ '\\ud800' }}", "{{ '\\U00110000' }}", "{# a", "{% raw %} a"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(cut_into_tokens(bad, "t"), FormatError);
  }
  CHECK_THROWS_AS(cut_into_tokens("{{ 0x10 }}", "t"), Unsupported);
  CHECK_THROWS_AS(cut_into_tokens("{{ '\\N{DASH}' }}", "t"), Unsupported);
}
