// One variant: plan, build, measure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/lab/planned_variant.hpp"
#include "asterism/lab/speed_forecast.hpp"
#include "asterism/machine/float_peak.hpp"
#include "asterism/machine/integer_peak.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/machine/probe.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/quant/activation.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"

#include "measurement.hpp"
#include "random_weights.hpp"
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
  using KvCache = attention::StaticKvCache<Kv>;
  using Observer = observe::Trace;
};

/// What the read bandwidth is measured on: beside the model, and more than caches hold.
inline constexpr Bytes read_buffer = 2_GiB + 64_MiB;

/// Parts of it, of which one is read at a time: each more than most caches hold.
inline constexpr std::size_t read_parts = 8;

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
  double prefill_seconds(std::int32_t tokens) {
    session_.clear();
    answer(random_tokens(tokens), 1);
    return last_seconds();
  }

  /// Empties the context, but for one token.
  void begin() {
    session_.clear();
    conversation_ = random_tokens(1);
  }

  /// Passes token after token, each drawn from the logits of the one before.
  double decode_seconds(std::int32_t tokens) {
    const std::vector<TokenId> drawn = answer(conversation_, tokens);
    conversation_.insert(conversation_.end(), drawn.begin(), drawn.end());
    return last_seconds();
  }

  const observe::Trace& trace() const { return session_.observer(); }

 private:
  std::vector<TokenId> random_tokens(std::int32_t count) {
    std::vector<TokenId> out;
    const auto vocabulary = static_cast<std::uint64_t>(task_->shape.vocabulary);
    for (std::int32_t i = 0; i < count; ++i) out.push_back(static_cast<TokenId>(random_.below(vocabulary)));
    return out;
  }

  std::vector<TokenId> answer(const std::vector<TokenId>& prompt, std::int32_t tokens) {
    return session_.generate_tokens(prompt,
                                    {.temperature = 1, .top_k = 64, .max_tokens = tokens, .stop_at_eos = false});
  }
  double last_seconds() const { return session_.last().prefill_seconds + session_.last().decode_seconds; }

  const Task* task_;
  const LanguageModel<B>* model_;
  Session<B> session_;
  Random random_;
  std::vector<TokenId> conversation_;
};

/// Memory in the largest pages that the system gives, read part after part.
class ReadBuffer {
 public:
  explicit ReadBuffer(std::size_t threads)
      : arena_(0, read_buffer), buffer_(arena_.allocate(read_buffer, "reading")), threads_(threads) {
    for (std::size_t i = 0; i < words().size; ++i) words()[i] = i * 0x9E3779B97F4A7C15U;
  }

  parallel::Threads& threads() { return threads_; }

  /// The speeds of reading the next part.
  ReadSpeeds speeds() {
    const std::size_t each = words().size / read_parts;
    part_ = (part_ + 1) % read_parts;
    return machines::read_speeds<parallel::Threads>(words().subview(part_ * each, each), threads_);
  }

 private:
  View<std::uint64_t> words() const {
    return {reinterpret_cast<std::uint64_t*>(buffer_.data()), read_buffer.count / sizeof(std::uint64_t)};
  }

  backend::Arena arena_;
  backend::Buffer buffer_;
  parallel::Threads threads_;
  std::size_t part_ = 0;
};

/// The speeds that the plan and the machine of this run foretell: those of a prompt of one chunk, and of decode.
template <class B>
lab::SpeedForecast foretold(placement::Plan planned, const Task& task, const Measurement& measured) {
  const auto whole = [](double value) { return static_cast<std::uint64_t>(value); };
  planned.machine.rates[0] = {whole(statistics(reads(measured, best_loop(measured))).median)};
  planned.machine.integer_peaks[0] = whole(statistics(measured.integer_peak).most);
  planned.machine.float_peaks[0] = whole(statistics(measured.float_peak).most);
  return lab::forecast_speed(planned, task.shape, limits_of(task), lab::planned_variant<B>("").kernels);
}

template <class B>
Measurement measure(const Task& task, ProgressSink& progress) {
  const placement::Plan planned = plan_here<B>(task);
  const auto start = std::chrono::steady_clock::now();
  const LanguageModel<B> model(engine::Engine<B>(planned, task.shape, limits_of(task)), CheckpointExtras{});
  fill_randomly(model.network(), task.seed, progress);
  const double build_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  Measurement out{.weights_format = B::Quantization::name(),
                  .head_format = B::Head::name(),
                  .kv_format = B::KvFormat::name(),
                  .activations = B::Backend::ActivationPolicy::name(),
                  .weights = planned.weight_bytes(0),
                  .weights_per_token = weights_per_token(planned.footprint, task.shape),
                  .build_seconds = build_seconds,
                  .prefill = {},
                  .decode = {.tokens = task.decode, .seconds = {}},
                  .read_buffer = read_buffer,
                  .windows = {},
                  .integer_peak = {},
                  .float_peak = {},
                  .foretold = {},
                  .usage = lab::ExpertUsage(task.shape.sparse_layers().size(), task.shape.experts)};
  for (const std::int32_t tokens : task.prefill) out.prefill.push_back({.tokens = tokens, .seconds = {}});

  ReadBuffer memory(static_cast<std::size_t>(task.threads));
  Bench<B> bench(task, model);
  progress.begin("measuring", static_cast<std::uint64_t>(task.repetitions) + 1, ProgressUnit::items);
  for (const std::int32_t tokens : task.prefill) bench.prefill_seconds(tokens);  // pages and caches
  progress.advance(1, "warmed up");
  for (std::int32_t i = 0; i < task.repetitions; ++i) {
    out.integer_peak.push_back(machines::integer_peak(memory.threads(), simd::level()));
    out.float_peak.push_back(machines::float_peak(memory.threads(), simd::level()));
    for (Speed& speed : out.prefill) speed.seconds.push_back(bench.prefill_seconds(speed.tokens));
    bench.begin();
    out.decode.seconds.push_back(0);
    ReadSpeeds before = memory.speeds();
    for (std::int32_t done = 0; done < task.decode; done += tokens_between_reads) {
      const std::int32_t tokens = std::min(task.decode - done, tokens_between_reads);
      const double seconds = bench.decode_seconds(tokens);
      const ReadSpeeds after = memory.speeds();
      const double bytes = static_cast<double>(out.weights_per_token.count) * tokens;
      out.windows.push_back({.bytes_per_second = bytes / seconds, .before = before, .after = after});
      out.decode.seconds.back() += seconds;
      before = after;
    }
    out.usage.add(bench.trace());
    progress.advance(static_cast<std::uint64_t>(i) + 2, "repetitions");
  }
  progress.end();
  out.foretold = foretold<B>(planned, task, out);
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
  if constexpr (Weights::code_bits != 0) {
    if (choices.activations == "int8") return with_head<Weights, quant::Int8Activations>(choices);
  }
  return with_head<Weights, quant::Float32Activations>(choices);
}

}  // namespace model_bench
