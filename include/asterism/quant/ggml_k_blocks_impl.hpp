// Bodies of ggml_k_blocks.hpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "asterism/quant/divide_by_scale.hpp"
#include "asterism/quant/ggml_fit.hpp"
#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/rounding.hpp"

namespace asterism::quant::detail {

/// Where the fields of a block begin.
template <int Bits>
struct KPlaces;
template <>
struct KPlaces<2> {
  static constexpr int scales = 0, low = 16, scale = 80, minimum = 82;
};
template <>
struct KPlaces<3> {
  static constexpr int high = 0, low = 32, scales = 96, scale = 108;
};
template <>
struct KPlaces<4> {
  static constexpr int scale = 0, minimum = 2, scales = 4, low = 16;
};
template <>
struct KPlaces<5> {
  static constexpr int scale = 0, minimum = 2, scales = 4, high = 16, low = 48;
};
template <>
struct KPlaces<6> {
  static constexpr int low = 0, high = 128, scales = 192, scale = 208;
};

/// Calls f(weight, low byte, its shift, high byte, its shift) for each weight: where the lower bits of its code lie,
/// and the higher ones of Q3_K, Q5_K and Q6_K.
template <int Bits, class F>
void for_each_code(F&& f) {
  for (int i = 0; i < k_elements; ++i) {
    const int in_32 = i % 32;
    if constexpr (Bits == 2 || Bits == 3) {
      const int group = i / 32 % 4;  // of 32 weights that share bytes
      f(i, i / 128 * 32 + in_32, 2 * group, in_32, i / 128 * 4 + group);
    } else if constexpr (Bits == 6) {
      const int quarter = i / 32 % 4;
      f(i, i / 128 * 64 + quarter % 2 * 32 + in_32, quarter / 2 * 4, i / 128 * 32 + in_32, 2 * quarter);
    } else {
      f(i, i / 64 * 32 + in_32, i / 32 % 2 * 4, in_32, i / 32);
    }
  }
}

template <int Bits>
ASTERISM_INLINE KFields KBlock<Bits>::unpack(const std::uint8_t* block) {
  using At = KPlaces<Bits>;
  KFields out{};
  out.scale = bits16(block + At::scale);
  const std::uint8_t* s = block + At::scales;
  if constexpr (has_minima) out.minimum = bits16(block + At::minimum);
  for (int k = 0; k < sub_blocks; ++k) {
    if constexpr (Bits == 2) {
      out.scales[k] = s[k] & 15;
      out.minima[k] = s[k] >> 4;
    } else if constexpr (Bits == 3) {
      const int low = k < 8 ? s[k] & 15 : s[k - 8] >> 4;
      out.scales[k] = static_cast<std::int16_t>((low | (s[8 + k % 4] >> (k / 4 * 2) & 3) << 4) - 32);
    } else if constexpr (Bits == 6) {
      out.scales[k] = static_cast<std::int16_t>((s[k] ^ 128) - 128);  // two's complement
    } else {
      out.scales[k] = static_cast<std::int16_t>(k_scale(s, k));
      out.minima[k] = static_cast<std::int16_t>(k_minimum(s, k));
    }
  }
  for_each_code<Bits>([&](int i, int low, int low_shift, int high, int high_shift) {
    const int lower = block[At::low + low] >> low_shift;
    if constexpr (Bits == 2) {
      out.codes[i] = static_cast<std::uint8_t>(lower & 3);
    } else if constexpr (Bits == 4) {
      out.codes[i] = static_cast<std::uint8_t>(lower & 15);
    } else {
      const int higher = block[At::high + high] >> high_shift;
      const int bits = Bits == 3   ? (lower & 3) | (higher & 1) << 2
                       : Bits == 5 ? (lower & 15) | (higher & 1) << 4
                                   : (lower & 15) | (higher & 3) << 4;
      out.codes[i] = static_cast<std::uint8_t>(bits);
    }
    static_cast<void>(high), static_cast<void>(high_shift);
  });
  return out;
}

template <int Bits>
ASTERISM_INLINE void KBlock<Bits>::pack(const KFields& fields, std::uint8_t* block) {
  using At = KPlaces<Bits>;
  constexpr std::size_t bytes = Bits == 2 ? 84 : Bits == 3 ? 110 : Bits == 4 ? 144 : Bits == 5 ? 176 : 210;
  std::memset(block, 0, bytes);
  const auto add = [&](int at, int bits) { block[at] = static_cast<std::uint8_t>(block[at] | bits); };
  store16(fields.scale, block + At::scale);
  if constexpr (has_minima) store16(fields.minimum, block + At::minimum);
  for (int k = 0; k < sub_blocks; ++k) {
    const int scale = fields.scales[k];
    const int minimum = fields.minima[k];
    if constexpr (Bits == 2) {
      add(At::scales + k, scale | minimum << 4);
    } else if constexpr (Bits == 3) {
      add(At::scales + k % 8, ((scale + 32) & 15) << (k / 8 * 4));
      add(At::scales + 8 + k % 4, (scale + 32) >> 4 << (k / 4 * 2));
    } else if constexpr (Bits == 6) {
      add(At::scales + k, scale & 255);
    } else if (k < 4) {
      add(At::scales + k, scale);
      add(At::scales + k + 4, minimum);
    } else {
      add(At::scales + k + 4, (scale & 15) | (minimum & 15) << 4);
      add(At::scales + k - 4, scale >> 4 << 6);
      add(At::scales + k, minimum >> 4 << 6);
    }
  }
  for_each_code<Bits>([&](int i, int low, int low_shift, int high, int high_shift) {
    const int code = fields.codes[i];
    constexpr int lower = Bits <= 3 ? 2 : 4;  // bits
    add(At::low + low, (code & ((1 << lower) - 1)) << low_shift);
    if constexpr (Bits == 3 || Bits >= 5) add(At::high + high, code >> lower << high_shift);
    static_cast<void>(high), static_cast<void>(high_shift);
  });
}

template <int Bits>
ASTERISM_INLINE void KBlock<Bits>::decode(const std::uint8_t* block, float* weights) {
  const KFields fields = unpack(block);
  const float scale = float_from_float16(fields.scale);
  [[maybe_unused]] const float minimum = float_from_float16(fields.minimum);
  for (int s = 0; s < sub_blocks; ++s) {
    const float sub_scale = scale * static_cast<float>(fields.scales[s]);
    float values[count];
    for (int code = 0; code < count; ++code) {
      values[code] = sub_scale * static_cast<float>(lowest + code);
      if constexpr (has_minima) {
        const float sub_minimum = rounded_to_float32(minimum * static_cast<float>(fields.minima[s]));
        values[code] = rounded_to_float32(values[code]) - sub_minimum;
      }
    }
    for (int i = s * sub_elements; i < (s + 1) * sub_elements; ++i) weights[i] = values[fields.codes[i]];
  }
}

template <int Bits>
ASTERISM_INLINE void KBlock<Bits>::encode(const float* weights, std::uint8_t* block) {
  KFields fields{};
  float scales[sub_blocks];
  float minima[sub_blocks] = {};
  for (int s = 0; s < sub_blocks; ++s) {
    const View<const float> part(weights + s * sub_elements, sub_elements);
    if constexpr (has_minima) {
      const ScaleAndMinimum fit = fit_scale_and_minimum(part, count - 1);
      scales[s] = fit.scale;
      minima[s] = fit.minimum;
    } else {
      scales[s] = fit_scale(part, {.lowest = lowest, .count = count});
    }
  }
  fields.scale = fit_unit({scales, sub_blocks}, lowest_scale, highest_scale, fields.scales);
  if constexpr (has_minima) fields.minimum = fit_unit({minima, sub_blocks}, 0, highest_scale, fields.minima);
  keep_from_zero({scales, sub_blocks}, fields.scale, fields.scales);
  const CodeLevels levels{.lowest = lowest, .count = count};
  for (int i = 0; i < k_elements; ++i) {
    const int s = i / sub_elements;
    const float scale = float_from_float16(fields.scale) * static_cast<float>(fields.scales[s]);
    const float minimum = float_from_float16(fields.minimum) * static_cast<float>(fields.minima[s]);
    const float share = not_finite(scale) ? 0 : DivideByScale(scale)(weights[i] + minimum);
    fields.codes[i] = static_cast<std::uint8_t>(levels.nearest(share));
  }
  pack(fields, block);
}

template <int Bits>
ASTERISM_INLINE BlockLevels KBlock<Bits>::levels(const std::uint8_t* block, std::uint32_t i) {
  const KFields fields = unpack(block);
  const auto s = static_cast<int>(i) / sub_elements;
  const double scale = double{float_from_float16(fields.scale)} * fields.scales[s];
  const double minimum = double{float_from_float16(fields.minimum)} * fields.minima[s];
  const double one = scale * lowest - minimum;
  const double other = scale * (lowest + count - 1) - minimum;
  return {std::fmin(one, other), std::fmax(one, other), std::fabs(scale), 0};
}

template <int Bits>
ASTERISM_INLINE bool KBlock<Bits>::is_sound(const std::uint8_t* block) {
  using At = KPlaces<Bits>;
  if constexpr (has_minima) {
    if (!is_finite_half(block + At::minimum)) return false;
  }
  return is_finite_half(block + At::scale);
}

#if defined(ASTERISM_COMPILED)
template struct KBlock<2>;
template struct KBlock<3>;
template struct KBlock<4>;
template struct KBlock<5>;
template struct KBlock<6>;
#endif

}  // namespace asterism::quant::detail
