// A measurement as people read it, and as JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/version.hpp"
#include "asterism/json/json.hpp"
#include "asterism/quant/activation.hpp"
#include "asterism/simd/level.hpp"

#include "measurement.hpp"
#include "statistics.hpp"

namespace model_bench {

using namespace asterism;

/// Operations a second of a prompt, median: a multiplication and an addition for each weight that a token meets.
inline double prefill_operations(const Task& task, const Speed& speed) {
  return 2 * token_weights(task.shape, LayerSet::range(0, task.shape.layers)) *
         statistics(speed.tokens_per_second()).median;
}

/// What is wrong with the figures, a line each; empty where nothing is.
inline std::string doubts(const Measurement& measured) {
  std::string text;
  if (const std::int32_t unused = unused_experts(measured.usage); unused > 0) {
    text += concat("- ", unused, " of ", measured.usage.layers() * measured.usage.experts(),
                   " experts were never used in decode: the others were read again and again. Raise --decode or "
                   "--repetitions.\n");
  }
  if (measured.weights < 1_GiB) {
    text += concat("- The weights take ", to_string(measured.weights),
                   ": they may stay in the processor's cache, and the share is not one of memory.\n");
  }
  return text;
}

inline std::string text_report(const Task& task, const Measurement& measured) {
  const Shape& shape = task.shape;
  std::string text =
      concat("Random model: hidden ", shape.hidden, ", ffn ", shape.ffn, ", ", shape.layers, " layers, ",
             shape.heads, " heads, ", shape.kv_heads, " KV heads of ", shape.head_dim, ", vocabulary ",
             shape.vocabulary, ", ", shape.experts, " experts, top ", shape.top_k, "\n", "experts and attention ",
             measured.weights_format, "; embedding and head ", measured.head_format, "; KV cache ",
             measured.kv_format, "; ", measured.activations, "\n", task.threads,
             task.threads == 1 ? " thread, " : " threads, ", "instruction set ", simd::name(simd::level()), ", ",
             task.repetitions, " repetitions, seed ", task.seed, "; weights ", to_string(measured.weights),
             ", built in ", fixed(measured.build_seconds, 1), " s\n\n", "  ", pad_right("tokens a second", 18));
  for (const std::string_view column : {"mean", "std", "median", "min", "max", "ms a token"}) {
    text += pad_left(column, 12);
  }
  text += "\n";
  const auto row = [&](std::string_view name, const Speed& speed) {
    const Statistics rate = statistics(speed.tokens_per_second());
    text += concat("  ", pad_right(concat(name, " ", speed.tokens), 18));
    for (const double value : {rate.mean, rate.deviation, rate.median, rate.least, rate.most}) {
      text += pad_left(fixed(value, 2), 12);
    }
    text += pad_left(fixed(1e3 / rate.mean, 2), 12) + "\n";
  };
  for (const Speed& speed : measured.prefill) row("prefill", speed);
  row("decode", measured.decode);

  const Statistics bandwidth = statistics(reads(measured, best_loop(measured)));
  const double rate = statistics(measured.decode.tokens_per_second()).mean;
  const auto line = [&](std::string_view name, const std::string& value, std::string_view note) {
    text += concat("  ", pad_right(name, 30), pad_left(value, 12), "  ", note, "\n");
  };
  text += "\n";
  const double bytes = static_cast<double>(measured.weights_per_token.count);
  line("weights read for a token", fixed(bytes / 1e6, 1) + " MB",
       "attention, norms, router, chosen experts, head");
  line("weights read in a second", fixed(bytes * rate / 1e9, 2) + " GB/s", "decode, mean");
  line("read bandwidth", fixed(bandwidth.median / 1e9, 2) + " GB/s",
       concat("median between decoded tokens, ", fixed(bandwidth.least / 1e9, 2), " to ",
              fixed(bandwidth.most / 1e9, 2), ", by turns over ", to_string(measured.read_buffer),
              "; the best of three loops: ", machines::read_streams[best_loop(measured)], " streams a thread"));
  const Statistics share = statistics(shares(measured));
  line("share of read bandwidth", fixed(share.median, 3), bar(share.median, 32));
  line("", "",
       concat("median over every ", tokens_between_reads, " tokens, of the reads before and after them; ",
              fixed(share.least, 3), " to ", fixed(share.most, 3)));
  const double peak = statistics(measured.integer_peak).most;
  for (const Speed& speed : measured.prefill) {
    const double operations = prefill_operations(task, speed);
    line(concat("prefill ", speed.tokens), fixed(operations / 1e9, 0) + " GOP/s",
         peak == 0 || measured.activations != quant::Int8Activations::name()
             ? std::string("two for each weight that a token is multiplied with")
             : concat("two for each weight that a token is multiplied with; ", fixed(operations / peak, 3), " of ",
                      fixed(peak / 1e9, 0), ", the peak of 8-bit integers"));
  }
  const auto range = [&](std::string_view name, const lab::SpeedRange& of) {
    if (!of.known()) return;
    line(concat("foretold ", name), concat(fixed(of.least, 2), " to ", fixed(of.most, 2)),
         concat("tokens/s, bound by ", lab::name_of(of.bottleneck), " at the slower end"));
  };
  range("prefill", measured.foretold.prefill);
  range("decode", measured.foretold.decode);
  text += concat("\nUse of experts by the ", task.repetitions, " x ", task.decode, " decoded tokens\n",
                 measured.usage.table());
  const std::string wrong = doubts(measured);
  if (!wrong.empty()) text += "\n" + wrong;
  return text;
}

/// {"version", "shape", "formats", "threads", "instruction_set", "repetitions", "seed", "weights_bytes",
/// "weights_bytes_per_token", "build_seconds", "prefill": [S], "decode": S, "read_bytes_per_second",
/// "share_of_read_bandwidth", "expert_usage": [layer][expert] choices, "unused_experts"}; S is {"tokens", "seconds":
/// [repetition], "tokens_per_second": {"mean", "std", "median", "min", "max"}}. "read_bytes_per_second",
/// "shares_of_read_bandwidth", "integer_peak" and "float_peak" (operations a second) have such statistics too; the
/// share is the median. "foretold" has "prefill", of a prompt of one chunk, and "decode": {"least", "most"} tokens a
/// second, or null.
inline std::string json_report(const Task& task, const Measurement& measured) {
  using json::Value;
  const auto numbers = [](const std::vector<double>& values) -> json::Value {
    const Statistics of = statistics(values);
    return {{"mean", of.mean}, {"std", of.deviation}, {"median", of.median}, {"min", of.least}, {"max", of.most}};
  };
  const auto speed = [&](const Speed& of) -> json::Value {
    return {
        {"tokens", of.tokens}, {"seconds", of.seconds}, {"tokens_per_second", numbers(of.tokens_per_second())}};
  };
  json::Value prefill = json::Value::array();
  for (const Speed& of : measured.prefill) prefill.push_back(speed(of));
  json::Value usage = json::Value::array();
  for (std::int32_t layer = 0; layer < measured.usage.layers(); ++layer) {
    json::Value counts = json::Value::array();
    for (std::int32_t e = 0; e < measured.usage.experts(); ++e) counts.push_back(measured.usage.chosen(layer, e));
    usage.push_back(std::move(counts));
  }
  const auto range = [](const lab::SpeedRange& of) {
    return of.known()
               ? json::Value{{"least", of.least}, {"most", of.most}, {"bound_by", lab::name_of(of.bottleneck)}}
               : json::Value(nullptr);
  };
  const Shape& shape = task.shape;
  const json::Value document = {
      {"version", version},
      {"shape",
       {{"vocabulary", shape.vocabulary},
        {"hidden", shape.hidden},
        {"layers", shape.layers},
        {"heads", shape.heads},
        {"kv_heads", shape.kv_heads},
        {"head_dim", shape.head_dim},
        {"ffn", shape.ffn},
        {"experts", shape.experts},
        {"top_k", shape.top_k}}},
      {"formats",
       {{"weights", measured.weights_format},
        {"head", measured.head_format},
        {"kv", measured.kv_format},
        {"activations", measured.activations}}},
      {"threads", task.threads},
      {"instruction_set", simd::name(simd::level())},
      {"repetitions", task.repetitions},
      {"seed", task.seed},
      {"weights_bytes", measured.weights.count},
      {"weights_bytes_per_token", measured.weights_per_token.count},
      {"build_seconds", measured.build_seconds},
      {"prefill", std::move(prefill)},
      {"decode", speed(measured.decode)},
      {"read_bytes_per_second", numbers(reads(measured, best_loop(measured)))},
      {"share_of_read_bandwidth", statistics(shares(measured)).median},
      {"shares_of_read_bandwidth", numbers(shares(measured))},
      {"integer_peak", numbers(measured.integer_peak)},
      {"float_peak", numbers(measured.float_peak)},
      {"foretold", {{"prefill", range(measured.foretold.prefill)}, {"decode", range(measured.foretold.decode)}}},
      {"expert_usage", std::move(usage)},
      {"unused_experts", unused_experts(measured.usage)}};
  return document.dump(1) + "\n";
}

}  // namespace model_bench
