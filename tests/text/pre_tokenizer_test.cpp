// The golden texts of whole tokenizers test every step; here what the pieces are, and what goes wrong.
#include "asterism/text/detail/pre_tokenizer.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

using Strings = std::vector<std::string>;

PreTokenizer read(const std::string& text) {
  const json::Value object = json::Value::parse(text);
  return PreTokenizer::from_json(&object, "test");
}

Strings cut(const std::string& pre_tokenizer, const char* text, bool at_start = true) {
  const Pieces pieces = read(pre_tokenizer).apply(text, at_start, 1 << 20);
  Strings out;
  for (std::size_t i = 0; i < pieces.places.size(); ++i) out.emplace_back(pieces[i]);
  return out;
}

std::string metaspace(const char* settings) {
  return std::string(R"({"type":"Metaspace","replacement":"▁",)") + settings + "}";
}

}  // namespace

TEST_CASE("byte-level") {
  const char* gpt2 = R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true})";
  CHECK(cut(gpt2, "Hello world's  x1") == Strings{"Hello", "Ġworld", "'s", "Ġ", "Ġx", "1"});
  CHECK(cut(R"({"type":"ByteLevel","add_prefix_space":true,"use_regex":false})", "é") == Strings{"ĠÃ©"});
}

TEST_CASE("metaspace") {
  CHECK(cut(metaspace(R"("prepend_scheme":"always","split":true)"), "a  b") == Strings{"▁a", "▁", "▁b"});
  CHECK(cut(metaspace(R"("prepend_scheme":"always","split":false)"), " a", false) == Strings{"▁a"});
  CHECK(cut(metaspace(R"("prepend_scheme":"first","split":false)"), "a", true) == Strings{"▁a"});
  CHECK(cut(metaspace(R"("prepend_scheme":"first","split":false)"), "a", false) == Strings{"a"});
  CHECK(cut(metaspace(R"("prepend_scheme":"never","split":false)"), "a b") == Strings{"a▁b"});
  CHECK(cut(metaspace(R"("add_prefix_space":false)"), "a b") == Strings{"a", "▁b"});
  CHECK(read(metaspace(R"("prepend_scheme":"first")")).marks_beginning());
  CHECK_FALSE(read(metaspace(R"("prepend_scheme":"always")")).marks_beginning());
}

TEST_CASE("digits, punctuation, sequences") {
  CHECK(cut(R"({"type":"Digits","individual_digits":true})", "a12b") == Strings{"a", "1", "2", "b"});
  CHECK(cut(R"({"type":"Digits","individual_digits":false})", "a12b") == Strings{"a", "12", "b"});
  CHECK(cut(R"({"type":"Punctuation"})", "a,.b") == Strings{"a", ",", ".", "b"});
  CHECK(cut(R"({"type":"Sequence","pretokenizers":[
                {"type":"Split","pattern":{"String":" "},"behavior":"Removed","invert":false},
                {"type":"Digits","individual_digits":true}]})",
            "a1 b") == Strings{"a", "1", "b"});
  CHECK(PreTokenizer::from_json(nullptr, "test").apply("a b", true, 100).places.size() == 1);
}

TEST_CASE("words as BERT has them") {
  const char* bert = R"({"type":"BertPreTokenizer"})";
  CHECK(cut(bert, " don't  \u3000a--b\n") == Strings{"don", "'", "t", "a", "-", "-", "b"});
  CHECK(cut(bert, "$5^`|~<=>+") == Strings{"$", "5", "^", "`", "|", "~", "<", "=", ">", "+"});
  CHECK(cut(bert, "a\u2014b\u3002\u00D7") == Strings{"a", "\u2014", "b", "\u3002", "\u00D7"});
  CHECK(cut(bert, " \t ").empty());
}

TEST_CASE("what is not supported") {
  const auto refused = [](const std::string& text) { CHECK_THROWS_AS(read(text), Unsupported); };
  refused(R"({"type":"Whitespace"})");
  refused(R"({"type":"BertPreTokenizer","lowercase":true})");
  refused(R"({"type":"Digits","individual_digits":true,"extra":0})");
  refused(metaspace(R"("prepend_scheme":"sometimes")"));
  refused(metaspace(R"("prepend_scheme":"first","add_prefix_space":false)"));
  refused(R"({"type":"Sequence","pretokenizers":[{"type":"Punctuation"},)" +
          metaspace(R"("prepend_scheme":"first")") + "]}");
  CHECK_THROWS_AS(read(R"({"type":"Metaspace","replacement":"ab"})"), FormatError);
  CHECK_THROWS_AS(read(R"({"type":"Split","pattern":{"String":"a"},"behavior":"Removed"})"), FormatError);
  CHECK_THROWS_AS(read(R"({"type":"ByteLevel"})"), FormatError);
}

TEST_CASE("doubling again and again ends in an error") {
  std::string steps;
  for (int i = 0; i < 60; ++i) steps += R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":false},)";
  steps.pop_back();
  const PreTokenizer pre_tokenizer = read(R"({"type":"Sequence","pretokenizers":[)" + steps + "]}");
  CHECK_THROWS_AS(pre_tokenizer.apply("é", true, 1 << 20), Unsupported);
}
