// A layer of experts against a naive dense mixture in double, row by row, and the bytes that it draws.
#include "asterism/constellation/constellation.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/expert/feed_forward.hpp"
#include "asterism/expert/swiglu.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
template <class Q>
using Layer = constellation::Constellation<expert::SwiGlu<Q>, gating::SoftmaxTopK, expert::FeedForward<Q>>;

constexpr Shape shape{.hidden = 40, .ffn = 56, .experts = 6, .top_k = 2};
constexpr Shape with_shared = [] {
  Shape out = shape;
  out.shared_ffn = 24;
  return out;
}();
const gating::SoftmaxTopK choice(6, 2);

static_assert(Layer<Nf4>::router_bytes(shape) == Bytes{aligned(6 * 40 * 4)});
static_assert(Layer<Nf4>::router_bytes(with_shared) == Bytes{aligned(6 * 40 * 4) + aligned(40 * 4)});

// A layer with random weights and room for passes of `rows` rows.
template <class Q, class Host>
struct OnHost {
  Host& host;
  test::DeviceMemory<Host> memory;
  Layer<Q> layer;
  backend::Buffer buffer;
  typename Layer<Q>::Scratch scratch;

  OnHost(Host& on, std::size_t rows, const Shape& of = shape) : host(on), memory(on), layer(on, of, choice) {
    memory.encode(layer.router());
    if (of.shared_ffn > 0) {
      memory.encode(layer.shared_gate(), 0.3F);
      const auto& shared = layer.shared_expert().slab();
      for (const auto* matrix : {&shared.gate, &shared.up, &shared.down}) memory.encode(*matrix, 0.2F);
    }
    for (std::size_t e = 0; e < layer.experts(); ++e) {
      for (const auto* matrix : {&layer.expert(e).gate, &layer.expert(e).up, &layer.expert(e).down}) {
        memory.encode(*matrix, 0.2F);
      }
    }
    backend::Layout measure;
    Layer<Q>::Scratch::lay_out(measure, of, rows);
    buffer = on.allocate(measure.used(), "workspace");
    backend::Layout cursor(buffer);
    scratch = Layer<Q>::Scratch::lay_out(cursor, of, rows);
    CHECK(cursor.used() == buffer.size());
  }
};

struct Choice {
  std::size_t expert;
  double weight;
};

// Softmax over all experts, the two most probable, their probabilities divided by their sum.
std::vector<Choice> choose(const std::vector<double>& logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  const double first = std::exp(logits[order[0]]);
  const double second = std::exp(logits[order[1]]);
  return {{order[0], first / (first + second)}, {order[1], second / (first + second)}};
}

template <class Q, class Slab>
std::vector<double> swiglu(const Slab& slab, std::size_t ffn, const std::vector<float>& x) {
  std::vector<double> inner = naive::product(test::decoded(slab.gate), ffn, x);
  const std::vector<double> up = naive::product(test::decoded(slab.up), ffn, x);
  for (std::size_t k = 0; k < inner.size(); ++k) inner[k] = naive::silu(inner[k]) * up[k];
  return naive::product(test::decoded(slab.down), 40, inner);
}

}  // namespace

TEST_CASE_TEMPLATE("forward is the naive mixture of the chosen experts, and of the shared one", Q, quant::Float32,
                   Nf4) {
  for (const Shape& of : {shape, with_shared}) {
    CAPTURE(of.shared_ffn);
    backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
    OnHost<Q, backend::SerialHost> on(host, 20, of);
    const auto x = on.memory.normal(17, 40);
    const auto hidden = on.memory.normal(17, 40);
    const std::vector<float> before = test::values(hidden);
    const std::vector<float> router = test::decoded(on.layer.router());
    const auto routes = on.layer.forward(host, x, on.scratch, hidden);
    REQUIRE(routes.rows() == 17);
    REQUIRE(routes.cols() == 2);
    for (std::size_t i = 0; i < 17; ++i) {
      const std::vector<float> row(x.view.row(i).begin(), x.view.row(i).end());
      std::vector<double> expected(before.begin() + static_cast<std::ptrdiff_t>(i * 40),
                                   before.begin() + static_cast<std::ptrdiff_t>(i * 40 + 40));
      const std::vector<Choice> choices = choose(naive::product(router, 6, row));
      for (std::size_t j = 0; j < 2; ++j) {
        CHECK(routes.view(i, j).expert == static_cast<std::int32_t>(choices[j].expert));
        CHECK(std::fabs(routes.view(i, j).weight - choices[j].weight) < 1e-5);
        const std::vector<double> answer = swiglu<Q>(on.layer.expert(choices[j].expert), 56, row);
        for (std::size_t c = 0; c < 40; ++c) expected[c] += choices[j].weight * answer[c];
      }
      if (of.shared_ffn > 0) {
        const double z = naive::product(test::decoded(on.layer.shared_gate()), 1, row)[0];
        const std::vector<double> answer = swiglu<Q>(on.layer.shared_expert().slab(), 24, row);
        for (std::size_t c = 0; c < 40; ++c) expected[c] += answer[c] / (1 + std::exp(-z));
      }
      for (std::size_t c = 0; c < 40; ++c) CHECK(std::fabs(hidden.view(i, c) - expected[c]) < 1e-4);
    }
  }
}

TEST_CASE_TEMPLATE("rows are independent of their neighbours, and threads change no bit", Q, quant::Float32, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  OnHost<Q, backend::SerialHost> on(host, 17, with_shared);
  const auto x = on.memory.normal(17, 40);
  const auto hidden = on.memory.matrix(17, 40, 0.0F);
  on.layer.forward(host, x, on.scratch, hidden);
  for (std::size_t i = 0; i < 17; ++i) {
    const auto alone = on.memory.matrix(1, 40, 0.0F);
    on.layer.forward(host, x.rows_at(i, 1), on.scratch, alone);
    CHECK(test::same_bits(alone.view.row(0), hidden.view.row(i)));
  }
  backend::Host three(0, 16_MiB, std::make_shared<parallel::Threads>(3));
  OnHost<Q, backend::Host> threaded(three, 17, with_shared);  // the same seed, the same weights
  const auto same_x = threaded.memory.normal(17, 40);
  CHECK(test::same_bits(test::values(same_x), test::values(x)));
  const auto same = threaded.memory.matrix(17, 40, 0.0F);
  threaded.layer.forward(three, same_x, threaded.scratch, same);
  CHECK(test::same_bits(test::values(same), test::values(hidden)));
}

TEST_CASE("a shared expert is drawn beside the others") {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  const Layer<Nf4> layer(host, with_shared, choice);
  CHECK(host.arena().held_by("shared expert") == expert::FeedForward<Nf4>::footprint(40, 24));
  CHECK(host.arena().held_by("routers") == Layer<Nf4>::router_bytes(with_shared));
}

TEST_CASE_TEMPLATE("the footprint is what is drawn, and a pass draws nothing", Q, quant::Float32, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  const Bytes expected = Layer<Q>::router_bytes(shape) + expert::SwiGlu<Q>(shape).footprint() * 6;
  {
    const Layer<Q> layer(host, shape, choice);
    CHECK(host.arena().used() == expected);
    CHECK(layer.experts() == 6);
  }
  CHECK(host.arena().used() == 0_B);
  backend::SerialHost tight(0, expected, std::make_shared<parallel::Serial>());
  const Layer<Q> fits(tight, shape, choice);
  backend::SerialHost smaller(0, expected - 64_B, std::make_shared<parallel::Serial>());
  CHECK_THROWS_AS((Layer<Q>(smaller, shape, choice)), BudgetExceeded);
  CHECK(smaller.arena().used() == 0_B);

  OnHost<Q, backend::SerialHost> on(host, 4);
  const auto x = on.memory.normal(4, 40);
  const auto hidden = on.memory.normal(4, 40);
  const std::uint64_t before = host.arena().allocations();
  on.layer.forward(host, x, on.scratch, hidden);
  CHECK(host.arena().allocations() == before);
}

TEST_CASE("each expert has a slab of its own, one contiguous piece") {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  const Layer<Nf4> layer(host, shape, choice);
  for (std::size_t e = 0; e < layer.experts(); ++e) {
    const auto& slab = layer.expert(e);
    CHECK(slab.gate.rows == 56);
    CHECK(slab.down.rows == 40);
    CHECK(slab.up.data == slab.gate.data + Nf4::planes(56, 40).bytes().count);
    CHECK(slab.down.data == slab.up.data + Nf4::planes(56, 40).bytes().count);
  }
}
