// Tables of tokens give the ids that Hugging Face gives with the same vocabulary.
#include "asterism/text/detail/table_file.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/tokenizer.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::Tokenizer;
using text::TokenTable;
using Kind = text::TokenTable::Kind;

namespace {

/// A table and the texts that it borrows.
struct OwnedTable {
  std::vector<std::string> tokens;
  std::vector<std::string> merges;
  TokenTable table;

  TokenTable view() {
    table.tokens.assign(tokens.begin(), tokens.end());
    table.merges.assign(merges.begin(), merges.end());
    return table;
  }
};

/// The table that a converter makes of a tokenizer.json with merges.
OwnedTable table_of(const std::string& name, std::string_view pre_tokenizer) {
  const Json document = golden_json(name);
  const Json& added = document["added_tokens"];
  OwnedTable out;
  std::size_t size = document["model"]["vocab"].size();
  for (const Json& token : added) size = std::max(size, token["id"].get<std::size_t>() + 1);
  out.tokens.resize(size);
  out.table.kinds.assign(size, Kind::unused);
  for (std::size_t id = 0; id < size; ++id) out.tokens[id] = "[PAD" + std::to_string(id) + "]";
  for (const auto& [token, id] : document["model"]["vocab"].items()) {
    out.tokens[id.get<std::size_t>()] = token;
    out.table.kinds[id.get<std::size_t>()] = Kind::normal;
  }
  for (const Json& token : added) {
    const auto id = token["id"].get<std::size_t>();
    out.tokens[id] = token["content"].get<std::string>();
    out.table.kinds[id] = token["special"].get<bool>() ? Kind::control : Kind::user_defined;
  }
  for (const Json& rule : document["model"]["merges"]) {
    out.merges.push_back(rule.is_string() ? rule.get<std::string>()
                                          : rule[0].get<std::string>() + " " + rule[1].get<std::string>());
  }
  out.table.pre_tokenizer = pre_tokenizer;
  return out;
}

void check_encoded(const Tokenizer& tokenizer, const Json& golden) {
  const Json strings = golden_json("strings");
  for (const auto& item : strings.items()) {
    const std::string& group = item.key();
    for (std::size_t i = 0; i < item.value().size(); ++i) {
      CAPTURE(group);
      CAPTURE(item.value()[i].dump());
      const std::vector<TokenId> ids = tokenizer.encode(string_of(group, item.value()[i]));
      CHECK(same_ids(ids, golden["strings"][group][i]["ids"]));
      CHECK(same_text(tokenizer.decode(ids), golden["strings"][group][i]["text"]));
    }
  }
  for (const Json& entry : golden["random"]) {
    CHECK(tokenizer.decode(entry["ids"].get<std::vector<TokenId>>()) == entry["text"].get<std::string>());
  }
  CHECK(tokenizer.vocabulary_size() == golden["vocabulary_size"].get<std::size_t>());
}

/// A small vocabulary of sentence pieces.
OwnedTable pieces() {
  OwnedTable out{.tokens = {"<unk>", "<s>", "</s>", "a", "b", "ab"}, .merges = {}, .table = {}};
  out.table.model = TokenTable::Model::sentence_pieces;
  out.table.kinds = {Kind::unknown, Kind::control, Kind::control, Kind::normal, Kind::normal, Kind::normal};
  out.table.scores = {0, 0, 0, -1, -2, -3};
  out.table.unknown = 0;
  out.table.begin = 1;
  out.table.add_space_prefix = false;
  return out;
}

template <class E, class Change>
void check_refused(Change change, std::string_view words) {
  OwnedTable table = pieces();
  change(table);
  try {
    Tokenizer::from_table(table.view(), "made");
    FAIL("expected an exception");
  } catch (const E& error) {
    const std::string_view message = error.what();
    CAPTURE(message);
    CHECK(message.starts_with("made: "));
    CHECK(message.find(words) != message.npos);
  }
}

}  // namespace

TEST_CASE("byte-level tables give Hugging Face's ids") {
  const Json encoded = golden_json("encoded");
  OwnedTable qwen = table_of("qwen", "qwen2");
  check_encoded(Tokenizer::from_table(qwen.view(), "qwen"), encoded["qwen"]);
  OwnedTable gpt2 = table_of("gpt2", "gpt-2");
  check_encoded(Tokenizer::from_table(gpt2.view(), "gpt2"), encoded["gpt2"]);
  OwnedTable llama = table_of("llama3", "llama-bpe");
  llama.table.begin = 900;
  llama.table.add_begin = true;
  check_encoded(Tokenizer::from_table(llama.view(), "llama3"), encoded["llama3"]);
}

TEST_CASE("tables of sentence pieces give Hugging Face's ids") {
  const Json golden = golden_json("pieces");
  OwnedTable owned;
  owned.tokens = golden["tokens"].get<std::vector<std::string>>();
  for (const Json& type : golden["types"]) owned.table.kinds.push_back(static_cast<Kind>(type.get<int>()));
  owned.table.model = TokenTable::Model::sentence_pieces;
  owned.table.scores = golden["scores"].get<std::vector<float>>();
  owned.table.unknown = 0;
  owned.table.begin = 1;
  owned.table.end = 2;
  owned.table.add_begin = true;
  const Tokenizer tokenizer = Tokenizer::from_table(owned.view(), "pieces");
  std::size_t strings = 0;
  for (const auto& item : golden["encoded"].items()) {
    for (const Json& entry : item.value()) {
      CAPTURE(entry["string"].dump());
      const std::vector<TokenId> ids = tokenizer.encode(entry["string"].get<std::string>());
      CHECK(ids == entry["ids"].get<std::vector<TokenId>>());
      CHECK(tokenizer.decode(ids, {.skip_special_tokens = true}) == entry["text"].get<std::string>());
      ++strings;
    }
  }
  CHECK(strings > 200);
  CHECK(tokenizer.is_special(2));
  CHECK_FALSE(tokenizer.is_special(3));  // user-defined
  owned.table.add_end = true;
  CHECK(Tokenizer::from_table(owned.view(), "pieces").encode("").back() == 2);
}

TEST_CASE("what decides about ids besides the vocabulary") {
  OwnedTable table = pieces();
  table.tokens.insert(table.tokens.end(), {"[PAD6]", "[PAD9]", "c"});
  table.table.kinds.insert(table.table.kinds.end(), {Kind::unused, Kind::unused, Kind::user_defined});
  table.table.scores.resize(9);
  const Tokenizer tokenizer = Tokenizer::from_table(table.view(), "made");
  CHECK(tokenizer.encode("ab") == std::vector<TokenId>{5});
  CHECK(tokenizer.encode("abc<s>x") == std::vector<TokenId>{5, 8, 1, 0});
  CHECK(tokenizer.id_to_token(6).empty());  // a converter's name for an id without a token
  CHECK(tokenizer.id_to_token(7) == "[PAD9]");
  table.table.add_space_prefix = true;
  CHECK(Tokenizer::from_table(table.view(), "made").encode("ab").front() == 0);  // no token for the space
  OwnedTable plain = pieces();
  plain.table.kinds.clear();
  const Tokenizer by_id = Tokenizer::from_table(plain.view(), "made");
  CHECK(by_id.is_special(1));
  CHECK_FALSE(by_id.is_special(2));
}

TEST_CASE("broken tables are refused") {
  check_refused<FormatError>([](OwnedTable& t) { t.table.kinds.pop_back(); }, "5 types of 6 tokens");
  check_refused<FormatError>([](OwnedTable& t) { t.table.scores.push_back(1); }, "7 scores of 6 tokens");
  check_refused<FormatError>([](OwnedTable& t) { t.table.scores[4] = std::nanf(""); }, "NaN");
  check_refused<FormatError>([](OwnedTable& t) { t.table.begin = 6; }, "special token 6");
  check_refused<FormatError>([](OwnedTable& t) { t.table.unknown = -1; }, "special token -1");
  check_refused<FormatError>([](OwnedTable& t) { t.tokens[4] = "\xFF"; }, "token 4");
  check_refused<FormatError>([](OwnedTable& t) { t.tokens[4] = "a"; }, "twice");
  check_refused<FormatError>([](OwnedTable& t) { t.tokens[1] = ""; }, "empty");
  check_refused<FormatError>([](OwnedTable& t) { t.tokens[5] = std::string(40'000, 'a'); }, "too long");
  check_refused<FormatError>(
      [](OwnedTable& t) {
        t.tokens.clear();
        t.table.kinds.clear();
        t.table.scores.clear();
        t.table.begin = t.table.unknown = {};
      },
      "empty");
  const auto words = [](std::string_view pre, const std::string& rule) {
    return [=](OwnedTable& t) {
      t.table.model = TokenTable::Model::byte_level;
      t.table.pre_tokenizer = pre;
      t.merges = {"a b", rule};
    };
  };
  check_refused<FormatError>(words("gpt-2", "a"), "merge 1 is 'a'");
  check_refused<FormatError>(words("gpt-2", "a b c"), "merge 1");
  check_refused<FormatError>(words("gpt-2", "a c"), "'c'");
  check_refused<Unsupported>(words("tekken", "a b"), "'gpt-2', 'qwen2', 'llama-bpe'");
}
