// What a model tells of itself: recommended options, end tokens, memory.
#include "asterism/generate/language_model.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/decoding/sampler.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/tuning.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::check_error;
using test::contains;
using test::Exact;
using test::golden_model;

namespace {

using Model = LanguageModel<Exact>;

/// A model with the sizes of "plain", without weights, and with this generation_config.json.
Model configured(const std::string& generation, std::size_t devices = 1) {
  CheckpointExtras extras{.config = checkpoint::read_model_config(golden_model("plain")),
                          .generation = checkpoint::parse_generation_config(generation, "generation_config.json"),
                          .tokenizer = {},
                          .chat_template = {}};
  const Shape shape = extras.config.shape;
  return {Model::Engine(plan<Exact>(equal_devices(devices, 2_MiB), shape), shape, Exact::limits),
          std::move(extras)};
}

GenerateOptions recommended(const std::string& generation) {
  const GenerateOptions options = configured(generation).recommended();
  CHECK_NOTHROW(generate::Sampler::check(options));
  return options;
}

}  // namespace

TEST_CASE("what generation_config.json recommends") {
  const GenerateOptions none = recommended("{}");
  CHECK(none.temperature == 0);
  CHECK(none.repetition_penalty == 1);
  CHECK(none.max_tokens == GenerateOptions{}.max_tokens);

  const GenerateOptions sampling = recommended(R"({"do_sample": true})");  // transformers' own defaults
  CHECK(sampling.temperature == 1);
  CHECK(sampling.top_k == 50);
  CHECK(sampling.top_p == 1);
  CHECK(sampling.min_p == 0);

  const GenerateOptions all = recommended(
      R"({"do_sample": true, "temperature": 0.6, "top_k": 0, "top_p": 0.9, "min_p": 0.05, "repetition_penalty": 1.1,
          "max_new_tokens": 33})");
  CHECK(all.temperature == 0.6F);
  CHECK(all.top_k == 0);
  CHECK(all.top_p == 0.9F);
  CHECK(all.min_p == 0.05F);
  CHECK(all.repetition_penalty == 1.1F);
  CHECK(all.max_tokens == 33);

  // Without do_sample the filters of sampling do not count, the penalty does.
  const GenerateOptions greedy =
      recommended(R"({"temperature": 0.6, "top_k": 7, "repetition_penalty": 0.9, "max_new_tokens": 5000})");
  CHECK(greedy.temperature == 0);
  CHECK(greedy.top_k == 0);
  CHECK(greedy.repetition_penalty == 0.9F);
  CHECK(greedy.max_tokens == 160);  // no more than the context

  const GenerateOptions lengths =
      recommended(R"({"min_new_tokens": 9, "max_new_tokens": 5, "exponential_decay_length_penalty": [3, 1.5]})");
  CHECK(lengths.min_new_tokens == 5);  // no more than max_tokens
  CHECK(lengths.exponential_decay_length_penalty->start == 3);
  CHECK(lengths.exponential_decay_length_penalty->factor == 1.5F);

  // The ends of what the file may say are options that the sampler takes.
  const GenerateOptions narrow = recommended(
      R"({"do_sample": true, "temperature": 1000000, "top_p": 0, "min_p": 1, "repetition_penalty": 1000000})");
  std::vector<float> logits = {1, 3, 2};
  CHECK(generate::Sampler(3).filter(logits, {}, narrow).size == 1);
  recommended(R"({"do_sample": true, "temperature": 0, "top_k": 2147483647, "repetition_penalty": 0.000001})");
}

TEST_CASE("end tokens are those of generation_config.json, else of config.json") {
  CHECK(configured("{}").end_tokens() == std::vector<TokenId>{2});
  CHECK(configured(R"({"eos_token_id": 7})").end_tokens() == std::vector<TokenId>{7});
  CHECK(configured(R"({"eos_token_id": [7, 2]})").end_tokens() == std::vector<TokenId>{7, 2});
}

TEST_CASE("a checkpoint without tokenizer.json has none, and says so where one is needed") {
  const Model model = configured("{}");
  CHECK_FALSE(model.has_tokenizer());
  check_error<FileError>([&] { static_cast<void>(model.tokenizer()); }, {"tokenizer.json"});
  check_error<FileError>([&] { static_cast<void>(model.chat_template()); }, {"chat template"});
}

TEST_CASE("one pass at a time: another thread waits, the same one is told") {
  const Model model = configured("{}");
  std::atomic<bool> entered = false;
  std::jthread other;
  {
    const auto lock = model.engine().lock_workspace();
    CHECK(lock.workspace().head().logits.rows() == 16);
    check_error<InvalidArgument>([&] { model.engine().lock_workspace(); }, {"under way in this thread"});
    other = std::jthread([&] {
      const auto later = model.engine().lock_workspace();
      entered = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_FALSE(entered);
  }
  other.join();
  CHECK(entered);
  CHECK_NOTHROW(model.engine().lock_workspace());
}

TEST_CASE("the memory report tells plan and high water of every device, and what runs it") {
  const Model model = configured("{}", 2);
  const auto line_of = [](const std::string& report, const std::string& beginning) {
    const std::size_t begin = report.find(beginning);
    if (begin == std::string::npos) return std::string();
    return report.substr(begin, report.find('\n', begin) - begin);
  };
  const std::string before = model.memory_report();
  {
    const auto one = model.session();
    const auto two = model.session();
    CHECK(model.session().tokens().empty());  // the budgets have room for a third one
  }
  const std::string report = model.memory_report();
  CAPTURE(report);
  for (std::size_t d = 0; d < 2; ++d) {
    CHECK(contains(report, concat("device ", d, ": layer")));
    const std::string line = line_of(report, concat("device ", d, ": planned "));
    CHECK(contains(line, to_string(model.plan().peak(d))));
    CHECK(contains(line, "high water " + to_string(model.devices()[d]->arena().high_water())));
    CHECK(contains(line, "in use now " + to_string(model.devices()[d]->arena().used())));
    CHECK(line_of(before, concat("device ", d, ": planned ")) != line);
  }
  CHECK(contains(report, concat("instruction set ", simd::name(simd::level()), " tuned by ", simd::tuning().source,
                                " (", simd::to_string(simd::tuning().tuning), "), ")));
  CHECK(contains(report, " threads, experts and attention float32, embedding float32, head float32"));
  for (const char* part :
       {"experts", "attention", "KV cache", "routers", "workspace", "head", "peak", "headroom"}) {
    CHECK(contains(report, part));
  }
}

TEST_CASE("two sessions use exactly what the plan says") {
  const Model model = configured("{}", 2);
  const auto one = model.session();
  const auto two = model.session();
  for (std::size_t d = 0; d < 2; ++d) CHECK(model.devices()[d]->arena().high_water() == model.plan().peak(d));
}
