// What Trace remembers.
#include "asterism/observe/trace.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using observe::Choice;
using observe::Trace;

namespace {

/// Tells `trace` of one token in one layer as a model does.
template <class AnyTrace>
void tell(AnyTrace& trace, std::int32_t layer, std::int32_t position, const std::vector<float>& probabilities,
          const std::vector<std::int32_t>& experts) {
  trace.scored(layer, position, probabilities);
  for (const std::int32_t expert : experts) trace.routed(layer, position, expert, 1.0F);
}

std::vector<Choice> choices(const Trace& trace, std::int32_t position, std::int32_t layer) {
  const auto view = trace.at(position, layer);
  return {view.begin(), view.end()};
}

}  // namespace

TEST_CASE("choices are kept by position and layer, with the router's probability, not the weight") {
  Trace trace;
  trace.begin(2, 3, 2);
  CHECK(trace.layers() == 2);
  CHECK(trace.experts() == 3);
  CHECK(trace.top_k() == 2);
  CHECK(trace.positions() == 0);
  tell(trace, 0, 0, {0.25F, 0.5F, 0.125F}, {1, 0});
  tell(trace, 0, 1, {0.75F, 0.125F, 0.0625F}, {0, 1});
  CHECK(trace.positions() == 0);  // the second layer is not known
  tell(trace, 1, 0, {0.25F, 0.0F, 0.375F}, {2, 0});
  CHECK(trace.positions() == 1);
  trace.scored(1, 1, std::vector<float>{0, 0, 0});
  CHECK(trace.positions() == 1);
  tell(trace, 1, 1, {0.0F, 0.5F, 0.25F}, {1, 2});
  CHECK(trace.positions() == 2);
  CHECK(choices(trace, 0, 0) == std::vector<Choice>{{1, 0.5F}, {0, 0.25F}});
  CHECK(choices(trace, 0, 1) == std::vector<Choice>{{2, 0.375F}, {0, 0.25F}});
  CHECK(choices(trace, 1, 0) == std::vector<Choice>{{0, 0.75F}, {1, 0.125F}});
  CHECK(choices(trace, 1, 1) == std::vector<Choice>{{1, 0.5F}, {2, 0.25F}});
  trace.moved(0, 1, 1_MiB);
  CHECK(trace.positions() == 2);
}

TEST_CASE("positions computed again are overwritten, those behind forgotten, those before kept") {
  Trace trace;
  trace.begin(1, 2, 1);
  for (std::int32_t position = 0; position < 5; ++position) tell(trace, 0, position, {0.75F, 0.25F}, {0});
  CHECK(trace.positions() == 5);
  tell(trace, 0, 2, {0.5F, 0.5F}, {1});
  CHECK(trace.positions() == 3);
  CHECK(choices(trace, 1, 0) == std::vector<Choice>{{0, 0.75F}});
  CHECK(choices(trace, 2, 0) == std::vector<Choice>{{1, 0.5F}});
  tell(trace, 0, 4, {0.5F, 0.5F}, {1});  // position 3 is missing
  CHECK(trace.positions() == 3);
  tell(trace, 0, 3, {0.5F, 0.5F}, {0});
  CHECK(trace.positions() == 4);
}

TEST_CASE("what was cancelled between the layers of a pass is not known") {
  Trace trace;
  trace.begin(2, 2, 1);
  for (const std::int32_t layer : {0, 1}) {
    for (std::int32_t position = 0; position < 4; ++position) tell(trace, layer, position, {0.75F, 0.25F}, {0});
  }
  for (std::int32_t position = 2; position < 4; ++position) tell(trace, 0, position, {0.5F, 0.5F}, {1});
  CHECK(trace.positions() == 2);
  for (const std::int32_t layer : {0, 1}) {
    for (std::int32_t position = 2; position < 4; ++position) tell(trace, layer, position, {0.5F, 0.5F}, {1});
  }
  CHECK(trace.positions() == 4);
  CHECK(choices(trace, 3, 1) == std::vector<Choice>{{1, 0.5F}});
}

TEST_CASE("a pass begins where the first layer is told of again") {
  Trace trace;
  trace.begin(2, 2, 1);
  const auto pass = [&](std::int32_t first, std::int32_t end) {
    for (const std::int32_t layer : {0, 1}) {
      for (std::int32_t position = first; position < end; ++position) {
        tell(trace, layer, position, {0.75F, 0.25F}, {0});
      }
    }
  };
  const auto starts = [&] {
    const auto view = trace.pass_starts();
    return std::vector<std::int32_t>(view.begin(), view.end());
  };
  CHECK(starts().empty());
  pass(0, 4);
  pass(4, 5);
  pass(5, 6);
  CHECK(starts() == std::vector<std::int32_t>{0, 4, 5});
  pass(2, 5);  // computed again
  CHECK(starts() == std::vector<std::int32_t>{0, 2});
  for (std::int32_t position = 5; position < 8; ++position) tell(trace, 0, position, {0.5F, 0.5F}, {0});
  pass(5, 8);  // the one before was cancelled in its first layer
  CHECK(starts() == std::vector<std::int32_t>{0, 2, 5});
  Trace single;
  single.begin(1, 2, 1);
  tell(single, 0, 0, {0.5F, 0.5F}, {0});
  CHECK(single.pass_starts().empty());
}

TEST_CASE("a full trace keeps all probabilities") {
  observe::FullTrace trace;
  trace.begin(2, 3, 1);
  for (const std::int32_t layer : {0, 1}) {
    for (std::int32_t position = 0; position < 3; ++position) {
      const auto first = static_cast<float>(layer * 3 + position) / 8;
      tell(trace, layer, position, {first, 0.125F, 0.0625F}, {1});
    }
  }
  CHECK(trace.positions() == 3);
  for (const std::int32_t layer : {0, 1}) {
    for (std::int32_t position = 0; position < 3; ++position) {
      const auto all = trace.probabilities(position, layer);
      CHECK(std::vector<float>(all.begin(), all.end()) ==
            std::vector<float>{static_cast<float>(layer * 3 + position) / 8, 0.125F, 0.0625F});
      CHECK(choices(trace, position, layer) == std::vector<Choice>{{1, 0.125F}});
    }
  }
  trace.begin(1, 2, 1);
  CHECK(trace.positions() == 0);
}
