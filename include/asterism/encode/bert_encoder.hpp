// A text encoder of the class of MiniLM: a BERT in a folder of sentence-transformers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/bert_config.hpp"
#include "asterism/encode/bert_network.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::encode {

namespace detail {
inline parallel::Serial serial;
}  // namespace detail

/// The vectors of sentence-transformers (within 1e-4 a number) of a folder that it or `save_pretrained` has written:
/// config.json, tokenizer.json, model.safetensors, modules.json, 1_Pooling/config.json and, if present,
/// sentence_bert_config.json. A text's vector is the mean of the last hidden states of its tokens, special ones
/// included, as a unit vector; what is longer than the model's limit is cut off at the end. The text of a special
/// token, such as "[SEP]", is that token. Computed in float32, texts side by side without padding. Models TextEncoder;
/// a call cuts its texts into pieces of some hundred tokens, a task each. Allocates while it encodes. Movable.
class BertEncoder {
 public:
  /// Reads a folder; draws bytes(folder) from the arena, which outlives it as the execution does. Throws
  /// BudgetExceeded, and FileError, FormatError, Unsupported as BertConfig, BertNetwork and text::Tokenizer do.
  BertEncoder(const std::string& folder, backend::Arena& arena,
              parallel::ExecutionRef execution = parallel::ExecutionRef(detail::serial));

  /// What the encoder of a folder draws. Throws as BertConfig::read.
  static Bytes bytes(const std::string& folder) { return BertNetwork::bytes(BertConfig::read(folder)); }

  std::size_t dim() const { return network_.config().hidden; }
  /// Of all weights, sizes, tokenizer.json and the limit of tokens.
  std::uint64_t fingerprint() const { return fingerprint_; }
  void encode(View<const std::string_view> texts, MatrixView<float> out) const;

  /// The tokens that stand for a text: special ones included, cut to the model's limit.
  std::vector<TokenId> tokens_of(std::string_view text) const;
  const BertConfig& config() const { return network_.config(); }

 private:
  void check_tokenizer(const std::string& folder) const;
  /// One task: its texts one after the other.
  void encode_piece(View<const std::vector<TokenId>> texts, MatrixView<float> out) const;

  text::Tokenizer tokenizer_;
  BertNetwork network_;
  parallel::ExecutionRef execution_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace asterism::encode

#if !defined(ASTERISM_COMPILED)
#include "asterism/encode/bert_encoder_impl.hpp"
#endif
