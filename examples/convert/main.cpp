// Writes a checkpoint as a GGUF file.
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/file/path.hpp>
#include <asterism/generate/gguf_recipe.hpp>
#include <asterism/generate/write_gguf.hpp>
#include <asterism/load.hpp>
#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"

namespace {

using namespace asterism;

/// Throws where writing would destroy something that was not given up.
void check_target(const std::string& from, const std::string& to, bool replace) {
  namespace fs = std::filesystem;
  if (!to.ends_with(".gguf"))
    throw example::OptionError(to + " is to be a GGUF file: give it a name that ends in .gguf");
  if (!fs::exists(to)) return;
  if (fs::exists(from) && fs::equivalent(from, to)) {
    throw InvalidArgument(to + " is the source itself; give another file");
  }
  if (!replace || !fs::is_regular_file(to)) {
    throw InvalidArgument(to + " exists already; give another file, or --replace to write over it");
  }
}

}  // namespace

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    std::string from;
    std::string to;
    std::string recipe;
    bool without_tokenizer = false;
    bool replace = false;
    bool quiet = false;
    CLI::App app(
        "Writes a checkpoint as a GGUF file: matrices in 16 or 32 bits as they are or quantized by a recipe, "
        "vectors and routers in float32, with tokenizer and chat template. Memory: some rows of weights. The file "
        "appears when it is complete.",
        "convert");
    app.footer(concat("Examples:\n  convert Mixtral-8x7B-Instruct-v0.1 mixtral.gguf\n",
                      "  convert Mixtral-8x7B-Instruct-v0.1 mixtral-q4.gguf --recipe Q4_K_M\n\n",
                      example::exit_statuses));
    app.add_option("from", from, "Folder of the checkpoint: config.json, *.safetensors")
        ->required()
        ->option_text("FOLDER");
    app.add_option("to", to, "File to write, NAME.gguf")->required()->option_text("FILE");
    app.add_option("--recipe", recipe, "Quantize matrices as llama.cpp does: " + generate::GgufRecipe::names())
        ->option_text("NAME");
    app.add_flag("--without-tokenizer", without_tokenizer,
                 "Leave out tokenizer and chat template: such a file takes token ids alone");
    app.add_flag("--replace", replace, "Write over a file that is there; never over the source");
    app.add_flag("-q,--quiet", quiet, "No progress, no summary");
    if (const auto status = example::parse(app, argc, argv)) return *status;
    ProgressBar bar;
    ProgressSink silence;
    example::InterruptibleProgress progress(quiet ? silence : static_cast<ProgressSink&>(bar), interrupt);
    check_target(from, to, replace);
    write_gguf(from, to, progress, {.tokenizer = !without_tokenizer, .recipe = recipe});
    if (!quiet) {
      example::tell(concat("wrote ", to, ": ", to_string(Bytes{std::filesystem::file_size(to)}), "\n"));
    }
    return example::Status::done;
  });
}
