// Slots that experts take turns in: who is in which, what is read, and what is left when something fails.
#include "asterism/residency/slots.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using cache::Admission;
using residency::SlotCounts;
using residency::SpillFile;
using residency::SpillHeader;
using test::check_error;
using test::TemporaryFolder;

namespace {

constexpr std::int32_t layers = 3;
constexpr std::int32_t experts = 6;

/// The first bytes of a slab say whose it is.
std::vector<std::byte> slab_of(PartId part) {
  std::vector<std::byte> slab(5000, static_cast<std::byte>(part.group * 16 + part.member));
  return slab;
}

/// A spill file, memory for slots, and the slots.
template <class Policy, class Prefetcher = prefetch::None, class Carrier = residency::HostCarrier>
struct Fixture {
  TemporaryFolder folder;
  std::string path = folder / "spill";
  std::shared_ptr<const residency::ExpertHomes> homes;
  std::unique_ptr<std::byte, void (*)(void*)> memory{nullptr, std::free};
  using Slots = residency::Slots<Policy, Prefetcher, Carrier>;
  std::unique_ptr<Slots> slots;

  explicit Fixture(std::size_t count, std::int32_t first = 0, std::int32_t groups = layers,
                   const residency::Pace& pace = {.layer_seconds = 1, .read_seconds = 1}) {
    const typename Slots::Extent extent{.first_group = first, .groups = groups, .top_k = 2, .slots = count};
    const SpillHeader header{.model_type = "m",
                             .format = "f",
                             .layers = layers,
                             .experts = experts,
                             .hidden = 1,
                             .ffn = 1,
                             .slab_bytes = 5000,
                             .fingerprint = 1};
    residency::SpillWriter writer(path, header);
    for (std::int32_t l = 0; l < layers; ++l) {
      for (std::int32_t e = 0; e < experts; ++e) writer.write(slab_of({l, e}));
    }
    writer.finish();
    homes = std::make_shared<const residency::ExpertHomes>(
        std::make_shared<const SpillFile>(path, residency::Verify::always));
    memory.reset(static_cast<std::byte*>(std::aligned_alloc(4096, count * header.stride())));
    slots = std::make_unique<Slots>(Policy(extent.parts(header), extent.capacity(header)),
                                    Prefetcher(extent.ahead(header)), std::make_unique<Carrier>(homes), homes,
                                    extent, pace, memory.get());
  }

  std::byte* slot(std::size_t number) const { return memory.get() + number * homes->header().stride(); }

  /// Visits a layer, checks that each expert is in its slot when it is told, and returns the calls.
  std::vector<std::vector<std::int32_t>> visit(std::int32_t layer, const std::vector<std::int32_t>& used) {
    const std::vector<float> probabilities(experts, 1.0F / experts);
    std::vector<std::vector<std::int32_t>> calls;
    std::set<std::int32_t> told;
    slots->visit({.group = layer, .used = used, .probabilities = probabilities}, [&](auto ready) {
      calls.emplace_back();
      for (const auto& one : ready) {
        calls.back().push_back(one.member);
        CHECK(told.insert(one.member).second);
        CHECK(std::memcmp(slot(one.slot), slab_of({layer, one.member}).data(), 5000) == 0);
      }
    });
    CHECK(told == std::set<std::int32_t>(used.begin(), used.end()));
    return calls;
  }
};

/// Keeps nothing.
struct Nobody {
  Nobody(const cache::Parts& /*parts*/, Bytes capacity) : bytes(capacity) {}
  Bytes capacity() const { return bytes; }
  bool contains(PartId /*part*/) const { return false; }
  void observe(std::int32_t /*group*/, View<const std::int32_t> /*used*/, View<const float> /*probabilities*/) {}
  void admit(View<const PartId> step, Admission& admission) {
    admission.clear();
    admission.bypassed.assign(step.begin(), step.end());
  }
  void pin(PartId /*part*/) {}
  void unpin(PartId /*part*/) {}
  Bytes bytes;
};

/// Predicts what a test says.
struct Told {
  explicit Told(const prefetch::Extent& extent) : members(extent.members) {}
  void observe(const prefetch::Routing& /*routing*/) {}
  std::size_t predict(std::int32_t group, View<prefetch::Prediction> out) const {
    std::size_t count = 0;
    for (const std::int32_t member : next) {
      if (count < out.size) out[count++] = {{group, member}, 1.0F / static_cast<float>(next.size())};
    }
    return count;
  }
  std::int32_t members;
  static inline std::vector<std::int32_t> next;
};

struct Full : Nobody {
  using Nobody::Nobody;
  bool contains(PartId /*part*/) const { return true; }
};
struct Greedy : Nobody {
  using Nobody::Nobody;
  Bytes capacity() const { return bytes + 1_B; }
};

}  // namespace

TEST_CASE("what is there is told first, all at once; then each other one as it has been read") {
  Fixture<cache::LeastRecent> f(6);
  using Calls = std::vector<std::vector<std::int32_t>>;
  CHECK(f.visit(0, {1, 4}) == Calls{{1}, {4}});
  CHECK(f.visit(0, {0, 1, 4, 5}) == Calls{{1, 4}, {0}, {5}});
  const SlotCounts& counts = f.slots->counts();
  CHECK(counts.uses == 6);
  CHECK(counts.hits == 2);
  CHECK(counts.fetched == 4);
  CHECK(counts.bypassed == 0);
  CHECK(counts.bytes == 4 * f.homes->header().stride());
  CHECK(counts.hit_rate() == doctest::Approx(1.0 / 3));
  CHECK(counts.seconds_waited > 0);
}

TEST_CASE("more experts than slots take several waves, each read once") {
  Fixture<cache::LeastRecent> f(4);  // two of them are kept, two pass
  for (int pass = 0; pass < 3; ++pass) {
    for (std::int32_t layer = 0; layer < layers; ++layer) {
      const SlotCounts before = f.slots->counts();
      f.visit(layer, {0, 1, 2, 3, 4, 5});
      const SlotCounts& after = f.slots->counts();
      CHECK(after.hits - before.hits + after.fetched - before.fetched + after.bypassed - before.bypassed == 6);
    }
  }
}

TEST_CASE("experts that are not kept pass through two slots") {
  Fixture<Nobody> f(4);
  for (int pass = 0; pass < 4; ++pass) {
    CHECK(f.visit(pass % layers, {0, 2, 3, 5}).size() == 4);
    CHECK(f.visit(pass % layers, {4}).size() == 1);
  }
  CHECK(f.slots->counts().bypassed == 20);
  CHECK(f.slots->counts().hits == 0);
}

TEST_CASE("with a slot for each expert all are read once, and stay") {
  Fixture<cache::LeastRecent> f(layers * experts + 2);
  for (int pass = 0; pass < 5; ++pass) {
    for (std::int32_t layer = 0; layer < layers; ++layer) f.visit(layer, {0, 1, 2, 3, 4, 5});
  }
  CHECK(f.slots->counts().fetched == layers * experts);
  CHECK(f.slots->counts().bypassed == 0);
}

TEST_CASE("a cache may keep nothing even where there is a slot for each") {
  Fixture<Nobody> f(layers * experts + 2);
  for (int pass = 0; pass < 4; ++pass) f.visit(pass % layers, {0, 1, 2, 3, 4, 5});
  CHECK(f.slots->counts().bypassed == 24);
}

TEST_CASE("a cache that is full at first, or wants more than there is, is refused; so are too few slots") {
  check_error<InvalidArgument>([] { Fixture<Full> f(5); }, {"before any was read"});
  check_error<InvalidArgument>([] { Fixture<Greedy> f(5); }, {"wants", "there are slots for"});
  check_error<InvalidArgument>([] { Fixture<cache::LeastRecent> f(1); }, {"1 slots", "at least 2"});
}

TEST_CASE("with fewer slots than a token needs and two, experts stream: nothing is kept, nothing is read ahead") {
  for (const std::size_t count : {2U, 3U}) {
    Fixture<cache::LeastRecent, Told> f(count);
    Told::next = {1, 4};
    for (int pass = 0; pass < 300; ++pass) {
      CHECK(f.visit(pass % layers, {1, 4}) == std::vector<std::vector<std::int32_t>>{{1}, {4}});
    }
    f.visit(0, {0, 1, 2, 3, 4, 5});
    const SlotCounts& counts = f.slots->counts();
    CHECK(counts.uses == 606);
    CHECK(counts.bypassed == 606);
    CHECK(counts.hits + counts.fetched + counts.predicted + counts.read_ahead + counts.wasted == 0);
    CHECK(counts.bytes == 606 * f.homes->header().stride());
    CHECK_FALSE(counts.looks_ahead);
    CHECK(f.slots->policy().capacity() == 0_B);
  }
  Fixture<cache::LeastRecent, Told> keeps(4);
  for (int pass = 0; pass < 300; ++pass) keeps.visit(0, {1, 4});
  CHECK(keeps.slots->counts().hits == 598);
  CHECK(keeps.slots->counts().looks_ahead);
}

TEST_CASE("an ask or a computation that fails where experts stream leaves all slots free") {
  Fixture<cache::LeastRecent> f(3);
  const std::vector<float> probabilities(experts, 0);
  const std::vector<std::int32_t> used = {0, 1, 2, 3, 4};
  for (int calls = 0; calls < 5; ++calls) {
    int left = calls;
    CHECK_THROWS_AS(f.slots->visit({.group = 1, .used = used, .probabilities = probabilities},
                                   [&](auto) {
                                     if (left-- == 0) throw std::runtime_error("enough");
                                   }),
                    std::runtime_error);
    f.visit(2, {0, 1, 2, 3, 4, 5});
  }
}

TEST_CASE("slots of some of the layers") {
  Fixture<cache::LeastRecent> f(5, 1, 2);
  f.visit(1, {0, 5});
  f.visit(2, {0, 5});
  check_error<InvalidArgument>([&] { f.visit(0, {0}); }, {});
  f.visit(1, {0, 1, 2, 3});
}

TEST_CASE("random passes: every expert is where it is said to be") {
  Random random(7);
  for (const std::size_t count : {4U, 6U, 9U, 17U}) {
    Fixture<cache::Hazard> f(count);
    for (int pass = 0; pass < 60; ++pass) {
      for (std::int32_t layer = 0; layer < layers; ++layer) {
        std::vector<std::int32_t> used;
        for (std::int32_t e = 0; e < experts; ++e) {
          if (random() % 3 == 0) used.push_back(e);
        }
        f.visit(layer, used);
      }
    }
    CHECK(f.slots->counts().hits > 0);
  }
}

TEST_CASE("what is thrown leaves no read under way, and the slots can be used") {
  Fixture<cache::LeastRecent> f(6);
  const std::vector<float> probabilities(experts, 0);
  Random random(8);
  for (int i = 0; i < 40; ++i) {
    std::vector<std::int32_t> used;
    for (std::int32_t e = 0; e < experts; ++e) {
      if (random() % 2 == 0) used.push_back(e);
    }
    const auto layer = static_cast<std::int32_t>(random() % layers);
    const std::uint64_t stop_at = random() % 3;
    std::uint64_t calls = 0;
    bool thrown = false;
    try {
      f.slots->visit({.group = layer, .used = used, .probabilities = probabilities}, [&](auto) {
        if (calls++ == stop_at) throw std::runtime_error("enough");
      });
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    CHECK(thrown == (calls > stop_at));
    f.visit(layer, used);
    f.visit((layer + 1) % layers, {0, 1, 2, 3, 4, 5});
  }
}

TEST_CASE("an expert whose read was broken off is read again, not taken for one that is there") {
  Fixture<cache::LeastRecent> f(6);
  const std::vector<float> probabilities(experts, 0);
  const std::vector<std::int32_t> used = {0, 1, 2};
  const residency::Routed routed{.group = 0, .used = used, .probabilities = probabilities};
  CHECK_THROWS_AS(f.slots->visit(routed, [](auto) { throw std::runtime_error("at once"); }), std::runtime_error);
  std::memset(f.memory.get(), 0xEE, 6 * f.homes->header().stride());
  const std::uint64_t hits = f.slots->counts().hits;
  std::vector<std::int32_t> told;
  f.slots->visit(routed, [&](auto ready) {
    for (const auto& one : ready) told.push_back(one.member);
  });
  CHECK(told.size() == 3);
  CHECK(f.slots->counts().hits - hits <= 1);  // the one that was told before it was thrown
}

namespace {

std::vector<std::int32_t> two_of(Random& random) {
  const auto first = static_cast<std::int32_t>(random() % experts);
  const auto second =
      static_cast<std::int32_t>((static_cast<std::size_t>(first) + 1 + random() % (experts - 1)) % experts);
  return {std::min(first, second), std::max(first, second)};
}

/// Random passes, in which each layer is told by `tell` what the next one uses.
template <class F, class Tell>
void run_told(F& f, int passes, const Tell& tell) {
  Random random(11);
  std::vector<std::int32_t> used = two_of(random);
  for (int pass = 0; pass < passes; ++pass) {
    for (std::int32_t layer = 0; layer < layers; ++layer) {
      const std::vector<std::int32_t> next = two_of(random);
      Told::next = tell(next);
      f.visit(layer, used);
      used = next;
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("what is predicted is read ahead, and changes no decision of the cache", Policy,
                   cache::LeastRecent, cache::Hazard, Nobody) {
  Fixture<Policy> without(7);
  Fixture<Policy, Told> with(7);
  const auto right = [](const std::vector<std::int32_t>& next) { return next; };
  run_told(without, 300, right);
  run_told(with, 300, right);
  const SlotCounts& counts = with.slots->counts();
  CHECK(counts.hits == without.slots->counts().hits);
  CHECK(counts.fetched == without.slots->counts().fetched);
  CHECK(counts.bypassed == without.slots->counts().bypassed);
  CHECK(counts.predicted > 0);
  CHECK(counts.predicted + 2 >= counts.missed());  // all but those of the first layer
  CHECK(counts.wasted == 0);
  CHECK(counts.bytes == counts.missed() * with.homes->header().stride());
  CHECK(without.slots->counts().predicted == 0);
}

TEST_CASE("wrong guesses are silenced, and what they read is counted") {
  Fixture<Nobody, Told> f(7);
  const auto wrong = [](const std::vector<std::int32_t>& next) {
    std::vector<std::int32_t> out;
    for (std::int32_t e = 0; e < experts && out.size() < 2; ++e) {
      if (std::ranges::find(next, e) == next.end()) out.push_back(e);
    }
    return out;
  };
  run_told(f, 200, wrong);
  CHECK(f.slots->counts().predicted == 0);
  CHECK(f.slots->counts().wasted == 0);  // they were never right, so nothing was read
  const auto right = [](const std::vector<std::int32_t>& next) { return next; };
  run_told(f, 200, right);
  const std::uint64_t bytes = f.slots->counts().bytes;
  run_told(f, 60, wrong);
  const SlotCounts& counts = f.slots->counts();
  CHECK(counts.wasted <= 64 + 2);
  CHECK(counts.bytes - bytes >= 60 * layers * 2 * f.homes->header().stride());
  CHECK(counts.bytes - bytes <= (60 * layers * 2 + counts.wasted) * f.homes->header().stride());
}

TEST_CASE("steps in waves drop what was read ahead for a later one") {
  Fixture<cache::LeastRecent, Told> f(5);  // three are kept
  run_told(f, 200, [](const std::vector<std::int32_t>& next) { return next; });
  Random random(12);
  for (int i = 0; i < 50; ++i) {
    Told::next = {static_cast<std::int32_t>(random() % experts)};
    f.visit(i % layers, {0, 1, 2, 3, 4, 5});
  }
  CHECK(f.slots->counts().predicted > 0);
}

TEST_CASE("a stop ends a visit after a read, and the slots can be used") {
  Fixture<cache::LeastRecent, Told> f(6);
  run_told(f, 200, [](const std::vector<std::int32_t>& next) { return next; });
  const std::vector<float> probabilities(experts, 0);
  const std::vector<std::int32_t> all = {0, 1, 2, 3, 4, 5};
  for (int i = 0; i < 20; ++i) {
    std::stop_source stop;
    int calls = 0;
    const residency::Routed routed{.group = i % layers, .used = all, .probabilities = probabilities};
    CHECK_THROWS_AS(f.slots->visit(
                        routed,
                        [&](auto) {
                          ++calls;
                          stop.request_stop();
                        },
                        stop.get_token()),
                    residency::Stopped);
    CHECK(calls == 1);
    f.visit(i % layers, {1, 4});
  }
}

TEST_CASE("what is read ahead when slots are given up ends before their memory does") {
  const auto right = [](const std::vector<std::int32_t>& next) { return next; };
  Fixture<Nobody, Told> f(7, 0, layers, {.layer_seconds = 1, .read_seconds = 1});
  run_told(f, 200, right);
  const residency::SlotCounts before = f.slots->counts();
  REQUIRE(before.read_ahead > 0);
  f.slots->give_up_reads();                          // of the layer that would have come
  CHECK(f.slots->counts().wasted >= before.wasted);  // more, where a read had begun
  const std::uint64_t wasted = f.slots->counts().wasted;
  f.slots->give_up_reads();
  CHECK(f.slots->counts().wasted == wasted);
  run_told(f, 20, right);  // all slots are free again
  f.slots.reset();         // while it reads ahead
}

TEST_CASE("where nobody tells the pace it is measured: nothing is read ahead before, nor if it does not pay") {
  const auto right = [](const std::vector<std::int32_t>& next) { return next; };
  Fixture<Nobody, Told> slow(7, 0, layers,
                             {.layer_seconds = 1e-6, .read_seconds = 1});  // hides a millionth of a read
  run_told(slow, 200, right);
  CHECK(slow.slots->counts().predicted > 0);
  CHECK(slow.slots->counts().read_ahead == 0);
  Fixture<Nobody, Told> fast(7, 0, layers, {.layer_seconds = 1, .read_seconds = 1});
  run_told(fast, 200, right);
  CHECK(fast.slots->counts().read_ahead > 0);
  Fixture<Nobody, Told> unknown(7, 0, layers, {});
  run_told(unknown, 10, right);  // fewer than are measured
  CHECK(unknown.slots->counts().read_ahead == 0);
  run_told(unknown, 200, right);
  CHECK(unknown.slots->counts().missed() == fast.slots->counts().missed() + 10 * layers * 2);
}

TEST_CASE("a pace is known when enough was measured, of tokens that follow each other") {
  residency::PaceMeter meter;
  for (int i = 0; i < 31; ++i) {
    meter.layer(0, true);
    meter.brought(2, 4);
  }
  CHECK_FALSE(meter.pace().known());
  for (int i = 0; i < 40; ++i) {
    meter.layer(0, false);
    meter.brought(2, 4);
  }
  CHECK_FALSE(meter.pace().known());
  for (int i = 0; i < 3; ++i) meter.layer(0, true);
  CHECK(meter.pace().known());
  CHECK(meter.pace().read_seconds == doctest::Approx(0.5));
  CHECK(meter.pace().layer_seconds < 0.1);
}

namespace {

/// A HostCarrier that has no memory left when `left` has run down.
struct Failing : residency::HostCarrier {
  using residency::HostCarrier::HostCarrier;
  Ticket ask(PartId part, View<std::byte> slot) {
    if (left-- == 0) throw std::bad_alloc();
    return residency::HostCarrier::ask(part, slot);
  }
  static inline int left = 0;
};

}  // namespace

TEST_CASE_TEMPLATE("an ask that fails leaves every slot as it is said to be", Policy, cache::LeastRecent,
                   cache::Hazard, Nobody) {
  Fixture<Policy, Told, Failing> f(7);
  const std::vector<float> probabilities(experts, 0);
  Random random(13);
  int failed = 0;
  for (int i = 0; i < 600; ++i) {
    const auto layer = static_cast<std::int32_t>(i % layers);
    std::vector<std::int32_t> used;
    for (std::int32_t e = 0; e < experts; ++e) {
      if (random() % 2 == 0) used.push_back(e);
    }
    Told::next = two_of(random);
    Failing::left = static_cast<int>(random() % 5);
    try {
      f.slots->visit({.group = layer, .used = used, .probabilities = probabilities}, [](auto) {});
    } catch (const std::bad_alloc&) {
      ++failed;
    }
    Failing::left = 1000;
    f.visit((layer + 1) % layers, two_of(random));
    f.visit(layer, used);
  }
  CHECK(failed > 100);
}
