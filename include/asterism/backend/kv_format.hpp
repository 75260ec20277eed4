// Storage of the key or value of one head at one position, by format.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/simd/stored_row.hpp"

namespace asterism::backend {

/// One row of `n` values (n even: the width of a head) in Format:
/// - `Row`: its memory layout; see simd::StoredRows.
/// - `bytes(n)`: its size; the size model of every cache.
/// - `store(from, to)`: rounds the values to the format. Throws NumericError if one is beyond its range.
///
/// Models: Float32, Float16, Int8<Group, AbsMax>.
template <class Format>
struct KvFormat;

template <>
struct KvFormat<quant::Float32> {
  using Row = simd::Float32Row;
  static constexpr std::size_t bytes(std::size_t n) { return Row::bytes(n); }
  static void store(View<const float> from, std::byte* to);
};

template <>
struct KvFormat<quant::Float16> {
  using Row = simd::Float16Row;
  static constexpr std::size_t bytes(std::size_t n) { return Row::bytes(n); }
  static void store(View<const float> from, std::byte* to);
};

/// Codes in [-127, 127]. The scale of a group is its largest magnitude over 127, rounded to binary16: to nearest,
/// or away from zero if 127 times the nearest would fall short by more than half of it, as among the smallest. So
/// the error of a value is at most half its group's scale.
template <int Group>
struct KvFormat<quant::Int8<Group, quant::AbsMax>> {
  static_assert(Group >= 2 && Group % 2 == 0, "a group of keys or values is an even number of them");
  using Row = simd::Int8Row<Group>;
  static constexpr std::size_t bytes(std::size_t n) { return Row::bytes(n); }
  static void store(View<const float> from, std::byte* to);
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/kv_format_impl.hpp"
#include "asterism/backend/kv_format_templates.hpp"
#endif
