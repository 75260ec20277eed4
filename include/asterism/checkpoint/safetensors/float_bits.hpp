// Elements of F32, F16 and BF16 tensors as floats, detecting NaN and infinity by their bits: std::isnan is false
// under -ffast-math.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::checkpoint {

/// True if a binary32 with these bits is neither NaN nor infinite.
constexpr bool is_finite_bits(std::uint32_t bits) { return (bits & 0x7F800000U) != 0x7F800000U; }

namespace detail {

/// Widens the elements; returns whether that is possible and all are finite.
bool widen_floats(DType dtype, const std::byte* source, View<float> out);
/// Throws the error of elements that can't be widened.
[[noreturn]] void refuse_floats(DType dtype, View<const float> out, const std::string& tensor,
                                std::uint64_t first);

}  // namespace detail

/// Converts the elements stored at `source` (out.size of them, F32, F16 or BF16, of any alignment) to floats.
/// `describe()` names the tensor in an error, and `first` is the index of its first element here. FormatError
/// naming the first NaN or infinity; Unsupported for another dtype. The caller checks that the source has enough
/// bytes.
template <class Describe>
void to_floats(DType dtype, const std::byte* source, View<float> out, const Describe& describe,
               std::uint64_t first) {
  if (!detail::widen_floats(dtype, source, out)) detail::refuse_floats(dtype, out, describe(), first);
}

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/float_bits_impl.hpp"
#endif
