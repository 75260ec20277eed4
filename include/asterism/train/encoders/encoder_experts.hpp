// All encoder experts of a layer on the rows that a router sent them.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// The experts, piece by piece; or, with a crew, experts side by side, one for each worker, unless one of them has more
/// rows than a worker's share: the bits are the same. What a piece leaves for its gradient is kept for all slots, or,
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
        pieces_(crew != nullptr ? crew->size() : 1, ExpertPieces(most)) {}

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
  /// piece's own.
  template <class Device, class F>
  void for_each_piece(Device& device, const SentRows& sent, const Work& work, const F& f) {
    if (crew_ == nullptr || !spreads(sent.offsets)) {
      return pieces_.front().for_each(sent.offsets, sent.sources, sent.sequences,
                                      [&](const ExpertPiece& piece) { f(device, 0, piece); });
    }
    const std::size_t own = work.active.rows() / crew_->size();
    crew_->for_each(experts_.size(), [&](auto& worker, std::size_t w, std::size_t e) {
      pieces_[w].for_each_of(e, sent.offsets, sent.sources, sent.sequences,
                             [&](const ExpertPiece& piece) { f(worker, w * own, piece); });
    });
  }

  /// No expert has more than a worker's share.
  bool spreads(View<const std::int32_t> offsets) const {
    const auto share = static_cast<std::size_t>(offsets[experts_.size()]) / crew_->size();
    for (std::size_t e = 0; e < experts_.size(); ++e) {
      if (static_cast<std::size_t>(offsets[e + 1] - offsets[e]) > share) return false;
    }
    return true;
  }

  static Saved saved_of(const Saved& saved, std::size_t room, const ExpertPiece& piece) {
    return saved.rows_at(recomputes ? room : piece.first, piece.rows);
  }

  static Drops drops(const SentRows& sent, const ExpertPiece& piece) {
    return {sent.dropout.at(piece.expert), sent.sources.subview(piece.first, piece.rows)};
  }

  std::vector<EncoderExpert> experts_;
  backend::TrainingCrew* crew_;
  std::vector<ExpertPieces> pieces_;  ///< one a worker
};

}  // namespace asterism::train
