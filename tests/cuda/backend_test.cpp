// Every operation of cuda::Backend against BasicHost on random values.
#include "asterism/cuda/backend.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/concept.hpp"
#include "asterism/core/error.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/kernels.hpp"
#include "asterism/model/score_hooks.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/one_of.hpp"

#include "cuda/twins.hpp"

using namespace asterism;
using gating::Route;
using test::Twin;
using test::TwinMatrix;
using test::Twins;

static_assert(backend::Backend<cuda::Backend> && backend::RecurrentOps<cuda::Backend> &&
              backend::ActivationOps<cuda::Backend>);

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;

// Random routes of n rows to k of e experts, made by both backends' gating.
struct Routed {
  TwinMatrix<Route> routes;
  Twin<backend::ExpertGroups> groups;

  Routed(Twins& twins, std::size_t n, std::size_t experts, std::size_t k)
      : routes(twins.filled(n, k, Route{})), groups(twins.groups(experts, n * k)) {
    const gating::SoftmaxTopK policy(experts, k);
    const auto logits = twins.normal(n, experts, 3);
    twins.host.route(policy, logits.host, routes.host);
    twins.gpu.route(policy, logits.gpu, routes.gpu);
    // From here on with the same bits.
    twins.gpu.write(routes.gpu, [&](const auto& to) {
      std::memcpy(to.view.data, routes.host.view.data, n * k * sizeof(Route));
    });
    twins.host.group(routes.host, groups.host);
    twins.gpu.group(routes.gpu, groups.gpu);
  }
};

}  // namespace

TEST_CASE("memory comes from the GPU, within the budget, and goes there and back") {
  cuda::Backend gpu(3, 1_MiB, std::make_shared<cuda::Peers>());
  CHECK(gpu.device() == 3);
  CHECK(gpu.arena().device() == 3);
  const backend::Buffer buffer = gpu.allocate(1000_B, "test");
  CHECK(gpu.arena().used() == 1024_B);
  CHECK_THROWS_AS(gpu.allocate(1_MiB, "too much"), BudgetExceeded);
  const backend::Buffer nothing = gpu.allocate(0_B, "test");
  const auto matrix = backend::matrix_in<float>(buffer, 0, 5, 7);
  std::vector<float> values(5 * 7);
  std::iota(values.begin(), values.end(), 0.5F);
  gpu.upload(MatrixView<const float>(values.data(), 5, 7), matrix);
  std::vector<float> back(values.size());
  gpu.download(matrix, MatrixView<float>(back.data(), 5, 7));
  CHECK(back == values);
  // Rows that lie apart, on either side.
  backend::DeviceMatrix<float> part = matrix;
  part.view.cols = 3;
  std::vector<float> wide(5 * 11, -1);
  gpu.download(part, MatrixView<float>(wide.data(), 5, 3, 11));
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t c = 0; c < 11; ++c) CHECK(wide[i * 11 + c] == (c < 3 ? values[i * 7 + c] : -1.0F));
  }
  const auto [first, second] = gpu.read(part, matrix.rows_at(4, 1));
  CHECK(first(2, 1) == values[15]);
  CHECK(second(0, 6) == values[34]);
  gpu.synchronize();
}

TEST_CASE("a GPU without room is an error that names the device") {
  constexpr Bytes much{std::uint64_t{1} << 45U};
  cuda::Backend gpu(0, much, std::make_shared<cuda::Peers>());
  CHECK_THROWS_WITH_AS(gpu.allocate(much, "experts"), doctest::Contains("device 0: the system has no"),
                       BudgetExceeded);
  CHECK(gpu.arena().used() == 0_B);
}

TEST_CASE("hand-over between logical devices of one model") {
  const auto peers = std::make_shared<cuda::Peers>();
  cuda::Backend zero(0, 1_MiB, peers);
  cuda::Backend one(1, 1_MiB, peers);
  cuda::Backend stranger(5, 1_MiB, std::make_shared<cuda::Peers>());
  const backend::Buffer a = zero.allocate(64_KiB, "test");
  const backend::Buffer b = one.allocate(64_KiB, "test");
  const auto from = backend::matrix_in<float>(a, 0, 9, 33);
  const auto to = backend::matrix_in<float>(b, 0, 9, 33);
  std::vector<float> values(9 * 33);
  std::iota(values.begin(), values.end(), 1.0F);
  zero.upload(MatrixView<const float>(values.data(), 9, 33), from);
  zero.add(from, from);
  CHECK(one.copy_from(from, to).view.data == to.view.data);
  zero.add(from, from);  // waits for the copy
  std::vector<float> found(values.size());
  one.download(to, MatrixView<float>(found.data(), 9, 33));
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(found[i] == 2 * values[i]);
  CHECK_THROWS_AS(stranger.copy_from(from, backend::matrix_in<float>(stranger.allocate(64_KiB, "test"), 0, 9, 33)),
                  WrongDevice);
  CHECK_THROWS_AS(cuda::Backend(1, 1_MiB, peers), InvalidArgument);
}

TEST_CASE_TEMPLATE("embed gives the format's bits", Format, quant::Float32, quant::BFloat16, quant::Float16, Nf4,
                   quant::Nf4<64>, quant::Nf4<128, quant::DoubleQuantized, quant::SignedLeastSquares>,
                   quant::Nf4<32>) {
  for (const std::size_t width : {1U, 24U, 65U, 256U, 300U}) {
    CAPTURE(width);
    Twins twins;
    const auto table = twins.weights<Format>(53, width);
    const std::vector<TokenId> ids{0, 52, 7, 7, 31};
    const auto out = twins.result(ids.size(), width);
    twins.host.embed(table.host, View<const TokenId>(ids), out.host);
    twins.gpu.embed(table.gpu, View<const TokenId>(ids), out.gpu);
    twins.check_same(out);
  }
}

TEST_CASE("more ids than one launch takes") {
  Twins twins;
  const auto table = twins.weights<quant::Float32>(7, 3);
  std::vector<TokenId> ids(1100);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(i * i % 7);
  const auto out = twins.result(ids.size(), 3);
  twins.host.embed(table.host, View<const TokenId>(ids), out.host);
  twins.gpu.embed(table.gpu, View<const TokenId>(ids), out.gpu);
  twins.check_same(out);
}

TEST_CASE_TEMPLATE("products", Format, quant::Float32, quant::BFloat16, quant::Float16, Nf4, quant::Nf4<32>) {
  struct Size {
    std::size_t rows, cols, outputs;
  };
  for (const Size size : {Size{1, 64, 9}, Size{1, 33, 4}, Size{3, 7, 5}, Size{4, 300, 6}, Size{11, 512, 3}}) {
    CAPTURE(size.rows);
    CAPTURE(size.cols);
    Twins twins;
    const auto weights = twins.weights<Format>(size.outputs, size.cols);
    const auto x = twins.normal(size.rows, size.cols);
    const auto y = twins.result(size.rows, size.outputs);
    twins.host.product(weights.host, x.host, y.host);
    twins.gpu.product(weights.gpu, x.gpu, y.gpu);
    twins.check_near(y, 2e-5);
    // A row alone has the same bits.
    const std::vector<float> together = twins.on_gpu(y.gpu);
    const auto alone = twins.result(1, size.outputs);
    for (std::size_t i = 0; i < size.rows; ++i) {
      twins.gpu.product(weights.gpu, x.gpu.rows_at(i, 1), alone.gpu);
      CHECK(std::memcmp(twins.on_gpu(alone.gpu).data(), together.data() + i * size.outputs,
                        size.outputs * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("products of weights that are each in one of several formats") {
  using Mixed = quant::OneOf<quant::BFloat16, Nf4>;
  Twins twins;
  const auto numbers = twins.weights<quant::BFloat16>(5, 128);
  const auto codes = twins.weights<Nf4>(7, 128);
  const auto x = twins.normal(3, 128);
  const auto first = twins.result(3, 5);
  const auto second = twins.result(3, 7);
  const auto tagged = [](const auto& weights, quant::Tag tag) {
    return backend::DeviceWeights<Mixed>{weights.data, weights.rows, weights.cols, weights.device, tag};
  };
  const backend::Product<Mixed> all[] = {{tagged(numbers.gpu, 0), first.gpu}, {tagged(codes.gpu, 1), second.gpu}};
  twins.gpu.products(View<const backend::Product<Mixed>>(all, 2), x.gpu);
  twins.host.product(numbers.host, x.host, first.host);
  twins.host.product(codes.host, x.host, second.host);
  twins.check_near(first, 2e-5);
  twins.check_near(second, 2e-5);
  bool in_its_format = false;
  twins.gpu.write(tagged(numbers.gpu, 0), [&](const auto& weights) {
    in_its_format = std::is_same_v<decltype(weights), const backend::DeviceWeights<quant::BFloat16>&>;
    std::memset(weights.data, 0, weights.rows * weights.cols * 2);
  });
  CHECK(in_its_format);
  twins.gpu.products(View<const backend::Product<Mixed>>(all, 2), x.gpu);
  CHECK(twins.on_gpu(first.gpu) == std::vector<float>(15, 0.0F));
}

TEST_CASE_TEMPLATE("routing, grouping, the experts' products and their combination", Format, quant::Float32, Nf4) {
  struct Size {
    std::size_t rows, experts, top_k;
  };
  for (const Size size : {Size{1, 8, 2}, Size{9, 5, 2}, Size{3, 40, 7}, Size{13, 200, 3}, Size{2, 1, 1}}) {
    CAPTURE(size.rows);
    CAPTURE(size.experts);
    Twins twins;
    const Routed routed(twins, size.rows, size.experts, size.top_k);
    twins.check_same(Twin<View<std::int32_t>>{routed.groups.host.offsets, routed.groups.gpu.offsets});
    twins.check_same(Twin<View<std::int32_t>>{routed.groups.host.source_row, routed.groups.gpu.source_row});
    twins.check_same(
        Twin<View<std::int32_t>>{routed.groups.host.slot_of_choice, routed.groups.gpu.slot_of_choice});
    const std::size_t slots = size.rows * size.top_k;
    const auto x = twins.normal(size.rows, 40);
    const auto gathered = twins.result(slots, 40);
    twins.host.gather(routed.groups.host, x.host, gathered.host);
    twins.gpu.gather(routed.groups.gpu, x.gpu, gathered.gpu);
    twins.check_same(gathered);
    std::vector<backend::DeviceWeights<Format>> host;
    std::vector<backend::DeviceWeights<Format>> gpu;
    for (std::size_t e = 0; e < size.experts; ++e) {
      const auto one = twins.weights<Format>(6, 40);
      host.push_back(one.host);
      gpu.push_back(one.gpu);
    }
    const auto y = twins.result(slots, 6);
    twins.host.grouped_product<Format>(host, routed.groups.host, gathered.host, y.host);
    twins.gpu.grouped_product<Format>(gpu, routed.groups.gpu, gathered.gpu, y.gpu);
    twins.check_near(y, 2e-5);
    const auto hidden = twins.normal(size.rows, 6);
    twins.host.combine(routed.groups.host, routed.routes.host, y.host, hidden.host);
    twins.gpu.combine(routed.groups.gpu, routed.routes.gpu, y.gpu, hidden.gpu);
    twins.check_near(hidden, 5e-5);
  }
}

TEST_CASE("softmax and top-k") {
  struct Size {
    std::size_t rows, experts, top_k;
  };
  for (const Size size : {Size{1, 8, 2}, Size{7, 8, 8}, Size{5, 33, 4}, Size{3, 512, 10}, Size{2, 1, 1}}) {
    CAPTURE(size.experts);
    Twins twins;
    const bool plain = size.experts % 2 == 0;
    const gating::SoftmaxTopK policy(size.experts, size.top_k,
                                     {.normalised = plain, .temperature = plain ? 1.0F : 0.5F});
    const auto logits = twins.normal(size.rows, size.experts, 3);
    const auto routes = twins.filled(size.rows, size.top_k, Route{});
    twins.host.route(policy, logits.host, routes.host);
    twins.gpu.route(policy, logits.gpu, routes.gpu);
    twins.check_near(logits, 1e-6);
    const auto [found] = twins.gpu.read(routes.gpu);
    for (std::size_t i = 0; i < size.rows; ++i) {
      for (std::size_t k = 0; k < size.top_k; ++k) {
        CHECK(found(i, k).expert == routes.host.view(i, k).expert);
        CHECK(found(i, k).weight == doctest::Approx(routes.host.view(i, k).weight).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("of equal scores the lower experts are chosen") {
  Twins twins;
  const auto logits = twins.filled(1, 70, 0.25F);
  const auto routes = twins.filled(1, 5, Route{});
  twins.gpu.route(gating::SoftmaxTopK(70, 5), logits.gpu, routes.gpu);
  const auto [found] = twins.gpu.read(routes.gpu);
  for (std::size_t k = 0; k < 5; ++k) CHECK(found(0, k).expert == static_cast<std::int32_t>(k));
}

TEST_CASE("norms, sums, gates") {
  for (const std::size_t width : {1U, 24U, 257U, 1000U}) {
    CAPTURE(width);
    Twins twins;
    const auto x = twins.normal(3, width);
    const auto y = twins.normal(3, width);
    const auto weight = twins.normal(1, width);
    twins.host.rms_norm(x.host, weight.host, 1e-5F, y.host);
    twins.gpu.rms_norm(x.gpu, weight.gpu, 1e-5F, y.gpu);
    twins.check_near(y, 1e-6);
    twins.host.add(y.host, x.host);
    twins.gpu.add(y.gpu, x.gpu);
    twins.check_near(x, 1e-6);
    twins.host.add(weight.host, x.host);  // one row to every row
    twins.gpu.add(weight.gpu, x.gpu);
    twins.check_near(x, 1e-6);
    const auto out = twins.result(3, width);
    twins.host.silu_multiply(x.host, y.host, out.host);
    twins.gpu.silu_multiply(x.gpu, y.gpu, out.gpu);
    twins.check_near(out, 2e-6);
    twins.host.relu(y.host, out.host);
    twins.gpu.relu(y.gpu, out.gpu);
    twins.check_near(out, 1e-6);
    twins.host.sigmoid_multiply(y.host, x.host);
    twins.gpu.sigmoid_multiply(y.gpu, x.gpu);
    twins.check_near(x, 2e-6);
    const auto of_rows = twins.normal(3, 1);
    twins.host.sigmoid_multiply(of_rows.host, x.host);
    twins.gpu.sigmoid_multiply(of_rows.gpu, x.gpu);
    twins.check_near(x, 2e-6);
    const auto both = twins.normal(3, 2 * width);
    const auto first = twins.result(3, width);
    const auto second = twins.result(3, width);
    const std::size_t block = width % 4 == 0 ? width / 4 : 1;
    twins.host.split(both.host, block, first.host, second.host);
    twins.gpu.split(both.gpu, block, first.gpu, second.gpu);
    twins.check_near(first, 0);
    twins.check_near(second, 0);
    // In place.
    twins.host.rms_norm(x.host, weight.host, 1e-5F, x.host);
    twins.gpu.rms_norm(x.gpu, weight.gpu, 1e-5F, x.gpu);
    twins.check_near(x, 2e-6);
  }
}

TEST_CASE("Gated DeltaNet, row after row, whatever the number of blocks") {
  const backend::DeltaHeads all[] = {{.key_heads = 1, .value_heads = 1, .key_width = 1, .value_width = 1},
                                     {.key_heads = 2, .value_heads = 6, .key_width = 12, .value_width = 8},
                                     {.key_heads = 2, .value_heads = 4, .key_width = 128, .value_width = 128},
                                     {.key_heads = 1, .value_heads = 2, .key_width = 200, .value_width = 300}};
  for (const backend::DeltaHeads& heads : all) {
    for (const std::size_t kernel : {1U, 4U}) {
      CAPTURE(heads.value_width);
      CAPTURE(kernel);
      Twins twins;
      const std::size_t n = 5;
      const auto x = twins.normal(n, heads.qkv_columns());
      const auto taps = twins.normal(heads.qkv_columns(), kernel);
      const auto rows = twins.normal(kernel - 1, heads.qkv_columns());
      const auto qkv = twins.result(n, heads.qkv_columns());
      twins.host.causal_convolution(x.host, taps.host, rows.host, rows.host, qkv.host);
      twins.gpu.causal_convolution(x.gpu, taps.gpu, rows.gpu, rows.gpu, qkv.gpu);
      twins.check_near(qkv, 2e-6);
      twins.check_same(rows);

      const auto ba = twins.normal(n, 2 * heads.value_heads, 3);
      const auto rate = twins.filled(1, heads.value_heads, -0.4F);
      const auto bias = twins.normal(1, heads.value_heads);
      const auto decay = twins.result(n, heads.value_heads);
      const auto beta = twins.result(n, heads.value_heads);
      twins.host.delta_gates(heads, ba.host, rate.host, bias.host, decay.host, beta.host);
      twins.gpu.delta_gates(heads, ba.gpu, rate.gpu, bias.gpu, decay.gpu, beta.gpu);
      twins.check_near(decay, 2e-6);
      twins.check_near(beta, 2e-6);

      const auto before = twins.normal(heads.state_rows(), heads.value_width);
      const auto after = twins.result(heads.state_rows(), heads.value_width);
      const auto out = twins.result(n, heads.value_columns());
      twins.host.delta_rule(heads, qkv.host, decay.host, beta.host, before.host, after.host, out.host);
      twins.gpu.delta_rule(heads, qkv.gpu, decay.gpu, beta.gpu, before.gpu, after.gpu, out.gpu);
      twins.check_near(out, 2e-5);
      twins.check_near(after, 2e-5);

      const auto weight = twins.normal(1, heads.value_width);
      const auto z = twins.normal(n, heads.value_columns());
      twins.host.gated_rms_norm(z.host, weight.host, 1e-6F, z.host, out.host);
      twins.gpu.gated_rms_norm(z.gpu, weight.gpu, 1e-6F, z.gpu, out.gpu);
      twins.check_near(out, 5e-6);
    }
  }
}

TEST_CASE("rotary positions") {
  for (const std::size_t width : {2U, 8U, 128U, 200U}) {
    for (const std::int32_t first : {0, 3, 30000}) {
      CAPTURE(width);
      CAPTURE(first);
      Twins twins;
      const auto tables = twins.result(4, width);
      twins.host.rotary_tables(first, {1e6}, tables.host);
      twins.gpu.rotary_tables(first, {1e6}, tables.gpu);
      twins.check_near(tables, first > 1000 ? 4e-3 : 1e-6);  // a last bit of a frequency turns as far
      const auto scaled = twins.result(4, width);
      const linalg::Rope llama{5e5, {.factor = 8, .original_positions = 8192}};
      twins.host.rotary_tables(first, llama, scaled.host);
      twins.gpu.rotary_tables(first, llama, scaled.gpu);
      twins.check_near(scaled, first > 1000 ? 4e-3 : 1e-6);
      const auto x = twins.normal(4, 3 * width);
      twins.host.rotate(tables.host, width, x.host);
      twins.gpu.write(tables.gpu, [&](const auto& to) {
        std::memcpy(to.view.data, tables.host.view.data, 4 * width * sizeof(float));
      });
      twins.gpu.rotate(tables.gpu, width, x.gpu);
      twins.check_near(x, 1e-6);
      const auto wider = twins.normal(4, 2 * (width + 6));
      twins.host.rotate(tables.host, width + 6, wider.host);
      twins.gpu.rotate(tables.gpu, width + 6, wider.gpu);
      twins.check_near(wider, 1e-6);
    }
  }
}

TEST_CASE_TEMPLATE("keys and values have the format's bits, and attention sees them", Format, quant::Float32,
                   quant::Float16, quant::Int8<32>, quant::Int8<16>) {
  struct Size {
    std::size_t heads, kv_heads, head_dim, slots, sinks, window, model_window;
  };
  for (const Size size : {Size{4, 2, 8, 200, 0, 0, 0}, Size{2, 2, 40, 150, 0, 0, 70},
                          Size{6, 1, 130, 30, 4, 20, 0}, Size{2, 1, 16, 90, 0, 80, 75}}) {
    CAPTURE(size.head_dim);
    CAPTURE(size.slots);
    Twins twins;
    const auto kv = twins.kv<Format>(size.kv_heads, size.slots, size.head_dim, size.sinks, size.window);
    for (std::size_t first = 0; first < 140; first += 7) {
      const auto keys = twins.normal(7, size.kv_heads * size.head_dim);
      const auto values = twins.normal(7, size.kv_heads * size.head_dim);
      twins.host.append_kv(keys.host, values.host, first, kv.host);
      twins.gpu.append_kv(keys.gpu, values.gpu, first, kv.gpu);
      twins.check_same(kv);
      if (first % 35 != 0 && first != 133) continue;
      const auto queries = twins.normal(7, size.heads * size.head_dim, 2);
      const auto out = twins.result(7, size.heads * size.head_dim);
      twins.host.attend(queries.host, kv.host, first, size.model_window, out.host);
      twins.gpu.attend(queries.gpu, kv.gpu, first, size.model_window, out.gpu);
      twins.check_near(out, 2e-5);
      const std::vector<float> together = twins.on_gpu(out.gpu);
      const auto alone = twins.result(1, size.heads * size.head_dim);
      twins.gpu.attend(queries.gpu.rows_at(6, 1), kv.gpu, first + 6, size.model_window, alone.gpu);
      CHECK(std::memcmp(twins.on_gpu(alone.gpu).data(), together.data() + 6 * alone.gpu.cols(),
                        alone.gpu.cols() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE_TEMPLATE("values beyond the format's range are told where the host waits", Format, quant::Float16,
                   quant::Int8<32>) {
  Twins twins;
  const auto kv = twins.kv<Format>(1, 4, 32);
  const auto keys = twins.normal(1, 32);
  const auto large = twins.filled(1, 32, 1e7F);
  twins.gpu.append_kv(keys.gpu, large.gpu, 0, kv.gpu);
  CHECK_THROWS_WITH_AS(twins.gpu.synchronize(), doctest::Contains("quant::Float32"), NumericError);
  twins.gpu.synchronize();  // told once
  twins.gpu.append_kv(keys.gpu, keys.gpu, 0, kv.gpu);
  twins.gpu.synchronize();
}

TEST_CASE("operations on no rows do nothing") {
  Twins twins;
  const auto none = twins.result(0, 8);
  const auto weights = twins.weights<Nf4>(8, 8);
  twins.gpu.embed(weights.gpu, View<const TokenId>(), none.gpu);
  twins.gpu.rms_norm(none.gpu, twins.normal(1, 8).gpu, 1e-5F, none.gpu);
  twins.gpu.product(weights.gpu, none.gpu, none.gpu);
  twins.gpu.add(none.gpu, none.gpu);
  twins.gpu.silu_multiply(none.gpu, none.gpu, none.gpu);
  twins.gpu.rotate(none.gpu, 8, none.gpu);
  twins.gpu.sigmoid_multiply(none.gpu, none.gpu);
  const auto kv = twins.kv<quant::Float32>(1, 4, 8);
  twins.gpu.append_kv(none.gpu, none.gpu, 4, kv.gpu);
  twins.gpu.attend(none.gpu, kv.gpu, 4, 0, none.gpu);
  twins.gpu.synchronize();
}

TEST_CASE("score hooks change the scores of their rows on the GPU as on the CPU") {
  struct Adds {
    float by = 0;
    void adjust(std::int32_t layer, MatrixView<const float> x, MatrixView<float> scores) const {
      for (std::size_t r = 0; r < x.rows; ++r) {
        for (float& score : scores.row(r)) score += by * x(r, 2) + static_cast<float>(layer);
      }
    }
  };
  struct Rows {
    const Adds* scores = nullptr;
    std::size_t rows = 0;
  };
  Twins twins;
  const auto x = twins.normal(6, 9);
  const auto scores = twins.normal(6, 4);
  const Adds first{.by = 2};
  const Adds last{.by = -1};
  const std::vector<Rows> segments{{&first, 2}, {nullptr, 1}, {&last, 3}};
  const model::ScoreHooks<std::vector<Rows>> hooks{.segments = segments, .layer = 5};
  const std::vector<float> before(scores.host.view.row(2).begin(), scores.host.view.row(2).end());
  hooks.adjust(twins.host, x.host, scores.host);
  hooks.adjust(twins.gpu, x.gpu, scores.gpu);
  std::vector<float> found(6 * 4);
  twins.gpu.download(scores.gpu, MatrixView<float>(found.data(), 6, 4));
  for (std::size_t r = 0; r < 6; ++r) {
    for (std::size_t e = 0; e < 4; ++e) CHECK(found[r * 4 + e] == scores.host.view(r, e));
  }
  CHECK(std::equal(before.begin(), before.end(), found.begin() + 8));
}
