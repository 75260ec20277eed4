// Static from the profile of one run against Static from another run's own, where both are asked the same kinds of
// questions: the conversations of the shipped trace, every other one.
#include "asterism/residency/expert_profile.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/cache/static.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/lab/replay.hpp"

#include "support/files.hpp"

using namespace asterism;
using residency::ExpertProfile;

namespace {

ExpertProfile profile_of(const lab::RoutingTrace& trace) {
  const lab::RoutingSizes& sizes = trace.sizes();
  ExpertProfile out = ExpertProfile::of_model(sizes.layers, sizes.experts, 7);
  for (std::size_t s = 0; s < trace.sequences().size(); ++s) {
    const std::size_t tokens = trace.sequences()[s].tokens.size();
    observe::Counts counts;
    counts.begin(sizes.layers, sizes.experts, sizes.top_k);
    for (std::size_t token = 0; token < tokens; ++token) {
      for (std::int32_t layer = 0; layer < sizes.layers; ++layer) {
        for (const observe::Choice& choice : trace.at(s, token, layer)) {
          counts.routed(layer, static_cast<std::int32_t>(token), choice.expert, choice.probability);
        }
      }
    }
    out.add(counts, tokens);
  }
  return out;
}

}  // namespace

TEST_CASE("a profile that one run saved is worth at least .95 of another run's own") {
  const lab::RoutingTrace all =
      lab::read_routing_trace(ASTERISM_SOURCE_DIR "/examples/small_mixtral/held_out_cards.trace");
  lab::RoutingTrace runs[] = {lab::RoutingTrace(all.sizes()), lab::RoutingTrace(all.sizes())};
  for (std::size_t i = 0; i < all.sequences().size(); ++i) runs[i % 2].append(all.sequences()[i]);
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/profile";
  write_expert_profile(profile_of(runs[0]), path);
  const ExpertProfile loaded = residency::read_expert_profile(path);
  const ExpertProfile own = profile_of(runs[1]);
  const auto bytes = [](PartId) { return 1_MiB; };
  for (const std::uint64_t slots : {6, 13, 19}) {
    const auto hits = [&](const ExpertProfile& profile) {
      cache::Static policy(cache::Parts(all.sizes().layers, all.sizes().experts, 1_MiB), 1_MiB * slots,
                           profile.uses);
      return lab::replay(runs[1], policy, bytes).hits;
    };
    const auto share = static_cast<double>(hits(loaded)) / static_cast<double>(hits(own));
    MESSAGE(slots, " slots: ", share, " of the hits");
    CHECK(share >= .95);
    CHECK(share <= 1);
  }
}
