#include "asterism/text/detail/regex.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using asterism::text::Regex;

namespace {

std::vector<std::string> matches(const char* pattern, std::string_view text) {
  std::vector<std::string> out;
  Regex(pattern, "test").for_each_match(text, [&](std::size_t begin, std::size_t end) {
    out.emplace_back(text.substr(begin, end - begin));
  });
  return out;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("matches from left to right") {
  CHECK(matches("a|ab", "ab a") == Strings{"a", "a"});
  CHECK(matches("\\s+(?!\\S)|\\s+", "a   b ") == Strings{"  ", " ", " "});
  CHECK(matches("(?i:'s)", "'S'ſ's") == Strings{"'S", "'ſ", "'s"});
  CHECK(matches(".", "a\né") == Strings{"a", "é"});
  CHECK(matches("\\x{180E}", "\u180e").size() == 1);
  CHECK(matches("\\s", "\u180e\u0085").size() == 1);
  CHECK(matches("x", "").empty());
  CHECK(matches(std::string("a\0b").c_str(), std::string_view("a\0b", 3)) == Strings{"a"});
}

TEST_CASE("empty matches as Oniguruma counts them") {
  CHECK(matches("x*", "axxb") == Strings{"", "xx", ""});
  CHECK(matches("x*", "日x") == Strings{"", "x"});
}

TEST_CASE("what is no regex") {
  CHECK_THROWS_AS(Regex("(a", "test"), FormatError);
  CHECK_THROWS_AS(Regex("a)", "test"), FormatError);
  CHECK_THROWS_AS(Regex("*", "test"), FormatError);
  CHECK_THROWS_AS(Regex("[z-a]", "test"), FormatError);
  CHECK_THROWS_AS(Regex("a{3,2}", "test"), FormatError);
  CHECK_THROWS_AS(Regex("\xFF", "test"), FormatError);
  CHECK_THROWS_AS(Regex(std::string(100'000, 'a'), "test"), FormatError);
  CHECK_THROWS_AS(Regex(std::string(1000, '(') + std::string(1000, ')'), "test"), FormatError);
  CHECK_THROWS_AS(Regex("((((a{1000}){1000}){1000}){1000})", "test"), FormatError);
}

TEST_CASE("hostile patterns end in an error, soon") {
  const std::string text(30'000, 'a');
  CHECK_THROWS_AS(matches("(?:a+)+[bc]", text), Unsupported);
  CHECK_THROWS_AS(matches("(?:a|aa)+[bc]", text), Unsupported);
  CHECK_THROWS_AS(matches("(?:a?){50}a{50}[bc]", text), Unsupported);
  try {
    matches("(?:a+)+[bc]", text);
  } catch (const Unsupported& error) {
    CHECK(std::string(error.what()).find("(?:a+)+[bc]") != std::string::npos);
  }
}

TEST_CASE("long runs are matched by ordinary patterns") {
  const std::string spaces(1 << 20, ' ');
  CHECK(matches("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", spaces + "x").size() == 2);
  CHECK(matches("\\p{L}+", std::string(1 << 20, 'a')).size() == 1);
}

TEST_CASE("copies share the compiled pattern") {
  Regex first("a+", "test");
  const Regex second = first;
  first = Regex("b+", "test");
  std::size_t count = 0;
  second.for_each_match("aabaa", [&](std::size_t, std::size_t) { ++count; });
  CHECK(count == 2);
  CHECK(second.pattern() == "a+");
}
