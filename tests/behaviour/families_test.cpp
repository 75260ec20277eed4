// Qwen3-MoE, Qwen3-Next, Llama and Mistral in fp32 against Hugging Face's classes, in every form that transformers
// writes.
#include <string>

#include <doctest/doctest.h>

#include "behaviour/against_transformers.hpp"

using namespace asterism;
using test::ExactScores;

namespace {

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

}  // namespace

TEST_CASE("fp32 logits and greedy answers of four families equal Hugging Face's") {
  for (const std::string name : names) test::check_logits_and_answer<ExactScores>(name, tolerance(name));
}

TEST_CASE("the residual stream and the routers' choices after every layer are Hugging Face's") {
  for (const std::string name : names) test::check_layers<ExactScores>(name, tolerance(name));
}
