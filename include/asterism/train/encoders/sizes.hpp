// The sizes of a constellation of encoders.
#pragma once

#include <cstddef>

namespace asterism::train {

/// One layer of experts that are encoders, over rows of features. The defaults are those of the system that it is made
/// after: 1 814 272 192 parameters.
struct ConstellationSizes {
  std::size_t in = 512;       ///< features of a row
  std::size_t hidden = 2048;  ///< of experts; inside them rows are up to four times as wide
  std::size_t out = 512;      ///< numbers of an answer
  std::size_t experts = 32;
  std::size_t top_k = 3;         ///< experts of a row, 1 to experts
  std::size_t gate_heads = 8;    ///< of the router's attention; divides in
  std::size_t expert_heads = 8;  ///< of the experts' attention; divides hidden
  float dropout = 0.1F;          ///< in [0, 0.9999): in experts, while they learn

  constexpr bool sound() const {
    return in > 0 && hidden > 0 && out > 0 && top_k > 0 && top_k <= experts && gate_heads > 0 &&
           in % gate_heads == 0 && expert_heads > 0 && hidden % expert_heads == 0 && dropout >= 0 &&
           dropout < 0.9999F;
  }

  friend constexpr bool operator==(const ConstellationSizes&, const ConstellationSizes&) = default;
};

}  // namespace asterism::train
