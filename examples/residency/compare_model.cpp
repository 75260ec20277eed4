// `compare` with a model: prefetchers beside each other while it answers.
#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/generate/variant.hpp>
#include <asterism/lab/question_set.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../mixtral_offload/variants.hpp"
#include "../support/conversation.hpp"
#include "../support/shipped.hpp"
#include "commands.hpp"
#include "table.hpp"

namespace example {

namespace {

/// The file of the experts: one that is given, or one of ours that goes with this object.
class SpillFile {
 public:
  SpillFile(const Arguments& arguments, ProgressSink& progress) : path_(arguments.spill) {
    if (!path_.empty()) return;
    std::string folder = (std::filesystem::temp_directory_path() / "residency-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) {
      throw FileError(folder + ": no folder can be created for the experts; give a file of them: --spill");
    }
    folder_ = folder;
    path_ = folder + "/experts.spill";
    try {
      write_file(arguments.trace, path_, progress);
    } catch (...) {
      remove();
      throw;
    }
  }
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile() { remove(); }

  const std::string& path() const { return path_; }

 private:
  void remove() const {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  std::string path_;
  std::string folder_;
};

struct Run {
  std::string prefetcher;
  const CacheVariant* variant = nullptr;
  std::vector<double> speeds;  ///< tokens/s of each round
  std::vector<double> ratios;  ///< to that of none in the same round
  residency::SlotCounts counts{};
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

constexpr std::string_view live_prefetchers[] = {"none", "pattern", "learned", "next_gate", "adaptive"};

/// All of them, `none` first.
std::vector<Run> runs_of(const Arguments& arguments) {
  const auto is_asked = [&](std::string name) {
    std::ranges::replace(name, '-', '_');
    const auto& names = arguments.prefetchers;
    return names.empty() || std::ranges::find(names, name) != names.end();
  };
  for (const std::string& name : arguments.prefetchers) {
    if (std::ranges::find(live_prefetchers, name) != std::end(live_prefetchers)) continue;
    throw OptionError(concat("--prefetch ", name, " runs on traces alone; with a model: none, pattern, learned, ",
                             "next_gate, adaptive"));
  }
  std::vector<Run> out;
  for (const CacheVariant& one : learning_variants()) {
    if (one.variant.name == "hazard")
      out.push_back({.prefetcher = "none", .variant = &one, .speeds = {}, .ratios = {}});
  }
  for (const CacheVariant& one : foretelling_variants()) {
    if (!is_asked(std::string(one.variant.name))) continue;
    out.push_back({.prefetcher = std::string(one.variant.name), .variant = &one, .speeds = {}, .ratios = {}});
  }
  return out;
}

/// Answers all prompts; tokens a second of decoding.
double answer(Run& run, const Arguments& arguments, const LoadOptions& options,
              const std::vector<std::string>& prompts, const Interrupt& interrupt) {
  double seconds = 0;
  double tokens = 0;
  run.variant->use(arguments.trace, options, [&](Loaded& loaded) {
    GenerateOptions wanted;
    wanted.max_tokens = arguments.iterations > 0 ? arguments.iterations : 64;
    wanted.stop_at_eos = false;
    wanted.cancel = interrupt.token();
    for (const std::string& prompt : prompts) {
      for (const auto piece : loaded.session.generate(prompt, wanted)) static_cast<void>(piece);
      const GenerationStats& last = loaded.session.last();
      seconds += last.decode_seconds;
      tokens += static_cast<double>(last.usage.completion_tokens - 1);  // the first is the prompt's
      loaded.session.clear();
    }
    run.counts = loaded.slot_counts();
    return 0;
  });
  return seconds > 0 ? tokens / seconds : 0;
}

}  // namespace

int compare_model(const Arguments& arguments, const Interrupt& interrupt) {
  std::vector<std::string> prompts;
  for (const lab::Question& question : lab::read_questions(shipped("data/questions/shown.jsonl"))) {
    prompts.push_back(question.prompt);
  }
  if (arguments.iterations == 1)
    throw OptionError("--iterations 1: the first token is the prompt's, give 2 or more");
  std::vector<Run> runs = runs_of(arguments);
  const Variant& base = runs.front().variant->variant;
  LoadOptions options;
  const Shape shape = base.plan_load(arguments.trace, options).config.shape;
  if (shape.sparse_layers().empty()) throw Unsupported(arguments.trace + ": the model has no experts");
  options.limits = base.limits;
  options.limits->context = std::min({4096, base.limits.context, shape.max_positions});
  options.limits->prefill_chunk = std::min(64, options.limits->context);
  options.limits->threads =
      arguments.threads > 0 ? arguments.threads : base.plan_load(arguments.trace, {}).limits.threads;
  ProgressBar bar;
  InterruptibleProgress progress(bar, interrupt);
  if (const Bytes homes = base.memory_footprint(shape, *options.limits).slotted.homes();
      arguments.spill.empty() && homes > 1_GiB) {
    throw OptionError(concat("the experts take ", to_string(homes),
                             ": write them once, on the disk to be measured, with ", "quantize ", arguments.trace,
                             " --experts FILE, and give --spill FILE"));
  }
  const SpillFile spill(arguments, progress);
  options.experts = spill.path();

  const std::int32_t rounds = arguments.rounds;
  progress.begin("answering", static_cast<std::uint64_t>(rounds) * runs.size(), ProgressUnit::items);
  std::uint64_t done = 0;
  const std::int32_t experts = shape.sparse_layers().size() * shape.experts;
  const auto kept =
      std::max(shape.top_k, static_cast<std::int32_t>(std::lround(experts * arguments.residency / 100)));
  for (std::int32_t round = 0; round < rounds; ++round) {
    for (Run& run : runs) {
      const Variant& variant = run.variant->variant;
      options.machine = main_memory(memory_for(variant, shape, *options.limits, kept));
      run.speeds.push_back(answer(run, arguments, options, prompts, interrupt));
      run.ratios.push_back(run.speeds.back() / runs.front().speeds.back());
      progress.advance(++done, run.prefetcher);
    }
  }
  progress.end();

  std::vector<Row> rows;
  for (const Run& run : runs) {
    const double missed = static_cast<double>(run.counts.missed());
    rows.emplace_back()
        .text("prefetch", run.prefetcher, 12)
        .percent("hit_rate", run.counts.hit_rate(), 7)
        .percent("recall", missed > 0 ? static_cast<double>(run.counts.predicted) / missed : 0, 7)
        .number("missed", missed, 0, 9)
        .number("read_ahead", static_cast<double>(run.counts.read_ahead), 0, 8)
        .number("wasted", static_cast<double>(run.counts.wasted), 0, 7)
        .number("read_mb", static_cast<double>(run.counts.bytes) / 1e6, 1, 10)
        .number("tokens_per_second", median(run.speeds), 2, 11)
        .number("of_none", median(run.ratios), 3, 8);
  }
  show(arguments.json,
       concat(arguments.trace, ":\n", kept, " of ", experts, " experts stay in memory, cache hazard, ",
              prompts.size(), " prompts, medians of ", counted(rounds, "round"),
              ".\nrec%: of what is missing, predicted by the layer before; "
              "ahead: read\nbefore it was asked for; wasted: reads begun for nothing"),
       concat(pad_right("prefetch", 12), pad_left("hit%", 7), pad_left("rec%", 7), pad_left("missed", 9),
              pad_left("ahead", 8), pad_left("wasted", 7), pad_left("MB read", 10), pad_left("tok/s", 11),
              pad_left("ratio", 8)),
       rows);
  return interrupt.happened() ? Status::interrupted : Status::done;
}

}  // namespace example
