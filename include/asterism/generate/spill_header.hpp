// What the spill file of a checkpoint's experts says of itself.
#pragma once

#include <string>

#include "asterism/checkpoint/fingerprint.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/residency/spill_header.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// The header of the spill file of a checkpoint's experts in the format of B.
template <class B>
residency::SpillHeader spill_header(const checkpoint::WeightStoreRef& store, const Shape& shape) {
  static_assert(!quant::Tagged<typename B::Quantization>,
                "a spill file has slabs of one size, and B::Quantization is quant::OneOf several formats: write the "
                "experts by a Blueprint with a single format");
  const typename model::Assembly<B>::Expert expert(shape);
  return {.model_type = std::string(model::info_of(shape.architecture).model_type),
          .format = B::Quantization::name(),
          .layers = shape.sparse_layers().size(),
          .experts = shape.experts,
          .hidden = shape.hidden,
          .ffn = shape.ffn,
          .slab_bytes = expert.footprint().count,
          .fingerprint = checkpoint::fingerprint(store)};
}

}  // namespace asterism::generate
