// Mixtral in 4 bits on two devices with a memory budget each: plans, loads, answers, reports.
#include <algorithm>
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/mapped_file.hpp"
#include "asterism/machine/machine.hpp"
#include <asterism/core/progress_bar.hpp>
#include <asterism/generate/variant.hpp>
#include <asterism/lab/question_set.hpp>
#include <asterism/load.hpp>
#include <asterism/machine/probe.hpp>
#include <charconv>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/interrupt.hpp"
#include "../support/shipped.hpp"
#include "blueprint.hpp"
#include "variants.hpp"

namespace example {

struct Arguments {
  std::string checkpoint = shipped("small_mixtral/checkpoint");
  std::vector<std::string> prompts;
  std::vector<lab::Question> shown;  ///< asked where no prompt is given
  std::string machine;
  std::string device_map;
  std::string quantization = "nf4";
  std::string kv = "float16";
  std::int32_t threads = 0;
  std::int32_t context = 4096;
  std::int32_t prefill_chunk = 0;
  std::uint64_t seed = 0;
  bool fit_context = false;
  bool chat = false;
  bool interactive = false;
  bool dry_run = false;
  bool quiet = false;
  GenerateOptions generate{};
};

void show_proof() {
  std::cout << "Mixtral 8x7B in " << MixtralDual16::Quantization::name()
            << " on two 16 GB devices, each held below 14 GiB, with a context of " << MixtralDual16::limits.context
            << ".\n"
            << "This plan was proved when the program was compiled:\n\n"
            << placement::component_table(plan<MixtralDual16>(machines::dual_16gb.limited_to(14_GiB))) << "\n";
}

/// The options of the checkpoint, with what the command line says on top.
GenerateOptions options_for(const AnyModel& model, const Arguments& arguments, const CLI::App& app,
                            const Interrupt& interrupt) {
  GenerateOptions options = model.recommended();
  const auto given = [&](const char* flag) { return app.count(flag) > 0; };
  const GenerateOptions& wanted = arguments.generate;
  if (given("--temperature")) options.temperature = wanted.temperature;
  if (given("--top-k")) options.top_k = wanted.top_k;
  if (given("--top-p")) options.top_p = wanted.top_p;
  if (given("--min-p")) options.min_p = wanted.min_p;
  if (given("--repetition-penalty")) options.repetition_penalty = wanted.repetition_penalty;
  if (given("--max-tokens")) options.max_tokens = wanted.max_tokens;
  options.stop = wanted.stop;
  options.cancel = interrupt.token();
  return options;
}

/// Shows the answer while it is made, and returns it.
std::string answer(AnySession& session, const std::string& prompt, std::vector<text::Message>& conversation,
                   const Arguments& arguments, const GenerateOptions& options) {
  std::string whole;
  const auto show = [&](AnyTextStream pieces) {
    for (const std::string_view piece : pieces) {
      std::cout << piece << std::flush;
      whole += piece;
    }
  };
  if (arguments.chat) {
    conversation.push_back({"user", prompt});
    show(session.chat(conversation, options));
    conversation.push_back({"assistant", whole});
  } else {
    std::cout << prompt;
    show(session.generate(prompt, options));
  }
  const GenerationStats& last = session.last();
  std::cout << "\n  [" << last.finish_reason << "; " << last.usage << "; first token after "
            << fixed(1000 * last.seconds_to_first_token, 1) << " ms, prefill " << fixed(last.prefill_speed(), 1)
            << " tokens/s, decode " << fixed(last.decode_speed(), 1) << " tokens/s]\n\n";
  return whole;
}

/// Asks the questions whose answers are known, and says how many were answered right.
void show_questions(AnySession& session, const Arguments& arguments, GenerateOptions options,
                    const Interrupt& interrupt) {
  options.stop.emplace_back("\n");
  std::size_t right = 0;
  std::size_t asked = 0;
  for (const lab::Question& question : arguments.shown) {
    if (interrupt.happened()) return;
    std::vector<text::Message> conversation;
    const std::string found = answer(session, question.prompt, conversation, arguments, options);
    const bool is_right = lab::trimmed(found) == question.answer;
    std::cout << "  " << question.kind << ": " << (is_right ? "right" : "wrong, the answer is " + question.answer)
              << "\n\n";
    right += is_right ? 1U : 0U;
    ++asked;
  }
  if (asked > 0) std::cout << right << " of " << asked << " questions answered right\n\n";
}

/// Answers a turn of an interactive session; an error ends the turn, not the session.
void turn(AnySession& session, const std::string& line, std::vector<text::Message>& conversation,
          const Arguments& arguments, const GenerateOptions& options) {
  const std::size_t messages = conversation.size();
  try {
    answer(session, line, conversation, arguments, options);
  } catch (const Error& error) {
    conversation.resize(messages);
    std::cout << std::endl;
    std::cerr << "error: " << error.what() << "\n";
  }
}

int converse(const AnyModel& model, const Arguments& arguments, const CLI::App& app, const Interrupt& interrupt) {
  const GenerateOptions options = options_for(model, arguments, app, interrupt);
  AnySession session = model.session({.seed = arguments.seed});
  std::vector<text::Message> conversation;
  std::cout << "\n";
  show_questions(session, arguments, options, interrupt);
  for (const std::string& prompt : arguments.prompts) {
    if (interrupt.happened()) break;
    if (!arguments.interactive) conversation.clear();
    answer(session, prompt, conversation, arguments, options);
  }
  std::string line;
  while (arguments.interactive && !interrupt.happened()) {
    std::cout << "> " << std::flush;
    if (!read_line(interrupt, line)) break;
    if (!line.empty()) turn(session, line, conversation, arguments, options);
  }
  std::cout << (interrupt.happened() ? "\ninterrupted\n" : "") << "Memory\n\n"
            << model.memory_report() << std::flush;
  if (!std::cout) return 1;
  return interrupt.happened() ? 130 : 0;
}

/// What can be found wrong before gigabytes are read.
void check_early(const Arguments& arguments, const placement::Plan& planned) {
  simd::level();
  generate::Sampler::check(arguments.generate);
  if (file::path_kind(arguments.checkpoint + "/tokenizer.json") == file::PathKind::missing) {
    throw FileError(arguments.checkpoint + ": has no tokenizer.json, which prompts need");
  }
  if (arguments.chat) {
    const std::vector<text::Message> probe = {{"user", "Hello"}};
    text::ChatTemplate::from_directory(arguments.checkpoint).render(probe);
  }
  Bytes sum{};
  for (std::size_t d = 0; d < planned.devices(); ++d) sum += planned.peak(d);
  const Bytes free = machines::this_machine().capacity[0];
  if (sum > free) {
    std::cerr << "warning: the devices live in this machine's memory; they need " << to_string(sum) << ", "
              << to_string(free) << " are free\n";
  }
}

/// The map that `text` names: a file, "balanced_low_0", or the layers of each device.
placement::DeviceMap read_map(const std::string& text, const Shape& shape, const placement::MemoryFootprint& parts,
                              const Machine& machine) {
  using LowFirst = placement::AcceleratorsFirst<placement::BalancedLowFirst>;
  if (text == "balanced_low_0") return map_of(LowFirst::plan(parts, machine));
  if (file::path_kind(text) != file::PathKind::missing) {
    return checkpoint::read_device_map(text, shape, machine);
  }
  std::vector<std::int32_t> counts;
  for (const char* at = text.data(); at <= text.data() + text.size(); ++at) {
    const auto [end, failure] = std::from_chars(at, text.data() + text.size(), counts.emplace_back());
    if (failure != std::errc{} || counts.back() < 0 || counts.back() > shape.layers ||
        (*end != ',' && *end != '\0')) {
      throw InvalidArgument("--device-map " + text +
                            ": neither a file, nor balanced_low_0, nor the layers of each device, such as 14,18 "
                            "where the model has 32");
    }
    at = end;
  }
  return placement::layers_per_device(counts, parts.tied);
}

/// Plans with the variant and its limits, and does what was asked.
int run(const Variant& variant, const Arguments& arguments, const CLI::App& app, const Interrupt& interrupt) {
  LoadOptions options;
  options.limits = variant.limits;
  if (app.count("--context") > 0 || arguments.context < variant.limits.context)
    options.limits->context = arguments.context;
  options.fit_context = arguments.fit_context;
  const auto cores = static_cast<std::int32_t>(parallel::Threads::default_threads());
  options.limits->threads = arguments.threads > 0 ? arguments.threads : std::min(cores, variant.limits.threads);
  options.machine = machines::dual_16gb.limited_to(14_GiB);
  const Shape shape = variant.plan_load(arguments.checkpoint, options).config.shape;
  const bool is_mixtral_8x7b = shape == MixtralDual16::shape;
  options.limits->prefill_chunk = is_mixtral_8x7b ? 512 : 64;
  if (arguments.prefill_chunk > 0) options.limits->prefill_chunk = arguments.prefill_chunk;
  if (!arguments.machine.empty()) options.machine = parse_machine(arguments.machine);
  const bool own_machine = !arguments.machine.empty() || is_mixtral_8x7b;
  const LoadPlan wished = variant.plan_load(arguments.checkpoint, options);
  const placement::MemoryFootprint parts = variant.parts(shape, wished.limits);
  if (!own_machine) options.machine = variant.smallest_equal_budgets(parts, 2, 0.05);
  if (!arguments.device_map.empty()) {
    options.device_map = read_map(arguments.device_map, shape, parts, *options.machine);
  }
  const placement::Plan planned = variant.plan_load(arguments.checkpoint, options).plan;
  const Machine one = equal_devices(1, options.machine->capacity[0]);
  const placement::Plan alone = variant.plan(one, shape, wished.limits);
  std::cout << "Checkpoint " << arguments.checkpoint << ", " << variant.name << "\ncontext "
            << wished.limits.context << ", prefill in chunks of " << wished.limits.prefill_chunk << ", "
            << wished.limits.threads << " threads\n\n"
            << placement::component_table(planned) << "One device of " << to_string(one.capacity[0])
            << " alone would need " << to_string(alone.peak(0))
            << (alone.fits() ? ": the model would fit there too.\n\n" : ": the model does not fit there.\n\n");
  if (arguments.dry_run) {
    std::cout << placement::layer_table(planned) << "\n"
              << placement::tied_head_line(planned)
              << placement::recommendations(planned, wished.limits, wished.config.shape.max_positions);
    return planned.fits() ? 0 : 1;
  }
  std::cout << std::flush;  // what follows on standard error comes after it, in a log too
  check_early(arguments, planned);
  ProgressBar bar;
  ProgressSink silence;
  InterruptibleProgress progress(arguments.quiet ? silence : static_cast<ProgressSink&>(bar), interrupt);
  options.progress = &progress;
  return converse(variant.load(arguments.checkpoint, options), arguments, app, interrupt);
}

/// The variant that was asked for; of the example's own, the one with the checkpoint's shape, where one was proved.
int choose_and_run(const Arguments& arguments, const CLI::App& app, const Interrupt& interrupt) {
  const std::string name = arguments.quantization + ", " + arguments.kv;
  for (const auto variants : {nf4_variants(), int8_variants(), int4_variants(), bfloat16_variants()}) {
    for (const Variant& variant : variants) {
      if (variant.name != name) continue;
      if (name != "nf4, float16") return run(variant, arguments, app, interrupt);
      show_proof();
      const Shape shape = variant.plan_load(arguments.checkpoint, {}).config.shape;
      return run(proved_variant(shape), arguments, app, interrupt);
    }
  }
  throw InvalidArgument("no variant '" + name + "' was compiled");
}

}  // namespace example

int main(int argc, char** argv) {
  const example::Interrupt interrupt;
  example::Arguments arguments;
  CLI::App app(
      "Loads a Mixtral checkpoint, quantizes it to 4 bits (NF4, double-quantized) while it streams in,\n"
      "places it on two logical devices with a memory budget each, and answers. Without a checkpoint it\n"
      "takes the small one of the repository, which was trained to read blocks of knowledge about an invented "
      "game;\n"
      "without a prompt it asks three questions whose answers are known.");
  app.footer(
      "Examples:\n"
      "  mixtral_dual_16gb --prompt 'Once upon a time' --temperature 0.7 --seed 3\n"
      "  mixtral_dual_16gb Mixtral-8x7B-Instruct-v0.1 --chat --interactive\n"
      "  mixtral_dual_16gb Mixtral-8x7B-Instruct-v0.1 --dry-run --machine 13GiB,13GiB\n\n"
      "Exit status: 0 done, 1 an error (on standard error) or a plan that does not fit, 130 interrupted.");
  app.add_option("checkpoint", arguments.checkpoint, "Folder with config.json, *.safetensors and tokenizer.json");
  app.add_option("-p,--prompt", arguments.prompts, "A prompt to answer; may be given several times")
      ->allow_extra_args(false);
  app.add_flag("-c,--chat", arguments.chat,
               "Prompts are turns of a conversation in the checkpoint's chat template");
  app.add_flag("-i,--interactive", arguments.interactive,
               "Read prompts from standard input until its end; with --chat it is one\nconversation, else each "
               "line stands alone");
  app.add_flag("--dry-run", arguments.dry_run,
               "Show the plan and stop; config.json is enough, no weights are read");
  app.add_option("--quantization", arguments.quantization,
                 "Format of experts and attention: nf4, int4, int8, bfloat16")
      ->check(CLI::IsMember({"nf4", "int4", "int8", "bfloat16"}))
      ->capture_default_str();
  app.add_option(
         "--kv", arguments.kv,
         "What attention remembers: everything in float16, everything in int8, or the window of the first 4\n"
         "and the last 1024 positions in float16")
      ->check(CLI::IsMember({"float16", "int8", "window"}))
      ->capture_default_str();
  app.add_flag("--fit-context", arguments.fit_context,
               "Lower the context to what the budgets hold, where --context is too long for them");
  app.add_option(
      "--machine", arguments.machine,
      "Devices in the order in which layers pass them, each with its memory, such as 14GiB,14GiB or\n"
      "800MB,800MB,host:64GiB; by default two of 14 GiB for Mixtral 8x7B, and for other models two with\n"
      "the least that fits, and 5 %");
  app.add_option(
      "--device-map", arguments.device_map,
      "Where the parts go: a JSON file such as transformers writes, the layers of each device, such as\n"
      "14,18, or balanced_low_0: few on the first; by default the devices are equally full");
  app.add_option("--threads", arguments.threads, "Worker threads; by default one for each core")
      ->check(CLI::Range(1, example::DualNf4::limits.threads));
  app.add_option("--context", arguments.context, "Tokens of prompt and answer together")
      ->check(CLI::Range(1, example::DualNf4::limits.context))
      ->capture_default_str();
  app.add_option(
         "--prefill-chunk", arguments.prefill_chunk,
         "Prompt tokens that pass the layers together: more are faster and need more memory; by default 512 for\n"
         "Mixtral 8x7B, 64 for other models")
      ->check(CLI::Range(1, example::DualNf4::limits.prefill_chunk));
  app.add_option("--seed", arguments.seed, "Seed of the draws")->capture_default_str();
  app.add_flag("-q,--quiet", arguments.quiet, "No progress while loading");
  auto& generate = arguments.generate;
  app.add_option("-n,--max-tokens", generate.max_tokens,
                 "Tokens of an answer at most; by default what the checkpoint recommends, else 256")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--temperature", generate.temperature,
                 "0: the most probable token; by default what the checkpoint recommends");
  app.add_option("--top-k", generate.top_k, "Draw from the k best tokens; 0: from all");
  app.add_option("--top-p", generate.top_p, "Draw from the smallest set of this probability");
  app.add_option("--min-p", generate.min_p, "Leave out tokens below this share of the best one's probability");
  app.add_option("--repetition-penalty", generate.repetition_penalty,
                 "Above 1: tokens that occurred become less probable");
  app.add_option("--stop", generate.stop, "A text that ends the answer; may be given several times")
      ->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);
  try {
    if (arguments.prompts.empty() && !arguments.interactive && !arguments.dry_run) {
      arguments.shown = asterism::lab::read_questions(example::shipped("data/questions/shown.jsonl"));
    }
    return example::choose_and_run(arguments, app, interrupt);
  } catch (const std::exception& error) {
    std::cout << std::flush;
    std::cerr << "error: " << error.what() << "\n";
    return interrupt.happened() ? 130 : 1;
  }
}
