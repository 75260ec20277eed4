// WordPiece alone; then BERT's tokenizer against Hugging Face's ids and texts.
#include "asterism/text/detail/word_piece.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/normalizer.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"
#include "asterism/text/detail/unicode.hpp"
#include "asterism/text/tokenizer.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

using Ids = std::vector<TokenId>;

json::Value model_json(int most = 100) {
  return {
      {"type", "WordPiece"},
      {"unk_token", "[UNK]"},
      {"continuing_subword_prefix", "##"},
      {"max_input_chars_per_word", most},
      {"vocab", json::Value::parse(R"({"[UNK]":0,"a":1,"ab":2,"##a":3,"##abc":4,"##b":5,"é":6,"##é":7,"##":8})")}};
}

WordPiece read(const json::Value& object) {
  TokenizerFile file = read_tokenizer_file(json::Value{{"model", object}}.dump(), "test");
  return WordPiece::from_file(file, "test");
}

Ids encode(const WordPiece& model, std::string_view word) {
  Ids ids{99};  // what stands there stays
  model.encode(word, ids);
  return {ids.begin() + 1, ids.end()};
}

const nlohmann::json& golden() {
  static const auto values =
      nlohmann::json::parse(file::read_file(std::string(ASTERISM_GOLDEN_DIR) + "/expected/bert.json", 1U << 20U));
  return values;
}

}  // namespace

TEST_CASE("words are cut into the longest tokens, from left to right") {
  const WordPiece model = read(model_json());
  CHECK(encode(model, "ab") == Ids{2});
  CHECK(encode(model, "aab") == Ids{1, 3, 5});
  CHECK(encode(model, "aabc") == Ids{1, 4});
  CHECK(encode(model, "abab") == Ids{2, 3, 5});
  CHECK(encode(model, "aé") == Ids{1, 7});
  CHECK(encode(model, "é") == Ids{6});
  CHECK(encode(model, "").empty());
  // No way back: "aba" + "bc" would do, "ab" + "abc" does; "b" begins no word.
  CHECK(encode(model, "ababc") == Ids{2, 4});
  CHECK(encode(model, "b") == Ids{0});
  CHECK(encode(model, "abx") == Ids{0});
  CHECK(encode(model, "\xF0\x9F\x99\x82") == Ids{0});
}

TEST_CASE("words of too many characters are unknown") {
  const WordPiece model = read(model_json(3));
  CHECK(encode(model, "aaa") == Ids{1, 3, 3});
  CHECK(encode(model, "aaaa") == Ids{0});
  CHECK(encode(model, "ééé") == Ids{6, 7, 7});  // characters, not bytes
  std::string endless(1'000'000, 'a');
  CHECK(encode(read(model_json(2'000'000)), endless).size() == endless.size());
}

TEST_CASE("what breaks the format or is not supported") {
  json::Value other = model_json();
  other["dropout"] = 0.1;
  CHECK_THROWS_AS(read(other), Unsupported);
  for (const char* key : {"unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"}) {
    other = model_json();
    other.erase(key);
    CHECK_THROWS_AS(read(other), FormatError);
  }
  other = model_json();
  other["unk_token"] = "<unk>";
  const WordPiece model = read(other);
  CHECK(encode(model, "ab") == Ids{2});
  CHECK_THROWS_AS(encode(model, "b"), InvalidArgument);
}

TEST_CASE("BERT's ids and texts are Hugging Face's") {
  const std::string path = std::string(ASTERISM_GOLDEN_DIR) + "/models/bert/tokenizer.json";
  const Tokenizer tokenizer = Tokenizer::from_file(path, {.ignore_lengths = true});
  CHECK(tokenizer.vocabulary_size() == 700);
  for (const auto& entry : golden()["texts"]) {
    const auto text = entry["text"].get<std::string>();
    CAPTURE(entry["text"].dump());
    const Ids ids = tokenizer.encode(text);
    CHECK(ids == entry["ids"].get<Ids>());
    CHECK(tokenizer.decode(ids) == entry["decoded"].get<std::string>());
    CHECK(tokenizer.decode(ids, {.skip_special_tokens = true}) == entry["skipped"].get<std::string>());
  }
}

TEST_CASE("truncation and padding are refused unless the caller sees to them") {
  CHECK_THROWS_AS(Tokenizer::from_file(std::string(ASTERISM_GOLDEN_DIR) + "/models/bert/tokenizer.json"),
                  Unsupported);
}

TEST_CASE("classes of characters as BertNormalizer has them") {
  const auto members = [](const nlohmann::json& runs) {
    std::vector<bool> out(0x110000, false);
    for (std::size_t i = 0; i < runs.size(); i += 2) {
      for (auto c = runs[i].get<std::size_t>(); c <= runs[i + 1].get<std::size_t>(); ++c) out[c] = true;
    }
    return out;
  };
  const nlohmann::json& classes = golden()["classes"];
  const std::vector<bool> assigned = members(classes["assigned"]);
  const auto check = [&](const char* name, bool (*is_member)(char32_t)) {
    const std::vector<bool> expected = members(classes[name]);
    for (char32_t c = 0; c < 0x110000U; ++c) {
      if (assigned[c] && is_member(c) != expected[c]) FAIL_CHECK(name, ": code point ", static_cast<unsigned>(c));
    }
  };
  check("removed", [](char32_t c) { return c == 0 || c == 0xFFFDU || is_control(c); });
  check("marks", is_nonspacing_mark);
  check("ideographs", is_bert_ideograph);
  for (const char32_t c : {0x2A700U, 0x2B81FU, 0x2B920U, 0x2CEAFU})
    CHECK(is_bert_ideograph(c));  // of Unicode 5.2 and 8
  for (const char32_t c : {0x2A6FFU, 0x2B820U, 0x2B91FU, 0x2CEB0U}) CHECK_FALSE(is_bert_ideograph(c));
}

TEST_CASE("BertNormalizer under all settings") {
  for (const auto& entry : golden()["normalizers"]) {
    json::Value object = json::Value::parse(entry["settings"].dump());
    object["type"] = "BertNormalizer";
    const Normalizer normalizer = Normalizer::from_json(&object, "test");
    for (std::size_t i = 0; i < golden()["texts"].size(); ++i) {
      CAPTURE(entry["settings"].dump());
      CAPTURE(entry["texts"][i].dump());
      CHECK(normalizer.apply(golden()["texts"][i]["text"].get<std::string>(), 1 << 20) ==
            entry["texts"][i].get<std::string>());
    }
  }
}
