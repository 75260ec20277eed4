// A mixer that is not told which of its matrices is in which format is refused by name where formats differ.
// expected: one of B::Mixers has no footprint\(Shape, quant::LayerFormats\)
#include "asterism/attention/grouped_query.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/one_of.hpp"

using namespace asterism;

template <class Q>
struct OwnMixer : attention::GroupedQuery<Q> {
  using attention::GroupedQuery<Q>::GroupedQuery;
#ifndef SOUND
  static constexpr Bytes footprint(const Shape& shape) { return attention::GroupedQuery<Q>::footprint(shape); }
#endif
};
struct Mixed : Blueprint {
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q6_K>;
  using Mixers = model::Mixers<OwnMixer>;
};
static_assert(model::Assembly<Mixed>::Constellation::holds_experts);
