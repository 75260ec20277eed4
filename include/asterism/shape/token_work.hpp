// What a token costs to compute, counted in the sizes of a model.
#pragma once

#include <cstdint>

#include "asterism/core/layer_set.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

/// Weights that a token is multiplied with in `layers`: those of mixers, routers and the experts that it is sent to, or
/// of dense blocks; gated ones, with three matrices each. Each is a multiplication and an addition. The head has
/// vocabulary * hidden more.
constexpr double token_weights(const Shape& shape, const LayerSet& layers) {
  const auto number = [&](const LayerSet& of) { return static_cast<double>((of & layers).size()); };
  const auto hidden = static_cast<double>(shape.hidden);
  const double attention = hidden * (shape.query_rows() + shape.query_width() + 2.0 * shape.kv_width());
  const DeltaNetSizes& sizes = shape.delta_net;
  const double linear = hidden * (sizes.channels() + 2.0 * sizes.values() + 2.0 * sizes.value_heads);
  const double sparse = hidden * (3.0 * shape.top_k * shape.ffn + 3.0 * shape.shared_ffn + shape.experts);
  const double dense = hidden * 3 * shape.dense_ffn;
  return number(shape.attention_layers()) * attention + number(shape.linear_layers) * linear +
         number(shape.sparse_layers()) * sparse + number(shape.dense_layers) * dense;
}

/// Elements of the states that the linear attention of `layers` reads and writes for a token.
constexpr double state_elements(const Shape& shape, const LayerSet& layers) {
  return static_cast<double>((shape.linear_layers & layers).size()) * shape.delta_net.values() *
         shape.delta_net.key_width;
}

/// Operations on float32 of the attention of `rows` tokens, the first of a sequence, in `layers`: products with keys
/// and with values, each a multiplication and an addition.
constexpr double attention_operations(const Shape& shape, const LayerSet& layers, double rows) {
  return static_cast<double>((shape.attention_layers() & layers).size()) * 4 * shape.query_width() * rows *
         (rows + 1) / 2;
}

}  // namespace asterism
