// Streaming gives what decoding gives, in whole characters, without allocating.
#include "asterism/text/stream_decoder.hpp"

#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

#include "asterism/core/fwd.hpp"
#include "asterism/text/detail/utf8.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::StreamDecoder;
using text::Tokenizer;

namespace {

std::size_t allocations = 0;

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

void check_equal(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  for (const bool skip : {false, true}) {
    const text::DecodeOptions options{.skip_special_tokens = skip};
    CHECK(streamed(tokenizer, ids, options) == tokenizer.decode(ids, options));
  }
}

}  // namespace

// Counts what the whole program allocates. Not inlined: g++ would take new and free for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

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
      CHECK(streamed(tokenizer, ids, {}) == entry["text"].get<std::string>());
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
  CHECK(run.push(fallback.token_to_id("<0xA9>").value()).empty());  // one wrong byte would still change it
  CHECK(run.push(fallback.token_to_id("a").value()) == "éa");
  CHECK(run.push(fallback.token_to_id("<0xC3>").value()).empty());
  CHECK(run.push(fallback.token_to_id("<0xC3>").value()).empty());
  CHECK(run.finish() == "��");
}

TEST_CASE("a warm stream does not allocate") {
  const std::string text = "The quick brown fox 😀 你好 don't\n\n<s>stop</s> é 12345 ";
  for (const char* name : tokenizer_names) {
    CAPTURE(name);
    const Tokenizer tokenizer = golden_tokenizer(name);
    const std::vector<TokenId> ids = tokenizer.encode(text);
    StreamDecoder stream(tokenizer, {.skip_special_tokens = true});
    std::size_t bytes = 0;
    for (const TokenId id : ids) bytes += stream.push(id).size();
    const std::size_t before = allocations;
    for (int round = 0; round < 20; ++round) {
      for (const TokenId id : ids) bytes += stream.push(id).size();
    }
    CHECK(allocations == before);
    CHECK(bytes > 100);
  }
}
