// A model of backend::Adjoint, and structs that each lack one member of it.
#pragma once

#include "asterism/backend/adjoint.hpp"
#include "asterism/backend/training_host.hpp"

namespace asterism::lacking::adjoints {

using Complete = backend::TrainingHost;

// Each hides one member.
struct NoReserveTraining : Complete {
  using Complete::Complete;
  void reserve_training() {}
};
struct NoClear : Complete {
  using Complete::Complete;
  void clear() {}
};
struct NoStoreFloats : Complete {
  using Complete::Complete;
  void store_floats() {}
};
struct NoLoadFloats : Complete {
  using Complete::Complete;
  void load_floats() {}
};
struct NoProductBackward : Complete {
  using Complete::Complete;
  void product_backward() {}
};
struct NoWeightGradient : Complete {
  using Complete::Complete;
  void weight_gradient() {}
};
struct NoGroupedProductBackward : Complete {
  using Complete::Complete;
  void grouped_product_backward() {}
};
struct NoGroupedWeightGradient : Complete {
  using Complete::Complete;
  void grouped_weight_gradient() {}
};
struct NoEmbedBackward : Complete {
  using Complete::Complete;
  void embed_backward() {}
};
struct NoRmsNormBackward : Complete {
  using Complete::Complete;
  void rms_norm_backward() {}
};
struct NoBiasBackward : Complete {
  using Complete::Complete;
  void bias_backward() {}
};
struct NoSiluMultiplyBackward : Complete {
  using Complete::Complete;
  void silu_multiply_backward() {}
};
struct NoReluBackward : Complete {
  using Complete::Complete;
  void relu_backward() {}
};
struct NoRotateBackward : Complete {
  using Complete::Complete;
  void rotate_backward() {}
};
struct NoAttendPacked : Complete {
  using Complete::Complete;
  void attend_packed() {}
};
struct NoCombineBackward : Complete {
  using Complete::Complete;
  void combine_backward() {}
};
struct NoGatherBackward : Complete {
  using Complete::Complete;
  void gather_backward() {}
};
struct NoTakeRows : Complete {
  using Complete::Complete;
  void take_rows() {}
};
struct NoCrossEntropy : Complete {
  using Complete::Complete;
  void cross_entropy() {}
};
struct NoSumRows : Complete {
  using Complete::Complete;
  void sum_rows() {}
};
struct NoRouterTerms : Complete {
  using Complete::Complete;
  void router_terms() {}
};
struct NoZLossBackward : Complete {
  using Complete::Complete;
  void z_loss_backward() {}
};
struct NoCountChoices : Complete {
  using Complete::Complete;
  void count_choices() {}
};
struct NoDropBeyond : Complete {
  using Complete::Complete;
  void drop_beyond() {}
};
struct NoAdapterProducts : Complete {
  using Complete::Complete;
  void scale() {}
};
struct NoRouteBackward : Complete {
  using Complete::Complete;
  void route_backward() {}
};

}  // namespace asterism::lacking::adjoints
