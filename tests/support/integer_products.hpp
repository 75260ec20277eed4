// Integer products by plain loops on the standard order, for tests: what kernels on tiles have to equal, bit for bit.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/quantize_row.hpp"

#include "support/packed_matrix.hpp"

namespace asterism::test {

/// A row of activations as integers in the order of the columns.
struct NaiveRow8 {
  std::vector<std::int32_t> codes;
  std::vector<float> scales;

  explicit NaiveRow8(const std::vector<float>& x, std::size_t group = 32) : codes(x.size()) {
    for (std::size_t first = 0; first < x.size(); first += group) {
      const std::size_t end = std::min(first + group, x.size());
      float largest = 0;
      bool finite = true;
      for (std::size_t i = first; i < end; ++i) {
        largest = std::fmax(largest, std::fabs(x[i]));
        finite = finite && std::isfinite(x[i]);
      }
      if (!finite) {
        scales.push_back(std::numeric_limits<float>::quiet_NaN());
        continue;
      }
      const bool tiny = largest < std::ldexp(1.0F, -100);
      const float factor = tiny ? 0.0F : 127.0F / largest;
      scales.push_back(tiny ? 0.0F : largest / 127.0F);
      for (std::size_t i = first; i < end; ++i) {
        const volatile float product = x[i] * factor;
        codes[i] = static_cast<std::int32_t>(std::nearbyint(product));
      }
    }
  }
};

/// Rows of activations in memory of their own.
class StoredRows8 {
 public:
  StoredRows8(std::size_t rows, std::size_t cols, simd::ActivationOrder order)
      : storage_(simd::Rows8::bytes(rows, cols).count + alignment, std::byte{0x55}) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    view_ = simd::Rows8::in(storage_.data() + (aligned(address) - address), rows, cols, order);
  }
  StoredRows8(const StoredRows8&) = delete;
  StoredRows8& operator=(const StoredRows8&) = delete;

  const simd::Rows8& view() const { return view_; }

 private:
  std::vector<std::byte> storage_;
  simd::Rows8 view_;
};

/// The bytes of ggml's block that holds element i of the flat matrix.
template <class Q>
const std::uint8_t* block_at(quant::MatrixRef<Q> weights, std::uint64_t i) {
  return reinterpret_cast<const std::uint8_t*>(weights.data) + i / Q::block * Q::block_bytes;
}

/// The integer that element i of the flat matrix stands for.
template <class Q>
std::int32_t integer_at(quant::MatrixRef<Q> weights, std::uint64_t i) {
  const auto* codes = reinterpret_cast<const std::uint8_t*>(weights.data);
  std::uint64_t code = i;  // its place among those at `codes`
  if constexpr (quant::GgmlFormat<Q>) {
    codes = block_at(weights, i) + (Q::block_bytes - 4 * Q::code_bits);
    code = i % Q::block;
  }
  if constexpr (Q::KernelOrder::bits == 8) {
    return static_cast<std::int8_t>(codes[code]);
  } else if constexpr (quant::GgmlFormat<Q>) {
    const int nibble = code < 16 ? codes[code] % 16 : codes[code - 16] / 16;
    return std::same_as<Q, quant::Q4_0> ? nibble - 8 : Q::integers[static_cast<std::size_t>(nibble)];
  } else {
    const bool high = (i % 2 == 0) == Q::first_in_high_nibble;
    return Q::integers[high ? codes[i / 2] / 16 : codes[i / 2] % 16];
  }
}

/// y(row, o) as PortableTiles says, for activations in groups of `Group`.
template <std::size_t Group, class Q>
float naive_integer_product(quant::MatrixRef<Q> weights, std::uint64_t o, const NaiveRow8& row) {
  constexpr std::uint64_t block = Q::KernelOrder::block;
  const auto scales = Q::scales(weights);
  const auto weight_scale = [&](std::uint64_t c) {
    if constexpr (quant::GgmlFormat<Q>) {
      const std::uint8_t* at = block_at(weights, o * weights.cols + c);
      if constexpr (std::same_as<Q, quant::MXFP4>) return quant::half_of_e8m0(*at);
      return quant::float_from_float16(static_cast<std::uint16_t>(at[0] | at[1] << 8));
    }
    return scales((o * weights.cols + c) / block);
  };
  const auto cell_sum = [&](std::uint64_t first, std::uint64_t end) {
    std::int32_t sum = 0;
    std::int32_t activations = 0;
    for (std::uint64_t c = first; c < end; ++c) {
      sum += integer_at(weights, o * weights.cols + c) * row.codes[c];
      activations += row.codes[c];
    }
    return std::fma(Q::integer_shift, static_cast<float>(activations), static_cast<float>(sum));
  };
  float result = 0;
  const std::uint64_t outer = std::max<std::uint64_t>(Group, block);
  const std::uint64_t inner = std::min<std::uint64_t>(Group, block);
  for (std::uint64_t first = 0; first < weights.cols; first += outer) {
    float outer_sum = 0;
    for (std::uint64_t c = first; c < std::min(first + outer, weights.cols); c += inner) {
      const float scale = Group <= block ? row.scales[c / Group] : weight_scale(c);
      outer_sum = std::fma(cell_sum(c, c + inner), scale, outer_sum);
    }
    result = std::fma(outer_sum, Group <= block ? weight_scale(first) : row.scales[first / Group], result);
  }
  return result * Q::integer_unit;
}

/// The same number, bit for bit, or both NaN.
inline bool same(float a, float b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

/// Weights of many magnitudes, so that scales differ, and the second quantization of scales rounds.
inline std::vector<float> uneven_values(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal() * std::exp(random.normal()));
  return values;
}

/// How many results of Kernels::multiply_tiles<Rows, Tiles> on all tiles of a matrix differ from the plain loops, or
/// were written where none belongs. Widths of `blocks` blocks; 53 rows, so that a tail stands behind three tiles.
template <class Kernels, int Rows, int Tiles, std::size_t Group, class Q>
int wrong_in_tiles(std::size_t blocks) {
  constexpr std::size_t outputs = 53;
  constexpr float untouched = -12345.0F;
  const std::size_t cols = blocks * Q::KernelOrder::block;
  const PackedMatrix<Q> weights(outputs, cols, uneven_values(outputs * cols, 1));
  const StoredRows8 rows(Rows + 1, cols, simd::activation_order<Q, Group>);
  std::vector<NaiveRow8> naive;
  for (std::size_t r = 0; r < Rows + 1; ++r) {
    const std::vector<float> x = uneven_values(cols, 2 + r);
    naive.emplace_back(x, Group);
    simd::PortableQuantize::quantize(x.data(), rows.view(), r, 0, cols);
  }
  const std::size_t stride = outputs + 3;
  std::vector<float> y((Rows + 1) * stride, untouched);
  for (std::uint64_t tile = 0; tile + Tiles <= outputs / 16; ++tile) {
    Kernels::template multiply_tiles<Rows, Tiles, Group>(weights.kernel_matrix(),
                                                         Q::scales(weights.kernel_matrix().matrix()), tile,
                                                         rows.view(), y.data() + tile * 16, stride);
  }
  int wrong = 0;
  for (std::size_t r = 0; r < Rows + 1; ++r) {
    for (std::size_t o = 0; o < stride; ++o) {
      const bool written = r < Rows && o < outputs / 16 * 16;
      const float expected = written ? naive_integer_product<Group>(weights.view(), o, naive[r]) : untouched;
      wrong += same(y[r * stride + o], expected) ? 0 : 1;
    }
  }
  return wrong;
}

/// The same for 1, 2, 4 ... Rows rows, one tile or as many as the kernels take at once, groups of 32 and 128, and
/// widths whose blocks do not divide the 256 that share a nested scale.
template <class Kernels, int Rows, class Q>
int wrong_in_tiles_of_all_sizes() {
  int wrong = 0;
  for (const std::size_t blocks : {1U, 2U, 3U, 7U}) {
    wrong += wrong_in_tiles<Kernels, Rows, 1, 32, Q>(blocks);
    wrong += wrong_in_tiles<Kernels, Rows, 1, 128, Q>(blocks);
    if constexpr (Kernels::tiles(Rows) > 1) {
      wrong += wrong_in_tiles<Kernels, Rows, Kernels::tiles(Rows), 32, Q>(blocks);
      wrong += wrong_in_tiles<Kernels, Rows, Kernels::tiles(Rows), 128, Q>(blocks);
    }
  }
  if constexpr (Rows > 1) wrong += wrong_in_tiles_of_all_sizes<Kernels, Rows / 2, Q>();
  return wrong;
}

}  // namespace asterism::test
