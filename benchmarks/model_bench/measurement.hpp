// What is measured, and what came out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/speed_forecast.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/shape/token_work.hpp"

#include "statistics.hpp"

namespace model_bench {

/// Decoded tokens between two reads of memory: a machine's bandwidth can change within a second.
inline constexpr std::int32_t tokens_between_reads = 8;

struct Task {
  asterism::Shape shape{};
  std::int32_t threads = 1;
  std::int32_t repetitions = 5;
  std::vector<std::int32_t> prefill;  ///< lengths of prompts
  std::int32_t decode = 64;           ///< tokens
  std::uint64_t seed = 1;
};

/// Tokens that passed through the model together or one by one, several times.
struct Speed {
  std::int32_t tokens = 0;
  std::vector<double> seconds;  ///< of each repetition

  std::vector<double> tokens_per_second() const {
    std::vector<double> out;
    for (const double time : seconds) out.push_back(tokens / time);
    return out;
  }
};

/// Bytes a second of reading memory, by each of the loops.
using ReadSpeeds = std::array<double, asterism::machines::read_streams.size()>;

/// A few tokens decoded between two reads of memory.
struct Window {
  double bytes_per_second = 0;  ///< of weights
  ReadSpeeds before{};
  ReadSpeeds after{};
};

struct Measurement {
  std::string weights_format;
  std::string head_format;  ///< and the embedding's
  std::string kv_format;
  std::string activations;
  asterism::Bytes weights{};            ///< of the whole model, scales included
  asterism::Bytes weights_per_token{};  ///< that one decoded token reads
  double build_seconds = 0;
  std::vector<Speed> prefill;
  Speed decode;
  asterism::Bytes read_buffer{};
  std::vector<Window> windows;
  std::vector<double> integer_peak;  ///< by repetition: operations a second on 8-bit integers; 0 where unknown
  std::vector<double> float_peak;    ///< the same on float32
  asterism::lab::SpeedForecast foretold;  ///< from the plan, and from what was read and computed in this run
  asterism::lab::ExpertUsage usage;       ///< by the tokens of all decode repetitions
};

/// Bytes a second of one loop's reads: two for each window, of which neighbours share one.
inline std::vector<double> reads(const Measurement& measured, std::size_t loop) {
  std::vector<double> out;
  for (const Window& window : measured.windows) {
    out.push_back(window.before[loop]);
    out.push_back(window.after[loop]);
  }
  return out;
}

/// The loop that reads fastest, by the median.
inline std::size_t best_loop(const Measurement& measured) {
  std::size_t best = 0;
  for (std::size_t loop = 1; loop < asterism::machines::read_streams.size(); ++loop) {
    if (statistics(reads(measured, loop)).median > statistics(reads(measured, best)).median) best = loop;
  }
  return best;
}

/// By window: the share that decode makes use of, of what the best loop reads before and after, on average.
inline std::vector<double> shares(const Measurement& measured) {
  const std::size_t loop = best_loop(measured);
  std::vector<double> out;
  for (const Window& window : measured.windows) {
    out.push_back(window.bytes_per_second * 2 / (window.before[loop] + window.after[loop]));
  }
  return out;
}

/// Bytes of weights and scales that the pass of one token reads: every layer's attention, norms and router, the
/// experts that it is sent to, the final norm and the head. The embedding's one row is left out.
constexpr asterism::Bytes weights_per_token(const asterism::placement::MemoryFootprint& parts,
                                            const asterism::Shape& shape) {
  using asterism::placement::PartKind;
  asterism::Bytes sum = parts.final_norm + parts.head;
  for (std::size_t i = 0; i < parts.run_count; ++i) {
    const asterism::placement::LayerRun& run = parts.runs[i];
    if (run.kind == PartKind::kv_cache || run.kind == PartKind::state) continue;
    const std::int32_t count = run.kind == PartKind::experts ? shape.top_k : run.count;
    sum += run.each * static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(run.layers.size());
  }
  return sum;
}

/// Experts of layers that no decoded token went to. Where there are some, others were read again and again.
inline std::int32_t unused_experts(const asterism::lab::ExpertUsage& usage) {
  std::int32_t count = 0;
  for (std::int32_t layer = 0; layer < usage.layers(); ++layer) {
    for (std::int32_t expert = 0; expert < usage.experts(); ++expert)
      count += usage.chosen(layer, expert) == 0 ? 1 : 0;
  }
  return count;
}

}  // namespace model_bench
