#include "asterism/checkpoint/huggingface/generation_config.hpp"

#include <string>
#include <vector>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

TEST_CASE("the file of transformers is read") {
  const GenerationConfig config = read_generation_config(test::golden("sharded"));
  CHECK(config.eos == std::vector<TokenId>{4, 5});
  CHECK(config.bos == 3);
  CHECK(config.pad == 6);
  CHECK(config.do_sample == true);
  CHECK(config.temperature == 0.7);
  CHECK(config.top_k == 20);
  CHECK(config.top_p == 0.8);
  CHECK(config.repetition_penalty == 1.05);
  CHECK(!config.min_p);
  CHECK(!config.max_new_tokens);
  CHECK(!config.max_length);
}

TEST_CASE("every field is optional, and so is the file") {
  for (const GenerationConfig& config :
       {parse_generation_config("{}", "f"), read_generation_config(test::golden("four_bit"))}) {
    CHECK(config.eos.empty());
    CHECK(!config.do_sample);
    CHECK(!config.temperature);
    CHECK(!config.top_k);
  }
  const GenerationConfig config = parse_generation_config(
      R"({"max_new_tokens":5,"max_length":20,"min_p":1,"temperature":0,"top_k":0,"other":[1]})", "f");
  CHECK(config.max_new_tokens == 5);
  CHECK(config.max_length == 20);
  CHECK(config.min_p == 1);
  CHECK(config.temperature == 0);
  CHECK(config.top_k == 0);
  CHECK(!config.exponential_decay_length_penalty);
  const GenerationConfig lengths = parse_generation_config(
      R"({"min_new_tokens":3,"exponential_decay_length_penalty":[20,1.05],"length_penalty":1.0})", "f");
  CHECK(lengths.min_new_tokens == 3);
  CHECK(lengths.exponential_decay_length_penalty->start == 20);
  CHECK(lengths.exponential_decay_length_penalty->factor == 1.05);
}

TEST_CASE("a length_penalty belongs to beam search and is refused by that name") {
  check_error<Unsupported>([] { parse_generation_config(R"({"length_penalty":0.8})", "f"); },
                           {"f: ", "length_penalty", "beam search", "exponential_decay_length_penalty"});
}

TEST_CASE("wrong types and values are refused by file and field") {
  const auto refuse = [](std::string_view field, std::initializer_list<std::string_view> values) {
    for (const std::string_view value : values) {
      CAPTURE(value);
      const std::string text = "{\"" + std::string(field) + "\":" + std::string(value) + "}";
      check_error<FormatError>([&] { parse_generation_config(text, "dir/generation_config.json"); },
                               {"dir/generation_config.json: field '", field, "expected"});
    }
  };
  refuse("do_sample", {"1", "\"true\"", "[]"});
  refuse("temperature", {"-0.1", "\"1\"", "true", "1e300"});
  refuse("top_k", {"-1", "1.5", "true", "\"5\"", "99999999999"});
  refuse("top_p", {"-0.1", "1.1", "\"1\""});
  refuse("min_p", {"-0.1", "1.1", "\"1\""});
  refuse("repetition_penalty", {"0", "-1", "\"1\""});
  refuse("max_new_tokens", {"0", "-1", "1.5"});
  refuse("min_new_tokens", {"-1", "1.5"});
  refuse("length_penalty", {"\"1\"", "[]"});
  refuse("exponential_decay_length_penalty", {"1", "[]", "[1]", "[1,2,3]", "[-1,1.1]", "[1,0.9]", "[1,\"2\"]"});
  refuse("max_length", {"0", "-1", "1.5"});
  refuse("eos_token_id", {"-1", "\"2\"", "[true]"});
  refuse("bos_token_id", {"-1", "[1]"});
  refuse("pad_token_id", {"-1", "[1]"});
  check_error<FormatError>([] { parse_generation_config("[]", "f"); }, {"f: ", "an array"});
  check_error<FormatError>([] { parse_generation_config("{", "f"); }, {"f: ", "JSON"});
}
