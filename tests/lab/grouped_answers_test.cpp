// Answers grouped by their experts, on a routing trace with many layers and experts: how many fewer experts a pass uses
// than with answers in turns, and that nobody waits too long.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/generate/expert_grouping.hpp"
#include "asterism/lab/synthetic_routes.hpp"
#include "asterism/observe/recent_use.hpp"

using namespace asterism;

namespace {

constexpr std::size_t kinds = 4;  ///< of questions: each a stretch of the trace in which experts' favours stay
constexpr std::size_t rows = 32;
constexpr std::size_t places = 8;
constexpr std::size_t prompt_tokens = 16;
constexpr std::size_t passes = 250;

/// An answer under way: tokens of the trace, of which a router's choices are known up to `next`.
struct Running {
  std::size_t next = 0;
  std::size_t left = 0;
  observe::RecentUse use;
};

struct Outcome {
  double experts = 0;  ///< distinct ones of a pass, in all layers
  std::size_t longest_wait = 0;
};

/// Answers of 16 to 63 tokens behind prompts of 16, of a random kind; each that ends makes room for another.
Outcome run(const lab::RoutingTrace& trace, bool grouped, std::uint64_t seed) {
  const lab::RoutingSizes& sizes = trace.sizes();
  Random random(seed);
  std::vector<Running> running(rows);
  generate::ExpertGrouping grouping(rows, places);
  const auto compute = [&](Running& answer) {
    for (std::int32_t layer = 0; layer < sizes.layers; ++layer) {
      answer.use.scored(layer, static_cast<std::int32_t>(answer.next), {});
      for (const observe::Choice& choice : trace.at(0, answer.next, layer)) {
        answer.use.routed(layer, static_cast<std::int32_t>(answer.next), choice.expert, 0);
      }
    }
    ++answer.next;
  };
  const auto begin = [&](std::size_t row) {
    constexpr std::size_t topic = lab::synthetic::q.topic_tokens;
    Running& answer = running[row];
    const std::size_t kind = random.below(kinds);
    answer.left = 16 + random.below(48);
    answer.use.begin(sizes.layers, sizes.experts, sizes.top_k);
    answer.next = kind * topic + random.below(topic - answer.left - prompt_tokens);
    for (std::size_t i = 0; i < prompt_tokens; ++i) compute(answer);
    grouping.begin(row);
  };
  for (std::size_t row = 0; row < rows; ++row) begin(row);
  Outcome out;
  std::size_t first = 0;
  std::vector<std::size_t> waited(rows);
  for (std::size_t pass = 0; pass < passes; ++pass) {
    std::vector<generate::WaitingAnswer> waiting;
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t row = (first + i) % rows;
      waiting.push_back({row, running[row].use.recent_use()});
    }
    std::vector<std::size_t> chosen;
    if (grouped) {
      const View<const std::size_t> found = grouping.choose(waiting);
      chosen.assign(found.begin(), found.end());
      grouping.computed();
      for (std::size_t& passes_of_row : waited) ++passes_of_row;
      for (const std::size_t row : chosen) waited[row] = 0;
      out.longest_wait = std::max(out.longest_wait, *std::max_element(waited.begin(), waited.end()));
      ++first;
    } else {
      for (std::size_t i = 0; i < places; ++i) chosen.push_back(waiting[i].row);
      first += places;
    }
    for (std::int32_t layer = 0; layer < sizes.layers; ++layer) {
      std::set<std::int32_t> used;
      for (const std::size_t row : chosen) {
        for (const observe::Choice& choice : trace.at(0, running[row].next, layer)) used.insert(choice.expert);
      }
      out.experts += static_cast<double>(used.size()) / passes;
    }
    for (const std::size_t row : chosen) {
      compute(running[row]);
      if (--running[row].left > 0) continue;
      begin(row);
      waited[row] = 0;
    }
  }
  return out;
}

}  // namespace

TEST_CASE(
    "8 of 32 answers grouped need at least 15 % fewer experts a pass, and nobody waits for more than 8 passes") {
  double saved = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const lab::RoutingTrace trace =
        lab::synthetic_trace(lab::synthetic::q, kinds * lab::synthetic::q.topic_tokens, seed);
    const Outcome in_turns = run(trace, false, seed);
    const Outcome grouped = run(trace, true, seed);
    MESSAGE("seed ", seed, ": ", in_turns.experts, " experts a pass in turns, ", grouped.experts, " grouped");
    CHECK(grouped.longest_wait <= generate::ExpertGrouping::most_passed_over);
    saved += (1 - grouped.experts / in_turns.experts) / 5;
  }
  MESSAGE("saved: ", saved);
  CHECK(saved >= 0.15);
}
