// The precision in which activations are multiplied with quantized weights.
#pragma once

#include <cstddef>
#include <string>

namespace asterism::quant {

/// Activation policy: products use the activations as they are, in float32. The reference.
struct Float32Activations {
  static std::string name() { return "exact activations"; }
};

/// Activation policy: if weights are integer codes in tiles (see RowTiles: Nf4, Int4 and Int8 in blocks of at
/// least 32, rows of whole blocks), every 32 consecutive activations of a row become 8-bit integers with a scale
/// of their own, and products are sums of integers. All other weights use exact activations.
///
/// The error of an activation is at most half its group's scale, which is the group's largest magnitude over 127;
/// for normally distributed activations it is 0.53 % (root mean square). The values of Nf4's table are rounded to
/// integers too, see `nf4_integers`: another 0.33 %.
struct Int8Activations {
  static constexpr std::size_t group = 32;
  static std::string name() { return "8-bit activations"; }
};

}  // namespace asterism::quant
