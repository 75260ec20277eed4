// How long a layer and a read take, by which what pays is told from what does not.
#pragma once

namespace asterism::residency {

/// Seconds of one layer of a token with all that it needs at hand, and of one expert's read. Only their ratio counts;
/// where a machine's rates are not known they are taken to be equal.
struct Pace {
  double layer_seconds = 1;  ///< >= 0
  double read_seconds = 1;   ///< > 0
};

}  // namespace asterism::residency
