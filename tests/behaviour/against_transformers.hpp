// Models in fp32 against Hugging Face's classes, from real files: logits, greedy answers, the residual stream and the
// routers' scores after every layer.
#pragma once

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

namespace asterism::test {

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

/// All in float32, and heard. A variant for other experts derives from it.
struct ExactScores : Blueprint {
  static constexpr Limits limits{.context = 4224, .batch = 1, .prefill_chunk = 48, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
  using Observer = Scores;
};

/// Passes a prompt layer by layer; calls f(layer, rows) with the residual stream behind each, (tokens, hidden).
template <class B, class F>
void each_layer(const engine::Engine<B>& engine, const std::vector<TokenId>& prompt, Scores& scores, F&& f) {
  using Types = model::Assembly<B>;
  const auto lock = engine.lock_workspace();
  const auto& network = engine.network();
  auto& device = *engine.devices()[0];
  const auto& workspace = lock.workspace().layers(0);
  typename Types::Caches caches(engine.devices(), engine.plan(), engine.shape(), engine.limits());
  scores.begin(engine.shape().sparse_layers().size(), engine.shape().experts, engine.shape().top_k);
  const auto hidden = workspace.hidden.rows_at(0, prompt.size());
  device.embed(network.embedding(), View<const TokenId>(prompt), hidden);
  device.rotary_tables(0, engine.shape().rope(), workspace.tables.rows_at(0, prompt.size()));
  const std::vector<typename Types::Segment> segments = {{&caches, &scores, 0, prompt.size()}};
  for (std::int32_t layer = 0; layer < engine.shape().layers; ++layer) {
    network.blocks()[static_cast<std::size_t>(layer)].forward(device, segments, hidden, workspace);
    std::vector<float> rows;
    for (std::size_t i = 0; i < hidden.rows(); ++i) {
      rows.insert(rows.end(), hidden.view.row(i).begin(), hidden.view.row(i).end());
    }
    f(layer, rows);
  }
}

/// The logits of all prompts of a golden checkpoint, within `tolerance` of the largest, and its greedy answer.
template <class B>
void check_logits_and_answer(const std::string& name, double tolerance) {
  CAPTURE(name);
  const Golden golden("expected/" + name + ".safetensors");
  const auto model = load<B>(golden_model(name));
  auto session = model.session();
  for (const int length : {1, 2, 7, 33, 64, 200, 4100}) {  // the last one where a window of 4096 is to be seen
    const std::string suffix = "_" + std::to_string(length);
    if (length == 4100 && !golden.has("logits" + suffix)) continue;
    CAPTURE(length);
    const auto expected = golden.values<float>("logits" + suffix);
    std::vector<float> found = session.logits(golden.values<TokenId>("prompt" + suffix));
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(expected.size()));
    CHECK(relative_difference(found, expected) < tolerance);
  }
  const auto expected = golden.values<TokenId>("greedy_tokens");
  GenerateOptions options;
  options.max_tokens = static_cast<std::int32_t>(expected.size());
  options.stop_at_eos = false;
  CHECK(session.generate_tokens(golden.values<TokenId>("greedy_prompt"), options) == expected);
}

/// The residual stream and the routers' scores after every layer.
template <class B>
void check_layers(const std::string& name, double tolerance) {
  CAPTURE(name);
  const Golden golden("expected/" + name + ".safetensors");
  const auto model = load<B>(golden_model(name));
  const Shape& shape = model.shape();
  const auto expected = golden.values<float>("hidden_33");
  const std::size_t size = 33 * static_cast<std::size_t>(shape.hidden);
  REQUIRE(expected.size() == size * static_cast<std::size_t>(shape.layers));
  Scores scores;
  each_layer<B>(model.engine(), golden.values<TokenId>("prompt_33"), scores,
                [&](std::int32_t layer, const std::vector<float>& rows) {
                  CAPTURE(layer);
                  const auto at = expected.begin() + static_cast<std::ptrdiff_t>(size) * layer;
                  const std::vector<float> wanted(at, at + static_cast<std::ptrdiff_t>(size));
                  CHECK(relative_difference(rows, wanted) < tolerance);
                });
  CHECK(golden.has("routes_33") == (shape.experts > 0));
  if (shape.experts == 0) return;
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
    CHECK(relative_difference(scores.probabilities[l], wanted) < tolerance);
  }
}

}  // namespace asterism::test
