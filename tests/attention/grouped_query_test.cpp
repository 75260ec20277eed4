// A layer of attention against double: projections, rotation, causal softmax, window; and the bytes that it draws.
#include "asterism/attention/grouped_query.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
using attention::GroupedQuery;
using attention::StaticKvCache;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
constexpr std::size_t n = 70;  // more than one piece of 64 positions
constexpr Limits limits{.context = 80};

constexpr Shape shape_with_window(std::int32_t window) {
  return {.hidden = 40, .heads = 6, .kv_heads = 2, .head_dim = 10, .sliding_window = window, .rope_theta = 1e4};
}

/// With biases, norms of queries and keys, a gate and a rotation of 4 elements a head, or some of these.
constexpr Shape shape_with(bool bias, bool norm, bool gate = false) {
  Shape shape = shape_with_window(0);
  shape.attention_bias = bias;
  shape.qk_norm = norm;
  shape.attention_gate = gate;
  shape.rotary_dim = gate ? 4 : 0;
  shape.rms_epsilon = 1e-2;
  return shape;
}

static_assert(GroupedQuery<quant::Float32>::footprint(shape_with_window(0)) ==
              Bytes{aligned(60 * 40 * 4) * 2 + aligned(20 * 40 * 4) * 2});
static_assert(GroupedQuery<quant::Float32>::footprint(shape_with(true, true)) ==
              GroupedQuery<quant::Float32>::footprint(shape_with_window(0)) +
                  Bytes{aligned(60 * 4) + 2 * aligned(20 * 4) + aligned(40 * 4) + 2 * aligned(10 * 4)});

template <class Q, class Host>
struct OnHost {
  using Attention = GroupedQuery<Q>;

  Shape shape;
  test::DeviceMemory<Host> memory;
  Attention attention;
  StaticKvCache<quant::Float32> cache;
  backend::Buffer buffer;
  typename Attention::Scratch scratch;
  backend::DeviceMatrix<float> x;
  backend::DeviceMatrix<float> tables;

  OnHost(Host& host, const Shape& of)
      : shape(of), memory(host), attention(host, of), cache(host, of, limits, 3, 1) {
    const auto& slab = attention.slab();
    for (const auto* matrix : {&slab.query, &slab.key, &slab.value, &slab.output}) memory.encode(*matrix, 0.3F);
    for (const auto* vector : {&slab.query_bias, &slab.key_bias, &slab.value_bias, &slab.query_norm,
                               &slab.key_norm, &slab.output_bias}) {
      memory.fill(*vector);
    }
    backend::Layout measure;
    Attention::Scratch::lay_out(measure, shape, n);
    buffer = host.allocate(measure.used(), "workspace");
    backend::Layout cursor(buffer);
    scratch = Attention::Scratch::lay_out(cursor, shape, n);
    CHECK(cursor.used() == buffer.size());
    x = memory.normal(n, 40);
    tables = memory.result(n, static_cast<std::size_t>(shape.rotary_width()));
    host.rotary_tables(0, shape.rope(), tables);
  }

  /// One sequence.
  struct Segment {
    StaticKvCache<quant::Float32>* own;
    std::size_t first;
    std::size_t rows;

    StaticKvCache<quant::Float32>& cache(std::int32_t /*device*/) const { return *own; }
  };

  void forward(Host& host, std::size_t first, std::size_t count, backend::DeviceMatrix<float> out) {
    const std::vector<Segment> segments = {{&cache, first, count}};
    attention.forward(host, 3, segments, x.rows_at(first, count), tables.rows_at(first, count), scratch, out);
  }
};

/// x += y, where there is a y.
void add(const backend::DeviceMatrix<float>& y, std::vector<double>& x) {
  for (std::size_t i = 0; i < y.cols(); ++i) x[i] += double{y.view(0, i)};
}

/// RMSNorm of each head, where there are weights for it.
void norm_heads(const Shape& shape, const backend::DeviceMatrix<float>& weight, std::vector<double>& x) {
  const std::size_t dim = weight.cols();
  for (std::size_t head = 0; dim > 0 && head < x.size(); head += dim) {
    double squares = 0;
    for (std::size_t i = 0; i < dim; ++i) squares += x[head + i] * x[head + i];
    const double root = std::sqrt(squares / static_cast<double>(dim) + shape.rms_epsilon);
    for (std::size_t i = 0; i < dim; ++i) x[head + i] *= double{weight.view(0, i)} / root;
  }
}

/// Of each head's query and gate, one behind the other, the gates; the queries stay in x. None where there are none.
std::vector<double> take_gates(const Shape& shape, std::vector<double>& x) {
  std::vector<double> gates;
  if (!shape.attention_gate) return gates;
  std::vector<double> queries;
  const auto dim = static_cast<std::size_t>(shape.head_dim);
  for (std::size_t i = 0; i < x.size(); ++i) (i / dim % 2 == 0 ? queries : gates).push_back(x[i]);
  x = queries;
  return gates;
}

/// Turns the first elements of each head to a position.
void rotate_heads(const Shape& shape, std::size_t position, std::vector<double>& x) {
  const auto width = static_cast<std::size_t>(shape.rotary_width());
  for (std::size_t head = 0; head < x.size(); head += static_cast<std::size_t>(shape.head_dim)) {
    const auto at = x.begin() + static_cast<std::ptrdiff_t>(head);
    std::vector<double> first(at, at + static_cast<std::ptrdiff_t>(width));
    naive::rotate(first, width, static_cast<std::int32_t>(position), shape.rope_theta);
    std::copy(first.begin(), first.end(), at);
  }
}

template <class Slab>
std::vector<std::vector<double>> reference(const Shape& shape, const std::vector<std::vector<float>>& x,
                                           const Slab& slab) {
  const std::vector<float> wq = test::decoded(slab.query);
  const std::vector<float> wk = test::decoded(slab.key);
  const std::vector<float> wv = test::decoded(slab.value);
  const std::vector<float> wo = test::decoded(slab.output);
  const auto dim = static_cast<std::size_t>(shape.head_dim);
  const auto heads = static_cast<std::size_t>(shape.heads);
  const auto group = heads / static_cast<std::size_t>(shape.kv_heads);
  std::vector<std::vector<double>> keys;
  std::vector<std::vector<double>> values;
  std::vector<std::vector<double>> out;
  for (std::size_t p = 0; p < x.size(); ++p) {
    std::vector<double> query = naive::product(wq, static_cast<std::size_t>(shape.query_rows()), x[p]);
    keys.push_back(naive::product(wk, heads / group * dim, x[p]));
    values.push_back(naive::product(wv, heads / group * dim, x[p]));
    add(slab.query_bias, query);
    add(slab.key_bias, keys.back());
    add(slab.value_bias, values.back());
    const std::vector<double> gate = take_gates(shape, query);
    norm_heads(shape, slab.query_norm, query);
    norm_heads(shape, slab.key_norm, keys.back());
    rotate_heads(shape, p, query);
    rotate_heads(shape, p, keys.back());
    std::vector<double> mixed;
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t from = head / group * dim;
      const std::vector<double> one = naive::attend(
          std::vector<double>(query.begin() + static_cast<std::ptrdiff_t>(head * dim),
                              query.begin() + static_cast<std::ptrdiff_t>(head * dim + dim)),
          dim, p, [&](std::size_t q) { return naive::sees(p, q, static_cast<std::size_t>(shape.sliding_window)); },
          [&](std::size_t at, std::size_t i) { return keys[at][from + i]; },
          [&](std::size_t at, std::size_t i) { return values[at][from + i]; });
      mixed.insert(mixed.end(), one.begin(), one.end());
    }
    for (std::size_t i = 0; i < gate.size(); ++i) mixed[i] /= 1 + std::exp(-gate[i]);
    out.push_back(naive::product(wo, static_cast<std::size_t>(shape.hidden), mixed));
    add(slab.output_bias, out.back());
  }
  return out;
}

}  // namespace

TEST_CASE_TEMPLATE("forward equals attention in double", Q, quant::Float32, Nf4) {
  for (const Shape& shape :
       {shape_with_window(0), shape_with_window(1), shape_with_window(5), shape_with_window(64),
        shape_with_window(100), shape_with(true, false), shape_with(false, true), shape_with(true, true),
        shape_with(false, true, true), shape_with(true, true, true)}) {
    backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
    OnHost<Q, backend::SerialHost> on(host, shape);
    const auto out = on.memory.result(n, 40);
    on.forward(host, 0, n, out);
    std::vector<std::vector<float>> x;
    for (std::size_t i = 0; i < n; ++i) x.emplace_back(on.x.view.row(i).begin(), on.x.view.row(i).end());
    const auto expected = reference(on.shape, x, on.attention.slab());
    int wrong = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < 40; ++c) wrong += std::fabs(out.view(i, c) - expected[i][c]) < 2e-4 ? 0 : 1;
    }
    CAPTURE(shape.sliding_window);
    CAPTURE(shape.attention_bias);
    CAPTURE(shape.qk_norm);
    CAPTURE(shape.attention_gate);
    CHECK(wrong == 0);
  }
}

TEST_CASE_TEMPLATE("chunks, single rows, threads and working in place change no bit", Q, quant::Float32, Nf4) {
  for (const Shape& shape :
       {shape_with_window(0), shape_with_window(7), shape_with(true, true), shape_with(true, true, true)}) {
    backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
    OnHost<Q, backend::SerialHost> on(host, shape);
    const auto at_once = on.memory.result(n, 40);
    on.forward(host, 0, n, at_once);

    const auto in_chunks = on.memory.result(n, 40);
    for (std::size_t first = 0; first < n; first += 13) {
      const std::size_t count = first + 13 < n ? 13 : n - first;
      on.forward(host, first, count, in_chunks.rows_at(first, count));
    }
    CHECK(test::same_bits(test::values(in_chunks), test::values(at_once)));

    const auto one_by_one = on.memory.result(n, 40);
    for (std::size_t i = 0; i < n; ++i) on.forward(host, i, 1, one_by_one.rows_at(i, 1));
    CHECK(test::same_bits(test::values(one_by_one), test::values(at_once)));

    backend::Host three(0, 16_MiB, std::make_shared<parallel::Threads>(3));
    OnHost<Q, backend::Host> threaded(three, shape);  // the same seed, the same weights
    const auto with_threads = threaded.memory.result(n, 40);
    threaded.forward(three, 0, n, with_threads);
    CHECK(test::same_bits(test::values(with_threads), test::values(at_once)));

    on.forward(host, 0, n, on.x);
    CHECK(test::same_bits(test::values(on.x), test::values(at_once)));
  }
}

TEST_CASE_TEMPLATE("rows of several sequences in one pass see their own, to the bit", Q, quant::Float32, Nf4) {
  using On = OnHost<Q, backend::SerialHost>;
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  On on(host, shape_with_window(0));
  // The rows of x from 30 on are a second sequence; both are passed as 20 rows alone, then together.
  StaticKvCache<quant::Float32> second(host, on.shape, limits, 3, 1);
  const auto alone = on.memory.result(60, 40);
  const auto pass = [&](const std::vector<typename On::Segment>& segments, backend::DeviceMatrix<const float> x,
                        backend::DeviceMatrix<const float> tables, backend::DeviceMatrix<float> out) {
    on.attention.forward(host, 3, segments, x, tables, on.scratch, out);
  };
  pass({{&on.cache, 0, 30}}, on.x.rows_at(0, 30), on.tables.rows_at(0, 30), alone.rows_at(0, 30));
  pass({{&second, 0, 30}}, on.x.rows_at(30, 30), on.tables.rows_at(0, 30), alone.rows_at(30, 30));

  StaticKvCache<quant::Float32> third(host, on.shape, limits, 3, 1);
  StaticKvCache<quant::Float32> fourth(host, on.shape, limits, 3, 1);
  const auto together = on.memory.result(60, 40);
  pass({{&third, 0, 20}}, on.x.rows_at(0, 20), on.tables.rows_at(0, 20), together.rows_at(0, 20));
  pass({{&fourth, 0, 7}}, on.x.rows_at(30, 7), on.tables.rows_at(0, 7), together.rows_at(30, 7));
  const auto x = on.memory.result(33, 40);
  const auto tables = on.memory.result(33, 10);
  const auto out = on.memory.result(33, 40);
  const auto copy = [](backend::DeviceMatrix<const float> from, backend::DeviceMatrix<float> to) {
    for (std::size_t i = 0; i < from.rows(); ++i) {
      std::copy(from.view.row(i).begin(), from.view.row(i).end(), to.view.row(i).begin());
    }
  };
  copy(on.x.rows_at(37, 23), x.rows_at(0, 23));  // positions 7 to 29 of the second, 20 to 29 of the first
  copy(on.tables.rows_at(7, 23), tables.rows_at(0, 23));
  copy(on.x.rows_at(20, 10), x.rows_at(23, 10));
  copy(on.tables.rows_at(20, 10), tables.rows_at(23, 10));
  pass({{&fourth, 7, 23}, {&third, 20, 10}}, x, tables, out);
  copy(out.rows_at(0, 23), together.rows_at(37, 23));
  copy(out.rows_at(23, 10), together.rows_at(20, 10));
  CHECK(test::same_bits(test::values(together), test::values(alone)));
}

TEST_CASE_TEMPLATE("the footprint is what is drawn, and a pass draws nothing", Q, quant::Float32, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  {
    const GroupedQuery<Q> attention(host, shape_with_window(0));
    CHECK(host.arena().used() == GroupedQuery<Q>::footprint(shape_with_window(0)));
  }
  CHECK(host.arena().used() == 0_B);
  OnHost<Q, backend::SerialHost> on(host, shape_with_window(0));
  const std::uint64_t before = host.arena().allocations();
  on.forward(host, 0, n, on.x);
  CHECK(host.arena().allocations() == before);
}
