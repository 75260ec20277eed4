// Training examples in JSON Lines: whatever the bytes, they are examples that keep the rules, or a FormatError that
// names a line; and packing them loses none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/text/tokenizer.hpp"
#include "asterism/train/data/packing.hpp"
#include "asterism/train/data/read_examples.hpp"

namespace {

/// Letters, a blank and a few merges, so that no file is needed; all else becomes the unknown token.
const asterism::text::Tokenizer& tokenizer() {
  static const auto one = asterism::text::Tokenizer::from_json(
      R"({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [
           {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true}],
          "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                         "strip_accents": null, "lowercase": true},
          "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": null,
          "model": {"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "##",
                    "max_input_chars_per_word": 100,
                    "vocab": {"<unk>": 0, "a": 1, "##a": 2, "b": 3, "##b": 4, "the": 5, ".": 6}}})",
      "fuzz");
  return one;
}

void check(const asterism::train::ReadExamples& read, const asterism::train::ReadOptions& options) {
  const auto& examples = read.examples;
  if (examples.empty() || examples.size() > read.rows) std::abort();
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto [ids, counts] = examples[i];
    if (ids.size < 2 || ids.size > options.sequence || counts.size != ids.size) std::abort();
    std::size_t counted = 0;
    for (std::size_t k = 0; k < ids.size; ++k) {
      if (ids[k] < 0 || static_cast<std::size_t>(ids[k]) >= options.vocabulary || counts[k] > 1) std::abort();
      counted += counts[k];
    }
    if (counted == 0 || counts[counts.size - 1] != 0) std::abort();
  }
  asterism::train::Packing packing(examples, {.rows = options.sequence, .batch = 3, .seed = 1});
  std::uint64_t tokens = 0;
  while (packing.position().epoch == 0) tokens += packing.next().tokens.size;
  if (tokens != examples.tokens()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const asterism::View<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const asterism::train::ReadOptions options{
      .vocabulary = 7, .sequence = 16, .tokenizer = &tokenizer(), .end = 6, .longest_line = 4096};
  try {
    check(asterism::train::parse_examples(bytes, "fuzz", options), options);
  } catch (const asterism::FormatError& error) {
    const std::string_view message = error.what();
    if (message.find("line ") == message.npos && message.find("no example") == message.npos) std::abort();
  }
  return 0;
}
