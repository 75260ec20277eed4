// A router and its experts, learning: rows to experts and back, and the same way for gradients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/experts.hpp"
#include "asterism/train/losses.hpp"
#include "asterism/train/report.hpp"
#include "asterism/train/router_report.hpp"
#include "asterism/train/trainable_gating.hpp"

namespace asterism::train {

/// What a layer's experts leave for their gradient: rows x top_k slots, whatever the router does.
template <class Experts>
struct DispatchSaved {
  backend::DeviceMatrix<float> scores;          ///< (rows, experts)
  backend::DeviceMatrix<float> probabilities;   ///< (rows, experts)
  backend::DeviceMatrix<gating::Route> routes;  ///< (rows, top_k)
  backend::DeviceMatrix<std::int32_t> counts;   ///< (1, experts): choices of each, dropped ones among them
  backend::DeviceMatrix<std::int32_t> offsets;  ///< (1, experts + 1)
  backend::DeviceMatrix<std::int32_t> sources;  ///< (1, slots)
  backend::DeviceMatrix<std::int32_t> slots;    ///< (1, slots)
  backend::DeviceMatrix<float> answers;         ///< (slots, hidden)
  typename Experts::Saved inner;

  /// `wide`: for what may be kept in a narrower type.
  static constexpr DispatchSaved lay_out(backend::Layout& cursor, backend::Layout& wide, const Shape& shape,
                                         std::size_t rows) {
    const auto experts = static_cast<std::size_t>(shape.experts);
    const auto top_k = static_cast<std::size_t>(shape.top_k);
    const std::size_t slots = rows * top_k;
    return {cursor.matrix<float>(rows, experts),
            cursor.matrix<float>(rows, experts),
            cursor.matrix<gating::Route>(rows, top_k),
            cursor.matrix<std::int32_t>(1, experts),
            cursor.matrix<std::int32_t>(1, experts + 1),
            cursor.matrix<std::int32_t>(1, slots),
            cursor.matrix<std::int32_t>(1, slots),
            wide.matrix<float>(slots, static_cast<std::size_t>(shape.hidden)),
            Experts::lay_out_saved(wide, shape, slots)};
  }

  backend::ExpertGroups groups() const {
    return {.offsets = offsets.view.row(0),
            .source_row = sources.view.row(0),
            .slot_of_choice = slots.view.row(0),
            .device = routes.device};
  }
};

/// Memory of a pass and of its gradient, which all layers share.
template <class Experts>
struct DispatchWork {
  backend::DeviceMatrix<float> gathered;        ///< (slots, hidden)
  backend::DeviceMatrix<float> dslots;          ///< (slots, hidden): of answers
  backend::DeviceMatrix<float> dgathered;       ///< (slots, hidden)
  backend::DeviceMatrix<float> dweights;        ///< (rows, top_k)
  backend::DeviceMatrix<float> dscores;         ///< (rows, experts)
  backend::DeviceMatrix<float> terms;           ///< (rows, 2): log sum exp of scores, entropies
  backend::DeviceMatrix<std::int32_t> left;     ///< (1, experts): of the experts' capacities
  backend::DeviceMatrix<float> sums;            ///< (1, experts): of the probabilities
  backend::DeviceMatrix<float> dprobabilities;  ///< (1, experts): of all rows
  typename Experts::Work inner;

  static constexpr DispatchWork lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows,
                                        std::int32_t rank) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    const auto experts = static_cast<std::size_t>(shape.experts);
    const auto top_k = static_cast<std::size_t>(shape.top_k);
    const std::size_t slots = rows * top_k;
    return {cursor.matrix<float>(slots, hidden),     cursor.matrix<float>(slots, hidden),
            cursor.matrix<float>(slots, hidden),     cursor.matrix<float>(rows, top_k),
            cursor.matrix<float>(rows, experts),     cursor.matrix<float>(rows, 2),
            cursor.matrix<std::int32_t>(1, experts), cursor.matrix<float>(1, experts),
            cursor.matrix<float>(1, experts),        Experts::lay_out_work(cursor, shape, slots, rank)};
  }
};

/// The arithmetic of constellation::Constellation without a shared expert, on a constellation's weights and on
/// another's in the place of their gradients.
///
/// @tparam Experts  LearningExperts or AdaptedExperts
template <class Experts>
class Dispatch {
 public:
  using Constellation = typename Experts::Constellation;
  using Gradients = typename Experts::Gradients;
  using Gating = typename Constellation::GatingPolicy;
  static_assert(TrainableGating<Gating>, "this gating does not learn: see train::TrainableGating");
  using Saved = DispatchSaved<Experts>;
  using Work = DispatchWork<Experts>;

  /// Without `gradients` the experts are frozen, and the router unless the adapters' gradients have its.
  Dispatch(const Shape& shape, const Constellation& weights, const Gradients* gradients,
           const AdapterLayer& adapters, const AdapterLayer& adapter_gradients)
      : experts_(shape, weights, gradients, adapters, adapter_gradients),
        gating_(weights.gating()),
        router_(weights.router()),
        layers_(static_cast<double>(shape.sparse_layers().size())) {
    router_gradient_ = gradients != nullptr ? gradients->router() : adapter_gradients.router;
    if constexpr (Constellation::is_biased) {
      if (gradients != nullptr) load_ = gradients->router_bias();
    }
  }

  /// hidden += the experts' answers to x, (n, hidden) both. Experts with a capacity drop rows if `drops`.
  template <class Device>
  void forward(Device& device, backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work,
               backend::DeviceMatrix<float> hidden, [[maybe_unused]] bool drops) const {
    const backend::ExpertGroups groups = saved.groups();
    device.product(router_, x, saved.scores);
    device.copy_from(saved.scores, saved.probabilities);
    device.route(gating_, saved.probabilities, saved.routes);
    device.count_choices(saved.routes, saved.counts);
    if constexpr (gating::Capped<Gating>) {
      if (const std::size_t most = gating_.capacity(x.rows()); drops && most > 0) {
        device.drop_beyond(most, work.left, saved.routes);
      }
    }
    device.group(saved.routes, groups);
    device.gather(groups, x, work.gathered);
    experts_.forward(device, groups, work.gathered, saved.inner, work.inner, saved.answers);
    device.combine(groups, saved.routes, saved.answers, hidden);
  }

  /// From d (n, hidden), the gradient of what `forward` added to: dx (n, hidden), overwritten; those of router and
  /// experts are added to their gradients, those of the router's own losses among them; a biased gating's choices are
  /// added to what stands in the place of its bias.
  template <class Device>
  RouterReport backward(Device& device, const Losses& losses, backend::DeviceMatrix<const float> x,
                        const Saved& saved, const Work& work, backend::DeviceMatrix<const float> d,
                        backend::DeviceMatrix<float> dx) const {
    const backend::ExpertGroups groups = saved.groups();
    device.combine_backward(groups, saved.routes, saved.answers, d, work.dslots, work.dweights);
    device.gather(groups, x, work.gathered);
    experts_.backward(device, groups, work.gathered, saved.inner, work.inner, work.dslots, work.dgathered);
    const RouterReport out = router_report(device, static_cast<double>(losses.balance) / layers_,
                                           {saved.scores, saved.probabilities, saved.counts, saved.offsets,
                                            saved.routes.cols(), work.terms, work.sums, work.dprobabilities});
    if constexpr (Constellation::is_biased) add_load(device, saved.counts);
    const auto of_losses = work.dprobabilities.rows_at(0, losses.balance != 0 ? 1 : 0);
    device.route_backward(gating_, saved.scores, saved.probabilities, saved.routes, work.dweights, of_losses,
                          work.dscores);
    if (losses.z != 0) {
      const auto factor = 2.0 * static_cast<double>(losses.z) / (layers_ * static_cast<double>(x.rows()));
      device.z_loss_backward(saved.scores, work.terms, static_cast<float>(factor), work.dscores);
    }
    if (router_gradient_.data != nullptr) device.weight_gradient(work.dscores, x, router_gradient_);
    device.product_backward(router_, work.dscores, backend::Into::overwrite, dx);
    device.gather_backward(groups, saved.routes, work.dgathered, dx);
    return out;
  }

 private:
  /// Adds the choices of a biased gating to its load.
  template <class Device>
  void add_load(Device& device, backend::DeviceMatrix<const std::int32_t> counts) const {
    if (load_.rows() == 0) return;
    const auto read = device.read(counts);
    const MatrixView<const std::int32_t> chosen = std::get<0>(read);
    device.write(load_, [&](const backend::DeviceMatrix<float>& load) {
      for (std::size_t e = 0; e < load.cols(); ++e) load.view(0, e) += static_cast<float>(chosen(0, e));
    });
  }

  Experts experts_;
  Gating gating_;
  typename Constellation::Router router_;
  typename Constellation::Router router_gradient_{};
  backend::DeviceMatrix<float> load_{};  ///< of a biased gating, in the place of its bias's gradient
  double layers_;
};

}  // namespace asterism::train
