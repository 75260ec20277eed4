// The indexes of FAISS alone: who is near is plain, and what FAISS does not know is refused.
#include "asterism/knowledge/index/faiss_engine.hpp"

#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/files.hpp"

using namespace asterism;
using index::FaissEngine;

namespace {

constexpr std::size_t rows = 1000;
constexpr std::size_t width = 32;

/// Points on a circle.
std::vector<float> circle() {
  std::vector<float> points(rows * width);
  for (std::size_t r = 0; r < rows; ++r) {
    const double angle = 6.283185307179586 * static_cast<double>(r) / static_cast<double>(rows);
    points[r * width] = static_cast<float>(std::cos(angle));
    points[r * width + 1] = static_cast<float>(std::sin(angle));
  }
  return points;
}

FaissEngine filled(const std::string& factory, const std::vector<float>& points) {
  FaissEngine engine(width, rows, {.factory = factory});
  if (engine.least_rows() > 0) engine.train({points.data(), rows, width});
  engine.add({points.data(), rows / 2, width});
  engine.add({points.data() + rows / 2 * width, rows / 2, width});
  return engine;
}

}  // namespace

TEST_CASE("every family finds neighbours") {
  const std::vector<float> points = circle();
  for (const char* factory : {"Flat", "HNSW16", "IVF16,Flat", "IVF16,SQ8", "IVF16,PQ16x4", "IVF16_HNSW8,Flat"}) {
    INFO(factory);
    const FaissEngine engine = filled(factory, points);
    CHECK(engine.size() == rows);
    CHECK(engine.bytes().count > rows * 8);
    for (const std::size_t at : {0U, 123U, 999U}) {
      std::set<std::size_t> found;
      engine.search({points.data() + at * width, width}, 100, [&](std::size_t label, float score) {
        CHECK(found.insert(label).second);
        CHECK(score > 0.7F);
      });
      CHECK(found.size() == 100);
      CHECK(found.count(at) == 1);
      CHECK(found.count((at + 2) % rows) == 1);
      CHECK(found.count((at + rows - 2) % rows) == 1);
    }
  }
}

TEST_CASE("an IVF reads more lists for more candidates") {
  const std::vector<float> points = circle();
  FaissEngine engine(width, rows, {.factory = "IVF20,Flat", .candidates = 10, .lists = 1});
  engine.train({points.data(), rows, width});
  engine.add({points.data(), rows, width});
  const auto found = [&](std::size_t candidates) {
    std::size_t count = 0;
    engine.search({points.data(), width}, candidates, [&](std::size_t, float) { ++count; });
    return count;
  };
  CHECK(found(10) == 10);
  CHECK(found(190) == 190);
  CHECK(found(1000) == 1000);  // all lists
}

TEST_CASE("what has to be trained says with how many rows") {
  const auto least = [](const char* factory) {
    return FaissEngine(width, rows, {.factory = factory}).least_rows();
  };
  CHECK(least("Flat") == 0);
  CHECK(least("HNSW16") == 0);
  CHECK(least("IVF16,Flat") == 39 * 16);
  CHECK(least("IVF16,PQ16x4") == 39 * 16);
  CHECK(least("IVF16,PQ16x8") == 39 * 256);
}

TEST_CASE("the same index each time") {
  const std::vector<float> points = circle();
  for (const char* factory : {"HNSW16", "IVF16,PQ16x4"}) {
    const test::TemporaryFolder folder;
    for (const char* name : {"first", "second"}) {
      index::detail::SavedWriter file(folder / name, 0);
      filled(factory, points).save(file);
      file.finish();
    }
    index::detail::SavedReader first(folder / "first");
    index::detail::SavedReader second(folder / "second");
    REQUIRE(first.left() == second.left());
    std::vector<std::byte> one(first.left());
    std::vector<std::byte> other(second.left());
    first.read(View<std::byte>(one));
    second.read(View<std::byte>(other));
    CHECK(one == other);
  }
}

TEST_CASE("what is not FAISS', and what is another's, is refused by name") {
  const auto make = [](std::size_t wide, index::FaissOptions options) {
    FaissEngine::check(options);
    FaissEngine(wide, rows, options);
  };
  for (const char* factory : {"", "nonsense", "IVF16", "IVF16,PQ33x8"}) {
    INFO(factory);
    test::check_error<InvalidArgument>([&] { make(width, {.factory = factory}); }, {"the factory \"", factory});
  }
  for (const char* factory : {"PQ16", "IDMap,Flat", "OPQ16,IVF16,PQ16", "IVF16,PQ16x4fs"}) {
    INFO(factory);
    test::check_error<InvalidArgument>([&] { make(width, {.factory = factory}); }, {factory, "none of"});
  }
  CHECK_THROWS_AS(make(width, {.candidates = 0}), InvalidArgument);
  CHECK_THROWS_AS(make(width, {.lists = 0}), InvalidArgument);
}
