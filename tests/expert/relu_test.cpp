// The feed-forward block of the Switch Transformer against double, row by row, and the bytes of its slab. Its laws:
// concept_test.cpp.
#include "asterism/expert/relu.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/shape/catalogue.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"

using namespace asterism;
using namespace asterism::expert;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
constexpr Shape shape{.hidden = 48, .ffn = 72, .experts = 2};

static_assert(Relu<quant::Float32>(shapes::switch_140m).footprint() == Bytes{2ULL * 512 * 2048 * 4});
static_assert(Relu<Nf4>(shapes::switch_140m).footprint() ==
              Nf4::planes(2048, 512).bytes() + Nf4::planes(512, 2048).bytes());
static_assert(Relu<Nf4>(shape).in_dim() == 48 && Relu<Nf4>(shape).out_dim() == 48);

}  // namespace

TEST_CASE_TEMPLATE("forward is W_down relu(W_up x) for every row", Q, quant::Float32, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  test::DeviceMemory<backend::SerialHost> memory(host);
  const Relu<Q> expert(shape);
  std::vector<backend::Buffer> buffers;
  typename Relu<Q>::Matrices matrices;
  for (int e = 0; e < 2; ++e) {
    buffers.push_back(host.allocate(expert.footprint(), "experts"));
    backend::Layout cursor(buffers.back());
    const auto slab = expert.lay_out(cursor);
    memory.encode(slab.up, 0.2F);
    memory.encode(slab.down, 0.2F);
    matrices.add(slab);
  }
  backend::Layout measure;
  Relu<Q>::Scratch::lay_out(measure, expert, 9);
  buffers.push_back(host.allocate(measure.used(), "workspace"));
  backend::Layout cursor(buffers.back());
  const auto scratch = Relu<Q>::Scratch::lay_out(cursor, expert, 9);
  const backend::ExpertGroups groups = memory.groups(2, 7);
  groups.offsets[0] = 0;
  groups.offsets[1] = 3;
  groups.offsets[2] = 7;
  const auto x = memory.normal(7, 48);
  const auto y = memory.result(7, 48);
  expert.forward(host, matrices, groups, x, scratch, y);
  for (std::size_t slot = 0; slot < 7; ++slot) {
    const std::size_t e = slot < 3 ? 0 : 1;
    const std::vector<float> row(x.view.row(slot).begin(), x.view.row(slot).end());
    std::vector<double> inner = naive::product(test::decoded(matrices.up[e]), 72, row);
    CHECK(*std::min_element(inner.begin(), inner.end()) < 0);
    for (double& value : inner) value = std::max(value, 0.0);
    const std::vector<double> expected = naive::product(test::decoded(matrices.down[e]), 48, inner);
    for (std::size_t c = 0; c < 48; ++c) CHECK(std::fabs(y.view(slot, c) - expected[c]) < 1e-4);
  }
}
