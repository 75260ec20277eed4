// The vocabulary and the merges, read event by event: every form that is right, every way to be wrong.
#include "asterism/text/detail/tokenizer_file.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

TokenizerFile read(const std::string& model) { return read_tokenizer_file("{\"model\":" + model + "}", "test"); }

Vocabulary vocabulary_of(const std::string& vocabulary) {
  return {std::move(read("{\"vocab\":" + vocabulary + "}").tokens), "test"};
}

void refused(const std::string& model, std::string_view fragment) {
  CAPTURE(model);
  try {
    read(model);
    FAIL_CHECK("accepted, expected: ", fragment);
  } catch (const FormatError& error) {
    const std::string_view message = error.what();
    CAPTURE(message);
    CHECK(message.starts_with("test: "));
    CHECK(message.find(fragment) != std::string_view::npos);
  }
}

}  // namespace

TEST_CASE("the vocabulary and the merges stand empty in the document, all else is there") {
  for (const char* text :
       {R"({"model":{"a":[1,{"vocab":{"x":"y"}}],"vocab":{"t":0},"merges":["t t"],"b":2},"vocab":{"u":7}})",
        R"({"vocab":{"u":7},"model":{"merges":[["t","t"]],"b":2,"vocab":{"t":0},"a":[1,{"vocab":{"x":"y"}}]}})"}) {
    const TokenizerFile file = read_tokenizer_file(text, "test");
    CHECK(file.document ==
          json::Value::parse(
              R"({"model":{"a":[1,{"vocab":{"x":"y"}}],"vocab":{},"merges":[],"b":2},"vocab":{"u":7}})"));
    CHECK(file.rules.size() == 1);
    CHECK(Vocabulary(file.tokens, "test").find("t") == 0);
  }
}

TEST_CASE("tokens of a vocabulary") {
  const Vocabulary vocabulary = vocabulary_of(R"({"a":0,"\u00e9\ud83d\ude00":3,"":1,"largest":65539})");
  CHECK(vocabulary.count() == 4);
  CHECK(vocabulary.find("é😀") == 3);
  CHECK(vocabulary.find("") == 1);
  for (const char* id :
       {R"("0")", "0.5", "1e300", "-1", "null", "true", "2147483648", "18446744073709551615", "[0]", "{}"}) {
    refused(concat(R"({"vocab":{"a":0,"b":)", id, "}}"), "expected an integer from 0 to 2147483647");
  }
  CHECK_THROWS_AS(vocabulary_of(R"({"a":0,"a":1})"), FormatError);
  CHECK_THROWS_AS(vocabulary_of(R"({"a":0,"a":0})"), FormatError);
  CHECK_THROWS_AS(vocabulary_of("{}"), FormatError);
}

TEST_CASE("rules") {
  CHECK(read(R"({"merges":["#version: 0.2","a b"]})").rules.size() == 2);
  CHECK(read(R"({"merges":[["a","b"],["a b",""]]})").rules.size() == 2);
  CHECK(read(R"({"merges":[]})").rules.size() == 0);
  const char* neither = "is no string and no array of two strings";
  for (const char* rule :
       {R"(["a"])", R"(["a","b","c"])", R"(["a",1])", R"(["a",["b"]])", R"(["a",{}])", "[]", "1", "null", "{}"}) {
    refused(concat(R"({"merges":[)", rule, "]}"), concat("merge 0 ", neither));
  }
  refused(R"({"merges":["a b","a"]})", "merge 1 is 'a', expected two tokens with one space between them");
  refused(R"({"merges":["a b c"]})", "merge 0 is 'a b c'");
  refused(R"({"merges":["a b",["b","a"]]})", "merge 1 differs in form from the first");
  refused(R"({"merges":[["b","a"],"a b"]})", "merge 1 differs in form");
  refused(R"({"merges":["a b",3]})", "merge 1 differs in form");
}

TEST_CASE("a vocabulary or merges of another kind are skipped and stand empty in the document") {
  const TokenizerFile unigram =
      read(R"({"type":"Unigram","vocab":[["a",0.5],{"b":[1,{}]}],"merges":{"a":["b",{}]},"unk_id":0})");
  CHECK(unigram.document ==
        json::Value::parse(R"({"model":{"type":"Unigram","vocab":[],"merges":{},"unk_id":0}})"));
  CHECK(unigram.rules.size() == 0);
  const TokenizerFile scalars = read(R"({"vocab":"x","merges":null})");
  CHECK(scalars.document == json::Value::parse(R"({"model":{"vocab":"x","merges":null}})"));
}

TEST_CASE("what is no document") {
  refused(R"({"vocab":{"a":0},"vocab":{"b":0}})", "the same key a second time");
  refused(R"({"a":1,"a":1})", "the same key a second time");
  refused(R"({"vocab":{"a":0})", "not valid JSON");
  refused(R"({"vocab":)" + std::string(100, '['), "nested deeper");
  refused(R"({"skipped":)" + std::string(100, '['), "nested deeper");
  for (const char* text : {"3", "[]", "\"x\"", "[{\"model\":1},{\"vocab\":{}}]", "{\"model\":[{\"vocab\":{}}]}"}) {
    CHECK_NOTHROW(read_tokenizer_file(text, "test"));  // who needs an object looks for one
  }
}

TEST_CASE("the number of settings is bounded, that of tokens and rules is not") {
  std::string values = "0";
  while (values.size() < 2 * max_settings) values += ",0";
  refused("{\"a\":[" + values + "]}", "more than 1048576 values beside the vocabulary and the merges");
  std::string rules = "\"a b\"";
  for (std::size_t i = 0; i < max_settings; ++i) rules += ",\"a b\"";
  CHECK(read("{\"merges\":[" + rules + "]}").rules.size() == max_settings + 1);
}
