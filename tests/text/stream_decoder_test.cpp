// Streaming gives what decoding gives, in whole characters, at once.
#include "asterism/text/stream_decoder.hpp"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/text/detail/utf8.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::StreamDecoder;
using text::Tokenizer;

namespace {

std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, text::DecodeOptions options) {
  StreamDecoder stream(tokenizer, options);
  std::string out;
  for (const TokenId id : ids) {
    const std::string_view piece = stream.push(id);
    CHECK(text::is_valid_utf8(piece));
    out += piece;
  }
  const std::string_view rest = stream.finish();
  CHECK(text::is_valid_utf8(rest));
  return out += rest;
}

constexpr std::string_view unknown = text::replacement_character;

/// Whether `stream` is `whole` but for characters that it shows where `whole` has U+FFFD for each of their bytes.
bool shows_more(std::string_view stream, std::string_view whole) {
  while (!stream.empty()) {
    const std::size_t size = text::utf8_unit(stream, 0).size;
    if (whole.starts_with(stream.substr(0, size))) {
      whole.remove_prefix(size);
    } else {
      for (std::size_t byte = 0; byte < size; ++byte) {
        if (!whole.starts_with(unknown)) return false;
        whole.remove_prefix(unknown.size());
      }
    }
    stream.remove_prefix(size);
  }
  return whole.empty();
}

void check_equal(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  for (const bool skip : {false, true}) {
    const text::DecodeOptions options{.skip_special_tokens = skip};
    const std::string whole = tokenizer.decode(ids, options);
    const std::string stream = streamed(tokenizer, ids, options);
    CHECK((stream == whole || shows_more(stream, whole)));
    if (whole.find(unknown) == std::string::npos) CHECK(stream == whole);
  }
}

/// The ids of the byte tokens that spell `bytes`.
std::vector<TokenId> byte_ids(const Tokenizer& tokenizer, std::string_view bytes) {
  std::vector<TokenId> ids;
  for (const char byte : bytes) {
    char name[7];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    ids.push_back(tokenizer.token_to_id(name).value());
  }
  return ids;
}

}  // namespace

TEST_CASE("streaming the golden strings") {
  const Json strings = golden_json("strings");
  for (const char* name : tokenizer_names) {
    CAPTURE(name);
    const Tokenizer tokenizer = golden_tokenizer(name);
    for (const auto& [group, entries] : strings.items()) {
      if (group == "long") continue;
      for (const Json& entry : entries) {
        CAPTURE(entry.dump());
        check_equal(tokenizer, tokenizer.encode(string_of(group, entry)));
      }
    }
  }
}

TEST_CASE("streaming random ids and all variants of decoders") {
  const Json encoded = golden_json("encoded");
  for (const char* name : tokenizer_names) {
    const Tokenizer tokenizer = golden_tokenizer(name);
    for (const Json& entry : encoded[name]["random"]) {
      check_equal(tokenizer, entry["ids"].get<std::vector<TokenId>>());
    }
  }
  const Json variants = golden_json("variants");
  for (const Json& variant : variants["variants"]) {
    CAPTURE(variant["name"].dump());
    Json document = golden_json(variant["base"].get<std::string>());
    for (const auto& [pointer, value] : variant["changes"].items()) document[Json::json_pointer(pointer)] = value;
    const Tokenizer tokenizer = Tokenizer::from_json(document.dump(), "variant");
    for (const Json& entry : variant["random"]) {
      const auto ids = entry["ids"].get<std::vector<TokenId>>();
      check_equal(tokenizer, ids);
      const auto whole = entry["text"].get<std::string>();
      const std::string stream = streamed(tokenizer, ids, {});
      CHECK((stream == whole || shows_more(stream, whole)));
    }
  }
}

TEST_CASE("what is held back, and until when") {
  const Tokenizer bytes = golden_tokenizer("qwen");
  const std::vector<TokenId> emoji = bytes.encode("😀");
  REQUIRE(emoji.size() > 1);
  StreamDecoder stream(bytes);
  for (std::size_t i = 0; i + 1 < emoji.size(); ++i) CHECK(stream.push(emoji[i]).empty());
  CHECK(stream.push(emoji.back()) == "😀");
  CHECK(stream.push(bytes.encode("a").at(0)) == "a");
  CHECK(stream.push(emoji.front()).empty());
  CHECK(stream.finish() == "�");

  const Tokenizer fallback = golden_tokenizer("mixtral");
  StreamDecoder run(fallback);
  CHECK(run.push(fallback.token_to_id("<0xC3>").value()).empty());
  CHECK(run.push(fallback.token_to_id("<0xA9>").value()) == "é");
  CHECK(run.push(fallback.token_to_id("a").value()) == "a");
  CHECK(run.push(fallback.token_to_id("<0xC3>").value()).empty());
  CHECK(run.push(fallback.token_to_id("<0xC3>").value()) == "��");
  CHECK(run.finish().empty());
}

TEST_CASE("with byte fallback, emoji come one by one") {
  const Tokenizer tokenizer = golden_tokenizer("mixtral");
  StreamDecoder stream(tokenizer);
  std::string text;
  for (int i = 0; i < 200; ++i) {
    const std::vector<TokenId> emoji = byte_ids(tokenizer, "😀");
    for (std::size_t byte = 0; byte < 3; ++byte) CHECK(stream.push(emoji[byte]).empty());
    const std::string_view piece = stream.push(emoji[3]);
    CHECK(piece == "😀");
    text += piece;
  }
  CHECK(stream.finish().empty());
  std::vector<TokenId> all;
  for (int i = 0; i < 200; ++i) {
    for (const TokenId id : byte_ids(tokenizer, "😀")) all.push_back(id);
  }
  CHECK(text == tokenizer.decode(all));
}

TEST_CASE("with byte fallback, a run cut off anywhere shows its whole characters") {
  const Tokenizer tokenizer = golden_tokenizer("mixtral");
  const std::string bytes = "é😀\n日本b\u200D";
  const std::vector<TokenId> ids = byte_ids(tokenizer, bytes);
  for (std::size_t cut = 0; cut <= ids.size(); ++cut) {
    CAPTURE(cut);
    const std::string_view given = std::string_view(bytes).substr(0, cut);
    std::size_t shown = 0;
    while (shown < cut && text::utf8_unit(given, shown).kind == text::Utf8Unit::Kind::character) {
      shown += text::utf8_unit(given, shown).size;
    }
    StreamDecoder stream(tokenizer);
    std::string text;
    for (std::size_t i = 0; i < cut; ++i) text += stream.push(ids[i]);
    CHECK(text == given.substr(0, shown));
    std::string rest;
    for (std::size_t i = shown; i < cut; ++i) rest += unknown;
    CHECK(stream.finish() == rest);
    if (shown == cut) CHECK(text == tokenizer.decode({ids.data(), cut}));
  }
}

TEST_CASE("with byte fallback, valid text is the decoded text whatever its tokens are") {
  const Tokenizer tokenizer = golden_tokenizer("mixtral");
  const std::vector<TokenId> words = tokenizer.encode("the keeper of x", {.add_special_tokens = false});
  Random random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<TokenId> ids;
    for (std::uint64_t n = random.below(30); n > 0; --n) {
      if (random.below(3) == 0) {
        ids.push_back(words[random.below(words.size())]);
        continue;
      }
      constexpr std::uint64_t below[] = {0x80, 0x800, 0xD800, 0x110000};
      auto point = static_cast<char32_t>(random.below(below[random.below(4)]));
      if (point >= 0xD800 && point < 0xE000) point += 0x800;
      std::string character;
      text::append_code_point(character, point);
      for (const TokenId id : byte_ids(tokenizer, character)) ids.push_back(id);
    }
    CHECK(streamed(tokenizer, ids, {}) == tokenizer.decode(ids));
  }
}

TEST_CASE("with byte fallback, a wrong byte leaves what was shown and spoils the rest of its run") {
  const Tokenizer tokenizer = golden_tokenizer("mixtral");
  std::vector<TokenId> ids = byte_ids(tokenizer,
                                      "é\xF0\x9F"
                                      "A\xC3\xA9");
  ids.push_back(tokenizer.token_to_id("a").value());
  for (const TokenId id : byte_ids(tokenizer, "é")) ids.push_back(id);
  StreamDecoder stream(tokenizer);
  std::vector<std::string> pieces;
  for (const TokenId id : ids) pieces.emplace_back(stream.push(id));
  CHECK(pieces == std::vector<std::string>{"", "é", "", "", "���", "�", "�", "a", "", "é"});
  CHECK(tokenizer.decode(ids) == "�������aé");
}

TEST_CASE("a copied stream goes on by itself") {
  const Tokenizer tokenizer = golden_tokenizer("mixtral");
  const std::vector<TokenId> emoji = byte_ids(tokenizer, "😀");
  StreamDecoder first(tokenizer);
  for (std::size_t byte = 0; byte < 3; ++byte) first.push(emoji[byte]);
  StreamDecoder second = first;
  CHECK(first.push(emoji[3]) == "😀");
  CHECK(second.finish() == "���");
  second = std::move(first);
  CHECK(second.push(tokenizer.token_to_id("a").value()) == "a");
}
