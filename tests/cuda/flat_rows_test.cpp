// Exact search on a GPU finds what looking at every row in double finds.
#include "asterism/cuda/knowledge/flat_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using cuda::FlatRows;
using cuda::Ranked;

namespace {

constexpr std::size_t width = 64;

/// Unit rows; of signs alone all products are exact, and many are equal.
std::vector<float> units(std::size_t count, bool signs, Random& random) {
  std::vector<float> rows(count * width);
  for (std::size_t r = 0; r < count; ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < width; ++c) {
      float& value = rows[r * width + c];
      value = signs ? (random.below(2) == 0 ? 1.0F : -1.0F) : static_cast<float>(random.normal());
      sum += double{value} * double{value};
    }
    for (std::size_t c = 0; c < width; ++c) rows[r * width + c] /= static_cast<float>(std::sqrt(sum));
  }
  return rows;
}

/// Ids with gaps, not in order.
std::vector<std::uint32_t> some_ids(std::size_t count, Random& random) {
  std::vector<std::uint32_t> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.push_back(3 * i + static_cast<std::uint32_t>(random.below(3)));
  for (std::size_t i = count; i > 1; --i) std::swap(ids[i - 1], ids[random.below(i)]);
  return ids;
}

struct Filled {
  Filled(std::size_t count, bool signs, Random& random)
      : rows(units(count, signs, random)), ids(some_ids(count, random)) {
    flat.assign(View<const std::uint32_t>(ids), MatrixView<const float>(rows.data(), count, width));
  }
  std::vector<Ranked> search(const std::vector<float>& queries, std::size_t k,
                             const std::vector<std::uint64_t>& allowed = {}) {
    const std::size_t count = queries.size() / width;
    std::vector<Ranked> out(count * k, Ranked{1, 7});
    flat.search(MatrixView<const float>(queries.data(), count, width), View<const std::uint64_t>(allowed),
                MatrixView<Ranked>(out.data(), count, k));
    return out;
  }
  double product(std::size_t row, const float* query) const {
    double sum = 0;
    for (std::size_t c = 0; c < width; ++c) sum += double{rows[row * width + c]} * double{query[c]};
    return sum;
  }
  /// The k best by looking at every row that is allowed.
  std::vector<Ranked> naive(const float* query, std::size_t k, const std::vector<std::uint64_t>& allowed) const {
    std::vector<std::pair<double, std::uint32_t>> all;
    for (std::size_t row = 0; row < ids.size(); ++row) {
      if (!allowed.empty() && (allowed[row / 64] >> row % 64 & 1U) == 0) continue;
      all.emplace_back(-product(row, query), ids[row]);
    }
    std::sort(all.begin(), all.end());
    std::vector<Ranked> best(k);
    for (std::size_t i = 0; i < std::min(k, all.size()); ++i) {
      best[i] = {all[i].second, static_cast<float>(-all[i].first)};
    }
    return best;
  }

  cuda::Backend gpu{0, 64_MiB, std::make_shared<cuda::Peers>()};
  cuda::FlatRowsLimits limits{.width = width, .rows = 5000, .queries = 5};
  FlatRows flat{gpu, limits};
  std::vector<float> rows;
  std::vector<std::uint32_t> ids;
};

}  // namespace

TEST_CASE("a GPU finds the nearest of all rows and of those allowed, ties by id") {
  Random random(1);
  for (const bool signs : {true, false}) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{100}, std::size_t{1024}, std::size_t{2500}}) {
      Filled filled(count, signs, random);
      const std::vector<float> queries = units(3, signs, random);
      for (const int share : {-1, 0, 1, 50}) {  // of a hundred rows; -1: no filter
        std::vector<std::uint64_t> allowed(share < 0 ? 0 : (count + 63) / 64);
        for (std::size_t row = 0; share > 0 && row < count; ++row) {
          if (random.below(100) < static_cast<std::uint64_t>(share))
            allowed[row / 64] |= std::uint64_t{1} << row % 64;
        }
        for (const std::size_t k : {std::size_t{1}, std::size_t{10}, std::size_t{100}}) {
          const std::vector<Ranked> hits = filled.search(queries, k, allowed);
          for (std::size_t q = 0; q < 3; ++q) {
            const std::vector<Ranked> wanted = filled.naive(queries.data() + q * width, k, allowed);
            bool same = true;
            for (std::size_t i = 0; i < k; ++i) {
              const Ranked& hit = hits[q * k + i];
              same = same && hit.id == wanted[i].id &&
                     std::fabs(hit.score - wanted[i].score) < (signs ? 1e-30 : 1e-6);
            }
            CAPTURE(signs);
            CAPTURE(count);
            CAPTURE(share);
            CAPTURE(k);
            CHECK(same);
          }
        }
      }
    }
  }
}

TEST_CASE("as many as a thousand hits, and more slices than a merge takes at once") {
  Random random(2);
  Filled filled(5000, true, random);
  const std::vector<float> query = units(1, true, random);
  FlatRows many(filled.gpu, {.width = width, .rows = 5000, .queries = 1, .k = 1024});
  many.assign(View<const std::uint32_t>(filled.ids), MatrixView<const float>(filled.rows.data(), 5000, width));
  std::vector<Ranked> out(1024);
  many.search(MatrixView<const float>(query.data(), 1, width), {}, MatrixView<Ranked>(out.data(), 1, 1024));
  CHECK(out == filled.naive(query.data(), 1024, {}));
}

TEST_CASE("a query has the same bits in any batch and for any k") {
  Random random(3);
  Filled filled(1500, false, random);
  const std::vector<float> queries = units(5, false, random);
  const std::vector<Ranked> together = filled.search(queries, 10);
  for (std::size_t q = 0; q < 5; ++q) {
    const auto first = queries.begin() + static_cast<std::ptrdiff_t>(q * width);
    const std::vector<Ranked> alone = filled.search({first, first + width}, 20);
    CHECK(std::equal(alone.begin(), alone.begin() + 10, together.begin() + static_cast<std::ptrdiff_t>(q * 10)));
  }
}

TEST_CASE("rows can be replaced, and be none") {
  Random random(4);
  Filled filled(1100, true, random);
  const std::vector<float> query = units(1, true, random);
  filled.rows.resize(300 * width);
  filled.ids.resize(300);
  filled.flat.assign(View<const std::uint32_t>(filled.ids),
                     MatrixView<const float>(filled.rows.data(), 300, width));
  CHECK(filled.flat.size() == 300);
  CHECK(filled.search(query, 10) == filled.naive(query.data(), 10, {}));
  filled.flat.assign({}, {});
  CHECK(filled.search(query, 3) == std::vector<Ranked>(3));
  CHECK(filled.search({}, 3).empty());
}

TEST_CASE("its memory is known before, and sizes that don't fit are refused") {
  Random random(5);
  Filled filled(10, true, random);
  CHECK(filled.gpu.arena().used() == FlatRows::bytes(filled.limits));
  static_assert(FlatRows::bytes({.width = 512, .rows = 100'000}) < 215_MiB);
  const std::vector<float> six = units(6, true, random);
  const std::vector<float> one(six.begin(), six.begin() + width);
  CHECK_THROWS_AS(filled.search(six, 1), InvalidArgument);
  CHECK_THROWS_AS(filled.search(one, 0), InvalidArgument);
  CHECK_THROWS_AS(filled.search(one, 101), InvalidArgument);
  CHECK_THROWS_AS(filled.search(one, 1, {1, 2}), InvalidArgument);
  const std::vector<std::uint32_t> ids{1, 2};
  CHECK_THROWS_AS(
      filled.flat.assign(View<const std::uint32_t>(ids), MatrixView<const float>(six.data(), 1, width)),
      InvalidArgument);
  CHECK_THROWS_AS(
      filled.flat.assign(View<const std::uint32_t>(ids), MatrixView<const float>(six.data(), 2, width - 1)),
      InvalidArgument);
  const auto make = [&](cuda::FlatRowsLimits limits) { FlatRows(filled.gpu, limits); };
  CHECK_THROWS_AS(make({.width = 0, .rows = 10}), InvalidArgument);
  CHECK_THROWS_AS(make({.width = 8, .rows = 0}), InvalidArgument);
  CHECK_THROWS_AS(make({.width = 8, .rows = 10, .k = 1025}), InvalidArgument);
  CHECK_THROWS_AS(make({.width = 8, .rows = 10, .queries = 65536}), InvalidArgument);
  CHECK_THROWS_AS(make({.width = 4096, .rows = 100'000}), BudgetExceeded);
}
