// Eight lanes: what every row operation is built from.
#include "asterism/linalg/lanes.hpp"

#include <vector>

#include <doctest/doctest.h>

namespace detail = asterism::linalg::detail;

TEST_CASE("lanes are loaded from any address and stored back") {
  std::vector<float> row(32);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<float>(i);
  for (std::size_t at = 0; at < 16; ++at) {
    const detail::Lanes lanes = detail::load(row.data() + at);
    std::vector<float> out(32, -1.0F);
    detail::store(lanes, out.data() + at);
    for (std::size_t i = 0; i < 32; ++i) CHECK(out[i] == (i >= at && i < at + 8 ? row[i] : -1.0F));
  }
}

TEST_CASE("behind the end of a row lies the padding") {
  const std::vector<float> row{1, 2, 3};
  const detail::Lanes lanes = detail::load(row.data(), 1, row.size(), 9.0F);
  const float expected[8] = {2, 3, 9, 9, 9, 9, 9, 9};
  for (std::size_t i = 0; i < 8; ++i) CHECK(lanes[i] == expected[i]);
  CHECK(detail::load(row.data(), 3, 3, 4.0F)[0] == 4.0F);
}

TEST_CASE("lanes are added in one order") {
  // 1e8 swallows a 1 that it meets alone: the result tells the order.
  const float values[8] = {1e8F, 1.0F, 2.0F, 3.0F, -1e8F, 4.0F, 5.0F, 6.0F};
  const detail::Lanes lanes = detail::load(values);
  CHECK(detail::sum(lanes) == ((1e8F + -1e8F) + (2.0F + 5.0F)) + ((1.0F + 4.0F) + (3.0F + 6.0F)));
  CHECK(detail::sum(lanes) == 21.0F);
}
