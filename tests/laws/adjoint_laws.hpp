// The laws of backend::Adjoint: every backward twin is the derivative of its operation, which is written here plainly
// and in double precision. Needs doctest. `make(threads)` makes a device that has reserved for `adjoint_extent`.
//
//   laws::adjoint([](std::size_t threads) { return my_device(threads); });
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <vector>

#include "asterism/backend/adjoint.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/backend/training_extent.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/linalg/rope.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/weight_source.hpp"

#include "laws/law.hpp"
#include "support/device_memory.hpp"
#include "support/slopes.hpp"

namespace asterism::laws {

inline constexpr backend::TrainingExtent adjoint_extent{
    .rows = 600, .cols = 64, .longest = 300, .threads = 8, .unpacked = 200};

/// A kernel's gradient may differ from the derivative by that share of the largest element.
inline constexpr double adjoint_bound = 1e-5;

namespace detail {

using test::difference;
using test::Doubles;
using test::doubles;
using test::product;
using test::slopes;

/// Softmax attention of packed sequences, plainly; q (n, heads * width), k and v (n, kv_heads * width).
struct NaiveAttention {
  std::size_t heads, kv_heads, width, window;
  std::vector<std::uint32_t> ends;

  Doubles operator()(const Doubles& q, const Doubles& k, const Doubles& v) const {
    Doubles out(q.size());
    std::size_t first = 0;
    for (const std::uint32_t end : ends) {
      for (std::size_t i = first; i < end; ++i) {
        for (std::size_t h = 0; h < heads; ++h) one(q, k, v, first, i, h, out);
      }
      first = end;
    }
    return out;
  }

 private:
  void one(const Doubles& q, const Doubles& k, const Doubles& v, std::size_t first, std::size_t i, std::size_t h,
           Doubles& out) const {
    const std::size_t kv = h / (heads / kv_heads);
    const std::size_t begin = window > 0 && i + 1 > first + window ? i + 1 - window : first;
    double total = 0;
    Doubles weights;
    for (std::size_t j = begin; j <= i; ++j) {
      double score = 0;
      for (std::size_t c = 0; c < width; ++c)
        score += q[(i * heads + h) * width + c] * k[(j * kv_heads + kv) * width + c];
      weights.push_back(std::exp(score / std::sqrt(static_cast<double>(width))));
      total += weights.back();
    }
    for (std::size_t j = begin; j <= i; ++j) {
      for (std::size_t c = 0; c < width; ++c)
        out[(i * heads + h) * width + c] += weights[j - begin] / total * v[(j * kv_heads + kv) * width + c];
    }
  }
};

inline Doubles naive_rms_norm(const Doubles& x, const Doubles& w) {
  Doubles out(x.size());
  for (std::size_t row = 0; row < x.size(); row += w.size()) {
    double squares = 0;
    for (std::size_t c = 0; c < w.size(); ++c) squares += x[row + c] * x[row + c];
    const double r = 1 / std::sqrt(squares / static_cast<double>(w.size()) + 1e-3);
    for (std::size_t c = 0; c < w.size(); ++c) out[row + c] = w[c] * x[row + c] * r;
  }
  return out;
}

/// y = x W^T.
inline Doubles naive_product(const Doubles& x, const Doubles& w, std::size_t cols) {
  const std::size_t outputs = w.size() / cols;
  Doubles out;
  for (std::size_t i = 0; i < x.size(); i += cols) {
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = 0;
      for (std::size_t c = 0; c < cols; ++c) sum += x[i + c] * w[o * cols + c];
      out.push_back(sum);
    }
  }
  return out;
}

/// Rows sent to experts: `routes` (n, k), sorted by a device.
template <class Memory>
struct Dispatched {
  backend::DeviceMatrix<gating::Route> routes;
  backend::ExpertGroups groups;

  template <class Device>
  Dispatched(Device& device, Memory& memory, std::size_t rows, std::size_t k, std::size_t experts,
             bool one_has_all)
      : routes(memory.template matrix<gating::Route>(rows, k, {})) {
    Random random(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      std::size_t expert = one_has_all ? 1 : random.below(experts);
      for (std::size_t j = 0; j < k; ++j, expert = (expert + 1) % experts) {
        routes.view(i, j) = {static_cast<std::int32_t>(expert), static_cast<float>(random.uniform())};
      }
    }
    groups = {.offsets = memory.template matrix<std::int32_t>(1, experts + 1, 0).view.row(0),
              .source_row = memory.template matrix<std::int32_t>(1, rows * k, 0).view.row(0),
              .slot_of_choice = memory.template matrix<std::int32_t>(1, rows * k, 0).view.row(0),
              .device = device.device()};
    device.group(routes, groups);
  }
};

}  // namespace detail

/// Products, of all rows and grouped by expert, some of which have no rows, or one has them all.
template <class Device>
void product_gradients(Device& device) {
  using namespace detail;
  test::DeviceMemory<Device> memory(device);
  for (const auto& size :
       {std::tuple{1U, 3U, 5U}, std::tuple{7U, 16U, 8U}, std::tuple{33U, 19U, 41U}, std::tuple{300U, 6U, 17U}}) {
    const std::size_t rows = std::get<0>(size), outputs = std::get<1>(size), cols = std::get<2>(size);
    CAPTURE(rows);
    const auto w = memory.template weights<quant::Float32>(outputs, cols);
    const auto x = memory.normal(rows, cols);
    const auto y = memory.result(rows, outputs);
    const auto dy = memory.normal(rows, outputs);
    const auto dx = memory.result(rows, cols);
    const auto dw = memory.template weights<quant::Float32>(outputs, cols);
    const MatrixView<float> weights(reinterpret_cast<float*>(w.data), w.rows, w.cols);
    const MatrixView<float> gradient(reinterpret_cast<float*>(dw.data), w.rows, w.cols);
    const Doubles before = doubles(gradient);
    device.product(w, x, y);
    CHECK(difference(y.view, naive_product(doubles(x.view), doubles(weights), x.cols())) < adjoint_bound);
    device.product_backward(w, dy, backend::Into::overwrite, dx);
    const auto by_x = [&](const Doubles& at) {
      return product(doubles(dy.view), naive_product(at, doubles(weights), x.cols()));
    };
    Doubles expected = slopes(doubles(x.view), by_x);
    CHECK(difference(dx.view, expected) < adjoint_bound);
    device.product_backward(w, dy, backend::Into::add, dx);
    for (double& value : expected) value *= 2;
    CHECK(difference(dx.view, expected) < adjoint_bound);
    device.weight_gradient(dy, x, dw);
    expected = slopes(doubles(weights), [&](const Doubles& at) {
      return product(doubles(dy.view), naive_product(doubles(x.view), at, x.cols()));
    });
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += before[i];
    CHECK(difference(gradient, expected) < adjoint_bound);
  }
}

/// Dispatch both ways: each expert's slots are a product of their own; rows of a group come back to where they were.
template <class Device>
void dispatch_gradients(Device& device) {
  using namespace detail;
  constexpr std::size_t rows = 37, k = 2, experts = 5, width = 12, inner = 9;
  for (const bool one_has_all : {false, true}) {
    CAPTURE(one_has_all);
    test::DeviceMemory<Device> memory(device);
    const Dispatched<test::DeviceMemory<Device>> to(device, memory, rows, k, experts, one_has_all);
    std::vector<backend::DeviceWeights<quant::Float32>> w, dw;
    for (std::size_t e = 0; e < experts; ++e) {
      w.push_back(memory.template weights<quant::Float32>(inner, width));
      dw.push_back(memory.template weights<quant::Float32>(inner, width, 0));
    }
    const auto x = memory.normal(rows * k, width);
    const auto dy = memory.normal(rows * k, inner);
    const auto dx = memory.result(rows * k, width);
    device.template grouped_product_backward<quant::Float32>(w, to.groups, dy, backend::Into::overwrite, dx);
    device.template grouped_weight_gradient<quant::Float32>(to.groups, dy, x, dw);
    for (std::size_t e = 0; e < experts; ++e) {
      CAPTURE(e);
      const auto first = static_cast<std::size_t>(to.groups.offsets[e]);
      const auto count = static_cast<std::size_t>(to.groups.offsets[e + 1]) - first;
      const auto alone = memory.result(count, width);
      const auto gradient = memory.template weights<quant::Float32>(inner, width, 0);
      device.product_backward(w[e], dy.rows_at(first, count), backend::Into::overwrite, alone);
      device.weight_gradient(dy.rows_at(first, count), x.rows_at(first, count), gradient);
      CHECK(doubles(alone.view) == doubles(dx.view.rows_at(first, count)));
      const auto numbers = [](const backend::DeviceWeights<quant::Float32>& of) {
        return doubles(MatrixView<const float>(reinterpret_cast<const float*>(of.data), inner, width));
      };
      CHECK(numbers(gradient) == numbers(dw[e]));
    }

    const auto answers = memory.normal(rows * k, width);
    const auto d = memory.normal(rows, width);
    const auto dslots = memory.result(rows * k, width);
    const auto dweights = memory.result(rows, k);
    device.combine_backward(to.groups, to.routes, answers, d, dslots, dweights);
    const auto combined = [&](const Doubles& at, const Doubles& weights) {
      Doubles out(rows * width);
      for (std::size_t i = 0; i < rows * k; ++i) {
        const auto slot = static_cast<std::size_t>(to.groups.slot_of_choice[i]);
        for (std::size_t c = 0; c < width; ++c) out[i / k * width + c] += weights[i] * at[slot * width + c];
      }
      return product(doubles(d.view), out);
    };
    Doubles weights;
    for (std::size_t i = 0; i < rows * k; ++i)
      weights.push_back(static_cast<double>(to.routes.view(i / k, i % k).weight));
    CHECK(difference(dslots.view, slopes(doubles(answers.view), [&](const Doubles& at) {
                       return combined(at, weights);
                     })) < adjoint_bound);
    CHECK(difference(dweights.view, slopes(weights, [&](const Doubles& at) {
                       return combined(doubles(answers.view), at);
                     })) < adjoint_bound);

    const auto back = memory.normal(rows, width);
    const Doubles before = doubles(back.view);
    device.gather_backward(to.groups, to.routes, dslots, back);
    Doubles expected = before;
    for (std::size_t slot = 0; slot < rows * k; ++slot) {
      for (std::size_t c = 0; c < width; ++c) {
        expected[static_cast<std::size_t>(to.groups.source_row[slot]) * width + c] +=
            static_cast<double>(dslots.view(slot, c));
      }
    }
    CHECK(difference(back.view, expected) < adjoint_bound);
  }
}

/// Norms, biases, activations, rotation.
template <class Device>
void row_gradients(Device& device) {
  using namespace detail;
  test::DeviceMemory<Device> memory(device);
  for (const auto& size : {std::tuple{1U, 1U}, std::tuple{5U, 8U}, std::tuple{70U, 13U}, std::tuple{130U, 24U}}) {
    const std::size_t rows = std::get<0>(size), width = std::get<1>(size);
    CAPTURE(rows);
    const auto x = memory.normal(rows, width);
    const auto dy = memory.normal(rows, width);
    const auto w = memory.normal(1, width);
    const auto dx = memory.normal(rows, width);
    const auto dw = memory.normal(1, width);
    const auto plus = [](Doubles a, const Doubles& b) {
      for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
      return a;
    };
    Doubles expected = plus(
        slopes(doubles(x.view),
               [&](const Doubles& at) { return product(doubles(dy.view), naive_rms_norm(at, doubles(w.view))); }),
        doubles(dx.view));
    const Doubles expected_w = plus(
        slopes(doubles(w.view),
               [&](const Doubles& at) { return product(doubles(dy.view), naive_rms_norm(doubles(x.view), at)); }),
        doubles(dw.view));
    device.rms_norm_backward(x, w, 1e-3F, dy, dx, dw);
    CHECK(difference(dx.view, expected) < adjoint_bound);
    CHECK(difference(dw.view, expected_w) < adjoint_bound);

    Doubles sums = doubles(w.view);
    for (std::size_t i = 0; i < dy.rows() * dy.cols(); ++i)
      sums[i % dy.cols()] += static_cast<double>(dy.view.data[i]);
    device.bias_backward(dy, w);
    CHECK(difference(w.view, sums) < adjoint_bound);
    device.sum_rows(dy, dw);
    device.clear(w);
    device.bias_backward(dy, w);
    CHECK(doubles(dw.view) == doubles(w.view));

    const auto gate = memory.normal(rows, width, 3);
    const auto up = memory.normal(rows, width);
    const auto gated = [&](const Doubles& g, const Doubles& u) {
      double out = 0;
      for (std::size_t i = 0; i < g.size(); ++i)
        out += static_cast<double>(dy.view.data[i]) * g[i] / (1 + std::exp(-g[i])) * u[i];
      return out;
    };
    const Doubles of_gate =
        slopes(doubles(gate.view), [&](const Doubles& at) { return gated(at, doubles(up.view)); });
    const Doubles of_up =
        slopes(doubles(up.view), [&](const Doubles& at) { return gated(doubles(gate.view), at); });
    device.silu_multiply_backward(dy, gate, up);
    CHECK(difference(gate.view, of_gate) < adjoint_bound);
    CHECK(difference(up.view, of_up) < adjoint_bound);

    const auto passed = memory.normal(rows, width);
    device.relu(passed, passed);
    Doubles cut = doubles(dy.view);
    for (std::size_t i = 0; i < cut.size(); ++i) cut[i] *= passed.view.data[i] > 0 ? 1 : 0;
    device.relu_backward(passed, dy);
    CHECK(doubles(dy.view) == cut);
  }
  // A rotation keeps lengths and angles: <R x, y> = <x, R' y>.
  const auto tables = memory.result(9, 6);
  device.rotary_tables(2, linalg::Rope{.theta = 100}, tables);
  const auto x = memory.normal(9, 16);
  const auto y = memory.normal(9, 16);
  const Doubles x_before = doubles(x.view);
  const Doubles y_before = doubles(y.view);
  device.rotate(tables, 8, x);
  device.rotate_backward(tables, 8, y);
  CHECK(product(doubles(x.view), y_before) == doctest::Approx(product(x_before, doubles(y.view))).epsilon(1e-5));
  CHECK(doubles(y.view) != y_before);
}

/// Attention within sequences of one row and of more than a block, with and without a window, heads sharing keys.
template <class Device>
void attention_gradients(Device& device) {
  using namespace detail;
  for (const NaiveAttention& naive : {NaiveAttention{1, 1, 4, 0, {1}}, NaiveAttention{4, 2, 6, 0, {3, 4, 60}},
                                      NaiveAttention{2, 2, 5, 7, {20, 71}}, NaiveAttention{3, 1, 8, 1, {9}}}) {
    test::DeviceMemory<Device> memory(device);
    const auto n = std::size_t{naive.ends.back()};
    CAPTURE(n);
    const auto q = memory.normal(n, naive.heads * naive.width);
    const auto k = memory.normal(n, naive.kv_heads * naive.width);
    const auto v = memory.normal(n, naive.kv_heads * naive.width);
    const auto out = memory.result(n, q.cols());
    const auto d = memory.normal(n, q.cols());
    const auto dq = memory.result(n, q.cols());
    const auto dk = memory.result(n, k.cols());
    const auto dv = memory.result(n, k.cols());
    const backend::Sequences sequences{naive.ends};
    const Doubles qs = doubles(q.view), ks = doubles(k.view), vs = doubles(v.view), ds = doubles(d.view);
    device.attend_packed(q, k, v, naive.width, sequences, naive.window, out);
    CHECK(difference(out.view, naive(qs, ks, vs)) < adjoint_bound);
    device.attend_packed_backward(q, k, v, naive.width, sequences, naive.window, d, dq, dk, dv);
    // With one visible row gradients of scores are 0: compare with the largest of all.
    const double scale = *std::max_element(ds.begin(), ds.end());
    const auto close = [&](const backend::DeviceMatrix<float>& found, const Doubles& expected) {
      Doubles all = doubles(found.view);
      double most = 0;
      for (std::size_t i = 0; i < all.size(); ++i) most = test::worse(most, std::abs(all[i] - expected[i]));
      return most < adjoint_bound * scale;
    };
    CHECK(close(dq, slopes(qs, [&](const Doubles& at) { return product(ds, naive(at, ks, vs)); })));
    CHECK(close(dk, slopes(ks, [&](const Doubles& at) { return product(ds, naive(qs, at, vs)); })));
    CHECK(close(dv, slopes(vs, [&](const Doubles& at) { return product(ds, naive(qs, ks, at)); })));
  }
}

/// The loss, rows taken for it, embeddings, and the terms of routers.
template <class Device>
void loss_gradients(Device& device) {
  using namespace detail;
  test::DeviceMemory<Device> memory(device);
  const auto logits = memory.normal(3, 17, 4);
  const std::vector<TokenId> targets{0, 16, 5};
  const std::vector<float> weights{0.5F, 0.0F, 2.0F};
  const auto results = memory.result(2, 3);
  const Doubles at_first = doubles(logits.view);
  const auto loss = [&](const Doubles& at) {
    double out = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      double total = 0;
      for (std::size_t c = 0; c < 17; ++c) total += std::exp(at[i * 17 + c]);
      out +=
          static_cast<double>(weights[i]) * (std::log(total) - at[i * 17 + static_cast<std::size_t>(targets[i])]);
    }
    return out;
  };
  device.cross_entropy(logits, targets, weights, results);
  CHECK(difference(logits.view, slopes(at_first, loss)) < adjoint_bound);
  CHECK(static_cast<double>(results.view(0, 0) + results.view(0, 1) + results.view(0, 2)) ==
        doctest::Approx(loss(at_first)).epsilon(1e-5));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto row = at_first.begin() + static_cast<std::ptrdiff_t>(17 * i);
    CHECK(results.view(1, i) == (std::max_element(row, row + 17) - row == targets[i] ? 1.0F : 0.0F));
  }
  const std::vector<TokenId> beyond{0, 17, 5};
  CHECK_THROWS_AS(device.cross_entropy(logits, beyond, weights, results), InvalidArgument);

  const auto x = memory.normal(6, 4);
  const auto taken = memory.result(2, 4);
  const std::vector<std::int32_t> rows{1, 4};
  device.take_rows(x, rows, taken);
  CHECK(doubles(taken.view.rows_at(1, 1)) == doubles(x.view.rows_at(4, 1)));
  device.take_rows_backward(taken, rows, x);
  Doubles expected(24);
  for (std::size_t c = 0; c < 4; ++c) {
    expected[4 + c] = static_cast<double>(taken.view(0, c));
    expected[16 + c] = static_cast<double>(taken.view(1, c));
  }
  CHECK(doubles(x.view) == expected);

  const auto table = memory.template weights<quant::Float32>(5, 19, 0);
  const auto dy = memory.normal(4, 19);
  const std::vector<TokenId> ids{3, 0, 3, 3};
  device.embed_backward(ids, dy, table);
  const MatrixView<float> gradient(reinterpret_cast<float*>(table.data), 5, 19);
  Doubles sums(5 * 19);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t c = 0; c < 19; ++c)
      sums[static_cast<std::size_t>(ids[i]) * 19 + c] += static_cast<double>(dy.view(i, c));
  }
  CHECK(difference(gradient, sums) < adjoint_bound);
}

/// What is told of a router, and the gradient of the loss of large scores.
template <class Device>
void router_gradients(Device& device) {
  using namespace detail;
  test::DeviceMemory<Device> memory(device);
  const auto scores = memory.normal(5, 7, 3);
  const auto probabilities = memory.result(5, 7);
  const auto terms = memory.result(5, 2);
  Doubles wanted;
  for (std::size_t i = 0; i < 5; ++i) {
    double total = 0;
    for (const float score : scores.view.row(i)) total += std::exp(static_cast<double>(score));
    double entropy = 0;
    for (std::size_t e = 0; e < 7; ++e) {
      const double p = e == 2 ? 0 : std::exp(static_cast<double>(scores.view(i, e))) / total;
      probabilities.view(i, e) = static_cast<float>(p);
      entropy -= p > 0 ? p * std::log(p) : 0;
    }
    wanted.push_back(std::log(total));
    wanted.push_back(entropy);
  }
  device.router_terms(scores, probabilities, terms);
  CHECK(difference(terms.view, wanted) < adjoint_bound);

  const auto dscores = memory.normal(5, 7);
  Doubles expected = doubles(dscores.view);
  for (std::size_t i = 0; i < 5; ++i) {
    const auto loss = [&](std::size_t moved, double by) {
      double total = 0;
      for (std::size_t e = 0; e < 7; ++e)
        total += std::exp(static_cast<double>(scores.view(i, e)) + (e == moved ? by : 0));
      return std::log(total) * std::log(total);
    };
    for (std::size_t e = 0; e < 7; ++e) expected[i * 7 + e] += 0.25 * (loss(e, 1e-5) - loss(e, -1e-5)) / 2e-5;
  }
  device.z_loss_backward(scores, terms, 0.5F, dscores);
  CHECK(difference(dscores.view, expected) < adjoint_bound);
}

/// Choices are counted, and those of full experts dropped, later rows first; the rest is dispatched as if they were not
/// there, both ways.
template <class Device>
void choices_beyond_a_capacity(Device& device) {
  using namespace detail;
  test::DeviceMemory<Device> memory(device);
  constexpr std::size_t rows = 9, k = 2, experts = 4, cols = 5;
  const auto routes = memory.template matrix<gating::Route>(rows, k, {});
  const std::int32_t chosen[rows][k] = {{0, 1}, {0, 2}, {0, 1}, {2, 0}, {0, 3}, {1, 0}, {2, 1}, {0, 2}, {1, 2}};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < k; ++j) routes.view(i, j) = {chosen[i][j], 0.25F + 0.5F * static_cast<float>(j)};
  }
  const auto counts = memory.template matrix<std::int32_t>(1, experts, 0);
  const auto left = memory.template matrix<std::int32_t>(1, experts, 0);
  device.count_choices(routes, counts);
  const std::int32_t wanted_counts[] = {7, 5, 5, 1};
  for (std::size_t e = 0; e < experts; ++e) CHECK(counts.view(0, e) == wanted_counts[e]);
  device.drop_beyond(3, left, routes);
  std::int32_t kept[experts] = {};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      const std::int32_t expert = chosen[i][j];
      CHECK(routes.view(i, j).expert == (kept[expert] < 3 ? expert : gating::dropped));
      ++kept[expert];
    }
  }

  const auto offsets = memory.template matrix<std::int32_t>(1, experts + 1, 0);
  const auto sources = memory.template matrix<std::int32_t>(1, rows * k, 0);
  const auto slots = memory.template matrix<std::int32_t>(1, rows * k, 0);
  const backend::ExpertGroups groups{.offsets = offsets.view.row(0),
                                     .source_row = sources.view.row(0),
                                     .slot_of_choice = slots.view.row(0),
                                     .device = device.device()};
  device.group(routes, groups);
  const std::int32_t wanted_offsets[] = {0, 3, 6, 9, 10};
  for (std::size_t e = 0; e <= experts; ++e) CHECK(offsets.view(0, e) == wanted_offsets[e]);
  const auto x = memory.normal(rows, cols);
  const auto gathered = memory.result(rows * k, cols);
  device.gather(groups, x, gathered);
  const auto sum = memory.result(rows, cols);
  const auto dslots = memory.result(rows * k, cols);
  const auto dweights = memory.result(rows, k);
  const auto dx = memory.result(rows, cols);
  device.clear(sum);
  device.clear(dx);
  device.combine(groups, routes, gathered, sum);
  device.combine_backward(groups, routes, gathered, x, dslots, dweights);
  device.gather_backward(groups, routes, gathered, dx);
  for (std::size_t i = 0; i < rows; ++i) {
    float weight = 0;
    float times = 0;
    for (std::size_t j = 0; j < k; ++j) {
      const bool is_kept = routes.view(i, j).expert != gating::dropped;
      weight += is_kept ? routes.view(i, j).weight : 0.0F;
      times += is_kept ? 1.0F : 0.0F;
      if (!is_kept) CHECK(dweights.view(i, j) == 0);
    }
    for (std::size_t c = 0; c < cols; ++c) {
      CHECK(sum.view(i, c) == doctest::Approx(weight * x.view(i, c)).epsilon(1e-6));
      CHECK(dx.view(i, c) == doctest::Approx(times * x.view(i, c)).epsilon(1e-6));
    }
  }
}

/// Gradients in a narrower type: what Float32 would have been given, added to what is there and rounded once; of
/// experts without rows none; over several pieces of the memory that was reserved.
template <class Format, class Device>
void narrow_gradients(Device& device) {
  using quant::Float32;
  test::DeviceMemory<Device> memory(device);
  const auto values_of = [](const auto& weights) {
    using Stored = typename std::remove_cvref_t<decltype(weights)>::Format;
    std::vector<float> out(static_cast<std::size_t>(weights.rows * weights.cols));
    Stored::decode(weights.matrix(), 0, out);
    return out;
  };
  const auto check = [&](const backend::DeviceWeights<Format>& narrow, const auto& add_to) {
    const std::vector<float> before = values_of(narrow);
    const auto exact = memory.template weights<Float32>(narrow.rows, narrow.cols, 0);
    add_to(exact);
    std::vector<float> expected = values_of(exact);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += before[i];
    const auto rounded = memory.template weights<Format>(narrow.rows, narrow.cols);
    Format::encode(quant::FloatWeights{expected}, narrow.rows, narrow.cols, rounded.data);
    add_to(narrow);
    CHECK(values_of(narrow) == values_of(rounded));
    CHECK(values_of(narrow) != before);
  };
  const auto x = memory.normal(70, 17);
  const auto dy = memory.normal(70, 31);
  check(memory.template weights<Format>(31, 17), [&](const auto& to) { device.weight_gradient(dy, x, to); });

  std::vector<std::int32_t> offsets{0, 20, 20, 21, 70}, places(70);
  const backend::ExpertGroups groups{
      .offsets = offsets, .source_row = places, .slot_of_choice = places, .device = device.device()};
  std::vector<backend::DeviceWeights<Format>> narrow;
  std::vector<backend::DeviceWeights<Float32>> exact;
  std::vector<std::vector<float>> before;
  for (std::size_t e = 0; e < 4; ++e) {
    narrow.push_back(memory.template weights<Format>(31, 17));
    exact.push_back(memory.template weights<Float32>(31, 17, 0));
    before.push_back(values_of(narrow[e]));
  }
  device.template grouped_weight_gradient<Format>(groups, dy, x, narrow);
  device.template grouped_weight_gradient<Float32>(groups, dy, x, exact);
  for (std::size_t e = 0; e < 4; ++e) {
    CAPTURE(e);
    std::vector<float> expected = values_of(exact[e]);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += before[e][i];
    const auto rounded = memory.template weights<Format>(31, 17);
    Format::encode(quant::FloatWeights{expected}, 31, 17, rounded.data);
    CHECK(values_of(narrow[e]) == values_of(rounded));
    CHECK((values_of(narrow[e]) == before[e]) == (e == 1));
  }

  const std::vector<TokenId> ids{3, 0, 3, 3, 4, 0};
  check(memory.template weights<Format>(5, 70),
        [&, d = memory.normal(6, 70)](const auto& to) { device.embed_backward(ids, d, to); });
}

/// Numbers go to a type of 2 bytes and back as simd::store_floats has it.
template <class Device>
void stored_numbers(Device& device) {
  test::DeviceMemory<Device> memory(device);
  for (const quant::FloatStorage storage : {quant::FloatStorage::bfloat16, quant::FloatStorage::float16}) {
    const auto x = memory.normal(3, 12345);
    const auto stored = memory.template matrix<std::uint16_t>(3, 12345, 0);
    const auto back = memory.result(3, 12345);
    device.store_floats(x, storage, stored);
    device.load_floats(stored, storage, back);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 3 * 12345; ++i) {
      const float value = x.view.data[i];
      const float expected = storage == quant::FloatStorage::bfloat16
                                 ? quant::float_from_bfloat16(quant::bfloat16_from_float(value))
                                 : quant::float_from_float16(quant::float16_from_float(value));
      wrong += back.view.data[i] == expected ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK_THROWS_WITH_AS(device.store_floats(x, quant::FloatStorage::float32, stored),
                         doctest::Contains("store_floats"), InvalidArgument);
  }
}

/// The bits of sums over rows are those of one thread.
template <class Make>
void gradients_keep_bits(const Make& make) {
  std::vector<std::vector<float>> results;
  for (const std::size_t threads : {1, 2, 3, 8}) {
    auto device = make(threads);
    test::DeviceMemory<std::remove_reference_t<decltype(*device)>> memory(*device);
    const auto x = memory.normal(600, 64);
    const auto dy = memory.normal(600, 64);
    const auto w = memory.normal(1, 64);
    const auto dx = memory.normal(600, 64);
    const auto dw = memory.normal(1, 64);
    const auto matrix = memory.template weights<quant::Float32>(64, 64);
    const std::vector<std::uint32_t> ends{300, 301, 600};
    device->rms_norm_backward(x, w, 1e-5F, dy, dx, dw);
    device->weight_gradient(dy, x, matrix);
    const auto dk = memory.result(600, 32);
    const auto dv = memory.result(600, 32);
    const auto kv = memory.normal(600, 32);
    const auto dq = memory.result(600, 64);
    device->attend_packed_backward(x, kv, kv, 16, backend::Sequences{ends}, 0, dy, dq, dk, dv);
    std::vector<float> all(dx.view.data, dx.view.data + 600 * 64);
    all.insert(all.end(), dw.view.data, dw.view.data + 64);
    const auto* values = reinterpret_cast<const float*>(matrix.data);
    all.insert(all.end(), values, values + 64 * 64);
    for (const auto& part : {dq, dk, dv})
      all.insert(all.end(), part.view.data, part.view.data + part.rows() * part.cols());
    results.push_back(all);
  }
  for (const auto& result : results) {
    CHECK(std::memcmp(result.data(), results[0].data(), result.size() * sizeof(float)) == 0);
  }
}

/// All laws; make(threads) returns a pointer to a device.
template <class Make>
void adjoint(const Make& make) {
  const auto device = make(2);
  static_assert(backend::Adjoint<std::remove_reference_t<decltype(*device)>>);
  product_gradients(*device);
  dispatch_gradients(*device);
  row_gradients(*device);
  attention_gradients(*device);
  loss_gradients(*device);
  router_gradients(*device);
  choices_beyond_a_capacity(*device);
  narrow_gradients<quant::BFloat16>(*device);
  narrow_gradients<quant::Float16>(*device);
  stored_numbers(*device);
  gradients_keep_bits(make);
}

}  // namespace asterism::laws
