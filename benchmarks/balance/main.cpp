// What ways of keeping the load of experts even cost and bring: the same small model learns the same examples with
// each, from random weights of several seeds. Prints loss on held-out examples, and of the last tokens the load, the
// entropy of routers and dead experts.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "asterism/core/format.hpp"
#include "asterism/gating/sigmoid_top_k.hpp"
#include "asterism/observe/balance.hpp"
#include "asterism/train/checkpoint.hpp"
#include "asterism/train/data/packing.hpp"
#include "asterism/train/data/read_examples.hpp"
#include "asterism/train/describe.hpp"
#include "asterism/train/idle_experts.hpp"
#include "asterism/train/initialise.hpp"
#include "asterism/train/run.hpp"
#include "asterism/train/trainer.hpp"

namespace {

using namespace asterism;

struct Softmax : Blueprint {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  static constexpr Limits limits{.context = 512, .prefill_chunk = 64, .threads = 2};
};
struct Sigmoid : Softmax {
  using Gating = gating::SigmoidTopK;
};

struct Small : train::Recipe {
  static constexpr train::AdamW optimizer{.rate = 2e-3F, .beta2 = 0.97F, .decay = 0.05F};
  static constexpr train::LinearFall schedule{.warm_up = 80, .fall = 0.4};
  static constexpr std::int32_t batch = 16, sequence = 512;
};

struct Arguments {
  std::string like;
  std::string data;
  std::string held_out;
  std::uint64_t tokens = 3'000'000;
  std::uint64_t last = 200'000;
  std::int32_t seeds = 3;
  std::int32_t threads = 2;
};

/// One way of keeping the load even.
struct Arm {
  const char* name;
  train::Losses losses;
  bool sigmoid;
};

constexpr Arm arms[] = {{"none", {.balance = 0, .bias = 0}, false},
                        {"Switch loss", {.balance = 0.01F, .bias = 0}, false},
                        {"z-loss", {.balance = 0, .z = 0.001F, .bias = 0}, false},
                        {"Switch and z", {.balance = 0.01F, .z = 0.001F, .bias = 0}, false},
                        {"sigmoid, none", {.balance = 0, .bias = 0}, true},
                        {"loss-free bias", {.balance = 0, .bias = 0.001F}, true}};

/// What one run left, of the worst layer where layers differ.
struct Outcome {
  double held_out = 0;
  double violation = 0;  ///< of all choices of the last tokens together
  double chance = 0;     ///< that of a router without preference
  double entropy = 0;    ///< least of the layers
  std::int32_t dead = 0;
  double seconds = 0;
};

template <class B>
Outcome learn(const Arguments& arguments, const Shape& shape, const Arm& arm, std::int32_t seed,
              const train::Examples& examples, const train::Examples& held_out) {
  train::Numbers<Small> numbers;
  numbers.losses = arm.losses;
  Limits limits = B::limits;
  limits.threads = arguments.threads;
  train::Trainer<B, Small> trainer(shape, Bytes{std::uint64_t{4} << 30U}, limits, numbers);
  train::initialise(trainer.parameters(), shape, {.seed = static_cast<std::uint64_t>(seed), .shared = 0.02F});
  const train::PackingOptions options{
      .rows = train::step_rows<Small>, .batch = static_cast<std::size_t>(Small::batch), .shuffled = false};
  train::Packing packing(examples, options);
  // The schedule ends with the tokens.
  std::vector<std::uint64_t> passed;  // tokens up to the end of each step
  while (passed.empty() || passed.back() < arguments.tokens) {
    passed.push_back((passed.empty() ? 0 : passed.back()) + packing.next().tokens.size);
  }
  packing.seek({});
  const auto steps = static_cast<std::int64_t>(passed.size());
  const std::uint64_t before_last = passed.back() - std::min(arguments.last, passed.back());
  std::int64_t judged = 0;
  train::IdleExperts idle;
  std::vector<double> load;
  std::vector<double> entropies;
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t step = 0; step < steps; ++step) {
    const train::PackedStep batch = packing.next();
    const train::StepReport report = trainer.step({batch.tokens, batch.ends, batch.targets, batch.weights}, steps);
    const std::vector<std::int32_t> now = train::sparse_load(trainer);
    idle.add(now);
    if (passed[static_cast<std::size_t>(step)] <= before_last) continue;
    ++judged;
    load.resize(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) load[i] += now[i];
    entropies.resize(static_cast<std::size_t>(shape.layers));
    const std::vector<double> these = train::sparse_entropies(trainer);
    for (std::size_t i = 0; i < these.size(); ++i) entropies[i] += these[i];
    if (step + 1 == steps) std::fprintf(stderr, "%s, seed %d: loss %.4f\n", arm.name, seed, report.pass.loss);
  }
  Outcome out;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  out.held_out = train::held_out_loss(trainer, held_out, options);
  const auto experts = static_cast<std::size_t>(shape.experts);
  for (std::size_t first = 0; first < load.size(); first += experts) {
    const View<const double> of_layer = View<const double>(load).subview(first, experts);
    out.violation = std::max(out.violation, observe::violation_of(of_layer));
    const double choices = std::accumulate(of_layer.begin(), of_layer.end(), 0.0);
    out.chance = observe::violation_by_chance(choices, experts);
  }
  out.entropy = *std::min_element(entropies.begin(), entropies.end()) / static_cast<double>(judged);
  for (const std::int32_t dead : idle.dead(experts)) out.dead += dead;
  return out;
}

int run(const Arguments& arguments) {
  const Shape mixtral = generate::read_config(arguments.like).shape;
  Shape sigmoid = mixtral;
  sigmoid.architecture = Architecture::sigmoid_mixtral;
  const text::Tokenizer tokenizer = text::Tokenizer::from_file(arguments.like + "/tokenizer.json");
  const train::ReadOptions options{
      .sequence = static_cast<std::size_t>(Small::sequence), .tokenizer = &tokenizer, .before_answer = " "};
  const train::Examples examples = train::read_examples(arguments.data, options).examples;
  const train::Examples held_out = train::read_examples(arguments.held_out, options).examples;
  std::vector<std::vector<std::string>> rows = {
      {"way", "seed", "held-out", "MaxVio", "chance", "entropy", "dead", "tokens/s"}};
  for (const Arm& arm : arms) {
    for (std::int32_t seed = 1; seed <= arguments.seeds; ++seed) {
      const Outcome out = arm.sigmoid ? learn<Sigmoid>(arguments, sigmoid, arm, seed, examples, held_out)
                                      : learn<Softmax>(arguments, mixtral, arm, seed, examples, held_out);
      rows.push_back({arm.name, concat(seed), fixed(out.held_out, 4), fixed(out.violation, 3),
                      fixed(out.chance, 3), fixed(out.entropy, 3), concat(out.dead),
                      fixed(static_cast<double>(arguments.tokens) / out.seconds, 0)});
    }
  }
  for (const std::vector<std::string>& row : rows) {
    std::string line = pad_right(row[0], 16);
    for (std::size_t i = 1; i < row.size(); ++i) line += pad_left(row[i], i == 1 ? 5 : 9);
    std::cout << line << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Compares ways of keeping the load of experts even"};
  app.add_option("checkpoint", arguments.like, "Folder with config.json and tokenizer.json")->required();
  app.add_option("data", arguments.data, "Examples in JSON Lines, in order")->required();
  app.add_option("held-out", arguments.held_out, "Examples whose loss is measured")->required();
  app.add_option("--tokens", arguments.tokens, "Tokens of each run")->capture_default_str();
  app.add_option("--last", arguments.last, "Tokens at the end of which routers are judged")->capture_default_str();
  app.add_option("--seeds", arguments.seeds, "Runs of each way")->capture_default_str();
  app.add_option("--threads", arguments.threads, "Threads")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "balance: " << error.what() << "\n";
    return 1;
  }
}
