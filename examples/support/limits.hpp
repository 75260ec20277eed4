// The limits of a run, as a command line gives them, and what can be found wrong before gigabytes are read.
#pragma once

#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/file/path.hpp>
#include <asterism/load.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "command_line.hpp"

namespace example {

using namespace asterism;

constexpr std::int32_t default_context = 4096;

/// What a command line says of limits; 0 where it says nothing.
struct LimitArguments {
  std::int32_t context = 0;
  std::int32_t prefill_chunk = 0;
  std::int32_t threads = 0;
};

/// Declares --context, --prefill-chunk and --threads, each up to the compiled limit.
inline void declare(CLI::App& app, LimitArguments& arguments, const Limits& most) {
  app.add_option("--context", arguments.context,
                 concat("Tokens of prompt and answer together: 1 to ", most.context,
                        ", and at most what the model was made for; by default ", default_context,
                        ", or what model and memory hold where that is less. A shorter one needs less memory"))
      ->check(CLI::Range(1, most.context))
      ->option_text("TOKENS");
  app.add_option("--prefill-chunk", arguments.prefill_chunk,
                 concat("Prompt tokens that pass the layers together, 1 to ", most.prefill_chunk,
                        ": more are faster and need more memory; by default 512 for Mixtral 8x7B, 64 for others"))
      ->check(CLI::Range(1, most.prefill_chunk))
      ->option_text("TOKENS");
  app.add_option("--threads", arguments.threads,
                 concat("Worker threads, 1 to ", most.threads, "; by default one for each core"))
      ->check(CLI::Range(1, most.threads))
      ->option_text("N");
}

/// `most`, the compiled limits, lowered to what was asked for or is the default for a model of `shape`. OptionError for
/// a context that the model was not made for.
inline Limits chosen_limits(const LimitArguments& arguments, const Limits& most, const Shape& shape) {
  Limits limits = most;
  const std::int32_t longest = std::min(most.context, shape.max_positions);
  if (arguments.context > longest) {
    throw OptionError(concat("--context ", arguments.context, ": this model takes 1 to ", longest));
  }
  limits.context = arguments.context > 0 ? arguments.context : std::min(default_context, longest);
  limits.prefill_chunk = shape == shapes::mixtral_8x7b ? 512 : 64;
  if (arguments.prefill_chunk > 0) limits.prefill_chunk = arguments.prefill_chunk;
  const auto cores = static_cast<std::int32_t>(parallel::Threads::default_threads());
  limits.threads = arguments.threads > 0 ? arguments.threads : std::min(cores, limits.threads);
  return limits;
}

/// Throws where this machine or the checkpoint can answer no prompt: FileError without a tokenizer, and what the chat
/// template throws if questions are to go through it.
inline void check_answerable(const std::string& checkpoint, bool chat) {
  simd::level();
  CheckpointExtras::require_tokenizer(checkpoint);
  if (!chat) return;
  const std::vector<text::Message> probe = {{"user", "Hello"}};
  if (checkpoint::is_gguf(checkpoint)) {
    CheckpointExtras::read(checkpoint, generate::read_config(checkpoint)).required_chat_template().render(probe);
  } else {
    text::ChatTemplate::from_directory(checkpoint).render(probe);
  }
}

}  // namespace example
