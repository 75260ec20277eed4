// Recipes give matrices the formats that llama.cpp's quantizer gives them.
#include "asterism/generate/gguf_recipe.hpp"

#include <map>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/shape/catalogue.hpp"

#include "support/files.hpp"

using namespace asterism;
using generate::GgufRecipe;
using model::Role;

namespace {

std::string format(const char* recipe, const Shape& shape, Role role, std::int32_t layer = -1,
                   std::int32_t expert = -1) {
  const quant::BlockCodec* blocks = GgufRecipe(recipe).blocks_of({role, layer, expert}, shape);
  return blocks == nullptr ? "none" : std::string(blocks->name);
}

}  // namespace

TEST_CASE("Mixtral 8x7B as Q4_K_M: eight experts share few keys and values, which get 8 bits") {
  constexpr Shape shape = shapes::mixtral_8x7b;
  CHECK(format("Q4_K_M", shape, Role::embedding) == "Q4_K");
  CHECK(format("Q4_K_M", shape, Role::head) == "Q6_K");
  CHECK(format("Q4_K_M", shape, Role::query, 3) == "Q4_K");
  CHECK(format("Q4_K_M", shape, Role::key, 3) == "Q8_0");
  CHECK(format("Q4_K_M", shape, Role::value, 3) == "Q8_0");
  CHECK(format("Q4_K_M", shape, Role::output, 3) == "Q5_K");
  CHECK(format("Q4_K_M", shape, Role::gate, 3, 2) == "Q4_K");
  std::string down;
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    down += format("Q4_K_M", shape, Role::down, layer, 7) == "Q6_K" ? '6' : '4';
  }
  CHECK(down == "66664464464464464464464464466666");
}

TEST_CASE("other recipes") {
  constexpr Shape llama = shapes::llama3_8b;
  CHECK(format("Q8_0", llama, Role::head) == "Q8_0");
  CHECK(format("Q8_0", llama, Role::embedding) == "Q8_0");
  CHECK(format("Q4_0", llama, Role::head) == "Q6_K");
  CHECK(format("Q4_0", llama, Role::dense_down, 0) == "Q4_0");
  CHECK(format("Q2_K", llama, Role::value, 9) == "Q4_K");  // four query heads share one
  CHECK(format("Q2_K", shapes::llama3_8b, Role::output, 9) == "Q3_K");
  CHECK(format("Q2_K", llama, Role::dense_down, 9) == "Q3_K");
  CHECK(format("Q3_K_S", llama, Role::value, 0) == "Q3_K");
  CHECK(format("Q3_K_M", llama, Role::value, 1) == "Q5_K");
  CHECK(format("Q3_K_M", llama, Role::value, 2) == "Q4_K");
  CHECK(format("Q3_K_M", llama, Role::dense_down, 1) == "Q5_K");
  CHECK(format("Q3_K_M", llama, Role::dense_down, 2) == "Q4_K");
  CHECK(format("Q3_K_L", llama, Role::output, 2) == "Q5_K");
  CHECK(format("Q4_K_S", llama, Role::value, 3) == "Q5_K");
  CHECK(format("Q4_K_S", llama, Role::value, 4) == "Q4_K");
  CHECK(format("Q4_K_S", llama, Role::dense_down, 3) == "Q5_K");
  CHECK(format("Q4_K_S", llama, Role::dense_down, 4) == "Q4_K");
  CHECK(format("Q5_K_S", llama, Role::dense_down, 0) == "Q5_K");
  CHECK(format("Q5_K_M", llama, Role::dense_down, 0) == "Q6_K");
  CHECK(format("Q5_K_M", llama, Role::value, 4) == "Q5_K");
  CHECK(format("Q5_K_M", llama, Role::value, 6) == "Q6_K");
  CHECK(format("Q6_K", llama, Role::key, 6) == "Q6_K");
  CHECK(format("IQ4_XS", llama, Role::value, 6) == "Q5_K");
  CHECK(format("IQ4_NL", llama, Role::dense_down, 3) == "Q5_K");
  CHECK(format("IQ4_NL", llama, Role::dense_up, 3) == "IQ4_NL");
  CHECK(format("Q4_K_M", shapes::llama3_70b, Role::value, 11) == "Q5_K");
  CHECK(format("MXFP4_MOE", shapes::qwen3_30b_a3b, Role::gate, 3, 5) == "MXFP4");
  CHECK(format("MXFP4_MOE", shapes::qwen3_30b_a3b, Role::query, 3) == "Q8_0");
  CHECK(format("MXFP4_MOE", shapes::qwen3_30b_a3b, Role::head) == "Q8_0");
}

TEST_CASE("rows that are not whole blocks fall back, or stay") {
  Shape shape = shapes::llama3_8b;
  shape.hidden = 96;
  const std::map<const char*, const char*> expected = {{"Q4_K_S", "Q5_0"},   {"Q5_K_S", "Q5_1"}, {"Q6_K", "Q8_0"},
                                                       {"IQ4_XS", "IQ4_NL"}, {"Q3_K_S", "Q4_0"}, {"Q2_K", "Q4_0"},
                                                       {"Q4_1", "Q4_1"}};
  for (const auto& [recipe, fallback] : expected) CHECK(format(recipe, shape, Role::query, 9) == fallback);
  CHECK(format("Q4_K_M", shape, Role::head) == "Q8_0");
  CHECK(format("Q4_0", shape, Role::head) == "Q8_0");  // 96 are whole blocks of Q4_0, not of Q6_K
  shape.hidden = 100;
  CHECK(format("Q4_K_M", shape, Role::query, 9) == "none");
  CHECK(format("Q8_0", shape, Role::query, 9) == "none");
}

TEST_CASE("a tied head has the format of the head") {
  Shape shape = shapes::llama3_8b;
  shape.tied_head = true;
  CHECK(format("Q4_K_M", shape, Role::embedding) == "Q6_K");
}

TEST_CASE("names and numbers of file types") {
  CHECK(GgufRecipe("Q4_K_M").file_type() == 15);
  CHECK(GgufRecipe("Q8_0").file_type() == 7);
  CHECK(GgufRecipe("MXFP4_MOE").file_type() == 38);
  test::check_error<Unsupported>([] { GgufRecipe("IQ2_XS"); }, {"'IQ2_XS'", "Q4_0, Q4_1", "Q4_K_M", "MXFP4_MOE"});
  test::check_error<Unsupported>([] { GgufRecipe("q4_0"); }, {"'q4_0'"});
}
