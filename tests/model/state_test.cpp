// Caches and workspaces of a conversation: where the plan says, drawn once, returned at the end.
#include "asterism/model/state.hpp"

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "asterism/model/plan.hpp"

#include "checkpoint/checkpoint_files.hpp"
#include "generate/variants.hpp"
#include "model/filled_network.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;
using test::small_shape;

namespace {

using State = model::Assembly<Exact>::State;

}  // namespace

TEST_CASE("every device that runs layers has a cache for them and a workspace; the head's device has the head's") {
  for (const bool tied : {false, true}) {
    Shape shape = small_shape;
    shape.layers = 3;
    shape.tied_head = tied;
    const test::EmptyNetwork<Exact> empty(shape, equal_devices(2, 1_MiB));
    REQUIRE(empty.plan.cuts[1] > 0);
    REQUIRE(empty.plan.cuts[1] < 3);
    State state(empty.devices, empty.plan, shape, Exact::limits);
    for (std::size_t d = 0; d < 2; ++d) {
      const auto device = static_cast<std::int32_t>(d);
      CHECK(state.workspace(d).hidden.device == device);
      CHECK(state.workspace(d).hidden.rows() == 16);
      CHECK(state.cache(d).capacity() == 160);
      for (std::int32_t layer = empty.plan.cuts[d]; layer < empty.plan.cuts[d + 1]; ++layer) {
        CHECK(state.cache(d).view(layer).device == device);
        CHECK(state.cache(d).view(layer).capacity == 160);
      }
      const auto layers = static_cast<std::uint64_t>(empty.plan.cuts[d + 1] - empty.plan.cuts[d]);
      CHECK(state.cache(d).bytes() == Exact::KvCache::layer_bytes(shape, Exact::limits) * layers);
    }
    CHECK(state.head().logits.device == empty.plan.head_device());
    CHECK(state.head().logits.cols() == 53);
  }
}

TEST_CASE("a conversation for which there is no room is refused, and leaves nothing behind") {
  test::EmptyNetwork<Exact> empty(small_shape, equal_devices(2, 4_MiB));
  const test::EmptyNetwork<Exact> tight(
      small_shape, Machine{.capacity = {empty.plan.peak(0), empty.plan.peak(1)}, .devices = 2});
  REQUIRE(tight.plan.cuts == empty.plan.cuts);
  State first(tight.devices, tight.plan, small_shape, Exact::limits);
  {
    const State second(tight.devices, tight.plan, small_shape, Exact::limits);  // batch is 2
    for (std::size_t d = 0; d < 2; ++d) CHECK(tight.devices[d]->arena().used() == tight.plan.peak(d));
    check_error<BudgetExceeded>([&] { State(tight.devices, tight.plan, small_shape, Exact::limits); },
                                {"device 0", "KV cache", "close another session"});
    for (std::size_t d = 0; d < 2; ++d) CHECK(tight.devices[d]->arena().used() == tight.plan.peak(d));
  }
  const State third(tight.devices, tight.plan, small_shape, Exact::limits);
  const State moved(std::move(first));
  for (std::size_t d = 0; d < 2; ++d) CHECK(tight.devices[d]->arena().used() == tight.plan.peak(d));
}
