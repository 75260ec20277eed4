// Two distributions mixed: what a softmax says, and what a memory says.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::librarian {

/// How probable one of several is.
struct Probability {
  std::size_t at = 0;  ///< which
  double value = 0;    ///< in [0, 1]
};

/// False where a softmax has no value, or a vector no direction: for NaN, infinity, and nothing but zeros.
bool has_softmax(View<const float> scores);
bool has_direction(View<const float> vector);

/// scores := log((1 - share) softmax(scores) + share p), summed in double. `p` has each place once; places that it
/// lacks count 0, its values sum to 1. 0 <= share < 1. Scores keep their bits where the share is 0, p is empty, or some
/// score is NaN or infinite. Allocates nothing; may be called from several threads.
void interpolate(View<float> scores, View<const Probability> p, double share);

}  // namespace asterism::librarian

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/interpolate_impl.hpp"
#endif
