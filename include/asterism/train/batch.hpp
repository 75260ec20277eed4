// What one step reads.
#pragma once

#include <cstdint>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"

namespace asterism::train {

/// Borrowed: n tokens of several sequences, one behind the other, each from position 0 on; a sequence sees itself
/// alone.
struct Batch {
  View<const TokenId> tokens;      ///< (n)
  View<const std::uint32_t> ends;  ///< of the sequences: ascending, the last is n
  View<const TokenId> targets;     ///< (n): the token that should come next; not looked at where the weight is 0
  View<const float> weights;       ///< (n): >= 0, how much the prediction counts; not all are 0
};

}  // namespace asterism::train
