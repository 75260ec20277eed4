// The graph alone. Also the second source of this program that includes hnswlib, whose header defines functions.
#include "asterism/knowledge/index/hnsw_graph.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using index::HnswGraph;

namespace {

constexpr std::size_t width = 32;

std::vector<float> unit_rows(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> rows(count * width);
  for (std::size_t r = 0; r < count; ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < width; ++c) {
      rows[r * width + c] = static_cast<float>(random.normal());
      sum += rows[r * width + c] * rows[r * width + c];
    }
    for (std::size_t c = 0; c < width; ++c) rows[r * width + c] /= static_cast<float>(std::sqrt(sum));
  }
  return rows;
}
void add(HnswGraph& graph, const std::vector<float>& rows) {
  graph.add({rows.data(), rows.size() / width, width});
}

/// What a graph writes of itself.
std::vector<std::byte> saved(const HnswGraph& graph, const std::string& path) {
  index::detail::SavedWriter out(path, 0);
  graph.save(out);
  out.finish();
  index::detail::SavedReader in(path);
  std::vector<std::byte> bytes(in.left());
  in.read(View<std::byte>(bytes));
  return bytes;
}
/// Whether it takes these bytes, under a right checksum; then it can be asked.
bool takes(const std::vector<std::byte>& bytes, std::size_t nodes, const std::string& path) {
  index::detail::SavedWriter out(path, 0);
  out.write(View<const std::byte>(bytes));
  out.finish();
  HnswGraph graph(width, 700, {});
  try {
    index::detail::SavedReader in(path);
    if (!graph.restore(in, nodes)) return false;
  } catch (const FormatError&) {  // too short
    return false;
  }
  const std::vector<float> query = unit_rows(1, 9);
  std::size_t found = 0;
  graph.search(View<const float>(query), 10, [&](std::size_t label, float) { found += label < nodes ? 1 : 0; });
  CHECK(found > 0);
  return true;
}

}  // namespace

// Points on a circle: who is near is plain, and every score is the cosine.
TEST_CASE("a graph finds the nearest rows") {
  constexpr std::size_t rows = 500;
  HnswGraph graph(width, rows, {});
  std::vector<float> points(rows * width);
  for (std::size_t r = 0; r < rows; ++r) {
    const double angle = 6.283185307179586 * static_cast<double>(r) / static_cast<double>(rows);
    points[r * width] = static_cast<float>(std::cos(angle));
    points[r * width + 1] = static_cast<float>(std::sin(angle));
    graph.add({points.data() + r * width, 1, width});
  }
  CHECK(graph.size() == rows);
  CHECK(graph.bytes().count >= rows * (width * 4 + 32 * 4));
  for (const std::size_t at : {0U, 123U, 499U}) {
    const View<const float> query(points.data() + at * width, width);
    std::size_t found = 0;
    graph.search(query, 9, [&](std::size_t label, float score) {
      ++found;
      const std::size_t apart = (label + rows - at) % rows;
      CHECK((apart <= 4 || apart >= rows - 4));
      const double angle = 6.283185307179586 * static_cast<double>(apart) / static_cast<double>(rows);
      CHECK(score == doctest::Approx(std::cos(angle)));
    });
    CHECK(found == 9);
  }
}

TEST_CASE("a graph that was read back grows as the other does") {
  const test::TemporaryFolder folder;
  HnswGraph first(width, 700, {});
  add(first, unit_rows(300, 1));
  saved(first, folder / "graph");
  HnswGraph second(width, 700, {});
  index::detail::SavedReader file(folder / "graph");
  REQUIRE(second.restore(file, 300));
  CHECK(file.left() == 0);
  for (HnswGraph* graph : {&first, &second}) add(*graph, unit_rows(400, 2));
  CHECK(saved(first, folder / "one") == saved(second, folder / "other"));
}

TEST_CASE("links that lead nowhere are not taken, whatever the checksum says") {
  const test::TemporaryFolder folder;
  HnswGraph graph(width, 700, {});
  add(graph, unit_rows(300, 1));
  const std::vector<std::byte> sound = saved(graph, folder / "graph");
  CHECK(takes(sound, 300, folder / "copy"));
  CHECK_FALSE(takes(sound, 301, folder / "copy"));
  CHECK_FALSE(takes(sound, 701, folder / "copy"));
  const auto broken = [&](std::size_t at, std::size_t count) {
    std::vector<std::byte> bytes = sound;
    for (std::size_t i = at; i < at + count; ++i) bytes[i] = std::byte{0xFF};
    return takes(bytes, 300, folder / "copy");
  };
  constexpr std::size_t node = 4 + 32 * 4 + width * 4 + 8;  // count, links, row, label
  CHECK_FALSE(broken(0, 8));                                // where a walk begins
  CHECK_FALSE(broken(8 + 3 * node, 2));                     // a count
  CHECK_FALSE(broken(8 + 3 * node + 4, 4));                 // a link
  CHECK_FALSE(broken(8 + 4 * node - 8, 8));                 // a label
  CHECK_FALSE(broken(8 + 300 * node, 1));                   // a level
  CHECK_FALSE(broken(sound.size() - 17 * 4 + 4, 4));        // a link above the ground
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::byte> bytes = sound;
    bytes[random.below(sound.size())] ^= std::byte{1} << random.below(8);
    takes(bytes, 300, folder / "copy");
  }
}

TEST_CASE("an empty graph finds nothing") {
  const HnswGraph graph(32, 10, {});
  const std::vector<float> query(32, 1.0F);
  std::size_t found = 0;
  graph.search(View<const float>(query), 5, [&](std::size_t, float) { ++found; });
  CHECK(found == 0);
}
