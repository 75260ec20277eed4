// The dense block against double, row by row, in place, and the bytes of its slab.
#include "asterism/expert/feed_forward.hpp"

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
#include "support/rows.hpp"

using namespace asterism;
using expert::FeedForward;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;

static_assert(FeedForward<quant::BFloat16>::footprint(4096, 14336) == Bytes{3ULL * 4096 * 14336 * 2});
static_assert(FeedForward<Nf4>::footprint(48, 72) ==
              Nf4::planes(72, 48).bytes() * 2 + Nf4::planes(48, 72).bytes());

}  // namespace

TEST_CASE_TEMPLATE("a dense block is W_down (silu(W_gate x) * W_up x)", Q, quant::Float32, quant::BFloat16, Nf4) {
  backend::SerialHost host(0, 16_MiB, std::make_shared<parallel::Serial>());
  test::DeviceMemory<backend::SerialHost> memory(host);
  const Bytes before = host.arena().used();
  const FeedForward<Q> block(host, 48, 72);
  CHECK(host.arena().used() - before == FeedForward<Q>::footprint(48, 72));
  CHECK(host.arena().held_by("feed-forward") == FeedForward<Q>::footprint(48, 72));
  const auto& slab = block.slab();
  for (const auto* matrix : {&slab.gate, &slab.up, &slab.down}) memory.encode(*matrix, 0.2F);

  backend::Layout measure;
  FeedForward<Q>::Scratch::lay_out(measure, 72, 13);
  const backend::Buffer buffer = host.allocate(measure.used(), "workspace");
  backend::Layout cursor(buffer);
  const auto scratch = FeedForward<Q>::Scratch::lay_out(cursor, 72, 13);
  const auto x = memory.normal(13, 48);
  const auto y = memory.result(13, 48);
  const std::uint64_t allocations = host.arena().allocations();
  block.forward(host, x, scratch, y);
  CHECK(host.arena().allocations() == allocations);

  const std::vector<float> gate = test::decoded(slab.gate);
  const std::vector<float> up = test::decoded(slab.up);
  const std::vector<float> down = test::decoded(slab.down);
  for (std::size_t i = 0; i < 13; ++i) {
    const std::vector<float> row(x.view.row(i).begin(), x.view.row(i).end());
    std::vector<double> inner = naive::product(gate, 72, row);
    const std::vector<double> factors = naive::product(up, 72, row);
    for (std::size_t c = 0; c < inner.size(); ++c) inner[c] = naive::silu(inner[c]) * factors[c];
    const std::vector<double> expected = naive::product(down, 48, inner);
    for (std::size_t c = 0; c < 48; ++c) CHECK(std::fabs(y.view(i, c) - expected[c]) < 1e-4);
  }

  const auto alone = memory.result(1, 48);
  block.forward(host, x.rows_at(7, 1), scratch, alone);
  CHECK(test::same_bits(test::values(alone), test::values(y.rows_at(7, 1))));
  block.forward(host, x, scratch, x);
  CHECK(test::same_bits(test::values(x), test::values(y)));
}
