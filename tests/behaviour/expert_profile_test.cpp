// A profile of experts from one run of a model, in the next: the same answers, and nearly the hits of its own profile.
#include "asterism/residency/expert_profile.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/static.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/observe/counts.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/files.hpp"

using namespace asterism;
using residency::ExpertProfile;

namespace {

using Tokens = std::vector<TokenId>;

struct Profiled : Blueprint {
  static constexpr Limits limits{.context = 128, .batch = 1, .prefill_chunk = 16, .threads = 2};
  using Backend = backend::HostA8;
  using Cache = cache::Static;
  using Observer = observe::Counts;

  static inline ExpertProfile profile;
  static cache::Static cache(const cache::Parts& parts, Bytes capacity) {
    return {parts, capacity, profile.of_groups(0, parts.groups())};
  }
};

/// Questions of one kind: they begin alike.
Tokens prompt_of(std::size_t question) {
  Tokens tokens;
  for (std::size_t i = 0; i < 30; ++i) tokens.push_back(static_cast<TokenId>(3 + (i % 6) * 23));
  for (std::size_t i = 0; i < 10; ++i) tokens.push_back(static_cast<TokenId>(3 + (i * 17 + question * 41) % 60));
  return tokens;
}

struct Run {
  std::vector<Tokens> answers;
  ExpertProfile profile;
  residency::SlotCounts counts;
};

Run run(const std::string& checkpoint, const std::string& experts, std::size_t first_question) {
  const Shape shape = generate::read_config(checkpoint).shape;
  const placement::Plan roomy = plan<Profiled>(equal_devices(1, 1_GiB), shape, Profiled::limits);
  const Bytes half = roomy.footprint.slotted.each * static_cast<std::uint64_t>(roomy.expert_slots(0) / 2);
  const auto model =
      load<Profiled>(checkpoint, {.machine = equal_devices(1, roomy.peak(0) - half), .experts = experts});
  Run out;
  out.profile = ExpertProfile::of_model(shape.sparse_layers().size(), shape.experts, model.fingerprint());
  GenerateOptions options;
  options.max_tokens = 20;
  options.stop_at_eos = false;
  auto session = model.session();
  for (std::size_t i = 0; i < 12; ++i) {
    out.answers.push_back(session.generate_tokens(prompt_of(first_question + i), options));
  }
  out.profile.add(session.observer(), 12 * 60);
  out.counts = model.slot_counts();
  return out;
}

}  // namespace

TEST_CASE("a profile that was saved has at least .95 of the hits of one's own, and never another answer") {
  const test::TemporaryFolder folder;
  const std::string checkpoint = test::golden_model("many_experts");
  const std::string experts = folder / "experts";
  ProgressSink silence;
  write_experts<Profiled>(checkpoint, experts, silence);
  const Shape shape = generate::read_config(checkpoint).shape;
  Profiled::profile = ExpertProfile::of_model(shape.sparse_layers().size(), shape.experts, 0);
  const Run first = run(checkpoint, experts, 0);
  write_expert_profile(first.profile, folder / "profile");

  const Run unknown = run(checkpoint, experts, 12);
  Profiled::profile = residency::read_expert_profile(folder / "profile");
  check_same(Profiled::profile, shape.sparse_layers().size(), shape.experts, first.profile.fingerprint, "profile");
  const Run loaded = run(checkpoint, experts, 12);
  Profiled::profile = unknown.profile;
  const Run own = run(checkpoint, experts, 12);
  CHECK(loaded.answers == own.answers);
  CHECK(unknown.answers == own.answers);
  CHECK(loaded.profile == own.profile);
  MESSAGE("hits: ", unknown.counts.hits, " without a profile, ", loaded.counts.hits, " with one, ",
          own.counts.hits, " with its own, of ", own.counts.uses);
  CHECK(static_cast<double>(loaded.counts.hits) >= .95 * static_cast<double>(own.counts.hits));
  CHECK(loaded.counts.hits > unknown.counts.hits);
}
