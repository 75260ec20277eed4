// What cuda::Backend refuses: operands of another device, and shapes that do not agree. The checks are those of
// BasicHost, see tests/backend/host_refusals_test.cpp; here, that every operation asks them.
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/cuda/backend.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/quant/float32.hpp"

using namespace asterism;
using gating::Route;

namespace {

constexpr std::size_t rows = 3;
constexpr std::size_t width = 8;
constexpr std::size_t experts = 4;
constexpr std::size_t top_k = 2;

using Matrix = backend::DeviceMatrix<float>;
using Weights = backend::DeviceWeights<quant::Float32>;

}  // namespace

TEST_CASE("every operation refuses operands of another device") {
  const auto peers = std::make_shared<cuda::Peers>();
  cuda::Backend gpu(0, 1_MiB, peers);
  cuda::Backend other(1, 1_MiB, peers);
  const backend::Buffer buffer = other.allocate(64_KiB, "test");
  const Matrix m = backend::matrix_in<float>(buffer, 0, rows, width);
  const auto weights = backend::weights_in<quant::Float32>(buffer, 0, width, width);
  const auto routes = backend::matrix_in<Route>(buffer, 0, rows, top_k);
  const auto table = backend::matrix_in<std::int32_t>(buffer, 0, 1, rows * top_k).view.row(0);
  const backend::ExpertGroups groups{
      .offsets = table.subview(0, experts + 1), .source_row = table, .slot_of_choice = table, .device = 1};
  const backend::KvView<quant::Float32> kv{
      .keys = buffer.data(), .values = buffer.data(), .kv_heads = 2, .slots = 4, .head_dim = 4, .device = 1};
  const std::vector<TokenId> ids{0, 1, 2};
  const std::vector<Weights> many(experts, weights);
  std::vector<float> host(rows * width);
  const MatrixView<float> view(host.data(), rows, width);
  const auto refuses = [](const char* name, const auto& call) {
    CAPTURE(name);
    CHECK_THROWS_WITH_AS(
        call(),
        concat(name, " runs on device 0 but an operand lives on device 1: hand it over with copy_from() first")
            .c_str(),
        WrongDevice);
  };
  refuses("write", [&] { gpu.write(weights, [](const auto&) {}); });
  refuses("write", [&] { gpu.write(m, [](const auto&) {}); });
  refuses("read", [&] { gpu.read(m); });
  refuses("upload", [&] { gpu.upload(view, m); });
  refuses("download", [&] { gpu.download(m, view); });
  refuses("copy_from", [&] { gpu.copy_from(m, m); });
  refuses("embed", [&] { gpu.embed(weights, View<const TokenId>(ids), m); });
  refuses("rms_norm", [&] { gpu.rms_norm(m, m.rows_at(0, 1), 1e-5F, m); });
  refuses("product", [&] { gpu.product(weights, m, m); });
  refuses("grouped_product", [&] { gpu.grouped_product<quant::Float32>(many, groups, m, m); });
  refuses("add", [&] { gpu.add(m, m); });
  refuses("sigmoid_multiply", [&] { gpu.sigmoid_multiply(m, m); });
  refuses("split", [&] { gpu.split(m, 1, m, m); });
  refuses("silu_multiply", [&] { gpu.silu_multiply(m, m, m); });
  refuses("relu", [&] { gpu.relu(m, m); });
  const backend::DeltaHeads heads{.key_heads = 1, .value_heads = 1, .key_width = 1, .value_width = 1};
  refuses("causal_convolution", [&] { gpu.causal_convolution(m, m, m, m, m); });
  refuses("delta_gates", [&] { gpu.delta_gates(heads, m, m, m, m, m); });
  refuses("delta_rule", [&] { gpu.delta_rule(heads, m, m, m, m, m, m); });
  refuses("gated_rms_norm", [&] { gpu.gated_rms_norm(m, m, 1e-6F, m, m); });
  refuses("rotary_tables", [&] { gpu.rotary_tables(0, {1e4}, m); });
  refuses("rotate", [&] { gpu.rotate(m, width, m); });
  refuses("append_kv", [&] { gpu.append_kv(m, m, 0, kv); });
  refuses("attend", [&] { gpu.attend(m, kv, 0, 0, m); });
  refuses("route", [&] { gpu.route(gating::SoftmaxTopK(width, top_k), m, routes); });
  refuses("group", [&] { gpu.group(routes, groups); });
  refuses("gather", [&] { gpu.gather(groups, m, m); });
  refuses("combine", [&] { gpu.combine(groups, routes, m, m); });
}

TEST_CASE("shapes that do not agree, and ids outside the vocabulary") {
  cuda::Backend gpu(0, 1_MiB, std::make_shared<cuda::Peers>());
  const backend::Buffer buffer = gpu.allocate(64_KiB, "test");
  const Matrix m = backend::matrix_in<float>(buffer, 0, rows, width);
  const Matrix narrow = backend::matrix_in<float>(buffer, 0, rows, width - 2);
  const auto weights = backend::weights_in<quant::Float32>(buffer, 0, width, width);
  const auto kv_of = [&](std::size_t slots) {
    return backend::KvView<quant::Float32>{
        .keys = buffer.data(), .values = buffer.data(), .kv_heads = 2, .slots = slots, .head_dim = 4, .device = 0};
  };
  CHECK_THROWS_AS(gpu.add(narrow, m), InvalidArgument);
  CHECK_THROWS_AS(gpu.product(weights, narrow, m), InvalidArgument);
  CHECK_THROWS_AS(gpu.append_kv(m, m, 2, kv_of(4)), InvalidArgument);
  CHECK_THROWS_AS(gpu.attend(m, kv_of(2), 0, 0, m), InvalidArgument);
  const std::vector<TokenId> ids{0, 8, 2};
  CHECK_THROWS_WITH_AS(gpu.embed(weights, View<const TokenId>(ids), m), doctest::Contains("token id 8"),
                       InvalidArgument);
}
