// The questions that all backends ask. That each operation asks them: host_refusals_test.cpp and tests/cuda.
#include "asterism/backend/checks.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/quant/float32.hpp"

using namespace asterism;
using namespace asterism::backend;

namespace {

// No memory: checks read none, so that they serve devices whose memory the host can't read.
DeviceMatrix<float> matrix(std::size_t rows, std::size_t cols, std::int32_t device = 2) {
  return {MatrixView<float>(nullptr, rows, cols), device};
}

constexpr Checks checks{2};

}  // namespace

TEST_CASE("operands of this device whose shapes agree pass") {
  const DeviceWeights<quant::Float32> weights{nullptr, 6, 4, 2};
  const KvView<quant::Float32> kv{.kv_heads = 2, .slots = 9, .head_dim = 3, .device = 2};
  checks.on_this_device("write", weights, matrix(1, 1));
  checks.copy_from(matrix(3, 4, 7), matrix(3, 4));
  checks.product(weights, matrix(3, 4), matrix(3, 6));
  checks.rms_norm(matrix(3, 4), matrix(1, 4), matrix(3, 4));
  checks.append_kv(matrix(3, 6), matrix(3, 6), 6, kv);
  checks.attend(matrix(3, 12), kv, 6, matrix(3, 12));
  checks.route(gating::SoftmaxTopK(5, 2), matrix(3, 5), {MatrixView<gating::Route>(nullptr, 3, 2), 2});
  const std::vector<TokenId> ids{0, 5};
  checks.embed(weights, View<const TokenId>(ids), matrix(2, 4));
}

TEST_CASE("the device is asked first, then the shapes, then the values that the host has") {
  const DeviceWeights<quant::Float32> weights{nullptr, 6, 4, 2};
  CHECK_THROWS_AS(checks.add(matrix(3, 4, 1), matrix(3, 5)), WrongDevice);
  CHECK_THROWS_WITH_AS(checks.add(matrix(3, 4), matrix(3, 5)), "add: the shapes of the operands do not agree",
                       InvalidArgument);
  CHECK_THROWS_AS(checks.copy_from(matrix(3, 4, 7), matrix(3, 4, 7)), WrongDevice);
  const std::vector<TokenId> ids{0, 6};
  CHECK_THROWS_WITH_AS(checks.embed(weights, View<const TokenId>(ids), matrix(2, 4)),
                       "token id 6 is outside the vocabulary of 6 entries", InvalidArgument);
  CHECK_THROWS_WITH_AS(checks.embed(weights, View<const TokenId>(ids), matrix(1, 4)),
                       "embed: the shapes of the operands do not agree", InvalidArgument);
}
