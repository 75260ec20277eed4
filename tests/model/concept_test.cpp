// A Blueprint is complete where all its policies are; one whose policy lacks a member is not.
#include "asterism/model/concept.hpp"

#include <doctest/doctest.h>

#include "lacking/blueprint.hpp"

using namespace asterism;
using namespace asterism::model;
using namespace asterism::lacking::blueprints;

namespace {

struct Nothing {};
struct FollowsTheFormat : Blueprint {
  using Quantization = quant::BFloat16;
};

static_assert(CompleteBlueprint<Blueprint> && CompleteBlueprint<Complete> && CompleteBlueprint<FollowsTheFormat>);
static_assert(CheckedBlueprint<Blueprint>::complete);
static_assert(!CompleteBlueprint<NoQuantization> && !needs::Quantization<NoQuantization>);
static_assert(!CompleteBlueprint<NoEmbedding> && !needs::Embedding<NoEmbedding> && needs::Head<NoEmbedding>);
static_assert(!CompleteBlueprint<NoHead> && !needs::Head<NoHead> && needs::Embedding<NoHead>);
static_assert(!CompleteBlueprint<NoPlacement> && !needs::Placement<NoPlacement> && needs::KvCache<NoPlacement>);
static_assert(!CompleteBlueprint<NoKvCache> && !needs::KvCache<NoKvCache> && needs::Placement<NoKvCache>);
static_assert(!CompleteBlueprint<NoState> && !needs::State<NoState> && needs::KvCache<NoState>);
static_assert(!CompleteBlueprint<NoGating> && !needs::Gating<NoGating> && needs::Backend<NoGating>);
static_assert(!CompleteBlueprint<NoCache> && !needs::Cache<NoCache> && needs::Gating<NoCache>);
static_assert(!CompleteBlueprint<NoFinishedCache> && needs::Cache<NoFinishedCache> &&
              !needs::cache<NoFinishedCache>);
static_assert(!CompleteBlueprint<NoBackend> && !needs::Backend<NoBackend> && needs::Gating<NoBackend>);
static_assert(!CompleteBlueprint<NoRoutes> && !needs::Routes<NoRoutes> && needs::Backend<NoRoutes>);
static_assert(!CompleteBlueprint<NoObserver> && !needs::Observer<NoObserver> && needs::Expert<NoObserver>);
static_assert(!CompleteBlueprint<NoScoreHook> && !needs::ScoreHook<NoScoreHook> && needs::Observer<NoScoreHook>);
static_assert(needs::ScoreHook<Blueprint>);  // without one
static_assert(!CompleteBlueprint<NoExpert> && !needs::Expert<NoExpert> && needs::Observer<NoExpert>);
static_assert(!CompleteBlueprint<Nothing> && !CompleteBlueprint<int>);
static_assert(HasShape<Complete> && !HasShape<NoShape> && CompleteBlueprint<NoShape>);

}  // namespace

TEST_CASE("Blueprints are checked when this file compiles") { CHECK(CompleteBlueprint<Blueprint>); }
