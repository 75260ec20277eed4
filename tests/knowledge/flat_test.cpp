// What the laws of indexes do not know of Flat.
#include "asterism/knowledge/index/flat.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/error.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using Exact = index::Flat<quant::Float32>;

namespace {

std::vector<float> normal(std::size_t count, Random& random) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// Vectors around a few centres, as those of texts are.
std::vector<float> clustered(std::size_t rows, std::size_t dim, Random& random) {
  const std::vector<float> centres = normal(20 * dim, random);
  std::vector<float> values = normal(rows * dim, random);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t centre = random.below(20);
    for (std::size_t c = 0; c < dim; ++c) {
      values[r * dim + c] = centres[centre * dim + c] + 0.3F * values[r * dim + c];
    }
  }
  return values;
}

std::vector<NodeId> ids_up_to(std::uint32_t count) {
  std::vector<NodeId> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.push_back({i});
  return ids;
}

template <class I>
std::pair<Searched, std::vector<Hit>> search(const I& index, const std::vector<float>& queries, std::size_t k,
                                             const Filter& filter = {}, Effort effort = {}) {
  const std::size_t rows = queries.size() / index.dim();
  std::vector<Hit> out(rows * k);
  const Searched searched = index.search(MatrixView<const float>(queries.data(), rows, index.dim()), k, filter,
                                         effort, MatrixView<Hit>(out.data(), rows, k));
  return {searched, out};
}

template <class I>
void insert(I& index, const std::vector<NodeId>& ids, const std::vector<float>& vectors) {
  index.insert(View<const NodeId>(ids), MatrixView<const float>(vectors.data(), ids.size(), index.dim()));
}

double recall(const std::vector<Hit>& found, const std::vector<Hit>& wanted, std::size_t k) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::size_t j = i / k * k; j < i / k * k + k; ++j) same += found[j].id == wanted[i].id ? 1 : 0;
  }
  return static_cast<double>(same) / static_cast<double>(wanted.size());
}

}  // namespace

// 100 000 rows of 512: 4 D of floats, 1.0625 D of codes and scales, 4 of ids, 262 144 places of 4 bytes.
TEST_CASE("memory by formula, drawn from the arena at once") {
  constexpr IndexLimits limits{.dim = 512, .rows = 100'000};
  static_assert(Exact::bytes(limits).count == 100'000ULL * (4 * 512 + 4) + 262'144 * 4);
  static_assert(index::Flat<>::bytes(limits).count == 100'000ULL * (5 * 512 + 32 + 4) + 262'144 * 4);
  static_assert(index::Flat<>::bytes(limits).count < 100'000ULL * (5 * 512 + 32 + 48));
  backend::Arena arena(0, 1_GiB);
  const IndexLimits small{.dim = 33, .rows = 70};
  {
    const index::Flat<> index(arena, small);
    CHECK(index.bytes() == index::Flat<>::bytes(small));
    CHECK(arena.used() == index.bytes());
    CHECK(arena.held_by("vector index") == index.bytes());
  }
  CHECK(arena.used().count == 0);
  backend::Arena tight(0, index::Flat<>::bytes(small) - Bytes{64});
  CHECK_THROWS_AS(index::Flat<>(tight, small), BudgetExceeded);
}

TEST_CASE("sizes out of range are refused") {
  backend::Arena arena(0, 1_GiB);
  CHECK_THROWS_WITH_AS(Exact(arena, {.dim = 0, .rows = 1}), doctest::Contains("numbers 1 to 4096"),
                       InvalidArgument);
  CHECK_THROWS_AS(Exact(arena, {.dim = 4097, .rows = 1}), InvalidArgument);
  CHECK_THROWS_AS(Exact(arena, {.dim = 4, .rows = 0}), InvalidArgument);
  const Exact largest(arena, {.dim = 4096, .rows = 1});
  CHECK(largest.dim() == 4096);
}

TEST_CASE("refusals name what is wrong") {
  backend::Arena arena(0, 1_GiB);
  Exact index(arena, {.dim = 2, .rows = 1});
  CHECK_THROWS_WITH_AS(insert(index, {{1}, {2}}, {1, 2, 0, 0}), "vector 1 is all zeros: it has no direction",
                       BadVector);
  CHECK_THROWS_WITH_AS(insert(index, {{1}, {2}}, {1, 2, 3, 4}),
                       doctest::Contains("2 new ids for an index of 1 rows"), IndexFull);
  CHECK_THROWS_WITH_AS(search(index, {1, INFINITY}, 1), "query 0 is not finite: number 1 is inf", BadVector);
}

TEST_CASE("vectors of any length have their direction") {
  backend::Arena arena(0, 1_GiB);
  Exact index(arena, {.dim = 3, .rows = 4});
  insert(index, {{1}, {2}, {3}}, {3e38F, 3e38F, 0, 1e-45F, 0, 0, 0, 0, -1e-20F});
  const auto [searched, hits] = search(index, {2e-30F, 0, 0}, 3);
  CHECK(searched.hits == 3);
  CHECK(hits[0] == Hit{{2}, 1});
  CHECK(hits[1].id == NodeId{1});
  CHECK(hits[1].score == doctest::Approx(0.70710678));
  CHECK(hits[2] == Hit{{3}, 0});
}

// The first pass sees 8 bits of rows and queries; what it offers has the scores of float32 to the bit.
TEST_CASE("integers first find what floats find") {
  for (const bool clusters : {false, true}) {
    Random random(7);
    constexpr std::size_t dim = 128;
    constexpr std::uint32_t rows = 9000;  // three blocks
    const std::vector<float> vectors = clusters ? clustered(rows, dim, random) : normal(rows * dim, random);
    const std::vector<float> queries(vectors.begin(), vectors.begin() + 40 * dim);
    backend::Arena arena(0, 1_GiB);
    index::Flat<> integers(arena, {.dim = dim, .rows = rows});
    Exact floats(arena, {.dim = dim, .rows = rows});
    insert(integers, ids_up_to(rows), vectors);
    insert(floats, ids_up_to(rows), vectors);
    const auto [exactly, wanted] = search(floats, queries, 10);
    CHECK(exactly.exact);
    const auto [searched, found] = search(integers, queries, 10);
    CHECK_FALSE(searched.exact);
    CHECK(searched.complete);
    CHECK(searched.rows_read == rows);
    CHECK(recall(found, wanted, 10) >= 0.99);
    CHECK(found[0] == wanted[0]);  // itself
    CHECK(search(integers, queries, 10, {}, Effort::exact()).second == wanted);
    // With few candidates it would find less, with many more.
    CHECK(recall(search(integers, queries, 10, {}, Effort::of(10)).second, wanted, 10) <
          recall(found, wanted, 10));
    CHECK(search(integers, queries, 10, {}, Effort::of(400)).second == wanted);
  }
}

// Erasing moves the last row into the gap, replacing writes into one: the codes go with them.
TEST_CASE("vectors find themselves by their codes after others were erased and replaced") {
  Random random(9);
  constexpr std::size_t dim = 64;
  constexpr std::uint32_t rows = 600;
  backend::Arena arena(0, 1_GiB);
  index::Flat<> index(arena, {.dim = dim, .rows = rows});
  std::vector<float> vectors = normal(rows * dim, random);
  insert(index, ids_up_to(rows), vectors);
  const std::vector<NodeId> erased = ids_up_to(250);
  CHECK(index.erase(View<const NodeId>(erased)) == 250);
  const std::vector<float> replacement = normal(dim, random);
  insert(index, {{300}}, replacement);
  std::copy(replacement.begin(), replacement.end(), vectors.begin() + 300 * dim);
  for (std::uint32_t id = 250; id < rows; ++id) {
    const auto first = vectors.begin() + static_cast<std::ptrdiff_t>(id * dim);
    const auto [searched, hits] = search(index, {first, first + dim}, 1, {}, Effort::of(2));
    CHECK_FALSE(searched.exact);
    CHECK(hits[0].id == NodeId{id});
  }
}

TEST_CASE("a filter is counted before anything is scanned") {
  Random random(8);
  constexpr std::size_t dim = 32;
  constexpr std::uint32_t rows = 2000;
  backend::Arena arena(0, 1_GiB);
  index::Flat<> index(arena, {.dim = dim, .rows = rows});
  insert(index, ids_up_to(rows), normal(rows * dim, random));
  const std::vector<float> query = normal(dim, random);
  for (const std::uint32_t allowed : {0U, 1U, 199U, 200U, 201U, 1000U}) {
    for (const std::uint32_t strangers : {0U, 50'000U}) {  // ids that the index does not have
      Filter filter = Filter::none();
      for (std::uint32_t i = 0; i < allowed; ++i) filter.allow({(7 * i) % rows});
      for (std::uint32_t i = 0; i < strangers; ++i) filter.allow({rows + i});
      const auto [searched, hits] = search(index, query, 5, filter);
      CHECK(searched.rows_read == (allowed <= 200 ? allowed : rows));
      CHECK(searched.exact == (allowed <= 200));
      CHECK(searched.hits == std::min(5U, allowed));
      CHECK(search(index, query, 5, filter, Effort::exact()).first.exact);
    }
  }
}

TEST_CASE("an index can be moved") {
  backend::Arena arena(0, 1_GiB);
  index::Flat<> first(arena, {.dim = 2, .rows = 40});
  insert(first, {{1}, {2}}, {1, 0, 0, 1});
  index::Flat<> second(std::move(first));
  insert(second, {{3}}, {1, 1});
  CHECK(search(second, {0, 3}, 2).second == std::vector<Hit>{{{2}, 1}, search(second, {0, 3}, 2).second[1]});
  CHECK(second.size() == 3);
}
