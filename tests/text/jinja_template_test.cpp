#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/text/jinja/json_text.hpp"
#include "asterism/text/jinja/template.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::jinja::from_json;
using text::jinja::Template;
using text::jinja::Value;

TEST_CASE("templates render as in Jinja, set up as transformers does") {
  const auto golden = nlohmann::ordered_json::parse(golden_text("jinja"));
  const Value variables = from_json(golden["variables"].dump(), "golden");
  std::size_t count = 0;
  for (const auto& group : golden["groups"].items()) {
    const std::string name = group.key();
    CAPTURE(name);
    for (const auto& one : group.value()) {
      const auto source = one[0].get<std::string>();
      CAPTURE(source);
      ++count;
      if (one[1].is_null()) {
        CHECK_THROWS_AS(Template::parse(source, "golden").render(variables), Error);
      } else {
        try {
          CHECK(Template::parse(source, "golden").render(variables) == one[1].get<std::string>());
        } catch (const Error& error) {
          FAIL_CHECK(error.what());
        }
      }
    }
  }
  CHECK(count > 300);
}

namespace {

template <class E>
std::string message_of(const std::string& source) {
  try {
    return "rendered: " + Template::parse(source, "file.jinja").render(from_json("{\"n\": 1, \"xs\": [1]}", "v"));
  } catch (const E& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("errors name file, line and what is wrong") {
  const auto says = [](const std::string& message, const char* words) {
    CAPTURE(message);
    CAPTURE(words);
    CHECK(message.starts_with("file.jinja: line 2 of the chat template: "));
    CHECK(message.find(words) != std::string::npos);
  };
  const std::pair<const char*, const char*> wrong[] = {
      {"{% if n %}", "expected {% endif %}, found the end of the template"},
      {"{{ n", "expected }}"},
      {"{{ 'a }}", "a string is not closed"},
      {"{# a", "a comment is not closed"},
      {"{{ (n] }}", "unexpected ']', expected ')'"},
      {"{{ n ! }}", "unexpected character '!'"},
      {"{{ n m }}", "expected '}}', found 'm'"},
      {"{% nothing %}", "unknown tag 'nothing'"},
      {"{% break %}", "outside of a loop"},
      {"{{ missing.x }}", "'missing' is undefined"},
      {"{{ n.x.y }}", "'int object' has no attribute 'x'"},
      {"{{ n + 'a' }}", "'+' of int and str"},
      {"{{ n|nothing }}", "no filter 'nothing'"},
      {"{{ n is nothing }}", "no test 'nothing'"},
      {"{{ n() }}", "this int is called"},
      {"{{ xs.append(2) }}", "'append' would change a list"},
      {"{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "macro 'm' takes at most 1 arguments, but gets 2"},
      {"{% set n.x = 1 %}", "'n' is of type int, expected a namespace"},
      {"{{ n|replace('a') }}", "'replace' lacks its argument 'new'"},
      {"{{ '\\ud800' }}", "an escape in a string is no character"},
      {"{% for a, b in [[1]] %}{% endfor %}", "1 values are assigned to 2 names"},
  };
  for (const auto& [source, words] : wrong) says(message_of<FormatError>(std::string("\n") + source), words);
  const std::pair<const char*, const char*> unsupported[] = {
      {"{% include 'a' %}", "{% include %}"},
      {"{% extends 'a' %}", "{% extends %}"},
      {"{% block a %}{% endblock %}", "{% block %}"},
      {"{% for x in xs recursive %}{% endfor %}", "a recursive loop"},
      {"{{ n(*xs) }}", "*arguments"},
      {"{{ n|pprint }}", "the filter 'pprint'"},
      {"{{ 'a'.encode() }}", "the method 'encode'"},
      {"{{ 9223372036854775807 + 1 }}", "an integer of more than 64 bits"},
      {"{{ 9223372036854775808 }}", "the number 9223372036854775808"},
      {"{{ cycler(1) }}", "'cycler'"},
      {"{% set a = [namespace()] %}", "this namespace inside a list"},
      {"{{ range(3) }}", "the text of range"},
      {"{{ '\xCE\xA3'|lower }}", "'lower' of a character"},
  };
  for (const auto& [source, words] : unsupported) says(message_of<Unsupported>(std::string("\n") + source), words);
  CHECK(message_of<InvalidArgument>("{{ raise_exception('no, ' ~ n) }}") ==
        "file.jinja: the chat template refuses the conversation: no, 1");
}

TEST_CASE("variables that may not be written undefined") {
  const std::vector<std::string_view> names = {"bos_token"};
  const auto render = [&](const char* source) {
    return Template::parse(source, "t").render(from_json("{\"a\": 1}", "v"), View<const std::string_view>(names));
  };
  CHECK_THROWS_AS(render("{{ bos_token }}"), FormatError);
  CHECK_THROWS_AS(render("{{ a ~ bos_token }}"), FormatError);
  CHECK(render("{% if bos_token %}b{% endif %}{{ bos_token is defined }}{{ other }}") == "False");
}
