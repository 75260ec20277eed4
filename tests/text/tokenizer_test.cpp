// Ids and texts equal Hugging Face's for every golden tokenizer and string.
#include "asterism/text/tokenizer.hpp"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::DecodeOptions;
using text::EncodeOptions;
using text::Tokenizer;

namespace {

void check_entry(const Tokenizer& tokenizer, const std::string& text, const Json& golden) {
  const std::vector<TokenId> ids = tokenizer.encode(text);
  CHECK(same_ids(ids, golden["ids"]));
  CHECK(same_text(tokenizer.decode(ids), golden["text"]));
  const Json& skipped = golden.contains("skipped") ? golden["skipped"] : golden["text"];
  CHECK(same_text(tokenizer.decode(ids, {.skip_special_tokens = true}), skipped));
}

void check_random(const Tokenizer& tokenizer, const Json& sequences) {
  for (const Json& entry : sequences) {
    const auto ids = entry["ids"].get<std::vector<TokenId>>();
    CAPTURE(entry["ids"].dump());
    CHECK(tokenizer.decode(ids) == entry["text"].get<std::string>());
    CHECK(tokenizer.decode(ids, {.skip_special_tokens = true}) == entry["skipped"].get<std::string>());
  }
}

}  // namespace

TEST_CASE("the golden strings") {
  const Json strings = golden_json("strings");
  const Json encoded = golden_json("encoded");
  for (const char* name : tokenizer_names) {
    CAPTURE(name);
    const Tokenizer tokenizer = golden_tokenizer(name);
    const Json& golden = encoded[name];
    CHECK(tokenizer.vocabulary_size() == golden["vocabulary_size"].get<std::size_t>());
    for (const auto& item : strings.items()) {
      const std::string& group = item.key();
      const Json& entries = item.value();
      for (std::size_t i = 0; i < entries.size(); ++i) {
        CAPTURE(group);
        CAPTURE(entries[i].dump());
        check_entry(tokenizer, string_of(group, entries[i]), golden["strings"][group][i]);
      }
    }
    check_random(tokenizer, golden["random"]);
  }
}

TEST_CASE("variants of the golden tokenizers") {
  const Json golden = golden_json("variants");
  for (const Json& variant : golden["variants"]) {
    const auto name = variant["name"].get<std::string>();
    CAPTURE(name);
    Json document = golden_json(variant["base"].get<std::string>());
    for (const auto& [pointer, value] : variant["changes"].items()) document[Json::json_pointer(pointer)] = value;
    const Tokenizer tokenizer = Tokenizer::from_json(document.dump(), name);
    for (std::size_t i = 0; i < golden["strings"].size(); ++i) {
      CAPTURE(golden["strings"][i].dump());
      check_entry(tokenizer, golden["strings"][i].get<std::string>(), variant["strings"][i]);
    }
    const auto first = golden["plain_from"].get<std::size_t>();
    for (std::size_t i = 0; i < variant["plain"].size(); ++i) {
      const auto text = golden["strings"][first + i].get<std::string>();
      CAPTURE(text);
      CHECK(same_ids(tokenizer.encode(text, {.parse_special = false}), variant["plain"][i]));
    }
    check_random(tokenizer, variant["random"]);
  }
}

TEST_CASE("tokens and ids") {
  const Tokenizer tokenizer = golden_tokenizer("qwen");
  const TokenId start = tokenizer.token_to_id("<|im_start|>").value();
  CHECK(tokenizer.id_to_token(start) == "<|im_start|>");
  CHECK(tokenizer.is_special(start));
  CHECK(tokenizer.token_to_id("Ġthe") == tokenizer.encode(" the").at(0));
  CHECK_FALSE(tokenizer.token_to_id("no such token").has_value());
  const TokenId call = tokenizer.token_to_id("<tool_call>").value();
  CHECK_FALSE(tokenizer.is_special(call));
  CHECK_FALSE(tokenizer.is_special(0));
  CHECK_FALSE(tokenizer.is_special(-1));
  CHECK_FALSE(tokenizer.is_special(1 << 30));
  CHECK(static_cast<std::size_t>(call) + 1 == tokenizer.vocabulary_size());
  CHECK_THROWS_AS(tokenizer.id_to_token(-1), InvalidArgument);
  CHECK_THROWS_AS(tokenizer.id_to_token(call + 1), InvalidArgument);
  for (TokenId id = 0; id <= call; ++id) CHECK(tokenizer.token_to_id(tokenizer.id_to_token(id)) == id);
}

TEST_CASE("special tokens in text only where they are wanted") {
  const Tokenizer tokenizer = golden_tokenizer("mixtral");
  CHECK(tokenizer.encode("<s>", {.add_special_tokens = false}) == std::vector<TokenId>{1});
  CHECK(tokenizer.encode("<s>") == std::vector<TokenId>{1, 1});
  const std::vector<TokenId> plain =
      tokenizer.encode("<s>", {.add_special_tokens = false, .parse_special = false});
  CHECK(plain.size() > 1);
  for (const TokenId id : plain) CHECK_FALSE(tokenizer.is_special(id));
  CHECK(tokenizer.decode(plain) == "<s>");
}

TEST_CASE("ids without a token decode to nothing, negative ids are refused") {
  const Tokenizer tokenizer = golden_tokenizer("qwen");
  const std::vector<TokenId> beyond = {static_cast<TokenId>(tokenizer.vocabulary_size()), 1 << 30};
  CHECK(tokenizer.decode(beyond).empty());
  const std::vector<TokenId> negative = {-1};
  CHECK_THROWS_AS(tokenizer.decode(negative), InvalidArgument);
}

TEST_CASE("a long text without spaces takes no quadratic time") {
  // A megabyte in one word; by the square it would take hours.
  for (const char* name : {"mixtral", "qwen"}) {
    const Tokenizer tokenizer = golden_tokenizer(name);
    std::string text;
    for (int i = 0; i < 1 << 17; ++i) text += "theandof";
    const std::vector<TokenId> ids = tokenizer.encode(text, {.add_special_tokens = false});
    CHECK(tokenizer.decode(ids) == text);
  }
}

TEST_CASE("several threads share a tokenizer") {
  const Tokenizer tokenizer = golden_tokenizer("gpt2");
  const std::vector<TokenId> expected = tokenizer.encode("Hello world, don't stop. 12345");
  std::vector<std::vector<TokenId>> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) result = tokenizer.encode("Hello world, don't stop. 12345");
      });
    }
  }
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("tokenizers are values") {
  Tokenizer first = golden_tokenizer("llama3");
  const std::vector<TokenId> expected = first.encode("inner product the experts");
  const Tokenizer copy = first;
  const Tokenizer moved = std::move(first);
  first = golden_tokenizer("gpt2");
  CHECK(copy.encode("inner product the experts") == expected);
  CHECK(moved.encode("inner product the experts") == expected);
}
