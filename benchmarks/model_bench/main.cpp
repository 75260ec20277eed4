// Builds a model of a given shape and format with random weights, and measures prefill and decode beside this
// machine's read bandwidth.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress_bar.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/shape/catalogue.hpp"

#include "measurement.hpp"
#include "report.hpp"
#include "variants.hpp"

namespace model_bench {

struct NamedShape {
  const char* name;
  const char* what;
  Shape shape;
};

constexpr Shape shape_of(std::int32_t vocabulary, std::int32_t hidden, std::int32_t layers, std::int32_t heads,
                         std::int32_t kv_heads, std::int32_t ffn, std::int32_t experts) {
  Shape shape = shapes::mixtral_8x7b;
  shape.vocabulary = vocabulary;
  shape.hidden = hidden;
  shape.layers = layers;
  shape.heads = heads;
  shape.kv_heads = kv_heads;
  shape.head_dim = hidden / heads;
  shape.ffn = ffn;
  shape.experts = experts;
  return shape;
}

constexpr NamedShape named_shapes[] = {
    {"m", "hidden 2048, ffn 7168, 16 layers, 8 experts: 3.1 to 3.4 GB in 4 bits",
     shape_of(32000, 2048, 16, 16, 4, 7168, 8)},
    {"qwen3_next", "Qwen3-Next-80B-A3B: 39 GiB in 4 bits; with --layers 8: 7.5 GB", shapes::qwen3_next_80b_a3b},
    {"qwen3_30b", "Qwen3-30B-A3B: 16 GiB in 4 bits", shapes::qwen3_30b_a3b},
    {"llama3_8b", "Llama 3.1 8B: 5 GiB in 4 bits", shapes::llama3_8b},
    {"mixtral_8x7b", "Mixtral 8x7B: 24 GiB in 4 bits", shapes::mixtral_8x7b},
    {"tiny", "a smoke test: less than 1 MiB", shape_of(512, 64, 2, 4, 2, 128, 4)},
};

/// A size of the shape that has a flag of its own.
struct Size {
  const char* flag;
  const char* what;
  std::int32_t Shape::*member;
  std::int32_t value = 0;  ///< 0: as in the shape
};

struct Arguments {
  std::string shape = "m";
  std::vector<Size> sizes = {{"--hidden", "Width of the residual stream", &Shape::hidden},
                             {"--ffn", "Width inside an expert", &Shape::ffn},
                             {"--layers", "Decoder blocks", &Shape::layers},
                             {"--heads", "Query heads", &Shape::heads},
                             {"--kv-heads", "Key/value heads; divides the query heads", &Shape::kv_heads},
                             {"--head-dim", "Width of a head; even", &Shape::head_dim},
                             {"--vocabulary", "Rows of embedding and head", &Shape::vocabulary},
                             {"--experts", "Experts of a layer", &Shape::experts},
                             {"--top-k", "Experts that a token is sent to", &Shape::top_k}};
  std::string format = "nf4";
  Choices choices;
  std::string json;
  bool quiet = false;
  Task task{.prefill = {128, 512}};
};

/// The shape of the name with the sizes that were given.
Shape chosen_shape(const Arguments& arguments) {
  Shape shape = std::ranges::find(named_shapes, arguments.shape, &NamedShape::name)->shape;
  for (const Size& size : arguments.sizes) {
    if (size.value > 0) shape.*size.member = size.value;
  }
  const LayerSet layers = LayerSet::range(0, shape.layers);
  shape.linear_layers = shape.linear_layers & layers;
  shape.dense_layers = shape.dense_layers & layers;
  if (shape.heads % shape.kv_heads != 0 || shape.head_dim % 2 != 0 || shape.top_k > shape.experts) {
    throw InvalidArgument(
        concat("no such model: ", shape.heads, " heads and ", shape.kv_heads, " KV heads of ", shape.head_dim,
               ", top ", shape.top_k, " of ", shape.experts,
               " experts; KV heads divide the heads, their width is even, and no more experts are "
               "chosen than there are"));
  }
  return shape;
}

int run(Arguments& arguments) {
  Task& task = arguments.task;
  task.shape = chosen_shape(arguments);
  if (!arguments.json.empty()) file::NewFile(arguments.json, 0);  // before the work, not after it
  ProgressBar bar;
  ProgressSink silence;
  const Format& format = *std::ranges::find(formats, arguments.format, &Format::name);
  const Measure measure = format.with(arguments.choices);
  const Measurement measured = measure(task, arguments.quiet ? silence : static_cast<ProgressSink&>(bar));
  std::cout << text_report(task, measured) << std::flush;
  if (!arguments.json.empty()) file::write_text_file(arguments.json, json_report(task, measured));
  return std::cout && unused_experts(measured.usage) == 0 ? 0 : 1;
}

template <class Named>
std::vector<std::string> names_of(const Named& all) {
  std::vector<std::string> names;
  for (const auto& one : all) names.emplace_back(one.name);
  return names;
}

/// A line for each choice of an option.
template <class Named>
std::string listed(std::string text, const Named& all) {
  for (const auto& one : all) text += concat("\n  ", pad_right(one.name, 14), one.what);
  return text;
}

int parse_and_run(int argc, char** argv) {
  Arguments arguments;
  Task& task = arguments.task;
  const auto cores = static_cast<std::int32_t>(parallel::Threads::default_threads());
  task.threads = cores;
  CLI::App app(
      "Builds a Mixture-of-Experts model with random weights and measures it: prefill (a prompt passes through\n"
      "the model together) and decode (token after token, drawn from the logits, from an empty context). Shows\n"
      "tokens a second, and what share of the read bandwidth, measured in the same run, decode makes use of.");
  app.footer(
      "Weights are normal values through the formats' own encoders, and the router decides: the use of experts\n"
      "is shown. A model that does not fit into free memory is refused before anything is built.\n\n"
      "Examples:\n"
      "  model_bench --threads 2\n"
      "  model_bench --quantization int8 --head bfloat16 --layers 8 --json int8.json\n"
      "  model_bench --shape mixtral_8x7b --layers 4 --prefill 512 --decode 128\n"
      "  model_bench --shape tiny --repetitions 1 --quiet\n\n"
      "Run it on a quiet machine; ASTERISM_SIMD=avx2, say, chooses the instruction set.\n"
      "Exit status: 0 done, 1 an error (on standard error) or an expert that decode never used, above 100 a "
      "wrong\n"
      "option.");
  app.add_option("--shape", arguments.shape,
                 listed("A shape, of which the next options change sizes:", named_shapes))
      ->check(CLI::IsMember(names_of(named_shapes)))
      ->capture_default_str();
  for (Size& size : arguments.sizes)
    app.add_option(size.flag, size.value, size.what)->check(CLI::Range(1, 1 << 24));
  app.add_option("--quantization", arguments.format, listed("Format of experts and attention:", formats))
      ->check(CLI::IsMember(names_of(formats)))
      ->capture_default_str();
  app.add_option("--head", arguments.choices.head,
                 "Format of head and embedding: that of the experts, or bfloat16")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(head_formats), std::end(head_formats))))
      ->capture_default_str();
  app.add_option("--kv", arguments.choices.kv, "Format of the key/value cache")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kv_formats), std::end(kv_formats))))
      ->capture_default_str();
  app.add_option("--activations", arguments.choices.activations,
                 "How activations meet weights of 4 and 8 bits: as 8-bit integers, or exact")
      ->check(
          CLI::IsMember(std::vector<std::string>(std::begin(activation_policies), std::end(activation_policies))))
      ->capture_default_str();
  app.add_option("--threads", task.threads, "Worker threads; by default one for each core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--repetitions", task.repetitions, "How often everything is measured, after a warm-up")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--prefill", task.prefill, "Lengths of prompts, separated by commas")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--decode", task.decode, "Tokens of an answer")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--seed", task.seed, "Of weights, prompts and draws")->capture_default_str();
  app.add_option("--json", arguments.json, "Write everything that was measured to this file");
  app.add_flag("-q,--quiet", arguments.quiet, "No progress");
  CLI11_PARSE(app, argc, argv);
  return run(arguments);
}

}  // namespace model_bench

int main(int argc, char** argv) {
  try {
    return model_bench::parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::cout << std::flush;
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
