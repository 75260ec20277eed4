// Where layers have their memory.
#include "asterism/train/recompute.hpp"

#include <cstdint>
#include <set>

#include <doctest/doctest.h>

using namespace asterism::train;
using recompute::Places;

namespace {

/// Layers of a group have places of their own, each of those that are held is used, and none beyond.
template <class R>
void check_places(std::int32_t layers) {
  CAPTURE(layers);
  std::set<std::int32_t> inputs;
  std::set<std::int32_t> attention;
  std::set<std::int32_t> experts;
  for (std::int32_t l = 0; l < layers; ++l) {
    inputs.insert(R::at(l).input);
    attention.insert(R::at(l).attention);
    experts.insert(R::at(l).experts);
  }
  const Places held = R::held(layers);
  const auto exact = [](const std::set<std::int32_t>& used, std::int32_t held_of) {
    return static_cast<std::int32_t>(used.size()) == held_of && (used.empty() || *used.rbegin() == held_of - 1);
  };
  CHECK(exact(inputs, held.input));
  CHECK(exact(attention, held.attention));
  CHECK(exact(experts, held.experts));
}

}  // namespace

TEST_CASE("every place that is held is of some layer") {
  for (const std::int32_t layers : {0, 1, 2, 3, 4, 7, 32}) {
    check_places<recompute::Nothing>(layers);
    check_places<recompute::Experts>(layers);
    check_places<recompute::Layers>(layers);
    check_places<recompute::Every<2>>(layers);
    check_places<recompute::Every<5>>(layers);
  }
}

TEST_CASE("what is kept of five layers") {
  CHECK(recompute::Nothing::held(5) == Places{5, 5, 5});
  CHECK(recompute::Experts::held(5) == Places{5, 5, 1});
  CHECK(recompute::Layers::held(5) == Places{1, 1, 1});
  CHECK(recompute::Every<3>::held(5) == Places{3, 3, 3});
  CHECK(recompute::Every<3>::at(4) == Places{1, 1, 1});
  CHECK(recompute::Experts::at(4) == Places{4, 4, 0});
}
