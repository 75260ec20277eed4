// config.json of Mistral.
#include <string>
#include <vector>

#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/config_text.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;

namespace {

const test::ConfigText small{{"model_type", "\"mistral\""}, {"architectures", "[\"MistralForCausalLM\"]"},
                             {"vocab_size", "100"},         {"hidden_size", "64"},
                             {"intermediate_size", "96"},   {"num_hidden_layers", "2"},
                             {"num_attention_heads", "16"}, {"num_key_value_heads", "2"},
                             {"hidden_act", "\"silu\""},    {"max_position_embeddings", "512"},
                             {"sliding_window", "128"},     {"rms_norm_eps", "1e-5"}};

Shape shape_with(std::string_view key, std::string_view value) { return small.parse_with(key, value).shape; }

}  // namespace

TEST_CASE("the released Mistral 7B v0.1 is read") {
  const ModelConfig config = parse_model_config(
      R"({"architectures":["MistralForCausalLM"],"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu",
          "hidden_size":4096,"initializer_range":0.02,"intermediate_size":14336,"max_position_embeddings":32768,
          "model_type":"mistral","num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,
          "rms_norm_eps":1e-05,"rope_theta":10000.0,"sliding_window":4096,"tie_word_embeddings":false,
          "torch_dtype":"bfloat16","transformers_version":"4.34.0.dev0","use_cache":true,"vocab_size":32000})",
      "f");
  CHECK(config.shape == shapes::mistral_7b);
  CHECK(config.bos == 1);
  CHECK(config.eos == std::vector<TokenId>{2});
  CHECK(config.dtype == "bfloat16");
  CHECK(config.assumed.empty());
}

TEST_CASE("the released Mistral 7B v0.3 is read") {
  const ModelConfig config = parse_model_config(
      R"({"architectures":["MistralForCausalLM"],"attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,
          "hidden_act":"silu","hidden_size":4096,"initializer_range":0.02,"intermediate_size":14336,
          "max_position_embeddings":32768,"model_type":"mistral","num_attention_heads":32,"num_hidden_layers":32,
          "num_key_value_heads":8,"rms_norm_eps":1e-05,"rope_theta":1000000.0,"sliding_window":null,
          "tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.42.0.dev0",
          "use_cache":true,"vocab_size":32768})",
      "f");
  Shape expected = shapes::mistral_7b;
  expected.vocabulary = 32768;
  expected.sliding_window = 0;
  expected.rope_theta = 1e6;
  CHECK(config.shape == expected);
}

TEST_CASE("absent fields have the defaults of MistralConfig") {
  const ModelConfig config = parse_model_config(R"({"model_type":"mistral"})", "f");
  Shape expected = shapes::mistral_7b;
  expected.max_positions = 131072;
  expected.rms_epsilon = 1e-6;
  CHECK(config.shape == expected);
  CHECK(config.bos == 1);
  CHECK(config.eos == std::vector<TokenId>{2});
  CHECK(!config.pad);
  CHECK(assumed_sizes(config).find("sliding_window 4096") != std::string::npos);
}

TEST_CASE("an absent field and a null one") {
  CHECK(shape_with("sliding_window", "").sliding_window == 4096);
  CHECK(shape_with("sliding_window", "null").sliding_window == 0);
  CHECK(shape_with("sliding_window", "7").sliding_window == 7);
  CHECK(shape_with("use_sliding_window", "false").sliding_window == 128);  // no field of this class
  CHECK(shape_with("num_key_value_heads", "").kv_heads == 8);
  CHECK(shape_with("num_key_value_heads", "null").kv_heads == 16);
  CHECK(shape_with("head_dim", "").head_dim == 4);
  CHECK(shape_with("head_dim", "null").head_dim == 4);
  CHECK(shape_with("head_dim", "8").head_dim == 8);
  CHECK_NOTHROW(shape_with("attention_bias", "null"));
  CHECK_NOTHROW(shape_with("attention_bias", "false"));
  CHECK_NOTHROW(shape_with("layer_types", R"(["sliding_attention","sliding_attention"])"));
}

TEST_CASE("wrong values are refused by field") {
  small.refuse<FormatError>("sliding_window", {"0", "-1", "128.0", "true", "1073741825"});
  small.refuse<FormatError>("intermediate_size", {"0", "null", "96.0"});
  small.refuse<FormatError>("num_key_value_heads", {"0", "3", "32"});
  small.refuse<FormatError>("layer_types", {"\"sliding_attention\"", "[1,2]"});
}

TEST_CASE("what the toolkit does not compute is refused, and the message says what is supported") {
  small.refuse<Unsupported>("attention_bias", {"true"}, "supported is false for model_type 'mistral'");
  small.refuse<Unsupported>("mlp_bias", {"true"}, "supported is false");
  small.refuse<Unsupported>("architectures", {"[\"Mistral3ForConditionalGeneration\"]"}, "'MistralForCausalLM'");
  small.refuse<Unsupported>(
      "layer_types", {R"(["sliding_attention","full_attention"])", R"(["full_attention","full_attention"])"},
      "sliding_attention");
  small.refuse<Unsupported>("per_layer_config", {R"({"0":{"sliding_window":1}})"}, "mistral models without it");
  small.refuse<Unsupported>("rope_parameters", {R"({"rope_type":"yarn","factor":4.0})"}, "'llama3'");
  small.refuse<Unsupported>("num_hidden_layers", {"513"}, "at most 512");
  CHECK(shape_with("rope_parameters", R"({"rope_type":"llama3","factor":2,"low_freq_factor":1,"high_freq_factor":4,
                                          "original_max_position_embeddings":256})")
            .rope_scaling.factor == 2);
}
