#include "asterism/checkpoint/huggingface/model_config.hpp"

#include <string>
#include <vector>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"

#include "checkpoint/config_text.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::golden;

namespace {

const test::ConfigText small{{"model_type", "\"mixtral\""}, {"architectures", "[\"MixtralForCausalLM\"]"},
                             {"vocab_size", "100"},         {"hidden_size", "64"},
                             {"intermediate_size", "96"},   {"num_hidden_layers", "2"},
                             {"num_attention_heads", "4"},  {"num_key_value_heads", "2"},
                             {"num_local_experts", "4"},    {"num_experts_per_tok", "2"},
                             {"hidden_act", "\"silu\""},    {"max_position_embeddings", "512"},
                             {"rms_norm_eps", "1e-5"},      {"tie_word_embeddings", "false"},
                             {"bos_token_id", "1"},         {"eos_token_id", "2"}};

ModelConfig parse_with(std::string_view key, std::string_view value) { return small.parse_with(key, value); }

template <class E>
void refuse(std::string_view key, std::initializer_list<std::string_view> values) {
  small.refuse<E>(key, values);
}

}  // namespace

TEST_CASE("what transformers 5 writes is read") {
  const ModelConfig config = read_model_config(golden("sharded"));
  Shape expected;
  expected.vocabulary = 48;
  expected.hidden = 16;
  expected.layers = 2;
  expected.heads = 4;
  expected.kv_heads = 2;
  expected.head_dim = 4;
  expected.ffn = 24;
  expected.experts = 4;
  expected.top_k = 2;
  expected.max_positions = 64;
  expected.sliding_window = 9;
  expected.rope_theta = 5e4;
  expected.rms_epsilon = 1e-6;
  CHECK(config.shape == expected);
  CHECK(config.bos == 3);
  CHECK(config.eos == std::vector<TokenId>{4, 5});
  CHECK(config.pad == 6);
  CHECK(config.dtype == "float32");
  CHECK(!config.quantization);

  const std::string path = golden("config_5.json");
  const ModelConfig other = parse_model_config(file::read_file(path, checkpoint::max_config_bytes), path);
  CHECK(other.shape.head_dim == 32);
  CHECK(other.shape.kv_heads == 4);
  CHECK(other.shape.tied_head);
  CHECK(other.shape.sliding_window == 0);
  CHECK(other.shape.max_positions == 131072);
  CHECK(other.dtype == "bfloat16");
  CHECK(other.eos == std::vector<TokenId>{2});
  CHECK(!other.pad);
}

TEST_CASE("the released Mixtral 8x7B's form of transformers 4 is read") {
  const ModelConfig config = parse_model_config(
      R"({"architectures":["MixtralForCausalLM"],"attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,
          "hidden_act":"silu","hidden_size":4096,"initializer_range":0.02,"intermediate_size":14336,
          "max_position_embeddings":32768,"model_type":"mixtral","num_attention_heads":32,"num_experts_per_tok":2,
          "num_hidden_layers":32,"num_key_value_heads":8,"num_local_experts":8,"output_router_logits":false,
          "rms_norm_eps":1e-05,"rope_theta":1000000.0,"router_aux_loss_coef":0.02,"sliding_window":null,
          "tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.36.0","use_cache":true,
          "vocab_size":32000,
          "quantization_config":{"quant_method":"bitsandbytes","load_in_4bit":true,"bnb_4bit_quant_type":"nf4"}})",
      "f");
  CHECK(config.shape.head_dim == 128);
  CHECK(config.shape.max_positions == 32768);
  CHECK(config.shape.rope_theta == 1e6);
  CHECK(config.dtype == "bfloat16");
  REQUIRE(config.quantization);
  CHECK(config.quantization->quant_type == "nf4");
}

TEST_CASE("absent fields have the defaults of transformers' class") {
  const ModelConfig config = parse_model_config(R"({"model_type":"mixtral"})", "f");
  Shape expected;
  expected.vocabulary = 32000;
  expected.hidden = 4096;
  expected.layers = 32;
  expected.heads = 32;
  expected.kv_heads = 8;
  expected.head_dim = 128;
  expected.ffn = 14336;
  expected.experts = 8;
  expected.top_k = 2;
  expected.max_positions = 131072;
  CHECK(config.shape == expected);
  CHECK(config.bos == 1);
  CHECK(config.eos == std::vector<TokenId>{2});
  CHECK(!config.pad);
  CHECK(config.dtype.empty());
  CHECK(parse_with("num_key_value_heads", "null").shape.kv_heads == 4);
  CHECK(parse_with("num_local_experts", "").shape.experts == 8);
  CHECK(parse_with("num_experts", "4").shape.experts == 4);
  CHECK(!parse_with("bos_token_id", "null").bos);
  CHECK(parse_with("eos_token_id", "null").eos.empty());
  CHECK(parse_with("sliding_window", "5").shape.sliding_window == 5);
  CHECK(parse_with("head_dim", "10").shape.head_dim == 10);
  CHECK(parse_with("dtype", "\"float16\"").dtype == "float16");
}

TEST_CASE("sizes of a wrong type or out of range are refused by field") {
  for (const std::string_view key :
       {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_local_experts", "num_experts_per_tok", "max_position_embeddings"}) {
    refuse<FormatError>(key, {"0", "-1", "64.0", "1e3", "\"64\"", "true", "null", "[64]", "{}", "2147483648",
                              "18446744073709551615", "99999999999999999999"});
  }
  refuse<FormatError>("num_key_value_heads", {"0", "-1", "2.0", "\"2\"", "3", "8"});
  refuse<FormatError>("num_experts", {"0", "\"4\"", "8"});
  refuse<FormatError>("head_dim", {"0", "-2", "15", "16.0", "\"16\"", "65537"});
  refuse<FormatError>("sliding_window", {"0", "-1", "4096.0", "\"x\"", "false"});
  refuse<FormatError>("rms_norm_eps", {"0", "-1e-5", "\"1e-5\"", "null", "2", "true"});
  refuse<FormatError>("tie_word_embeddings", {"0", "null", "\"false\""});
  refuse<FormatError>("rope_theta", {"0", "-1", "\"1e6\""});
  refuse<FormatError>("bos_token_id", {"-1", "100", "1.0", "\"1\"", "[1]"});
  refuse<FormatError>("eos_token_id", {"-1", "100", "[2,100]", "\"2\""});
  refuse<FormatError>("pad_token_id", {"-1", "100", "\"2\""});
  refuse<FormatError>("dtype", {"1", "[]"});
  refuse<FormatError>("torch_dtype", {"1"});
  refuse<FormatError>("model_type", {"", "null", "1"});
  refuse<FormatError>("architectures", {"\"MixtralForCausalLM\"", "[1]"});
  refuse<FormatError>("hidden_act", {"null", "1"});
}

TEST_CASE("sizes that contradict one another are refused by field") {
  refuse<FormatError>("num_experts_per_tok", {"5"});
  refuse<FormatError>("num_key_value_heads", {"3"});
  refuse<FormatError>("hidden_size", {"66"});              // no multiple of 4 heads
  refuse<FormatError>("num_attention_heads", {"64"});      // heads of width 1
  refuse<FormatError>("intermediate_size", {"16777217"});  // above the limit of the field
  check_error<FormatError>(
      [] {
        parse_model_config(
            R"({"model_type":"mixtral","hidden_size":1048576,"intermediate_size":16777216,"num_local_experts":65536,
                "num_hidden_layers":512})",
            "f");
      },
      {"f: ", "num_local_experts", "at most"});
  check_error<FormatError>(
      [] {
        parse_model_config(
            R"({"model_type":"mixtral","num_attention_heads":65536,"num_key_value_heads":8,"head_dim":65536})",
            "f");
      },
      {"f: ", "num_attention_heads * head_dim"});
}

TEST_CASE("what the toolkit does not compute is refused, and the message says what is supported") {
  const auto refuse_unsupported = [](std::string_view key, std::initializer_list<std::string_view> values) {
    small.refuse<Unsupported>(key, values, "supported");
  };
  small.refuse<Unsupported>("model_type",
                            {"\"qwen3\"", "\"qwen2_moe\"", "\"phimoe\"", "\"ministral\"", "\"Mixtral\"", "\"\""},
                            "'; supported are 'mixtral', 'qwen3_moe', 'llama', 'mistral'");
  check_error<Unsupported>([] { parse_with("model_type", "\"llama\""); },  // architectures stays
                           {"architectures", "MixtralForCausalLM", "'llama'", "'LlamaForCausalLM'"});
  refuse_unsupported("architectures", {"[\"MixtralForSequenceClassification\"]"});
  refuse_unsupported("hidden_act", {"\"gelu\"", "\"relu\"", "\"gelu_pytorch_tanh\""});
  refuse_unsupported("rope_scaling", {R"({"type":"linear","factor":2.0})", R"({"rope_type":"yarn"})"});
  refuse_unsupported("rope_parameters", {R"({"rope_type":"llama3","rope_theta":1e6})"});
  refuse_unsupported("attention_bias", {"true"});
  refuse_unsupported("mlp_bias", {"true"});
  refuse_unsupported("norm_topk_prob", {"false"});
  refuse_unsupported("is_encoder_decoder", {"true"});
  refuse_unsupported("final_logit_softcapping", {"30.0"});
  refuse_unsupported("per_layer_config", {R"({"0":{"hidden_size":1}})"});
  refuse_unsupported("layer_types", {R"(["full_attention"])", R"(["full_attention","sliding_attention"])",
                                     R"(["sliding_attention","sliding_attention"])", "[]"});
  refuse_unsupported("num_hidden_layers", {"513", "16384"});
  refuse_unsupported("quantization_config", {R"({"quant_method":"awq"})"});
  CHECK_NOTHROW(parse_with("layer_types", R"(["full_attention","full_attention"])"));
  CHECK(parse_with("num_hidden_layers", "512").shape.layers == 512);
  CHECK_NOTHROW(parse_with("attention_bias", "false"));
  CHECK_NOTHROW(parse_with("rope_scaling", "null"));
  CHECK_NOTHROW(parse_with("architectures", "[]"));
  CHECK_NOTHROW(parse_with("a_field_of_the_future", "{\"x\":[1]}"));
}

TEST_CASE("broken files are refused by name") {
  check_error<FormatError>([] { parse_model_config("[]", "f"); }, {"f: ", "an array"});
  check_error<FormatError>([] { parse_model_config("", "f"); }, {"f: ", "JSON"});
  check_error<FormatError>([] { parse_model_config(R"({"model_type":"mixtral","vocab_size":NaN})", "f"); },
                           {"vocab_size"});
  check_error<FormatError>([] { parse_model_config(R"({"vocab_size":1,"vocab_size":1})", "f"); }, {"second time"});
  check_error<FileError>([] { read_model_config("/nowhere"); }, {"/nowhere/config.json"});
  const test::TemporaryFolder folder;
  test::write_file(folder / "config.json", std::string(checkpoint::max_config_bytes + 1, ' '));
  check_error<FileError>([&] { read_model_config(folder.path()); }, {folder / "config.json", "at most"});
}

TEST_CASE("sizes that the file does not give are named") {
  const ModelConfig config =
      parse_model_config(R"({"model_type":"mixtral","hidden_size":64,"num_attention_heads":8})", "f");
  CHECK(assumed_sizes(config).find("num_hidden_layers 32") != std::string::npos);
  CHECK(assumed_sizes(config).find("hidden_size") == std::string::npos);
  CHECK(assumed_sizes(config).find("config.json") != std::string::npos);
  CHECK(assumed_sizes(ModelConfig{}).empty());
}
