#include <optional>
#include <string>
#include <vector>

#include "asterism/checkpoint/huggingface/parse_quantization_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

namespace {

std::optional<QuantizationConfig> parse(std::string_view value) {
  return parse_quantization_config(json::parse("{\"quantization_config\":" + std::string(value) + "}", "f"), "f");
}

}  // namespace

TEST_CASE("bitsandbytes in 4 bits is read") {
  const auto config = parse(
      R"({"quant_method":"bitsandbytes","load_in_4bit":true,"load_in_8bit":false,"bnb_4bit_quant_type":"nf4",
          "bnb_4bit_use_double_quant":true,"bnb_4bit_compute_dtype":"bfloat16","bnb_4bit_quant_storage":"uint8",
          "llm_int8_skip_modules":["lm_head","gate"],"llm_int8_threshold":6.0})");
  REQUIRE(config);
  CHECK(config->quant_type == "nf4");
  CHECK(config->double_quantized);
  CHECK(config->compute_dtype == "bfloat16");
  CHECK(config->skipped_modules == std::vector<std::string>{"lm_head", "gate"});
  const auto least = parse(R"({"load_in_4bit":true,"llm_int8_skip_modules":null})");
  REQUIRE(least);
  CHECK(least->quant_type == "fp4");
  CHECK(!least->double_quantized);
  CHECK(!parse("null"));
  CHECK(!parse_quantization_config(json::parse("{}", "f"), "f"));
}

TEST_CASE("everything else is refused by name") {
  for (const std::string_view value :
       {R"({"quant_method":"gptq","bits":4})", R"({"quant_method":"bitsandbytes","load_in_8bit":true})",
        R"({"load_in_4bit":true,"bnb_4bit_quant_type":"int4"})", "{}"}) {
    check_error<Unsupported>([&] { parse(value); }, {"f: quantization_config", "supported"});
  }
  for (const std::string_view value :
       {"1", "[]", R"({"quant_method":1})", R"({"load_in_4bit":1})",
        R"({"load_in_4bit":true,"bnb_4bit_quant_type":4})", R"({"load_in_4bit":true,"llm_int8_skip_modules":[1]})",
        R"({"load_in_4bit":true,"llm_int8_skip_modules":"x"})"}) {
    check_error<FormatError>([&] { parse(value); }, {"f: ", "expected"});
  }
}
