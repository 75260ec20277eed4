// Where a tensor that learns, or its gradient, is in the memory of a network or of adapters.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/expert/low_rank.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/gradient.hpp"
#include "asterism/train/plan.hpp"

namespace asterism::train {

/// The tensor (rows, cols) of a network, and how it is stored; no data where its format is no quant::PlainFloat.
template <class Network>
Gradient stored_tensor(const Network& network, const model::WeightId& id, std::size_t rows, std::size_t cols) {
  Gradient out;
  model::visit_weight(network, id, [&]<class T>(const T& weights) {
    if constexpr (requires { weights.view; }) {
      out = weights.view;
    } else if constexpr (quant::PlainFloat<typename T::Format>) {
      out = {weights.data, rows, cols, quant::storage_of<typename T::Format>};
    }
  });
  return out;
}

/// One of the two matrices of an adapter.
inline MatrixView<float> stored_half(const AdapterSet& set, const model::WeightId& id, Half half) {
  const expert::LowRank& adapter = set.at(id);
  const auto& matrix = half == Half::a ? adapter.a : adapter.b;
  return {reinterpret_cast<float*>(matrix.data), static_cast<std::size_t>(matrix.rows),
          static_cast<std::size_t>(matrix.cols)};
}

}  // namespace asterism::train
