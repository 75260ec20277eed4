// All encoder experts of a layer on the rows that a router sent them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "asterism/backend/dropout.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/backend/training_crew.hpp"
#include "asterism/core/view.hpp"
#include "asterism/train/encoders/encoder_expert.hpp"
#include "asterism/train/encoders/expert_pieces.hpp"
#include "asterism/train/encoders/sizes.hpp"

namespace asterism::train {

/// Rows of experts that are computed at a time, at least one sequence's.
inline constexpr std::size_t expert_piece_rows = 1024;

/// The rows of a piece in steps of `rows` rows with sequences of at most `longest`.
constexpr std::size_t most_piece_rows(std::size_t rows, std::size_t longest) {
  const std::size_t some = longest > expert_piece_rows ? longest : expert_piece_rows;
  return some < rows ? some : rows;
}

/// Where rows of a dispatch came from and which belong together.
struct SentRows {
  View<const std::int32_t> offsets;  ///< (experts + 1)
  View<const std::int32_t> sources;  ///< (slots)
  backend::Sequences sequences;      ///< of the sources
  backend::Dropout dropout{};        ///< of this step and layer
};

/// The experts, piece by piece. With a crew small experts learn side by side, a worker each, and large ones one after
/// the other on all threads: the bits are the same. What a piece leaves for its gradient is kept for all slots, or,
/// where `recomputes`, thought again on the way back in memory for one piece of each worker.
template <bool recomputes>
class EncoderExperts {
 public:
  using Saved = EncoderExpert::Saved;
  using Work = EncoderExpert::Work;

  /// `most`: rows of the pieces that are computed at a time, of all workers.
  static constexpr Saved lay_out_saved(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t slots,
                                       std::size_t most) {
    return Saved::lay_out(cursor, sizes, recomputes ? most : slots);
  }
  static constexpr Work lay_out_work(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t most) {
    return Work::lay_out(cursor, sizes, most);
  }

  /// `most`: rows of one piece. The crew, if there is one, outlives the experts.
  EncoderExperts(std::vector<EncoderExpert> experts, std::size_t most, backend::TrainingCrew* crew)
      : experts_(std::move(experts)),
        crew_(crew),
        hidden_(static_cast<std::size_t>(experts_.front().enter.weight.value.rows)),
        order_(experts_.size()) {
    const std::size_t workers = crew != nullptr ? crew->size() : 1;
    pieces_.reserve(workers);
    for (std::size_t w = 0; w < workers; ++w) pieces_.emplace_back(most);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  /// y (slots, out) and confidences (slots, 1) of x (slots, in).
  template <class Device>
  void forward(Device& device, const SentRows& sent, backend::DeviceMatrix<const float> x, const Saved& saved,
               const Work& work, backend::DeviceMatrix<float> y, backend::DeviceMatrix<float> confidences) {
    for_each_piece(device, sent, work, [&](auto& on, std::size_t room, const ExpertPiece& piece) {
      const auto part = [&](const auto& all) { return all.rows_at(piece.first, piece.rows); };
      const Saved kept = saved_of(saved, room, piece);
      const Work here = work.rows_at(room, piece.rows);
      const EncoderExpert& expert = experts_[piece.expert];
      expert.think(on, piece.sequences, drops(sent, piece), part(x), kept, here);
      expert.speak(on, kept, here, part(y), part(confidences));
    });
  }

  /// From dy (slots, out) and dconfidences (slots, 1), which is overwritten: dx (slots, in), overwritten unless it is
  /// empty; the gradients of all experts are added to.
  template <class Device>
  void backward(Device& device, const SentRows& sent, backend::DeviceMatrix<const float> x,
                backend::DeviceMatrix<const float> confidences, const Saved& saved, const Work& work,
                backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dconfidences,
                backend::DeviceMatrix<float> dx) {
    for_each_piece(device, sent, work, [&](auto& on, std::size_t room, const ExpertPiece& piece) {
      const auto part = [&](const auto& all) { return all.rows_at(piece.first, piece.rows); };
      const Saved kept = saved_of(saved, room, piece);
      const Work here = work.rows_at(room, piece.rows);
      const EncoderExpert& expert = experts_[piece.expert];
      const Drops fallen = drops(sent, piece);
      if (recomputes) expert.think(on, piece.sequences, fallen, part(x), kept, here);
      expert.backward(on, piece.sequences, fallen, part(x), part(confidences), kept, here, part(dy),
                      part(dconfidences), dx.rows() > 0 ? part(dx) : dx);
    });
  }

 private:
  /// Calls f(device, row, piece) for all pieces; the rows from `row` on of what is laid out for pieces at work are a
  /// piece's own. The pieces of one expert, which add to the same gradients, come in order.
  template <class Device, class F>
  void for_each_piece(Device& device, const SentRows& sent, const Work& work, const F& f) {
    const auto rows = [&](std::size_t e) {
      return static_cast<std::size_t>(sent.offsets[e + 1] - sent.offsets[e]);
    };
    const auto on_all_threads = [&](std::size_t e) {
      pieces_.front().for_each_of(e, sent.offsets, sent.sources, sent.sequences,
                                  [&](const ExpertPiece& piece) { f(device, std::size_t{0}, piece); });
    };
    std::size_t large = crew_ == nullptr ? order_.size() : 0;
    if (crew_ != nullptr) {
      std::sort(order_.begin(), order_.end(),
                [&](std::size_t a, std::size_t b) { return rows(a) != rows(b) ? rows(a) > rows(b) : a < b; });
      auto left = static_cast<std::size_t>(sent.offsets[experts_.size()]);
      while (large < order_.size() && pays_together(rows(order_[large]), left)) left -= rows(order_[large++]);
    }
    for (std::size_t i = 0; i < large; ++i) on_all_threads(order_[i]);
    if (large == order_.size()) return;
    const std::size_t own = work.active.rows() / crew_->size();
    crew_->for_each(order_.size() - large, [&](auto& worker, std::size_t w, std::size_t i) {
      pieces_[w].for_each_of(order_[large + i], sent.offsets, sent.sources, sent.sequences,
                             [&](const ExpertPiece& piece) { f(worker, w * own, piece); });
    });
  }

  /// An expert with more rows than a worker's share of those that are left, whose operations are long enough for all
  /// threads to meet after each.
  bool pays_together(std::size_t rows, std::size_t left) const {
    constexpr std::size_t long_enough = std::size_t{1} << 24U;  // multiplications of its smallest product
    return rows * crew_->size() > left && rows * hidden_ * hidden_ >= long_enough;
  }

  static Saved saved_of(const Saved& saved, std::size_t room, const ExpertPiece& piece) {
    return saved.rows_at(recomputes ? room : piece.first, piece.rows);
  }

  static Drops drops(const SentRows& sent, const ExpertPiece& piece) {
    return {sent.dropout.at(piece.expert), sent.sources.subview(piece.first, piece.rows)};
  }

  std::vector<EncoderExpert> experts_;
  backend::TrainingCrew* crew_;
  std::size_t hidden_;
  std::vector<std::size_t> order_;    ///< experts, those with the most rows first
  std::vector<ExpertPieces> pieces_;  ///< one a worker
};

}  // namespace asterism::train
