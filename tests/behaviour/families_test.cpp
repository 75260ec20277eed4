// Qwen3-MoE, Qwen3-Next, Llama and Mistral in fp32 against Hugging Face's classes, from real files: logits, greedy
// answers, the residual stream and the routers' scores after every layer, in every form that transformers writes.
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/engine/engine.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/quant/float32.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/golden.hpp"
#include "support/relative_difference.hpp"

using namespace asterism;

namespace {

/// The probabilities of every routed layer and position, and the experts chosen.
struct Scores {
  std::vector<std::vector<float>> probabilities;  // by layer, (positions, experts)
  std::vector<std::vector<std::int32_t>> routes;  // by layer, (positions, top_k)

  void begin(std::int32_t layers, std::int32_t /*experts*/, std::int32_t /*top_k*/) {
    probabilities.resize(static_cast<std::size_t>(layers));
    routes.resize(static_cast<std::size_t>(layers));
  }
  void scored(std::int32_t layer, std::int32_t /*position*/, View<const float> all) {
    auto& to = probabilities[static_cast<std::size_t>(layer)];
    to.insert(to.end(), all.begin(), all.end());
  }
  void routed(std::int32_t layer, std::int32_t /*position*/, std::int32_t expert, float /*weight*/) {
    routes[static_cast<std::size_t>(layer)].push_back(expert);
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes /*bytes*/) {}
};

struct Exact : Blueprint {
  static constexpr Limits limits{.context = 4224, .batch = 1, .prefill_chunk = 48, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
  using Observer = Scores;
};

using Types = model::Assembly<Exact>;

const char* const names[] = {"qwen3_moe_plain",
                             "qwen3_moe_fused",
                             "qwen3_moe_dense_list",
                             "qwen3_moe_dense_step",
                             "qwen3_moe_old",
                             "llama_plain",
                             "llama3_scaled",
                             "llama_bias_tied",
                             "llama_bf16_shards",
                             "llama_old",
                             "mistral_plain",
                             "mistral_window",
                             "mistral_default_window",
                             "mistral_tied_bf16",
                             "mistral_old",
                             "qwen3_next_plain",
                             "qwen3_next_ratio3",
                             "qwen3_next_equal_heads",
                             "qwen3_next_interval_bf16",
                             "qwen3_next_dense_bias",
                             "qwen3_next_old_mtp"};

/// How far from transformers', of the largest value: a state sums over all positions in another order.
double tolerance(const std::string& name) { return name.starts_with("qwen3_next") ? 1e-3 : 2e-4; }

/// Passes a prompt layer by layer; calls f(layer, rows) with the residual stream behind each, (tokens, hidden).
template <class F>
void each_layer(const engine::Engine<Exact>& engine, const std::vector<TokenId>& prompt, Scores& scores, F&& f) {
  const auto lock = engine.lock_workspace();
  const auto& network = engine.network();
  auto& device = *engine.devices()[0];
  const auto& workspace = lock.workspace().layers(0);
  Types::Caches caches(engine.devices(), engine.plan(), engine.shape(), engine.limits());
  scores.begin(engine.shape().sparse_layers().size(), engine.shape().experts, engine.shape().top_k);
  const auto hidden = workspace.hidden.rows_at(0, prompt.size());
  device.embed(network.embedding(), View<const TokenId>(prompt), hidden);
  device.rotary_tables(0, engine.shape().rope(), workspace.tables.rows_at(0, prompt.size()));
  const std::vector<Types::Segment> segments = {{&caches, &scores, 0, prompt.size()}};
  for (std::int32_t layer = 0; layer < engine.shape().layers; ++layer) {
    network.blocks()[static_cast<std::size_t>(layer)].forward(device, segments, hidden, workspace);
    std::vector<float> rows;
    for (std::size_t i = 0; i < hidden.rows(); ++i) {
      rows.insert(rows.end(), hidden.view.row(i).begin(), hidden.view.row(i).end());
    }
    f(layer, rows);
  }
}

}  // namespace

TEST_CASE("fp32 logits and greedy answers of three families equal Hugging Face's") {
  for (const std::string name : names) {
    CAPTURE(name);
    const test::Golden golden("expected/" + name + ".safetensors");
    const auto model = load<Exact>(test::golden_model(name));
    auto session = model.session();
    for (const int length : {1, 2, 7, 33, 64, 200, 4100}) {  // the last one where a window of 4096 is to be seen
      const std::string suffix = "_" + std::to_string(length);
      if (length == 4100 && !golden.has("logits" + suffix)) continue;
      CAPTURE(length);
      const auto expected = golden.values<float>("logits" + suffix);
      std::vector<float> found = session.logits(golden.values<TokenId>("prompt" + suffix));
      found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(expected.size()));
      CHECK(test::relative_difference(found, expected) < tolerance(name));
    }
    const auto expected = golden.values<TokenId>("greedy_tokens");
    GenerateOptions options;
    options.max_tokens = static_cast<std::int32_t>(expected.size());
    options.stop_at_eos = false;
    CHECK(session.generate_tokens(golden.values<TokenId>("greedy_prompt"), options) == expected);
  }
}

TEST_CASE("the residual stream and the routers' choices after every layer are Hugging Face's") {
  for (const std::string name : names) {
    CAPTURE(name);
    const test::Golden golden("expected/" + name + ".safetensors");
    const auto model = load<Exact>(test::golden_model(name));
    const Shape& shape = model.shape();
    const auto expected = golden.values<float>("hidden_33");
    const std::size_t size = 33 * static_cast<std::size_t>(shape.hidden);
    REQUIRE(expected.size() == size * static_cast<std::size_t>(shape.layers));
    Scores scores;
    each_layer(model.engine(), golden.values<TokenId>("prompt_33"), scores,
               [&](std::int32_t layer, const std::vector<float>& rows) {
                 CAPTURE(layer);
                 const auto at = expected.begin() + static_cast<std::ptrdiff_t>(size) * layer;
                 const std::vector<float> wanted(at, at + static_cast<std::ptrdiff_t>(size));
                 CHECK(test::relative_difference(rows, wanted) < tolerance(name));
               });
    CHECK(golden.has("routes_33") == (shape.experts > 0));
    if (shape.experts == 0) continue;
    const auto layers = golden.values<std::int32_t>("sparse_layers");
    LayerSet sparse;
    for (const std::int32_t layer : layers) sparse.insert(layer);
    CHECK(sparse == shape.sparse_layers());
    std::vector<std::int32_t> routes;
    for (const auto& of_layer : scores.routes) routes.insert(routes.end(), of_layer.begin(), of_layer.end());
    CHECK(routes == golden.values<std::int32_t>("routes_33"));
    const auto logits = golden.values<float>("router_logits_33");
    const auto experts = static_cast<std::size_t>(shape.experts);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      std::vector<float> wanted(logits.begin() + static_cast<std::ptrdiff_t>(l * 33 * experts),
                                logits.begin() + static_cast<std::ptrdiff_t>((l + 1) * 33 * experts));
      for (std::size_t row = 0; row < 33; ++row) {  // softmax, as the observer hears it
        float* const at = wanted.data() + row * experts;
        const float most = *std::max_element(at, at + experts);
        double sum = 0;
        for (std::size_t e = 0; e < experts; ++e) sum += std::exp(double{at[e]} - most);
        for (std::size_t e = 0; e < experts; ++e) at[e] = static_cast<float>(std::exp(double{at[e]} - most) / sum);
      }
      CHECK(test::relative_difference(scores.probabilities[l], wanted) < tolerance(name));
    }
  }
}
