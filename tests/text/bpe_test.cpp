// The golden texts of whole tokenizers compare with Hugging Face; here merging against its plain definition.
#include "asterism/text/detail/bpe.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

json::Value model(const char* vocabulary, const char* merges) {
  return {{"type", "BPE"}, {"vocab", json::Value::parse(vocabulary)}, {"merges", json::Value::parse(merges)}};
}

/// From the field "model" of a tokenizer.json.
Bpe read(const json::Value& object) {
  TokenizerFile file = read_tokenizer_file(json::Value{{"model", object}}.dump(), "test");
  return Bpe::from_file(file, "test");
}

std::vector<TokenId> encode(const Bpe& bpe, std::string_view word) {
  std::vector<TokenId> ids;
  Bpe::Scratch scratch;
  bpe.encode(word, ids, scratch);
  return ids;
}

/// Strings of the pieces: again and again the pair whose rule is first in the list, the leftmost.
std::vector<std::string> plainly(const std::string& word,
                                 const std::vector<std::pair<std::string, std::string>>& rules) {
  std::vector<std::string> pieces;
  for (const char c : word) pieces.emplace_back(1, c);
  for (;;) {
    std::size_t best_rule = rules.size();
    std::size_t best_place = 0;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      for (std::size_t r = 0; r < best_rule; ++r) {
        if (rules[r].first == pieces[i] && rules[r].second == pieces[i + 1]) best_rule = r, best_place = i;
      }
    }
    if (best_rule == rules.size()) return pieces;
    pieces[best_place] += pieces[best_place + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(best_place) + 1);
  }
}

}  // namespace

TEST_CASE("random rules and words, merged by the plain definition") {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> tokens = {"a", "b", "c"};
    std::vector<std::pair<std::string, std::string>> rules;
    json::Value vocabulary = {{"a", 0}, {"b", 1}, {"c", 2}};
    json::Value merges = json::Value::array();
    for (int i = 0; i < 12; ++i) {
      const std::string left = tokens[random.below(tokens.size())];
      const std::string right = tokens[random.below(tokens.size())];
      if (vocabulary.contains(left + right)) continue;  // one rule for a token: no quirks
      vocabulary[left + right] = tokens.size();
      tokens.push_back(left + right);
      rules.emplace_back(left, right);
      merges.push_back({left, right});
    }
    const Bpe bpe = read({{"vocab", vocabulary}, {"merges", merges}});
    std::string word;
    for (std::uint64_t n = random.below(40); n > 0; --n) word += "abc"[random.below(3)];
    std::vector<std::string> pieces;
    for (const TokenId id : encode(bpe, word)) pieces.emplace_back(bpe.vocabulary().token(id));
    CAPTURE(word);
    CHECK(pieces == plainly(word, rules));
  }
}

TEST_CASE("two rules that make the same token") {
  const Bpe bpe = read(model(R"({"a":0,"b":1,"c":2,"ab":3,"bc":4,"abc":5})", R"(["b c","a bc","a b","ab c"])"));
  CHECK(encode(bpe, "abc") == std::vector<TokenId>{5});
  CHECK(encode(bpe, "abcabc") == std::vector<TokenId>{5, 5});
}

TEST_CASE("characters without a token") {
  json::Value object = model(R"({"<unk>":0,"a":1,"<0xC3>":2,"<0xA9>":3})", "[]");
  CHECK_THROWS_AS(encode(read(object), "é"), InvalidArgument);
  object["unk_token"] = "<unk>";
  CHECK(encode(read(object), "aéé") == std::vector<TokenId>{1, 0, 0});
  object["fuse_unk"] = true;
  CHECK(encode(read(object), "aéé") == std::vector<TokenId>{1, 0});
  object["byte_fallback"] = true;
  CHECK(encode(read(object), "aéa") == std::vector<TokenId>{1, 2, 3, 1});
  CHECK(encode(read(object), "ñéa") == std::vector<TokenId>{2, 3, 0, 1});  // the order of Hugging Face
  object["unk_token"] = "missing";
  CHECK_THROWS_AS(encode(read(object), "ñ"), InvalidArgument);
  CHECK(encode(read(object), "").empty());
}

TEST_CASE("ignore_merges takes whole words first") {
  json::Value object = model(R"({"a":0,"b":1,"c":2,"ab":3,"abc":4})", R"(["a b"])");
  CHECK(encode(read(object), "abc") == std::vector<TokenId>{3, 2});
  object["ignore_merges"] = true;
  CHECK(encode(read(object), "abc") == std::vector<TokenId>{4});
}

TEST_CASE("what is not supported or wrong") {
  const auto changed = [](const char* key, const json::Value& value) {
    json::Value object = model(R"({"a":0})", "[]");
    object[key] = value;
    return read(object);
  };
  CHECK_NOTHROW(changed("dropout", 0.0));
  CHECK_NOTHROW(changed("continuing_subword_prefix", ""));
  CHECK_THROWS_AS(changed("dropout", 0.1), Unsupported);
  CHECK_THROWS_AS(changed("continuing_subword_prefix", "##"), Unsupported);
  CHECK_THROWS_AS(changed("end_of_word_suffix", "</w>"), Unsupported);
  CHECK_THROWS_AS(changed("type", "WordPiece"), Unsupported);
  CHECK_THROWS_AS(changed("new_setting", 1), Unsupported);
  CHECK_THROWS_AS(changed("fuse_unk", 1), FormatError);
  CHECK_THROWS_AS(changed("unk_token", 1), FormatError);
  CHECK_THROWS_AS(changed("vocab", nullptr), FormatError);
  CHECK_THROWS_AS(changed("vocab", json::Value::array()), FormatError);
  CHECK_THROWS_AS(changed("vocab", json::Value::object()), FormatError);
  CHECK_THROWS_AS(changed("merges", json::Value::object()), FormatError);
  CHECK_THROWS_AS(changed("merges", "a b"), FormatError);
  CHECK_THROWS_AS(read(json::Value::array()), FormatError);
}
