#include "asterism/text/detail/merges.hpp"

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"
#include "asterism/text/detail/vocabulary.hpp"

using namespace asterism;
using text::Merges;
using text::read_tokenizer_file;
using text::TokenizerFile;
using text::Vocabulary;

namespace {

TokenizerFile file_of(const char* merges) {
  const std::string tokens = R"({"a":0,"b":1,"ab":2,"aba":3,"c d":4,"c":5," d":6,"bab":7,"ba":8})";
  return read_tokenizer_file(R"({"model":{"vocab":)" + tokens + R"(,"merges":)" + merges + "}}", "test");
}

Merges read(const char* text) {
  TokenizerFile file = file_of(text);
  return {file.rules, Vocabulary(std::move(file.tokens), "test"), "test"};
}

}  // namespace

TEST_CASE("rules by pair") {
  for (const char* form : {R"(["a b","ab a","b a"])", R"([["a","b"],["ab","a"],["b","a"]])",
                           R"(["#version: 0.2","a b","ab a","b a"])"}) {
    const Merges merges = read(form);
    CHECK(merges.size() == 3);
    REQUIRE(merges.find(0, 1) != nullptr);
    CHECK(merges.find(0, 1)->rank == 0);
    CHECK(merges.find(0, 1)->merged == 2);
    CHECK(merges.find(2, 0)->rank == 1);
    CHECK(merges.find(2, 0)->merged == 3);
    CHECK(merges.find(1, 0)->rank == 2);
    CHECK(merges.find(0, 0) == nullptr);
    CHECK(merges.find(8, 8) == nullptr);
  }
  CHECK(read(R"([["c"," d"]])").find(5, 6)->merged == 4);  // only pairs can hold a space
  CHECK(read("[]").find(0, 1) == nullptr);
}

TEST_CASE("of several rules for one pair the last counts") {
  const Merges merges = read(R"(["a b","b a","a b"])");
  CHECK(merges.size() == 2);
  CHECK(merges.find(0, 1)->rank == 2);
}

TEST_CASE("what is wrong") {
  for (const char* bad : {R"(["a"])", R"(["a b c"])", R"(["a x"])", R"(["x a"])", R"(["b b"])", R"([["a"]])",
                          R"([["a","b","c"]])", R"([["a",1]])", R"([1])", R"([null])", R"([{}])",
                          R"(["a b",["b","a"]])", R"([["b","a"],"a b"])", R"([""])"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(read(bad), FormatError);
  }
  try {
    read(R"(["a b","b b"])");
  } catch (const FormatError& error) {
    CHECK(std::string(error.what()) == "test: merge 1 needs the token 'bb', which the vocabulary lacks");
  }
}
