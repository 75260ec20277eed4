// Bodies of packing.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/train/data/packing.hpp"

namespace asterism::train {

ASTERISM_INLINE Packing::Packing(const Examples& examples, const PackingOptions& options)
    : examples_(&examples), options_(options) {
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  if (examples.empty() || examples.size() > most) {
    throw InvalidArgument(concat("packing: from 1 to ", most, " examples, found ", examples.size()));
  }
  if (options.batch == 0) throw InvalidArgument("packing: a batch of no examples; set PackingOptions::batch");
  if (options.rows < examples.longest() || options.rows > most) {
    throw InvalidArgument(concat("packing: ", options.rows, " rows a step, but the longest example has ",
                                 examples.longest(), " tokens; at most ", most, " rows"));
  }
  order_.resize(examples.size());
  order_of(0, order_);
  const auto rows = static_cast<std::size_t>(std::min<std::uint64_t>(options.rows, examples.tokens()));
  tokens_.resize(rows);
  targets_.resize(rows);
  weights_.resize(rows);
  ends_.resize(std::min({options.batch, examples.size(), rows}));
}

ASTERISM_INLINE void Packing::order_of(std::uint64_t epoch, std::vector<std::uint32_t>& order) const {
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  if (!options_.shuffled) return;
  Random random(Random(options_.seed)() ^ Random(~epoch)());
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(i))]);
  }
}

ASTERISM_INLINE std::size_t Packing::taken_from(const std::vector<std::uint32_t>& order, std::size_t first) const {
  std::size_t rows = 0;
  std::size_t count = 0;
  while (count < options_.batch && first + count < order.size()) {
    rows += examples_->length(order[first + count]);
    if (rows > options_.rows) break;
    ++count;
  }
  return count;
}

ASTERISM_INLINE void Packing::seek(const PackingPosition& position) {
  if (position.example >= examples_->size() || position.step < 0) {
    throw InvalidArgument(concat("packing: example ", position.example, " of an epoch, step ", position.step,
                                 ", but there are ", examples_->size(),
                                 " examples; was the position saved with other data?"));
  }
  if (ordered_ != position.epoch) {
    order_of(position.epoch, order_);
    ordered_ = position.epoch;
  }
  position_ = position;
}

ASTERISM_INLINE PackedStep Packing::next() {
  const auto first = static_cast<std::size_t>(position_.example);
  if (ordered_ != position_.epoch) {
    order_of(position_.epoch, order_);
    ordered_ = position_.epoch;
  }
  const std::size_t count = taken_from(order_, first);
  std::size_t at = 0;
  double counted = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const auto [ids, counts] = (*examples_)[order_[first + k]];
    for (std::size_t i = 0; i < ids.size; ++i, ++at) {
      tokens_[at] = ids[i];
      targets_[at] = i + 1 < ids.size ? ids[i + 1] : no_target;
      weights_[at] = counts[i] == 0 ? 0.0F : 1.0F;
      counted += counts[i];
    }
    ends_[k] = static_cast<std::uint32_t>(at);
  }
  ++position_.step;
  position_.example += count;
  if (position_.example == order_.size()) {
    position_.example = 0;
    ++position_.epoch;
  }
  return {.tokens = {tokens_.data(), at},
          .targets = {targets_.data(), at},
          .weights = {weights_.data(), at},
          .ends = {ends_.data(), count},
          .examples = {order_.data() + first, count},
          .counted = counted};
}

ASTERISM_INLINE std::int64_t Packing::steps_of(std::uint64_t epoch) const {
  std::vector<std::uint32_t> order(examples_->size());
  order_of(epoch, order);
  std::int64_t steps = 0;
  for (std::size_t first = 0; first < order.size(); first += taken_from(order, first)) ++steps;
  return steps;
}

ASTERISM_INLINE PackingPosition Packing::position_of(std::int64_t step) const {
  if (step < 0) throw InvalidArgument(concat("packing: step ", step));
  std::vector<std::uint32_t> order(examples_->size());
  PackingPosition at;
  for (; at.step < step; ++at.epoch) {
    order_of(at.epoch, order);
    at.example = 0;
    while (at.step < step && at.example < order.size()) {
      at.example += taken_from(order, static_cast<std::size_t>(at.example));
      ++at.step;
    }
    if (at.example < order.size()) return at;
    at.example = 0;
  }
  return at;
}

}  // namespace asterism::train
