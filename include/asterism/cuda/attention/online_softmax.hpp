// Online softmax over scores that arrive in pieces, on host and device.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/core/config.hpp"

namespace asterism::cuda {

/// The largest of `count` >= 1 scores.
ASTERISM_HD inline float largest_of(const float* scores, std::size_t count) {
  float most = scores[0];
  for (std::size_t i = 1; i < count; ++i) most = scores[i] > most ? scores[i] : most;
  return most;
}

/// Running state of the scores so far: their maximum, and the sum of exp(score - maximum).
/// Source: Milakov and Gimelshein, Online normalizer calculation for softmax, arXiv 1805.02867.
struct OnlineSoftmax {
  float maximum = 0;
  float total = 0;
  bool any = false;

  /// Takes the maximum of the next piece. Returns the factor for everything summed with the old maximum.
  ASTERISM_HD float raise(float piece_maximum) {
    if (any && !(piece_maximum > maximum)) return 1;
    const float shrink = any ? expf(maximum - piece_maximum) : 0.0F;
    total *= shrink;
    maximum = piece_maximum;
    any = true;
    return shrink;
  }
};

}  // namespace asterism::cuda
