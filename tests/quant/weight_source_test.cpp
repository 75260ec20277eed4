// Reading weights in pieces.
#include "asterism/quant/weight_source.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::quant;

TEST_CASE("for_each_piece hands over every element once and in order") {
  for (const std::uint64_t count :
       {std::uint64_t{0}, std::uint64_t{1}, piece_elements, piece_elements + 1, 3 * piece_elements}) {
    std::vector<std::uint64_t> asked;
    const auto source = [&](std::uint64_t first, View<float> out) {
      asked.push_back(out.size);
      for (std::size_t i = 0; i < out.size; ++i) out[i] = static_cast<float>(first + i);
    };
    std::uint64_t next = 0;
    bool in_order = true;
    for_each_piece(source, count, [&](std::uint64_t first, View<const float> piece) {
      in_order = in_order && first == next;
      for (const float value : piece) in_order = in_order && value == static_cast<float>(next++);
    });
    CHECK(in_order);
    CHECK(next == count);
    for (const std::uint64_t size : asked) CHECK(size <= piece_elements);
  }
}

TEST_CASE("blocks come whole and in order, the last one filled up with zeros") {
  for (const std::size_t count : {0UL, 1UL, 32UL, 33UL, 65536UL, 65537UL, 140000UL}) {
    CAPTURE(count);
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i + 1);
    const FloatWeights weights{values};
    std::uint64_t next = 0;
    int wrong = 0;
    for_each_block<32>(weights, count, [&](std::uint64_t block, const float* in) {
      wrong += block == next++ ? 0 : 1;
      for (std::size_t i = 0; i < 32; ++i) {
        const std::size_t element = block * 32 + i;
        wrong += in[i] == (element < count ? static_cast<float>(element + 1) : 0.0F) ? 0 : 1;
      }
    });
    CHECK(wrong == 0);
    CHECK(next == (count + 31) / 32);
  }
}

TEST_CASE("a source may be const, mutable or a temporary") {
  std::vector<float> out(3);
  const std::vector<float> values = {1, 2, 3, 4};
  const FloatWeights weights{values};
  const WeightSource borrowed(weights);
  borrowed(1, out);
  CHECK(out == std::vector<float>{2, 3, 4});
  int calls = 0;
  auto counting = [calls](std::uint64_t, View<float>) mutable { ++calls; };
  WeightSource source(counting);
  const WeightSource copy = source;
  copy(0, out);
  const auto take = [&](WeightSource s) { s(7, out); };
  take([](std::uint64_t first, View<float> to) { to[0] = static_cast<float>(first); });
  CHECK(out[0] == 7);
}

TEST_CASE("what is not finite is refused by name") {
  CHECK(not_finite(std::numeric_limits<float>::quiet_NaN()));
  CHECK(not_finite(-std::numeric_limits<float>::infinity()));
  CHECK_FALSE(not_finite(std::numeric_limits<float>::max()));
  CHECK_FALSE(not_finite(std::numeric_limits<float>::denorm_min()));
  std::vector<float> values(5, 1.0F);
  const FloatWeights weights{values};
  const auto read = [&] { for_each_piece(weights, 5, [](std::uint64_t, View<const float>) {}); };
  CHECK_NOTHROW(read());
  values[3] = -std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(read(),
                       "element 3 of 5 is infinite: only finite weights can be stored; repair the tensor first",
                       NumericError);
  values[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(read(), "element 1 of 5 is NaN: only finite weights can be stored; repair the tensor first",
                       NumericError);
}
