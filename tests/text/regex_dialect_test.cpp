#include "asterism/text/detail/regex_dialect.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using asterism::text::to_pcre2;

TEST_CASE("what both engines read alike stays as it is") {
  for (const char* pattern : {"abc",         "a|b",
                              "a.b",         "[^\\r\\n\\p{L}]?",
                              "\\p{N}{1,3}", "x{2,}",
                              "x{2}",        "a*?b+?c??",
                              "a++",         "(a)(?:b)(?=c)(?!d)(?<=e)(?<!f)",
                              "(?>a)",       "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
                              "(?i)x",       "(?-i:x)",
                              "\\.\\-\\\\",  "[a\\]\\-^]",
                              "日本",        "[一-龥]",
                              "\\P{Lu}",     " ?",
                              "a#b"}) {
    CHECK(to_pcre2(pattern, "test") == pattern);
  }
}

TEST_CASE("what is written otherwise") {
  CHECK(to_pcre2("\\s", "test").starts_with("[\\x{9}-\\x{D}"));
  CHECK(to_pcre2("\\S", "test").starts_with("[^\\x{9}-"));
  CHECK(to_pcre2("[^\\sa]", "test").ends_with("\\x{3000}a]"));
  CHECK(to_pcre2("\\d\\D[\\d]", "test") == "\\p{Nd}\\P{Nd}[\\p{Nd}]");
  CHECK(to_pcre2("\\u00e9\\x{1F600}", "test") == "\\x{00e9}\\x{1F600}");
  CHECK(to_pcre2("\\é", "test") == "é");
}

TEST_CASE("what the engines read differently is refused by name") {
  const auto refused = [](const char* pattern, const char* what) {
    CAPTURE(pattern);
    try {
      static_cast<void>(to_pcre2(pattern, "tokenizer.json"));
      FAIL_CHECK("was accepted");
    } catch (const Unsupported& error) {
      const std::string message = error.what();
      CHECK(message.find(what) != std::string::npos);
      CHECK(message.find("tokenizer.json") != std::string::npos);
    }
  };
  refused("^a", "anchors");
  refused("a$", "anchors");
  refused("\\w+", "\\w");
  refused("\\bx", "\\b");
  refused("\\h", "\\h");
  refused("\\A", "\\A");
  refused("(a)\\1", "\\1");
  refused("\\K", "\\K");
  refused("a\\", "escape");
  refused("[a[b]]", "class inside");
  refused("[[:alpha:]]", "class inside");
  refused("[a&&b]", "intersection");
  refused("[]", "empty class");
  refused("[a", "without an end");
  refused("[\\S]", "\\S inside");
  refused("\\p{Han}", "'Han'");
  refused("\\p{^L}", "'^L'");
  refused("\\pL", "braces");
  refused("\\p{L", "braces");
  refused("x{,3}", "{");
  refused("x{a}", "{");
  refused("{", "{");
  refused("x{2}?", "interval");
  refused("x{2,3}+", "interval");
  refused("\\x41", "by number");
  refused("\\u41", "by number");
  refused("\\x{}", "by number");
  refused("\\x{1234567}", "by number");
  refused("\\u00zz", "hexadecimal");
  refused("a(?i)b", "(?i)");
  refused("(?x)", "group");
  refused("(?P<n>a)", "group");
  refused("(?1)", "group");
  refused("(*UTF)", "verb");
  refused("(?i:ss)", "caseless");
  refused("(?i:aFFb)", "caseless");
  refused("(?i:\\p{Lu})", "caseless");
  CHECK_NOTHROW(to_pcre2("(?i:a)ss\\p{Lu}", "test"));
}
