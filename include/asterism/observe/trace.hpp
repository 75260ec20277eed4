// The experts chosen for every token of a conversation, with the router's probabilities.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::observe {

/// One chosen expert of one token in one layer.
struct Choice {
  std::int32_t expert = 0;  ///< 0 <= expert < number of experts
  float probability = 0;    ///< the router's, in [0, 1], among all experts; not the weight of the expert's answer

  friend constexpr bool operator==(const Choice&, const Choice&) = default;
};

/// Records the choices of every position and layer with experts. Recomputing a position overwrites it and forgets all
/// later ones; a position that a prompt reuses keeps its choices. So once an answer has its first token, the trace
/// describes the tokens of the session except the last, which was chosen but not yet computed. After a cancelled
/// prompt it holds what was computed until then. Takes layers * top_k * 8 bytes per position; allocates while the
/// model runs, whenever a conversation becomes longer than any before. One per session.
class Trace {
 public:
  void begin(std::int32_t layers, std::int32_t experts, std::int32_t top_k) {
    layers_ = layers;
    experts_ = experts;
    top_k_ = top_k;
    positions_ = 0;
    choices_.clear();
    starts_.clear();
    last_layer_ = -1;
  }

  void scored(std::int32_t layer, std::int32_t position, View<const float> probabilities) {
    if (layer == 0) positions_ = std::min(positions_, position);
    if (layer == 0 && (last_layer_ != 0 || position <= last_position_)) {
      while (!starts_.empty() && starts_.back() >= position) starts_.pop_back();
      starts_.push_back(position);
    }
    last_layer_ = layer;
    last_position_ = position;
    if (choices_.size() < begin_of(position + 1, 0)) choices_.resize(begin_of(position + 1, 0));
    next_ = begin_of(position, layer);
    probabilities_ = probabilities;
  }
  void routed(std::int32_t /*layer*/, std::int32_t position, std::int32_t expert, float /*weight*/) {
    choices_[next_++] = {.expert = expert, .probability = probabilities_[static_cast<std::size_t>(expert)]};
    if (next_ == begin_of(position + 1, 0) && position == positions_) ++positions_;
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes /*bytes*/) {}

  /// The choices (top_k) at a position in a layer, best first. 0 <= position < positions(), 0 <= layer < layers().
  /// Valid until the model runs again.
  View<const Choice> at(std::int32_t position, std::int32_t layer) const {
    return View<const Choice>(choices_).subview(begin_of(position, layer), static_cast<std::size_t>(top_k_));
  }

  /// The first position of each pass through the model, ascending; a position that was computed again belongs to the
  /// pass that did it. Empty in a model with a single layer of experts, whose passes look like one.
  View<const std::int32_t> pass_starts() const {
    return layers_ == 1 ? View<const std::int32_t>() : View<const std::int32_t>(starts_);
  }

  /// Positions 0 to positions() - 1 are known in all layers.
  std::int32_t positions() const { return positions_; }
  std::int32_t layers() const { return layers_; }
  std::int32_t experts() const { return experts_; }
  std::int32_t top_k() const { return top_k_; }

 private:
  std::size_t begin_of(std::int32_t position, std::int32_t layer) const {
    return (static_cast<std::size_t>(position) * static_cast<std::size_t>(layers_) +
            static_cast<std::size_t>(layer)) *
           static_cast<std::size_t>(top_k_);
  }

  std::int32_t layers_ = 0;
  std::int32_t experts_ = 0;
  std::int32_t top_k_ = 0;
  std::int32_t positions_ = 0;
  std::vector<Choice> choices_;       ///< (positions, layers, top_k)
  std::vector<std::int32_t> starts_;  ///< of passes
  std::int32_t last_layer_ = -1;      ///< of the token that was reported last
  std::int32_t last_position_ = -1;
  std::size_t next_ = 0;             ///< where the next choice is stored
  View<const float> probabilities_;  ///< of the token whose choices are being reported
};

/// A Trace that keeps the router's probabilities of all experts too: layers * experts * 4 bytes more per position.
/// Where a run guesses what the next layer's router will say, it keeps that as well, for as many bytes.
class FullTrace : public Trace {
 public:
  void begin(std::int32_t layers, std::int32_t experts, std::int32_t top_k) {
    Trace::begin(layers, experts, top_k);
    all_.clear();
    guesses_.clear();
    guessed_.clear();
  }
  void guessed(std::int32_t layer, std::int32_t position, View<const float> probabilities) {
    const std::size_t end = begin_of_all(position + 1, 0);
    if (guesses_.size() < end) guesses_.resize(end);
    if (guessed_.size() < place(position + 1, 0)) guessed_.resize(place(position + 1, 0));
    std::copy(probabilities.begin(), probabilities.end(), guesses_.data() + begin_of_all(position, layer));
    guessed_[place(position, layer)] = 1;
  }
  void scored(std::int32_t layer, std::int32_t position, View<const float> probabilities) {
    Trace::scored(layer, position, probabilities);
    const std::size_t end = begin_of_all(position + 1, 0);
    if (all_.size() < end) all_.resize(end);
    std::copy(probabilities.begin(), probabilities.end(), all_.data() + begin_of_all(position, layer));
  }

  /// The probabilities (experts) at a position in a layer. 0 <= position < positions(), 0 <= layer < layers(). Valid
  /// until the model runs again.
  View<const float> probabilities(std::int32_t position, std::int32_t layer) const {
    return View<const float>(all_).subview(begin_of_all(position, layer), static_cast<std::size_t>(experts()));
  }
  /// What the next layer's router said of the hidden state there: (experts), empty where nobody asked it.
  View<const float> guess(std::int32_t position, std::int32_t layer) const {
    const std::size_t at = place(position, layer);
    if (at >= guessed_.size() || guessed_[at] == 0) return {};
    return View<const float>(guesses_).subview(begin_of_all(position, layer), static_cast<std::size_t>(experts()));
  }

 private:
  std::size_t place(std::int32_t position, std::int32_t layer) const {
    return static_cast<std::size_t>(position) * static_cast<std::size_t>(layers()) +
           static_cast<std::size_t>(layer);
  }
  std::size_t begin_of_all(std::int32_t position, std::int32_t layer) const {
    return place(position, layer) * static_cast<std::size_t>(experts());
  }

  std::vector<float> all_;             ///< (positions, layers, experts)
  std::vector<float> guesses_;         ///< the same
  std::vector<std::uint8_t> guessed_;  ///< (positions, layers): whether there is a guess
};

}  // namespace asterism::observe
