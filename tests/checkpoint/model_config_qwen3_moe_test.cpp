// config.json of Qwen3-MoE.
#include <string>
#include <vector>

#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/config_text.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

namespace {

const test::ConfigText small{{"model_type", "\"qwen3_moe\""}, {"architectures", "[\"Qwen3MoeForCausalLM\"]"},
                             {"vocab_size", "100"},           {"hidden_size", "64"},
                             {"intermediate_size", "96"},     {"moe_intermediate_size", "32"},
                             {"num_hidden_layers", "5"},      {"num_attention_heads", "4"},
                             {"num_key_value_heads", "2"},    {"num_experts", "4"},
                             {"num_experts_per_tok", "2"},    {"head_dim", "32"},
                             {"norm_topk_prob", "true"},      {"max_position_embeddings", "512"},
                             {"decoder_sparse_step", "1"},    {"mlp_only_layers", "[]"},
                             {"sliding_window", "null"},      {"use_sliding_window", "false"}};

Shape shape_with(std::string_view key, std::string_view value) { return small.parse_with(key, value).shape; }

/// The small model whose layers have experts every `step`-th time, except `listed`.
Shape layers_with(std::string_view step, std::string_view listed) {
  std::string text = small.with("decoder_sparse_step", step);
  const std::string_view usual = "\"mlp_only_layers\":[]";
  text.replace(text.find(usual), usual.size(), "\"mlp_only_layers\":" + std::string(listed));
  return parse_model_config(text, "f").shape;
}

LayerSet layers(std::initializer_list<std::int32_t> all) {
  LayerSet set;
  for (const std::int32_t layer : all) set.insert(layer);
  return set;
}

}  // namespace

TEST_CASE("the released Qwen3-30B-A3B is read") {
  const ModelConfig config = parse_model_config(
      R"({"architectures":["Qwen3MoeForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
          "bos_token_id":151643,"decoder_sparse_step":1,"eos_token_id":151645,"head_dim":128,"hidden_act":"silu",
          "hidden_size":2048,"initializer_range":0.02,"intermediate_size":6144,"max_position_embeddings":40960,
          "max_window_layers":48,"mlp_only_layers":[],"model_type":"qwen3_moe","moe_intermediate_size":768,
          "norm_topk_prob":true,"num_attention_heads":32,"num_experts":128,"num_experts_per_tok":8,
          "num_hidden_layers":48,"num_key_value_heads":4,"output_router_logits":false,"rms_norm_eps":1e-06,
          "rope_scaling":null,"rope_theta":1000000.0,"router_aux_loss_coef":0.001,"sliding_window":null,
          "tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.51.0","use_cache":true,
          "use_sliding_window":false,"vocab_size":151936})",
      "f");
  CHECK(config.shape == shapes::qwen3_30b_a3b);
  CHECK(config.bos == 151643);
  CHECK(config.eos == std::vector<TokenId>{151645});
  CHECK(!config.pad);
  CHECK(config.dtype == "bfloat16");
  CHECK(config.assumed.empty());
}

TEST_CASE("what transformers 5 writes of a Qwen3-MoE model is read") {
  const ModelConfig config = parse_model_config(
      R"({"attention_bias":true,"bos_token_id":null,"decoder_sparse_step":2,"dtype":"float32","eos_token_id":[3,4],
          "head_dim":8,"hidden_act":"silu","hidden_size":16,"intermediate_size":40,"layer_types":["full_attention",
          "full_attention","full_attention"],"max_position_embeddings":64,"mlp_only_layers":[],
          "model_type":"qwen3_moe","moe_intermediate_size":24,"norm_topk_prob":false,"num_attention_heads":4,
          "num_experts_per_tok":2,"num_hidden_layers":3,"num_key_value_heads":2,"num_local_experts":6,
          "pad_token_id":null,"rms_norm_eps":1e-05,"rope_parameters":{"rope_theta":5000.0,"rope_type":"default"},
          "sliding_window":null,"tie_word_embeddings":true,"use_sliding_window":false,"vocab_size":48})",
      "f");
  Shape expected;
  expected.architecture = Architecture::qwen3_moe;
  expected.vocabulary = 48;
  expected.hidden = 16;
  expected.layers = 3;
  expected.heads = 4;
  expected.kv_heads = 2;
  expected.head_dim = 8;
  expected.attention_bias = true;
  expected.qk_norm = true;
  expected.ffn = 24;
  expected.experts = 6;
  expected.top_k = 2;
  expected.normalised_top_k = false;
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

TEST_CASE("absent fields have the defaults of Qwen3MoeConfig") {
  const ModelConfig config = parse_model_config(R"({"model_type":"qwen3_moe"})", "f");
  Shape expected;
  expected.architecture = Architecture::qwen3_moe;
  expected.vocabulary = 151936;
  expected.hidden = 2048;
  expected.layers = 24;
  expected.heads = 32;
  expected.kv_heads = 4;
  expected.head_dim = 64;
  expected.qk_norm = true;
  expected.ffn = 768;
  expected.experts = 128;
  expected.top_k = 8;
  expected.normalised_top_k = false;
  expected.max_positions = 32768;
  expected.rope_theta = 1e4;
  expected.rms_epsilon = 1e-6;
  CHECK(config.shape == expected);
  CHECK(!config.bos);
  CHECK(config.eos.empty());
  CHECK(!config.pad);
  const std::string assumed = assumed_sizes(config);
  CHECK(assumed.find("moe_intermediate_size 768") != std::string::npos);
  CHECK(assumed.find("num_experts 128") != std::string::npos);
  CHECK(assumed.find(", intermediate_size") == std::string::npos);  // no layer has that size

  const ModelConfig mixed = parse_model_config(R"({"model_type":"qwen3_moe","mlp_only_layers":[1]})", "f");
  CHECK(mixed.shape.dense_ffn == 6144);
  CHECK(assumed_sizes(mixed).find("intermediate_size 6144") != std::string::npos);
}

TEST_CASE("an absent field and a null one") {
  CHECK(shape_with("head_dim", "").head_dim == 16);
  CHECK(shape_with("head_dim", "null").head_dim == 16);
  CHECK(shape_with("norm_topk_prob", "").normalised_top_k == false);
  CHECK(shape_with("attention_bias", "null").attention_bias == false);
  CHECK(shape_with("attention_bias", "true").attention_bias);
  CHECK(shape_with("mlp_only_layers", "null").dense_layers.empty());
  CHECK(shape_with("mlp_only_layers", "").dense_layers.empty());
  CHECK(shape_with("decoder_sparse_step", "").dense_layers.empty());
  CHECK(shape_with("num_key_value_heads", "").kv_heads == 4);
  CHECK(small.parse_with("bos_token_id", "7").bos == 7);
  CHECK(!small.parse_with("bos_token_id", "null").bos);
  CHECK(small.parse_with("eos_token_id", "7").eos == std::vector<TokenId>{7});
}

TEST_CASE("the number of experts has two names") {
  CHECK(shape_with("num_local_experts", "4").experts == 4);
  CHECK(parse_model_config(R"({"model_type":"qwen3_moe","num_local_experts":16})", "f").shape.experts == 16);
  small.refuse<FormatError>("num_local_experts", {"5", "\"4\"", "-1"});
  small.refuse<FormatError>("num_experts", {"1", "-1", "null", "65537"});
}

TEST_CASE("the window is in force only if it is switched on") {
  CHECK(shape_with("sliding_window", "7").sliding_window == 0);
  CHECK(shape_with("use_sliding_window", "true").sliding_window == 0);  // the window is null
  const auto window = [](std::string_view field) {
    return parse_model_config(R"({"model_type":"qwen3_moe","num_hidden_layers":2,)" + std::string(field) + "}",
                              "f")
        .shape.sliding_window;
  };
  CHECK(window(R"("use_sliding_window":true)") == 4096);
  CHECK(window(R"("use_sliding_window":true,"sliding_window":7)") == 7);
  CHECK(window(R"("use_sliding_window":true,"sliding_window":null)") == 0);
  CHECK(window(R"("use_sliding_window":true,"sliding_window":7,
                  "layer_types":["sliding_attention","sliding_attention"])") == 7);
  CHECK(window(R"("sliding_window":7,"layer_types":["full_attention","full_attention"])") == 0);
  check_error<FormatError>([&] { window(R"("use_sliding_window":true,"sliding_window":0)"); }, {"sliding_window"});
  check_error<FormatError>([&] { window(R"("use_sliding_window":1)"); }, {"use_sliding_window"});
  for (const std::string_view types : {R"("full_attention","full_attention")", R"("sliding_attention")",
                                       R"("full_attention","sliding_attention")"}) {
    CAPTURE(types);
    check_error<Unsupported>(
        [&] {
          window(R"("use_sliding_window":true,"sliding_window":7,"layer_types":[)" + std::string(types) + "]");
        },
        {"f: field 'layer_types'", "sliding_attention", "supported"});
  }
}

TEST_CASE("layers without experts are those of the rule and of the list") {
  CHECK(layers_with("1", "[]").dense_layers.empty());
  CHECK(layers_with("1", "[]").dense_ffn == 0);
  CHECK(layers_with("1", "[0,3]").dense_layers == layers({0, 3}));
  CHECK(layers_with("1", "[0,3]").dense_ffn == 96);
  CHECK(layers_with("1", "[3,3]").dense_layers == layers({3}));
  CHECK(layers_with("1", "[5,-1,600]").dense_layers.empty());  // no layers of this model
  CHECK(layers_with("2", "[]").dense_layers == layers({0, 2, 4}));
  CHECK(layers_with("2", "[1]").dense_layers == layers({0, 1, 2, 4}));
  CHECK(layers_with("5", "[]").dense_layers == layers({0, 1, 2, 3}));
  const Shape mixed = layers_with("2", "[]");
  CHECK(mixed.ffn == 32);
  CHECK(mixed.experts == 4);
  CHECK(mixed.top_k == 2);
}

TEST_CASE("a model all of whose layers are dense has nothing of experts in its shape") {
  Shape expected = layers_with("1", "[]");
  expected.ffn = 0;
  expected.experts = 0;
  expected.top_k = 0;
  expected.dense_layers = LayerSet::range(0, 5);
  expected.dense_ffn = 96;
  CHECK(layers_with("1", "[0,1,2,3,4]") == expected);
  CHECK(layers_with("6", "[]") == expected);
  CHECK(shape_with("num_experts", "0") == expected);
  CHECK(parse_model_config(R"({"model_type":"qwen3_moe","num_experts":0})", "f").shape.normalised_top_k);
}

TEST_CASE("wrong values are refused by field") {
  for (const std::string_view key :
       {"vocab_size", "hidden_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "num_experts_per_tok", "max_position_embeddings", "decoder_sparse_step"}) {
    small.refuse<FormatError>(key, {"0", "-1", "64.0", "\"64\"", "null", "[64]", "2147483648"});
  }
  small.refuse<FormatError>("mlp_only_layers", {"0", "{}", "[1.0]", "[\"1\"]", "[null]"});
  small.refuse<FormatError>("norm_topk_prob", {"null", "1", "\"true\""});
  small.refuse<FormatError>("attention_bias", {"1", "\"true\""});
  small.refuse<FormatError>("num_experts_per_tok", {"5"}, "num_experts 4");
  check_error<FormatError>(
      [] { parse_model_config(R"({"model_type":"qwen3_moe","mlp_only_layers":[1],"intermediate_size":0})", "f"); },
      {"f: field 'intermediate_size'"});
  check_error<FormatError>(
      [] {
        parse_model_config(
            R"({"model_type":"qwen3_moe","hidden_size":1048576,"moe_intermediate_size":16777216,"num_experts":65536})",
            "f");
      },
      {"f: ", "num_experts * 3 * moe_intermediate_size", "at most"});
}

TEST_CASE("what the toolkit does not compute is refused") {
  small.refuse<Unsupported>("architectures",
                            {"[\"Qwen3MoeForSequenceClassification\"]", "[\"MixtralForCausalLM\"]"},
                            "Qwen3MoeForCausalLM");
  small.refuse<Unsupported>("hidden_act", {"\"gelu\""}, "'silu'");
  small.refuse<Unsupported>("mlp_bias", {"true"}, "supported");
  small.refuse<Unsupported>("n_shared_experts", {"1"}, "qwen3_moe");
  small.refuse<Unsupported>("rope_scaling", {R"({"rope_type":"yarn","factor":4.0})"}, "'llama3'");
  small.refuse<Unsupported>("num_hidden_layers", {"513"}, "at most 512");
  CHECK(shape_with("rope_scaling", R"({"rope_type":"llama3","factor":2,"low_freq_factor":1,"high_freq_factor":4,
                                       "original_max_position_embeddings":256})")
            .rope_scaling.original_positions == 256);
}
