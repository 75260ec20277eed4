// The graph alone. Also the second source of this program that includes hnswlib, whose header defines functions.
#include "asterism/knowledge/index/hnsw_graph.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/simd/product.hpp"

using namespace asterism;
using index::HnswGraph;

// Points on a circle: who is near is plain, and every score is the product's to the bit.
TEST_CASE("a graph finds the nearest rows") {
  constexpr std::size_t rows = 500;
  constexpr std::size_t width = 32;
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
      float wanted = 0;
      simd::product(
          quant::KernelMatrixRef<quant::Float32>{reinterpret_cast<const std::byte*>(points.data() + label * width),
                                                 1, width},
          MatrixView<const float>(query.data, 1, width), MatrixView<float>(&wanted, 1, 1));
      CHECK(score == wanted);
    });
    CHECK(found == 9);
  }
}

TEST_CASE("an empty graph finds nothing") {
  const HnswGraph graph(32, 10, {});
  const std::vector<float> query(32, 1.0F);
  std::size_t found = 0;
  graph.search(View<const float>(query), 5, [&](std::size_t, float) { ++found; });
  CHECK(found == 0);
}
