// A run: steps, states, a log, held-out loss, from the beginning or from where an earlier one ended.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/train/batch.hpp"
#include "asterism/train/data/examples.hpp"
#include "asterism/train/data/packing.hpp"
#include "asterism/train/describe.hpp"
#include "asterism/train/idle_experts.hpp"
#include "asterism/train/log.hpp"
#include "asterism/train/peft.hpp"
#include "asterism/train/report.hpp"
#include "asterism/train/run_lock.hpp"
#include "asterism/train/state.hpp"

namespace asterism::train {

struct RunOptions {
  std::string folder{};       ///< of states and log.jsonl
  std::string like{};         ///< checkpoint whose config.json and tokenizer go along with states; adapters' base
  std::int64_t steps = 0;     ///< in all, > 0
  double save_seconds = 300;  ///< between two states
  std::int64_t measure_every = 0;  ///< steps between two measurements of held-out loss; 0: with each state alone
  std::stop_token cancel{};        ///< ends the run after a step, with a state
  ProgressSink* progress = nullptr;
  /// Called after each step; may throw to end the run without a state.
  void (*on_step)(const LogLine&, void*) = nullptr;
  void* context = nullptr;  ///< its last argument
  /// What else has to be the same for a run to go on, by name: the model that adapters learn beside.
  std::map<std::string, std::string> also{};
};

struct RunResult {
  Progress progress{};       ///< where it ended
  std::int64_t resumed = 0;  ///< the step that it went on from; 0: from the beginning
  bool complete = false;     ///< all steps were taken
  PassReport last{};         ///< of the last step, if there was one
};

/// What a run is made of, as States compares it.
template <class TrainerType>
std::map<std::string, std::string> recipe_of(const TrainerType& trainer, const Packing& packing,
                                             const Examples* held_out, std::int64_t steps) {
  using Policies = typename TrainerType::Blueprint;
  const auto fingerprint = [](const Examples& examples) { return concat("fingerprint ", examples.fingerprint()); };
  const auto& numbers = trainer.numbers();
  std::map<std::string, std::string> out = {
      {"optimizer", describe(numbers.optimizer)},
      {"schedule", describe(numbers.schedule)},
      {"losses", describe(numbers.losses)},
      {"clip", number_text(numbers.clip)},
      {"precision", describe(TrainerType::Recipe::precision)},
      {"weights", concat(Policies::Quantization::name(), ", embedding ", Policies::Embedding::name(), ", head ",
                         Policies::Head::name())},
      {"rows of a step", concat(packing.options().rows)},
      {"examples of a step", concat(packing.options().batch)},
      {"seed", concat(packing.options().seed)},
      {"order", packing.options().shuffled ? "shuffled" : "that of the file"},
      {"steps", concat(steps)},
      {"data", fingerprint(packing.examples())},
      {"held-out data", held_out != nullptr ? fingerprint(*held_out) : "none"},
      {"parameters", concat(parameter_count(trainer.parameters()))},
      {"shape", describe(trainer.shape())},
      {"gating", gating_text(trainer)},
      {"expert", type_text<typename Policies::template Expert<quant::Float32>>()}};
  if constexpr (TrainerType::Recipe::adapters.any()) out["adapters"] = describe(TrainerType::Recipe::adapters);
  return out;
}

/// The mean loss of all predictions that count in `examples`, in order; nothing is learnt.
template <class TrainerType>
double held_out_loss(TrainerType& trainer, const Examples& examples, const PackingOptions& options) {
  Packing packing(examples, {.rows = options.rows, .batch = options.batch, .seed = 0, .shuffled = false});
  double sum = 0;
  double counted = 0;
  while (packing.position().epoch == 0) {
    const PackedStep step = packing.next();
    const PassReport report = trainer.evaluate(Batch{step.tokens, step.ends, step.targets, step.weights});
    sum += report.loss * step.counted;
    counted += step.counted;
  }
  if (!std::isfinite(sum))
    throw NumericError(concat("the held-out loss after step ", trainer.steps(), " is ", sum));
  return sum / counted;
}

/// Throws InvalidArgument where a step could not take the longest of some examples, or the model has not all tokens.
template <class TrainerType>
void check_examples(const TrainerType& trainer, const Examples& examples, const PackingOptions& options,
                    std::string_view what) {
  const std::size_t most = std::min(options.rows, static_cast<std::size_t>(TrainerType::Recipe::sequence));
  if (examples.longest() > most) {
    throw InvalidArgument(
        concat(what, " have one of ", examples.longest(), " tokens, a sequence may have ", most));
  }
  if (examples.largest_id() >= trainer.shape().vocabulary) {
    throw InvalidArgument(
        concat(what, " have the token ", examples.largest_id(), ", the model has ", trainer.shape().vocabulary));
  }
}

/// Trains from the beginning, or from the last state of `options.folder`: the steps, states and weights are then those
/// of a run that nobody disturbed, to the bit on one instruction set. `packing` has the examples. The loss on
/// `held_out`, or nullptr, is measured with each state. A state is written every `save_seconds`, and at the end. Throws
/// as RunLock, States, Log, check_examples and Trainer::step do; NumericError where the held-out loss is none.
template <class TrainerType>
RunResult run(TrainerType& trainer, Packing& packing, const Examples* held_out, const RunOptions& options) {
  using Clock = std::chrono::steady_clock;
  check_examples(trainer, packing.examples(), packing.options(), "the examples");
  if (held_out != nullptr) check_examples(trainer, *held_out, packing.options(), "the held-out examples");
  auto recipe = recipe_of(trainer, packing, held_out, options.steps);
  recipe.insert(options.also.begin(), options.also.end());
  std::optional<checkpoint::PeftConfig> adapters;
  if constexpr (TrainerType::Recipe::adapters.any()) adapters = peft_config(trainer, options.like);
  const RunLock lock(options.folder);
  States states(options.folder, options.like, trainer.shape().architecture, std::move(adapters));
  states.remove_leftovers();
  RunResult out;
  out.progress.recipe = recipe;
  if (auto last = states.load_last(trainer.parameters(), recipe)) {
    out.progress = std::move(*last);
    out.resumed = out.progress.step;
    packing.seek(out.progress.position);
    trainer.resume(out.progress.step, out.progress.scale.value_or(trainer.loss_scale()));
  } else {
    packing.seek({});
    trainer.reset();
  }
  Log log(options.folder + "/log.jsonl", out.progress.step);
  IdleExperts idle;
  if (out.progress.step > 0) {
    for (const LogLine& line : Log::read(log.path())) idle.add(line.load);
  }
  ProgressSink silence;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : silence;
  progress.begin("training", static_cast<std::uint64_t>(options.steps), ProgressUnit::items);
  const double before = out.progress.seconds;
  const auto began = Clock::now();
  auto saved = began;
  const auto seconds_since = [](Clock::time_point point) {
    return std::chrono::duration<double>(Clock::now() - point).count();
  };
  const auto measure = [&] {
    if (held_out != nullptr) out.progress.held_out = held_out_loss(trainer, *held_out, packing.options());
  };
  while (out.progress.step < options.steps) {
    const PackedStep step = packing.next();
    const StepReport report =
        trainer.step(Batch{step.tokens, step.ends, step.targets, step.weights}, options.steps);
    out.last = report.pass;
    out.progress.step = report.step;
    out.progress.position = packing.position();
    out.progress.tokens += report.pass.tokens;
    out.progress.seconds = before + seconds_since(began);
    out.progress.held_out.reset();
    if (report.scale > 0) out.progress.scale = trainer.loss_scale();
    const bool ends = report.step == options.steps || options.cancel.stop_requested();
    const bool saves = ends || seconds_since(saved) > options.save_seconds;
    if (saves || (options.measure_every > 0 && report.step % options.measure_every == 0)) measure();
    LogLine line{.report = report,
                 .tokens = out.progress.tokens,
                 .seconds = out.progress.seconds,
                 .held_out = out.progress.held_out};
    line.violation = max_violations(trainer);
    line.entropy = sparse_entropies(trainer);
    line.load = sparse_load(trainer);
    idle.add(line.load);
    line.dead = idle.dead(static_cast<std::size_t>(trainer.shape().experts));
    log.add(line);  // first: lines of steps after the state are dropped, none is missing
    if (saves) {
      log.sync();
      states.save(trainer.parameters(), out.progress);
      saved = Clock::now();
    }
    progress.advance(static_cast<std::uint64_t>(report.step), loss_text(line));
    if (options.on_step != nullptr) options.on_step(line, options.context);
    if (ends) break;
  }
  out.complete = out.progress.step == options.steps;
  if (out.complete) progress.end();
  return out;
}

}  // namespace asterism::train
