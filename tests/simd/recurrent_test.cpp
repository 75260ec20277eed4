// The gated delta rule and causal convolutions against loops in double, on all levels, and equal bits in any cut.
#include "asterism/simd/recurrent.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "support/levels.hpp"
#include "support/rows.hpp"

using namespace asterism;
using simd::DeltaBlock;
using simd::Level;

namespace {

constexpr float unset = std::numeric_limits<float>::quiet_NaN();

/// Rows that lie `gap` elements farther apart than they are wide; what lies between is NaN, and must stay so.
struct Apart {
  std::size_t rows, cols, stride;
  std::vector<float> all;

  Apart(std::size_t n_rows, std::size_t n_cols, std::size_t gap, const std::vector<float>& values)
      : rows(n_rows), cols(n_cols), stride(n_cols + gap), all(rows * stride + 16, unset) {
    for (std::size_t i = 0; i < rows * cols; ++i) all[i / cols * stride + i % cols] = values[i];
  }
  MatrixView<float> view() { return {all.data(), rows, cols, stride}; }
  std::vector<float> values() {
    std::vector<float> out;
    for (std::size_t i = 0; i < rows; ++i) out.insert(out.end(), view().row(i).begin(), view().row(i).end());
    return out;
  }
  bool gaps_intact() const {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((i / stride >= rows || i % stride >= cols) && !std::isnan(all[i])) return false;
    }
    return true;
  }
};

/// One head over some tokens.
struct Head {
  std::size_t tokens, keys, columns;
  Apart q, k, v, decay, beta, state;

  Head(std::size_t n_tokens, std::size_t key_width, std::size_t value_width, std::size_t gap = 0)
      : tokens(n_tokens),
        keys(key_width),
        columns(value_width),
        q(tokens, keys, gap, test::random_row(tokens * keys, 1)),
        k(tokens, keys, gap, test::random_row(tokens * keys, 2)),
        v(tokens, columns, gap, test::random_row(tokens * columns, 3)),
        decay(tokens, 1, gap, unit(tokens, 4)),
        beta(tokens, 1, gap, unit(tokens, 5)),
        state(keys, columns, gap, test::random_row(keys * columns, 6)) {}

  static std::vector<float> unit(std::size_t n, std::uint64_t seed) {
    std::vector<float> out = test::random_row(n, seed);
    for (float& x : out) x = 1 / (1 + std::exp(-2 * x));
    return out;
  }

  DeltaBlock block(const Apart& before, Apart& after, Apart& out) {
    Apart& from = const_cast<Apart&>(before);
    return {.q = q.view(),
            .k = k.view(),
            .v = v.view(),
            .decay = decay.view(),
            .beta = beta.view(),
            .before = from.view(),
            .after = after.view(),
            .out = out.view()};
  }
  Apart empty_out() const {
    return {tokens, columns, v.stride - columns, std::vector<float>(tokens * columns, unset)};
  }
  Apart empty_state() const {
    return {keys, columns, state.stride - columns, std::vector<float>(keys * columns, unset)};
  }

  /// The answers, then the state, in double.
  std::vector<double> expected() {
    std::vector<double> answers(tokens * columns);
    std::vector<double> s;
    for (const float value : state.values()) s.push_back(double{value});
    for (std::size_t t = 0; t < tokens; ++t) {
      const auto scale = [&](View<float> x) {
        double squares = 1e-6;
        for (const float value : x) squares += double{value} * double{value};
        return 1 / std::sqrt(squares);
      };
      const View<float> query = q.view().row(t);
      const View<float> key = k.view().row(t);
      const double of_query = scale(query) / std::sqrt(static_cast<double>(keys));
      const double of_key = scale(key);
      for (std::size_t c = 0; c < columns; ++c) {
        double known = 0;
        for (std::size_t i = 0; i < keys; ++i) {
          s[i * columns + c] *= double{decay.view()(t, 0)};
          known += s[i * columns + c] * of_key * double{key[i]};
        }
        const double d = double{beta.view()(t, 0)} * (double{v.view()(t, c)} - known);
        for (std::size_t i = 0; i < keys; ++i) {
          s[i * columns + c] += of_key * double{key[i]} * d;
          answers[t * columns + c] += s[i * columns + c] * of_query * double{query[i]};
        }
      }
    }
    answers.insert(answers.end(), s.begin(), s.end());
    return answers;
  }

  /// The answers, then the state.
  std::vector<float> found(Level level, bool bypass = false) {
    Apart out = empty_out();
    Apart after = empty_state();
    DeltaBlock whole = block(state, after, out);
    whole.bypass = bypass;
    simd::delta_rule(whole, level);
    CHECK(out.gaps_intact());
    CHECK(after.gaps_intact());
    std::vector<float> values = out.values();
    const std::vector<float> left = after.values();
    values.insert(values.end(), left.begin(), left.end());
    return values;
  }
};

double largest_error(const std::vector<float>& found, const std::vector<double>& expected) {
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double error = std::fabs(double{found[i]} - expected[i]);
    most = error <= most ? most : error;  // NaN counts
  }
  return most;
}

}  // namespace

TEST_CASE("delta_rule is the recurrence in double, for widths of any kind") {
  for (const std::size_t keys : {1U, 3U, 8U, 16U, 31U, 64U, 128U, 129U, 200U, 256U}) {
    for (const std::size_t columns : {1U, 7U, 8U, 9U, 16U, 24U, 31U, 32U, 33U, 50U, 64U, 120U, 128U}) {
      for (const std::size_t tokens : {1U, 2U, 5U}) {
        Head head(tokens, keys, columns, columns % 3);
        const std::vector<double> expected = head.expected();
        for (const Level level : test::levels()) {
          CAPTURE(name(level));
          CAPTURE(keys);
          CAPTURE(columns);
          CAPTURE(tokens);
          CHECK(largest_error(head.found(level), expected) < 5e-6);
        }
      }
    }
  }
}

TEST_CASE("delta_rule stays near double over 4096 tokens") {
  for (const float slowest : {0.0F, 0.9F, 1.0F}) {
    Head head(4096, 64, 24);
    for (float& decay : head.decay.all) decay = slowest + (1 - slowest) * decay;
    const std::vector<double> expected = head.expected();
    for (const Level level : test::levels()) {
      CAPTURE(name(level));
      CAPTURE(slowest);
      CHECK(largest_error(head.found(level), expected) < 2e-5);
    }
  }
}

TEST_CASE("a decay of 0 forgets all, one of 1 with a beta of 0 nothing") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    for (const std::size_t tokens : {1U, 3U}) {
      Head head(tokens, 40, 32);
      for (std::size_t t = 0; t < tokens; ++t) {
        head.decay.view()(t, 0) = 1;
        head.beta.view()(t, 0) = 0;
      }
      std::vector<float> found = head.found(level);
      CHECK(test::same_bits(View<const float>(found).subview(tokens * 32, 40 * 32), head.state.values()));
      head.decay.view()(0, 0) = 0;
      found = head.found(level);
      for (std::size_t i = tokens * 32; i < found.size(); ++i) CHECK(found[i] == 0);
      head.beta.view()(0, 0) = 1;
      CHECK(largest_error(head.found(level), head.expected()) < 5e-6);
    }
  }
}

TEST_CASE("a key or query of zeros gives nothing, and no NaN") {
  for (const Level level : test::levels()) {
    Head head(2, 24, 16);
    std::fill(head.k.all.begin(), head.k.all.end(), 0.0F);
    std::fill(head.q.all.begin(), head.q.all.end(), 0.0F);
    const std::vector<float> found = head.found(level);
    for (std::size_t i = 0; i < 2 * 16; ++i) CHECK(found[i] == 0);
    CHECK(largest_error(found, head.expected()) < 5e-6);
  }
}

TEST_CASE("delta_rule has the same bits in any cut of tokens and columns, in place and past the caches") {
  for (const std::size_t keys : {16U, 128U, 160U}) {
    for (const std::size_t columns : {24U, 40U, 64U, 128U}) {
      Head head(6, keys, columns);
      for (const Level level : test::levels()) {
        CAPTURE(name(level));
        CAPTURE(keys);
        CAPTURE(columns);
        const std::vector<float> expected = head.found(level);
        CHECK(test::same_bits(head.found(level, true), expected));
        for (const std::size_t each : {1U, 2U, 5U}) {
          for (const std::size_t width : {8U, 32U, 128U}) {
            for (const bool in_place : {false, true}) {
              Apart out = head.empty_out();
              Apart now = head.state;
              Apart other = head.empty_state();
              for (std::size_t t = 0; t < head.tokens; t += each) {
                const std::size_t count = std::min(each, head.tokens - t);
                DeltaBlock whole = head.block(now, in_place ? now : other, out);
                whole.bypass = !in_place;
                for (MatrixView<const float>* rows : {&whole.q, &whole.k, &whole.v, &whole.decay, &whole.beta}) {
                  *rows = rows->rows_at(t, count);
                }
                whole.out = whole.out.rows_at(t, count);
                for (std::size_t c = 0; c < columns; c += width) {
                  simd::delta_rule(whole.columns(c, std::min<std::size_t>(width, columns - c)), level);
                }
                if (!in_place) std::swap(now, other);
              }
              std::vector<float> found = out.values();
              const std::vector<float> left = now.values();
              found.insert(found.end(), left.begin(), left.end());
              CAPTURE(each);
              CAPTURE(width);
              CAPTURE(in_place);
              CHECK(test::same_bits(found, expected));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("a state of whole lines is written past the caches with the same bits") {
  for (const Level level : test::levels()) {
    for (const std::size_t columns : {16U, 32U, 48U, 128U}) {
      CAPTURE(name(level));
      CAPTURE(columns);
      Head head(1, 21, columns);
      const std::vector<float> expected = head.found(level);
      alignas(64) float lines[22 * 128];
      std::fill_n(lines, 22 * 128, -7.0F);
      Apart out = head.empty_out();
      DeltaBlock block = head.block(head.state, out, out);
      block.after = {lines, 21, columns};
      block.bypass = true;
      simd::delta_rule(block, level);
      CHECK(test::same_bits(out.values(), View<const float>(expected).subview(0, columns)));
      CHECK(test::same_bits({lines, 21 * columns}, View<const float>(expected).subview(columns, 21 * columns)));
      CHECK(lines[21 * columns] == -7.0F);
    }
  }
}

TEST_CASE("no token leaves the state as it is") {
  Head head(1, 20, 12);
  for (const Level level : test::levels()) {
    Apart out = head.empty_out();
    Apart after = head.empty_state();
    DeltaBlock none = head.block(head.state, after, out);
    for (MatrixView<const float>* rows : {&none.q, &none.k, &none.v, &none.decay, &none.beta}) rows->rows = 0;
    none.out.rows = 0;
    simd::delta_rule(none, level);
    CHECK(test::same_bits(after.values(), head.state.values()));
    CHECK(std::isnan(out.values()[0]));
  }
}

TEST_CASE("avx2 and avx512 give delta_rule the same bits" * test::needs_level(Level::avx512)) {
  for (const std::size_t columns : {9U, 32U, 72U, 128U}) {
    for (const std::size_t tokens : {1U, 4U}) {
      Head head(tokens, 100, columns);
      CHECK(test::same_bits(head.found(Level::avx2), head.found(Level::avx512)));
    }
  }
}

TEST_CASE("convolve sums products of rows, with the same bits wherever they lie") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    for (std::size_t size = 1; size <= 70; ++size) {
      for (const std::size_t kernel : {1U, 2U, 4U, 5U}) {
        std::vector<std::vector<float>> rows;
        std::vector<const float*> at;
        for (std::size_t j = 0; j < kernel; ++j) rows.push_back(test::random_row(size, 10 * size + j));
        for (const auto& row : rows) at.push_back(row.data());
        const std::vector<float> taps = test::random_row(kernel * size, size);
        test::PlacedRow y(std::vector<float>(size, unset), size % 16, -7.0F);
        simd::convolve(at, MatrixView<const float>(taps.data(), kernel, size), y.view(), level);
        CHECK(y.neighbours_intact());
        for (std::size_t c = 0; c < size; ++c) {
          double expected = 0;
          for (std::size_t j = 0; j < kernel; ++j) expected += double{taps[j * size + c]} * double{rows[j][c]};
          CHECK(std::fabs(double{y.view()[c]} - expected) < 2e-6);
          float alone = 0;  // the same channel in a call of its own
          std::vector<const float*> there;
          for (const auto& row : rows) there.push_back(row.data() + c);
          simd::convolve(there, MatrixView<const float>(taps.data() + c, kernel, 1, size), View<float>(&alone, 1),
                         level);
          CHECK(test::same_bits(View<const float>(&alone, 1), y.view().subview(c, 1)));
        }
      }
    }
  }
}
