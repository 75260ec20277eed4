// The experts of one layer: dispatch rows to them, run them, combine their answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/constellation/fwd.hpp"
#include "asterism/constellation/resident_experts.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/observe/fwd.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::constellation {

/// A router (experts, hidden) in fp32 and the experts, all in memory (ResidentExperts) or in turns (SlottedExperts);
/// and, where the shape has one, a shared expert that every row passes, whose answer the sigmoid of a gate (1, hidden)
/// in fp32 scales; and the bias (1, experts) of a gating::Biased, which is bound to it. Its weights are filled after
/// construction through `router()`, `router_bias()`, `expert(e)`, `shared_gate()` and `shared_expert()`; after that it
/// is immutable and may serve several sessions. Source of the shared expert: transformers, `Qwen3NextSparseMoeBlock`.
template <class Expert, class Gating, class SharedExpertType, class Experts>
class Constellation {
 public:
  static_assert(
      expert::row_independent<Expert>,
      "rows of this expert see their neighbours (row_independent is false), later ones too: a causal decoder "
      "would look ahead; train::ConstellationTrainer has experts of this kind");
  static_assert(expert::Expert<Expert>);
  static_assert(gating::Gating<Gating>);
  using ExpertType = Expert;
  using GatingPolicy = Gating;
  using SharedExpert = SharedExpertType;
  static constexpr bool holds_experts = Experts::holds_experts;
  static constexpr bool asks_next_router = Experts::asks_next_router;
  /// What the layers of a device share besides the workspace; handed to `forward` if experts take turns.
  using Slots = typename Experts::Slots;
  using Router = backend::DeviceWeights<quant::Float32>;
  static constexpr bool is_biased = gating::Biased<Gating>;

  /// Bytes of the router, its bias, and the shared expert's gate.
  static constexpr Bytes router_bytes(const Shape& shape) {
    backend::Layout cursor;
    lay_out_routers(cursor, shape);
    return cursor.used();
  }

  /// Draws router and slabs, uninitialised, from a device or a backend::Region. `gating` chooses shape.top_k of
  /// shape.experts. `formats`: which of several formats the matrices are in.
  template <class Memory>
  Constellation(Memory& memory, const Shape& shape, Gating gating, const quant::LayerFormats& formats = {})
      : expert_(expert::expert_of<Expert>(shape, formats)),
        gating_(std::move(gating)),
        router_buffer_(memory.allocate(router_bytes(shape), "routers")) {
    backend::Layout cursor(router_buffer_);
    routers_ = lay_out_routers(cursor, shape);
    if constexpr (is_biased) gating_.bind(routers_.bias.view.row(0));
    if (shape.shared_ffn > 0) {
      shared_.emplace(memory, shape.hidden, shape.shared_ffn, "shared expert",
                      quant::FeedForwardFormats{formats.shared_gate, formats.shared_up, formats.shared_down});
    }
    experts_.emplace(memory, shape, expert_);
  }

  const Router& router() const { return routers_.experts; }
  const backend::DeviceMatrix<float>& router_bias() const requires is_biased { return routers_.bias; }
  const Gating& gating() const { return gating_; }
  /// Of a shape with a shared expert, as the next.
  const Router& shared_gate() const { return routers_.shared; }
  const SharedExpert& shared_expert() const { return *shared_; }
  /// The matrices of expert e, in its slab.
  const typename Expert::Slab& expert(std::size_t e) const requires holds_experts { return experts_->slab(e); }
  std::size_t experts() const requires holds_experts { return experts_->size(); }

  /// The router of a layer that comes later, and the norm before it.
  struct NextRouter {
    backend::DeviceMatrix<const float> norm;  ///< (1, hidden); empty: there is no such layer
    Router router;
    const Gating* gating = nullptr;
    float epsilon = 0;
  };

  /// What experts that take turns are told of a pass besides its rows.
  struct Turn {
    Slots* slots = nullptr;
    std::int32_t layer = 0;  ///< number among the layers with experts
    prefetch::Phase phase = prefetch::Phase::decode;
    NextRouter next{};
    std::stop_token cancel{};
    observe::Laps* laps = nullptr;  ///< null: nobody listens
  };

  /// Tables and rows of one pass; `rows` tokens at most.
  struct Scratch {
    backend::DeviceMatrix<float> logits;          ///< (rows, experts); after a pass the router's probabilities
    backend::DeviceMatrix<gating::Route> routes;  ///< (rows, top_k)
    backend::DeviceMatrix<std::int32_t> offsets;  ///< (1, experts + 1)
    backend::DeviceMatrix<std::int32_t> sources;  ///< (1, rows * top_k)
    backend::DeviceMatrix<std::int32_t> slots;    ///< (1, rows * top_k)
    backend::DeviceMatrix<float> gathered;        ///< (rows * top_k, hidden)
    typename Expert::Scratch inner;
    backend::DeviceMatrix<float> next;  ///< (rows, experts) of the next layer's router, or empty
    backend::DeviceMatrix<float> gate;  ///< (rows, 1) of the shared expert, or empty
    typename SharedExpert::Scratch shared;

    static constexpr Scratch lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
      const auto experts = static_cast<std::size_t>(shape.experts);
      const auto top_k = static_cast<std::size_t>(shape.top_k);
      const auto slots = rows * top_k;
      return {cursor.matrix<float>(rows, experts),
              cursor.matrix<gating::Route>(rows, top_k),
              cursor.matrix<std::int32_t>(1, experts + 1),
              cursor.matrix<std::int32_t>(1, slots),
              cursor.matrix<std::int32_t>(1, slots),
              cursor.matrix<float>(slots, static_cast<std::size_t>(shape.hidden)),
              Expert::Scratch::lay_out(cursor, Expert(shape), slots),
              cursor.matrix<float>(asks_next_router ? rows : 0, experts),
              cursor.matrix<float>(rows, shape.shared_ffn > 0 ? 1 : 0),
              SharedExpert::Scratch::lay_out(cursor, shape.shared_ffn, rows)};
    }
  };

  /// hidden += sum of the chosen experts' answers to x and of the shared one's, both (n, hidden). Returns the routes
  /// (n, top_k), which stay valid until the scratch is used again, as do the probabilities in scratch.logits. Allocates
  /// nothing. `turn` is for experts that take turns, whose slots may throw residency::Stopped. `scores`, unless NoHook,
  /// is asked between router and gating: scores.adjust(device, x, logits) may change logits (n, experts). `adapters`,
  /// unless NoHook, adds to the experts' products: see model::PassAdapters.
  template <class Device, class Scores = NoHook, class Adapters = NoHook>
  backend::DeviceMatrix<const gating::Route> forward(Device& device, backend::DeviceMatrix<const float> x,
                                                     const Scratch& scratch, backend::DeviceMatrix<float> hidden,
                                                     [[maybe_unused]] const Turn& turn = {},
                                                     [[maybe_unused]] const Scores& scores = {},
                                                     const Adapters& adapters = {}) const {
    const std::size_t n = x.rows();
    const std::size_t slots = n * gating_.top_k();
    const auto logits = scratch.logits.rows_at(0, n);
    const auto routes = scratch.routes.rows_at(0, n);
    [[maybe_unused]] backend::DeviceMatrix<const float> next = logits.rows_at(0, 0);
    if constexpr (asks_next_router) next = ask(device, turn.next, hidden, scratch);
    device.product(routers_.experts, x, logits);
    if constexpr (is_hook<Scores>) scores.adjust(device, x, logits);
    device.route(gating_, logits, routes);
    const backend::ExpertGroups groups{.offsets = scratch.offsets.view.row(0),
                                       .source_row = scratch.sources.view.row(0).subview(0, slots),
                                       .slot_of_choice = scratch.slots.view.row(0).subview(0, slots),
                                       .device = routes.device};
    device.group(routes, groups);
    const auto gathered = scratch.gathered.rows_at(0, slots);
    device.gather(groups, x, gathered);
    if constexpr (holds_experts) {
      experts_->forward(device, expert_, groups, gathered, scratch.inner, gathered, adapters);
    } else {
      turn.slots->forward(device, expert_, turn.layer, turn.phase, groups, scratch.offsets, logits, next, routes,
                          gathered, scratch.inner, gathered, turn.cancel, turn.laps, adapters);
    }
    device.combine(groups, routes, gathered, hidden);
    if (shared_) {
      const auto answer = scratch.gathered.rows_at(0, n);
      const auto gate = scratch.gate.rows_at(0, n);
      shared_->forward(device, x, scratch.shared, answer);
      device.product(routers_.shared, x, gate);
      device.sigmoid_multiply(gate, answer);
      device.add(answer, hidden);
    }
    return routes;
  }

 private:
  /// What a later layer's router says of these rows as they are now: its probabilities (n, experts), or no rows.
  template <class Device>
  backend::DeviceMatrix<const float> ask(Device& device, const NextRouter& next,
                                         backend::DeviceMatrix<const float> hidden, const Scratch& scratch) const {
    const auto scores = scratch.next.rows_at(0, next.norm.rows() > 0 ? hidden.rows() : 0);
    if (scores.rows() == 0) return scores;
    const auto normed = scratch.gathered.rows_at(0, hidden.rows());
    device.rms_norm(hidden, next.norm, next.epsilon, normed);
    device.product(next.router, normed, scores);
    device.route(*next.gating, scores, scratch.routes.rows_at(0, hidden.rows()));
    return scores;
  }

  struct Routers {
    Router experts;
    Router shared;
    backend::DeviceMatrix<float> bias;
  };

  static constexpr Routers lay_out_routers(backend::Layout& cursor, const Shape& shape) {
    const auto hidden = static_cast<std::uint64_t>(shape.hidden);
    Routers out{.experts = cursor.weights<quant::Float32>(static_cast<std::uint64_t>(shape.experts), hidden),
                .shared = {},
                .bias = {}};
    if constexpr (is_biased) out.bias = cursor.matrix<float>(1, static_cast<std::size_t>(shape.experts));
    if (shape.shared_ffn > 0) out.shared = cursor.weights<quant::Float32>(1, hidden);
    return out;
  }

  Expert expert_;
  Gating gating_;
  backend::Buffer router_buffer_;
  Routers routers_;
  std::optional<SharedExpert> shared_;
  std::optional<Experts> experts_;
};

}  // namespace asterism::constellation
