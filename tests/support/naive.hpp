// Plain loops in double: what the operations of a decoder are held against.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/kv_view.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::test::naive {

/// binary16 as its definition says; finite values.
inline double half_value(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}
/// W x for W (rows, cols), row by row.
template <class X>
std::vector<double> product(const std::vector<float>& weights, std::size_t rows, const std::vector<X>& x) {
  std::vector<double> y(rows, 0.0);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < x.size(); ++c) y[r] += double{weights[r * x.size() + c]} * double{x[c]};
  }
  return y;
}

inline std::vector<double> rms_norm(const std::vector<float>& x, const std::vector<float>& weight,
                                    double epsilon) {
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    y.push_back(weight[i] * x[i] / std::sqrt(squares / static_cast<double>(x.size()) + epsilon));
  }
  return y;
}

inline double silu(double z) { return z / (1 + std::exp(-z)); }

/// Rotates every head of `x` to `position`.
inline void rotate(std::vector<double>& x, std::size_t head_dim, std::int32_t position, double theta) {
  const std::size_t half = head_dim / 2;
  for (std::size_t head = 0; head < x.size(); head += head_dim) {
    for (std::size_t i = 0; i < half; ++i) {
      const double angle =
          position * std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
      const double a = x[head + i];
      const double b = x[head + half + i];
      x[head + i] = a * std::cos(angle) - b * std::sin(angle);
      x[head + half + i] = b * std::cos(angle) + a * std::sin(angle);
    }
  }
}

/// True where a position sees an earlier one in a model that sees the last `model_window` positions (0: all), with a
/// cache that remembers the last `cache_window` (0: all) and the first `sinks`.
inline bool sees(std::size_t position, std::size_t earlier, std::size_t model_window, std::size_t cache_window = 0,
                 std::size_t sinks = 0) {
  const auto within = [&](std::size_t window) { return window == 0 || position - earlier < window; };
  return earlier <= position && within(model_window) && (within(cache_window) || earlier < sinks);
}

/// Softmax attention of one head: key(p) and value(p) give rows of head_dim for the positions up to `position` that
/// `seen(p)` says.
template <class Query, class Seen, class Key, class Value>
std::vector<double> attend(const Query& query, std::size_t head_dim, std::size_t position, const Seen& seen,
                           const Key& key, const Value& value) {
  std::vector<std::size_t> positions;
  for (std::size_t p = 0; p <= position; ++p) {
    if (seen(p)) positions.push_back(p);
  }
  std::vector<double> scores;
  double most = -1e300;
  for (const std::size_t p : positions) {
    double score = 0;
    for (std::size_t i = 0; i < head_dim; ++i) score += double{query[i]} * key(p, i);
    scores.push_back(score / std::sqrt(static_cast<double>(head_dim)));
    most = std::fmax(most, scores.back());
  }
  double total = 0;
  for (double& score : scores) total += score = std::exp(score - most);
  std::vector<double> out(head_dim, 0.0);
  for (std::size_t k = 0; k < positions.size(); ++k) {
    for (std::size_t i = 0; i < head_dim; ++i) out[i] += scores[k] / total * value(positions[k], i);
  }
  return out;
}

/// The values of a stored row; see simd::StoredRows, whose test holds them against loops of its own.
template <class Format>
std::vector<float> row_values(const std::byte* row, std::size_t n) {
  std::vector<float> out(n);
  backend::KvFormat<Format>::Row::values(row, n, 0, n, out.data());
  return out;
}

/// Attention on what a cache holds, for the query heads that share one key/value head.
template <class Format>
std::vector<double> attend_group(View<const float> queries, const backend::KvView<Format>& kv, std::size_t kv_head,
                                 std::size_t position, std::size_t window) {
  std::vector<std::vector<float>> keys;
  std::vector<std::vector<float>> values;
  for (std::size_t p = 0; p <= position; ++p) {
    keys.push_back(row_values<Format>(kv.keys + kv.offset(kv_head, p), kv.head_dim));
    values.push_back(row_values<Format>(kv.values + kv.offset(kv_head, p), kv.head_dim));
  }
  std::vector<double> out;
  for (std::size_t head = 0; head < queries.size; head += kv.head_dim) {
    const std::vector<double> one = attend(
        queries.subview(head, kv.head_dim), kv.head_dim, position,
        [&](std::size_t p) { return sees(position, p, window, kv.window, kv.sinks); },
        [&](std::size_t p, std::size_t i) { return double{keys[p][i]}; },
        [&](std::size_t p, std::size_t i) { return double{values[p][i]}; });
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

}  // namespace asterism::test::naive
