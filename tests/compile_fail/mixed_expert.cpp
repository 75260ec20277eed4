// An expert that is not told which of its matrices is in which format is refused by name where formats differ.
// expected: B::Expert is not constructed from \(Shape, quant::LayerFormats\)
#include "asterism/expert/swiglu.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/one_of.hpp"

using namespace asterism;

template <class Q>
struct OwnExpert : expert::SwiGlu<Q> {
#ifndef SOUND
  constexpr explicit OwnExpert(const Shape& shape) : expert::SwiGlu<Q>(shape) {}
#else
  using expert::SwiGlu<Q>::SwiGlu;
#endif
};
struct Mixed : Blueprint {
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q6_K>;
  template <class Q>
  using Expert = OwnExpert<Q>;
};
static_assert(model::Assembly<Mixed>::Constellation::holds_experts);
