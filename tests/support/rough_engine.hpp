// An engine of few lines for tests of index::Approximate and of what stands on it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/engine.hpp"
#include "asterism/knowledge/index/saved.hpp"

namespace asterism::test {

/// Compares every node, and hides each `hidden`th of them; its scores are rough.
struct Rough {
  struct Options {
    std::size_t least = 0;   ///< rows to be trained with
    std::size_t hidden = 0;  ///< 0: none
    std::size_t candidates = 20;
    double tombstones = 0.3;
    std::size_t probes = 64;
    double recall = 0.95;
    std::size_t effort() const { return candidates; }
  };
  static inline std::size_t added = 0;  ///< nodes, by all of them
  static void check(const Options& options) {
    if (options.candidates == 0) throw InvalidArgument("no candidates");
  }
  static std::string settings(const Options& options) { return "rough " + std::to_string(options.hidden); }

  Rough(std::size_t wide, std::size_t, const Options& with) : width(wide), options(with) {}
  std::size_t size() const { return nodes.size() / width; }
  Bytes bytes() const { return {nodes.size() * sizeof(float)}; }
  std::size_t least_rows() const { return options.least; }
  void train(MatrixView<const float> units) {
    CHECK(size() == 0);
    CHECK(units.rows >= options.least);
    trained = true;
  }
  void add(MatrixView<const float> units) {
    CHECK(trained == (options.least > 0));
    added += units.rows;
    nodes.insert(nodes.end(), units.data, units.data + units.rows * width);
  }
  template <class Use>
  void search(View<const float> unit, std::size_t candidates, Use&& use) const {
    std::vector<std::pair<float, std::size_t>> all;
    for (std::size_t n = 0; n < size(); ++n) {
      if (options.hidden > 0 && n % options.hidden == 0) continue;
      float score = 0;
      for (std::size_t c = 0; c < width; ++c) score += unit[c] * nodes[n * width + c];
      all.emplace_back(-score, n);
    }
    std::sort(all.begin(), all.end());
    all.resize(std::min(candidates, all.size()));
    for (const auto& [score, node] : all) use(node, 0.5F - score);
  }
  void save(index::detail::SavedWriter& file) const {
    file.write({reinterpret_cast<const std::byte*>(nodes.data()), nodes.size() * sizeof(float)});
  }
  bool restore(index::detail::SavedReader& file, std::size_t count) {
    nodes.resize(count * width);
    file.read({reinterpret_cast<std::byte*>(nodes.data()), nodes.size() * sizeof(float)});
    trained = options.least > 0;
    return true;
  }

  std::size_t width;
  Options options;
  bool trained = false;
  std::vector<float> nodes;
};
static_assert(index::IndexEngine<Rough>);

}  // namespace asterism::test
