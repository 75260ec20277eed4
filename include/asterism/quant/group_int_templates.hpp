// Bodies of group_int.hpp, as templates: see kernels.hpp.
#pragma once

#include <cmath>
#include <cstring>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/integer_codes.hpp"

namespace asterism::quant {

template <int Bits, int Group, class ScaleRule>
inline std::string GroupInt<Bits, Group, ScaleRule>::name() {
  const std::string choice = ScaleRule::name();
  return concat("int", Bits, " group ", Group, choice.empty() ? "" : ", ", choice);
}

template <int Bits, int Group, class ScaleRule>
inline void GroupInt<Bits, Group, ScaleRule>::encode(WeightSource source, std::uint64_t rows, std::uint64_t cols,
                                                     std::byte* out) {
  const Planes layout = planes(rows, cols);
  const std::uint64_t count = rows * cols;
  clear_padding(layout, out);
  for_each_block<Group>(source, count, [&](std::uint64_t g, const float* values) {
    const std::uint64_t first = g * Group;
    const float scale = ScaleRule::template scale<Codes, Group>(values);
    const std::uint16_t stored = to_stored(scale);
    if ((stored & 0x7C00U) == 0x7C00U) {
      throw NumericError(concat("the scale of elements ", first, " to ", first + Group - 1, " is ", scale,
                                ": beyond the range of float16 (65504), which stores it; store this tensor as "
                                "bfloat16, float32 or nf4"));
    }
    std::memcpy(out + layout[1].offset + g * 2, &stored, 2);
    std::uint8_t bytes[Codes::bytes(Group)];
    Codes::template encode<Group>(values, float_from_float16(stored), bytes);
    const std::uint64_t used = count - first < Group ? count - first : Group;
    std::memcpy(out + Codes::bytes(first), bytes, static_cast<std::size_t>(Codes::bytes(used)));
  });
}

template <int Bits, int Group, class ScaleRule>
inline void GroupInt<Bits, Group, ScaleRule>::decode(MatrixRef<GroupInt> matrix, std::uint64_t first_element,
                                                     View<float> out) {
  const auto* codes = reinterpret_cast<const std::uint8_t*>(matrix.data);
  const auto scale_of = scales(matrix);
  const std::uint64_t end = first_element + out.size;
  for (std::uint64_t at = first_element; at < end;) {
    const std::uint64_t group_end = (at / Group + 1) * Group;
    const std::uint64_t stop = group_end < end ? group_end : end;
    decode_codes(codes, at, stop, scale_of(at / Group), out.data + (at - first_element));
    at = stop;
  }
}

template <int Bits, int Group, class ScaleRule>
inline void GroupInt<Bits, Group, ScaleRule>::decode_codes(const std::uint8_t* codes, std::uint64_t from,
                                                           std::uint64_t to, float scale, float* out) {
  Codes::decode(codes, from, to, scale, out);
}

template <int Bits, int Group, class ScaleRule>
inline double GroupInt<Bits, Group, ScaleRule>::error_bound(MatrixRef<GroupInt> matrix, std::uint64_t element,
                                                            float original) {
  const double scale = scales(matrix)(element / Group);
  const double magnitude = std::fabs(double{original});
  const int end = (original < 0) == (scale < 0) ? Codes::highest : -Codes::lowest;
  const double outside = magnitude - end * std::fabs(scale);
  return std::fmax(std::fabs(scale) / 2, outside) + 0x1p-22 * magnitude;
}

template <int Bits, int Group, class ScaleRule>
inline std::uint16_t GroupInt<Bits, Group, ScaleRule>::to_stored(float scale) {
  const std::uint16_t nearest = float16_from_float(scale);
  const bool cuts_off = std::fabs(scale) < 0x1p-14F && std::fabs(float_from_float16(nearest)) < std::fabs(scale);
  return static_cast<std::uint16_t>(nearest + (cuts_off ? 1 : 0));
}

}  // namespace asterism::quant
