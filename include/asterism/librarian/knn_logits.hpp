// A logits hook that remembers which token came after which state.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/logits_hook.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/index/best_hits.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/librarian/fwd.hpp"
#include "asterism/librarian/interpolate.hpp"

namespace asterism::librarian {

/// How KnnLogits asks its neighbours.
struct KnnOptions {
  double share = 0.25;          ///< lambda, what the neighbours' distribution counts for: in [0, 1)
  std::size_t neighbours = 16;  ///< k, 1 or more
  double temperature = 0.1;     ///< above 0: of squared distances between unit vectors, which are in [0, 4]
  knowledge::Effort effort{};   ///< of each search
};

/// p = (1 - lambda) p_model + lambda p_neighbours. The neighbours are the k stored states nearest to the token's, as
/// unit vectors; each votes with softmax(-d^2 / temperature) for the token that came after it. Logits become logarithms
/// of p, to which a repetition penalty is applied as to any; while nothing is stored, or lambda is 0, they keep their
/// bits. Models LogitsHook.
///
/// `adjust` may be called from several threads at once; it takes memory for its search. `remember` may be called by one
/// thread while no other calls any. Movable.
///
/// Source: Khandelwal et al., Generalization through Memorization, ICLR 2020, arXiv 1911.00172; there distances are of
/// states as they are.
///
/// @tparam Index  a VectorIndex
template <class Index>
class KnnLogits {
 public:
  static_assert(knowledge::VectorIndex<Index>);

  /// `index` is empty, of vectors as wide as the model's hidden states. Throws InvalidArgument if it is not, or an
  /// option is out of range.
  KnnLogits(Index index, std::int32_t vocabulary, KnnOptions options = {})
      : index_(std::move(index)), vocabulary_(vocabulary), options_(options) {
    if (index_.size() > 0) throw InvalidArgument(concat("KnnLogits: the index holds ", index_.size(), " vectors"));
    const bool sound = options.share >= 0 && options.share < 1 && options.neighbours >= 1 &&
                       options.temperature > 0 && std::isfinite(options.temperature);
    if (!sound) {
      throw InvalidArgument(concat("KnnLogits: share ", options.share, ", neighbours ", options.neighbours,
                                   ", temperature ", options.temperature,
                                   "; expected 0 <= share < 1, neighbours >= 1, temperature > 0"));
    }
  }

  std::size_t size() const { return next_.size(); }
  const KnnOptions& options() const { return options_; }

  /// Stores states (n, hidden), as Session::hidden yields them, each with the token (n) that came after it. Throws
  /// InvalidArgument unless there is a token of the vocabulary for each state, BadVector for states without direction,
  /// IndexFull where there is no room for all; then nothing has changed.
  void remember(MatrixView<const float> states, View<const TokenId> next) {
    if (states.rows != next.size) {
      throw InvalidArgument(concat("KnnLogits: ", states.rows, " states with ", next.size, " next tokens"));
    }
    for (const TokenId token : next) {
      if (token >= 0 && token < vocabulary_) continue;
      throw InvalidArgument(concat("KnnLogits: token ", token, " is outside the vocabulary of ", vocabulary_));
    }
    std::vector<knowledge::NodeId> ids;
    for (std::size_t i = 0; i < next.size; ++i) ids.push_back({static_cast<std::uint32_t>(size() + i)});
    next_.insert(next_.end(), next.begin(), next.end());
    try {
      index_.insert(View<const knowledge::NodeId>(ids), states);
    } catch (...) {
      next_.resize(next_.size() - ids.size());
      throw;
    }
  }

  /// See LogitsHook. Throws InvalidArgument unless hidden is as wide as the index and logits as the vocabulary.
  void adjust(View<const float> hidden, View<float> logits) const {
    if (hidden.size != index_.dim() || logits.size != static_cast<std::size_t>(vocabulary_)) {
      throw InvalidArgument(concat("KnnLogits: a state of ", hidden.size, " numbers and ", logits.size,
                                   " logits, expected ", index_.dim(), " and ", vocabulary_));
    }
    if (next_.empty() || options_.share == 0 || !has_direction(hidden)) return;
    const std::vector<Probability> votes = votes_for(hidden);
    interpolate(logits, View<const Probability>(votes), options_.share);
  }

 private:
  /// What the neighbours expect, each token once.
  std::vector<Probability> votes_for(View<const float> hidden) const {
    std::vector<knowledge::Hit> hits(std::min(options_.neighbours, size()));
    index_.search({hidden.data, 1, hidden.size}, hits.size(), {}, options_.effort, {hits.data(), 1, hits.size()});
    hits.resize(index::found(View<const knowledge::Hit>(hits)));
    std::vector<Probability> votes;
    double sum = 0;
    for (const knowledge::Hit& hit : hits) {
      // Between unit vectors d^2 = 2 - 2 cos; relative to the nearest one.
      const double weight = std::exp(2 * (double{hit.score} - double{hits.front().score}) / options_.temperature);
      votes.push_back({static_cast<std::size_t>(next_[hit.id.value]), weight});
      sum += weight;
    }
    std::stable_sort(votes.begin(), votes.end(),
                     [](const Probability& a, const Probability& b) { return a.at < b.at; });
    std::vector<Probability> tokens;
    for (const Probability& vote : votes) {
      if (tokens.empty() || tokens.back().at != vote.at) tokens.push_back({vote.at, 0});
      tokens.back().value += vote.value / sum;
    }
    return tokens;
  }

  Index index_;
  std::int32_t vocabulary_;
  KnnOptions options_;
  std::vector<TokenId> next_;  ///< by id
};

}  // namespace asterism::librarian
