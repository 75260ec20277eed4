// A layer of encoder experts, learning: a router by attention, sparse dispatch, answers weighed by confidence.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/backend/dropout.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/train/encoders/attention_router.hpp"
#include "asterism/train/encoders/encoder_experts.hpp"
#include "asterism/train/encoders/sizes.hpp"
#include "asterism/train/losses.hpp"
#include "asterism/train/report.hpp"
#include "asterism/train/router_report.hpp"

namespace asterism::train {

/// Lays out the tensors of a layer: the router's, which it returns, then each expert's, of which it calls
/// on_expert(expert).
template <class Cursor, class F>
constexpr AttentionRouter lay_out_constellation(Cursor& cursor, const ConstellationSizes& sizes, F&& on_expert) {
  const AttentionRouter router = AttentionRouter::lay_out(cursor, sizes);
  for (std::size_t e = 0; e < sizes.experts; ++e) {
    cursor.enter(static_cast<std::int32_t>(e));
    on_expert(EncoderExpert::lay_out(cursor, sizes));
  }
  return router;
}

/// Rows go to the top_k experts that the router holds most likely: exactly rows * top_k slots are computed. An answer
/// is the sum of those of its experts, each weighed by its probability and by its own confidence, divided by the sum of
/// these weights. Experts attend within a sequence, so answers depend on neighbours: no layer of a causal decoder.
///
/// @tparam recomputes  whether experts think again on the way back, in the memory of one piece: see EncoderExperts
template <bool recomputes>
class ConstellationLayer {
 public:
  using Experts = EncoderExperts<recomputes>;

  /// What `forward` leaves.
  struct Saved {
    AttentionRouter::Saved router;
    backend::DeviceMatrix<float> scores;           ///< (rows, experts)
    backend::DeviceMatrix<float> probabilities;    ///< (rows, experts)
    backend::DeviceMatrix<gating::Route> routes;   ///< (rows, top_k)
    backend::DeviceMatrix<std::int32_t> counts;    ///< (1, experts): choices of each
    backend::DeviceMatrix<gating::Route> weighed;  ///< (rows, top_k): by confidence
    backend::DeviceMatrix<std::int32_t> offsets;   ///< (1, experts + 1)
    backend::DeviceMatrix<std::int32_t> sources;   ///< (1, slots)
    backend::DeviceMatrix<std::int32_t> slots;     ///< (1, slots)
    backend::DeviceMatrix<float> answers;          ///< (slots, out)
    backend::DeviceMatrix<float> confidences;      ///< (slots, 1)
    typename Experts::Saved experts;

    /// For `rows` rows; `most`: of the pieces at work.
    static constexpr Saved lay_out(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t rows,
                                   std::size_t most) {
      const std::size_t slots = rows * sizes.top_k;
      return {AttentionRouter::Saved::lay_out(cursor, sizes, rows),
              cursor.matrix<float>(rows, sizes.experts),
              cursor.matrix<float>(rows, sizes.experts),
              cursor.matrix<gating::Route>(rows, sizes.top_k),
              cursor.matrix<std::int32_t>(1, sizes.experts),
              cursor.matrix<gating::Route>(rows, sizes.top_k),
              cursor.matrix<std::int32_t>(1, sizes.experts + 1),
              cursor.matrix<std::int32_t>(1, slots),
              cursor.matrix<std::int32_t>(1, slots),
              cursor.matrix<float>(slots, sizes.out),
              cursor.matrix<float>(slots, 1),
              Experts::lay_out_saved(cursor, sizes, slots, most)};
    }

    backend::ExpertGroups groups() const {
      return {.offsets = offsets.view.row(0),
              .source_row = sources.view.row(0),
              .slot_of_choice = slots.view.row(0),
              .device = routes.device};
    }
  };

  /// Memory of both ways.
  struct Work {
    AttentionRouter::Work router;
    typename Experts::Work experts;
    backend::DeviceMatrix<float> gathered;      ///< (slots, in)
    backend::DeviceMatrix<float> danswers;      ///< (slots, out)
    backend::DeviceMatrix<float> dconfidences;  ///< (slots, 1)
    backend::DeviceMatrix<float> dweights;      ///< (rows, top_k)
    backend::DeviceMatrix<float> dscores;       ///< (rows, experts)
    backend::DeviceMatrix<float> terms;         ///< (rows, 2): see RoutedRows
    backend::DeviceMatrix<float> sums;          ///< (1, experts): of the probabilities
    backend::DeviceMatrix<float> slopes;        ///< (1, experts): of balance
    backend::DeviceMatrix<float> dgathered;     ///< (slots, in); empty where nobody asks for dx

    static constexpr Work lay_out(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t rows,
                                  std::size_t most, bool to_rows) {
      const std::size_t slots = rows * sizes.top_k;
      return {AttentionRouter::Work::lay_out(cursor, sizes, rows),
              Experts::lay_out_work(cursor, sizes, most),
              cursor.matrix<float>(slots, sizes.in),
              cursor.matrix<float>(slots, sizes.out),
              cursor.matrix<float>(slots, 1),
              cursor.matrix<float>(rows, sizes.top_k),
              cursor.matrix<float>(rows, sizes.experts),
              cursor.matrix<float>(rows, 2),
              cursor.matrix<float>(1, sizes.experts),
              cursor.matrix<float>(1, sizes.experts),
              cursor.matrix<float>(to_rows ? slots : 0, sizes.in)};
    }
  };

  /// `most`: rows of a piece, at least those of the longest sequence. With a crew, memory is laid out for as many
  /// pieces as it has workers.
  ConstellationLayer(const ConstellationSizes& sizes, const AttentionRouter& router,
                     std::vector<EncoderExpert> experts, std::size_t most, backend::TrainingCrew* crew = nullptr)
      : router_(router), experts_(std::move(experts), most, crew), gating_(sizes.experts, sizes.top_k) {}

  /// y (n, out) of x (n, in).
  template <class Device>
  void forward(Device& device, const backend::Sequences& sequences, const backend::Dropout& dropout,
               backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work,
               backend::DeviceMatrix<float> y) {
    const backend::ExpertGroups groups = saved.groups();
    router_.forward(device, x, saved.router, work.router, saved.scores);
    device.copy_from(saved.scores, saved.probabilities);
    device.route(gating_, saved.probabilities, saved.routes);
    device.count_choices(saved.routes, saved.counts);
    device.group(saved.routes, groups);
    device.gather(groups, x, work.gathered);
    experts_.forward(device, sent(device, saved, sequences, dropout), work.gathered, saved.experts, work.experts,
                     saved.answers, saved.confidences);
    device.weigh_by_confidence(groups, saved.routes, saved.confidences, saved.weighed);
    device.clear(y);
    device.combine(groups, saved.weighed, saved.answers, y);
  }

  /// From dy (n, out) and what `forward` got and left: dx (n, in), overwritten unless it is empty; the gradients of all
  /// weights, those of the router's losses among them, are added to. Returns what the router did.
  template <class Device>
  RouterReport backward(Device& device, const Losses& losses, const backend::Sequences& sequences,
                        const backend::Dropout& dropout, backend::DeviceMatrix<const float> x, const Saved& saved,
                        const Work& work, backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dx) {
    const backend::ExpertGroups groups = saved.groups();
    device.combine_backward(groups, saved.weighed, saved.answers, dy, work.danswers, work.dweights);
    device.weigh_by_confidence_backward(groups, saved.routes, saved.confidences, saved.weighed, work.dweights,
                                        work.dconfidences);
    device.gather(groups, x, work.gathered);
    experts_.backward(device, sent(device, saved, sequences, dropout), work.gathered, saved.confidences,
                      saved.experts, work.experts, work.danswers, work.dconfidences, work.dgathered);
    const RouterReport out = router_report(device, static_cast<double>(losses.balance),
                                           {saved.scores, saved.probabilities, saved.counts, saved.offsets,
                                            saved.routes.cols(), work.terms, work.sums, work.slopes});
    device.route_backward(gating_, saved.scores, saved.probabilities, saved.routes, work.dweights,
                          work.slopes.rows_at(0, losses.balance != 0 ? 1 : 0), work.dscores);
    if (losses.z != 0) {
      const auto factor = 2.0 * static_cast<double>(losses.z) / static_cast<double>(x.rows());
      device.z_loss_backward(saved.scores, work.terms, static_cast<float>(factor), work.dscores);
    }
    router_.backward(device, x, saved.router, work.router, work.dscores, dx);
    if (dx.rows() > 0) device.gather_backward(groups, saved.routes, work.dgathered, dx);
    return out;
  }

 private:
  template <class Device>
  static SentRows sent(Device& device, const Saved& saved, const backend::Sequences& sequences,
                       const backend::Dropout& dropout) {
    const auto read = device.read(saved.offsets, saved.sources);
    return {std::get<0>(read).row(0), std::get<1>(read).row(0), sequences, dropout};
  }

  AttentionRouter router_;
  Experts experts_;
  gating::SoftmaxTopK gating_;
};

}  // namespace asterism::train
