// Each law of indexes finds an index that breaks it.
#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/knowledge/index/flat.hpp"

#include "laws/index_laws.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

using Base = index::Flat<quant::Float32>;

/// What is told of the law that the index breaks; empty if it breaks none.
template <class I>
std::string broken() {
  try {
    laws::vector_index<I>();
  } catch (const laws::LawBroken& error) {
    return error.what();
  }
  return "";
}

/// Of equal scores the higher id comes first.
struct HigherId : Base {
  using Base::Base;
  Searched search(MatrixView<const float> queries, std::size_t k, const Filter& filter, Effort effort,
                  MatrixView<Hit> out) const {
    const Searched searched = Base::search(queries, k, filter, effort, out);
    for (std::size_t q = 0; q < out.rows; ++q) {
      std::stable_sort(
          out.row(q).begin(), out.row(q).begin() + static_cast<std::ptrdiff_t>(searched.hits),
          [](const Hit& a, const Hit& b) { return a.score != b.score ? a.score > b.score : b.id < a.id; });
    }
    return searched;
  }
};

/// Filters what it has found.
struct FiltersLate : Base {
  using Base::Base;
  Searched search(MatrixView<const float> queries, std::size_t k, const Filter& filter, Effort effort,
                  MatrixView<Hit> out) const {
    Searched searched = Base::search(queries, k, {}, effort, out);
    for (std::size_t q = 0; q < out.rows; ++q) {
      std::fill(std::remove_if(out.row(q).begin(), out.row(q).end(),
                               [&](const Hit& hit) { return !filter.allows(hit.id); }),
                out.row(q).end(), Hit{});
      searched.hits = index::found(out.row(q));
    }
    return searched;
  }
};

/// Says that a first pass alone is exact.
struct Boasts : index::Flat<> {
  using Flat::Flat;
  Searched search(MatrixView<const float> queries, std::size_t k, const Filter& filter, Effort /*effort*/,
                  MatrixView<Hit> out) const {
    Searched searched = Flat::search(queries, k, filter, Effort::of(1), out);
    searched.exact = true;
    return searched;
  }
};

/// Erases the first of the ids alone, and says otherwise.
struct Forgetful : Base {
  using Base::Base;
  std::size_t erase(View<const NodeId> ids) {
    std::set<NodeId> known;
    for (const NodeId id : ids) {
      if (rows().ids().find(id) != index::RowIds::none) known.insert(id);
    }
    Base::erase(ids.subview(0, std::min<std::size_t>(ids.size, 1)));
    return known.size();
  }
};

/// Keeps the first vector of an id.
struct KeepsOld : Base {
  using Base::Base;
  void insert(View<const NodeId> ids, MatrixView<const float> vectors) {
    for (std::size_t i = 0; i < ids.size; ++i) {
      if (rows().ids().find(ids[i]) != index::RowIds::none) continue;
      Base::insert(ids.subview(i, 1), vectors.rows_at(i, 1));
    }
  }
};

/// A batch is scored against one query's neighbour.
struct Company : Base {
  using Base::Base;
  Searched search(MatrixView<const float> queries, std::size_t k, const Filter& filter, Effort effort,
                  MatrixView<Hit> out) const {
    const Searched searched = Base::search(queries, k, filter, effort, out);
    for (std::size_t q = 1; q < out.rows && out.rows > 4; ++q) out(q, 0).score += 1e-7F;
    return searched;
  }
};

/// Inserts one by one, so that a bad vector leaves half of a batch behind.
struct HalfInserted : Base {
  using Base::Base;
  void insert(View<const NodeId> ids, MatrixView<const float> vectors) {
    for (std::size_t i = 0; i < ids.size; ++i) Base::insert(ids.subview(i, 1), vectors.rows_at(i, 1));
  }
};

/// Leaves out NaN.
struct Tolerant : Base {
  using Base::Base;
  void insert(View<const NodeId> ids, MatrixView<const float> vectors) {
    try {
      Base::insert(ids, vectors);
    } catch (const BadVector&) {
    }
  }
};

/// Clears out before it looks at the queries.
struct ClearsFirst : Base {
  using Base::Base;
  Searched search(MatrixView<const float> queries, std::size_t k, const Filter& filter, Effort effort,
                  MatrixView<Hit> out) const {
    for (std::size_t q = 0; q < out.rows; ++q) std::fill(out.row(q).begin(), out.row(q).end(), Hit{});
    return Base::search(queries, k, filter, effort, out);
  }
};

void finds(const std::string& said, const char* sentence, const char* what) {
  CHECK(said.find(sentence) != std::string::npos);
  CHECK(said.find(what) != std::string::npos);
  if (said.find(what) == std::string::npos) MESSAGE(said);
}

}  // namespace

TEST_CASE("sound indexes break none") { CHECK(broken<Base>().empty()); }

TEST_CASE("mistakes are found") {
  finds(broken<HigherId>(), "ties go to the lower id", "is not behind the one before");
  finds(broken<FiltersLate>(), "min(k, allowed) hits", "hits instead of");
  finds(broken<Boasts>(), "the ids of a naive scan", "instead of");
  finds(broken<Forgetful>(), "erased never comes back", ": size");
  finds(broken<KeepsOld>(), "replaced is found by its new vector", "of another vector");
  finds(broken<Company>(), "in any batch", "alone");
  finds(broken<HalfInserted>(), "nothing has changed", "other hits than before");
  finds(broken<Tolerant>(), "nothing has changed", "threw nothing");
  finds(broken<ClearsFirst>(), "nothing has changed", "wrote into out");
}
