// More than 1 GiB of weights: what the process really grows by against the plan, and what the loader needs beside
// it.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/bfloat16.hpp"

using namespace asterism;

namespace {

struct Wide : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 128, .threads = 2};
  using Quantization = quant::BFloat16;
};

constexpr Shape shape{.architecture = Architecture::mixtral,
                      .vocabulary = 8000,
                      .hidden = 1024,
                      .layers = 6,
                      .heads = 16,
                      .kv_heads = 4,
                      .head_dim = 64,
                      .ffn = 3584,
                      .experts = 8,
                      .top_k = 2,
                      .max_positions = 256};

/// A value of /proc/self/status, in bytes.
std::uint64_t status(const std::string& key) {
  std::ifstream file("/proc/self/status");
  std::string word;
  std::uint64_t kib = 0;
  while (file >> word) {
    if (word == key + ":") {
      file >> kib;
      return kib * 1024;
    }
  }
  return 0;
}

/// Random bf16 weights of `shape` in shards, written by the toolkit's own writer.
void write_checkpoint(const std::string& folder) {
  std::vector<checkpoint::TensorDeclaration> tensors;
  model::for_each_weight_id(shape, true, [&](const model::WeightId& id) {
    const auto location = checkpoint::locate(id, shape, checkpoint::ExpertLayout::separate);
    tensors.push_back({location.name, checkpoint::DType::bf16, location.shape});
  });
  checkpoint::CheckpointWriter writer(folder, std::move(tensors), 500_MB);
  Random random(11);
  std::vector<std::uint16_t> block(1U << 20U);
  for (std::uint16_t& value : block) {
    // bf16 in +-[2^-6, 2^-4): sign, five exponents, random mantissa
    const std::uint64_t bits = random();
    value = static_cast<std::uint16_t>(((bits & 1U) << 15U) | ((121U + (bits >> 1U) % 2U) << 7U) |
                                       ((bits >> 8U) & 127U));
  }
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
    for (std::uint64_t done = 0; done < tensor.bytes;) {
      const std::uint64_t piece = std::min<std::uint64_t>(tensor.bytes - done, block.size() * 2);
      writer.write(tensor.name,
                   {reinterpret_cast<const std::byte*>(block.data()), static_cast<std::size_t>(piece)});
      done += piece;
    }
  }
  writer.write_text(
      "config.json",
      concat(R"({"model_type":"mixtral","architectures":["MixtralForCausalLM"],"hidden_act":"silu",)",
             R"("vocab_size":)", shape.vocabulary, R"(,"hidden_size":)", shape.hidden, R"(,"num_hidden_layers":)",
             shape.layers, R"(,"num_attention_heads":)", shape.heads, R"(,"num_key_value_heads":)", shape.kv_heads,
             R"(,"head_dim":)", shape.head_dim, R"(,"intermediate_size":)", shape.ffn, R"(,"num_local_experts":)",
             shape.experts, R"(,"num_experts_per_tok":)", shape.top_k, R"(,"max_position_embeddings":)",
             shape.max_positions, R"(,"rms_norm_eps":1e-5,"rope_theta":1e6,"tie_word_embeddings":false})"));
  writer.finish();
}

/// The most memory that the process held beyond the weights filled so far. Source and target are bfloat16, so the bytes
/// that progress counts are those filled.
class LoadPeak : public ProgressSink {
 public:
  LoadPeak() : before_(status("VmRSS")), watcher_([this](const std::stop_token& stop) { watch(stop); }) {}

  void advance(std::uint64_t done, std::string_view /*item*/) override { filled_ = done; }

  std::uint64_t beside() {
    watcher_.request_stop();
    watcher_.join();
    return most_;
  }

 private:
  void watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const std::uint64_t filled = filled_;  // read first: what is filled meanwhile counts against the loader
      const std::uint64_t resident = status("VmRSS");
      if (resident > before_ + filled) most_ = std::max(most_, resident - before_ - filled);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::uint64_t before_;
  std::atomic<std::uint64_t> filled_{0};
  std::uint64_t most_ = 0;
  std::jthread watcher_;
};

}  // namespace

TEST_CASE("resident memory grows by the plan, and loading needs one tensor and 64 MiB beside it") {
  const std::filesystem::path place = std::filesystem::temp_directory_path() / "asterism_memory_test";
  std::filesystem::remove_all(place);
  if (std::filesystem::space(place.parent_path()).available < 4'000'000'000U) {
    MESSAGE("skipped: less than 4 GB free in the temporary folder");
    return;
  }
  write_checkpoint(place.string());

  const std::uint64_t anonymous_before = status("RssAnon");
  LoadPeak peak;
  LoadOptions options;
  options.machine = equal_devices(2, 4_GiB);
  options.progress = &peak;
  const auto model = load<Wide>(place.string(), options);
  const placement::Plan& plan = model.plan();
  std::uint64_t weights = 0;
  for (std::size_t d = 0; d < 2; ++d) weights += model.devices()[d]->arena().used().count;
  REQUIRE(weights > (1_GiB).count);
  std::uint64_t largest_tensor = 0;
  const checkpoint::TensorStore store(place.string());
  for (const checkpoint::TensorInfo& tensor : store.tensors()) {
    largest_tensor = std::max(largest_tensor, tensor.bytes);
  }
  const std::uint64_t beside = peak.beside();
  MESSAGE("weights " << to_string(Bytes{weights}) << ", loading needed " << to_string(Bytes{beside})
                     << " beside them; largest tensor " << to_string(Bytes{largest_tensor}));
  CHECK(beside < largest_tensor + (64_MiB).count);

  auto session = model.session();
  std::vector<TokenId> prompt;
  Random random(3);
  for (int i = 0; i < 256; ++i) prompt.push_back(static_cast<TokenId>(random.below(8000)));
  CHECK(session.log_probabilities(prompt).size() == 255);  // fills the caches and the whole workspace

  std::uint64_t planned = 0;
  std::uint64_t high_water = 0;
  for (std::size_t d = 0; d < 2; ++d) {
    planned += plan.peak(d).count;
    high_water += model.devices()[d]->arena().high_water().count;
  }
  const auto grown = static_cast<double>(status("RssAnon") - anonymous_before);
  MESSAGE("planned " << to_string(Bytes{planned}) << ", high water " << to_string(Bytes{high_water})
                     << ", resident growth " << to_string(Bytes{static_cast<std::uint64_t>(grown)}));
  CHECK(static_cast<double>(high_water) > 0.99 * static_cast<double>(planned));
  CHECK(high_water <= planned);
  CHECK(grown > 0.98 * static_cast<double>(planned));
  CHECK(grown < 1.02 * static_cast<double>(planned));
  std::filesystem::remove_all(place);
}
