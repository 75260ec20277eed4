#include "asterism/text/detail/vocabulary.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"

using namespace asterism;
using asterism::text::Vocabulary;

namespace {

Vocabulary of(std::initializer_list<std::pair<std::string_view, TokenId>> entries) {
  Vocabulary::Builder tokens;
  for (const auto& [token, id] : entries) tokens.add(token, id);
  return {std::move(tokens), "test"};
}

void refused(std::initializer_list<std::pair<std::string_view, TokenId>> entries, std::string_view message) {
  try {
    of(entries);
    FAIL_CHECK("accepted, expected: ", message);
  } catch (const FormatError& error) {
    CHECK(std::string_view(error.what()) == message);
  }
}

}  // namespace

TEST_CASE("strings and ids both ways") {
  const Vocabulary vocabulary = of({{"a", 0}, {"bc", 3}, {"", 1}});
  CHECK(vocabulary.size() == 4);
  CHECK(vocabulary.count() == 3);
  CHECK(vocabulary.longest() == 2);
  CHECK(vocabulary.find("a") == 0);
  CHECK(vocabulary.find("bc") == 3);
  CHECK(vocabulary.find("") == 1);
  CHECK_FALSE(vocabulary.find("b").has_value());
  CHECK(vocabulary.token(3) == "bc");
  CHECK(vocabulary.contains(1));
  CHECK_FALSE(vocabulary.contains(2));
  CHECK_FALSE(vocabulary.contains(-1));
  CHECK_FALSE(vocabulary.contains(4));
  CHECK(vocabulary.token(2).empty());
  CHECK_FALSE(Vocabulary().find("a").has_value());
}

TEST_CASE("many tokens, copies and moves") {
  Vocabulary::Builder tokens;
  for (TokenId i = 0; i < 20'000; ++i) tokens.add("token" + std::to_string(i), i);
  Vocabulary first(std::move(tokens), "test");
  const Vocabulary copy = first;
  const Vocabulary moved = std::move(first);
  for (TokenId i = 0; i < 20'000; i += 7) {
    CHECK(copy.find("token" + std::to_string(i)) == i);
    CHECK(moved.token(i) == "token" + std::to_string(i));
  }
}

TEST_CASE("what is wrong") {
  refused({}, "test: the vocabulary is empty");
  refused({{"same", 7}, {"other", 7}}, "test: tokens 'other' and 'same' both have the id 7");
  refused({{"a", 0}, {"b", 1}, {"a", 2}}, "test: the token 'a' stands in the vocabulary twice");
  // 2^31 ids would need 16 GB.
  refused({{"b", 0}, {"a", 2147483647}},
          "test: token 'a' has the id 2147483647, expected ids below 65544 in a vocabulary of 2 tokens");
}
