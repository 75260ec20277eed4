// What compilers say of a Blueprint whose policy lacks a member: each line has to be refused by the name of the
// variable, the alias, and by that of the member behind it.
#include "lacking/blueprint.hpp"

#include "asterism/model/slotted_experts.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::blueprints {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <class B>
using Assembly = model::Assembly<B>;
template <HasShape B>
struct Fixed {};

Assembly<Model<NoQuantization>> Quantization;  // and decode
Assembly<Model<NoEmbedding>> Embedding;        // and encode
Assembly<Model<NoHead>> Head;                  // and planes
Assembly<Model<NoPlacement>> Placement;        // and plan
Assembly<Model<NoKvCache>> KvCache;            // and trim
Assembly<Model<NoState>> State;                // and keep
Assembly<Model<NoGating>> Gating;              // and top_k
Assembly<Model<NoFinishedGating>> gating;
Assembly<Model<NoCache>> Cache;  // and unpin
Assembly<Model<NoFinishedCache>> cache;
Assembly<Model<NoPrefetch>> Prefetch;  // and predict
Assembly<Model<NoFinishedPrefetch>> prefetch;
Assembly<Model<NoBackend>> Backend;      // and combine
Assembly<Model<NoRoutes>> Routes;        // and route
Assembly<Model<NoObserver>> Observer;    // and moved
Assembly<Model<NoScoreHook>> ScoreHook;  // and version
Assembly<Model<NoExpert>> Expert;        // and forward
Fixed<Model<NoShape>> HasShape;

}  // namespace asterism::lacking::blueprints
