// Faiss obeys the laws of indexes; what they do not know of it.
#include "asterism/knowledge/index/faiss.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/knowledge/index/sharded.hpp"
#include "asterism/parallel/threads.hpp"

#include "laws/index_laws.hpp"
#include "support/saved_index.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

auto make(index::FaissOptions options) {
  return [options](backend::Arena& arena, IndexLimits limits,
                   parallel::ExecutionRef execution = parallel::ExecutionRef(index::detail::on_the_caller)) {
    return index::Faiss<quant::Float32>(arena, limits, execution, options);
  };
}

}  // namespace

TEST_CASE_TEMPLATE("FAISS obeys the laws of indexes", I, index::Faiss<>, index::Sharded<index::Faiss<>, 2>) {
  laws::vector_index<I>();
}

TEST_CASE("every family obeys them, however little it finds") {
  for (const char* factory : {"Flat", "HNSW8", "IVF4,Flat", "IVF8,PQ16x4"}) {
    INFO(factory);
    laws::vector_index(make({.factory = factory, .recall = 0}));
  }
}

TEST_CASE("codes of some bytes find candidates, which have the scores of Flat to the bit") {
  const test::SomeVectors vectors(4000, 1);
  const test::SomeVectors queries(30, 2);
  backend::Arena arena(0, 1_GiB);
  parallel::Threads threads(2);
  auto index = make({.factory = "IVF32,PQ32x4", .candidates = 200, .lists = 32})(
      arena, {.dim = vectors.dim, .rows = 4000}, parallel::ExecutionRef(threads));
  vectors.insert_into(index);
  CHECK(index.trusted());
  CHECK(index.nodes() == 4000);
  std::vector<Hit> found(300);
  std::vector<Hit> wanted(300);
  const MatrixView<const float> units(queries.numbers.data(), 30, queries.dim);
  const Searched searched = index.search(units, 10, {}, {}, MatrixView<Hit>(found.data(), 30, 10));
  CHECK_FALSE(searched.exact);
  CHECK(searched.rows_read == 30 * 200);
  index.search(units, 10, {}, Effort::exact(), MatrixView<Hit>(wanted.data(), 30, 10));
  std::size_t same = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    for (std::size_t j = i / 10 * 10; j < i / 10 * 10 + 10; ++j) {
      if (found[j].id != wanted[i].id) continue;
      ++same;
      CHECK(found[j].score == wanted[i].score);
    }
  }
  CHECK(same >= 270);
}

TEST_CASE("an IVF waits for rows enough, and is built again without tombstones") {
  const test::SomeVectors vectors(700, 1);
  backend::Arena arena(0, 1_GiB);
  auto index = make({.factory = "IVF16,Flat"})(arena, {.dim = vectors.dim, .rows = 700});
  const auto insert = [&](std::size_t first, std::size_t count) {
    index.insert(View<const NodeId>(vectors.ids).subview(first, count),
                 MatrixView<const float>(vectors.numbers.data() + first * vectors.dim, count, vectors.dim));
  };
  insert(0, 623);
  CHECK(index.nodes() == 0);
  CHECK_FALSE(index.trusted());
  insert(623, 77);
  CHECK(index.nodes() == 700);
  CHECK(index.trusted());
  index.erase(View<const NodeId>(vectors.ids).subview(0, 50));
  CHECK(index.tombstones() == 50);
  insert(0, 50);
  CHECK(index.nodes() == 750);
  insert(0, 700);
  CHECK(index.nodes() == 700);
  CHECK(index.tombstones() == 0);
}

TEST_CASE("what FAISS has built is saved and read back") {
  for (const char* factory : {"Flat", "HNSW16", "IVF16,Flat", "IVF8,PQ16x4"}) {
    INFO(factory);
    test::saved_index(make({.factory = factory, .recall = 0.5}), make({.factory = "IVF20,Flat", .recall = 0.5}));
  }
}
