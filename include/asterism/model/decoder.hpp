// The whole network: token ids in, logits out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/region.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/caches.hpp"
#include "asterism/model/decoder_block.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/model/fwd.hpp"
#include "asterism/model/workspace.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/residency/stopped.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// Embedding, decoder blocks on the devices of a plan, final norm and head. Weights are uninitialised after
/// construction and filled through `for_each_weight`; after that the object is immutable and may serve several
/// sessions.
template <class BlockType, class EmbeddingFormat, class HeadFormat>
class Decoder {
 public:
  using Block = BlockType;
  using Embedding = backend::DeviceWeights<EmbeddingFormat>;
  using Head = backend::DeviceWeights<HeadFormat>;

  /// Draws the weights of each device at once, plan.weight_bytes of them, and cuts them in the order in which a pass
  /// reads them. Throws BudgetExceeded if a device has no room, InvalidArgument if they are more than planned.
  /// `formats`, those that were planned with: which of several formats each matrix is in.
  template <class Device>
  Decoder(const std::vector<std::unique_ptr<Device>>& devices, const placement::Plan& plan, const Shape& shape,
          const std::optional<typename Block::Constellation::GatingPolicy>& gating, const Formats& formats = {})
      : plan_(plan), shape_(shape) {
    // Mixer, router, experts or feed-forward block, and shared expert of each layer, embedding and head.
    const std::size_t large_buffers = 4 * static_cast<std::size_t>(shape.layers) + 2;
    std::vector<std::optional<backend::Region>> regions(plan.devices());
    for (std::size_t d = 0; d < regions.size(); ++d) {
      if (const Bytes bytes = plan.weight_bytes(d); bytes > Bytes{0}) {
        regions[d].emplace(devices[d]->arena(), bytes, "weights", large_buffers);
      }
    }
    const auto region_of = [&](std::int32_t device) -> backend::Region& {
      return *regions[static_cast<std::size_t>(device)];
    };
    backend::Region& first = region_of(plan.embedding_device());
    backend::Region& last = region_of(plan.last_layer_device());
    const auto vocabulary = static_cast<std::uint64_t>(shape.vocabulary);
    const auto hidden = static_cast<std::uint64_t>(shape.hidden);
    embedding_buffer_ = first.allocate(
        quant::planes_of<EmbeddingFormat>(formats.embedding, vocabulary, hidden).bytes(), "embedding");
    embedding_ = backend::weights_in<EmbeddingFormat>(embedding_buffer_, 0, vocabulary, hidden, formats.embedding);
    blocks_.reserve(static_cast<std::size_t>(shape.layers));
    for (std::int32_t l = 0; l < shape.layers; ++l) {
      blocks_.emplace_back(region_of(plan.device_of_layer(l)), shape, l, gating, formats.of_layer(l));
    }
    norm_buffer_ = last.allocate({hidden * sizeof(float)}, "final norm");
    norm_ = backend::matrix_in<float>(norm_buffer_, 0, 1, static_cast<std::size_t>(hidden));
    if (has_own_head()) {
      head_buffer_ = last.allocate(quant::planes_of<HeadFormat>(formats.head, vocabulary, hidden).bytes(), "head");
      head_ = backend::weights_in<HeadFormat>(head_buffer_, 0, vocabulary, hidden, formats.head);
    } else if constexpr (std::is_same_v<EmbeddingFormat, HeadFormat>) {
      head_ = embedding_;
    }
  }

  const Shape& shape() const { return shape_; }
  const placement::Plan& plan() const { return plan_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  const Embedding& embedding() const { return embedding_; }
  const Head& head() const { return head_; }
  const backend::DeviceMatrix<float>& final_norm() const { return norm_; }
  /// The head has memory of its own: untied, or tied and copied to another device.
  bool has_own_head() const { return plan_.has_own_head(); }

  /// Passes tokens (1 to prefill_chunk) through all layers: those of each segment (of one sequence) stand one
  /// after the other. A row's result does not depend on the other segments. The last hidden states stay in
  /// `workspace` for `logits`. Asks `cancel` before each layer, and before each expert that has to be read, and returns
  /// false where a stop was requested: the pass is not complete then and has to be made again. `laps`, if any, hear
  /// what the pass does when. Allocates nothing.
  template <class Device, class SegmentType>
  bool forward(const std::vector<std::unique_ptr<Device>>& devices, const Workspace<Block>& workspace,
               View<const SegmentType> segments, View<const TokenId> tokens, const std::stop_token& cancel = {},
               observe::Laps* laps = nullptr) const {
    const auto lap = [&](observe::SpanKind kind, std::size_t device, std::int32_t layer) {
      if (laps == nullptr) return;
      laps->place(device, layer);
      laps->lap(kind);
    };
    auto d = static_cast<std::size_t>(plan_.embedding_device());
    backend::DeviceMatrix<float> hidden = workspace.layers(d).hidden.rows_at(0, tokens.size);
    devices[d]->embed(embedding_, tokens, hidden);
    fill_rotary_tables(*devices[d], segments, workspace.layers(d).tables);
    lap(observe::SpanKind::embed, d, -1);
    for (std::int32_t layer = 0; layer < shape_.layers; ++layer) {
      if (cancel.stop_requested()) return false;
      const auto next = static_cast<std::size_t>(plan_.device_of_layer(layer));
      if (next != d) {
        hidden = devices[next]->copy_from(hidden, workspace.layers(next).hidden.rows_at(0, tokens.size));
        fill_rotary_tables(*devices[next], segments, workspace.layers(next).tables);
        tell_moved(segments, d, next);
        d = next;
        lap(observe::SpanKind::hand_over, d, layer);
      }
      if (laps != nullptr) laps->place(d, layer);
      const Block& block = blocks_[static_cast<std::size_t>(layer)];
      if constexpr (Block::Constellation::holds_experts) {
        block.forward(*devices[d], segments, hidden, workspace.layers(d), nullptr, {}, laps);
      } else {
        try {
          block.forward(*devices[d], segments, hidden, workspace.layers(d), next_with_experts(layer, d), cancel,
                        laps);
        } catch (const residency::Stopped&) {
          return false;
        }
      }
    }
    return true;
  }

  /// What the head multiplies: rows [first_row, first_row + count) of the last forward pass behind the final norm,
  /// (count, hidden), on the device of the last layer, valid until the next call; 1 <= count <= prefill_chunk. The
  /// hidden states stay. Allocates nothing.
  template <class Device>
  backend::DeviceMatrix<float> normed(const std::vector<std::unique_ptr<Device>>& devices,
                                      const Workspace<Block>& workspace, std::size_t first_row,
                                      std::size_t count) const {
    const auto last = static_cast<std::size_t>(plan_.last_layer_device());
    const auto& layers = workspace.layers(last);
    const backend::DeviceMatrix<float> normed = layers.normed.rows_at(0, count);
    devices[last]->rms_norm(layers.hidden.rows_at(first_row, count), norm_, static_cast<float>(shape_.rms_epsilon),
                            normed);
    return normed;
  }

  /// What the head multiplied for the last call of `logits`: its row `row`, (1, hidden), where `normed` left it.
  backend::DeviceMatrix<const float> normed_row(const Workspace<Block>& workspace, std::size_t row) const {
    return workspace.layers(static_cast<std::size_t>(plan_.last_layer_device())).normed.rows_at(row, 1);
  }

  /// Logits (count, vocabulary) of rows [first_row, first_row + count) of the last forward pass, on the head's
  /// device, valid until the next call; 1 <= count <= HeadWorkspace::rows. The hidden
  /// states stay. Allocates nothing.
  template <class Device, class Observer>
  backend::DeviceMatrix<const float> logits(const std::vector<std::unique_ptr<Device>>& devices,
                                            const Workspace<Block>& workspace, std::size_t first_row,
                                            std::size_t count, Observer& observer) const {
    const auto last = static_cast<std::size_t>(plan_.last_layer_device());
    const auto here = static_cast<std::size_t>(plan_.head_device());
    backend::DeviceMatrix<float> rows = normed(devices, workspace, first_row, count);
    if (here != last) {
      rows = devices[here]->copy_from(rows, workspace.head().hidden.rows_at(0, count));
      observer.moved(static_cast<std::int32_t>(last), static_cast<std::int32_t>(here), bytes_of_rows(count));
    }
    const auto logits = workspace.head().logits.rows_at(0, count);
    devices[here]->product(head_, rows, logits);
    return logits;
  }

 private:
  /// The next block with experts after a layer on device `d`; null where there is none, or nobody asks it.
  const Block* next_with_experts(std::int32_t layer, std::size_t d) const {
    if constexpr (Block::Constellation::asks_next_router) {
      for (std::int32_t l = layer + 1; l < plan_.cuts[d + 1]; ++l) {
        if (const Block& next = blocks_[static_cast<std::size_t>(l)]; !next.is_dense()) return &next;
      }
    }
    return nullptr;
  }

  Bytes bytes_of_rows(std::size_t rows) const {
    return {rows * static_cast<std::size_t>(shape_.hidden) * sizeof(float)};
  }

  template <class Device, class Segments>
  void fill_rotary_tables(Device& device, const Segments& segments, backend::DeviceMatrix<float> tables) const {
    std::size_t row = 0;
    for (const auto& segment : segments) {
      device.rotary_tables(static_cast<std::int32_t>(segment.first), shape_.rope(),
                           tables.rows_at(row, segment.rows));
      row += segment.rows;
    }
  }

  template <class Segments>
  void tell_moved(const Segments& segments, std::size_t from, std::size_t to) const {
    for (const auto& segment : segments) {
      segment.observer->moved(static_cast<std::int32_t>(from), static_cast<std::int32_t>(to),
                              bytes_of_rows(segment.rows));
    }
  }

  placement::Plan plan_;
  Shape shape_;
  backend::Buffer embedding_buffer_;
  Embedding embedding_;
  std::vector<Block> blocks_;
  backend::Buffer norm_buffer_;
  backend::DeviceMatrix<float> norm_;
  backend::Buffer head_buffer_;
  Head head_;
};

}  // namespace asterism::model
