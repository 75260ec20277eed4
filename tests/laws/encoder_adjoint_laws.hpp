// The laws of backend::Encoder: operations and their twins against what they are, written plainly and in double
// precision. Needs doctest. `make(threads)` makes a device that has reserved for `adjoint_extent`.
//
//   laws::encoder_adjoint([](std::size_t threads) { return my_device(threads); });
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <vector>

#include "asterism/backend/dropout.hpp"
#include "asterism/backend/encoder.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

#include "laws/adjoint_laws.hpp"

namespace asterism::laws {

namespace detail {

inline Doubles naive_layer_norm(const Doubles& x, const Doubles& w, const Doubles& b) {
  Doubles out(x.size());
  const auto n = static_cast<double>(w.size());
  for (std::size_t row = 0; row < x.size(); row += w.size()) {
    double mean = 0;
    double squares = 0;
    for (std::size_t c = 0; c < w.size(); ++c) mean += x[row + c] / n;
    for (std::size_t c = 0; c < w.size(); ++c) squares += (x[row + c] - mean) * (x[row + c] - mean) / n;
    for (std::size_t c = 0; c < w.size(); ++c)
      out[row + c] = w[c] * (x[row + c] - mean) / std::sqrt(squares + 1e-3) + b[c];
  }
  return out;
}

inline double naive_gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }

inline Doubles sum_of(Doubles a, const Doubles& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

/// Rows of queries and of keys by sequence; each query sees all keys of its sequence.
struct NaiveBothWays {
  std::size_t heads, kv_heads, width;
  std::vector<std::uint32_t> query_ends, key_ends;

  Doubles operator()(const Doubles& q, const Doubles& k, const Doubles& v) const {
    Doubles out(q.size());
    for (std::size_t s = 0; s < query_ends.size(); ++s) {
      for (std::size_t i = s == 0 ? 0 : query_ends[s - 1]; i < query_ends[s]; ++i) {
        for (std::size_t h = 0; h < heads; ++h) one(q, k, v, s, i * heads + h, h / (heads / kv_heads), out);
      }
    }
    return out;
  }

 private:
  void one(const Doubles& q, const Doubles& k, const Doubles& v, std::size_t s, std::size_t query, std::size_t kv,
           Doubles& out) const {
    double total = 0;
    Doubles sums(width);
    for (std::size_t j = s == 0 ? 0 : key_ends[s - 1]; j < key_ends[s]; ++j) {
      double score = 0;
      for (std::size_t c = 0; c < width; ++c) score += q[query * width + c] * k[(j * kv_heads + kv) * width + c];
      const double share = std::exp(score / std::sqrt(static_cast<double>(width)));
      total += share;
      for (std::size_t c = 0; c < width; ++c) sums[c] += share * v[(j * kv_heads + kv) * width + c];
    }
    for (std::size_t c = 0; c < width; ++c) out[query * width + c] = sums[c] / total;
  }
};

}  // namespace detail

/// LayerNorm, GELU, the logistic function, the loss.
template <class Device>
void encoder_row_gradients(Device& device) {
  using namespace detail;
  test::DeviceMemory<Device> memory(device, 2);
  for (const auto& size : {std::tuple{1U, 2U}, std::tuple{5U, 8U}, std::tuple{70U, 13U}, std::tuple{130U, 24U}}) {
    const std::size_t rows = std::get<0>(size), width = std::get<1>(size);
    CAPTURE(rows);
    const auto x = memory.normal(rows, width);
    for (float& value : x.view.row(0)) value += 50;  // a mean that is large beside what is left
    const auto w = memory.normal(1, width), b = memory.normal(1, width);
    const auto y = memory.result(rows, width);
    const auto dy = memory.normal(rows, width), dx = memory.normal(rows, width);
    const auto dw = memory.normal(1, width), db = memory.normal(1, width);
    const Doubles xs = doubles(x.view), ws = doubles(w.view), bs = doubles(b.view), ds = doubles(dy.view);
    device.layer_norm(x, w, b, 1e-3F, y);
    CHECK(difference(y.view, naive_layer_norm(xs, ws, bs)) < adjoint_bound);
    const auto slope = [&](const Doubles& of, const backend::DeviceMatrix<float>& before, auto&& norm) {
      return sum_of(slopes(of, [&](const Doubles& at) { return product(ds, norm(at)); }), doubles(before.view));
    };
    const Doubles to_x = slope(xs, dx, [&](const Doubles& at) { return naive_layer_norm(at, ws, bs); });
    const Doubles to_w = slope(ws, dw, [&](const Doubles& at) { return naive_layer_norm(xs, at, bs); });
    const Doubles to_b = slope(bs, db, [&](const Doubles& at) { return naive_layer_norm(xs, ws, at); });
    const auto frozen = memory.normal(rows, width);
    const Doubles to_frozen = slope(xs, frozen, [&](const Doubles& at) { return naive_layer_norm(at, ws, bs); });
    device.layer_norm_backward(x, w, 1e-3F, dy, dx, dw, db);
    CHECK(difference(dx.view, to_x) < adjoint_bound);
    CHECK(difference(dw.view, to_w) < adjoint_bound);
    CHECK(difference(db.view, to_b) < adjoint_bound);
    device.layer_norm_backward(x, w, 1e-3F, dy, frozen, {}, {});
    CHECK(difference(frozen.view, to_frozen) < adjoint_bound);
    CHECK(difference(dw.view, to_w) < adjoint_bound);
    CHECK(difference(db.view, to_b) < adjoint_bound);
    device.layer_norm(x, w, b, 1e-3F, x);
    CHECK(doubles(x.view) == doubles(y.view));

    const auto a = memory.normal(rows, width, 3);
    const Doubles as = doubles(a.view);
    const auto each = [&](const Doubles& at, auto&& f) {
      double out = 0;
      for (std::size_t i = 0; i < at.size(); ++i) out += ds[i] * f(at[i]);
      return out;
    };
    const auto logistic = [](double z) { return 1 / (1 + std::exp(-z)); };
    Doubles expected = as;
    for (double& value : expected) value = naive_gelu(value);
    device.gelu(a, y);
    CHECK(difference(y.view, expected) < adjoint_bound);
    const auto d = memory.result(rows, width);
    device.copy_from(dy, d);
    device.gelu_backward(a, d);
    CHECK(difference(d.view, slopes(as, [&](const Doubles& at) { return each(at, naive_gelu); })) < adjoint_bound);
    for (std::size_t i = 0; i < as.size(); ++i) expected[i] = logistic(as[i]);
    device.sigmoid(a, y);
    CHECK(difference(y.view, expected) < adjoint_bound);
    device.copy_from(dy, d);
    device.sigmoid_backward(y, d);
    CHECK(difference(d.view, slopes(as, [&](const Doubles& at) { return each(at, logistic); })) < adjoint_bound);

    std::vector<float> shares(rows);
    for (std::size_t i = 0; i < rows; ++i) shares[i] = 0.25F * static_cast<float>(i % 5);
    const auto loss = [&](const Doubles& at) {
      double out = 0;
      for (std::size_t i = 0; i < at.size(); ++i)
        out += static_cast<double>(shares[i / width]) * (at[i] - ds[i]) * (at[i] - ds[i]);
      return out;
    };
    const auto terms = memory.result(1, rows);
    device.squared_error(dy.view, shares, a, terms);
    CHECK(std::accumulate(terms.view.data, terms.view.data + rows, 0.0) ==
          doctest::Approx(loss(as)).epsilon(adjoint_bound));
    CHECK(difference(a.view, slopes(as, loss)) < adjoint_bound);
  }
  // Far from 0 the slopes of both are 1 and 0, not NaN.
  const auto far = memory.matrix(1, 9, -200.0F);
  far.view(0, 3) = 200;
  const auto one = memory.matrix(1, 9, 1.0F);
  device.gelu_backward(far, one);
  for (std::size_t c = 0; c < 9; ++c)
    CHECK(one.view(0, c) == doctest::Approx(c == 3 ? 1 : 0).scale(1).epsilon(1e-4));
}

/// Within sequences and from rows to other rows, of one row and of more than a block, heads sharing keys.
template <class Device>
void both_ways_gradients(Device& device) {
  using namespace detail;
  for (const NaiveBothWays& naive :
       {NaiveBothWays{1, 1, 4, {1}, {1}}, NaiveBothWays{4, 2, 6, {3, 4, 60}, {3, 4, 60}},
        NaiveBothWays{2, 2, 5, {70}, {9}}, NaiveBothWays{3, 1, 8, {2, 9}, {80, 81}}}) {
    test::DeviceMemory<Device> memory(device);
    const std::size_t n = naive.query_ends.back(), m = naive.key_ends.back();
    CAPTURE(n);
    const auto q = memory.normal(n, naive.heads * naive.width);
    const auto k = memory.normal(m, naive.kv_heads * naive.width), v = memory.normal(m, k.cols());
    const auto out = memory.result(n, q.cols());
    const auto d = memory.normal(n, q.cols());
    const auto dq = memory.result(n, q.cols());
    const auto dk = memory.result(m, k.cols()), dv = memory.result(m, k.cols());
    const backend::Sequences of_queries{naive.query_ends}, of_keys{naive.key_ends};
    const Doubles qs = doubles(q.view), ks = doubles(k.view), vs = doubles(v.view), ds = doubles(d.view);
    device.attend_both_ways(q, of_queries, k, v, of_keys, naive.width, out);
    CHECK(difference(out.view, naive(qs, ks, vs)) < adjoint_bound);
    device.attend_both_ways_backward(q, of_queries, k, v, of_keys, naive.width, d, dq, dk, dv);
    const Doubles to_q = slopes(qs, [&](const Doubles& at) { return product(ds, naive(at, ks, vs)); });
    const Doubles to_k = slopes(ks, [&](const Doubles& at) { return product(ds, naive(qs, at, vs)); });
    const Doubles to_v = slopes(vs, [&](const Doubles& at) { return product(ds, naive(qs, ks, at)); });
    if (m > 1) {  // with one key, scores change nothing
      CHECK(difference(dq.view, to_q) < adjoint_bound);
      CHECK(difference(dk.view, to_k) < adjoint_bound);
    }
    CHECK(difference(dv.view, to_v) < adjoint_bound);
  }
}

/// The share that falls out, what stays, and that it comes again, of the row's number and nothing else.
template <class Device>
void dropout_comes_again(Device& device) {
  using namespace detail;
  constexpr std::size_t rows = 100, width = 61;
  test::DeviceMemory<Device> memory(device);
  std::vector<std::int32_t> numbers(rows);
  std::iota(numbers.begin(), numbers.end(), 7);
  const auto drawn = [&](const backend::Dropout& from, const std::vector<std::int32_t>& of) {
    const auto x = memory.matrix(of.size(), width, 1.0F);
    device.dropout(from, of, x);
    return doubles(x.view);
  };
  const backend::Dropout from = backend::Dropout{.rate = 0.1F, .stream = 5}.at(3);
  const Doubles first = drawn(from, numbers);
  double out = 0;
  for (const double value : first) {
    CHECK((value == 0 || value == doctest::Approx(1 / 0.9).epsilon(1e-4)));
    out += value == 0 ? 1 : 0;
  }
  const auto all = static_cast<double>(first.size());
  CHECK(std::abs(out / all - 0.1) < 0.015);  // five standard deviations
  CHECK(drawn(from, numbers) == first);
  for (const backend::Dropout& other : {from.at(0), backend::Dropout{.rate = 0.1F, .stream = 5}.at(4)}) {
    const Doubles second = drawn(other, numbers);
    double both = 0;
    for (std::size_t i = 0; i < first.size(); ++i) both += first[i] == 0 && second[i] == 0 ? 1 : 0;
    CHECK(both / all < 0.02);
  }
  const Doubles alone = drawn(from, {numbers[42]});
  CHECK(std::equal(alone.begin(), alone.end(), first.begin() + 42 * width));
  CHECK(drawn({.rate = 0}, numbers) == Doubles(first.size(), 1.0));
  CHECK_THROWS_AS(drawn({.rate = 1}, numbers), InvalidArgument);
  CHECK_THROWS_AS(drawn({.rate = -0.5F}, numbers), InvalidArgument);
  CHECK_THROWS_AS(drawn({.rate = std::numeric_limits<float>::quiet_NaN()}, numbers), InvalidArgument);
}

/// Weights that confidences change, divided by their sum.
template <class Device>
void confidence_gradients(Device& device) {
  using namespace detail;
  constexpr std::size_t rows = 37, k = 3, experts = 5;
  test::DeviceMemory<Device> memory(device);
  const Dispatched<test::DeviceMemory<Device>> to(device, memory, rows, k, experts, false);
  const auto confidences = memory.normal(rows * k, 1);
  for (std::size_t s = 0; s < rows * k; ++s)
    confidences.view(s, 0) = 0.1F + confidences.view(s, 0) * confidences.view(s, 0);
  const auto weighed = memory.template matrix<gating::Route>(rows, k, {});
  const auto d = memory.normal(rows, k);
  const auto dconfidences = memory.result(rows * k, 1);
  const Doubles ds = doubles(d.view), cs = doubles(confidences.view);
  Doubles ws;
  for (std::size_t i = 0; i < rows * k; ++i)
    ws.push_back(static_cast<double>(to.routes.view(i / k, i % k).weight));
  const auto naive = [&](const Doubles& w, const Doubles& c) {
    Doubles out(rows * k);
    for (std::size_t i = 0; i < rows * k; i += k) {
      double total = 1e-8;
      for (std::size_t j = i; j < i + k; ++j) {
        out[j] = w[j] * c[static_cast<std::size_t>(to.groups.slot_of_choice[j])];
        total += out[j];
      }
      for (std::size_t j = i; j < i + k; ++j) out[j] /= total;
    }
    return out;
  };
  device.weigh_by_confidence(to.groups, to.routes, confidences, weighed);
  const Doubles expected = naive(ws, cs);
  double most = 0;
  for (std::size_t i = 0; i < rows * k; ++i) {
    const gating::Route& route = weighed.view(i / k, i % k);
    most = test::worse(most, std::abs(static_cast<double>(route.weight) - expected[i]));
    CHECK(route.expert == to.routes.view(i / k, i % k).expert);
  }
  CHECK(most < adjoint_bound);
  device.weigh_by_confidence_backward(to.groups, to.routes, confidences, weighed, d, dconfidences);
  CHECK(difference(d.view, slopes(ws, [&](const Doubles& at) { return product(ds, naive(at, cs)); })) <
        adjoint_bound);
  CHECK(difference(dconfidences.view, slopes(cs, [&](const Doubles& at) { return product(ds, naive(ws, at)); })) <
        adjoint_bound);
}

/// Threads change no bit.
template <class Make>
void encoder_gradients_keep_bits(const Make& make) {
  std::vector<std::vector<float>> results;
  const std::vector<std::uint32_t> ends{300, 301, 600}, keys{20, 21, 60};
  std::vector<std::int32_t> numbers(600);
  std::iota(numbers.begin(), numbers.end(), 0);
  for (const std::size_t threads : {1, 2, 3, 8}) {
    auto device = make(threads);
    test::DeviceMemory<std::remove_reference_t<decltype(*device)>> memory(*device);
    const auto x = memory.normal(600, 64), dy = memory.normal(600, 64), dx = memory.normal(600, 64);
    const auto w = memory.normal(1, 64), dw = memory.normal(1, 64), db = memory.normal(1, 64);
    const auto kv = memory.normal(60, 32);
    const auto dq = memory.result(600, 64), dk = memory.result(60, 32), dv = memory.result(60, 32);
    device->layer_norm_backward(x, w, 1e-5F, dy, dx, dw, db);
    device->attend_both_ways_backward(x, {ends}, kv, kv, {keys}, 16, dy, dq, dk, dv);
    device->dropout({.rate = 0.5F, .stream = 1}, numbers, x);
    std::vector<float> all;
    for (const auto& part : {x, dx, dw, db, dq, dk, dv})
      all.insert(all.end(), part.view.data, part.view.data + part.rows() * part.cols());
    results.push_back(all);
  }
  for (const auto& result : results) {
    CHECK(std::memcmp(result.data(), results[0].data(), result.size() * sizeof(float)) == 0);
  }
}

/// All laws; make(threads) returns a pointer to a device.
template <class Make>
void encoder_adjoint(const Make& make) {
  const auto device = make(2);
  static_assert(backend::Encoder<std::remove_reference_t<decltype(*device)>>);
  encoder_row_gradients(*device);
  both_ways_gradients(*device);
  dropout_comes_again(*device);
  confidence_gradients(*device);
  encoder_gradients_keep_bits(make);
}

}  // namespace asterism::laws
