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

/// The experts, piece by piece. What a piece leaves for its gradient is kept for all slots, or, where `recomputes`,
/// thought again on the way back in the memory of one piece, with the same bits.
template <bool recomputes>
class EncoderExperts {
 public:
  using Saved = EncoderExpert::Saved;
  using Work = EncoderExpert::Work;

  /// `most`: rows of a piece.
  static constexpr Saved lay_out_saved(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t slots,
                                       std::size_t most) {
    return Saved::lay_out(cursor, sizes, recomputes ? most : slots);
  }
  static constexpr Work lay_out_work(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t most) {
    return Work::lay_out(cursor, sizes, most);
  }

  EncoderExperts(std::vector<EncoderExpert> experts, std::size_t most)
      : experts_(std::move(experts)), pieces_(most) {}

  /// y (slots, out) and confidences (slots, 1) of x (slots, in).
  template <class Device>
  void forward(Device& device, const SentRows& sent, backend::DeviceMatrix<const float> x, const Saved& saved,
               const Work& work, backend::DeviceMatrix<float> y, backend::DeviceMatrix<float> confidences) {
    pieces_.for_each(sent.offsets, sent.sources, sent.sequences, [&](const ExpertPiece& piece) {
      const auto part = [&](const auto& all) { return all.rows_at(piece.first, piece.rows); };
      const Saved kept = saved_of(saved, piece);
      const Work here = work.rows_at(0, piece.rows);
      const EncoderExpert& expert = experts_[piece.expert];
      expert.think(device, piece.sequences, drops(sent, piece), part(x), kept, here);
      expert.speak(device, kept, here, part(y), part(confidences));
    });
  }

  /// From dy (slots, out) and dconfidences (slots, 1), which is overwritten: dx (slots, in), overwritten unless it is
  /// empty; the gradients of all experts are added to.
  template <class Device>
  void backward(Device& device, const SentRows& sent, backend::DeviceMatrix<const float> x,
                backend::DeviceMatrix<const float> confidences, const Saved& saved, const Work& work,
                backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dconfidences,
                backend::DeviceMatrix<float> dx) {
    pieces_.for_each(sent.offsets, sent.sources, sent.sequences, [&](const ExpertPiece& piece) {
      const auto part = [&](const auto& all) { return all.rows_at(piece.first, piece.rows); };
      const Saved kept = saved_of(saved, piece);
      const Work here = work.rows_at(0, piece.rows);
      const EncoderExpert& expert = experts_[piece.expert];
      const Drops fallen = drops(sent, piece);
      if (recomputes) expert.think(device, piece.sequences, fallen, part(x), kept, here);
      expert.backward(device, piece.sequences, fallen, part(x), part(confidences), kept, here, part(dy),
                      part(dconfidences), dx.rows() > 0 ? part(dx) : dx);
    });
  }

 private:
  static Saved saved_of(const Saved& saved, const ExpertPiece& piece) {
    return saved.rows_at(recomputes ? 0 : piece.first, piece.rows);
  }

  static Drops drops(const SentRows& sent, const ExpertPiece& piece) {
    return {sent.dropout.at(piece.expert), sent.sources.subview(piece.first, piece.rows)};
  }

  std::vector<EncoderExpert> experts_;
  ExpertPieces pieces_;
};

}  // namespace asterism::train
