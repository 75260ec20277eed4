// Names and slices of the tensors of a Mixtral checkpoint.
#include "asterism/checkpoint/huggingface/weight_location.hpp"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/edited_checkpoint.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::model::Role;
using asterism::model::WeightId;
using asterism::test::golden_model;

namespace {

using Sizes = std::vector<std::uint64_t>;

void check(const WeightId& id, const Shape& shape, ExpertLayout layout, const char* name, const Sizes& sizes,
           std::uint64_t first) {
  const WeightLocation found = locate(id, shape, layout);
  CAPTURE(name);
  CHECK(found.name == name);
  CHECK(found.shape == sizes);
  CHECK(found.first == first);
}

}  // namespace

TEST_CASE("the tensors of Mixtral 8x7B") {
  constexpr Shape shape = shapes::mixtral_8x7b;
  constexpr auto separate = ExpertLayout::separate;
  constexpr auto fused = ExpertLayout::fused;
  check({Role::embedding}, shape, separate, "model.embed_tokens.weight", {32000, 4096}, 0);
  check({Role::head}, shape, separate, "lm_head.weight", {32000, 4096}, 0);
  check({Role::final_norm}, shape, separate, "model.norm.weight", {4096}, 0);
  check({Role::attention_norm, 31}, shape, separate, "model.layers.31.input_layernorm.weight", {4096}, 0);
  check({Role::feed_forward_norm, 0}, shape, separate, "model.layers.0.post_attention_layernorm.weight", {4096},
        0);
  check({Role::query, 7}, shape, separate, "model.layers.7.self_attn.q_proj.weight", {4096, 4096}, 0);
  check({Role::key, 7}, shape, separate, "model.layers.7.self_attn.k_proj.weight", {1024, 4096}, 0);
  check({Role::value, 7}, shape, fused, "model.layers.7.self_attn.v_proj.weight", {1024, 4096}, 0);
  check({Role::output, 7}, shape, fused, "model.layers.7.self_attn.o_proj.weight", {4096, 4096}, 0);
  check({Role::router, 2}, shape, separate, "model.layers.2.block_sparse_moe.gate.weight", {8, 4096}, 0);
  check({Role::gate, 2, 5}, shape, separate, "model.layers.2.block_sparse_moe.experts.5.w1.weight", {14336, 4096},
        0);
  check({Role::up, 2, 5}, shape, separate, "model.layers.2.block_sparse_moe.experts.5.w3.weight", {14336, 4096},
        0);
  check({Role::down, 2, 5}, shape, separate, "model.layers.2.block_sparse_moe.experts.5.w2.weight", {4096, 14336},
        0);
  constexpr std::uint64_t matrix = 14336ULL * 4096;
  const Sizes both = {8, 28672, 4096};
  check({Role::router, 2}, shape, fused, "model.layers.2.mlp.gate.weight", {8, 4096}, 0);
  check({Role::gate, 2, 5}, shape, fused, "model.layers.2.mlp.experts.gate_up_proj", both, 10 * matrix);
  check({Role::up, 2, 5}, shape, fused, "model.layers.2.mlp.experts.gate_up_proj", both, 11 * matrix);
  check({Role::down, 2, 5}, shape, fused, "model.layers.2.mlp.experts.down_proj", {8, 4096, 14336}, 5 * matrix);

  Shape tied = shape;
  tied.tied_head = true;
  check({Role::head}, tied, separate, "model.embed_tokens.weight", {32000, 4096}, 0);
  Shape narrow = shape;  // heads * head_dim is not hidden
  narrow.head_dim = 96;
  check({Role::query, 0}, narrow, separate, "model.layers.0.self_attn.q_proj.weight", {3072, 4096}, 0);
  check({Role::output, 0}, narrow, separate, "model.layers.0.self_attn.o_proj.weight", {4096, 3072}, 0);
  check({Role::value, 0}, narrow, separate, "model.layers.0.self_attn.v_proj.weight", {768, 4096}, 0);
}

TEST_CASE("the tensors of Qwen3-30B-A3B and of dense layers") {
  Shape shape = shapes::qwen3_30b_a3b;
  constexpr auto separate = ExpertLayout::separate;
  constexpr auto fused = ExpertLayout::fused;
  check({Role::query_norm, 3}, shape, separate, "model.layers.3.self_attn.q_norm.weight", {128}, 0);
  check({Role::key_norm, 3}, shape, fused, "model.layers.3.self_attn.k_norm.weight", {128}, 0);
  check({Role::query_bias, 3}, shape, separate, "model.layers.3.self_attn.q_proj.bias", {4096}, 0);
  check({Role::key_bias, 3}, shape, separate, "model.layers.3.self_attn.k_proj.bias", {512}, 0);
  check({Role::value_bias, 3}, shape, separate, "model.layers.3.self_attn.v_proj.bias", {512}, 0);
  check({Role::output_bias, 3}, shape, separate, "model.layers.3.self_attn.o_proj.bias", {2048}, 0);
  check({Role::router, 3}, shape, separate, "model.layers.3.mlp.gate.weight", {128, 2048}, 0);
  check({Role::gate, 3, 9}, shape, separate, "model.layers.3.mlp.experts.9.gate_proj.weight", {768, 2048}, 0);
  check({Role::up, 3, 9}, shape, separate, "model.layers.3.mlp.experts.9.up_proj.weight", {768, 2048}, 0);
  check({Role::down, 3, 9}, shape, separate, "model.layers.3.mlp.experts.9.down_proj.weight", {2048, 768}, 0);
  check({Role::up, 3, 9}, shape, fused, "model.layers.3.mlp.experts.gate_up_proj", {128, 1536, 2048},
        19ULL * 768 * 2048);
  shape.dense_layers.insert(3);
  shape.dense_ffn = 6144;
  check({Role::dense_gate, 3}, shape, fused, "model.layers.3.mlp.gate_proj.weight", {6144, 2048}, 0);
  check({Role::dense_down, 3}, shape, separate, "model.layers.3.mlp.down_proj.weight", {2048, 6144}, 0);
  check({Role::dense_up, 31}, shapes::llama3_8b, separate, "model.layers.31.mlp.up_proj.weight", {14336, 4096}, 0);
}

TEST_CASE("the tensors of Qwen3-Next-80B-A3B") {
  constexpr Shape shape = shapes::qwen3_next_80b_a3b;
  constexpr auto separate = ExpertLayout::separate;
  constexpr auto fused = ExpertLayout::fused;
  check({Role::query, 3}, shape, separate, "model.layers.3.self_attn.q_proj.weight", {8192, 2048}, 0);
  check({Role::query_norm, 3}, shape, separate, "model.layers.3.self_attn.q_norm.weight", {256}, 0);
  check({Role::output, 47}, shape, separate, "model.layers.47.self_attn.o_proj.weight", {2048, 4096}, 0);
  const std::string linear = "model.layers.2.linear_attn.";
  for (const Role role : {Role::linear_qkv, Role::linear_gate}) {
    check({role, 2}, shape, separate, (linear + "in_proj_qkvz.weight").c_str(), {12288, 2048}, 0);
  }
  check({Role::linear_beta_decay, 2}, shape, fused, (linear + "in_proj_ba.weight").c_str(), {64, 2048}, 0);
  check({Role::linear_convolution, 2}, shape, fused, (linear + "conv1d.weight").c_str(), {8192, 1, 4}, 0);
  check({Role::linear_decay_rate, 2}, shape, separate, (linear + "A_log").c_str(), {32}, 0);
  check({Role::linear_decay_bias, 2}, shape, separate, (linear + "dt_bias").c_str(), {32}, 0);
  check({Role::linear_norm, 2}, shape, separate, (linear + "norm.weight").c_str(), {128}, 0);
  check({Role::linear_output, 2}, shape, separate, (linear + "out_proj.weight").c_str(), {2048, 4096}, 0);
  const std::string mlp = "model.layers.2.mlp.";
  check({Role::shared_router, 2}, shape, fused, (mlp + "shared_expert_gate.weight").c_str(), {1, 2048}, 0);
  check({Role::shared_down, 2}, shape, fused, (mlp + "shared_expert.down_proj.weight").c_str(), {2048, 512}, 0);
  check({Role::up, 2, 9}, shape, fused, (mlp + "experts.gate_up_proj").c_str(), {512, 1024, 2048},
        19ULL * 512 * 2048);

  const auto transform = [&](Role role, std::int32_t layer) {
    return locate({role, layer}, shape, separate).transform;
  };
  CHECK(transform(Role::attention_norm, 2) == model::Transform::plus_one);
  CHECK(transform(Role::query_norm, 3) == model::Transform::plus_one);
  CHECK(transform(Role::final_norm, -1) == model::Transform::plus_one);
  CHECK(transform(Role::linear_norm, 2) == model::Transform::none);
  CHECK(transform(Role::linear_decay_rate, 2) == model::Transform::minus_exponential);
  const WeightLocation stored = as_stored(locate({Role::linear_gate, 2}, shape, separate));
  CHECK(stored.rows.in_order());
  CHECK(as_stored(locate({Role::final_norm}, shape, separate)).transform == model::Transform::none);
}

TEST_CASE("the weights cover the tensors that transformers wrote, each element once") {
  for (const char* name : {"plain", "one_kv_head", "many_experts", "fused", "odd_sizes", "demo"}) {
    CAPTURE(name);
    const TensorStore store(golden_model(name));
    const Shape shape = read_model_config(golden_model(name)).shape;
    const ExpertLayout layout = expert_layout(store, shape);
    CHECK((layout == ExpertLayout::fused) == (std::string(name) == "fused"));
    std::map<std::string, std::uint64_t> covered;
    model::for_each_weight_id(shape, !shape.tied_head, [&](const WeightId& id) {
      const WeightLocation found = locate(id, shape, layout);
      CAPTURE(found.name);
      const TensorInfo& tensor = store.at(found.name);
      CHECK(tensor.shape == found.shape);
      std::uint64_t elements = tensor.elements;
      if (found.shape.size() == 3) {
        elements = static_cast<std::uint64_t>(shape.ffn) * static_cast<std::uint64_t>(shape.hidden);
      }
      CHECK(found.first + elements <= tensor.elements);
      if (found.shape.size() != 3) CHECK(found.first == 0);
      covered[found.name] += elements;
    });
    CHECK(covered.size() == store.tensors().size());
    for (const TensorInfo& tensor : store.tensors()) CHECK(covered[tensor.name] == tensor.elements);
  }
}
