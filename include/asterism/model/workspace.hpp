// Memory of activations: one buffer on each device, laid out once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/model/fwd.hpp"
#include "asterism/model/pass_adapters.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// Rows and columns of the largest products of a pass, for which devices reserve scratch memory.
struct LargestProduct {
  std::size_t rows = 0;
  std::size_t cols = 0;

  /// Of the layers. An expert may be wider inside than the shape's ffn: its own layout decides.
  template <class Expert>
  static constexpr LargestProduct of_layers(const Shape& shape, const Limits& limits) {
    backend::Layout inside;
    Expert::Scratch::lay_out(inside, Expert(shape), 1);
    std::size_t widest = inside.widest();
    for (const std::int32_t width : {shape.hidden, shape.query_width(), shape.ffn, shape.dense_ffn,
                                     shape.shared_ffn, shape.delta_net.values()}) {
      widest = static_cast<std::size_t>(width) > widest ? static_cast<std::size_t>(width) : widest;
    }
    const std::int32_t rows_each = shape.top_k > 1 ? shape.top_k : 1;
    return {static_cast<std::size_t>(limits.prefill_chunk) * static_cast<std::size_t>(rows_each), widest};
  }
  /// Of the head.
  static constexpr LargestProduct of_head(const Shape& shape, const Limits& limits);
};

/// Activations of one pass of `limits.prefill_chunk` tokens through the layers of a device.
template <class Block>
struct LayerWorkspace {
  backend::DeviceMatrix<float> hidden;  ///< (rows, hidden): the residual stream
  backend::DeviceMatrix<float> normed;  ///< (rows, hidden)
  backend::DeviceMatrix<float> tables;  ///< (rows, rotary width): rotary tables of the rows' positions
  typename Block::MixerScratch mixers;
  typename Block::Constellation::Scratch constellation;
  typename Block::FeedForward::Scratch feed_forward;
  AdapterScratch<typename Block::Adapters> adapters;
  AdapterLists<typename Block::Adapters>* adapter_lists = nullptr;  ///< of grouped operations
  typename Block::Constellation::Slots* slots = nullptr;            ///< of experts that take turns

  static constexpr LayerWorkspace lay_out(backend::Layout& cursor, const Shape& shape, const Limits& limits) {
    const auto rows = static_cast<std::size_t>(limits.prefill_chunk);
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    return {cursor.matrix<float>(rows, hidden),
            cursor.matrix<float>(rows, hidden),
            cursor.matrix<float>(rows, static_cast<std::size_t>(shape.rotary_width())),
            lay_out_each(cursor, shape, rows, static_cast<typename Block::MixerScratch*>(nullptr)),
            Block::Constellation::Scratch::lay_out(cursor, shape, rows),
            Block::FeedForward::Scratch::lay_out(cursor, shape.dense_ffn, rows),
            AdapterScratch<typename Block::Adapters>::lay_out(cursor, shape, rows),
            nullptr,
            nullptr};
  }

  static constexpr Bytes bytes(const Shape& shape, const Limits& limits) {
    backend::Layout cursor;
    lay_out(cursor, shape, limits);
    return cursor.used();
  }

 private:
  template <class... Scratch>
  static constexpr std::tuple<Scratch...> lay_out_each(backend::Layout& cursor, const Shape& shape,
                                                       std::size_t rows, const std::tuple<Scratch...>* /*types*/) {
    return {Scratch::lay_out(cursor, shape, rows)...};
  }
};

/// Workspace for computing logits, on the head's device.
struct HeadWorkspace {
  /// Number of rows whose logits are computed at a time: enough to share the head's weights, few enough to stay
  /// small.
  static constexpr std::size_t rows = 16;

  static constexpr std::size_t rows_of(const Limits& limits) {
    const auto chunk = static_cast<std::size_t>(limits.prefill_chunk);
    return chunk < rows ? chunk : rows;
  }

  backend::DeviceMatrix<float> hidden;  ///< (rows, hidden): normed rows, if they come from another device
  backend::DeviceMatrix<float> logits;  ///< (rows, vocabulary)

  static constexpr HeadWorkspace lay_out(backend::Layout& cursor, const Shape& shape, const Limits& limits) {
    const std::size_t most = rows_of(limits);
    return {cursor.matrix<float>(most, static_cast<std::size_t>(shape.hidden)),
            cursor.matrix<float>(most, static_cast<std::size_t>(shape.vocabulary))};
  }

  static constexpr Bytes bytes(const Shape& shape, const Limits& limits) {
    backend::Layout cursor;
    lay_out(cursor, shape, limits);
    return cursor.used();
  }
};

constexpr LargestProduct LargestProduct::of_head(const Shape& shape, const Limits& limits) {
  return {HeadWorkspace::rows_of(limits), static_cast<std::size_t>(shape.hidden)};
}

/// The activations of one pass at a time on every device of a plan: all sequences of a model take turns with them.
/// Nothing is drawn after construction.
template <class Block>
class Workspace {
 public:
  using Slots = typename Block::Constellation::Slots;

  /// Draws from the arenas of `devices`; throws BudgetExceeded if a device has no room. make_slots(d) returns the slots
  /// of device d, a unique_ptr<Slots>, null where it has none.
  template <class Device, class MakeSlots>
  Workspace(const std::vector<std::unique_ptr<Device>>& devices, const placement::Plan& plan, const Shape& shape,
            const Limits& limits, MakeSlots&& make_slots)
      : layers_(devices.size()), slots_(devices.size()), adapter_lists_(std::make_unique<AdapterLists>(shape)) {
    for (std::size_t d = 0; d < devices.size(); ++d) {
      if (plan.cuts[d + 1] <= plan.cuts[d]) continue;
      buffers_.push_back(devices[d]->allocate(LayerWorkspace<Block>::bytes(shape, limits), "workspace"));
      backend::Layout cursor(buffers_.back());
      layers_[d] = LayerWorkspace<Block>::lay_out(cursor, shape, limits);
      const LargestProduct largest =
          LargestProduct::of_layers<typename Block::Constellation::ExpertType>(shape, limits);
      devices[d]->reserve(largest.rows, largest.cols);
      slots_[d] = make_slots(d);
      layers_[d].slots = slots_[d].get();
      layers_[d].adapter_lists = adapter_lists_.get();
    }
    const auto head_device = static_cast<std::size_t>(plan.head_device());
    buffers_.push_back(devices[head_device]->allocate(HeadWorkspace::bytes(shape, limits), "workspace"));
    backend::Layout cursor(buffers_.back());
    head_ = HeadWorkspace::lay_out(cursor, shape, limits);
    const LargestProduct largest = LargestProduct::of_head(shape, limits);
    devices[head_device]->reserve(largest.rows, largest.cols);
  }

  /// The same where all experts are in memory.
  template <class Device>
  Workspace(const std::vector<std::unique_ptr<Device>>& devices, const placement::Plan& plan, const Shape& shape,
            const Limits& limits) requires(Block::Constellation::holds_experts)
      : Workspace(devices, plan, shape, limits, [](std::size_t) { return std::unique_ptr<Slots>(); }) {}

  /// Others in the place of a device's slots, or null; what it had is freed. Between passes.
  void set_slots(std::size_t device, std::unique_ptr<Slots> slots) {
    slots_[device] = std::move(slots);
    layers_[device].slots = slots_[device].get();
  }

  /// The slots of a device on which experts take turns, else null.
  const Slots* slots(std::size_t device) const { return slots_[device].get(); }
  Slots* slots(std::size_t device) { return slots_[device].get(); }
  /// Of a device that runs layers.
  const LayerWorkspace<Block>& layers(std::size_t device) const { return layers_[device]; }
  const HeadWorkspace& head() const { return head_; }

 private:
  using AdapterLists = model::AdapterLists<typename Block::Adapters>;

  std::vector<backend::Buffer> buffers_;
  std::vector<LayerWorkspace<Block>> layers_;
  std::vector<std::unique_ptr<Slots>> slots_;
  std::unique_ptr<AdapterLists> adapter_lists_;
  HeadWorkspace head_;
};

}  // namespace asterism::model
