// A model of backend::Encoder, and structs that each lack one member of it.
#pragma once

#include "asterism/backend/encoder.hpp"
#include "asterism/backend/training_host.hpp"

namespace asterism::lacking::encoder_ops {

using Complete = backend::TrainingHost;

// Each hides one member.
struct NoLayerNorm : Complete {
  using Complete::Complete;
  void layer_norm() {}
};
struct NoGelu : Complete {
  using Complete::Complete;
  void gelu() {}
};
struct NoSigmoid : Complete {
  using Complete::Complete;
  void sigmoid() {}
};
struct NoDropout : Complete {
  using Complete::Complete;
  void dropout() {}
};
struct NoAttendBothWays : Complete {
  using Complete::Complete;
  void attend_both_ways() {}
};
struct NoWeighByConfidence : Complete {
  using Complete::Complete;
  void weigh_by_confidence() {}
};
struct NoSquaredError : Complete {
  using Complete::Complete;
  void squared_error() {}
};

}  // namespace asterism::lacking::encoder_ops
