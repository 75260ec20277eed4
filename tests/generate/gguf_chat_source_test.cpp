#include "asterism/generate/gguf_chat_source.hpp"

#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/core/error.hpp"

#include "support/files.hpp"
#include "support/gguf_bytes.hpp"

using namespace asterism;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::GgufBytes;

namespace {

checkpoint::GgufMetadata metadata_of(const GgufBytes& file) {
  return checkpoint::parse_gguf(file::StoredBytes(as_bytes(file.bytes())), "made.gguf").metadata;
}

}  // namespace

TEST_CASE("a template comes with the texts of the special tokens") {
  const checkpoint::GgufStore store(std::string(ASTERISM_GOLDEN_DIR) + "/gguf/mixtral.gguf");
  const auto chat = generate::gguf_chat_source(store.metadata());
  REQUIRE(chat);
  CHECK(chat->source == "{{ bos_token }}{% for message in messages %}{{ message['content'] }}{% endfor %}");
  CHECK(chat->tokens == std::vector<std::pair<std::string, std::string>>{
                            {"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}});
}

TEST_CASE("files without a template, and ids without a token") {
  CHECK_FALSE(generate::gguf_chat_source(metadata_of(GgufBytes())));
  const auto with_template = [] { return GgufBytes().text("tokenizer.chat_template", "x"); };
  CHECK(generate::gguf_chat_source(metadata_of(with_template()))->tokens.empty());
  const auto bad =
      metadata_of(with_template().u32("tokenizer.ggml.bos_token_id", 1).texts("tokenizer.ggml.tokens", {"a"}));
  check_error<FormatError>([&] { generate::gguf_chat_source(bad); },
                           {"made.gguf", "tokenizer.ggml.bos_token_id", "is 1"});
  const auto number = metadata_of(GgufBytes().u32("tokenizer.chat_template", 1));
  check_error<FormatError>([&] { generate::gguf_chat_source(number); }, {"tokenizer.chat_template", "u32"});
}
