// Quantize once: writes a checkpoint in 4 bits, which loads without quantizing again.
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/generate/quantize_checkpoint.hpp>
#include <asterism/generate/write_experts.hpp>
#include <asterism/load.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"

namespace {

using namespace asterism;

/// Scales as bitsandbytes chooses them.
struct Standard : Blueprint {};

/// Scales of either sign that minimise the squared error within the same layout.
struct LeastError : Blueprint {
  using Quantization = quant::Nf4<64, quant::DoubleQuantized, quant::SignedLeastSquares>;
};

/// Throws where writing would destroy something that was not given up.
void check_target(const std::string& from, const std::string& to, bool replace) {
  namespace fs = std::filesystem;
  if (!fs::exists(to)) return;
  if (fs::exists(from) && fs::equivalent(from, to)) {
    throw InvalidArgument(to + " is the source itself; give another folder");
  }
  if (!replace && !(fs::is_directory(to) && fs::is_empty(to))) {
    throw InvalidArgument(to + " exists already; give another folder, or --replace to write over it");
  }
}

/// Throws where a file would be overwritten that was not given up.
void check_file(const std::string& path, bool replace) {
  if (!std::filesystem::exists(path)) return;
  if (!replace || !std::filesystem::is_regular_file(path)) {
    throw InvalidArgument(path + " exists already; give another file, or --replace to write over it");
  }
}

/// A line on tensors that the model does not use and that are therefore not written; empty where there are none.
std::string left_out(const std::string& from, Architecture architecture) {
  const checkpoint::PassedOver passed = checkpoint::passed_over(checkpoint::TensorStore(from), architecture);
  if (passed.tensors == 0) return {};
  return concat("left out ", passed.tensors, " tensors of ", passed.prefix, "* (", to_string(passed.bytes),
                "): the model does not use them\n");
}

/// Writes the checkpoint in the formats of B, and returns a line on what was written.
template <class B>
std::string run(const std::string& from, const std::string& to, ProgressSink& progress, bool again) {
  for (const std::string& name : quantize_checkpoint<B>(from, to, progress, 2_GB, again)) {
    example::tell(concat("removed ", name, ", which a run that was killed had left\n"));
  }
  Bytes size{};
  for (const auto& file : std::filesystem::directory_iterator(to)) size += Bytes{file.file_size()};
  return concat("wrote ", to, ": ", to_string(size), "; ", B::Quantization::name(), "; embedding ",
                B::Embedding::name(), ", head ", B::Head::name(), "\n");
}

/// Writes the experts of the checkpoint to a file of their own, and returns a line on it.
template <class B>
std::string spill(const std::string& from, const std::string& path, ProgressSink& progress, bool again) {
  write_experts<B>(from, path, progress, again);
  return concat("wrote ", path, ": ", to_string(Bytes{std::filesystem::file_size(path)}), " of experts; ",
                B::Quantization::name(), "\n");
}

}  // namespace

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    std::string from;
    std::string to;
    std::string experts;
    bool least_squares = false;
    bool again = false;
    bool replace = false;
    bool quiet = false;
    CLI::App app(
        "Writes a checkpoint in 4 bits (NF4, double-quantized scales, bitsandbytes' layout): attention "
        "and "
        "experts in 4 bits, embedding and head in bfloat16, norms and routers in float32. Memory: about 2 GB, "
        "whatever the size of the model. The target folder appears when it is complete.",
        "quantize");
    app.footer(concat("Example:\n  quantize Mixtral-8x7B-Instruct-v0.1 Mixtral-8x7B-Instruct-v0.1-nf4\n\n",
                      example::exit_statuses));
    app.add_option("from", from, "Folder of the checkpoint: config.json, *.safetensors")
        ->required()
        ->option_text("FOLDER");
    app.add_option("to", to, "Folder to write; may be left out with --experts")->option_text("FOLDER");
    app.add_option(
           "--experts", experts,
           "Write the experts in 4 bits to this file, as they lie in memory: for reading them from a disk one "
           "by one")
        ->option_text("FILE");
    app.add_flag("--least-squares", least_squares,
                 "Choose scales that minimise the squared error (8.3 % instead of 9.2 % on Gaussian weights); the "
                 "same size and layout, slower to write");
    app.add_flag("--quantize-again", again,
                 "Take a checkpoint that is quantized in another format: decode it and quantize it again");
    app.add_flag("--replace", replace,
                 "Write over a checkpoint that is in the target folder; never over the source");
    app.add_flag("-q,--quiet", quiet, "No progress, no summary");
    if (const auto status = example::parse(app, argc, argv)) return *status;
    ProgressBar bar;
    ProgressSink silence;
    example::InterruptibleProgress progress(quiet ? silence : static_cast<ProgressSink&>(bar), interrupt);
    if (to.empty() && experts.empty())
      throw example::OptionError("give a folder to write, or --experts; see --help");
    if (to.empty() && least_squares) {
      throw example::OptionError(
          "--least-squares chooses the scales of a checkpoint: give a folder to write, too");
    }
    if (!experts.empty()) check_file(experts, replace);
    std::string written;
    if (!to.empty()) {
      const Architecture architecture = generate::read_config(from).shape.architecture;
      check_target(from, to, replace);
      written = (least_squares ? run<LeastError> : run<Standard>)(from, to, progress, again);
      written = left_out(from, architecture) + written;
    }
    // Of what was written, where anything was: its scales are chosen.
    if (!experts.empty()) written += spill<Standard>(to.empty() ? from : to, experts, progress, again);
    if (!quiet) example::tell(written);
    return example::Status::done;
  });
}
