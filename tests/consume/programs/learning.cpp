// The memory of a training run, and one step of it.
#include <asterism/train.hpp>
#include <cstdio>
#include <vector>

using namespace asterism;

struct Tiny : Blueprint {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  static constexpr Limits limits{.context = 16, .prefill_chunk = 16, .threads = 1};
  static constexpr Shape shape{.vocabulary = 32,
                               .hidden = 16,
                               .layers = 1,
                               .heads = 2,
                               .kv_heads = 2,
                               .head_dim = 8,
                               .ffn = 16,
                               .experts = 4,
                               .top_k = 2,
                               .max_positions = 16,
                               .tied_head = true};
};
struct Short : train::Recipe {
  static constexpr std::int32_t batch = 1, sequence = 8;
};

int main() {
  train::Trainer<Tiny, Short> trainer(Tiny::shape, 64_MiB);
  for (const train::Parameter& parameter : trainer.parameters()) {
    float value = 0;
    for (float& weight : parameter.values()) weight = 0.1F + 0.01F * (value += 1.0F);
  }
  const std::vector<TokenId> tokens{1, 2, 3, 4}, targets{2, 3, 4, 5};
  const std::vector<float> weights(4, 1.0F);
  const std::vector<std::uint32_t> ends{4};
  const train::StepReport report = trainer.step({tokens, ends, targets, weights}, 1);
  std::printf("%s, loss %.2f\n", to_string(trainer.plan().total()).c_str(), report.pass.loss);
  return report.pass.loss > 0 && trainer.devices()[0]->arena().high_water() == trainer.plan().total() ? 0 : 1;
}
