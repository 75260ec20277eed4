// BERT: tokens in, hidden states out, in float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/bert_config.hpp"

namespace asterism::encode {

/// The weights of a BERT, in float32. Immutable; const members may be called from several threads at once. Movable.
/// Source: Devlin et al., BERT, NAACL 2019; the tensors of transformers' BertModel.
class BertNetwork {
 public:
  /// Draws bytes(config) from the arena, which outlives it, and reads all tensors. Throws BudgetExceeded; FormatError
  /// for a tensor that is missing, of another shape, or not finite; Unsupported, by name, for one that is none of a
  /// BERT's. The pooler and position_ids are passed over.
  BertNetwork(const checkpoint::TensorStore& store, const BertConfig& config, backend::Arena& arena);

  static Bytes bytes(const BertConfig& config);

  const BertConfig& config() const { return config_; }
  /// 64 bits of the sizes and all weights.
  std::uint64_t fingerprint() const { return fingerprint_; }

  /// The last hidden states of texts one after the other: hidden (tokens, config.hidden), without stride. Text i has
  /// the tokens up to ends[i], at least 1 and at most config.positions of them, which see each other and no other text;
  /// ids are below the vocabulary. A text's states have the same bits in any company. Allocates about
  /// hidden + max(3 hidden, ffn) floats a token.
  void forward(View<const TokenId> tokens, View<const std::size_t> ends, MatrixView<float> hidden) const;

 private:
  /// y = x W^T + b.
  struct Linear {
    MatrixView<float> weight;  ///< (outputs, inputs)
    View<float> bias;
    void operator()(MatrixView<const float> x, MatrixView<float> y) const;
  };
  struct Norm {
    View<float> weight;
    View<float> bias;
  };
  struct Layer {
    Linear query_key_value;  ///< one below the other
    Linear attended;
    Norm attention_norm;
    Linear widened;
    Linear narrowed;
    Norm norm;
  };
  struct Parts {
    MatrixView<float> words;
    MatrixView<float> positions;
    MatrixView<float> types;
    Norm norm;
    std::vector<Layer> layers;
  };

  static Parts cut(backend::Layout& layout, const BertConfig& config);
  void read(const checkpoint::TensorStore& store);
  void embed(View<const TokenId> tokens, View<const std::size_t> ends, MatrixView<float> hidden) const;
  void normalize(const Norm& norm, MatrixView<float> rows) const;
  /// out (n, hidden): what each of the n rows of one text takes from their values; qkv (n, 3 hidden).
  void attend(MatrixView<const float> qkv, MatrixView<float> out) const;

  BertConfig config_;
  backend::Buffer buffer_;
  Parts parts_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace asterism::encode

#if !defined(ASTERISM_COMPILED)
#include "asterism/encode/bert_network_impl.hpp"
#endif
