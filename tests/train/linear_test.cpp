// Linear maps beside adapters, over weights that learn and over frozen ones, against plain loops in double.
#include "asterism/train/linear.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/training_host.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"

#include "laws/adjoint_laws.hpp"
#include "support/device_memory.hpp"
#include "support/slopes.hpp"

using namespace asterism;
using backend::Into;
using laws::adjoint_bound;
using test::difference;
using test::Doubles;
using test::doubles;
using test::slopes;

namespace {

constexpr std::size_t cols = 64, outputs = 19, rows = 7, rank = 3;
constexpr float scale = 0.75F;

/// Unpacks three rows of weights at a time.
std::unique_ptr<backend::TrainingHost> host() {
  auto out = std::make_unique<backend::TrainingHost>(0, 64_MiB, std::make_shared<parallel::Threads>(2));
  out->reserve_training({.rows = 64, .cols = 64, .longest = 64, .threads = 2, .unpacked = 3 * cols + 5});
  return out;
}

template <class Format>
Doubles decoded(const backend::DeviceWeights<Format>& weights) {
  std::vector<float> values(static_cast<std::size_t>(weights.rows * weights.cols));
  for (std::size_t i = 0; i < weights.rows; ++i) {
    quant::decode(weights.kernel_matrix(), i * weights.cols,
                  View<float>(values).subview(i * weights.cols, weights.cols));
  }
  return {values.begin(), values.end()};
}

MatrixView<const float> view(const backend::DeviceWeights<quant::Float32>& weights) {
  return {reinterpret_cast<const float*>(weights.data), weights.rows, weights.cols};
}

template <class Memory>
expert::LowRank low_rank(Memory& memory, float size) {
  return {memory.template weights<quant::Float32>(rank, cols, size),
          memory.template weights<quant::Float32>(outputs, rank, size), scale};
}

/// <dy, W x + scale B (A x)>.
double loss(const Doubles& x, const Doubles& w, const Doubles& a, const Doubles& b, const Doubles& dy) {
  const Doubles inner = laws::detail::naive_product(x, a, cols);
  const Doubles narrow = laws::detail::naive_product(inner, b, rank);
  const Doubles wide = laws::detail::naive_product(x, w, cols);
  double out = 0;
  for (std::size_t i = 0; i < dy.size(); ++i) out += dy[i] * (wide[i] + static_cast<double>(scale) * narrow[i]);
  return out;
}

template <class Format>
void check_linear() {
  const auto device = host();
  test::DeviceMemory<backend::TrainingHost> memory(*device);
  train::Linear<Format> linear{.weights = memory.template weights<Format>(outputs, cols),
                               .gradient = {},
                               .adapter = low_rank(memory, 1),
                               .adapter_gradient = low_rank(memory, 0)};
  const train::LowRankWork work{memory.result(rows, rank), memory.result(rows, rank)};
  const auto x = memory.normal(rows, cols);
  const auto y = memory.result(rows, outputs);
  const auto dy = memory.normal(rows, outputs);
  const auto dx = memory.result(rows, cols);
  const Doubles w = decoded(linear.weights), a = doubles(view(linear.adapter.a)),
                b = doubles(view(linear.adapter.b));
  linear.forward(*device, x, work, y);
  CHECK(test::product(doubles(y.view), doubles(dy.view)) ==
        doctest::Approx(loss(doubles(x.view), w, a, b, doubles(dy.view))).epsilon(1e-5));
  linear.backward(*device, x, dy, work, Into::overwrite, dx);
  Doubles expected =
      slopes(doubles(x.view), [&](const Doubles& at) { return loss(at, w, a, b, doubles(dy.view)); });
  CHECK(difference(dx.view, expected) < adjoint_bound);
  CHECK(difference(view(linear.adapter_gradient.a), slopes(a, [&](const Doubles& at) {
                     return loss(doubles(x.view), w, at, b, doubles(dy.view));
                   })) < adjoint_bound);
  CHECK(difference(view(linear.adapter_gradient.b), slopes(b, [&](const Doubles& at) {
                     return loss(doubles(x.view), w, a, at, doubles(dy.view));
                   })) < adjoint_bound);
  linear.backward(*device, x, dy, work, Into::add, dx);
  for (double& value : expected) value *= 2;
  CHECK(difference(dx.view, expected) < adjoint_bound);
}

/// Each expert as a map of its own, on its slots.
template <class Format>
void check_grouped(bool with_adapters) {
  constexpr std::size_t experts = 4, slots = 24;
  const auto device = host();
  test::DeviceMemory<backend::TrainingHost> memory(*device);
  std::vector<std::int32_t> offsets{0, 9, 9, 10, 24}, places(slots);
  for (std::size_t i = 0; i < slots; ++i) places[i] = static_cast<std::int32_t>(i);
  const backend::ExpertGroups groups{
      .offsets = offsets, .source_row = places, .slot_of_choice = places, .device = device->device()};
  train::GroupedLinear<Format> all;
  std::vector<train::Linear<Format>> alone;
  for (std::size_t e = 0; e < experts; ++e) {
    alone.push_back({.weights = memory.template weights<Format>(outputs, cols),
                     .gradient = {},
                     .adapter = with_adapters ? low_rank(memory, 1) : expert::LowRank{},
                     .adapter_gradient = with_adapters ? low_rank(memory, 0) : expert::LowRank{}});
    all.add(alone[e].weights, alone[e].adapter, with_adapters ? low_rank(memory, 0) : expert::LowRank{});
  }
  const train::LowRankWork work{memory.result(slots, rank), memory.result(slots, rank)};
  const auto x = memory.normal(slots, cols);
  const auto y = memory.result(slots, outputs);
  const auto one = memory.result(slots, outputs);
  const auto dy = memory.normal(slots, outputs);
  const auto dx = memory.result(slots, cols);
  const auto dx_alone = memory.result(slots, cols);
  all.forward(*device, groups, x, work, y);
  all.backward(*device, groups, x, dy, work, Into::overwrite, dx);
  for (std::size_t e = 0; e < experts; ++e) {
    CAPTURE(e);
    const auto first = static_cast<std::size_t>(offsets[e]);
    const auto count = static_cast<std::size_t>(offsets[e + 1]) - first;
    if (count == 0) continue;
    const auto part = [&](const auto& of) { return of.rows_at(first, count); };
    alone[e].forward(*device, part(x), work, part(one));
    alone[e].backward(*device, part(x), part(dy), work, Into::overwrite, part(dx_alone));
    if (with_adapters) {
      CHECK(difference(view(backend::DeviceWeights<quant::Float32>(all.a_gradient[e])),
                       doubles(view(alone[e].adapter_gradient.a))) < adjoint_bound);
      CHECK(difference(view(all.b_gradient[e]), doubles(view(alone[e].adapter_gradient.b))) < adjoint_bound);
    }
  }
  CHECK(difference(y.view, doubles(one.view)) < adjoint_bound);
  CHECK(difference(dx.view, doubles(dx_alone.view)) < adjoint_bound);
}

}  // namespace

TEST_CASE("a map and its adapter learn over weights in any format, unpacked piece by piece") {
  check_linear<quant::Float32>();
  check_linear<quant::BFloat16>();
  check_linear<quant::Int8<32>>();
  check_linear<quant::Nf4<64, quant::DoubleQuantized>>();
}

TEST_CASE("experts' maps are each their own") {
  for (const bool with_adapters : {false, true}) {
    check_grouped<quant::Float32>(with_adapters);
    check_grouped<quant::Nf4<64, quant::DoubleQuantized>>(with_adapters);
  }
}

TEST_CASE("a row that has no room is an error") {
  const auto device = std::make_unique<backend::TrainingHost>(0, 64_MiB, std::make_shared<parallel::Threads>(1));
  device->reserve_training({.rows = 8, .cols = 64, .longest = 8, .threads = 1, .unpacked = cols - 1});
  test::DeviceMemory<backend::TrainingHost> memory(*device);
  const auto weights = memory.weights<quant::BFloat16>(outputs, cols);
  const auto dy = memory.normal(2, outputs);
  const auto dx = memory.result(2, cols);
  CHECK_THROWS_WITH_AS(device->product_backward(weights, dy, Into::overwrite, dx),
                       doctest::Contains("TrainingExtent::unpacked"), InvalidArgument);
}
