// The gated feed-forward block against double, row by row, and the bytes of its slab. Its laws: concept_test.cpp.
#include "asterism/expert/swiglu.hpp"

#include <cmath>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"

using namespace asterism;
using namespace asterism::expert;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
constexpr Shape shape{.hidden = 48, .ffn = 72, .experts = 3};

// Codes, one byte a block and 4 bytes for each 256 of those, the offset: the slab of Mixtral's experts in 4 bits.
constexpr Shape mixtral{.hidden = 4096, .ffn = 14336};
static_assert(SwiGlu<quant::Float32>(mixtral).footprint() == Bytes{3ULL * 4096 * 14336 * 4});
static_assert(SwiGlu<quant::BFloat16>(mixtral).footprint() == Bytes{3ULL * 4096 * 14336 * 2});
static_assert(SwiGlu<Nf4>(mixtral).footprint() ==
              Nf4::planes(14336, 4096).bytes() * 2 + Nf4::planes(4096, 14336).bytes());
static_assert(SwiGlu<Nf4>(mixtral).in_dim() == 4096 && SwiGlu<Nf4>(mixtral).out_dim() == 4096);

// All experts of one layer on a host, with rows sorted for them.
template <class Q, class Host>
struct Layer {
  SwiGlu<Q> expert{shape};
  test::DeviceMemory<Host> memory;
  std::vector<backend::Buffer> slabs;
  typename SwiGlu<Q>::Matrices matrices;

  explicit Layer(Host& host) : memory(host) {
    for (std::int32_t e = 0; e < shape.experts; ++e) {
      slabs.push_back(host.allocate(expert.footprint(), "experts"));
      backend::Layout cursor(slabs.back());
      const auto slab = expert.lay_out(cursor);
      CHECK(cursor.used() == slabs.back().size());
      for (const auto* matrix : {&slab.gate, &slab.up, &slab.down}) memory.encode(*matrix, 0.2F);
      matrices.add(slab);
    }
  }

  typename SwiGlu<Q>::Scratch scratch(Host& host, std::size_t slots) {
    backend::Layout measure;
    SwiGlu<Q>::Scratch::lay_out(measure, expert, slots);
    slabs.push_back(host.allocate(measure.used(), "workspace"));
    backend::Layout cursor(slabs.back());
    return SwiGlu<Q>::Scratch::lay_out(cursor, expert, slots);
  }

  // counts[e] rows for expert e.
  backend::ExpertGroups groups(const std::vector<std::int32_t>& counts) {
    std::int32_t slots = 0;
    for (const std::int32_t count : counts) slots += count;
    const backend::ExpertGroups out = memory.groups(counts.size(), static_cast<std::size_t>(slots));
    out.offsets[0] = 0;
    for (std::size_t e = 0; e < counts.size(); ++e) out.offsets[e + 1] = out.offsets[e] + counts[e];
    return out;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("forward is W_down (silu(W_gate x) * W_up x) for every row", Q, quant::Float32, quant::BFloat16,
                   Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  Layer<Q, backend::SerialHost> layer(host);
  const backend::ExpertGroups groups = layer.groups({5, 0, 8});
  const auto x = layer.memory.normal(13, 48);
  const auto y = layer.memory.result(13, 48);
  layer.expert.forward(host, layer.matrices, groups, x, layer.scratch(host, 20), y);
  for (std::size_t e = 0; e < 3; ++e) {
    const std::vector<float> gate = test::decoded(layer.matrices.gate[e]);
    const std::vector<float> up = test::decoded(layer.matrices.up[e]);
    const std::vector<float> down = test::decoded(layer.matrices.down[e]);
    for (auto s = groups.offsets[e]; s < groups.offsets[e + 1]; ++s) {
      const auto slot = static_cast<std::size_t>(s);
      const std::vector<float> row(x.view.row(slot).begin(), x.view.row(slot).end());
      std::vector<double> inner = naive::product(gate, 72, row);
      const std::vector<double> other = naive::product(up, 72, row);
      for (std::size_t i = 0; i < inner.size(); ++i) inner[i] = naive::silu(inner[i]) * other[i];
      const std::vector<double> expected = naive::product(down, 48, inner);
      for (std::size_t c = 0; c < 48; ++c) CHECK(std::fabs(y.view(slot, c) - expected[c]) < 1e-4);
    }
  }
}
