// Keys and values as kernels see them: plain numbers in place of a format's type.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/attention_span.hpp"
#include "asterism/backend/fwd.hpp"
#include "asterism/core/config.hpp"
#include "asterism/cuda/quant/half.hpp"
#include "asterism/quant/fwd.hpp"

namespace asterism::cuda {

/// The formats of KvFormat that kernels support.
enum class KvStorage : std::uint8_t { float32, float16, int8 };

/// See backend::KvView.
struct StoredKv {
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
  std::size_t kv_heads = 0;
  std::size_t slots = 0;
  std::size_t head_dim = 0;
  std::size_t sinks = 0;
  std::size_t window = 0;
  std::size_t row_bytes = 0;
  KvStorage storage = KvStorage::float32;
  int group = 1;  ///< values stored together, sharing a scale

  /// Bytes from the start of a block to the row of a head at a position.
  ASTERISM_HD std::size_t offset(std::size_t head, std::size_t position) const {
    return (head * slots + backend::kv_slot(position, slots, sinks)) * row_bytes;
  }
};

/// Maps a format to its KvStorage; the primary template: unsupported.
template <class Format>
struct KvStorageOf {
  static_assert(
      sizeof(Format*) == 0,
      "cuda::Backend knows keys and values in quant::Float32, quant::Float16 and quant::Int8<Group>, and no "
      "other format");
};
template <>
struct KvStorageOf<quant::Float32> {
  static constexpr KvStorage storage = KvStorage::float32;
  static constexpr int group = 1;
};
template <>
struct KvStorageOf<quant::Float16> {
  static constexpr KvStorage storage = KvStorage::float16;
  static constexpr int group = 1;
};
template <int Group>
struct KvStorageOf<quant::Int8<Group, quant::AbsMax>> {
  static constexpr KvStorage storage = KvStorage::int8;
  static constexpr int group = Group;
};

/// The same cache for a kernel. Does not compile for formats that kernels do not support.
template <class Format>
StoredKv stored(const backend::KvView<Format>& kv) {
  return {.keys = kv.keys,
          .values = kv.values,
          .kv_heads = kv.kv_heads,
          .slots = kv.slots,
          .head_dim = kv.head_dim,
          .sinks = kv.sinks,
          .window = kv.window,
          .row_bytes = backend::KvView<Format>::row_bytes(kv.head_dim),
          .storage = KvStorageOf<Format>::storage,
          .group = KvStorageOf<Format>::group};
}

/// Offset of a group's scale after the codes of a row of `width` values; see KvFormat<Int8>. Rows may begin at odd
/// multiples of two bytes.
ASTERISM_HD inline std::size_t kv_scale_at(std::size_t width, std::size_t group) {
  return width + group * sizeof(std::uint16_t);
}

/// Value i of a stored row.
template <KvStorage storage>
ASTERISM_HD float kv_value(const StoredKv& kv, const std::byte* row, std::size_t i) {
  if constexpr (storage == KvStorage::float32) {
    return reinterpret_cast<const float*>(row)[i];
  } else if constexpr (storage == KvStorage::float16) {
    return float_from_float16(reinterpret_cast<const std::uint16_t*>(row)[i]);
  } else {
    const std::size_t scale = kv_scale_at(kv.head_dim, i / static_cast<std::size_t>(kv.group));
    return static_cast<float>(reinterpret_cast<const std::int8_t*>(row)[i]) *
           float_from_float16(*reinterpret_cast<const std::uint16_t*>(row + scale));
  }
}

/// Stores group g of a row: the values [g * group, (g + 1) * group) of `from`, or the rest of it; the bits of
/// KvFormat::store. Returns false if one is beyond the range of the format.
template <KvStorage storage>
ASTERISM_HD bool store_kv_group(const StoredKv& kv, const float* from, std::size_t g, std::byte* row) {
  if constexpr (storage == KvStorage::float32) {
    reinterpret_cast<float*>(row)[g] = from[g];
    return true;
  } else if constexpr (storage == KvStorage::float16) {
    const std::uint16_t bits = float16_from_float(from[g]);
    reinterpret_cast<std::uint16_t*>(row)[g] = bits;
    return (bits & 0x7C00U) != 0x7C00U;
  } else {
    const std::size_t begin = g * static_cast<std::size_t>(kv.group);
    const std::size_t end = begin + kv.group < kv.head_dim ? begin + kv.group : kv.head_dim;
    bool fits = true;
    float largest = 0;
    for (std::size_t i = begin; i < end; ++i) {
      fits = fits && fabsf(from[i]) <= 127 * 65504.0F;
      largest = fabsf(from[i]) > largest ? fabsf(from[i]) : largest;
    }
    std::uint16_t bits = float16_from_float(largest / 127);
    if (float_from_float16(bits) * 127.5F < largest) ++bits;
    const float scale = float_from_float16(bits);
    *reinterpret_cast<std::uint16_t*>(row + kv_scale_at(kv.head_dim, g)) = bits;
    for (std::size_t i = begin; i < end; ++i) {
      const float code = scale == 0 ? 0 : rintf(from[i] / scale);
      reinterpret_cast<std::int8_t*>(row)[i] = static_cast<std::int8_t>(code > 127    ? 127
                                                                        : code < -127 ? -127
                                                                                      : code);
    }
    return fits;
  }
}

}  // namespace asterism::cuda
