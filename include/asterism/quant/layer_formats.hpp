// Which of several formats each matrix of a layer is in.
#pragma once

#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// The tags of a layer's matrices, by the names that they have in slabs; all experts of a layer are alike. Without
/// meaning where a Quantization is a single format.
struct LayerFormats {
  Tag query = 0;
  Tag key = 0;
  Tag value = 0;
  Tag output = 0;
  Tag linear_qkv = 0;
  Tag linear_gate = 0;
  Tag linear_beta_decay = 0;
  Tag linear_output = 0;
  Tag gate = 0;
  Tag up = 0;
  Tag down = 0;
  Tag shared_gate = 0;
  Tag shared_up = 0;
  Tag shared_down = 0;
  Tag dense_gate = 0;
  Tag dense_up = 0;
  Tag dense_down = 0;

  friend constexpr bool operator==(const LayerFormats&, const LayerFormats&) = default;
};

/// The tags of a gated feed-forward block.
struct FeedForwardFormats {
  Tag gate = 0;
  Tag up = 0;
  Tag down = 0;
};

}  // namespace asterism::quant
