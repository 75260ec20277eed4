// config.json of Qwen3-Next.
#include <initializer_list>
#include <string>
#include <vector>

#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/config_text.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

namespace {

const test::ConfigText small{{"model_type", "\"qwen3_next\""}, {"architectures", "[\"Qwen3NextForCausalLM\"]"},
                             {"vocab_size", "100"},            {"hidden_size", "64"},
                             {"intermediate_size", "96"},      {"moe_intermediate_size", "32"},
                             {"num_hidden_layers", "5"},       {"num_attention_heads", "4"},
                             {"num_key_value_heads", "2"},     {"num_experts", "4"},
                             {"num_experts_per_tok", "2"},     {"head_dim", "32"},
                             {"linear_num_key_heads", "2"},    {"linear_num_value_heads", "6"},
                             {"linear_key_head_dim", "8"},     {"linear_value_head_dim", "16"},
                             {"linear_conv_kernel_dim", "3"},  {"shared_expert_intermediate_size", "48"},
                             {"norm_topk_prob", "true"},       {"max_position_embeddings", "512"},
                             {"decoder_sparse_step", "1"},     {"mlp_only_layers", "[]"},
                             {"partial_rotary_factor", "0.5"}};

Shape shape_with(std::string_view key, std::string_view value) { return small.parse_with(key, value).shape; }

LayerSet layers(std::initializer_list<std::int32_t> all) {
  LayerSet set;
  for (const std::int32_t layer : all) set.insert(layer);
  return set;
}

/// layer_types of five layers: an l for each linear one.
std::string types(std::string_view letters) {
  std::string text = "[";
  for (const char letter : letters) {
    text += text.size() > 1 ? "," : "";
    text += letter == 'l' ? "\"linear_attention\"" : "\"full_attention\"";
  }
  return text + "]";
}

}  // namespace

TEST_CASE("the released Qwen3-Next-80B-A3B is read") {
  const ModelConfig config = parse_model_config(
      R"({"architectures":["Qwen3NextForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
          "bos_token_id":151643,"decoder_sparse_step":1,"eos_token_id":151645,"full_attention_interval":4,
          "head_dim":256,"hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,"intermediate_size":5120,
          "linear_conv_kernel_dim":4,"linear_key_head_dim":128,"linear_num_key_heads":16,
          "linear_num_value_heads":32,"linear_value_head_dim":128,"max_position_embeddings":262144,
          "mlp_only_layers":[],"model_type":"qwen3_next","moe_intermediate_size":512,"norm_topk_prob":true,
          "num_attention_heads":16,"num_experts":512,"num_experts_per_tok":10,"num_hidden_layers":48,
          "num_key_value_heads":2,"output_router_logits":false,"partial_rotary_factor":0.25,"rms_norm_eps":1e-06,
          "rope_scaling":null,"rope_theta":10000000,"router_aux_loss_coef":0.001,
          "shared_expert_intermediate_size":512,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
          "transformers_version":"4.57.0.dev0","use_cache":true,"use_sliding_window":false,"vocab_size":151936})",
      "f");
  CHECK(config.shape == shapes::qwen3_next_80b_a3b);
  CHECK(config.bos == 151643);
  CHECK(config.eos == std::vector<TokenId>{151645});
  CHECK(!config.pad);
  CHECK(config.dtype == "bfloat16");
  CHECK(config.assumed.empty());
}

TEST_CASE("what transformers 5 writes of a Qwen3-Next model is read") {
  const ModelConfig config = parse_model_config(
      R"({"attention_bias":true,"bos_token_id":null,"decoder_sparse_step":2,"dtype":"float32","eos_token_id":[3,4],
          "head_dim":8,"hidden_act":"silu","hidden_size":16,"intermediate_size":40,"layer_types":["full_attention",
          "linear_attention","full_attention"],"linear_conv_kernel_dim":2,"linear_key_head_dim":4,
          "linear_num_key_heads":3,"linear_num_value_heads":3,"linear_value_head_dim":6,
          "max_position_embeddings":64,"mlp_only_layers":[],"model_type":"qwen3_next","moe_intermediate_size":24,
          "norm_topk_prob":false,"num_attention_heads":4,"num_experts":6,"num_experts_per_tok":2,
          "num_hidden_layers":3,"num_key_value_heads":2,"pad_token_id":null,"rms_norm_eps":1e-05,
          "rope_parameters":{"partial_rotary_factor":0.5,"rope_theta":5000.0,"rope_type":"default"},
          "shared_expert_intermediate_size":20,"tie_word_embeddings":true,"vocab_size":48})",
      "f");
  Shape expected;
  expected.architecture = Architecture::qwen3_next;
  expected.vocabulary = 48;
  expected.hidden = 16;
  expected.layers = 3;
  expected.heads = 4;
  expected.kv_heads = 2;
  expected.head_dim = 8;
  expected.rotary_dim = 4;
  expected.attention_gate = true;
  expected.attention_bias = true;
  expected.qk_norm = true;
  expected.ffn = 24;
  expected.experts = 6;
  expected.top_k = 2;
  expected.normalised_top_k = false;
  expected.linear_layers = layers({1});
  expected.delta_net = {.key_heads = 3, .value_heads = 3, .key_width = 4, .value_width = 6, .kernel = 2};
  expected.shared_ffn = 20;
  expected.dense_layers = layers({0, 2});
  expected.dense_ffn = 40;
  expected.max_positions = 64;
  expected.tied_head = true;
  expected.rope_theta = 5e3;
  expected.rms_epsilon = 1e-5;
  CHECK(config.shape == expected);
  CHECK(!config.bos);
  CHECK(config.eos == std::vector<TokenId>{3, 4});
}

TEST_CASE("absent fields have the defaults of Qwen3NextConfig") {
  const ModelConfig config = parse_model_config(R"({"model_type":"qwen3_next"})", "f");
  Shape expected = shapes::qwen3_next_80b_a3b;
  expected.max_positions = 32768;
  expected.rope_theta = 1e4;
  CHECK(config.shape == expected);
  CHECK(!config.bos);
  CHECK(config.eos.empty());
  const std::string assumed = assumed_sizes(config);
  for (const char* size : {"head_dim 256", "linear_num_key_heads 16", "linear_num_value_heads 32",
                           "linear_key_head_dim 128", "linear_value_head_dim 128", "linear_conv_kernel_dim 4",
                           "shared_expert_intermediate_size 512", "num_experts 512", "num_experts_per_tok 10"}) {
    CHECK(assumed.find(size) != std::string::npos);
  }
  CHECK(assumed.find(", intermediate_size") == std::string::npos);
  const ModelConfig mixed = parse_model_config(R"({"model_type":"qwen3_next","mlp_only_layers":[1]})", "f");
  CHECK(mixed.shape.dense_ffn == 5632);
}

TEST_CASE("the list of layers counts, else the interval") {
  CHECK(shape_with("layer_types", "").linear_layers == layers({0, 1, 2, 4}));
  CHECK(shape_with("layer_types", "null").linear_layers == layers({0, 1, 2, 4}));
  CHECK(shape_with("full_attention_interval", "2").linear_layers == layers({0, 2, 4}));
  CHECK(shape_with("full_attention_interval", "5").linear_layers == layers({0, 1, 2, 3}));
  CHECK(shape_with("full_attention_interval", "6").linear_layers == layers({0, 1, 2, 3, 4}));
  CHECK(shape_with("layer_types", types("flffl")).linear_layers == layers({1, 4}));
  std::string both = small.with("layer_types", types("lffff"));
  both.insert(1, R"("full_attention_interval":2,)");
  CHECK(parse_model_config(both, "f").shape.linear_layers == layers({0}));
  CHECK(shape_with("layer_types", types("lffff")).delta_net ==
        DeltaNetSizes{.key_heads = 2, .value_heads = 6, .key_width = 8, .value_width = 16, .kernel = 3});
}

TEST_CASE("a model without linear layers has nothing of them in its shape") {
  const Shape shape = shape_with("full_attention_interval", "1");
  CHECK(shape.linear_layers.empty());
  CHECK(shape.delta_net == DeltaNetSizes{});
  CHECK(shape_with("layer_types", types("fffff")) == shape);
  CHECK(shape.attention_gate);
}

TEST_CASE("a model all of whose layers are dense has nothing of experts in its shape") {
  const Shape shape = shape_with("mlp_only_layers", "[0,1,2,3,4]");
  CHECK(shape.experts == 0);
  CHECK(shape.ffn == 0);
  CHECK(shape.shared_ffn == 0);
  CHECK(shape.dense_ffn == 96);
  CHECK(shape_with("mlp_only_layers", "[1]").shared_ffn == 48);
  CHECK(shape_with("decoder_sparse_step", "6") == shape);
  CHECK(shape_with("num_experts", "0") == shape);
}

TEST_CASE("fields that other architectures lack") {
  CHECK(shape_with("partial_rotary_factor", "").rotary_dim == 8);
  CHECK(shape_with("partial_rotary_factor", "0.5").rotary_dim == 16);
  CHECK(shape_with("partial_rotary_factor", "1").rotary_dim == 0);
  CHECK(shape_with("rope_parameters", R"({"partial_rotary_factor":0.5,"rope_theta":7})").rope_theta == 7);
  CHECK(shape_with("head_dim", "").head_dim == 256);
  CHECK(shape_with("norm_topk_prob", "").normalised_top_k);
  CHECK(!shape_with("norm_topk_prob", "false").normalised_top_k);
  CHECK(shape_with("attention_bias", "true").attention_bias);
  CHECK(!shape_with("attention_bias", "").attention_bias);
  CHECK(shape_with("linear_num_value_heads", "2").delta_net.value_heads == 2);
  CHECK(shape_with("linear_key_head_dim", "256").delta_net.key_width == 256);
  CHECK(shape_with("linear_conv_kernel_dim", "16").delta_net.kernel == 16);
  CHECK(shape_with("use_sliding_window", "false").sliding_window == 0);
}

TEST_CASE("wrong values are refused by field") {
  for (const std::string_view key :
       {"vocab_size", "hidden_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "num_experts_per_tok", "max_position_embeddings", "decoder_sparse_step", "head_dim",
        "full_attention_interval", "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim",
        "linear_value_head_dim", "linear_conv_kernel_dim", "shared_expert_intermediate_size"}) {
    small.refuse<FormatError>(key, {"0", "-1", "64.0", "\"64\"", "null", "[64]", "2147483648"});
  }
  small.refuse<FormatError>("linear_num_value_heads", {"1", "3", "7"}, "no multiple of linear_num_key_heads 2");
  small.refuse<FormatError>("linear_key_head_dim", {"257"});
  small.refuse<FormatError>("linear_conv_kernel_dim", {"1", "17"});
  small.refuse<FormatError>("partial_rotary_factor", {"0", "-0.5", "1.5", "0.03", "0.3", "\"0.5\""});
  small.refuse<FormatError>("layer_types", {"{}", "[1,1,1,1,1]", types("ffff"), types("llllll"), "[]"});
  small.refuse<FormatError>("norm_topk_prob", {"null", "1"});
  check_error<FormatError>(
      [] {
        parse_model_config(
            R"({"model_type":"qwen3_next","linear_num_value_heads":4096,"linear_value_head_dim":65536})", "f");
      },
      {"f: ", "linear_num_value_heads * linear_value_head_dim", "at most 16777216"});
  check_error<FormatError>(
      [] {
        parse_model_config(
            R"({"model_type":"qwen3_next","hidden_size":1048576,"num_hidden_layers":500,"num_experts":10,
                "moe_intermediate_size":1,"shared_expert_intermediate_size":16777216})",
            "f");
      },
      {"f: ", "shared_expert_intermediate_size", "exceeds"});
}

TEST_CASE("what the toolkit does not compute is refused") {
  small.refuse<Unsupported>("architectures", {"[\"Qwen3NextForSequenceClassification\"]"}, "Qwen3NextForCausalLM");
  small.refuse<Unsupported>("layer_types",
                            {R"(["full_attention","linear_attention","sliding_attention","linear_attention",
                                 "linear_attention"])"},
                            "calls layer 2 'sliding_attention'");
  small.refuse<Unsupported>("hidden_act", {"\"gelu\""}, "'silu'");
  small.refuse<Unsupported>("sliding_window", {"4096"}, "qwen3_next");
  small.refuse<Unsupported>("rope_scaling", {R"({"rope_type":"yarn","factor":4.0})"}, "'llama3'");
  small.refuse<Unsupported>("num_hidden_layers", {"513"}, "at most 512");
}
