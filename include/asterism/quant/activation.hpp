// The precision in which activations are multiplied with quantized weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// Activation policy: products use the activations as they are, in float32. The reference.
struct Float32Activations {
  static std::string name() { return "exact activations"; }
};

/// Activation policy: if weights are integer codes in tiles (see RowTiles: Nf4, Int4 and Int8 in blocks of at
/// least 32, rows of whole blocks), every `Group` consecutive activations of a row become 8-bit integers with a scale
/// of their own, and products are sums of integers. All other weights use exact activations.
///
/// The error of an activation is at most half its group's scale, which is the group's largest magnitude over 127;
/// for normally distributed activations it is 0.53 % (root mean square) in groups of 32, 0.59 in 64, 0.65 % in 128,
/// more where few activations are far larger than the others. The values of Nf4's table are rounded to integers too,
/// see `nf4_integers`: another 0.33 %.
///
/// Called Int8Activations and, in groups of 64, WideInt8Activations: half the conversions of sums to floats, for
/// prompts on processors whose dot products share ports with those, and tiles of 64 columns for those with AMX.
template <std::size_t Group>
struct GroupedInt8Activations {
  static_assert(Group >= 32 && Group <= 1024 && (Group & (Group - 1)) == 0,
                "activations are grouped by powers of two from 32 to 1024");
  static constexpr std::size_t group = Group;
  static std::string name() {
    return Group == 32 ? "8-bit activations" : "8-bit activations in groups of " + std::to_string(Group);
  }
};

/// An activation policy that makes products sums of integers.
template <class A>
concept IntegerActivations = requires {
  requires std::same_as<A, GroupedInt8Activations<A::group>>;
};

}  // namespace asterism::quant
