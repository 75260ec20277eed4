// Budgets to the byte, the account of who holds what, and buffers that give back what they hold.
#include "asterism/backend/arena.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::backend;

namespace {

std::string refusal(Arena& arena, Bytes size, std::string_view holder) {
  try {
    const Buffer buffer = arena.allocate(size, holder);
  } catch (const BudgetExceeded& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("requests are rounded up to 64 bytes, aligned, and usable to the last byte") {
  Arena arena(3, 1_KiB);
  CHECK(arena.device() == 3);
  CHECK(arena.budget() == 1_KiB);
  const Buffer one = arena.allocate(1_B, "norms");
  CHECK(one.size() == 64_B);
  CHECK(one.device() == 3);
  CHECK(arena.used() == 64_B);
  const Buffer more = arena.allocate(65_B, "norms");
  CHECK(more.size() == 128_B);
  CHECK(arena.used() == 192_B);
  for (const Buffer* buffer : {&one, &more}) {
    CHECK(reinterpret_cast<std::uintptr_t>(buffer->data()) % alignment == 0);
    std::memset(buffer->data(), 0x5A, buffer->size().count);
  }
  CHECK(arena.allocations() == 2);
}

TEST_CASE("a request of nothing is served and costs nothing") {
  Arena arena(0, 0_B);
  const Buffer none = arena.allocate(0_B, "norms");
  CHECK(none.size() == 0_B);
  CHECK(arena.used() == 0_B);
}

TEST_CASE("the budget holds to the byte") {
  Arena arena(0, 640_B);
  const Buffer first = arena.allocate(512_B, "experts");
  CHECK_FALSE(refusal(arena, 129_B, "norms").empty());  // 192 after rounding
  CHECK(arena.used() == 512_B);
  const Buffer last = arena.allocate(128_B, "norms");
  CHECK(arena.used() == arena.budget());
  CHECK_FALSE(refusal(arena, 1_B, "norms").empty());
  CHECK(arena.high_water() == 640_B);

  Arena odd(0, 100_B);  // 64 fit, 128 do not
  CHECK_FALSE(refusal(odd, 65_B, "norms").empty());
  const Buffer fits = odd.allocate(64_B, "norms");
  CHECK_FALSE(refusal(odd, 1_B, "norms").empty());
}

TEST_CASE("sizes that overflow when rounded are refused") {
  Arena arena(0, 1_KiB);
  for (const std::uint64_t size :
       {~std::uint64_t{0}, ~std::uint64_t{0} - 62, ~std::uint64_t{0} - 63, std::uint64_t{1} << 63U}) {
    CHECK_FALSE(refusal(arena, {size}, "experts").empty());
  }
  CHECK(arena.used() == 0_B);
  CHECK(arena.allocations() == 0);
}

TEST_CASE("a refusal shows who holds what, and changes nothing") {
  Arena arena(1, 10_KiB);
  const Buffer experts = arena.allocate(4_KiB, "experts");
  const Buffer more = arena.allocate(2_KiB, "experts");
  const Buffer cache = arena.allocate(1_KiB, "KV cache");
  { const Buffer gone = arena.allocate(1_KiB, "workspace"); }
  const std::string expected =
      "device 1: 3.1 KiB more for attention would exceed the budget of 10.0 KiB; 7.0 KiB are in use:\n"
      "  experts          6.0 KiB\n"
      "  KV cache         1.0 KiB\n"
      "Raise the budget, lower Limits (context, batch, prefill_chunk), or close another session.";
  CHECK(refusal(arena, Bytes{3 * 1024 + 65}, "attention") == expected);
  CHECK(arena.used() == 7_KiB);
  CHECK(arena.high_water() == 8_KiB);
  CHECK(arena.allocations() == 4);
}

TEST_CASE("destroyed buffers return their bytes; the high water stays") {
  Arena arena(0, 1_KiB);
  {
    const Buffer a = arena.allocate(512_B, "a");
    const Buffer b = arena.allocate(512_B, "b");
    CHECK(arena.used() == 1_KiB);
  }
  CHECK(arena.used() == 0_B);
  CHECK(arena.high_water() == 1_KiB);
  const Buffer again = arena.allocate(1_KiB, "c");
  CHECK(arena.used() == 1_KiB);
}

TEST_CASE("a moved buffer is returned once") {
  Arena arena(0, 1_KiB);
  {
    Buffer a = arena.allocate(64_B, "a");
    std::byte* data = a.data();
    Buffer b = std::move(a);
    CHECK(b.data() == data);
    CHECK(b.size() == 64_B);
    CHECK(a.data() == nullptr);  // NOLINT(bugprone-use-after-move)
    CHECK(a.size() == 0_B);
    CHECK(arena.used() == 64_B);
  }
  CHECK(arena.used() == 0_B);
}

TEST_CASE("move assignment keeps what is assigned and returns the rest") {
  Arena arena(0, 1_KiB);
  Buffer a = arena.allocate(64_B, "a");
  {
    Buffer b = arena.allocate(128_B, "b");
    std::byte* data = b.data();
    a = std::move(b);
    CHECK(a.data() == data);
    CHECK(a.size() == 128_B);
  }
  CHECK(arena.used() == 128_B);
  Buffer& same = a;
  a = std::move(same);
  CHECK(a.size() == 128_B);
  CHECK(a.data() != nullptr);
  CHECK(arena.used() == 128_B);
  a = Buffer();
  CHECK(arena.used() == 0_B);
  CHECK(a.data() == nullptr);
}

TEST_CASE("buffers of two arenas may change places") {
  Arena one(0, 1_KiB);
  Arena two(1, 1_KiB);
  Buffer a = one.allocate(64_B, "a");
  Buffer b = two.allocate(128_B, "b");
  std::swap(a, b);
  CHECK(a.device() == 1);
  CHECK(b.device() == 0);
  a = Buffer();
  CHECK(one.used() == 64_B);
  CHECK(two.used() == 0_B);
}

TEST_CASE("a vector of buffers may grow") {
  Arena arena(0, 64_KiB);
  std::vector<Buffer> buffers;
  for (int i = 0; i < 100; ++i) buffers.push_back(arena.allocate(64_B, "experts"));
  CHECK(arena.used() == 6400_B);
  buffers.erase(buffers.begin(), buffers.begin() + 50);
  CHECK(arena.used() == 3200_B);
}

TEST_CASE("several threads may draw and return at once") {
  Arena arena(0, 1_MiB);
  const auto work = [&] {
    for (int i = 0; i < 500; ++i) {
      const Buffer a = arena.allocate(64_B, "a");
      const Buffer b = arena.allocate(128_B, "b");
    }
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(arena.used() == 0_B);
  CHECK(arena.allocations() == 2000);
  CHECK(arena.high_water() >= 192_B);
  CHECK(arena.high_water() <= 384_B);
}

TEST_CASE("memory comes from the source, under the same budget") {
  struct Counted {
    int drawn = 0;
    int given_back = 0;
    bool refuses = false;
  } counted;
  const MemorySource source{.allocate = [](void* context, std::uint64_t bytes) -> std::byte* {
                              auto& counts = *static_cast<Counted*>(context);
                              if (counts.refuses) return nullptr;
                              ++counts.drawn;
                              return host_memory.allocate(nullptr, bytes);
                            },
                            .release =
                                [](void* context, std::byte* data) noexcept {
                                  ++static_cast<Counted*>(context)->given_back;
                                  host_memory.release(nullptr, data);
                                },
                            .context = &counted};
  Arena arena(2, 1_KiB, source);
  {
    const Buffer one = arena.allocate(100_B, "norms");
    const Buffer nothing = arena.allocate(0_B, "norms");
    CHECK(counted.drawn == 2);
    CHECK(!refusal(arena, 1_KiB, "experts").empty());
    CHECK(counted.drawn == 2);  // the budget is asked first
    CHECK(counted.given_back == 0);
  }
  CHECK(counted.given_back == 2);
  counted.refuses = true;
  CHECK(refusal(arena, 64_B, "experts").find("device 2: the system has no 64 B for experts") == 0);
  CHECK(arena.used() == 0_B);
}

TEST_CASE("a budget can change, to no less than what is in use") {
  Arena arena(1, 10_KiB);
  Buffer one = arena.allocate(4_KiB, "norms");
  arena.set_budget(4_KiB);
  CHECK(arena.budget() == 4_KiB);
  CHECK(!refusal(arena, 1_B, "head").empty());
  try {
    arena.set_budget(4_KiB - 1_B);
    FAIL("expected a refusal");
  } catch (const BudgetExceeded& error) {
    const std::string message = error.what();
    CHECK(message.find("device 1: a budget of 4.0 KiB is too small: 4.0 KiB are in use:\n") == 0);
    CHECK(message.find("norms") != message.npos);
  }
  CHECK(arena.budget() == 4_KiB);
  arena.set_budget(8_KiB);
  const Buffer more = arena.allocate(4_KiB, "head");
  one = Buffer();
  arena.set_budget(4_KiB);
  CHECK(arena.used() == 4_KiB);
}
