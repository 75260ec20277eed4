// What the command line says to `replay`, `benchmark` and `compare`.
#pragma once

#include <algorithm>
#include <asterism/core/bytes.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/lab/import_routes.hpp>
#include <asterism/lab/routing_trace.hpp>
#include <asterism/lab/timed_replay.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../support/command_line.hpp"

namespace example {

using namespace asterism;

struct Arguments {
  std::string trace;  ///< of `compare` also the folder of a model
  std::string spill;  ///< the file of that model's experts; empty: written for the time of the run
  std::int32_t rounds = 3;
  std::int32_t threads = 0;
  std::string shape = "q";
  std::vector<double> residencies = {20, 40, 60};
  double residency = 40;
  std::vector<std::string> caches;
  std::string cache = "hazard";
  std::vector<std::string> prefetchers;
  std::vector<double> own_links;
  double link = 25;
  std::string expert_bytes;
  std::string json;
  std::string html;
  std::string perfetto;
  std::int32_t timeline_tokens = 0;  ///< 0: shared by the runs
  std::string rule = "veto";
  double layer_us = 0;
  double expert_share = 0.75;
  double device_gbps = 400;
  std::int32_t pieces = 4;
  std::int32_t iterations = 0;  ///< 0: the command's own
  std::uint64_t seed = 1;
  std::int32_t experts = 0;
  std::int32_t top_k = 0;
};

inline lab::RoutingTrace read_trace(const Arguments& arguments) {
  return lab::read_any_routing_trace(arguments.trace, {.experts = arguments.experts, .top_k = arguments.top_k});
}

inline Bytes expert_bytes(const Arguments& arguments) {
  if (!arguments.expert_bytes.empty()) {
    const Bytes bytes = of_option([&] { return parse_bytes(arguments.expert_bytes); });
    if (bytes.count == 0) throw OptionError("--expert-bytes is 0, expected more");
    return bytes;
  }
  // Gate, up and down of Mixtral 8x7B and of Qwen3-30B-A3B at 4.5 bits a weight.
  return arguments.shape == "m" && arguments.trace.empty() ? Bytes{std::uint64_t{3} * 4096 * 14336 * 9 / 16}
                                                           : Bytes{std::uint64_t{3} * 2048 * 768 * 9 / 16};
}

inline std::uint64_t slots_of(const lab::RoutingSizes& sizes, double percent) {
  const double parts = static_cast<double>(sizes.layers) * static_cast<double>(sizes.experts);
  return static_cast<std::uint64_t>(std::lround(parts * percent / 100));
}

inline std::size_t tokens_of(const lab::RoutingTrace& trace) {
  std::size_t tokens = 0;
  for (const lab::RoutedSequence& sequence : trace.sequences()) tokens += sequence.tokens.size();
  return tokens;
}

inline std::string trace_text(const lab::RoutingTrace& trace) {
  return concat(lab::to_string(trace.sizes()), ", ", tokens_of(trace), " tokens");
}

/// The times of a layer and of a copy over a link.
inline lab::StepTimes step_times(const Arguments& arguments, const lab::RoutingSizes& sizes,
                                 double bytes_per_second) {
  const auto size = static_cast<double>(expert_bytes(arguments).count);
  const double experts_seconds = size * static_cast<double>(sizes.top_k) / (arguments.device_gbps * 1e9);
  return {.layer_seconds =
              arguments.layer_us > 0 ? arguments.layer_us * 1e-6 : experts_seconds / arguments.expert_share,
          .copy_seconds = size / bytes_per_second,
          .expert_share = arguments.expert_share,
          .pieces = arguments.pieces};
}

inline lab::CopyRule copy_rule(const Arguments& arguments) {
  return arguments.rule == "veto"         ? lab::CopyRule::veto
         : arguments.rule == "confidence" ? lab::CopyRule::confidence
                                          : lab::CopyRule::always;
}

}  // namespace example
