// The golden texts of whole tokenizers test the flags; here the search, and what goes wrong.
#include "asterism/text/detail/added_tokens.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

const Vocabulary& vocabulary() {
  static const Vocabulary words = [] {
    Vocabulary::Builder tokens;
    TokenId id = 0;
    for (const char* token : {"a", "b", "<s>"}) tokens.add(token, id++);
    return Vocabulary(std::move(tokens), "test");
  }();
  return words;
}

json::Value token(int id, const char* content, bool normalized = false) {
  return {{"id", id},        {"content", content},       {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", normalized}, {"special", true}};
}

/// Not a json::Value of braces: one with a single element would be the element.
json::Value list(const std::vector<json::Value>& tokens) { return json::Value(json::Value::array_t(tokens)); }

AddedTokens read(const json::Value& list) {
  return AddedTokens::from_json(&list, vocabulary(), Normalizer(), "test");
}

std::string cut(const AddedTokens& added, std::string_view text) {
  std::vector<TokenOrText> parts;
  added.cut(text, false, true, true, parts);
  std::string out;
  for (const TokenOrText& part : parts) {
    out += part.id >= 0 ? concat("[", part.id, "]") : concat(part.at_start ? "^" : "", part.text, "|");
  }
  return out;
}

}  // namespace

TEST_CASE("sets of strings: leftmost, then longest") {
  const StringSet set({{"ab", 0}, {"abc", 1}, {"b", 2}, {"bcd", 3}, {"\xFF", 4}});
  const auto find = [&](std::string_view text, std::size_t from) {
    const auto [entry, place] = set.find(text, from);
    return entry == nullptr ? std::string("-") : concat(entry->text, "@", place);
  };
  CHECK(find("xabcd", 0) == "abc@1");
  CHECK(find("xabcd", 2) == "bcd@2");
  CHECK(find("xabx", 0) == "ab@1");
  CHECK(find("ab", 0) == "ab@0");
  CHECK(find("a", 0) == "-");
  CHECK(find("", 0) == "-");
  CHECK(find("a\xFF", 0) == "\xFF@1");
  CHECK(set.find_whole("bcd")->value == 3);
  CHECK(set.find_whole("bc") == nullptr);
  CHECK(StringSet().find("abc", 0).first == nullptr);
}

TEST_CASE("text is cut at tokens") {
  const AddedTokens added = read(list({token(2, "<s>"), token(3, "<|a|>"), token(4, "<|a|><|b|>")}));
  CHECK(cut(added, "") == "");
  CHECK(cut(added, "x") == "^x|");
  CHECK(cut(added, "<s>") == "[2]");
  CHECK(cut(added, "x<s>y<|a|><|b|><|a|>") == "^x|[2]y|[4][3]");
  CHECK(cut(added, "<s><s> ") == "[2][2] |");
  CHECK(cut(AddedTokens(), "x<s>") == "^x<s>|");
  CHECK(cut(read(list({token(3, "aba")})), "ababaXaba") == "[3]baX|[3]");  // found tokens never overlap
  CHECK(added.find("<s>")->id == 2);
  CHECK(added.find("<t>") == nullptr);
}

TEST_CASE("what is wrong") {
  CHECK_THROWS_AS(read(list({token(1, "<s>")})), FormatError);  // another id than the vocabulary's
  CHECK_THROWS_AS(read(list({token(5, "<t>")})), FormatError);  // a gap
  CHECK_THROWS_AS(read(list({token(3, "<t>"), token(3, "<u>")})), FormatError);  // one id twice
  CHECK_THROWS_AS(read(list({token(3, "<t>"), token(4, "<t>")})), FormatError);  // one content twice
  CHECK_THROWS_AS(read(list({token(3, "")})), FormatError);
  CHECK_THROWS_AS(read(list({token(-1, "<t>")})), FormatError);
  CHECK_THROWS_AS(read(list({1})), FormatError);
  CHECK_THROWS_AS(read(list({token(3, std::string(2000, 'x').c_str())})), Unsupported);
  json::Value incomplete = token(3, "<t>");
  incomplete.erase("lstrip");
  CHECK_THROWS_AS(read(list({incomplete})), FormatError);
  json::Value more = token(3, "<t>");
  more["colour"] = 1;
  CHECK_THROWS_AS(read(list({more})), Unsupported);
  const json::Value strip = json::Value::parse(R"({"type":"Strip","strip_left":true,"strip_right":true})");
  const Normalizer normalizer = Normalizer::from_json(&strip, "test");
  const json::Value blank = list({token(3, " ", true)});
  CHECK_THROWS_AS(AddedTokens::from_json(&blank, vocabulary(), normalizer, "test"), FormatError);
  const json::Value alike = list({token(3, "<t>", true), token(4, "<t> ", true)});
  CHECK_THROWS_AS(AddedTokens::from_json(&alike, vocabulary(), normalizer, "test"), FormatError);
}
