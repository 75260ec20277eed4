// Products of float32 matrices against loops in double, and to the bit against the documented order of summation, in
// every form, on all levels.
#include "asterism/simd/gemm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/levels.hpp"
#include "support/rows.hpp"

using namespace asterism;
using simd::Gemm;
using simd::GemmOperand;
using simd::Level;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float untouched = -777;

struct Size {
  std::size_t m, n, k;
};

/// A matrix (rows, cols) whose rows, or columns, lie in memory with NaN between them.
struct Stored {
  std::vector<float> memory;
  GemmOperand operand;

  Stored(std::size_t rows, std::size_t cols, bool by_columns, std::size_t gap, std::uint64_t seed) {
    const std::size_t lines = by_columns ? cols : rows;
    const std::size_t width = by_columns ? rows : cols;
    memory.assign(lines * (width + gap) + 1, not_a_number);
    for (std::size_t i = 0; i < lines; ++i) {
      const std::vector<float> row = test::random_row(width, seed + i);
      std::copy(row.begin(), row.end(), memory.begin() + static_cast<std::ptrdiff_t>(1 + i * (width + gap)));
    }
    operand = GemmOperand::of({memory.data() + 1, lines, width, width + gap});
    if (by_columns) operand = operand.transposed();
  }
};

float at(const GemmOperand& x, std::size_t i, std::size_t j) {
  return x.data[i * x.row_stride + j * x.col_stride];
}

struct Result {
  std::vector<float> memory;
  MatrixView<float> view;

  Result(std::size_t m, std::size_t n, std::size_t gap) : memory(m * (n + gap) + 32, untouched) {
    view = {memory.data() + 16, m, n, n + gap};
    for (std::size_t i = 0; i < m; ++i) {
      const std::vector<float> row = test::random_row(n, 900 + i);
      std::copy(row.begin(), row.end(), view.data + i * view.stride);
    }
  }
  /// Nothing beside the matrix was written.
  bool neighbours_intact() const {
    std::size_t touched = 0;
    for (const float value : memory) touched += value == untouched ? 0U : 1U;
    return touched == view.rows * view.cols;
  }
};

/// Whether all elements equal a loop in double within the bound of sums in blocks.
bool near_double(const Gemm& product, const MatrixView<const float>& before) {
  const auto& [a, b, c, adds] = product;
  const auto blocks = static_cast<double>(a.cols / simd::gemm_depth);
  const auto deep = static_cast<double>(std::min(a.cols, simd::gemm_depth));
  for (std::size_t i = 0; i < c.rows; ++i) {
    for (std::size_t j = 0; j < c.cols; ++j) {
      double exact = adds ? before(i, j) : 0;
      double magnitude = std::fabs(exact);
      for (std::size_t k = 0; k < a.cols; ++k) {
        const double term = double{at(a, i, k)} * double{at(b, k, j)};
        exact += term;
        magnitude += std::fabs(term);
      }
      if (!(std::fabs(c(i, j) - exact) <= (deep + blocks + 3) * 0x1p-24 * magnitude)) return false;
    }
  }
  return true;
}

/// Whether all elements have the bits of the documented order of summation.
bool in_order(const Gemm& product, const MatrixView<const float>& before, bool fused) {
  const auto& [a, b, c, adds] = product;
  for (std::size_t i = 0; i < c.rows; ++i) {
    for (std::size_t j = 0; j < c.cols; ++j) {
      float expected = adds ? before(i, j) : 0;
      for (std::size_t from = 0; from < a.cols; from += simd::gemm_depth) {
        float sum = 0;
        for (std::size_t k = from; k < std::min(a.cols, from + simd::gemm_depth); ++k) {
          const volatile float rounded = at(a, i, k) * at(b, k, j);
          sum = fused ? std::fma(at(a, i, k), at(b, k, j), sum) : rounded + sum;
        }
        expected = from == 0 && !adds ? sum : expected + sum;
      }
      if (!test::same_bits(View<const float>(&expected, 1), View<const float>(&c(i, j), 1))) return false;
    }
  }
  return true;
}

/// Every form of a product of this size, with gaps between lines or without, on a level.
void check(const Size& size, std::size_t gap, Level level) {
  std::vector<float> scratch(simd::gemm_scratch + 1, not_a_number);
  for (int form = 0; form < 8; ++form) {
    CAPTURE(form);
    const Stored a(size.m, size.k, form % 2 != 0, gap, 1);
    const Stored b(size.k, size.n, form / 2 % 2 != 0, gap, 500);
    const Result before(size.m, size.n, gap);
    Result c = before;
    c.view.data = c.memory.data() + 16;
    const Gemm product{a.operand, b.operand, c.view, form >= 4};
    simd::gemm(product, View<float>(scratch.data() + 1, simd::gemm_scratch), level);
    const MatrixView<const float> was(before.memory.data() + 16, size.m, size.n, size.n + gap);
    CHECK(near_double(product, was));
    // where every processor has fused instructions, a compiler may use them for plain loops
    CHECK((in_order(product, was, true) || (level == Level::portable && in_order(product, was, false))));
    CHECK(c.neighbours_intact());
  }
}

}  // namespace

TEST_CASE("products equal loops in double, and in bits the documented order, for small sizes of any kind") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    for (std::size_t i = 1; i <= 70; i += i < 24 ? 1 : 5) {
      const Size size{i, i * 37 % 70 + 1, i * 53 % 70 + 1};
      CAPTURE(size.m);
      CAPTURE(size.n);
      CAPTURE(size.k);
      check(size, i % 3 == 0 ? 0 : i % 5, level);
    }
  }
}

TEST_CASE("products of more than one block of rows, columns and depth") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    for (const Size& size : {Size{97, 257, 300}, Size{13, 300, 513}, Size{200, 20, 256}, Size{6, 16, 600},
                             Size{1, 530, 257}, Size{203, 1, 300}, Size{130, 270, 1}}) {
      CAPTURE(size.m);
      CAPTURE(size.n);
      CAPTURE(size.k);
      check(size, 3, level);
    }
  }
}

TEST_CASE("an element depends on its row and its column alone") {
  std::vector<float> scratch(simd::gemm_scratch);
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    const std::size_t m = 23;
    const std::size_t n = 45;
    const std::size_t k = 300;
    for (int form = 0; form < 4; ++form) {
      Stored a(m, k, form % 2 != 0, 0, 1);
      Stored b(k, n, form / 2 != 0, 0, 500);
      Result c(m, n, 0);
      simd::gemm({a.operand, b.operand, c.view}, scratch, level);
      for (const std::size_t row : {std::size_t{0}, std::size_t{7}, m - 1}) {
        const std::size_t col = row * 2;
        Stored other_a = a;
        Stored other_b = b;
        for (float& value : other_a.memory) value = not_a_number;
        for (float& value : other_b.memory) value = std::numeric_limits<float>::infinity();
        for (std::size_t i = 0; i < k; ++i) {
          const std::size_t in_a = row * a.operand.row_stride + i * a.operand.col_stride;
          const std::size_t in_b = i * b.operand.row_stride + col * b.operand.col_stride;
          other_a.memory[1 + in_a] = a.operand.data[in_a];
          other_b.memory[1 + in_b] = b.operand.data[in_b];
        }
        other_a.operand.data = other_a.memory.data() + 1;
        other_b.operand.data = other_b.memory.data() + 1;
        Result alone(m, n, 0);
        simd::gemm({other_a.operand, other_b.operand, alone.view}, scratch, level);
        CHECK(
            test::same_bits(View<const float>(&alone.view(row, col), 1), View<const float>(&c.view(row, col), 1)));
      }
    }
  }
}

TEST_CASE("no products: zeros, or what was there; no elements: nothing") {
  std::vector<float> scratch(simd::gemm_scratch);
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    const Stored a(5, 0, false, 2, 1);
    const Stored b(0, 7, false, 0, 2);
    Result c(5, 7, 3);
    const std::vector<float> before = c.memory;
    simd::gemm({a.operand, b.operand, c.view, true}, scratch, level);
    CHECK(test::same_bits(c.memory, before));
    simd::gemm({a.operand, b.operand, c.view, false}, scratch, level);
    CHECK(c.neighbours_intact());
    for (std::size_t i = 0; i < 5; ++i) CHECK(test::same_bits(c.view.row(i), std::vector<float>(7)));
    const Stored narrow(4, 0, false, 1, 2);
    const std::vector<float> zeros = c.memory;
    simd::gemm({GemmOperand::of({nullptr, 0, 4}), narrow.operand, {c.view.data, 0, 0, 3}}, scratch, level);
    CHECK(test::same_bits(c.memory, zeros));
  }
}

TEST_CASE("what does not fit is refused") {
  std::vector<float> scratch(simd::gemm_scratch);
  std::vector<float> memory(64);
  const auto matrix = [&](std::size_t rows, std::size_t cols) {
    return GemmOperand::of({memory.data(), rows, cols});
  };
  std::vector<float> out(64);
  const auto result = [&](std::size_t rows, std::size_t cols) {
    return MatrixView<float>(out.data(), rows, cols);
  };
  CHECK_NOTHROW(simd::gemm({matrix(2, 3), matrix(3, 4), result(2, 4)}, scratch));
  CHECK_THROWS_AS(simd::gemm({matrix(2, 3), matrix(4, 4), result(2, 4)}, scratch), InvalidArgument);
  CHECK_THROWS_AS(simd::gemm({matrix(2, 3), matrix(3, 4), result(3, 4)}, scratch), InvalidArgument);
  CHECK_THROWS_AS(simd::gemm({matrix(2, 3), matrix(3, 4), result(2, 3)}, scratch), InvalidArgument);
  GemmOperand sparse = matrix(2, 3);
  sparse.col_stride = 2;
  CHECK_THROWS_AS(simd::gemm({sparse, matrix(3, 4), result(2, 4)}, scratch), InvalidArgument);
  CHECK_THROWS_AS(simd::gemm({matrix(3, 2), sparse, result(3, 3)}, scratch), InvalidArgument);
  CHECK_THROWS_AS(
      simd::gemm({matrix(2, 3), matrix(3, 4), result(2, 4)}, View<float>(scratch).subview(0, scratch.size() - 1)),
      InvalidArgument);
}
