// PEFT's configuration: ranks and scales by pattern, and what is refused by name.
#include "asterism/checkpoint/peft_config.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using checkpoint::PeftConfig;

namespace {

PeftConfig read(const std::string& more) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "adapter_config.json",
                   R"({"peft_type": "LORA", "r": 4, "lora_alpha": 8)" + (more.empty() ? "" : ", " + more) + "}");
  return checkpoint::read_peft_config(folder.path());
}

std::string refused(const std::string& more) {
  try {
    read(more);
  } catch (const Unsupported& error) {
    return error.what();
  }
  return "read";
}

/// The rank of a module, 4 unless the pattern matches, then 7.
std::int32_t rank_by(const std::string& pattern, const std::string& module) {
  return PeftConfig{.rank = 4, .ranks = {{pattern, 7}}}.rank_of(module);
}

}  // namespace

TEST_CASE("what PEFT writes is read") {
  const PeftConfig config = read(
      R"("use_rslora": true, "base_model_name_or_path": "base", "target_modules": ["q_proj", "v_proj"],
         "modules_to_save": ["gate"], "rank_pattern": {"q_proj": 2}, "alpha_pattern": {".*\\.gate_up_proj": 16},
         "target_parameters": ["mlp.experts.gate_up_proj", "down_proj"], "loftq_config": {}, "bias": "none")");
  CHECK(config.rank == 4);
  CHECK(config.alpha == 8);
  CHECK(config.rank_stabilised);
  CHECK(config.base == "base");
  CHECK(config.targets == std::vector<std::string>{"q_proj", "v_proj"});
  CHECK(config.whole == std::vector<std::string>{"gate"});
  CHECK(config.rank_of("model.layers.0.self_attn.q_proj") == 2);
  CHECK(config.rank_of("model.layers.0.self_attn.v_proj") == 4);
  CHECK(config.alpha_of("model.layers.0.mlp.experts.gate_up_proj") == 16);
  CHECK(config.alpha_of("model.layers.0.mlp.experts.down_proj") == 8);
  CHECK(config.scale(4, 8) == 4);
  CHECK(PeftConfig{}.scale(4, 8) == 2);
  CHECK(read(R"("target_modules": "all-linear", "modules_to_save": null, "rank_pattern": null)").targets ==
        std::vector<std::string>{"all-linear"});
}

TEST_CASE("patterns match as Python's do, whole names or what follows a dot") {
  const std::string module = "model.layers.12.self_attn.q_proj";
  for (const char* pattern : {"q_proj", "self_attn.q_proj", R"(self_attn\.q_proj)", R"(.*\.q_proj)", ".*q_proj",
                              "model.*", R"(^model\..*)", R"(layers\.\d+\.self_attn\.q_proj)",
                              R"(layers\.\d\d\..*)", "q_pro+j", "qx*_proj", "..proj", ".+proj"}) {
    CAPTURE(pattern);
    CHECK(rank_by(pattern, module) == 7);
  }
  for (const char* pattern :
       {"k_proj", "proj", "attn.q_proj", "^q_proj", "q_pro", R"(layers\.\d\.self_attn\.q_proj)",
        "layers.1.self_attn.q_proj", "q_proj.+", "qx+_proj", "q.proj.", ""}) {
    CAPTURE(pattern);
    CHECK(rank_by(pattern, module) == 4);
  }
  for (const char* pattern :
       {"(q|k)_proj", "[qk]_proj", "q_proj$", R"(\w_proj)", "q{1}", "a?b", "*a", "a**", "a^", R"(a\)"}) {
    CAPTURE(pattern);
    CHECK_THROWS_WITH_AS(rank_by(pattern, module), doctest::Contains("the pattern '"), Unsupported);
  }
  const PeftConfig two{.rank = 4, .ranks = {{"q_proj", 2}, {"self_attn.*", 3}}};
  CHECK_THROWS_WITH_AS(two.rank_of(module),
                       doctest::Contains("'q_proj' and 'self_attn.*' both match model.layers.12.self_attn.q_proj, "
                                         "with 2 and 3"),
                       Unsupported);
  CHECK(two.rank_of("model.layers.12.self_attn.k_proj") == 3);
}

TEST_CASE("what is no plain LoRA is refused by name") {
  const auto names = [](const std::string& more, const std::string& word) {
    CAPTURE(more);
    CHECK(refused(more).find(word) != std::string::npos);
  };
  names(R"("use_dora": true)", "use_dora is true");
  names(R"("lora_bias": true)", "lora_bias is true");
  names(R"("bias": "all")", "bias is all");
  names(R"("modules_to_save": ["gate", "lm_head"])", "modules_to_save has lm_head");
  names(R"("target_parameters": ["mlp.gate.weight"])", "target_parameters has mlp.gate.weight");
  names(R"("layers_to_transform": [1])", "layers_to_transform is set");
  names(R"("init_lora_weights": "pissa")", "init_lora_weights is \"pissa\"");
  CHECK(refused(R"("use_rslora": true)") == "read");
  CHECK_THROWS_WITH_AS(read(R"("rank_pattern": {"q_proj": 0})"), doctest::Contains("q_proj"), FormatError);
}
