// One layer: attention and experts, each after a norm and added to the residual stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "asterism/attention/mixer.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/concept.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/model/fwd.hpp"
#include "asterism/model/mixers.hpp"
#include "asterism/model/pass_adapters.hpp"
#include "asterism/model/score_hooks.hpp"
#include "asterism/observe/concept.hpp"
#include "asterism/observe/none.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// h += mixer(norm(h)); h += constellation(norm(h)), or, in a dense layer, h += feed_forward(norm(h)). Filled after
/// construction, immutable afterwards. `MixerTypes` is a Mixers<...>, `Quantization` the format of their matrices,
/// `AdaptersType` an expert::Adapters or NoAdapters.
template <class MixerTypes, class Quantization, class ConstellationType, class FeedForwardType, class AdaptersType>
class DecoderBlock {
 public:
  using Mixer = typename MixerTypes::template Of<Quantization>;
  using MixerScratch = typename MixerTypes::template Scratch<Quantization>;
  using Constellation = ConstellationType;
  using FeedForward = FeedForwardType;
  using Adapters = AdaptersType;

  /// The weights of both norms, (1, hidden) each.
  struct Norms {
    backend::DeviceMatrix<float> attention;
    backend::DeviceMatrix<float> feed_forward;  ///< before experts or feed-forward block

    static constexpr Norms lay_out(backend::Layout& cursor, const Shape& shape) {
      const auto hidden = static_cast<std::size_t>(shape.hidden);
      return {cursor.matrix<float>(1, hidden), cursor.matrix<float>(1, hidden)};
    }
  };

  static constexpr Bytes norm_bytes(const Shape& shape) {
    backend::Layout cursor;
    Norms::lay_out(cursor, shape);
    return cursor.used();
  }

  /// Draws norms, mixer and experts or feed-forward block of layer `layer`, in this order, from a device or a
  /// backend::Region. A dense layer needs no gating.
  template <class Memory>
  DecoderBlock(Memory& memory, const Shape& shape, std::int32_t layer,
               const std::optional<typename Constellation::GatingPolicy>& gating)
      : epsilon_(static_cast<float>(shape.rms_epsilon)),
        routed_layer_(shape.sparse_layers().size_within(0, layer)),
        norm_buffer_(memory.allocate(norm_bytes(shape), "norms")),
        mixer_(make_mixer<Mixer>(memory, shape, layer)),
        number_(std::visit([&]<class M>(const M&) { return layers_of_kind(shape, M::is_recurrent); }, mixer_)
                    .size_within(0, layer)) {
    backend::Layout cursor(norm_buffer_);
    norms_ = Norms::lay_out(cursor, shape);
    if (shape.is_dense(layer)) {
      feed_forward_.emplace(memory, shape.hidden, shape.dense_ffn);
    } else {
      constellation_.emplace(memory, shape, gating.value());
    }
  }

  const Norms& norms() const { return norms_; }
  /// The layer's mixer, of type M; throws std::bad_variant_access if it is another.
  template <class M>
  const M& mixer() const {
    return std::get<M>(mixer_);
  }
  const Mixer& mixer() const { return mixer_; }
  bool is_dense() const { return feed_forward_.has_value(); }
  /// Of a layer with experts.
  const Constellation& constellation() const { return *constellation_; }
  /// Of a dense layer.
  const FeedForward& feed_forward() const { return *feed_forward_; }

  /// Passes hidden (n, hidden), the rows of `segments` one after the other, through the layer in place. Each segment's
  /// score hook and observer hear of its rows. For experts that take turns: `next`, the next block with experts on the
  /// same device if there is one; where `cancel` is requested residency::Stopped is thrown. `laps`, if any, hear when
  /// the mixer and the rest are done.
  template <class Device, class Segments>
  void forward(Device& device, const Segments& segments, backend::DeviceMatrix<float> hidden,
               const LayerWorkspace<DecoderBlock>& workspace, [[maybe_unused]] const DecoderBlock* next = nullptr,
               [[maybe_unused]] const std::stop_token& cancel = {}, observe::Laps* laps = nullptr) const {
    const auto normed = workspace.normed.rows_at(0, hidden.rows());
    const auto tables = workspace.tables.rows_at(0, hidden.rows());
    device.rms_norm(hidden, norms_.attention, epsilon_, normed);
    const auto adapters = adapters_of(segments, workspace);
    mix(device, segments, normed, tables, workspace, adapters,
        std::make_index_sequence<std::variant_size_v<Mixer>>());
    device.add(normed, hidden);
    if (laps != nullptr) laps->lap(observe::SpanKind::attention);
    device.rms_norm(hidden, norms_.feed_forward, epsilon_, normed);
    if (is_dense()) {
      feed_forward_->forward(device, normed, workspace.feed_forward, normed);
      device.add(normed, hidden);
      if (laps != nullptr) laps->lap(observe::SpanKind::experts);
      return;
    }
    typename Constellation::Turn turn;
    if constexpr (!Constellation::holds_experts) turn = turn_of(segments, workspace, next, cancel, laps);
    [[maybe_unused]] const auto routes = constellation_->forward(
        device, normed, workspace.constellation, hidden, turn, score_hooks(segments), of_experts(adapters));
    if constexpr (!std::is_same_v<SegmentObserver<Segments>, observe::None>) {
      tell(device, segments, workspace.constellation, next != nullptr, routes);
    }
    if (laps != nullptr) laps->lap(observe::SpanKind::experts);
  }

 private:
  template <class Segments>
  using SegmentOf = std::remove_cvref_t<decltype(*std::declval<Segments>().begin())>;

  template <class Segments>
  auto score_hooks([[maybe_unused]] const Segments& segments) const {
    if constexpr (is_hook<typename SegmentOf<Segments>::ScoreHook>) {
      return ScoreHooks<Segments>{.segments = segments, .layer = routed_layer_};
    } else {
      return NoHook{};
    }
  }

  /// PassAdapters; NoHook without adapters.
  template <class Segments>
  static auto adapters_of([[maybe_unused]] const Segments& segments,
                          [[maybe_unused]] const LayerWorkspace<DecoderBlock>& workspace) {
    if constexpr (expert::has_adapters<Adapters>) {
      return PassAdapters<Adapters, Segments>{segments, workspace.adapters, workspace.adapter_lists};
    } else {
      return NoHook{};
    }
  }
  template <class PassAdapters>
  auto of_experts([[maybe_unused]] const PassAdapters& adapters) const {
    if constexpr (is_hook<PassAdapters> && Adapters::targets.experts) {
      return adapters.of_experts(routed_layer_);
    } else {
      return NoHook{};
    }
  }

  template <class Segments>
  typename Constellation::Turn turn_of(const Segments& segments, const LayerWorkspace<DecoderBlock>& workspace,
                                       const DecoderBlock* next, const std::stop_token& cancel,
                                       observe::Laps* laps) const {
    auto phase = prefetch::Phase::decode;
    if (workspace.slots == nullptr) {
      throw BudgetExceeded(
          "a device has no slots for experts, since a change of its budget failed: fit them again");
    }
    auto& routing = workspace.slots->routing();
    routing.clear();
    for (const auto& segment : segments) {
      if (segment.rows > 1) phase = prefetch::Phase::prompt;
      if constexpr (Constellation::Slots::looks_ahead) routing.add(segment.sequence, segment.rows);
    }
    typename Constellation::Turn out{.slots = workspace.slots,
                                     .layer = routed_layer_,
                                     .phase = phase,
                                     .next = {},
                                     .cancel = cancel,
                                     .laps = laps};
    if (next != nullptr) {
      const Constellation& there = next->constellation();
      out.next = {.norm = next->norms_.feed_forward,
                  .router = there.router(),
                  .gating = &there.gating(),
                  .epsilon = next->epsilon_};
    }
    return out;
  }

  template <class Device, class Segments, class PassAdapters, std::size_t... I>
  void mix(Device& device, const Segments& segments, backend::DeviceMatrix<float> rows,
           backend::DeviceMatrix<const float> tables, const LayerWorkspace<DecoderBlock>& workspace,
           [[maybe_unused]] const PassAdapters& adapters, std::index_sequence<I...> /*mixers*/) const {
    const auto if_it_is = [&]<std::size_t Index>() {
      if (mixer_.index() != Index) return;
      using M = std::variant_alternative_t<Index, Mixer>;
      if constexpr (M::is_recurrent && !backend::RecurrentOps<Device>) {
        throw Unsupported(concat("device ", device.device(), " does not compute linear attention"));
      } else if constexpr (is_hook<PassAdapters> && attention::TakesAdapters<M>) {
        std::get<Index>(mixer_).forward(device, number_, segments, rows, tables, std::get<Index>(workspace.mixers),
                                        rows, adapters);
      } else {
        std::get<Index>(mixer_).forward(device, number_, segments, rows, tables, std::get<Index>(workspace.mixers),
                                        rows);
      }
    };
    (if_it_is.template operator()<I>(), ...);
  }

  template <class Segments>
  using SegmentObserver = std::remove_cvref_t<decltype(*std::declval<SegmentOf<Segments>>().observer)>;

  /// Waits for the device: a run that nobody observes never comes here.
  template <class Device, class Segments>
  void tell(Device& device, const Segments& segments, const typename Constellation::Scratch& scratch,
            bool asked_next, backend::DeviceMatrix<const gating::Route> all_routes) const {
    constexpr bool hears_guesses =
        Constellation::asks_next_router && observe::HearsGuesses<SegmentObserver<Segments>>;
    const std::size_t rows = all_routes.rows();
    const backend::DeviceMatrix<const float> logits = scratch.logits.rows_at(0, rows);
    const backend::DeviceMatrix<const float> next =
        scratch.next.rows_at(0, hears_guesses && asked_next ? rows : 0);
    const auto [probabilities, routes, guesses] = device.read(logits, all_routes, next);
    std::size_t row = 0;
    for (const auto& segment : segments) {
      for (std::size_t i = 0; i < segment.rows; ++i, ++row) {
        const auto position = static_cast<std::int32_t>(segment.first + i);
        if constexpr (hears_guesses) {
          if (asked_next) segment.observer->guessed(routed_layer_, position, guesses.row(row));
        }
        segment.observer->scored(routed_layer_, position, probabilities.row(row));
        for (const auto& route : routes.row(row)) {
          segment.observer->routed(routed_layer_, position, route.expert, route.weight);
        }
      }
    }
  }

  float epsilon_;
  std::int32_t routed_layer_;  ///< number among the layers that have experts
  backend::Buffer norm_buffer_;
  Norms norms_;
  Mixer mixer_;
  std::int32_t number_;                         ///< among the layers of its mixer
  std::optional<Constellation> constellation_;  ///< this or the next
  std::optional<FeedForward> feed_forward_;
};

}  // namespace asterism::model
