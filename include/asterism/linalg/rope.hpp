// What the frequencies of a rotary position embedding follow from.
#pragma once

#include <cstdint>

namespace asterism::linalg {

/// How Llama 3 stretches rotary frequencies beyond the positions of its pre-training: long wavelengths are divided by
/// `factor`, short ones stay, those between are interpolated. Off where `factor` is 0.
/// Source: transformers, rope_type "llama3"; Grattafiori et al., The Llama 3 Herd of Models, arXiv 2407.21783.
struct RopeScaling {
  double factor = 0;                    ///< >= 1, or 0
  double low_freq_factor = 1;           ///< wavelengths above original_positions / this are divided
  double high_freq_factor = 4;          ///< wavelengths below original_positions / this stay; > low_freq_factor
  std::int32_t original_positions = 0;  ///< of the pre-training

  friend constexpr bool operator==(const RopeScaling&, const RopeScaling&) = default;
};

/// The frequencies of a rotary position embedding.
struct Rope {
  double theta = 1e4;  ///< base
  RopeScaling scaling{};
};

}  // namespace asterism::linalg
