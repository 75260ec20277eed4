// Integer products by plain loops on the standard order, for tests: what kernels on tiles have to equal, bit for bit.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/quantize_row.hpp"

#include "support/packed_matrix.hpp"

namespace asterism::test {

/// A row of activations as integers in the order of the columns.
struct NaiveRow8 {
  std::vector<std::int32_t> codes;
  std::vector<float> scales;

  explicit NaiveRow8(const std::vector<float>& x) : codes(x.size()) {
    for (std::size_t first = 0; first < x.size(); first += 32) {
      float largest = 0;
      bool finite = true;
      for (std::size_t i = first; i < first + 32; ++i) {
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
      for (std::size_t i = first; i < first + 32; ++i) {
        const volatile float product = x[i] * factor;
        codes[i] = static_cast<std::int32_t>(std::nearbyint(product));
      }
    }
  }
};

/// Rows of activations in memory of their own.
class StoredRows8 {
 public:
  StoredRows8(std::size_t rows, std::size_t cols, bool paired)
      : storage_(simd::Rows8::bytes(rows, cols).count + alignment, std::byte{0x55}) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    view_ = simd::Rows8::in(storage_.data() + (aligned(address) - address), rows, cols, paired);
  }
  StoredRows8(const StoredRows8&) = delete;
  StoredRows8& operator=(const StoredRows8&) = delete;

  const simd::Rows8& view() const { return view_; }

 private:
  std::vector<std::byte> storage_;
  simd::Rows8 view_;
};

/// The integer that element i of the flat matrix stands for.
template <class Q>
std::int32_t integer_at(quant::MatrixRef<Q> weights, std::uint64_t i) {
  const auto* codes = reinterpret_cast<const std::uint8_t*>(weights.data);
  if (Q::KernelOrder::bits == 8) return static_cast<std::int8_t>(codes[i]);
  const bool high = (i % 2 == 0) == Q::first_in_high_nibble;
  return Q::integers[high ? codes[i / 2] / 16 : codes[i / 2] % 16];
}

/// y(row, o) as PortableTiles says.
template <class Q>
float naive_integer_product(quant::MatrixRef<Q> weights, std::uint64_t o, const NaiveRow8& row) {
  const auto scales = Q::scales(weights);
  float result = 0;
  for (std::uint64_t block = 0; block < weights.cols; block += Q::KernelOrder::block) {
    float block_sum = 0;
    for (std::uint64_t group = block; group < block + Q::KernelOrder::block; group += 32) {
      std::int32_t sum = 0;
      std::int32_t activations = 0;
      for (std::uint64_t c = group; c < group + 32; ++c) {
        sum += integer_at(weights, o * weights.cols + c) * row.codes[c];
        activations += row.codes[c];
      }
      const float shifted = std::fma(Q::integer_shift, static_cast<float>(activations), static_cast<float>(sum));
      block_sum = std::fma(shifted, row.scales[group / 32], block_sum);
    }
    result = std::fma(block_sum, scales((o * weights.cols + block) / Q::KernelOrder::block), result);
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

/// How many results of Kernels::multiply_tile<Rows> on all tiles of a matrix differ from the plain loops, or were
/// written where none belongs. Widths of `blocks` blocks; 53 rows, so that a tail stands behind three tiles.
template <class Kernels, int Rows, class Q>
int wrong_in_tiles(std::size_t blocks) {
  constexpr std::size_t outputs = 53;
  constexpr float untouched = -12345.0F;
  const std::size_t cols = blocks * Q::KernelOrder::block;
  const PackedMatrix<Q> weights(outputs, cols, uneven_values(outputs * cols, 1));
  const StoredRows8 rows(Rows + 1, cols, Q::KernelOrder::bits == 4);
  std::vector<NaiveRow8> naive;
  for (std::size_t r = 0; r < Rows + 1; ++r) {
    const std::vector<float> x = uneven_values(cols, 2 + r);
    naive.emplace_back(x);
    simd::quantize_row(x.data(), rows.view(), r, 0, rows.view().groups());
  }
  const std::size_t stride = outputs + 3;
  std::vector<float> y((Rows + 1) * stride, untouched);
  for (std::uint64_t tile = 0; tile < outputs / 16; ++tile) {
    Kernels::template multiply_tile<Rows>(weights.kernel_matrix(), Q::scales(weights.kernel_matrix().matrix()),
                                          tile, rows.view(), y.data() + tile * 16, stride);
  }
  int wrong = 0;
  for (std::size_t r = 0; r < Rows + 1; ++r) {
    for (std::size_t o = 0; o < stride; ++o) {
      const bool written = r < Rows && o < outputs / 16 * 16;
      const float expected = written ? naive_integer_product(weights.view(), o, naive[r]) : untouched;
      wrong += same(y[r * stride + o], expected) ? 0 : 1;
    }
  }
  return wrong;
}

/// The same for 1, 2, 4 ... Rows rows, and widths whose blocks do not divide the 256 that share a nested scale.
template <class Kernels, int Rows, class Q>
int wrong_in_tiles_of_all_sizes() {
  int wrong = 0;
  for (const std::size_t blocks : {1U, 2U, 3U, 7U}) wrong += wrong_in_tiles<Kernels, Rows, Q>(blocks);
  if constexpr (Rows > 1) wrong += wrong_in_tiles_of_all_sizes<Kernels, Rows / 2, Q>();
  return wrong;
}

}  // namespace asterism::test
