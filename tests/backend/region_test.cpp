// Regions: drawn once and given back once, cut in order, with the account of an arena that serves each piece.
#include "asterism/backend/region.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/counting_source.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::backend;
using test::check_error;
using test::CountingSource;

namespace {

struct Request {
  Bytes size;
  std::string_view holder;
};

const std::vector<Request> requests = {{100_B, "embedding"}, {1_B, "norms"},  {4_KiB, "experts"},
                                       {0_B, "norms"},       {64_B, "norms"}, {65_B, "head"}};
constexpr Bytes rounded_total{128 + 64 + 4096 + 0 + 64 + 128};

template <class Memory>
std::vector<Buffer> draw_all(Memory& memory) {
  std::vector<Buffer> buffers;
  for (const Request& request : requests) buffers.push_back(memory.allocate(request.size, request.holder));
  return buffers;
}

/// The table of who holds what.
std::string table_of(Arena& arena) {
  try {
    arena.allocate(arena.budget() + 64_B, "more");
  } catch (const BudgetExceeded& error) {
    return error.what();
  }
  return {};
}

void check_equal_accounts(Arena& one, Arena& other) {
  CHECK(one.used() == other.used());
  CHECK(one.high_water() == other.high_water());
  CHECK(one.allocations() == other.allocations());
  CHECK(table_of(one) == table_of(other));
  for (const std::string_view holder : {"embedding", "norms", "experts", "head", "weights"}) {
    CHECK(one.held_by(holder) == other.held_by(holder));
  }
}

}  // namespace

TEST_CASE("the arena's account is that of an arena which serves each piece") {
  Arena direct(0, 16_KiB);
  Arena arena(0, 16_KiB);
  const Buffer before = arena.allocate(192_B, "norms");
  const Buffer before_direct = direct.allocate(192_B, "norms");
  {
    const std::vector<Buffer> expected = draw_all(direct);
    std::optional<Region> region(std::in_place, arena, rounded_total, "weights");
    const std::vector<Buffer> pieces = draw_all(*region);
    CHECK(region->left() == 0_B);
    check_equal_accounts(arena, direct);
    region.reset();
    check_equal_accounts(arena, direct);
    CHECK(arena.held_by("norms") == 320_B);
    CHECK(arena.used() == 192_B + rounded_total);
    for (std::size_t i = 0; i < pieces.size(); ++i) CHECK(pieces[i].size() == expected[i].size());
  }
  check_equal_accounts(arena, direct);
  CHECK(arena.used() == 192_B);
}

TEST_CASE("pieces lie one behind the other, aligned, and usable to the last byte") {
  Arena arena(2, 16_KiB);
  Region region(arena, rounded_total, "weights");
  const std::vector<Buffer> pieces = draw_all(region);
  const std::byte* next = pieces[0].data();
  for (const Buffer& piece : pieces) {
    CHECK(piece.data() == next);
    CHECK(piece.device() == 2);
    CHECK(reinterpret_cast<std::uintptr_t>(piece.data()) % alignment == 0);
    std::memset(piece.data(), 0x5A, piece.size().count);
    next += piece.size().count;
  }
  CHECK(next == pieces[0].data() + rounded_total.count);
}

TEST_CASE("large buffers begin at pages, as many as were told, and the account does not show the gaps") {
  constexpr std::uint64_t large = Region::large;
  constexpr std::uint64_t page = Region::page;
  const auto is_page = [](const Buffer& buffer) {
    return reinterpret_cast<std::uintptr_t>(buffer.data()) % page == 0;
  };
  CountingSource source;
  Arena arena(0, 16_MiB, source.source());
  const Bytes size{3 * (large + 64) + 3 * 64 + (large - 64)};
  {
    Region region(arena, size, "weights", 2);
    CHECK(source.requests() == std::vector<std::uint64_t>{size.count + 2 * (page - alignment)});
    CHECK(arena.used() == size);
    std::vector<Buffer> pieces;
    const auto cut = [&](std::uint64_t bytes) -> const Buffer& {
      pieces.push_back(region.allocate({bytes}, "a"));
      std::memset(pieces.back().data(), 0x5A, pieces.back().size().count);
      return pieces.back();
    };
    cut(1);
    CHECK(is_page(cut(large + 1)));
    CHECK_FALSE(is_page(cut(64)));
    CHECK_FALSE(is_page(cut(large - 64)));
    cut(64);
    CHECK(is_page(cut(large + 64)));
    const std::byte* const end = pieces.back().data() + pieces.back().size().count;
    CHECK(cut(large + 64).data() == end);
    CHECK(region.left() == 0_B);
    CHECK(arena.held_by("a") == size);
    CHECK(arena.high_water() == size);
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      CHECK(pieces[i].data() >= pieces[i - 1].data() + pieces[i - 1].size().count);
    }
  }
  CHECK(arena.used() == 0_B);
  {
    const Region small(arena, Bytes{large - 64}, "weights", 8);  // has room for none
    const Region one(arena, Bytes{2 * large - 64}, "weights", 8);
  }
  CHECK(source.requests()[1] == large - 64);
  CHECK(source.requests()[2] == 2 * large - 64 + page - alignment);
}

TEST_CASE("memory is drawn once, and given back once, when the region and all its buffers are gone") {
  CountingSource source;
  Arena arena(0, 16_KiB, source.source());
  SUBCASE("the region goes first") {
    std::optional<Region> region(std::in_place, arena, rounded_total, "weights");
    std::vector<Buffer> pieces = draw_all(*region);
    region.reset();
    Buffer experts = std::move(pieces[2]);
    pieces.clear();
    CHECK(source.given_back() == 0);
    CHECK(arena.held_by("norms") == 0_B);
    CHECK(arena.held_by("experts") == 4_KiB);
    CHECK(arena.used() == rounded_total);  // the budget knows of memory that the source does not have again
    Buffer last = std::move(experts);
    last = Buffer();
    CHECK(source.given_back() == 1);  // what was moved from keeps nothing
  }
  SUBCASE("the buffers go first") {
    Region region(arena, rounded_total, "weights");
    draw_all(region);
    CHECK(source.given_back() == 0);
    CHECK(arena.used() == rounded_total);
  }
  SUBCASE("no piece is cut") { const Region region(arena, rounded_total, "weights"); }
  CHECK(source.requests() == std::vector<std::uint64_t>{rounded_total.count});
  CHECK(source.given_back() == 1);
  CHECK(arena.used() == 0_B);
  CHECK(arena.high_water() == rounded_total);
}

TEST_CASE("buffers of a region, of another one and of the arena may change places") {
  CountingSource source;
  Arena arena(0, 16_KiB, source.source());
  Buffer kept;
  {
    Region one(arena, 128_B, "weights");
    Region two(arena, 256_B, "weights");
    Buffer a = one.allocate(128_B, "a");
    Buffer b = two.allocate(256_B, "b");
    Buffer c = arena.allocate(64_B, "c");
    std::byte* const place = a.data();
    std::swap(a, b);
    std::swap(b, c);
    CHECK(c.data() == place);
    CHECK(c.size() == 128_B);
    kept = std::move(c);
  }
  CHECK(source.given_back() == 2);
  CHECK(arena.used() == 128_B);
  CHECK(arena.held_by("a") == 128_B);
  std::memset(kept.data(), 0x5A, 128);
  kept = Buffer();
  CHECK(source.given_back() == 3);
  CHECK(arena.used() == 0_B);
}

TEST_CASE("what is not cut is used, for all who ask the arena, and the table tells of it") {
  Arena arena(1, 10_KiB);
  Region region(arena, 8_KiB, "weights");
  const Buffer experts = region.allocate(5_KiB, "experts");
  CHECK(arena.used() == 8_KiB);
  CHECK(arena.allocations() == 1);
  CHECK(region.left() == 3_KiB);
  check_error<BudgetExceeded>(
      [&] { arena.allocate(2_KiB + 1_B, "KV cache"); },
      {"8.0 KiB are in use:\n  experts          5.0 KiB\n  in regions       3.0 KiB\nRaise"});
  CHECK_NOTHROW(arena.allocate(2_KiB, "KV cache"));
}

TEST_CASE("a region beyond the budget is refused before anything is drawn, with the table") {
  CountingSource source;
  Arena arena(1, 10_KiB, source.source());
  const Buffer cache = arena.allocate(1_KiB, "KV cache");
  const auto open = [&](Bytes size) { const Region region(arena, size, "weights"); };
  check_error<BudgetExceeded>(
      [&] { open(Bytes{9 * 1024 + 1}); },
      {"device 1: 9.1 KiB more for weights would exceed the budget of 10.0 KiB; 1.0 KiB are in use:\n"
       "  KV cache         1.0 KiB\nRaise the budget"});
  check_error<BudgetExceeded>([&] { open({~std::uint64_t{0}}); }, {"more for weights"});
  CHECK(source.requests().size() == 1);
  source.refuse();
  check_error<BudgetExceeded>([&] { open(1_KiB); }, {"device 1: the system has no 1.0 KiB for weights"});
  CHECK(arena.used() == 1_KiB);
  CHECK(arena.high_water() == 1_KiB);
  CHECK(arena.allocations() == 1);
}

TEST_CASE("a piece beyond what is left is refused, named and with both sizes, and changes nothing") {
  Arena arena(3, 1_KiB);
  Region region(arena, 192_B, "weights");
  const Buffer norms = region.allocate(65_B, "norms");
  for (const std::uint64_t size : {std::uint64_t{65}, std::uint64_t{128}, ~std::uint64_t{0}}) {
    check_error<InvalidArgument>(
        [&] { region.allocate({size}, "experts"); },
        {"device 3", std::to_string(size) + " bytes for experts", "the 64 that are left of a region of 192"});
  }
  CHECK(arena.held_by("experts") == 0_B);
  CHECK(arena.allocations() == 1);
  CHECK(region.left() == 64_B);
  const Buffer rest = region.allocate(64_B, "experts");
  CHECK(region.left() == 0_B);
  CHECK_NOTHROW(region.allocate(0_B, "experts"));
}

TEST_CASE("several threads may cut a region, and return its buffers, at once") {
  CountingSource source;
  Arena arena(0, 1_MiB, source.source());
  std::vector<Buffer> pieces[2];
  {
    Region region(arena, 64_KiB, "weights");
    const auto cut = [&](std::vector<Buffer>& into) {
      for (int i = 0; i < 500; ++i) into.push_back(region.allocate(64_B, "a"));
    };
    std::thread other(cut, std::ref(pieces[1]));
    cut(pieces[0]);
    other.join();
    CHECK(region.left() == 64_KiB - 64000_B);
    CHECK(arena.held_by("a") == 64000_B);
    CHECK(arena.allocations() == 1000);
  }
  std::vector<bool> taken(1024);
  const std::byte* const begin = std::min(pieces[0][0].data(), pieces[1][0].data());
  for (const auto& some : pieces) {
    for (const Buffer& piece : some) {
      const auto place = static_cast<std::size_t>(piece.data() - begin) / 64;
      CHECK_FALSE(taken.at(place));
      taken[place] = true;
    }
  }
  std::thread other([&] { pieces[1].clear(); });
  pieces[0].clear();
  other.join();
  CHECK(source.given_back() == 1);
  CHECK(arena.used() == 0_B);
}

TEST_CASE("several threads may open and close regions of one arena at once") {
  CountingSource source;
  Arena arena(0, 1_MiB, source.source());
  const auto work = [&] {
    for (int i = 0; i < 500; ++i) {
      Region region(arena, 192_B, "weights");
      const Buffer a = region.allocate(64_B, "a");
      const Buffer b = region.allocate(64_B, "b");
    }
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(source.given_back() == 1000);
  CHECK(arena.used() == 0_B);
  CHECK(arena.held_by("a") == 0_B);
  CHECK(arena.allocations() == 2000);
  CHECK(arena.high_water() >= 192_B);
  CHECK(arena.high_water() <= 384_B);
}
