// The laws of backend::Backend: every operation once against the naive loops, for the backends of the toolkit and for
// your own:
//
//   TEST_CASE_TEMPLATE("my backends obey the laws", B, MyBackend) { laws::backend<B>(); }
//
// Needs doctest. Values go to the device and come back by `write` and `read` alone, so its memory may lie anywhere.
// Sizes and formats are tried in the tests of each backend; this is what all of them share.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/backend/concept.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/law.hpp"
#include "support/naive.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

template <class B>
auto execution_for() {
  using Execution = typename B::ExecutionPolicy;
  if constexpr (std::constructible_from<Execution, std::size_t>) {
    return std::make_shared<Execution>(std::size_t{3});
  } else {
    return std::make_shared<Execution>();
  }
}

/// A device, and matrices of random values on it, which a test knows too.
template <backend::Backend B>
class Laboratory {
 public:
  template <class T>
  struct Known {
    std::vector<T> values;  ///< row by row, as they were written
    backend::DeviceMatrix<T> on_device;

    std::vector<T> row(std::size_t i) const {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * on_device.cols());
      return {begin, begin + static_cast<std::ptrdiff_t>(on_device.cols())};
    }
  };

  Known<float> normal(std::size_t rows, std::size_t cols, float scale = 1) {
    return known(rows, cols, test::random_row(rows * cols, ++seed_, scale));
  }
  template <class T>
  Known<T> known(std::size_t rows, std::size_t cols, std::vector<T> values) {
    const auto to = backend::matrix_in<T>(draw(rows * cols * sizeof(T)), 0, rows, cols);
    device.write(to, [&](const backend::DeviceMatrix<T>& host) {
      for (std::size_t i = 0; i < rows; ++i) std::copy_n(values.data() + i * cols, cols, host.view.row(i).begin());
    });
    return {std::move(values), to};
  }
  backend::DeviceWeights<quant::Float32> weights(const Known<float>& matrix) {
    const std::size_t rows = matrix.on_device.rows();
    const std::size_t cols = matrix.on_device.cols();
    const Bytes bytes = quant::Float32::planes(rows, cols).bytes();
    const auto to = backend::weights_in<quant::Float32>(draw(bytes.count), 0, rows, cols);
    device.write(to, [&](const auto& host) {
      const quant::FloatWeights source{matrix.values};
      quant::Float32::encode(source, rows, cols, host.data);
    });
    return to;
  }

  template <class T>
  std::vector<T> read(const backend::DeviceMatrix<T>& matrix) {
    const auto [found] = device.read(matrix);
    std::vector<T> values;
    for (std::size_t i = 0; i < found.rows; ++i) {
      values.insert(values.end(), found.row(i).begin(), found.row(i).end());
    }
    return values;
  }

  /// Row i, which `operation` made, is `expected`, within the rounding of sums in fp32.
  void check_row(std::string_view operation, const backend::DeviceMatrix<float>& matrix, std::size_t i,
                 const std::vector<double>& expected) {
    const Law law("every operation is the naive loop, but for the rounding of sums", model_name<B>());
    const std::vector<float> found = read(matrix.rows_at(i, 1));
    law.holds(found.size() == expected.size(), operation, ", row ", i, ": ", found.size(), " values, expected ",
              expected.size());
    double largest = 1;
    for (const double value : expected) largest = std::fmax(largest, std::fabs(value));
    for (std::size_t c = 0; c < found.size(); ++c) {
      law.holds(std::fabs(found[c] - expected[c]) <= 1e-5 * largest, operation, ", row ", i, " of ", matrix.rows(),
                ": value ", c, " is ", found[c], ", expected ", expected[c]);
    }
  }

  /// No operation of the law allocated since the arena's count was `before`.
  void check_allocations(std::uint64_t before) {
    const std::uint64_t now = device.arena().allocations();
    Law("operations allocate nothing", model_name<B>())
        .holds(now == before, "there were ", now - before, " allocations");
  }

  std::shared_ptr<typename B::ExecutionPolicy> execution = execution_for<B>();
  B device{0, 4_MiB, execution};
  B other{1, 4_MiB, execution};

  const backend::Buffer& draw(std::size_t bytes, std::int32_t on = 0) {
    buffers_.push_back((on == 0 ? device : other).allocate({bytes}, "test"));
    return buffers_.back();
  }

 private:
  std::uint64_t seed_ = 0;
  std::vector<backend::Buffer> buffers_;
};

/// What the host writes comes back; rows handed over arrive; `copy_from` returns where to.
template <backend::Backend B>
void memory_is_the_devices() {
  const Law law("what the host writes comes back, and rows that are handed over arrive", model_name<B>());
  Laboratory<B> lab;
  law.holds(lab.device.arena().device() == 0, "device 0 says that it is ", lab.device.arena().device());
  law.holds(lab.device.arena().budget() == 4_MiB, "a budget of 4 MiB is ", lab.device.arena().budget().count);
  const auto x = lab.normal(3, 7);
  law.same_bits(lab.read(x.on_device), x.values, "write and read of 3 rows of 7");
  const std::vector<float> row = test::random_row(21, 99);
  lab.device.upload(MatrixView<const float>(row.data(), 3, 7), x.on_device);
  std::vector<float> back(21);
  lab.device.download(x.on_device, MatrixView<float>(back.data(), 3, 7));
  law.same_bits(back, row, "upload and download of 3 rows of 7");
  const auto to = backend::matrix_in<float>(lab.draw(21 * sizeof(float), 1), 0, 3, 7);
  law.holds(lab.other.copy_from(x.on_device, to).view.data == to.view.data, "copy_from returns another matrix");
  lab.other.synchronize();
  lab.other.download(to, MatrixView<float>(back.data(), 3, 7));
  law.same_bits(back, row, "copy_from of 3 rows of 7");
  law.throws<BudgetExceeded>([&] { lab.device.allocate(5_MiB, "too much"); },
                             "allocate of 5 MiB with a budget of 4");
}

/// The attention half of a layer, and both ends of a model.
template <backend::Backend B>
void dense_operations_are_the_naive_loops() {
  Laboratory<B> lab;
  const auto x = lab.normal(5, 24);
  const auto w = lab.normal(9, 24);
  const auto weights = lab.weights(w);
  const auto y = lab.normal(5, 9);
  const auto same = lab.normal(5, 24);
  const auto gate = lab.normal(5, 24);
  const auto of_rows = lab.normal(5, 1);
  const auto first = lab.normal(5, 12);
  const auto second = lab.normal(5, 12);
  const std::uint64_t before = lab.device.arena().allocations();
  lab.device.product(weights, x.on_device, y.on_device);
  for (std::size_t i = 0; i < 5; ++i)
    lab.check_row("product", y.on_device, i, test::naive::product(w.values, 9, x.row(i)));

  const std::vector<TokenId> ids{8, 0, 3, 3, 1};
  lab.device.embed(weights, View<const TokenId>(ids), same.on_device);
  const std::vector<float> embedded = lab.read(same.on_device);
  for (std::size_t i = 0; i < 5; ++i) {
    Law("embed copies rows", model_name<B>())
        .same_bits(View<const float>(embedded).subview(i * 24, 24), w.row(static_cast<std::size_t>(ids[i])),
                   "token ", ids[i]);
  }
  const auto norm = w.on_device.rows_at(0, 1);
  lab.device.rms_norm(x.on_device, norm, 1e-5F, same.on_device);
  for (std::size_t i = 0; i < 5; ++i) {
    lab.check_row("rms_norm", same.on_device, i, test::naive::rms_norm(x.row(i), w.row(0), double{1e-5F}));
  }
  lab.device.silu_multiply(x.on_device, same.on_device, same.on_device);
  lab.device.add(x.on_device, same.on_device);
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> expected = test::naive::rms_norm(x.row(i), w.row(0), double{1e-5F});
    for (std::size_t c = 0; c < 24; ++c) {
      expected[c] = test::naive::silu(x.row(i)[c]) * expected[c] + double{x.row(i)[c]};
    }
    lab.check_row("silu_multiply and add", same.on_device, i, expected);
  }
  lab.device.add(norm, x.on_device);
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> expected;
    for (std::size_t c = 0; c < 24; ++c) expected.push_back(double{x.row(i)[c]} + double{w.row(0)[c]});
    lab.check_row("add of one row", x.on_device, i, expected);
  }
  if constexpr (backend::ActivationOps<B>) {
    const std::vector<float> inner = lab.read(x.on_device);
    lab.device.relu(x.on_device, same.on_device);
    for (std::size_t i = 0; i < 5; ++i) {
      std::vector<double> expected;
      for (std::size_t c = 0; c < 24; ++c) expected.push_back(std::max(double{inner[i * 24 + c]}, 0.0));
      lab.check_row("relu", same.on_device, i, expected);
    }
  }
  const auto sigmoid = [](float z) { return 1 / (1 + std::exp(-double{z})); };
  const std::vector<float> sums = lab.read(x.on_device);
  lab.device.sigmoid_multiply(gate.on_device, x.on_device);
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> expected;
    for (std::size_t c = 0; c < 24; ++c) expected.push_back(sigmoid(gate.row(i)[c]) * double{sums[i * 24 + c]});
    lab.check_row("sigmoid_multiply", x.on_device, i, expected);
  }
  const std::vector<float> gated = lab.read(x.on_device);
  lab.device.sigmoid_multiply(of_rows.on_device, x.on_device);
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> expected;
    for (std::size_t c = 0; c < 24; ++c)
      expected.push_back(sigmoid(of_rows.row(i)[0]) * double{gated[i * 24 + c]});
    lab.check_row("sigmoid_multiply of whole rows", x.on_device, i, expected);
  }
  lab.device.split(gate.on_device, 4, first.on_device, second.on_device);
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> even;
    std::vector<double> odd;
    for (std::size_t c = 0; c < 24; ++c) (c / 4 % 2 == 0 ? even : odd).push_back(double{gate.row(i)[c]});
    lab.check_row("split", first.on_device, i, even);
    lab.check_row("split", second.on_device, i, odd);
  }
  lab.check_allocations(before);
}

/// Rotary positions, what a cache stores, and attention on it.
template <backend::Backend B>
void attention_is_the_naive_loop() {
  constexpr std::size_t rows = 4, heads = 4, kv_heads = 2, dim = 6, first = 0;
  Laboratory<B> lab;
  const auto queries = lab.normal(rows, heads * dim);
  const auto keys = lab.normal(rows, kv_heads * dim);
  const auto values = lab.normal(rows, kv_heads * dim);
  const auto tables = lab.normal(rows, dim);
  const auto out = lab.normal(rows, heads * dim);
  const std::size_t block = kv_heads * rows * dim * sizeof(float);
  std::byte* const stored = lab.draw(2 * block).data();
  const backend::KvView<quant::Float32> kv{
      .keys = stored, .values = stored + block, .kv_heads = kv_heads, .slots = rows, .head_dim = dim, .device = 0};
  const std::uint64_t before = lab.device.arena().allocations();
  lab.device.rotary_tables(3, {1e4}, tables.on_device);
  lab.device.rotate(tables.on_device, dim, queries.on_device);
  std::vector<std::vector<double>> rotated;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::vector<float> row = queries.row(i);
    rotated.emplace_back(row.begin(), row.end());
    test::naive::rotate(rotated.back(), dim, static_cast<std::int32_t>(3 + i), 1e4);
    lab.check_row("rotate", queries.on_device, i, rotated.back());
  }
  lab.device.append_kv(keys.on_device, values.on_device, first, kv);
  lab.device.attend(queries.on_device, kv, first, 3, out.on_device);
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<double> expected;
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t from = head / (heads / kv_heads) * dim;
      const std::vector<double> query(rotated[i].begin() + static_cast<std::ptrdiff_t>(head * dim),
                                      rotated[i].begin() + static_cast<std::ptrdiff_t>((head + 1) * dim));
      const std::vector<double> one = test::naive::attend(
          query, dim, i, [&](std::size_t p) { return test::naive::sees(i, p, 3); },
          [&](std::size_t p, std::size_t c) { return double{keys.row(p)[from + c]}; },
          [&](std::size_t p, std::size_t c) { return double{values.row(p)[from + c]}; });
      expected.insert(expected.end(), one.begin(), one.end());
    }
    lab.check_row("append_kv and attend", out.on_device, i, expected);
  }
  lab.check_allocations(before);
}

/// The experts' half of a layer: rows go to their experts and come back, weighted.
template <backend::Backend B>
void dispatch_is_the_naive_loop() {
  using gating::Route;
  constexpr std::size_t rows = 5, experts = 3, top_k = 2, slots = rows * top_k, width = 8;
  Laboratory<B> lab;
  const auto x = lab.normal(rows, width);
  const auto logits = lab.normal(rows, experts, 2);
  const auto routes = lab.known(rows, top_k, std::vector<Route>(slots));
  const auto offsets = lab.known(1, experts + 1, std::vector<std::int32_t>(experts + 1, -1));
  const auto from = lab.known(1, slots, std::vector<std::int32_t>(slots, -1));
  const auto to = lab.known(1, slots, std::vector<std::int32_t>(slots, -1));
  const auto gathered = lab.normal(slots, width);
  const auto answers = lab.normal(slots, width);
  const auto sum = lab.normal(rows, width);
  std::vector<typename Laboratory<B>::template Known<float>> matrices;
  std::vector<backend::DeviceWeights<quant::Float32>> weights;
  for (std::size_t e = 0; e < experts; ++e) {
    matrices.push_back(lab.normal(width, width, 0.3F));
    weights.push_back(lab.weights(matrices.back()));
  }
  const backend::ExpertGroups groups{.offsets = offsets.on_device.view.row(0),
                                     .source_row = from.on_device.view.row(0),
                                     .slot_of_choice = to.on_device.view.row(0),
                                     .device = 0};
  const std::uint64_t before = lab.device.arena().allocations();
  const gating::SoftmaxTopK policy(experts, top_k);
  lab.device.route(policy, logits.on_device, routes.on_device);
  lab.device.group(routes.on_device, groups);
  lab.device.gather(groups, x.on_device, gathered.on_device);
  lab.device.template grouped_product<quant::Float32>(weights, groups, gathered.on_device, answers.on_device);
  lab.device.combine(groups, routes.on_device, answers.on_device, sum.on_device);
  lab.device.synchronize();
  lab.check_allocations(before);

  const Law law("route chooses as its policy does on the host", model_name<B>());
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<float> scores = logits.row(i);
    std::vector<Route> expected(top_k);
    policy.route(scores, expected);
    lab.check_row("route", logits.on_device, i, {scores.begin(), scores.end()});
    const std::vector<Route> found = lab.read(routes.on_device.rows_at(i, 1));
    const std::vector<float> old = sum.row(i);
    std::vector<double> combined(old.begin(), old.end());
    for (std::size_t j = 0; j < top_k; ++j) {
      law.holds(found[j].expert == expected[j].expert && std::fabs(found[j].weight - expected[j].weight) < 1e-6,
                "row ", i, ", choice ", j, ": expert ", found[j].expert, " with ", found[j].weight, ", expected ",
                expected[j].expert, " with ", expected[j].weight);
      const std::vector<double> answer =
          test::naive::product(matrices[static_cast<std::size_t>(expected[j].expert)].values, width, x.row(i));
      for (std::size_t c = 0; c < width; ++c) combined[c] += double{expected[j].weight} * answer[c];
    }
    lab.check_row("group, gather, grouped_product and combine", sum.on_device, i, combined);
  }
}

/// Several products at once, and whole experts, after the scratch for them was reserved: no more than was said is
/// drawn.
template <backend::Backend B>
void larger_operations_are_the_naive_loops() {
  constexpr std::size_t experts = 3, slots = 6, width = 8, inner = 12;
  Laboratory<B> lab;
  const Bytes free = lab.device.arena().used();
  lab.device.reserve(slots, inner);
  const Law law("reserve draws what scratch says, which grows with its sizes", model_name<B>());
  const Bytes drawn = lab.device.arena().used() - free;
  law.holds(drawn == B::scratch(slots, inner), "scratch(6, 12) is ", B::scratch(slots, inner).count, ", drawn ",
            drawn.count);
  law.holds(B::scratch(slots, inner) >= B::scratch(slots - 1, width),
            "scratch(5, 8) is larger than scratch(6, 12)");

  const auto x = lab.normal(slots, width);
  const auto gate = lab.normal(slots, inner);
  const auto up = lab.normal(slots, inner);
  std::vector<typename Laboratory<B>::template Known<float>> known;  // gate, up and down of each expert
  std::vector<backend::DeviceWeights<quant::Float32>> by_kind[3];
  for (std::size_t i = 0; i < 3 * experts; ++i) {
    const bool down = i % 3 == 2;
    known.push_back(lab.normal(down ? width : inner, down ? inner : width, 0.3F));
    by_kind[i % 3].push_back(lab.weights(known.back()));
  }
  const auto alone = lab.normal(slots, inner);
  const std::vector<backend::Product<quant::Float32>> two = {{by_kind[0][0], gate.on_device},
                                                             {by_kind[1][0], up.on_device}};
  const auto offsets = lab.known(1, experts + 1, std::vector<std::int32_t>{0, 4, 4, slots});
  const auto table = lab.known(1, slots, std::vector<std::int32_t>{0, 1, 2, 3, 4, 5});
  const backend::ExpertGroups groups{.offsets = offsets.on_device.view.row(0),
                                     .source_row = table.on_device.view.row(0),
                                     .slot_of_choice = table.on_device.view.row(0),
                                     .device = 0};
  const std::uint64_t before = lab.device.arena().allocations();
  lab.device.template products<quant::Float32>(two, x.on_device);
  for (std::size_t i = 0; i < slots; ++i) {
    lab.check_row("products", gate.on_device, i, test::naive::product(known[0].values, inner, x.row(i)));
    lab.check_row("products", up.on_device, i, test::naive::product(known[1].values, inner, x.row(i)));
  }
  // In two calls, each with the data of some experts.
  const std::vector<float> rows_before = lab.read(x.on_device.rows_at(4, 2));
  for (const bool last : {false, true}) {
    std::vector<backend::DeviceWeights<quant::Float32>> some[3] = {by_kind[0], by_kind[1], by_kind[2]};
    for (auto& kind : some) (last ? kind[0] : kind[2]).data = nullptr;
    const backend::Experts<quant::Float32> many{some[0], some[1], some[2]};
    lab.device.template grouped_product<quant::Float32>(some[0], groups, x.on_device, alone.on_device);
    lab.device.grouped_swiglu(many, groups, x.on_device, gate.on_device, up.on_device, x.on_device);
    if (last) continue;
    Law("grouped operations leave the rows of experts without data as they are", model_name<B>())
        .same_bits(lab.read(x.on_device.rows_at(4, 2)), rows_before, "rows of expert 2");
  }
  lab.check_allocations(before);
  for (std::size_t i = 0; i < slots; ++i) {
    const std::size_t first = i < 4 ? 0 : 6;  // expert 0, and 2
    lab.check_row("grouped_product", alone.on_device, i,
                  test::naive::product(known[first].values, inner, x.row(i)));
    std::vector<double> middle = test::naive::product(known[first].values, inner, x.row(i));
    const std::vector<double> other = test::naive::product(known[first + 1].values, inner, x.row(i));
    for (std::size_t c = 0; c < inner; ++c) middle[c] = test::naive::silu(middle[c]) * other[c];
    lab.check_row("grouped_swiglu", x.on_device, i, test::naive::product(known[first + 2].values, width, middle));
  }
}

/// Operands of another device are refused by every operation.
template <backend::Backend B>
void other_devices_are_refused() {
  constexpr std::size_t rows = 3, width = 8, experts = 4, top_k = 2;
  const Law law("operands of another device are refused with WrongDevice", model_name<B>());
  Laboratory<B> lab;
  B& device = lab.device;
  const backend::Buffer& buffer = lab.draw(64 << 10U, 1);
  const auto m = backend::matrix_in<float>(buffer, 0, rows, width);
  const auto weights = backend::weights_in<quant::Float32>(buffer, 0, width, width);
  const auto routes = backend::matrix_in<gating::Route>(buffer, 0, rows, top_k);
  const auto table = backend::matrix_in<std::int32_t>(buffer, 0, 1, rows * top_k).view.row(0);
  const backend::ExpertGroups groups{
      .offsets = table.subview(0, experts + 1), .source_row = table, .slot_of_choice = table, .device = 1};
  const backend::KvView<quant::Float32> kv{
      .keys = buffer.data(), .values = buffer.data(), .kv_heads = 2, .slots = 4, .head_dim = 4, .device = 1};
  const std::vector<TokenId> ids{0, 1, 2};
  const std::vector<backend::DeviceWeights<quant::Float32>> many(experts, weights);
  const std::vector<backend::Product<quant::Float32>> several = {{weights, m}, {weights, m}};
  const backend::Experts<quant::Float32> whole{many, many, many};
  std::vector<float> host(rows * width);
  const MatrixView<float> view(host.data(), rows, width);
  law.throws<WrongDevice>([&] { device.write(weights, [](const auto&) {}); }, "write");
  law.throws<WrongDevice>([&] { device.write(m, [](const auto&) {}); }, "write");
  law.throws<WrongDevice>([&] { device.read(m); }, "read");
  law.throws<WrongDevice>([&] { device.upload(view, m); }, "upload");
  law.throws<WrongDevice>([&] { device.download(m, view); }, "download");
  law.throws<WrongDevice>([&] { device.copy_from(m, m); }, "copy_from");
  law.throws<WrongDevice>([&] { device.embed(weights, View<const TokenId>(ids), m); }, "embed");
  law.throws<WrongDevice>([&] { device.rms_norm(m, m.rows_at(0, 1), 1e-5F, m); }, "rms_norm");
  law.throws<WrongDevice>([&] { device.product(weights, m, m); }, "product");
  law.throws<WrongDevice>([&] { device.template products<quant::Float32>(several, m); }, "products");
  law.throws<WrongDevice>([&] { device.template grouped_product<quant::Float32>(many, groups, m, m); },
                          "grouped_product");
  law.throws<WrongDevice>([&] { device.grouped_swiglu(whole, groups, m, m, m, m); }, "grouped_swiglu");
  law.throws<WrongDevice>([&] { device.add(m, m); }, "add");
  law.throws<WrongDevice>([&] { device.silu_multiply(m, m, m); }, "silu_multiply");
  if constexpr (backend::ActivationOps<B>) {
    law.throws<WrongDevice>([&] { device.relu(m, m); }, "relu");
  }
  law.throws<WrongDevice>([&] { device.rotary_tables(0, {1e4}, m); }, "rotary_tables");
  law.throws<WrongDevice>([&] { device.rotate(m, m.cols(), m); }, "rotate");
  law.throws<WrongDevice>([&] { device.sigmoid_multiply(m, m); }, "sigmoid_multiply");
  law.throws<WrongDevice>([&] { device.split(m, 1, m, m); }, "split");
  law.throws<WrongDevice>([&] { device.append_kv(m, m, 0, kv); }, "append_kv");
  law.throws<WrongDevice>([&] { device.attend(m, kv, 0, 0, m); }, "attend");
  law.throws<WrongDevice>([&] { device.route(gating::SoftmaxTopK(width, top_k), m, routes); }, "route");
  law.throws<WrongDevice>([&] { device.group(routes, groups); }, "group");
  law.throws<WrongDevice>([&] { device.gather(groups, m, m); }, "gather");
  law.throws<WrongDevice>([&] { device.combine(groups, routes, m, m); }, "combine");
}

/// All laws; that operations allocate nothing is checked beside their results.
template <backend::Backend B>
void backend() {
  memory_is_the_devices<B>();
  dense_operations_are_the_naive_loops<B>();
  attention_is_the_naive_loop<B>();
  dispatch_is_the_naive_loop<B>();
  larger_operations_are_the_naive_loops<B>();
  other_devices_are_refused<B>();
}

}  // namespace asterism::laws
