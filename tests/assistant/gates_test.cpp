// Gates, at their edges.
#include "asterism/assistant/gates.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "laws/assistant_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::assistant;

namespace {

template <class G>
std::vector<std::size_t> labels(const G& gate, const std::vector<double>& probabilities) {
  std::vector<std::size_t> out;
  for (const Choice& one : gate.choose(probabilities)) out.push_back(one.label);
  return out;
}

using Labels = std::vector<std::size_t>;

}  // namespace

TEST_CASE("gates obey the laws") {
  laws::gate(Threshold());
  laws::gate(Threshold{.least = 0.2});
  laws::gate(TopK());
  laws::gate(TopK{.k = 1});
  laws::gate(Mass());
  laws::gate(OrFallback<Mass>{.fallback = {0}, .least = 0});
  laws::gate(OrFallback<Mass>{.fallback = {1, 0}}, true);
}

TEST_CASE("a threshold takes all above it, else the best") {
  CHECK(labels(Threshold(), {0.5, 0.5}) == Labels{0, 1});
  CHECK(labels(Threshold(), {0.3, 0.4, 0.3}) == Labels{1});
  CHECK(labels(Threshold{.least = 0.3}, {0.3, 0.4, 0.3}) == Labels{1, 0, 2});
}

TEST_CASE("the best two") {
  CHECK(labels(TopK(), {0.2, 0.2, 0.6}) == Labels{2, 0});
  CHECK(labels(TopK{.k = 9}, {0.2, 0.8}) == Labels{1, 0});
  test::check_error<InvalidArgument>([] { TopK{.k = 0}.choose(std::vector<double>{0.5, 0.5}); }, {"at least 1"});
}

TEST_CASE("less confidence asks more") {
  CHECK(labels(Mass(), {0.1, 0.7, 0.2}) == Labels{1});
  CHECK(labels(Mass(), {0.2, 0.6, 0.2}) == Labels{1, 0});
  CHECK(labels(Mass(), {0.35, 0.34, 0.31}) == Labels{0, 1, 2});
  CHECK(labels(Mass(), {0.2, 0.2, 0.2, 0.2, 0.2}) == Labels{0, 1, 2});
}

TEST_CASE("a best label that is improbable falls back") {
  const OrFallback<Mass> gate{.fallback = {2, 0}};
  CHECK(labels(gate, {0.2, 0.39, 0.2, 0.21}) == Labels{2, 0});
  CHECK(labels(gate, {0.1, 0.4, 0.3, 0.2}) == Labels{1, 2});
  CHECK(gate.without_classifier() == std::vector<Choice>{{2, 0.5}, {0, 0.5}});
  test::check_error<InvalidArgument>([&] { gate.choose(std::vector<double>{0.35, 0.35}); }, {"label 2 of 2"});
  test::check_error<InvalidArgument>([&] { OrFallback<Mass>().choose(std::vector<double>{1, 0}); }, {"no label"});
}
