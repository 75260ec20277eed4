#include "asterism/text/detail/vocabulary.hpp"

#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using asterism::json::Value;
using asterism::text::Vocabulary;

namespace {

Vocabulary read(const char* text) { return Vocabulary::from_json(json::Value::parse(text), "test"); }

}  // namespace

TEST_CASE("strings and ids both ways") {
  const Vocabulary vocabulary = read(R"({"a":0,"bc":3,"":1})");
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
  json::Value object;
  for (int i = 0; i < 20'000; ++i) object["token" + std::to_string(i)] = i;
  Vocabulary first = Vocabulary::from_json(object, "test");
  const Vocabulary copy = first;
  const Vocabulary moved = std::move(first);
  for (int i = 0; i < 20'000; i += 7) {
    CHECK(copy.find("token" + std::to_string(i)) == i);
    CHECK(moved.token(i) == "token" + std::to_string(i));
  }
}

TEST_CASE("what is wrong") {
  CHECK_THROWS_AS(read("[]"), FormatError);
  CHECK_THROWS_AS(read("{}"), FormatError);
  CHECK_THROWS_AS(read(R"({"a":"0"})"), FormatError);
  CHECK_THROWS_AS(read(R"({"a":0.5})"), FormatError);
  CHECK_THROWS_AS(read(R"({"a":-1})"), FormatError);
  CHECK_THROWS_AS(read(R"({"a":null})"), FormatError);
  CHECK_THROWS_AS(read(R"({"a":0,"b":0})"), FormatError);
  CHECK_THROWS_AS(read(R"({"a":2147483647})"), FormatError);  // 2^31 ids would need 50 GB
  CHECK_THROWS_AS(read(R"({"a":18446744073709551615})"), FormatError);
  try {
    read(R"({"same":7,"other":7})");
  } catch (const FormatError& error) {
    CHECK(std::string(error.what()) == "test: tokens 'other' and 'same' both have the id 7");
  }
}
