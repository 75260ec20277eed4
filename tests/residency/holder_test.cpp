// Parts that are leased: who stays, who waits, what a failure leaves.
#include "asterism/residency/holder.hpp"

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/least_recent.hpp"
#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using residency::Holder;

namespace {

/// Parts of `sizes` in a memory of `capacity`, with notes of what was moved.
struct Shelf {
  Shelf(std::vector<std::uint64_t> sizes, std::uint64_t capacity)
      : parts(1, static_cast<std::int32_t>(sizes.size()), View<const Bytes>(bytes_of(sizes))),
        holder(parts, cache::LeastRecent(parts, {capacity}),
               {.bring =
                    [this](PartId part) {
                      if (part.member == broken) throw std::runtime_error("a part that can't be read");
                      CHECK(there.insert(part.member).second);
                    },
                .drop = [this](PartId part) { CHECK(there.erase(part.member) == 1); }}) {}

  static std::vector<Bytes> bytes_of(const std::vector<std::uint64_t>& sizes) {
    std::vector<Bytes> out;
    for (const std::uint64_t size : sizes) out.push_back({size});
    return out;
  }

  std::set<std::int32_t> there;
  std::int32_t broken = -1;
  cache::Parts parts;
  Holder<cache::LeastRecent> holder;
};

PartId part(std::int32_t member) { return {0, member}; }

}  // namespace

TEST_CASE("the least recent part that nobody leases makes room") {
  Shelf shelf({1, 1, 1, 1}, 2);
  shelf.holder.acquire(part(0)).end();
  auto one = shelf.holder.acquire(part(1));
  const auto two = shelf.holder.acquire(part(2));
  CHECK(shelf.there == std::set<std::int32_t>{1, 2});
  CHECK(shelf.holder.used() == Bytes{2});
  CHECK_FALSE(shelf.holder.try_acquire(part(3)));
  shelf.holder.prefetch(part(3));
  CHECK_FALSE(shelf.holder.resident(part(3)));
  one.end();
  one.end();  // twice is once
  const auto three = shelf.holder.acquire(part(3));
  CHECK(shelf.there == std::set<std::int32_t>{2, 3});
  const auto counts = shelf.holder.counts();
  CHECK(counts.leases == 4);
  CHECK(counts.hits == 0);
  CHECK(counts.open == 2);
  CHECK(counts.brought == 4);
  CHECK(counts.dropped == 2);
}

TEST_CASE("several parts are leased together or not at all") {
  Shelf shelf({3, 2, 2, 1}, 5);
  const std::vector<PartId> both{part(0), part(1)};
  auto lease = shelf.holder.acquire(both);
  CHECK(shelf.there == std::set<std::int32_t>{0, 1});
  const std::vector<PartId> others{part(1), part(3)};
  CHECK_FALSE(shelf.holder.try_acquire(others));
  CHECK(shelf.there == std::set<std::int32_t>{0, 1});
  lease.end();
  CHECK(shelf.holder.try_acquire(others));
  const std::vector<PartId> too_much{part(0), part(1), part(2)};
  test::check_error<InvalidArgument>([&] { shelf.holder.acquire(too_much); }, {"member 2", "7", "5"});
  test::check_error<InvalidArgument>([&] { shelf.holder.acquire(part(4)); }, {"member 4"});
}

TEST_CASE("a part that can't be brought takes no room and may be tried again") {
  Shelf shelf({1, 1, 1}, 1);
  shelf.holder.acquire(part(0)).end();
  shelf.broken = 1;
  CHECK_THROWS_AS(shelf.holder.acquire(part(1)), std::runtime_error);
  CHECK_FALSE(shelf.holder.resident(part(1)));
  shelf.holder.acquire(part(2)).end();
  shelf.broken = -1;
  shelf.holder.acquire(part(1)).end();
  CHECK(shelf.there == std::set<std::int32_t>{1});
  shelf.holder.forget(part(1));
  CHECK(shelf.there.empty());
  const auto lease = shelf.holder.acquire(part(1));
  shelf.holder.forget(part(1));  // it is leased
  CHECK(shelf.holder.resident(part(1)));
}

TEST_CASE("a thread waits until the others' leases end") {
  Shelf shelf({1, 1}, 1);
  auto lease = shelf.holder.acquire(part(0));
  std::atomic<bool> got = false;
  std::thread other([&] {
    const auto second = shelf.holder.acquire(part(1));
    got = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_FALSE(got);
  lease.end();
  other.join();
  CHECK(got);
  CHECK(shelf.there == std::set<std::int32_t>{1});
}

TEST_CASE("many threads: nothing beyond the capacity, nothing leased leaves") {
  Shelf shelf({1, 2, 3, 1, 2}, 6);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      Random random(seed);
      for (int i = 0; i < 500; ++i) {
        const auto first = static_cast<std::int32_t>(random() % 5);
        const auto lease = shelf.holder.acquire(part(first));
        if (!shelf.holder.resident(part(first)) || shelf.holder.used() > Bytes{6}) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(shelf.holder.counts().leases == 2000);
}
