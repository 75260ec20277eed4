// What a step keeps of its way forward, and what it computes again.
#pragma once

#include <cstdint>

namespace asterism::train::recompute {

/// Where the memory of layer `l` is among that of a kind: layers share it where they compute again.
struct Places {
  std::int32_t input = 0;      ///< of the residual stream as it enters
  std::int32_t attention = 0;  ///< of what attention left
  std::int32_t experts = 0;    ///< of what experts left

  friend constexpr bool operator==(const Places&, const Places&) = default;
};

/// Everything is kept. Each of these policies says how many layers of each kind there is memory for, where a layer has
/// its own, how many layers are computed again together (`group`; 0: none), and whether experts are on their own. The
/// results have the same bits whatever is computed again.
struct Nothing {
  static constexpr std::int32_t group = 0;
  static constexpr bool experts = false;
  static constexpr Places held(std::int32_t layers) { return {layers, layers, layers}; }
  static constexpr Places at(std::int32_t layer) { return {layer, layer, layer}; }
};

/// A layer's experts compute again, from the residual stream before them: a third more of their products.
struct Experts {
  static constexpr std::int32_t group = 0;
  static constexpr bool experts = true;
  static constexpr Places held(std::int32_t layers) { return {layers, layers, layers > 0 ? 1 : 0}; }
  static constexpr Places at(std::int32_t layer) { return {layer, layer, 0}; }
};

/// What enters every m-th layer is kept; m layers at a time compute again. Source: Chen et al., Training Deep Nets with
/// Sublinear Memory Cost, arXiv 1604.06174.
template <std::int32_t M>
struct Every {
  static_assert(M > 0, "layers are computed again in groups of one or more");
  static constexpr std::int32_t group = M;
  static constexpr bool experts = false;
  static constexpr Places held(std::int32_t layers) {
    const std::int32_t some = layers < M ? layers : M;
    return {some, some, some};
  }
  static constexpr Places at(std::int32_t layer) { return {layer % M, layer % M, layer % M}; }
};

/// Each layer computes again.
using Layers = Every<1>;

}  // namespace asterism::train::recompute
