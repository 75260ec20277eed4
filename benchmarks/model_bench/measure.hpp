// One variant: plan, build, measure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asterism/attention/bounded_kv.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/machine/probe.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/quant/activation.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/integers.hpp"

#include "measurement.hpp"
#include "random_weights.hpp"
#include "support/integer_peak.hpp"
#include "support/read_bandwidth.hpp"
#include "variants.hpp"

namespace model_bench {

using namespace asterism;

/// Experts and attention in Weights, head and embedding in Ends, keys and values in Kv.
template <class Weights, class Ends, class Kv, class Activation>
struct Variant : Blueprint {
  using Backend = backend::BasicHost<parallel::Threads, Activation>;
  using Quantization = Weights;
  using Embedding = Ends;
  using Head = Ends;
  using KvFormat = Kv;
  using KvCache = attention::BoundedKv<Kv>;
  using Observer = observe::Trace;
};

/// What the read bandwidth is measured on: beside the model, and more than caches hold.
inline constexpr Bytes read_buffer = 2_GiB + 64_MiB;

inline Limits limits_of(const Task& task) {
  std::int32_t longest = task.decode;
  for (const std::int32_t tokens : task.prefill) longest = std::max(longest, tokens);
  return {.context = longest + 1, .batch = 1, .prefill_chunk = std::min(longest, 512), .threads = task.threads};
}

/// The plan on this machine's free memory. Throws BudgetExceeded with the plan's table where it does not fit.
template <class B>
placement::Plan plan_here(const Task& task) {
  Machine machine = machines::this_machine();
  machine.capacity[0] -= std::min(read_buffer, machine.capacity[0]);
  const placement::Plan planned = plan<B>(machine, task.shape, limits_of(task));
  if (!planned.fits()) {
    throw BudgetExceeded(concat(
        "this machine has not the memory for the model; nothing was built:\n", placement::component_table(planned),
        "The budget is what is free now, less ", to_string(read_buffer),
        " for measuring the read bandwidth. Take fewer layers (--layers), a smaller shape or "
        "a format with fewer bits."));
  }
  return planned;
}

template <class B>
class Bench {
 public:
  Bench(const Task& task, const LanguageModel<B>& model)
      : task_(&task), model_(&model), session_(model.session()), random_(task.seed) {}

  /// Passes a prompt of random tokens and chooses the first token of an answer.
  double prefill_seconds(std::int32_t tokens) { return answer(random_tokens(tokens), 1); }

  /// From an empty context: passes token after token, each drawn from the logits of the one before.
  double decode_seconds() { return answer(random_tokens(1), task_->decode); }

  const observe::Trace& trace() const { return session_.observer(); }

 private:
  std::vector<TokenId> random_tokens(std::int32_t count) {
    std::vector<TokenId> out;
    const auto vocabulary = static_cast<std::uint64_t>(task_->shape.vocabulary);
    for (std::int32_t i = 0; i < count; ++i) out.push_back(static_cast<TokenId>(random_.below(vocabulary)));
    return out;
  }

  double answer(const std::vector<TokenId>& prompt, std::int32_t tokens) {
    session_.clear();
    session_.generate_tokens(prompt, {.temperature = 1, .top_k = 64, .max_tokens = tokens, .stop_at_eos = false});
    return session_.last().prefill_seconds + session_.last().decode_seconds;
  }

  const Task* task_;
  const LanguageModel<B>* model_;
  Session<B> session_;
  Random random_;
};

template <class B>
Measurement measure(const Task& task, ProgressSink& progress) {
  const placement::Plan planned = plan_here<B>(task);
  const auto start = std::chrono::steady_clock::now();
  typename LanguageModel<B>::Texts texts;
  texts.config.shape = task.shape;
  const LanguageModel<B> model(planned, limits_of(task), std::move(texts));
  fill_randomly(model.network(), task.seed, progress);
  const double build_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  Measurement out{.weights_format = B::Quantization::name(),
                  .head_format = B::Head::name(),
                  .kv_format = B::KvFormat::name(),
                  .activations = B::Backend::ActivationPolicy::name(),
                  .weights = planned.peak(0) - planned.bytes(0, placement::Kind::kv_cache) -
                             planned.bytes(0, placement::Kind::workspace),
                  .weights_per_token = weights_per_token(planned.parts, task.shape),
                  .build_seconds = build_seconds,
                  .prefill = {},
                  .decode = {.tokens = task.decode, .seconds = {}},
                  .read_buffer = read_buffer,
                  .read_bandwidth = {},
                  .decode_shares = {},
                  .integer_peak = {},
                  .usage = lab::ExpertUsage(task.shape.layers, task.shape.experts)};
  for (const std::int32_t tokens : task.prefill) out.prefill.push_back({.tokens = tokens, .seconds = {}});

  parallel::Threads readers(static_cast<std::size_t>(task.threads));
  const std::vector<std::uint64_t> words(read_buffer.count / sizeof(std::uint64_t), 1);
  const auto read = [&] {
    out.read_bandwidth.push_back(benchmarks::read_bandwidth<parallel::Threads>(words, readers));
  };
  Bench<B> bench(task, model);
  progress.begin("measuring", static_cast<std::uint64_t>(task.repetitions) + 1, ProgressUnit::items);
  for (const std::int32_t tokens : task.prefill) bench.prefill_seconds(tokens);  // pages and caches
  progress.advance(1, "warmed up");
  for (std::int32_t i = 0; i < task.repetitions; ++i) {
    out.integer_peak.push_back(benchmarks::integer_peak(readers, simd::level()));
    for (Speed& speed : out.prefill) speed.seconds.push_back(bench.prefill_seconds(speed.tokens));
    read();
    const double before = out.read_bandwidth.back();
    out.decode.seconds.push_back(bench.decode_seconds());
    read();
    const double rate = task.decode / out.decode.seconds.back();
    out.decode_shares.push_back(static_cast<double>(out.weights_per_token.count) * rate /
                                std::max(before, out.read_bandwidth.back()));
    out.usage.add(bench.trace());
    progress.advance(static_cast<std::uint64_t>(i) + 2, "repetitions");
  }
  progress.end();
  return out;
}

template <class Weights, class Ends, class Activation>
Measure with_kv(const std::string& kv) {
  if (kv == "float16") return measure<Variant<Weights, Ends, quant::Float16, Activation>>;
  if (kv == "int8") return measure<Variant<Weights, Ends, quant::Int8<>, Activation>>;
  return measure<Variant<Weights, Ends, quant::Float32, Activation>>;
}

template <class Weights, class Activation>
Measure with_head(const Choices& choices) {
  return choices.head == "same" ? with_kv<Weights, Weights, Activation>(choices.kv)
                                : with_kv<Weights, quant::BFloat16, Activation>(choices.kv);
}

/// Weights that never meet activations in 8 bits are compiled without them.
template <class Weights>
Measure variant(const Choices& choices) {
  if constexpr (Weights::bits_per_weight < 16) {
    if (choices.activations == "int8") return with_head<Weights, quant::Activation8>(choices);
  }
  return with_head<Weights, quant::ActivationExact>(choices);
}

}  // namespace model_bench
