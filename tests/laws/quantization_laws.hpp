// The laws of quant::Quantization, one function template for each, for the formats of the toolkit and for your
// own:
//
//   TEST_CASE_TEMPLATE("my formats obey the laws", Q, MyFormat, MyOtherFormat) { laws::quantization<Q>(); }
//
// Needs doctest. `largest` bounds the weights that a format is tried with, for formats of a small range.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"

#include "laws/law.hpp"
#include "support/packed_matrix.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

struct MatrixSize {
  std::uint64_t rows;
  std::uint64_t cols;
};

/// Whole blocks, parts of blocks, odd counts, one element, none; the smallest first.
inline constexpr MatrixSize matrix_sizes[] = {{0, 5},  {2, 0},  {1, 1},  {7, 1},    {1, 64},
                                              {5, 13}, {3, 65}, {4, 64}, {300, 64}, {9, 4097}};

/// The sizes with widths that a format takes: the next multiple of the one it asks for.
template <quant::Quantization Q>
std::vector<MatrixSize> sizes_of() {
  std::vector<MatrixSize> all(std::begin(matrix_sizes), std::end(matrix_sizes));
  for (MatrixSize& size : all) size.cols = test::fitting_width<Q>(size.cols);
  return all;
}

inline std::string size_text(MatrixSize size) {
  return std::to_string(size.rows) + " rows of " + std::to_string(size.cols);
}

/// Weights of one kind or another, all within +-`largest`.
inline std::vector<std::vector<float>> weights_to_try(std::size_t count, float largest) {
  Random random(count);
  std::vector<std::vector<float>> result(5, std::vector<float>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const auto normal = static_cast<float>(random.normal());
    result[0][i] = std::fmin(std::fmax(0.02F * normal, -largest), largest);
    result[1][i] =
        random.below(50) == 0 ? std::copysign(largest, normal) : 1e-3F * largest * normal / 8;  // outliers
    result[2][i] = std::ldexp(normal / 8, -static_cast<int>(random.below(120)));                // many magnitudes
    result[3][i] = 0.25F;                                                                       // constant
    result[4][i] = i % 3 == 0 ? std::fabs(result[0][i]) : 0.0F;                                 // one sign, zeros
  }
  return result;
}

/// Planes are named, aligned, ascending and disjoint, and end inside the matrix's bytes; sizes beyond memory are
/// refused.
template <quant::Quantization Q>
void planes_are_disjoint_and_aligned() {
  const Law law("planes are named, aligned, ascending and disjoint, and end inside the matrix's bytes",
                model_name<Q>());
  for (const MatrixSize size : sizes_of<Q>()) {
    const quant::Planes planes = Q::planes(size.rows, size.cols);
    std::uint64_t end = 0;
    for (const quant::Plane& plane : planes) {
      law.holds(std::strlen(plane.name) > 0, size_text(size), ": a plane has no name");
      const auto text = [&] { return size_text(size) + ", plane " + plane.name; };
      law.holds(planes.find(plane.name) == &plane, text, ": another is found by its name");
      law.holds(plane.alignment >= 1, text, ": alignment ", plane.alignment);
      law.holds(plane.offset % alignment == 0, text, ": offset ", plane.offset, " is no multiple of ", alignment);
      law.holds(plane.offset % plane.alignment == 0, text, ": offset ", plane.offset, ", alignment ",
                plane.alignment);
      law.holds(plane.offset >= end, text, ": offset ", plane.offset, " lies before ", end);
      end = plane.offset + plane.bytes;
    }
    law.holds(planes.bytes().count >= end, size_text(size), ": ", planes.bytes().count, " bytes, but planes to ",
              end);
    law.holds(planes.bytes().count % alignment == 0, size_text(size), ": ", planes.bytes().count, " bytes");
  }
  constexpr quant::Planes at_compile_time = Q::planes(64, test::fitting_width<Q>(64));
  static_assert(at_compile_time.count > 0 && at_compile_time.bytes().count > 0);
  const Law says("bits_per_weight is what a large matrix takes", model_name<Q>());
  const double bits = static_cast<double>(Q::planes(4096, 4096).bytes().count) * 8 / (4096.0 * 4096.0);
  says.holds(std::fabs(bits - Q::bits_per_weight) < 0.001 * bits, "4096 rows of 4096 take ", bits, ", it says ",
             Q::bits_per_weight);
  const Law refuses("sizes beyond memory are refused with InvalidArgument", model_name<Q>());
  refuses.throws<InvalidArgument>([] { Q::planes(std::uint64_t{1} << 40U, std::uint64_t{1} << 40U); },
                                  "2^40 rows of 2^40");
  refuses.throws<InvalidArgument>([] { Q::planes(std::numeric_limits<std::uint64_t>::max(), 1); },
                                  "2^64 - 1 rows of 1");
  if constexpr (quant::width_multiple < Q >> 1) {
    const Law widths("widths that are no multiple of width_multiple are refused with InvalidArgument",
                     model_name<Q>());
    for (const std::uint64_t cols : {quant::width_multiple<Q> - 1, quant::width_multiple<Q> + 1}) {
      widths.throws<InvalidArgument>([&] { Q::planes(2, cols); }, size_text({2, cols}));
    }
  }
}

/// What comes back lies within `error_bound` of what went in, and is finite.
template <quant::Quantization Q>
void error_stays_within_the_bound(float largest) {
  const Law law("what comes back lies within error_bound of what went in, and is finite", model_name<Q>());
  for (const MatrixSize size : sizes_of<Q>()) {
    for (const std::vector<float>& values : weights_to_try(size.rows * size.cols, largest)) {
      const test::PackedMatrix<Q> matrix(size.rows, size.cols, values);
      const std::vector<float> decoded = matrix.decoded();
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double error = std::fabs(double{decoded[i]} - double{values[i]});
        const double bound = Q::error_bound(matrix.view(), i, values[i]);
        law.holds(error <= bound && !quant::not_finite(decoded[i]), size_text(size), ", element ", i, ": ",
                  values[i], " came back as ", decoded[i], ", off by ", error, ", bound ", bound);
      }
    }
  }
}

/// A zero, of either sign, comes back as a zero, among other values and alone; of a format without `keeps_zeros` alone.
template <quant::Quantization Q>
void zeros_stay_zeros(float largest) {
  const Law law("a zero, of either sign, comes back as a zero", model_name<Q>());
  for (const MatrixSize size : sizes_of<Q>()) {
    std::vector<std::vector<float>> tries;
    if (quant::keeps_zeros<Q>) tries = weights_to_try(size.rows * size.cols, largest);
    tries.push_back(std::vector<float>(size.rows * size.cols, 0.0F));
    for (std::vector<float>& values : tries) {
      for (std::size_t i = 0; i < values.size(); i += 3) values[i] = i % 2 == 0 ? 0.0F : -0.0F;
      const std::vector<float> decoded = test::PackedMatrix<Q>(size.rows, size.cols, values).decoded();
      for (std::size_t i = 0; i < values.size(); ++i) {
        law.holds(values[i] != 0 || decoded[i] == 0, size_text(size), ", element ", i, ": ", values[i],
                  " came back as ", decoded[i]);
      }
    }
  }
}

/// decode(first, out) gives `whole`, and ranges of at most `longest` elements, which begin and end anywhere, give their
/// part of it; nothing is written beside them.
template <class Decode>
void ranges_are_parts_of(const Law& law, MatrixSize size, const std::vector<float>& whole, std::uint64_t longest,
                         Decode&& decode) {
  std::vector<float> part(whole.size() + 2);
  const auto check = [&](std::size_t first, std::size_t length) {
    std::fill(part.begin(), part.end(), -7.0F);
    decode(first, View<float>(part.data() + 1, length));
    const auto text = [&] {
      return size_text(size) + ", range of " + std::to_string(length) + " from " + std::to_string(first);
    };
    law.same_bits(View<const float>(part.data() + 1, length), View<const float>(whole.data() + first, length),
                  text);
    law.holds(part[0] == -7.0F && part[length + 1] == -7.0F, text, ": something was written beside it");
  };
  Random random(5);
  check(0, whole.size());
  for (int i = 0; i < 200; ++i) {
    const std::size_t first = random.below(whole.size() + 1);
    check(first, random.below(std::min<std::uint64_t>(whole.size() - first, longest) + 1));
  }
}

/// Any range decodes to the same bits as the whole, and nothing is written beside it.
template <quant::Quantization Q>
void any_range_decodes_alike() {
  const Law law("any range decodes to the bits of the whole, and nothing is written beside it", model_name<Q>());
  for (const MatrixSize size : sizes_of<Q>()) {
    const test::PackedMatrix<Q> matrix(size.rows, size.cols, weights_to_try(size.rows * size.cols, 1)[0]);
    ranges_are_parts_of(law, size, matrix.decoded(), 200,
                        [&](std::uint64_t first, View<float> out) { Q::decode(matrix.view(), first, out); });
  }
}

/// A matrix in kernel order decodes to the bits of the standard order, and so does any range of it: one row, less than
/// a tile, whole tiles, rows behind them, and widths that tiles fit and do not fit; up to 333 blocks, so that scales of
/// scales, one for 256 blocks, change inside a row.
template <quant::Quantization Q>
void kernel_order_decodes_alike() {
  const Law law("a matrix in kernel order decodes to the bits of the standard order, and so does any range of it",
                model_name<Q>());
  std::uint64_t fits = 64;
  if constexpr (quant::HasKernelOrder<Q>) fits = std::max<std::uint64_t>(Q::KernelOrder::block, 32);
  for (const std::uint64_t width : {fits, fits + 1, fits + fits / 2, 9 * fits}) {
    const std::uint64_t cols = test::fitting_width<Q>(width);
    for (const std::uint64_t rows : {1U, 15U, 32U, 37U}) {
      const test::PackedMatrix<Q> matrix(rows, cols, test::random_row(rows * cols, rows, 0.02F));
      ranges_are_parts_of(
          law, {rows, cols}, matrix.decoded(), 2 * fits,
          [&](std::uint64_t first, View<float> out) { quant::decode(matrix.kernel_matrix(), first, out); });
    }
  }
}

/// NaN and infinity anywhere are refused with a message that names the element.
template <quant::Quantization Q>
void refuses_what_is_not_finite() {
  const Law law("NaN and infinity are refused with a NumericError that names the element", model_name<Q>());
  for (const std::uint32_t bits : {0x7F800000U, 0xFF800000U, 0x7FC00000U, 0xFFC00000U, 0x7F800001U}) {
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{77}, std::size_t{1023}, std::size_t{66000}, std::size_t{69999}}) {
      const std::uint64_t cols = test::fitting_width<Q>(700);
      std::vector<float> values(100 * cols, 0.5F);
      values[at] = std::bit_cast<float>(bits);
      std::string message = "(nothing was thrown)";
      try {
        const test::PackedMatrix<Q> matrix(100, cols, values);
      } catch (const NumericError& error) {
        message = error.what();
      }
      law.holds(message.find("element " + std::to_string(at) + " ") != std::string::npos, size_text({100, cols}),
                ", element ", at, " is ", values[at], ": ", message);
    }
  }
}

/// The same weights give the same bytes, padding included, however the bytes were before; and encoding stays
/// inside them.
template <quant::Quantization Q>
void encoding_is_deterministic() {
  const Law law("the same weights give the same bytes, padding included, and encoding stays inside them",
                model_name<Q>());
  for (const MatrixSize size : sizes_of<Q>()) {
    const std::vector<float> values = weights_to_try(size.rows * size.cols, 1)[0];
    const std::size_t bytes = Q::planes(size.rows, size.cols).bytes().count;
    const quant::FloatWeights source{values};
    std::vector<std::byte> first(bytes + 2 * alignment, std::byte{0x00});
    std::vector<std::byte> second(bytes + 2 * alignment, std::byte{0xFF});
    std::byte* begin[2] = {};
    int i = 0;
    for (std::vector<std::byte>* buffer : {&first, &second}) {
      const auto address = reinterpret_cast<std::uintptr_t>(buffer->data());
      begin[i] = buffer->data() + (aligned(address) - address);
      const std::byte before = *begin[i];
      Q::encode(source, size.rows, size.cols, begin[i]);
      law.holds(begin[i][bytes] == before, size_text(size), ": the byte behind them was written");
      ++i;
    }
    for (std::size_t byte = 0; byte < bytes; ++byte) {
      law.holds(begin[0][byte] == begin[1][byte], size_text(size), ": byte ", byte, " of ", bytes,
                " keeps what it was before");
    }
  }
}

/// All laws.
template <quant::Quantization Q>
void quantization(float largest = 1e30F) {
  planes_are_disjoint_and_aligned<Q>();
  error_stays_within_the_bound<Q>(largest);
  zeros_stay_zeros<Q>(largest);
  any_range_decodes_alike<Q>();
  kernel_order_decodes_alike<Q>();
  refuses_what_is_not_finite<Q>();
  encoding_is_deterministic<Q>();
}

}  // namespace asterism::laws
