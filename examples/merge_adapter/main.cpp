// Writes a checkpoint with an adapter added to its weights.
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/train/merge.hpp>
#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    std::string base;
    std::string adapter;
    std::string to;
    bool quiet = false;
    CLI::App app(
        "Writes a checkpoint with an adapter added to its weights, W + scale B A, in float32: a model of its own. "
        "Memory: one matrix, and the adapters of a layer. The folder appears when it is complete.",
        "merge_adapter");
    app.footer(
        asterism::concat("Example:\n  merge_adapter examples/small_mixtral/checkpoint \\\n    "
                         "examples/assistant/personas/REASON reason\n\n",
                         example::exit_statuses));
    app.add_option("base", base, "Folder of the checkpoint: config.json, *.safetensors")
        ->required()
        ->option_text("FOLDER");
    app.add_option("adapter", adapter, "Folder of the adapter, as PEFT or train writes it")
        ->required()
        ->option_text("FOLDER");
    app.add_option("to", to, "Folder to write, which must not be there")->option_text("FOLDER");
    app.add_flag("-q,--quiet", quiet, "No progress, no summary");
    if (const auto status = example::parse(app, argc, argv)) return *status;
    if (to.empty()) throw example::OptionError("give a folder to write; see --help");
    if (std::filesystem::exists(to)) throw asterism::InvalidArgument(to + " exists already; give another folder");
    asterism::ProgressBar bar;
    asterism::ProgressSink silence;
    example::InterruptibleProgress progress(quiet ? silence : static_cast<asterism::ProgressSink&>(bar),
                                            interrupt);
    asterism::train::merge_adapter(base, adapter, to, progress);
    if (!quiet) example::tell(asterism::concat("wrote ", to, "\n"));
    return example::Status::done;
  });
}
