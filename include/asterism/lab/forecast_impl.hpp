// Bodies of forecast.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/forecast.hpp"

namespace asterism::lab {

namespace detail {

/// Seconds for the experts of a layer: `ready` of them are at hand, `missing` are read one after the other.
ASTERISM_INLINE double expert_seconds(int ready, int missing, double compute, double read) {
  double computed = compute * ready;
  for (int i = 1; i <= missing; ++i) computed = std::max(computed, read * i) + compute;
  return computed;
}

/// Of `needed` experts, each of which is at hand with the probability `hit_rate`.
ASTERISM_INLINE double mean_expert_seconds(int needed, double hit_rate, double compute, double read) {
  double sum = 0;
  double ways = 1;  // to choose those that are missing
  for (int missing = 0; missing <= needed; ++missing) {
    const double probability = ways * std::pow(hit_rate, needed - missing) * std::pow(1 - hit_rate, missing);
    sum += probability * expert_seconds(needed - missing, missing, compute, read);
    ways = ways * (needed - missing) / (missing + 1);
  }
  return sum;
}

}  // namespace detail

ASTERISM_INLINE double decode_seconds(const placement::Plan& plan, double hit_rate) {
  ComputeRates rates;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    rates.layers[d] = static_cast<double>(plan.machine.rates[d].count);
  }
  rates.head = rates.layers[static_cast<std::size_t>(plan.head_device())];
  return decode_seconds(plan, hit_rate, rates);
}

ASTERISM_INLINE double decode_seconds(const placement::Plan& plan, double hit_rate, const ComputeRates& rates) {
  const placement::SlottedExperts& experts = plan.footprint.slotted;
  if (experts.each == Bytes{0})
    throw InvalidArgument("the experts of this plan take no turns: there is nothing to read");
  if (!(hit_rate >= 0 && hit_rate <= 1))
    throw InvalidArgument(concat("a hit rate of ", hit_rate, ", expected 0 to 1"));
  const auto seconds = [](Bytes bytes, double rate) {
    return rate == 0 ? 0 : static_cast<double>(bytes.count) / rate;
  };
  const auto read_seconds = [&](std::int32_t layer) {
    const std::int32_t home = plan.home_of_layer(layer);
    const Machine& machine = plan.machine;
    Bytes rate = home < 0 ? machine.disk_rate : machine.rates[static_cast<std::size_t>(home)];
    double latency = 0;
    if (home >= 0 && rate > Bytes{0} && machine.link_rate > Bytes{0}) {
      rate = std::min(rate, machine.link_rate);
      latency = static_cast<double>(machine.link_nanoseconds) * 1e-9;
    }
    if (rate > Bytes{0}) return latency + seconds(experts.each, static_cast<double>(rate.count));
    throw InvalidArgument(home < 0 ? std::string("the rate of the machine's disk, where experts wait, is unknown")
                                   : concat("the rate of device ", home, ", where experts wait, is unknown"));
  };
  double sum = seconds(plan.head_bytes(), rates.head);
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    const std::int32_t layers = experts.layers.size_within(plan.cuts[d], plan.cuts[d + 1]);
    const Bytes of_experts = experts.each * static_cast<std::uint64_t>(layers * experts.per_token);
    sum += seconds(plan.token_bytes(d) - of_experts, rates.layers[d]);
    for (std::int32_t layer = plan.cuts[d]; layer < plan.cuts[d + 1]; ++layer) {
      if (!experts.layers.contains(layer)) continue;
      sum += detail::mean_expert_seconds(experts.per_token, hit_rate, seconds(experts.each, rates.layers[d]),
                                         read_seconds(layer));
    }
  }
  return sum;
}

}  // namespace asterism::lab
