// Rows of keys and values as they lie in memory, against their definition.
#include "asterism/simd/stored_row.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"

#include "support/stored_rows.hpp"

using namespace asterism;
using namespace asterism::simd;

static_assert(Float32Row::bytes(128) == 512);
static_assert(Float16Row::bytes(128) == 256);
static_assert(Int8Row<32>::bytes(128) == 128 + 4 * 2);
static_assert(Int8Row<32>::bytes(34) == 34 + 2 * 2);  // a group of 32 and one of 2
static_assert(Int8Row<32>::one_scale(16) && Int8Row<32>::one_scale(32) && !Int8Row<32>::one_scale(64));
static_assert(!Int8Row<4>::one_scale(8) && Float16Row::one_scale(64));

TEST_CASE_TEMPLATE("any part of a row has the values that the format says", Row, Float32Row, Float16Row,
                   Int8Row<32>, Int8Row<4>, Int8Row<48>, Int8Row<64>) {
  for (const std::size_t n : {2U, 6U, 32U, 34U, 100U, 128U}) {
    const test::RandomRows<Row> rows(3, n, n);
    for (std::size_t first = 0; first < n; first += 5) {
      for (const std::size_t count : {std::size_t{0}, std::size_t{1}, (n - first) / 2, n - first}) {
        std::vector<float> out(count + 1, -7.0F);
        Row::values(rows.view()[2], n, first, count, out.data());
        int wrong = 0;
        for (std::size_t i = 0; i < count; ++i) wrong += double{out[i]} == rows.value(2, first + i) ? 0 : 1;
        CHECK(wrong == 0);
        CHECK(out[count] == -7.0F);
      }
    }
  }
}

TEST_CASE("rows lie one behind the other, and a part begins at its first row") {
  const test::RandomRows<Int8Row<32>> rows(5, 34, 1);
  CHECK(rows.view()[3] == rows.view().data + std::size_t{3} * 38);
  const auto part = rows.view().subview(2, 3);
  CHECK(part.data == rows.view()[2]);
  CHECK(part.count == 3);
  CHECK(part.width == 34);
  CHECK(part.ahead == rows.view().ahead);
  rows.view().fetch<64>(100000);  // nothing is fetched where no memory is; nothing else is seen from outside
}
