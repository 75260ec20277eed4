#include "asterism/text/detail/unicode.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/text/detail/regex.hpp"
#include "asterism/text/detail/utf8.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::text;
using asterism::test::golden_json;
using asterism::test::Json;

namespace {

std::vector<bool> members(const Json& runs) {
  std::vector<bool> out(0x110000, false);
  for (std::size_t i = 0; i < runs.size(); i += 2) {
    for (auto c = runs[i].get<std::size_t>(); c <= runs[i + 1].get<std::size_t>(); ++c) out[c] = true;
  }
  return out;
}

/// Compares on the characters that were assigned when the golden values were made.
void check_class(const Json& golden, const char* name, const std::function<bool(char32_t)>& is_member) {
  CAPTURE(name);
  const std::vector<bool> assigned = members(golden["assigned"]);
  const std::vector<bool> expected = members(golden["classes"][name]);
  for (char32_t c = 0; c < 0x110000U; ++c) {
    if (assigned[c] && is_member(c) != expected[c]) FAIL_CHECK("code point ", static_cast<unsigned>(c));
  }
}

constexpr std::pair<const char*, NormalForm> forms[] = {
    {"NFC", NormalForm::nfc}, {"NFD", NormalForm::nfd}, {"NFKC", NormalForm::nfkc}, {"NFKD", NormalForm::nfkd}};

}  // namespace

TEST_CASE("classes of all characters as Hugging Face sees them") {
  const Json golden = golden_json("characters");
  check_class(golden, "space", is_white_space);
  check_class(golden, "word", is_word);
  check_class(golden, "numeric", is_numeric);
  check_class(golden, "punctuation", is_punctuation);
}

TEST_CASE("classes of regexes as Oniguruma has them") {
  const Json golden = golden_json("characters");
  const std::vector<bool> assigned = members(golden["assigned"]);
  std::string every;
  for (char32_t c = 0; c < 0x110000U; ++c) {
    if (assigned[c]) append_code_point(every, c);
  }
  for (const char* pattern : {"\\p{L}", "\\p{N}", "\\s", "\\p{M}", "\\p{P}", "\\p{S}", "\\p{Lu}", "\\d"}) {
    std::vector<bool> found(0x110000, false);
    Regex(pattern, "test").for_each_match(every, [&](std::size_t begin, std::size_t) {
      found[code_point_at(every, begin).value] = true;
    });
    check_class(golden, pattern, [&](char32_t c) { return found[c]; });
  }
}

TEST_CASE("normal forms of all characters") {
  const Json golden = golden_json("characters");
  const std::vector<bool> assigned = members(golden["assigned"]);
  for (const auto& [form_name, form] : forms) {
    const char* name = form_name;
    CAPTURE(name);
    const Json& expected = golden["forms"][name];
    const std::vector<bool> skipped = members(expected["skipped"]);
    const auto block = expected["block"].get<std::size_t>();
    for (std::size_t i = 0; i < expected["crc"].size(); ++i) {
      std::string text;
      for (std::size_t c = i * block; c < (i + 1) * block; ++c) {
        if (!assigned[c] || skipped[c]) continue;
        std::string character;
        append_code_point(character, static_cast<char32_t>(c));
        text += normalize(character, form);
      }
      CAPTURE(i);
      CHECK(asterism::test::crc32(text) == expected["crc"][i].get<std::uint32_t>());
    }
    for (const Json& mixed : golden["forms"]["mixed"]) {
      CHECK(normalize(mixed["text"].get<std::string>(), form) == mixed[name].get<std::string>());
    }
  }
}

TEST_CASE("a long run of marks takes no quadratic time") {
  std::string text = "a";
  for (int i = 0; i < 300'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0316";
  const std::string out = normalize(text, NormalForm::nfd);
  CHECK(out.size() == text.size());
  CHECK(out.substr(1, 4) == "\u0316\u0316");
}
