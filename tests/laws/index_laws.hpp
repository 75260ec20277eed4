// The laws of knowledge::VectorIndex, one function template for each, for the indexes of the toolkit and for your own:
//
//   TEST_CASE("my index obeys the laws") { laws::vector_index<MyIndex>(); }
//
// An index that is constructed otherwise than from (arena, limits, execution) is made by a function of them:
//
//   laws::vector_index([](backend::Arena& arena, knowledge::IndexLimits limits, parallel::ExecutionRef execution) {
//     return Rotated(arena, limits, execution, 7);
//   });
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/index/limits.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// What Make makes.
template <class Make>
using IndexOf = std::invoke_result_t<const Make&, backend::Arena&, knowledge::IndexLimits, parallel::ExecutionRef>;

/// The vectors that an index should hold, and what a naive scan in double finds among them.
class NaiveIndex {
 public:
  explicit NaiveIndex(std::size_t dim) : dim_(dim) {}

  void insert(const std::vector<knowledge::NodeId>& ids, const std::vector<float>& vectors) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto first = vectors.begin() + static_cast<std::ptrdiff_t>(i * dim_);
      rows_[ids[i]].assign(first, first + static_cast<std::ptrdiff_t>(dim_));
    }
  }
  std::size_t erase(const std::vector<knowledge::NodeId>& ids) {
    std::size_t count = 0;
    for (const knowledge::NodeId id : ids) count += rows_.erase(id);
    return count;
  }
  std::size_t size() const { return rows_.size(); }
  bool has(knowledge::NodeId id) const { return rows_.count(id) != 0; }
  double cosine(knowledge::NodeId id, View<const float> query) const {
    const std::vector<float>& row = rows_.at(id);
    double dot = 0;
    double rows = 0;
    double queries = 0;
    for (std::size_t i = 0; i < dim_; ++i) {
      dot += double{row[i]} * double{query[i]};
      rows += double{row[i]} * double{row[i]};
      queries += double{query[i]} * double{query[i]};
    }
    return dot / (std::sqrt(rows) * std::sqrt(queries));
  }
  /// The ids of the k best.
  std::vector<knowledge::NodeId> best(View<const float> query, std::size_t k,
                                      const knowledge::Filter& filter) const {
    std::vector<std::pair<double, knowledge::NodeId>> all;
    for (const auto& [id, row] : rows_) {
      if (filter.allows(id)) all.emplace_back(-cosine(id, query), id);
    }
    std::sort(all.begin(), all.end());
    std::vector<knowledge::NodeId> ids;
    for (std::size_t i = 0; i < all.size() && i < k; ++i) ids.push_back(all[i].second);
    return ids;
  }

 private:
  std::size_t dim_;
  std::map<knowledge::NodeId, std::vector<float>> rows_;
};

/// An index with its arena, and beside it what it should hold.
template <class Make>
struct IndexCase {
  using Index = IndexOf<Make>;

  IndexCase(const Make& make, std::size_t width, std::uint32_t rows, parallel::ExecutionRef execution)
      : dim(width),
        naive(width),
        index(make(arena, knowledge::IndexLimits{.dim = width, .rows = rows}, execution)) {}

  void insert(const std::vector<knowledge::NodeId>& ids, const std::vector<float>& vectors) {
    index.insert(View<const knowledge::NodeId>(ids), MatrixView<const float>(vectors.data(), ids.size(), dim));
    naive.insert(ids, vectors);
  }
  /// The hits of all queries, row after row.
  std::vector<knowledge::Hit> search(const std::vector<float>& queries, std::size_t k,
                                     const knowledge::Filter& filter, knowledge::Effort effort) {
    const std::size_t rows = queries.size() / dim;
    std::vector<knowledge::Hit> out(rows * k);
    searched = index.search(MatrixView<const float>(queries.data(), rows, dim), k, filter, effort,
                            MatrixView<knowledge::Hit>(out.data(), rows, k));
    return out;
  }

  std::size_t dim;
  backend::Arena arena{0, 1_GiB};
  NaiveIndex naive;
  Index index;
  knowledge::Searched searched{};
};

/// Normal numbers, or only 1 and -1: with 1, 4, 16, 64 ... of them all arithmetic is exact, and many scores are equal.
inline std::vector<float> vectors_to_try(std::size_t count, std::size_t dim, bool signs, Random& random) {
  std::vector<float> values(count * dim);
  for (float& value : values) {
    value = signs ? (random.below(2) == 0 ? 1.0F : -1.0F) : static_cast<float>(random.normal());
  }
  return values;
}

/// `count` ids, not in order, with gaps.
inline std::vector<knowledge::NodeId> ids_to_try(std::size_t count, Random& random) {
  std::vector<knowledge::NodeId> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.push_back({3 * i + static_cast<std::uint32_t>(random.below(3))});
  for (std::size_t i = count; i > 1; --i) std::swap(ids[i - 1], ids[random.below(i)]);
  return ids;
}

/// Everything, nothing, and shares of the ids, with ids that nobody has.
inline std::vector<knowledge::Filter> filters_to_try(std::uint32_t ids, Random& random) {
  std::vector<knowledge::Filter> filters(1);
  for (const double share : {0.0, 0.01, 0.05, 0.2, 0.5, 0.99}) {
    filters.push_back(knowledge::Filter::none());
    for (std::uint32_t id = 0; id < ids + 100; ++id) {
      if (random.uniform() < share) filters.back().allow({id});
    }
  }
  return filters;
}

/// The shapes that are tried, small ones first: numbers in a vector, vectors, and whether they are signs.
struct IndexShape {
  std::size_t dim;
  std::size_t rows;
  bool signs;
  std::string text() const {
    return std::to_string(rows) + (signs ? " vectors of signs, dim " : " vectors, dim ") + std::to_string(dim);
  }
};
inline std::vector<IndexShape> index_shapes() {
  return {{1, 1, true},    {1, 7, true},     {3, 5, false},     {16, 40, true},
          {33, 64, false}, {64, 1100, true}, {100, 700, false}, {40, 4500, false}};
}

template <class Make>
std::string index_name() {
  return model_name<IndexOf<Make>>();
}

/// The hits are sorted, distinct, stored, allowed, as many as there can be, with their cosines.
template <class Make>
void hits_are_in_order(const Make& make) {
  const Law law(
      "a query has min(k, allowed) hits, scores descend, ties go to the lower id, and a score is the cosine",
      index_name<Make>());
  Random random(1);
  parallel::Serial serial;
  for (const IndexShape& shape : index_shapes()) {
    IndexCase<Make> one(make, shape.dim, static_cast<std::uint32_t>(shape.rows), parallel::ExecutionRef(serial));
    one.insert(ids_to_try(shape.rows, random), vectors_to_try(shape.rows, shape.dim, shape.signs, random));
    const std::vector<float> queries = vectors_to_try(3, shape.dim, shape.signs, random);
    for (const knowledge::Filter& filter : filters_to_try(static_cast<std::uint32_t>(3 * shape.rows), random)) {
      for (const std::size_t k : {std::size_t{1}, std::size_t{10}, std::size_t{60}}) {
        const std::vector<knowledge::Hit> hits = one.search(queries, k, filter, {});
        for (std::size_t q = 0; q < 3; ++q) {
          const View<const float> query(queries.data() + q * shape.dim, shape.dim);
          const std::size_t wanted = one.naive.best(query, k, filter).size();
          const auto where = [&] {
            return shape.text() + ", k " + std::to_string(k) + ", query " + std::to_string(q);
          };
          law.holds(one.searched.hits == wanted, where, ": ", one.searched.hits, " hits instead of ", wanted);
          for (std::size_t i = 0; i < k; ++i) {
            const knowledge::Hit& hit = hits[q * k + i];
            if (i >= wanted) {
              law.holds(hit == knowledge::Hit{}, where, ": place ", i, " has the id ", hit.id.value);
              continue;
            }
            law.holds(one.naive.has(hit.id) && filter.allows(hit.id), where, ": id ", hit.id.value,
                      " is not stored or not allowed");
            law.holds(i == 0 || knowledge::better(hits[q * k + i - 1], hit), where, ": place ", i,
                      " is not behind the one before");
            const double cosine = one.naive.cosine(hit.id, query);
            law.holds(std::fabs(cosine - double{hit.score}) < 1e-5, where, ": id ", hit.id.value,
                      " has the score ", hit.score, " and the cosine ", cosine);
          }
        }
      }
    }
  }
}

/// Exact search finds what a naive scan finds.
template <class Make>
void exact_equals_naive(const Make& make) {
  const Law law("an exact search has the ids of a naive scan", index_name<Make>());
  Random random(2);
  parallel::Serial serial;
  for (const IndexShape& shape : index_shapes()) {
    IndexCase<Make> one(make, shape.dim, static_cast<std::uint32_t>(shape.rows), parallel::ExecutionRef(serial));
    one.insert(ids_to_try(shape.rows, random), vectors_to_try(shape.rows, shape.dim, shape.signs, random));
    const std::vector<float> queries = vectors_to_try(4, shape.dim, shape.signs, random);
    for (const knowledge::Filter& filter : filters_to_try(static_cast<std::uint32_t>(3 * shape.rows), random)) {
      for (const knowledge::Effort effort : {knowledge::Effort::exact(), knowledge::Effort{}}) {
        const std::size_t k = 25;
        const std::vector<knowledge::Hit> hits = one.search(queries, k, filter, effort);
        law.holds(one.searched.exact || !effort.is_exact(), shape.text(), ": asked for exactness, it gives none");
        if (!one.searched.exact) continue;
        for (std::size_t q = 0; q < 4; ++q) {
          const View<const float> query(queries.data() + q * shape.dim, shape.dim);
          const std::vector<knowledge::NodeId> best = one.naive.best(query, k, filter);
          law.holds(best.size() == one.searched.hits, shape.text(), ", query ", q, ": ", one.searched.hits,
                    " hits");
          for (std::size_t i = 0; i < best.size(); ++i) {
            const knowledge::NodeId id = hits[q * k + i].id;
            // Of numbers that are rounded, two may be nearer than the rounding.
            const bool as_good = !shape.signs && one.naive.has(id) &&
                                 std::fabs(one.naive.cosine(id, query) - one.naive.cosine(best[i], query)) < 1e-6;
            law.holds(id == best[i] || as_good, shape.text(), ", query ", q, ": place ", i, " has the id ",
                      id.value, " instead of ", best[i].value);
          }
        }
      }
    }
  }
}

/// After any inserts, replacements and erasures an index holds what was left in it.
template <class Make>
void erased_never_return(const Make& make) {
  const Law law("what is erased never comes back, what is replaced is found by its new vector, counts are right",
                index_name<Make>());
  Random random(3);
  parallel::Serial serial;
  constexpr std::size_t dim = 16;
  constexpr std::uint32_t most = 300;
  IndexCase<Make> one(make, dim, most, parallel::ExecutionRef(serial));
  for (int step = 0; step < 150; ++step) {
    std::vector<knowledge::NodeId> ids;
    const std::uint64_t count = random.below(40);
    for (std::uint64_t i = 0; i < count; ++i) ids.push_back({static_cast<std::uint32_t>(random.below(most))});
    if (random.below(5) < 3) {
      one.insert(ids, vectors_to_try(ids.size(), dim, true, random));
    } else {
      const std::size_t found = one.index.erase(View<const knowledge::NodeId>(ids));
      const std::size_t wanted = one.naive.erase(ids);
      law.holds(found == wanted, "step ", step, ": erased ", found, " ids, of which ", wanted, " were there");
    }
    law.holds(one.index.size() == one.naive.size(), "step ", step, ": size ", one.index.size(), " instead of ",
              one.naive.size());
    const std::vector<float> query = vectors_to_try(1, dim, true, random);
    const bool exact = random.below(2) == 0;
    const std::size_t k = exact ? most : 20;
    const std::vector<knowledge::Hit> hits =
        one.search(query, k, {}, exact ? knowledge::Effort::exact() : knowledge::Effort{});
    law.holds(one.searched.hits == std::min(k, one.naive.size()), "step ", step, ": ", one.searched.hits, " hits");
    for (std::size_t i = 0; i < one.searched.hits; ++i) {
      const knowledge::Hit& hit = hits[i];
      law.holds(one.naive.has(hit.id), "step ", step, ": id ", hit.id.value, " is not there any more");
      law.holds(one.naive.cosine(hit.id, View<const float>(query)) == double{hit.score}, "step ", step, ": id ",
                hit.id.value, " has the score ", hit.score, " of another vector");
    }
  }
}

/// A query has the same bits alone and in a batch, on one thread and on several.
template <class Make>
void alone_or_together(const Make& make) {
  const Law law("a query has the same bits in any batch, for any number of threads", index_name<Make>());
  parallel::Serial serial;
  parallel::Threads two(2);
  parallel::Threads three(3);
  for (const std::size_t dim : {std::size_t{24}, std::size_t{96}}) {
    Random random(4);
    const std::size_t rows = dim == 24 ? 2500 : 1200;
    constexpr std::size_t count = 70;
    constexpr std::size_t k = 10;
    const auto ids = ids_to_try(rows, random);
    const auto vectors = vectors_to_try(rows, dim, false, random);
    const auto queries = vectors_to_try(count, dim, false, random);
    const auto filters = filters_to_try(static_cast<std::uint32_t>(3 * rows), random);
    std::vector<std::vector<knowledge::Hit>> first;
    for (const parallel::ExecutionRef execution :
         {parallel::ExecutionRef(serial), parallel::ExecutionRef(two), parallel::ExecutionRef(three)}) {
      IndexCase<Make> one(make, dim, static_cast<std::uint32_t>(rows), execution);
      one.insert(ids, vectors);
      std::size_t number = 0;
      for (const knowledge::Filter& filter : filters) {
        for (const knowledge::Effort effort : {knowledge::Effort{}, knowledge::Effort::exact()}) {
          const auto hits = one.search(queries, k, filter, effort);
          if (number == first.size()) first.push_back(hits);
          const auto same = [](const knowledge::Hit* a, const knowledge::Hit* b) {
            return std::memcmp(a, b, k * sizeof(knowledge::Hit)) == 0;
          };
          for (std::size_t q = 0; q < count; ++q) {
            law.holds(same(&hits[q * k], &first[number][q * k]), "dim ", dim, ", ", execution.threads(),
                      " threads, query ", q, ", search ", number);
          }
          for (const std::size_t q : {std::size_t{0}, std::size_t{37}, count - 1}) {
            const auto begin = queries.begin() + static_cast<std::ptrdiff_t>(q * dim);
            const auto alone = one.search({begin, begin + static_cast<std::ptrdiff_t>(dim)}, k, filter, effort);
            law.holds(same(alone.data(), &hits[q * k]), "dim ", dim, ", query ", q, " alone, search ", number);
          }
          ++number;
        }
      }
    }
  }
}

/// What can't be stored or searched for is refused by name, and nothing has changed.
template <class Make>
void bad_vectors_refused(const Make& make) {
  const Law law("a vector of another width, NaN, infinity or zeros is refused by name, and nothing has changed",
                index_name<Make>());
  Random random(5);
  parallel::Serial serial;
  constexpr std::size_t dim = 12;
  IndexCase<Make> one(make, dim, 50, parallel::ExecutionRef(serial));
  const auto ids = ids_to_try(40, random);
  one.insert(ids, vectors_to_try(40, dim, false, random));
  const auto queries = vectors_to_try(4, dim, false, random);
  const auto before = one.search(queries, 40, {}, {});
  const auto unchanged = [&](const char* what) {
    law.holds(one.index.size() == 40, what, ": the size is ", one.index.size(), " instead of 40");
    law.holds(one.search(queries, 40, {}, {}) == before, what, ": a search has other hits than before");
  };
  const auto known = ids[3];
  const auto insert = [&](const std::vector<knowledge::NodeId>& some, const std::vector<float>& vectors,
                          std::size_t width) {
    one.index.insert(View<const knowledge::NodeId>(some),
                     MatrixView<const float>(vectors.data(), vectors.size() / width, width));
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {nan, infinity, -infinity, 0.0F}) {
    auto two = vectors_to_try(2, dim, false, random);
    if (bad == 0) std::fill(two.begin() + dim, two.end(), 0.0F);
    if (bad != 0) two[2 * dim - 1] = bad;
    law.throws<knowledge::BadVector>([&] { insert({known, {1000}}, two, dim); }, "a vector with ", bad);
    unchanged("a bad vector");
    const knowledge::Hit mark{{77}, 5};
    std::vector<knowledge::Hit> out(2, mark);
    law.throws<knowledge::BadVector>(
        [&] {
          one.index.search(MatrixView<const float>(two.data(), 2, dim), 1, {}, {},
                           MatrixView<knowledge::Hit>(out.data(), 2, 1));
        },
        "a query with ", bad);
    law.holds(out[0] == mark && out[1] == mark, "a refused query wrote into out");
  }
  for (const std::size_t width : {dim - 1, dim + 1}) {
    const auto two = vectors_to_try(2, width, false, random);
    law.throws<knowledge::BadVector>(
        [&] {
          insert({known, {1000}}, two, width);
        },
        "vectors of ", width, " numbers");
    unchanged("a vector of another width");
    std::vector<knowledge::Hit> out(2);
    law.throws<knowledge::BadVector>(
        [&] {
          one.index.search(MatrixView<const float>(two.data(), 2, width), 1, {}, {},
                           MatrixView<knowledge::Hit>(out.data(), 2, 1));
        },
        "queries of ", width, " numbers");
  }
  const auto twelve = vectors_to_try(12, dim, false, random);
  law.throws<InvalidArgument>([&] { insert({known}, twelve, dim); }, "1 id for 12 vectors");
  const std::vector<float> single(twelve.begin(), twelve.begin() + dim);
  law.throws<InvalidArgument>([&] { insert({knowledge::no_node}, single, dim); }, "the id that no node has");
  std::vector<knowledge::NodeId> fresh{known};
  for (std::uint32_t i = 0; i < 11; ++i) fresh.push_back({1000 + i});
  law.throws<knowledge::IndexFull>([&] { insert(fresh, twelve, dim); }, "11 new ids where there is room for 10");
  unchanged("too many ids");
  fresh.back() = fresh[1];  // of the two the later counts, and there is room
  insert(fresh, twelve, dim);
  law.holds(one.index.size() == 50, "10 new ids for 10 rows: the size is ", one.index.size());
  std::vector<knowledge::Hit> none;
  law.throws<InvalidArgument>(
      [&] {
        one.index.search(MatrixView<const float>(queries.data(), 4, dim), 0, {}, {},
                         MatrixView<knowledge::Hit>(none.data(), 4, 0));
      },
      "k = 0");
}

/// An empty index, and no queries.
template <class Make>
void nothing_is_fine(const Make& make) {
  const Law law("an index without vectors, a batch without queries and an empty insert are fine",
                index_name<Make>());
  parallel::Serial serial;
  IndexCase<Make> one(make, 5, 10, parallel::ExecutionRef(serial));
  law.holds(one.index.dim() == 5 && one.index.size() == 0, "dim ", one.index.dim(), ", size ", one.index.size());
  one.insert({}, {});
  const std::vector<knowledge::NodeId> ids{{1}, {2}};
  law.holds(one.index.erase(View<const knowledge::NodeId>(ids)) == 0, "erased from nothing");
  const auto hits = one.search({1, 2, 3, 4, 5}, 3, {}, {});
  law.holds(one.searched.hits == 0 && hits == std::vector<knowledge::Hit>(3),
            "nothing was found where nothing is");
  law.holds(one.search({}, 3, {}, {}).empty() && one.searched.hits == 0, "no queries");
}

/// All laws.
template <class Make>
void vector_index(const Make& make) {
  static_assert(knowledge::VectorIndex<IndexOf<Make>>);
  nothing_is_fine(make);
  hits_are_in_order(make);
  exact_equals_naive(make);
  erased_never_return(make);
  alone_or_together(make);
  bad_vectors_refused(make);
}
template <knowledge::VectorIndex I>
void vector_index() {
  vector_index([](backend::Arena& arena, knowledge::IndexLimits limits, parallel::ExecutionRef execution) {
    return I(arena, limits, execution);
  });
}

}  // namespace asterism::laws
