// Counts of choices, their shares and their picture.
#include "asterism/lab/expert_usage.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/view.hpp"
#include "asterism/observe/trace.hpp"

using namespace asterism;
using lab::ExpertUsage;

namespace {

/// One token in a model of two layers with three experts, which goes to one expert in each.
void pass(observe::Trace& trace, std::int32_t position, std::int32_t first, std::int32_t second) {
  const std::vector<float> probabilities = {0.5F, 0.25F, 0.25F};
  trace.scored(0, position, View<const float>(probabilities));
  trace.routed(0, position, first, 1);
  trace.scored(1, position, View<const float>(probabilities));
  trace.routed(1, position, second, 1);
}

}  // namespace

TEST_CASE("every choice counts for its layer and expert") {
  observe::Trace trace;
  trace.begin(2, 3, 1);
  pass(trace, 0, 2, 0);
  pass(trace, 1, 2, 1);
  pass(trace, 2, 0, 1);
  ExpertUsage usage(2, 3);
  usage.add(trace);
  CHECK(usage.chosen(0, 0) == 1);
  CHECK(usage.chosen(0, 1) == 0);
  CHECK(usage.chosen(0, 2) == 2);
  CHECK(usage.chosen(1, 1) == 2);
  CHECK(usage.share(0, 2) == doctest::Approx(2.0 / 3));
  CHECK(usage.share(1, 2) == 0);
  ExpertUsage twice(2, 3);
  CHECK(twice.share(0, 0) == 0);
  twice.add(usage);
  twice.add(usage);
  CHECK(twice.chosen(0, 2) == 4);
  CHECK(twice.chosen(1, 0) == 2);
}

TEST_CASE("the table names the least and the most used, and draws each expert against the most used") {
  observe::Trace trace;
  trace.begin(2, 3, 1);
  for (std::int32_t position = 0; position < 8; ++position)
    pass(trace, position, position < 4 ? 0 : position < 6 ? 1 : 2, 1);
  ExpertUsage usage(2, 3);
  usage.add(trace);
  const std::string table = usage.table();
  const auto has = [&](const char* part) { return table.find(part) != std::string::npos; };
  CHECK(has("expert 0 to 2"));
  CHECK(has("25.0 %   50.0 %   33.3 %  █▄▄\n"));
  CHECK(has(" 0.0 %  100.0 %   33.3 %   █ \n"));
}
