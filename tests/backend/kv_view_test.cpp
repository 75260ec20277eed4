// Where positions lie, what may be appended, and who sees whom, against the definitions one position at a time.
#include "asterism/backend/kv_view.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "support/naive.hpp"

using namespace asterism;
using backend::AttentionSpan;
using backend::KvView;

namespace {

using Kv = KvView<quant::Float16>;

Kv ring(std::size_t slots, std::size_t sinks, std::size_t window) {
  return {.kv_heads = 2, .slots = slots, .head_dim = 6, .sinks = sinks, .window = window, .device = 0};
}

std::size_t up_to(Random& random, std::size_t most) { return static_cast<std::size_t>(random.below(most + 1)); }

/// The slots of positions 0, 1, 2 ... by counting: the first ones in order, then round and round behind the sinks.
std::vector<std::size_t> counted_slots(const Kv& kv, std::size_t positions) {
  std::vector<std::size_t> slots;
  std::size_t next = 0;
  for (std::size_t p = 0; p < positions; ++p) {
    slots.push_back(next);
    next = next + 1 == kv.slots ? kv.sinks : next + 1;
  }
  return slots;
}

/// True where all of positions first ... first + count - 1 see everything that they should, once all are stored.
bool all_there(const Kv& kv, std::size_t first, std::size_t count) {
  const std::vector<std::size_t> slots = counted_slots(kv, first + count);
  std::vector<std::size_t> content(kv.slots);
  for (std::size_t p = 0; p < first + count; ++p) content[slots[p]] = p;
  for (std::size_t p = first; p < first + count; ++p) {
    for (std::size_t q = 0; q <= p; ++q) {
      if (test::naive::sees(p, q, 0, kv.window, kv.sinks) && content[slots[q]] != q) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("positions lie in order, then in a ring behind the sinks") {
  for (std::size_t sinks = 0; sinks < 6; ++sinks) {
    for (std::size_t length = 1; length < 9; ++length) {
      const Kv kv = ring(sinks + length, sinks, 1);
      const std::vector<std::size_t> expected = counted_slots(kv, 60);
      for (std::size_t p = 0; p < expected.size(); ++p) {
        CHECK(kv.slot(p) == expected[p]);
        for (const std::size_t head : {0, 1}) {
          CHECK(kv.offset(head, p) == (head * kv.slots + expected[p]) * 6 * 2);
        }
      }
    }
  }
  CHECK(KvView<quant::Float32>::row_bytes(6) == 24);
}

TEST_CASE("rows may be appended where, all stored, each finds what it sees") {
  for (std::size_t sinks = 0; sinks < 4; ++sinks) {
    for (std::size_t window = 1; window < 6; ++window) {
      for (std::size_t most = 1; most < 5; ++most) {
        const Kv kv = ring(sinks + window + most - 1, sinks, window);
        for (std::size_t first = 0; first < 30; ++first) {
          for (std::size_t count = 1; count < 12; ++count) {
            CAPTURE(sinks);
            CAPTURE(window);
            CAPTURE(most);
            CAPTURE(first);
            CAPTURE(count);
            CHECK(kv.holds(first, count) == all_there(kv, first, count));
            if (count <= most) CHECK(kv.holds(first, count));
          }
        }
      }
    }
  }
}

TEST_CASE("without a window, positions beyond the slots are refused") {
  const Kv kv = ring(7, 0, 0);
  CHECK(kv.holds(0, 7));
  CHECK(kv.holds(6, 1));
  CHECK(kv.holds(7, 0));
  CHECK_FALSE(kv.holds(0, 8));
  CHECK_FALSE(kv.holds(7, 1));
  CHECK_FALSE(kv.holds(8, 0));
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK_FALSE(kv.holds(most, 1));
  CHECK_FALSE(kv.holds(1, most));
  CHECK_FALSE(kv.holds(most, most));
}

TEST_CASE("what a position sees is what the definition says, ascending, each once") {
  Random random(3);
  std::size_t with_gap = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::size_t sinks = up_to(random, 6);
    const std::size_t window = up_to(random, 1) == 0 ? 0 : 1 + up_to(random, 20);
    const std::size_t model_window = up_to(random, 1) == 0 ? 0 : 1 + up_to(random, 30);
    const std::size_t position = up_to(random, 40);
    std::vector<std::size_t> expected;
    for (std::size_t q = 0; q <= position; ++q) {
      if (test::naive::sees(position, q, model_window, window, sinks)) expected.push_back(q);
    }
    const AttentionSpan found = visible(ring(100, sinks, window), position, model_window);
    CAPTURE(sinks);
    CAPTURE(window);
    CAPTURE(model_window);
    CAPTURE(position);
    REQUIRE(found.count() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(found[i] == expected[i]);
    with_gap += found.sinks() > 0 ? 1 : 0;
  }
  CHECK(with_gap > 1000);
}
