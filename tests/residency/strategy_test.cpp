// How experts take turns, by the number of slots.
#include "asterism/residency/strategy.hpp"

#include <doctest/doctest.h>

using namespace asterism;
using residency::passing_slots;
using residency::strategy;
using residency::Strategy;

// Mixtral: 8 experts, 2 of them for a token. Two layers' are 16, four fifths of 20.
static_assert(strategy(0, 8, 2) == Strategy::none);
static_assert(strategy(1, 8, 2) == Strategy::none);
static_assert(strategy(2, 8, 2) == Strategy::streaming);
static_assert(strategy(3, 8, 2) == Strategy::streaming);
static_assert(strategy(4, 8, 2) == Strategy::single_async);
static_assert(strategy(19, 8, 2) == Strategy::single_async);
static_assert(strategy(20, 8, 2) == Strategy::double_buffer);
static_assert(strategy(258, 8, 2) == Strategy::double_buffer);
// Qwen3: 128, 8 of them. 256 are four fifths of 320.
static_assert(strategy(9, 128, 8) == Strategy::streaming);
static_assert(strategy(10, 128, 8) == Strategy::single_async);
static_assert(strategy(319, 128, 8) == Strategy::single_async);
static_assert(strategy(320, 128, 8) == Strategy::double_buffer);
static_assert(strategy(std::int64_t{1} << 40U, 1 << 16, 1 << 16) == Strategy::double_buffer);
// One expert a layer.
static_assert(strategy(2, 1, 1) == Strategy::streaming);
static_assert(strategy(3, 1, 1) == Strategy::double_buffer);

// All pass where experts stream, else two, or with a prefetcher as many as there are beside a token's, at most those.
static_assert(passing_slots(9, 8, true) == 9 && passing_slots(9, 8, false) == 9);
static_assert(passing_slots(10, 8, true) == 2 && passing_slots(10, 8, false) == 2);
static_assert(passing_slots(13, 8, true) == 5 && passing_slots(13, 8, false) == 2);
static_assert(passing_slots(16, 8, true) == 8 && passing_slots(17, 8, true) == 8);
static_assert(passing_slots(4, 2, true) == 2 && passing_slots(1000, 2, true) == 2);
static_assert(passing_slots(1000, 1, true) == 2 && passing_slots(1000, 8, false) == 2);

TEST_CASE("strategies have names") {
  CHECK(name_of(Strategy::none) == "too few slots");
  CHECK(name_of(Strategy::streaming) == "Streaming");
  CHECK(name_of(Strategy::single_async) == "SingleAsync");
  CHECK(name_of(Strategy::double_buffer) == "DoubleBuffer");
}
