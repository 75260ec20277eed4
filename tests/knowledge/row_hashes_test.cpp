// Labels found again for the same vectors under other ids and in another order.
#include "asterism/knowledge/index/row_hashes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/arena.hpp"
#include "asterism/knowledge/index/flat.hpp"

using namespace asterism;
using index::Labels;

namespace {

constexpr std::size_t dim = 3;

/// An index of points by number, under ids from `first_id` on.
struct Rows {
  Rows(const std::vector<float>& points, std::uint32_t first_id) {
    for (std::uint32_t i = 0; i < points.size(); ++i) {
      const knowledge::NodeId id{first_id + i};
      const std::vector<float> vector{1, points[i], 2};
      flat.insert(View<const knowledge::NodeId>(&id, 1), MatrixView<const float>(vector.data(), 1, dim));
    }
  }
  backend::Arena arena{0, 1_MiB};
  index::Flat<quant::Float32> flat{arena, {.dim = dim, .rows = 10}};
};

}  // namespace

TEST_CASE("labels are found again whatever order rows have") {
  const Rows before({5, 6, 7, 8}, 0);
  const Labels labels({3, Labels::none, 0, 1, 2}, 4);
  const std::vector<std::uint64_t> hashes = index::label_hashes(before.flat.rows(), labels);
  CHECK(hashes.size() == 5);
  CHECK(hashes[1] == 0);
  const Rows after({8, 5, 7, 6}, 100);
  const std::optional<Labels> found = labels_of(after.flat.rows(), View<const std::uint64_t>(hashes));
  REQUIRE(found);
  CHECK(found->tombstones() == 1);
  CHECK(found->row(0) == 0);
  CHECK(found->row(2) == 1);
  CHECK(found->row(3) == 3);
  CHECK(found->row(4) == 2);
}

TEST_CASE("other rows, more and fewer are none of them") {
  const Rows before({5, 6, 6, 7}, 0);
  const std::vector<std::uint64_t> hashes = index::label_hashes(before.flat.rows(), Labels({0, 1, 2, 3}, 4));
  const auto fits = [&](const std::vector<float>& points) {
    const Rows rows(points, 0);
    return labels_of(rows.flat.rows(), View<const std::uint64_t>(hashes)).has_value();
  };
  CHECK(fits({6, 7, 5, 6}));
  CHECK_FALSE(fits({5, 6, 7, 7}));
  CHECK_FALSE(fits({5, 6, 6, 7.5F}));
  CHECK_FALSE(fits({5, 6, 6}));
  CHECK_FALSE(fits({5, 6, 6, 7, 7}));
  CHECK_FALSE(fits({}));
}
