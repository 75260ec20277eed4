#include "asterism/generate/gguf_tokenizer.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using asterism::checkpoint::GgufMetadata;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::GgufBytes;

namespace {

GgufMetadata metadata_of(const GgufBytes& file) {
  return checkpoint::parse_gguf(file::StoredBytes(as_bytes(file.bytes())), "made.gguf").metadata;
}

std::string key(std::string_view name) { return "tokenizer.ggml." + std::string(name); }

/// A byte-level tokenizer of three tokens and one that begins a text.
GgufBytes words(std::string_view pre) {
  return GgufBytes()
      .text(key("model"), "gpt2")
      .text(key("pre"), pre)
      .texts(key("tokens"), {"a", "b", "ab", "<|begin|>"})
      .array<std::int32_t>(key("token_type"), 5, {1, 1, 1, 3})
      .texts(key("merges"), {"a b"})
      .u32(key("bos_token_id"), 3);
}

/// Sentence pieces.
GgufBytes pieces() {
  return GgufBytes()
      .text(key("model"), "llama")
      .texts(key("tokens"), {"<unk>", "<s>", "</s>", "\u2581", "a", "\u2581a"})
      .array<float>(key("scores"), 6, {0, 0, 0, -2, -3, -1});
}

std::vector<TokenId> encode(const GgufBytes& file, std::string_view text) {
  return generate::gguf_tokenizer(metadata_of(file)).value().encode(text);
}

}  // namespace

TEST_CASE("the tokenizer that the gguf package wrote") {
  const checkpoint::GgufStore store(std::string(ASTERISM_GOLDEN_DIR) + "/gguf/mixtral.gguf");
  const text::Tokenizer tokenizer = generate::gguf_tokenizer(store.metadata()).value();
  CHECK(tokenizer.vocabulary_size() == 320);
  CHECK(tokenizer.id_to_token(1) == "<s>");
  CHECK(tokenizer.is_special(2));
  CHECK_FALSE(tokenizer.is_special(3));
  const std::vector<TokenId> ids = tokenizer.encode("the <user> dog");
  CHECK(ids.front() == 1);
  CHECK(std::count(ids.begin(), ids.end(), 3) == 1);
  // The mark is in bytes, since its piece is not among the first 320: as such it is no space, as with Hugging Face.
  CHECK(tokenizer.decode(ids, {.skip_special_tokens = true}) == "\u2581the\u2581<user>\u2581\u2581dog");
}

TEST_CASE("what a file leaves out is as llama.cpp has it") {
  CHECK(encode(words("qwen2"), "ab") == std::vector<TokenId>{2});
  CHECK(encode(words("gpt-2"), "ab") == std::vector<TokenId>{2});
  CHECK(encode(words("llama-bpe"), "ab") == std::vector<TokenId>{3, 2});
  CHECK(encode(words("llama-bpe").boolean(key("add_bos_token"), false), "ab") == std::vector<TokenId>{2});
  CHECK(encode(words("qwen2").boolean(key("add_bos_token"), true), "ab") == std::vector<TokenId>{3, 2});
  CHECK(encode(pieces(), "a") == std::vector<TokenId>{1, 5});
  CHECK(encode(pieces(), "x") == std::vector<TokenId>{1, 3, 0});
  CHECK(encode(pieces().boolean(key("add_space_prefix"), false), "a") == std::vector<TokenId>{1, 4});
  CHECK(encode(pieces().boolean(key("add_eos_token"), true), "a") == std::vector<TokenId>{1, 5, 2});
  CHECK_FALSE(generate::gguf_tokenizer(metadata_of(GgufBytes())));
  CHECK_FALSE(generate::gguf_tokenizer(metadata_of(GgufBytes().text(key("model"), "none"))));
}

TEST_CASE("unsupported and broken tokenizers are refused by key") {
  const auto refused = [](const GgufBytes& file, std::initializer_list<std::string_view> parts) {
    check_error<Error>([&] { generate::gguf_tokenizer(metadata_of(file)); }, {"made.gguf"});
    check_error<Error>([&] { generate::gguf_tokenizer(metadata_of(file)); }, parts);
  };
  refused(GgufBytes().text(key("model"), "t5"), {"tokenizer.ggml.model", "'t5'", "'gpt2' and 'llama'"});
  refused(GgufBytes().text(key("model"), "gpt2"), {"tokenizer.ggml.tokens", "missing"});
  refused(GgufBytes().text(key("model"), "llama").texts(key("tokens"), {"a"}),
          {"tokenizer.ggml.scores", "missing"});
  refused(GgufBytes().text(key("model"), "gpt2").texts(key("tokens"), {"a"}), {"tokenizer.ggml.pre", "missing"});
  refused(GgufBytes().text(key("model"), "gpt2").text(key("pre"), "gpt-2").texts(key("tokens"), {"a"}),
          {"tokenizer.ggml.merges", "missing"});
  refused(words("dbrx"), {"'dbrx'", "'qwen2'"});
  refused(words("qwen2").u32(key("eos_token_id"), 4), {"tokenizer.ggml.eos_token_id", "is 4", "0 to 3"});
  refused(pieces().array<std::int32_t>(key("token_type"), 5, {1, 9}), {"token_type", "type 9"});
  refused(pieces().array<std::int32_t>(key("token_type"), 5, {1, 2}), {"2 types of 6 tokens"});
  refused(pieces().text(key("add_bos_token"), "yes"), {"add_bos_token", "string"});
}
