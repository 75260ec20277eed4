// Activations of feed-forward blocks.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/linalg/eigen.hpp"

namespace asterism::linalg {

/// out_i = silu(gate_i) * up_i with silu(z) = z / (1 + exp(-z)). One size; out may be gate or up.
/// Source: Shazeer, GLU Variants Improve Transformer, arXiv 2002.05202.
inline void silu_multiply(View<const float> gate, View<const float> up, View<float> out) {
  using namespace detail;
  const auto swiglu = [](const Lanes& g, const Lanes& u) -> Lanes { return g / (1.0F + (-g).exp()) * u; };
  const std::size_t whole = gate.size / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes)
    store(swiglu(load(gate.data + i), load(up.data + i)), out.data + i);
  if (whole < gate.size) {
    const Lanes values = swiglu(load(gate.data, whole, gate.size, 0.0F), load(up.data, whole, up.size, 0.0F));
    for (std::size_t i = whole; i < out.size; ++i) out.data[i] = values[static_cast<std::ptrdiff_t>(i - whole)];
  }
}

}  // namespace asterism::linalg
