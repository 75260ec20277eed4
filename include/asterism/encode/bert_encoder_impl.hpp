// Bodies of bert_encoder.hpp.
#pragma once

#include <algorithm>

#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/bert_encoder.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/file/path.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::encode {

namespace detail {
/// A task's tokens, but for the last text's: enough rows for weights to be read seldom.
inline constexpr std::size_t tokens_together = 256;

ASTERISM_INLINE std::string tokenizer_bytes(const std::string& folder) {
  constexpr std::uint64_t max_file_bytes = 64U << 20U;
  return file::read_file(folder + "/tokenizer.json", max_file_bytes);
}
}  // namespace detail

ASTERISM_INLINE BertEncoder::BertEncoder(const std::string& folder, backend::Arena& arena,
                                         parallel::ExecutionRef execution)
    : tokenizer_(text::Tokenizer::from_json(detail::tokenizer_bytes(folder), folder + "/tokenizer.json",
                                            {.ignore_lengths = true})),
      network_(checkpoint::TensorStore(folder), BertConfig::read(folder), arena),
      execution_(execution) {
  check_tokenizer(folder);
  fingerprint_ = hash_of(detail::tokenizer_bytes(folder),
                         hash_of(concat("BertEncoder 1 ", config().tokens), network_.fingerprint()));
}

ASTERISM_INLINE void BertEncoder::check_tokenizer(const std::string& folder) const {
  if (tokenizer_.encode("").size() != 2) {
    throw Unsupported(concat(folder, "/tokenizer.json: an empty text has ", tokenizer_.encode("").size(),
                             " tokens; supported are one before the text and one behind it"));
  }
  if (tokenizer_.vocabulary_size() > config().vocabulary) {
    throw FormatError(concat(folder, "/tokenizer.json: ", tokenizer_.vocabulary_size(),
                             " tokens; the model's vocab_size is ", config().vocabulary));
  }
}

ASTERISM_INLINE std::vector<TokenId> BertEncoder::tokens_of(std::string_view text) const {
  std::vector<TokenId> tokens = tokenizer_.encode(text);
  if (tokens.size() <= config().tokens) return tokens;
  const TokenId last = tokens.back();
  tokens.resize(config().tokens);
  tokens.back() = last;
  return tokens;
}

ASTERISM_INLINE void BertEncoder::encode(View<const std::string_view> texts, MatrixView<float> out) const {
  check_encode(texts.size, dim(), out);
  std::vector<std::vector<TokenId>> tokens(texts.size);
  std::vector<std::size_t> firsts;  // of each piece
  std::size_t count = detail::tokens_together;
  for (std::size_t i = 0; i < texts.size; ++i) {
    tokens[i] = tokens_of(texts[i]);
    if (count >= detail::tokens_together) {
      firsts.push_back(i);
      count = 0;
    }
    count += tokens[i].size();
  }
  const View<const std::vector<TokenId>> all(tokens);
  execution_.for_each_task(firsts.size(), [&](std::size_t piece) {
    const std::size_t first = firsts[piece];
    const std::size_t size = (piece + 1 < firsts.size() ? firsts[piece + 1] : texts.size) - first;
    encode_piece(all.subview(first, size), out.rows_at(first, size));
  });
}

ASTERISM_INLINE void BertEncoder::encode_piece(View<const std::vector<TokenId>> texts,
                                               MatrixView<float> out) const {
  std::vector<TokenId> tokens;
  std::vector<std::size_t> ends;
  for (const std::vector<TokenId>& text : texts) {
    tokens.insert(tokens.end(), text.begin(), text.end());
    ends.push_back(tokens.size());
  }
  std::vector<float> states(tokens.size() * dim());
  const MatrixView<float> hidden(states.data(), tokens.size(), dim());
  network_.forward(View<const TokenId>(tokens), View<const std::size_t>(ends), hidden);
  std::vector<float> mean(dim());
  for (std::size_t i = 0, row = 0; i < texts.size; ++i) {
    std::fill(mean.begin(), mean.end(), 0.0F);
    for (; row < ends[i]; ++row) {
      for (std::size_t c = 0; c < mean.size(); ++c) mean[c] += hidden(row, c);
    }
    const bool zero = std::all_of(mean.begin(), mean.end(), [](float value) { return value == 0; });
    if (zero || std::any_of(mean.begin(), mean.end(), quant::not_finite)) {
      throw NumericError(concat("a text of ", texts[i].size(), " tokens has no direction: its hidden states are ",
                                zero ? "zeros" : "not finite"));
    }
    index::write_unit(View<const float>(mean), out.row(i));
  }
}

}  // namespace asterism::encode
