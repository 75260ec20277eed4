// Gated DeltaNet as plain loops in double, token by token: what its operations are held against.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "asterism/backend/delta_heads.hpp"

#include "support/naive.hpp"

namespace asterism::test::naive {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

/// (rows, cols) of values that lie row after row.
template <class Values>
Rows rows_of(const Values& values, std::size_t rows, std::size_t cols) {
  Rows out(rows, Row(cols));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < cols; ++c) out[i][c] = double{values[i * cols + c]};
  }
  return out;
}

/// silu of the convolution of each column; `state`, the kernel - 1 rows before x, becomes the last ones.
inline Rows causal_convolution(const Rows& x, const Rows& weights, Rows& state) {
  Rows u = state;
  u.insert(u.end(), x.begin(), x.end());
  Rows y = x;
  for (std::size_t t = 0; t < x.size(); ++t) {
    for (std::size_t c = 0; c < weights.size(); ++c) {
      double sum = 0;
      for (std::size_t j = 0; j < weights[c].size(); ++j) sum += weights[c][j] * u[t + j][c];
      y[t][c] = silu(sum);
    }
  }
  state.assign(u.end() - static_cast<std::ptrdiff_t>(state.size()), u.end());
  return y;
}

/// (decay, beta) of a row.
inline std::pair<Row, Row> delta_gates(const backend::DeltaHeads& heads, const Row& ba, const Row& rate,
                                       const Row& dt_bias) {
  Row decay;
  Row beta;
  const std::size_t share = heads.value_heads / heads.key_heads;
  for (std::size_t key_head = 0; key_head < heads.key_heads; ++key_head) {
    for (std::size_t j = 0; j < share; ++j) {
      const double b = ba[key_head * 2 * share + j];
      const double a = ba[key_head * 2 * share + share + j];
      const std::size_t head = key_head * share + j;
      decay.push_back(std::exp(rate[head] * std::log1p(std::exp(a + dt_bias[head]))));
      beta.push_back(1 / (1 + std::exp(-b)));
    }
  }
  return {decay, beta};
}

/// The answer to a row; `state`, head after head, becomes that after it.
inline Row delta_rule(const backend::DeltaHeads& heads, const Row& qkv, const Row& decay, const Row& beta,
                      Rows& state) {
  const auto normalised = [&](std::size_t first) {
    Row x(qkv.begin() + static_cast<std::ptrdiff_t>(first),
          qkv.begin() + static_cast<std::ptrdiff_t>(first + heads.key_width));
    double squares = 1e-6;
    for (const double value : x) squares += value * value;
    for (double& value : x) value /= std::sqrt(squares);
    return x;
  };
  Row out;
  for (std::size_t head = 0; head < heads.value_heads; ++head) {
    const std::size_t key_head = head / (heads.value_heads / heads.key_heads);
    const Row q = normalised(key_head * heads.key_width);
    const Row k = normalised((heads.key_heads + key_head) * heads.key_width);
    for (std::size_t c = 0; c < heads.value_width; ++c) {
      const double v = qkv[2 * heads.key_heads * heads.key_width + head * heads.value_width + c];
      double known = 0;
      for (std::size_t i = 0; i < heads.key_width; ++i) {
        double& s = state[head * heads.key_width + i][c];
        s *= decay[head];
        known += s * k[i];
      }
      double answer = 0;
      for (std::size_t i = 0; i < heads.key_width; ++i) {
        double& s = state[head * heads.key_width + i][c];
        s += k[i] * beta[head] * (v - known);
        answer += s * q[i];
      }
      out.push_back(answer / std::sqrt(static_cast<double>(heads.key_width)));
    }
  }
  return out;
}

/// For each head of weight.size() columns: RMSNorm of x, times silu of z.
inline Row gated_rms_norm(const Row& x, const Row& weight, double epsilon, const Row& z) {
  Row y = x;
  for (std::size_t first = 0; first < x.size(); first += weight.size()) {
    double squares = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) squares += x[first + i] * x[first + i];
    const double scale = 1 / std::sqrt(squares / static_cast<double>(weight.size()) + epsilon);
    for (std::size_t i = 0; i < weight.size(); ++i) y[first + i] *= weight[i] * scale * silu(z[first + i]);
  }
  return y;
}

}  // namespace asterism::test::naive
