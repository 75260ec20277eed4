// Bodies of speed_forecast.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/lab/forecast.hpp"
#include "asterism/lab/speed_forecast.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/shape/token_work.hpp"

namespace asterism::lab {

namespace detail {

/// Whether a figure is the faster end of a range, the slower one, or a limit: what can't be undercut.
enum class End : std::uint8_t { slow, fast, limit };

constexpr double at(const Share& share, End end) {
  return end == End::slow ? share.least : end == End::fast ? share.most : 1;
}

/// The seconds of a pass, by what they are spent on.
class PassSeconds {
 public:
  /// The device reads bytes and computes; what is longer counts. A rate of 0 takes no time.
  void device(std::size_t device, double read, double computed) {
    (read >= computed ? memory_ : arithmetic_)[device] += std::max(read, computed);
  }
  void add(Bottleneck bottleneck, double seconds) { others_[static_cast<std::size_t>(bottleneck)] += seconds; }

  double total() const {
    double sum = 0;
    for (const auto* list : {&memory_, &arithmetic_}) {
      for (const double seconds : *list) sum += seconds;
    }
    for (const double seconds : others_) sum += seconds;
    return sum;
  }
  /// Sets what takes most.
  void name_bottleneck(SpeedRange& range) const {
    double most = 0;
    const auto take = [&](double seconds, Bottleneck bottleneck, std::size_t device) {
      if (seconds <= most) return;
      most = seconds;
      range.bottleneck = bottleneck;
      range.device = device;
    };
    for (std::size_t d = 0; d < Machine::max_devices; ++d) {
      take(memory_[d], Bottleneck::memory, d);
      take(arithmetic_[d], Bottleneck::compute, d);
    }
    for (std::size_t i = 0; i < others_.size(); ++i) take(others_[i], static_cast<Bottleneck>(i), 0);
  }

 private:
  std::array<double, Machine::max_devices> memory_{};
  std::array<double, Machine::max_devices> arithmetic_{};
  std::array<double, 6> others_{};  ///< by Bottleneck
};

inline double quotient(double amount, double rate) { return rate == 0 ? 0 : amount / rate; }

/// What a plan is held against.
struct Clock {
  const placement::Plan& plan;
  const Shape& shape;
  const Limits& limits;
  const Kernels& kernels;

  LayerSet layers(std::size_t d) const { return LayerSet::range(plan.cuts[d], plan.cuts[d + 1]); }
  bool runs(std::size_t d) const { return plan.cuts[d + 1] > plan.cuts[d]; }
  double peak(std::size_t d, const KernelShares& kernel) const {
    return static_cast<double>((kernel.integers ? plan.machine.integer_peaks : plan.machine.float_peaks)[d]);
  }
  /// All rates of memory are known where layers or the head run.
  bool reads_known() const {
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (runs(d) && plan.machine.rates[d] == Bytes{0}) return false;
    }
    return true;
  }
  /// Kernels of this kind were measured on such devices, and what they compute at most is known.
  bool computing_known() const {
    const auto head = static_cast<std::size_t>(plan.head_device());
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (!runs(d)) continue;
      if (!plan.machine.is_host(d) || peak(d, kernels.layers) == 0 || plan.machine.float_peaks[d] == 0)
        return false;
      if (d == head && peak(d, kernels.head) == 0) return false;
    }
    return true;
  }
  std::int32_t hand_overs() const {
    std::int32_t count = plan.tied_head == placement::TiedHead::handed_over ? 1 : 0;
    for (std::size_t d = 0; d < plan.devices(); ++d) count += runs(d) && plan.cuts[d] > 0 ? 1 : 0;
    return count;
  }
  bool links_known() const { return hand_overs() == 0 || plan.machine.link_rate > Bytes{0}; }

  double read_rate(std::size_t d, End end) const {
    return static_cast<double>(plan.machine.rates[d].count) * at(read_share, end);
  }

  /// What a pass of `rows` tokens takes between layers and beside their weights.
  void add_beside(PassSeconds& seconds, double rows, End end) const {
    if (end != End::limit) {
      seconds.add(Bottleneck::layers,
                  shape.layers * (end == End::slow ? layer_seconds.most : layer_seconds.least));
    }
    if (!links_known()) return;
    const double latency = static_cast<double>(plan.machine.link_nanoseconds) * 1e-9;
    const double row_bytes = static_cast<double>(shape.hidden) * sizeof(float);
    seconds.add(
        Bottleneck::hand_overs,
        hand_overs() * (latency + quotient(rows * row_bytes, static_cast<double>(plan.machine.link_rate.count))));
  }

  /// Keys and values of a full context, of an empty one at the faster end; states are read and written.
  double cache_bytes(std::size_t d, End end) const {
    const double states = 2 * sizeof(float) * state_elements(shape, layers(d));
    if (end != End::slow) return states;
    return states + static_cast<double>(plan.bytes(d, placement::PartKind::kv_cache).count) / limits.batch;
  }

  void add_head(PassSeconds& seconds, End end) const {
    const auto d = static_cast<std::size_t>(plan.head_device());
    const double operations = 2.0 * shape.vocabulary * shape.hidden;
    seconds.device(d, quotient(static_cast<double>(plan.head_bytes().count), read_rate(d, end)),
                   quotient(operations, peak(d, kernels.head) * at(kernels.head.one_row, end)));
  }

  /// Where experts take turns: as if all were in slots.
  PassSeconds decode(End end) const {
    PassSeconds seconds;
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (!runs(d)) continue;
      seconds.device(d, quotient(static_cast<double>(plan.token_bytes(d).count), read_rate(d, end)),
                     quotient(2 * token_weights(shape, layers(d)),
                              peak(d, kernels.layers) * at(kernels.layers.one_row, end)));
      seconds.device(d, quotient(cache_bytes(d, end), read_rate(d, end)), 0);
    }
    add_head(seconds, end);
    add_beside(seconds, 1, end);
    return seconds;
  }

  /// Where experts take turns.
  PassSeconds decode_in_turns(double hit_rate, End end) const {
    ComputeRates rates;
    const auto slower = [](double bytes, double read, double computed) {
      return computed == 0 ? read : std::min(read, bytes / computed);
    };
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (!runs(d)) continue;
      rates.layers[d] = slower(static_cast<double>(plan.token_bytes(d).count), read_rate(d, end),
                               quotient(2 * token_weights(shape, layers(d)),
                                        peak(d, kernels.layers) * at(kernels.layers.one_row, end)));
    }
    PassSeconds seconds = decode(end);
    seconds.add(Bottleneck::homes, decode_seconds(plan, hit_rate, rates) - decode_seconds(plan, 1, rates));
    return seconds;
  }

  PassSeconds prefill(End end) const {
    PassSeconds seconds;
    const double rows = limits.prefill_chunk;
    const double each = static_cast<double>(plan.footprint.largest_expert().count);
    const double chosen = shape.experts == 0 ? 0 : static_cast<double>(shape.top_k) / shape.experts;
    // Experts of a layer that some row goes to, if routers have no favourites, beyond those of one row.
    const double further = shape.experts * (1 - std::pow(1 - chosen, rows)) - shape.top_k;
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (!runs(d)) continue;
      const double sparse = (shape.sparse_layers() & layers(d)).size();
      const double bytes = static_cast<double>(plan.token_bytes(d).count) + sparse * further * each;
      seconds.device(d, quotient(bytes, read_rate(d, end)),
                     quotient(2 * rows * token_weights(shape, layers(d)),
                              peak(d, kernels.layers) * at(kernels.layers.many_rows, end)));
      const auto floats = static_cast<double>(plan.machine.float_peaks[d]);
      seconds.device(d, 0,
                     quotient(attention_operations(shape, layers(d), rows), floats * at(attention_share, end)));
      // Three multiplications and additions an element.
      seconds.device(d, 0,
                     quotient(6 * rows * state_elements(shape, layers(d)), floats * at(delta_rule_share, end)));
    }
    add_head(seconds, end);
    add_beside(seconds, rows, end);
    return seconds;
  }
};

}  // namespace detail

ASTERISM_INLINE SpeedForecast forecast_speed(const placement::Plan& plan, const Shape& shape, const Limits& limits,
                                             const Kernels& kernels, const Share& hits) {
  using detail::End;
  const detail::Clock clock{plan, shape, limits, kernels};
  SpeedForecast out;
  if (!plan.fits() || !clock.reads_known()) return out;
  const bool measured = clock.computing_known() && clock.links_known();
  const bool in_turns = plan.footprint.slotted.each > Bytes{0};
  for (std::size_t d = 0; in_turns && d < plan.devices(); ++d) {
    if (plan.bytes(d, placement::PartKind::expert_homes) > Bytes{0} && plan.machine.rates[d] == Bytes{0})
      return out;
  }
  if (in_turns && plan.homes_on_disk() > Bytes{0} && plan.machine.disk_rate == Bytes{0}) return out;
  const auto decode = [&](End end) {
    return in_turns ? clock.decode_in_turns(end == End::slow ? hits.least : hits.most, end) : clock.decode(end);
  };
  const detail::PassSeconds fastest = decode(measured ? End::fast : End::limit);
  out.decode.most = 1 / fastest.total();
  const detail::PassSeconds slowest = measured ? decode(End::slow) : fastest;
  slowest.name_bottleneck(out.decode);
  if (measured) out.decode.least = 1 / slowest.total();
  if (!measured || in_turns) return out;
  out.prefill.most = limits.prefill_chunk / clock.prefill(End::fast).total();
  const detail::PassSeconds prefill = clock.prefill(End::slow);
  out.prefill.least = limits.prefill_chunk / prefill.total();
  prefill.name_bottleneck(out.prefill);
  return out;
}

ASTERISM_INLINE Share slot_hits(std::int32_t kept, std::int32_t experts) {
  struct Point {
    double kept;
    double found;
  };
  // cache::Hazard with bypassing: its part of the optimum's hits times these.
  constexpr std::array<Point, 5> hazard = {
      {{0, 0}, {6.0 / 32, 0.672 * 0.514}, {13.0 / 32, 0.795 * 0.772}, {19.0 / 32, 0.872 * 0.891}, {1, 1}}};
  const double share = experts == 0 ? 1 : std::clamp(static_cast<double>(kept) / experts, 0.0, 1.0);
  Share out{.least = share, .most = 1};
  for (std::size_t i = 1; i < hazard.size(); ++i) {
    if (share > hazard[i].kept) continue;
    const Point& below = hazard[i - 1];
    out.most =
        below.found + (hazard[i].found - below.found) * (share - below.kept) / (hazard[i].kept - below.kept);
    break;
  }
  return out;
}

}  // namespace asterism::lab
