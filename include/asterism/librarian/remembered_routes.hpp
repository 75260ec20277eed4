// A score hook that remembers which experts served inputs like this one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/librarian/fwd.hpp"
#include "asterism/librarian/heard_routes.hpp"
#include "asterism/librarian/interpolate.hpp"

namespace asterism::librarian {

/// p = (1 - c) p_router + c p_memory, for each row of each layer that has experts: p_memory is the distribution of the
/// stored input of that layer with the greatest cosine, c that cosine, clamped to [0, 0.5]. Where nothing is stored, or
/// c is 0, scores keep their bits; else they become logarithms of p. Models ScoreHook.
///
/// Filled with `remember`, or by listening to a run. One thread at a time may call it, as passes of models on the same
/// devices do. `adjust` takes memory for its searches. Movable.
///
/// @tparam Index  a VectorIndex
template <class Index>
class RememberedRoutes {
 public:
  static_assert(knowledge::VectorIndex<Index>);
  static constexpr double most_share = 0.5;

  /// For each layer with experts an empty index of vectors as wide as the model's hidden states. Throws InvalidArgument
  /// if there is none, one is not empty or of another width than the first, or experts < 1.
  RememberedRoutes(std::vector<Index> layers, std::int32_t experts)
      : layers_(std::move(layers)), experts_(static_cast<std::size_t>(experts)), served_(layers_.size()) {
    const auto differs = [&](const Index& index) {
      return index.size() > 0 || index.dim() != layers_.front().dim();
    };
    if (experts < 1 || layers_.empty() || std::any_of(layers_.begin(), layers_.end(), differs)) {
      throw InvalidArgument(concat("RememberedRoutes: ", layers_.size(), " indexes for ", experts,
                                   " experts; expected an empty one of the same width for each layer"));
    }
  }

  std::size_t layers() const { return layers_.size(); }
  /// Number of routes stored for a layer, 0 <= layer < layers().
  std::size_t size(std::int32_t layer) const { return at(layer).size(); }
  std::uint64_t version() const { return version_; }

  /// Stores that `served` (experts), a distribution, served the router input x (hidden). Throws InvalidArgument unless
  /// sizes fit and served is not negative and sums to 1 within 0.001, BadVector for an x without direction, IndexFull
  /// where there is no room; then nothing has changed.
  void remember(std::int32_t layer, View<const float> x, View<const float> served) {
    double sum = 0;
    bool sound = has_softmax(served) && served.size == experts_;
    for (const float p : served) {
      sound = sound && p >= 0;
      sum += double{p};
    }
    if (!sound || std::fabs(sum - 1) > 1e-3) {
      throw InvalidArgument(concat("RememberedRoutes: ", served.size, " numbers that sum to ", sum,
                                   " are no distribution over ", experts_, " experts"));
    }
    const knowledge::NodeId id{static_cast<std::uint32_t>(size(layer))};
    std::vector<float>& rows = served_[static_cast<std::size_t>(layer)];
    for (const float p : served) rows.push_back(static_cast<float>(double{p} / sum));
    try {
      layers_[static_cast<std::size_t>(layer)].insert(View<const knowledge::NodeId>(&id, 1), {x.data, 1, x.size});
    } catch (...) {
      rows.resize(rows.size() - experts_);
      throw;
    }
    ++version_;
  }

  /// From here on `adjust` changes nothing; it adds up what it hears of each layer, of all sequences that it serves:
  /// inputs, and what their router says.
  void listen() {
    heard_.emplace(layers_.size(), layers_.front().dim(), experts_);
    ++version_;
  }
  bool listening() const { return heard_.has_value(); }
  /// Ends listening, and remembers of each layer that was heard of the mean input with the mean distribution. Throws as
  /// `remember`, where layers before the one without room are kept, and InvalidArgument unless it listens.
  void keep() {
    if (!listening())
      throw InvalidArgument("RememberedRoutes: nobody was listening; call listen() before the run");
    const HeardRoutes heard = *std::exchange(heard_, std::nullopt);
    ++version_;
    for (std::size_t layer = 0; layer < layers(); ++layer) {
      if (heard.rows(layer) == 0) continue;
      remember(static_cast<std::int32_t>(layer), heard.mean_input(layer), heard.mean_distribution(layer));
    }
  }

  /// See ScoreHook. Throws InvalidArgument if sizes are others than the memory's.
  void adjust(std::int32_t layer, MatrixView<const float> x, MatrixView<float> scores) {
    const Index& index = at(layer);
    if (x.rows != scores.rows || x.cols != index.dim() || scores.cols != experts_) {
      throw InvalidArgument(concat("RememberedRoutes: inputs of ", x.cols, " numbers with scores of ", scores.cols,
                                   " experts, expected ", index.dim(), " and ", experts_));
    }
    if (listening()) return heard_->add(static_cast<std::size_t>(layer), x, scores);
    if (index.size() == 0) return;
    for (std::size_t r = 0; r < x.rows; ++r) adjust_row(layer, x.row(r), scores.row(r));
  }

 private:
  const Index& at(std::int32_t layer) const {
    if (layer < 0 || static_cast<std::size_t>(layer) >= layers()) {
      throw InvalidArgument(
          concat("RememberedRoutes: layer ", layer, ", but it was made for ", layers(), " layers with experts"));
    }
    return layers_[static_cast<std::size_t>(layer)];
  }

  void adjust_row(std::int32_t layer, View<const float> x, View<float> scores) const {
    if (!has_direction(x)) return;
    knowledge::Hit nearest;
    at(layer).search({x.data, 1, x.size}, 1, {}, {}, {&nearest, 1, 1});
    const double share = std::min(double{nearest.score}, most_share);
    if (share <= 0) return;
    const std::vector<float>& rows = served_[static_cast<std::size_t>(layer)];
    std::vector<Probability> served(experts_);
    for (std::size_t e = 0; e < experts_; ++e) served[e] = {e, double{rows[nearest.id.value * experts_ + e]}};
    interpolate(scores, View<const Probability>(served), share);
  }

  std::vector<Index> layers_;
  std::size_t experts_;
  std::vector<std::vector<float>> served_;  ///< of each layer (routes, experts), by id
  std::optional<HeardRoutes> heard_{};
  std::uint64_t version_ = 0;
};

}  // namespace asterism::librarian
