// config.json of Llama.
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

const test::ConfigText small{{"model_type", "\"llama\""},  {"architectures", "[\"LlamaForCausalLM\"]"},
                             {"vocab_size", "100"},        {"hidden_size", "64"},
                             {"intermediate_size", "96"},  {"num_hidden_layers", "2"},
                             {"num_attention_heads", "4"}, {"num_key_value_heads", "2"},
                             {"hidden_act", "\"silu\""},   {"max_position_embeddings", "512"},
                             {"rms_norm_eps", "1e-5"},     {"tie_word_embeddings", "false"},
                             {"bos_token_id", "1"},        {"eos_token_id", "2"}};

Shape shape_with(std::string_view key, std::string_view value) { return small.parse_with(key, value).shape; }

}  // namespace

TEST_CASE("the released Llama 3.1 8B is read") {
  const ModelConfig config = parse_model_config(
      R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":128000,
          "eos_token_id":128001,"hidden_act":"silu","hidden_size":4096,"initializer_range":0.02,
          "intermediate_size":14336,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama",
          "num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"pretraining_tp":1,
          "rms_norm_eps":1e-05,"rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
          "original_max_position_embeddings":8192,"rope_type":"llama3"},"rope_theta":500000.0,
          "tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.43.0.dev0",
          "use_cache":true,"vocab_size":128256})",
      "f");
  CHECK(config.shape == shapes::llama3_8b);
  CHECK(config.bos == 128000);
  CHECK(config.eos == std::vector<TokenId>{128001});
  CHECK(!config.pad);
  CHECK(config.dtype == "bfloat16");
  CHECK(config.assumed.empty());
}

TEST_CASE("what transformers 5 writes of a Llama is read") {
  const ModelConfig config = parse_model_config(
      R"({"architectures":["LlamaForCausalLM"],"attention_bias":true,"bos_token_id":1,"dtype":"bfloat16",
          "eos_token_id":[2,3],"head_dim":32,"hidden_act":"silu","hidden_size":64,"intermediate_size":96,
          "max_position_embeddings":256,"mlp_bias":false,"model_type":"llama","num_attention_heads":4,
          "num_hidden_layers":2,"num_key_value_heads":4,"pad_token_id":null,"pretraining_tp":2,"rms_norm_eps":1e-06,
          "rope_parameters":{"factor":2.0,"high_freq_factor":4.0,"low_freq_factor":1.0,
          "original_max_position_embeddings":128,"rope_theta":500000.0,"rope_type":"llama3"},
          "tie_word_embeddings":true,"vocab_size":100})",
      "f");
  Shape expected;
  expected.architecture = Architecture::llama;
  expected.vocabulary = 100;
  expected.hidden = 64;
  expected.layers = 2;
  expected.heads = 4;
  expected.kv_heads = 4;
  expected.head_dim = 32;
  expected.attention_bias = true;
  expected.dense_layers = LayerSet::range(0, 2);
  expected.dense_ffn = 96;
  expected.max_positions = 256;
  expected.tied_head = true;
  expected.rope_theta = 5e5;
  expected.rope_scaling = {.factor = 2, .low_freq_factor = 1, .high_freq_factor = 4, .original_positions = 128};
  expected.rms_epsilon = 1e-6;
  CHECK(config.shape == expected);
  CHECK(config.eos == std::vector<TokenId>{2, 3});
}

TEST_CASE("absent fields have the defaults of LlamaConfig") {
  const ModelConfig config = parse_model_config(R"({"model_type":"llama"})", "f");
  Shape expected;
  expected.architecture = Architecture::llama;
  expected.vocabulary = 32000;
  expected.hidden = 4096;
  expected.layers = 32;
  expected.heads = 32;
  expected.kv_heads = 32;
  expected.head_dim = 128;
  expected.dense_layers = LayerSet::range(0, 32);
  expected.dense_ffn = 11008;
  expected.max_positions = 2048;
  expected.rope_theta = 1e4;
  expected.rms_epsilon = 1e-6;
  CHECK(config.shape == expected);
  CHECK(config.bos == 1);
  CHECK(config.eos == std::vector<TokenId>{2});
  CHECK(!config.pad);
  CHECK(assumed_sizes(config).find("intermediate_size 11008") != std::string::npos);
  CHECK(assumed_sizes(config).find("num_key_value_heads 32") != std::string::npos);
  CHECK(assumed_sizes(config).find("experts") == std::string::npos);
}

TEST_CASE("an absent field and a null one") {
  CHECK(shape_with("num_key_value_heads", "").kv_heads == 4);
  CHECK(shape_with("num_key_value_heads", "null").kv_heads == 4);
  CHECK(shape_with("head_dim", "").head_dim == 16);
  CHECK(shape_with("head_dim", "null").head_dim == 16);
  CHECK(shape_with("head_dim", "10").head_dim == 10);
  CHECK(shape_with("attention_bias", "null").attention_bias == false);
  CHECK(shape_with("attention_bias", "true").attention_bias);
  CHECK(small.parse_with("bos_token_id", "").bos == 1);
  CHECK(!small.parse_with("bos_token_id", "null").bos);
  CHECK(small.parse_with("eos_token_id", "").eos == std::vector<TokenId>{2});
  CHECK(small.parse_with("eos_token_id", "null").eos.empty());
  CHECK_NOTHROW(shape_with("sliding_window", "null"));
  CHECK_NOTHROW(shape_with("original_max_position_embeddings", "64"));  // without scaling
  const ModelConfig tiny = parse_model_config(R"({"model_type":"llama","vocab_size":1})", "f");
  CHECK(!tiny.bos);  // the defaults are beyond this vocabulary
  CHECK(tiny.eos.empty());
}

TEST_CASE("fields of other architectures have no influence") {
  const Shape usual = shape_with("", "");
  CHECK(shape_with("num_experts", "8") == usual);
  CHECK(shape_with("num_local_experts", "8") == usual);
  CHECK(shape_with("moe_intermediate_size", "8") == usual);
  CHECK(shape_with("mlp_only_layers", "[0]") == usual);
  CHECK(shape_with("decoder_sparse_step", "2") == usual);
  CHECK(shape_with("norm_topk_prob", "false") == usual);
  CHECK(shape_with("pretraining_tp", "2") == usual);
  CHECK(shape_with("layer_types", R"(["full_attention","full_attention"])") == usual);
}

TEST_CASE("wrong values are refused by field") {
  for (const std::string_view key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                                     "num_attention_heads", "max_position_embeddings"}) {
    small.refuse<FormatError>(key, {"0", "-1", "64.0", "\"64\"", "null", "[64]", "2147483648"});
  }
  small.refuse<FormatError>("num_key_value_heads", {"0", "3", "8", "2.0"});
  small.refuse<FormatError>("rms_norm_eps", {"0", "null", "2"});
  small.refuse<FormatError>("rope_theta", {"0", "\"1e4\""});
  small.refuse<FormatError>("rope_scaling", {R"({"rope_type":"llama3"})"}, "factor");
  check_error<FormatError>(
      [] {
        parse_model_config(
            R"({"model_type":"llama","original_max_position_embeddings":64,"rope_scaling":{"rope_type":"llama3",
                "factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}})",
            "f");
      },
      {"f: ", "original_max_position_embeddings", "64", "8192"});
  check_error<FormatError>(
      [] {
        parse_model_config(
            R"({"model_type":"llama","hidden_size":1048576,"intermediate_size":16777216,"num_hidden_layers":512})",
            "f");
      },
      {"f: ", "intermediate_size * hidden_size", "at most"});
}

TEST_CASE("what the toolkit does not compute is refused, and the message says what is supported") {
  small.refuse<Unsupported>("architectures", {"[\"LlamaForSequenceClassification\"]", "[\"MistralForCausalLM\"]"},
                            "'LlamaForCausalLM'");
  small.refuse<Unsupported>("mlp_bias", {"true"}, "supported is false");
  small.refuse<Unsupported>("hidden_act", {"\"gelu\"", "\"relu\""}, "'silu'");
  small.refuse<Unsupported>("sliding_window", {"4096"}, "llama models without it");
  small.refuse<Unsupported>("layer_types", {R"(["sliding_attention","sliding_attention"])"}, "full_attention");
  small.refuse<Unsupported>("rope_scaling",
                            {R"({"type":"linear","factor":2.0})", R"({"type":"dynamic","factor":2})"}, "'llama3'");
  small.refuse<Unsupported>("num_hidden_layers", {"513"}, "at most 512");
  small.refuse<Unsupported>("final_logit_softcapping", {"30.0"}, "supported");
}
