// The caches of a sequence: where the plan says, drawn once, returned at the end, and trimmed together.
#include "asterism/model/caches.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;
using test::small_shape;

namespace {

using Caches = model::Assembly<Exact>::Caches;

/// A cache that remembers on the first device alone: what a trim of the others has to follow.
class Forgetful {
 public:
  static inline std::vector<std::string> calls;

  template <class Device>
  Forgetful(Device& device, const Shape&, const Limits&, std::int32_t, std::int32_t) : device_(device.device()) {}

  std::size_t trim(std::size_t length) {
    calls.push_back(concat(device_, ": ", length));
    return device_ == 0 ? length : 0;
  }

 private:
  std::int32_t device_;
};

}  // namespace

TEST_CASE("every device that runs layers has a cache for them") {
  Shape shape = small_shape;
  shape.layers = 3;
  const test::EmptyNetwork<Exact> empty(shape, equal_devices(2, 1_MiB));
  REQUIRE(empty.plan.cuts[1] > 0);
  REQUIRE(empty.plan.cuts[1] < 3);
  Caches caches(empty.devices, empty.plan, shape, Exact::limits);
  for (const std::int32_t device : {0, 1}) {
    const auto d = static_cast<std::size_t>(device);
    CHECK(caches.on(device).capacity() == 160);
    for (std::int32_t layer = empty.plan.cuts[d]; layer < empty.plan.cuts[d + 1]; ++layer) {
      CHECK(caches.on(device).view(layer).device == device);
      CHECK(caches.on(device).view(layer).slots == 160);
    }
    const auto layers = static_cast<std::uint64_t>(empty.plan.cuts[d + 1] - empty.plan.cuts[d]);
    CHECK(caches.on(device).bytes() == Exact::KvCache::layer_bytes(shape, Exact::limits) * layers);
    CHECK(caches.on(device).bytes() * 2 == empty.plan.bytes(d, placement::PartKind::kv_cache));  // batch is 2
  }
  CHECK(caches.trim(empty.devices, 100) == 100);
  CHECK(caches.trim(empty.devices, 0) == 0);
}

TEST_CASE("a sequence for which there is no room is refused, and leaves nothing behind") {
  const test::EmptyNetwork<Exact> empty(small_shape, equal_devices(2, 4_MiB));
  const test::EmptyNetwork<Exact> tight(
      small_shape, Machine{.capacity = {empty.plan.peak(0), empty.plan.peak(1)}, .devices = 2});
  REQUIRE(tight.plan.cuts == empty.plan.cuts);
  const auto workspace = test::workspace_on<Exact>(tight);
  const auto full = [&] {
    for (std::size_t d = 0; d < 2; ++d) CHECK(tight.devices[d]->arena().used() == tight.plan.peak(d));
  };
  Caches first(tight.devices, tight.plan, small_shape, Exact::limits);
  {
    const Caches second(tight.devices, tight.plan, small_shape, Exact::limits);  // batch is 2
    full();
    check_error<BudgetExceeded>([&] { Caches(tight.devices, tight.plan, small_shape, Exact::limits); },
                                {"device 0", "KV cache", "close another session"});
    full();
  }
  const Caches third(tight.devices, tight.plan, small_shape, Exact::limits);
  const Caches moved(std::move(first));
  full();
}

TEST_CASE("where one device can't go back, all begin anew") {
  const test::EmptyNetwork<Exact> empty(small_shape, equal_devices(2, 1_MiB));
  model::Caches<Forgetful, Exact::State> caches(empty.devices, empty.plan, small_shape, Exact::limits);
  Forgetful::calls.clear();
  CHECK(caches.trim(empty.devices, 5) == 0);
  CHECK(Forgetful::calls == std::vector<std::string>{"0: 5", "1: 5", "0: 0", "1: 0"});
  Forgetful::calls.clear();
  CHECK(caches.trim(empty.devices, 0) == 0);
  CHECK(Forgetful::calls == std::vector<std::string>{"0: 0", "1: 0"});
}

TEST_CASE("a segment finds its cache by device") {
  const test::EmptyNetwork<Exact> empty(small_shape, equal_devices(2, 1_MiB));
  Caches caches(empty.devices, empty.plan, small_shape, Exact::limits);
  const model::Segment<Exact::KvCache, Exact::State, test::Watch> segment{
      .caches = &caches, .first = 3, .rows = 2};
  CHECK(&segment.cache(0) == &caches.on(0));
  CHECK(&segment.cache(1) == &caches.on(1));
}
