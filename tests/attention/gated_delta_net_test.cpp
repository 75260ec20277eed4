// A layer of Gated DeltaNet against double: projections, convolution, delta rule, norm and gate; its bits in any cut of
// a prompt; and the bytes that it draws.
#include "asterism/attention/gated_delta_net.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/recurrent_state.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/device_memory.hpp"
#include "support/golden.hpp"
#include "support/naive.hpp"
#include "support/relative_difference.hpp"
#include "support/rows.hpp"

using namespace asterism;
using attention::GatedDeltaNet;
using attention::RecurrentState;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
constexpr std::size_t n = 23;
constexpr std::size_t hidden = 40;

/// Three value heads for each of two key heads, keys narrower than values.
constexpr Shape shape{
    .hidden = 40,
    .layers = 2,
    .linear_layers = LayerSet::range(1, 2),
    .delta_net = {.key_heads = 2, .value_heads = 6, .key_width = 7, .value_width = 10, .kernel = 4},
    .rms_epsilon = 1e-2};
constexpr Shape without = [] {
  Shape out = shape;
  out.linear_layers = {};
  return out;
}();

template <class Q>
constexpr bool has_no_scratch() {
  backend::Layout cursor;
  GatedDeltaNet<Q>::Scratch::lay_out(cursor, without, n);
  return cursor.used() == Bytes{};
}
static_assert(has_no_scratch<Nf4>());
static_assert(GatedDeltaNet<quant::Float32>::layers(shape) == LayerSet::range(1, 2));

template <class Q, class Host>
struct OnHost {
  using Mixer = GatedDeltaNet<Q>;

  test::DeviceMemory<Host> memory;
  Mixer mixer;
  RecurrentState<3> state;
  backend::Buffer buffer;
  typename Mixer::Scratch scratch;
  backend::DeviceMatrix<float> x;

  explicit OnHost(Host& host) : memory(host), mixer(host, shape), state(host, shape, 0, 1) {
    const auto& slab = mixer.slab();
    for (const auto* matrix : {&slab.qkv, &slab.gate, &slab.beta_decay, &slab.output})
      memory.encode(*matrix, 0.3F);
    for (const auto* matrix : {&slab.convolution, &slab.decay_rate, &slab.decay_bias, &slab.norm})
      memory.fill(*matrix);
    for (float& rate : slab.decay_rate.view.row(0)) rate = -std::fabs(rate);
    backend::Layout measure;
    Mixer::Scratch::lay_out(measure, shape, n);
    buffer = host.allocate(measure.used(), "workspace");
    backend::Layout cursor(buffer);
    scratch = Mixer::Scratch::lay_out(cursor, shape, n);
    CHECK(cursor.used() == buffer.size());
    x = memory.normal(n, hidden);
  }

  struct Segment {
    RecurrentState<3>* own;
    std::size_t rows;

    const RecurrentState<3>& state(std::int32_t /*device*/) const { return *own; }
  };

  /// A pass that does not count yet.
  void pass(Host& host, RecurrentState<3>& of, std::size_t first, std::size_t count,
            backend::DeviceMatrix<float> out) {
    const std::vector<Segment> segments = {{&of, count}};
    mixer.forward(host, 0, segments, x.rows_at(first, count), {}, scratch, out);
  }
  void forward(Host& host, std::size_t first, std::size_t count, backend::DeviceMatrix<float> out) {
    pass(host, state, first, count, out);
    state.advance(first + count);
  }
};

/// Step by step as formulas, in double.
template <class Slab>
std::vector<std::vector<double>> reference(const std::vector<std::vector<float>>& rows, const Slab& slab) {
  const DeltaNetSizes& sizes = shape.delta_net;
  const auto key_heads = static_cast<std::size_t>(sizes.key_heads);
  const auto heads = static_cast<std::size_t>(sizes.value_heads);
  const auto key = static_cast<std::size_t>(sizes.key_width);
  const auto value = static_cast<std::size_t>(sizes.value_width);
  const auto kernel = static_cast<std::size_t>(sizes.kernel);
  const auto channels = static_cast<std::size_t>(sizes.channels());
  const std::size_t shared = heads / key_heads;
  const std::vector<float> qkv = test::decoded(slab.qkv);
  const std::vector<float> gate = test::decoded(slab.gate);
  const std::vector<float> beta_decay = test::decoded(slab.beta_decay);
  const std::vector<float> output = test::decoded(slab.output);
  std::vector<std::vector<double>> inputs(kernel - 1, std::vector<double>(channels));
  std::vector<std::vector<double>> state(heads, std::vector<double>(key * value));
  std::vector<std::vector<double>> out;
  for (const std::vector<float>& x : rows) {
    inputs.push_back(naive::product(qkv, channels, x));
    std::vector<double> u(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t j = 0; j < kernel; ++j) {
        u[c] += double{slab.convolution.view(c, j)} * inputs[inputs.size() - kernel + j][c];
      }
      u[c] = naive::silu(u[c]);
    }
    const std::vector<double> z = naive::product(gate, heads * value, x);
    const std::vector<double> ba = naive::product(beta_decay, 2 * heads, x);
    std::vector<double> mixed;
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t of = head / shared;
      const auto unit = [&](std::size_t first, double scale) {
        std::vector<double> part(u.begin() + static_cast<std::ptrdiff_t>(first),
                                 u.begin() + static_cast<std::ptrdiff_t>(first + key));
        double squares = 1e-6;
        for (const double element : part) squares += element * element;
        for (double& element : part) element *= scale / std::sqrt(squares);
        return part;
      };
      const std::vector<double> q = unit(of * key, 1 / std::sqrt(static_cast<double>(key)));
      const std::vector<double> k = unit((key_heads + of) * key, 1);
      const double* v = u.data() + 2 * key_heads * key + head * value;
      const double b = ba[of * 2 * shared + head % shared];
      const double a = ba[of * 2 * shared + shared + head % shared];
      const double beta = 1 / (1 + std::exp(-b));
      const double decay = std::exp(double{slab.decay_rate.view(0, head)} *
                                    std::log1p(std::exp(a + double{slab.decay_bias.view(0, head)})));
      std::vector<double>& s = state[head];
      std::vector<double> answer(value);
      for (std::size_t c = 0; c < value; ++c) {
        double known = 0;
        for (std::size_t i = 0; i < key; ++i) known += (s[i * value + c] *= decay) * k[i];
        const double correction = beta * (v[c] - known);
        for (std::size_t i = 0; i < key; ++i) answer[c] += (s[i * value + c] += k[i] * correction) * q[i];
      }
      double squares = 0;
      for (const double element : answer) squares += element * element / static_cast<double>(value);
      for (std::size_t c = 0; c < value; ++c) {
        mixed.push_back(double{slab.norm.view(0, c)} * answer[c] / std::sqrt(squares + shape.rms_epsilon) *
                        naive::silu(z[head * value + c]));
      }
    }
    out.push_back(naive::product(output, hidden, mixed));
  }
  return out;
}

}  // namespace

TEST_CASE_TEMPLATE("forward equals the recurrence in double", Q, quant::Float32, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  OnHost<Q, backend::SerialHost> on(host);
  const auto out = on.memory.result(n, hidden);
  on.forward(host, 0, n, out);
  std::vector<std::vector<float>> x;
  for (std::size_t i = 0; i < n; ++i) x.emplace_back(on.x.view.row(i).begin(), on.x.view.row(i).end());
  const auto expected = reference(x, on.mixer.slab());
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < hidden; ++c)
      largest = std::max(largest, std::fabs(out.view(i, c) - expected[i][c]));
  }
  CHECK(largest < 2e-4);
}

TEST_CASE_TEMPLATE("chunks, single rows, threads, repeated passes and working in place change no bit", Q,
                   quant::Float32, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  OnHost<Q, backend::SerialHost> on(host);
  const auto at_once = on.memory.result(n, hidden);
  on.pass(host, on.state, 0, n, at_once);  // does not count
  const auto again = on.memory.result(n, hidden);
  on.pass(host, on.state, 0, n, again);
  CHECK(test::same_bits(test::values(again), test::values(at_once)));

  for (const std::size_t chunk : {1U, 2U, 3U, 5U, 22U}) {
    CAPTURE(chunk);
    RecurrentState<3> fresh(host, shape, 0, 1);
    const auto in_chunks = on.memory.result(n, hidden);
    for (std::size_t first = 0; first < n; first += chunk) {
      const std::size_t count = std::min<std::size_t>(chunk, n - first);
      on.pass(host, fresh, first, count, in_chunks.rows_at(first, count));
      fresh.advance(first + count);
    }
    CHECK(test::same_bits(test::values(in_chunks), test::values(at_once)));
  }

  backend::Host three(0, 16_MiB, std::make_shared<parallel::Threads>(3));
  OnHost<Q, backend::Host> threaded(three);  // the same seed, the same weights
  const auto with_threads = threaded.memory.result(n, hidden);
  threaded.forward(three, 0, n, with_threads);
  CHECK(test::same_bits(test::values(with_threads), test::values(at_once)));

  on.pass(host, on.state, 0, n, on.x);
  CHECK(test::same_bits(test::values(on.x), test::values(at_once)));
}

TEST_CASE_TEMPLATE("rows of several sequences in one pass have states of their own, to the bit", Q, quant::Float32,
                   Nf4) {
  using On = OnHost<Q, backend::SerialHost>;
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  On on(host);
  RecurrentState<3> second(host, shape, 0, 1);
  const auto alone = on.memory.result(n, hidden);
  on.pass(host, on.state, 0, 9, alone.rows_at(0, 9));
  on.pass(host, second, 9, 14, alone.rows_at(9, 14));
  const auto together = on.memory.result(n, hidden);
  const std::vector<typename On::Segment> segments = {{&on.state, 9}, {&second, 14}};
  on.mixer.forward(host, 0, segments, on.x, {}, on.scratch, together);
  CHECK(test::same_bits(test::values(together), test::values(alone)));
}

TEST_CASE_TEMPLATE("the footprint is what is drawn, and a pass draws nothing", Q, quant::Float32, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  {
    const GatedDeltaNet<Q> mixer(host, shape);
    CHECK(host.arena().used() == GatedDeltaNet<Q>::footprint(shape));
    CHECK(host.arena().held_by("linear attention") == host.arena().used());
  }
  OnHost<Q, backend::SerialHost> on(host);
  const std::uint64_t before = host.arena().allocations();
  on.forward(host, 0, n, on.x);
  CHECK(host.arena().allocations() == before);
}

TEST_CASE("a layer, its state and its convolution's inputs are those of transformers") {
  const test::Golden golden("attention/gated_delta_net.safetensors");
  constexpr Shape of{
      .hidden = 32,
      .layers = 1,
      .linear_layers = LayerSet::range(0, 1),
      .delta_net = {.key_heads = 2, .value_heads = 4, .key_width = 12, .value_width = 16, .kernel = 4},
      .rms_epsilon = 1e-6};
  constexpr std::size_t tokens = 70;
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  test::DeviceMemory<backend::SerialHost> memory(host);
  const GatedDeltaNet<quant::Float32> mixer(host, of);
  RecurrentState<2> state(host, of, 0, 1);
  const auto& slab = mixer.slab();
  const auto fill = [&](const backend::DeviceWeights<quant::Float32>& to, const std::vector<float>& values) {
    REQUIRE(values.size() == to.rows * to.cols);
    host.write(to, [&](const auto& on_host) {
      quant::Float32::encode(quant::FloatWeights{values}, to.rows, to.cols, on_host.data);
    });
  };
  const auto copy = [](const std::vector<float>& values, const backend::DeviceMatrix<float>& to) {
    REQUIRE(values.size() == to.rows() * to.cols());
    std::copy(values.begin(), values.end(), to.view.data);
  };
  // Of each key head 12 rows q, 12 rows k, 32 rows v, 32 rows z.
  const std::vector<float> qkvz = golden.values<float>("in_proj_qkvz.weight");
  const auto gathered = [&](std::initializer_list<std::pair<std::size_t, std::size_t>> parts) {
    std::vector<float> rows;
    for (const auto& part : parts) {
      for (std::size_t head = 0; head < 2; ++head) {
        const auto at = qkvz.begin() + static_cast<std::ptrdiff_t>((head * 88 + part.first) * 32);
        rows.insert(rows.end(), at, at + static_cast<std::ptrdiff_t>(part.second * 32));
      }
    }
    return rows;
  };
  fill(slab.qkv, gathered({{0, 12}, {12, 12}, {24, 32}}));
  fill(slab.gate, gathered({{56, 32}}));
  fill(slab.beta_decay, golden.values<float>("in_proj_ba.weight"));
  fill(slab.output, golden.values<float>("out_proj.weight"));
  copy(golden.values<float>("conv1d.weight"), slab.convolution);
  copy(golden.values<float>("dt_bias"), slab.decay_bias);
  copy(golden.values<float>("norm.weight"), slab.norm);
  std::vector<float> rates = golden.values<float>("A_log");
  for (float& rate : rates) rate = -std::exp(rate);
  copy(rates, slab.decay_rate);

  backend::Layout measure;
  GatedDeltaNet<quant::Float32>::Scratch::lay_out(measure, of, tokens);
  const backend::Buffer buffer = host.allocate(measure.used(), "workspace");
  backend::Layout cursor(buffer);
  const auto scratch = GatedDeltaNet<quant::Float32>::Scratch::lay_out(cursor, of, tokens);
  const auto x = memory.result(tokens, 32);
  copy(golden.values<float>("input"), x);
  struct Segment {
    RecurrentState<2>* own;
    std::size_t rows;
    const RecurrentState<2>& state(std::int32_t /*device*/) const { return *own; }
  };
  const std::vector<Segment> segments = {{&state, tokens}};
  mixer.forward(host, 0, segments, x, {}, scratch, x);
  state.advance(tokens);
  CHECK(test::relative_difference(test::values(x), golden.values<float>("output")) < 1e-5);
  CHECK(test::relative_difference(test::values(state.before(0).memory), golden.values<float>("recurrent_state")) <
        1e-5);
  const std::vector<float> inputs =
      golden.values<float>("conv_state");  // (channels, 4), of which the last 3 count
  const auto kept = state.before(0).convolution;
  double largest = 0;
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t c = 0; c < 112; ++c) {
      largest = std::max(largest, std::fabs(double{kept.view(t, c)} - double{inputs[c * 4 + t + 1]}));
    }
  }
  CHECK(largest < 1e-4);
}
