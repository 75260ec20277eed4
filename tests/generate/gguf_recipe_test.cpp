// Recipes give matrices the formats that llama.cpp's quantizer gives them.
#include "asterism/generate/gguf_recipe.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/model/weights.hpp"
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

namespace {

/// A row of docs/models.md, Which file suits which Blueprint: the formats to list.
struct SuitableRow {
  const char* recipe;
  std::vector<std::string> weights;
  std::string embedding;
  std::string head;
};
const std::vector<SuitableRow>& suitable_rows() {
  static const std::vector<SuitableRow> rows = {{"Q8_0", {"Q8_0"}, "Q8_0", "Q8_0"},
                                                {"Q4_0", {"Q4_0"}, "Q4_0", "Q6_K"},
                                                {"Q4_1", {"Q4_1"}, "Q4_1", "Q6_K"},
                                                {"Q5_0", {"Q5_0"}, "Q5_0", "Q6_K"},
                                                {"Q5_1", {"Q5_1"}, "Q5_1", "Q6_K"},
                                                {"Q6_K", {"Q6_K"}, "Q6_K", "Q6_K"},
                                                {"Q3_K_S", {"Q3_K"}, "Q3_K", "Q6_K"},
                                                {"Q5_K_S", {"Q5_K"}, "Q5_K", "Q6_K"},
                                                {"Q4_K_M", {"Q4_K", "Q6_K"}, "Q4_K", "Q6_K"},
                                                {"Q5_K_M", {"Q5_K", "Q6_K"}, "Q5_K", "Q6_K"},
                                                {"Q4_K_S", {"Q4_K", "Q5_K"}, "Q4_K", "Q6_K"},
                                                {"Q2_K", {"Q2_K", "Q3_K", "Q4_K"}, "Q2_K", "Q6_K"},
                                                {"Q3_K_M", {"Q3_K", "Q4_K", "Q5_K"}, "Q3_K", "Q6_K"},
                                                {"Q3_K_L", {"Q3_K", "Q5_K"}, "Q3_K", "Q6_K"},
                                                {"IQ4_NL", {"IQ4_NL", "Q5_K"}, "IQ4_NL", "Q6_K"},
                                                {"IQ4_XS", {"IQ4_XS", "Q5_K"}, "IQ4_XS", "Q6_K"},
                                                {"MXFP4_MOE", {"MXFP4", "Q8_0"}, "Q8_0", "Q8_0"}};
  return rows;
}

/// Holds every matrix of a file against the lists of its row, with some formats listed besides; whether all of the
/// row's lists are needed, too, where no others stand in their place.
void check_row(const SuitableRow& row, const Shape& shape, const std::vector<std::string>& besides,
               bool all_needed) {
  CAPTURE(row.recipe);
  std::set<std::string> weights;
  const GgufRecipe recipe(row.recipe);
  model::for_each_weight_id(shape, !shape.tied_head, [&](const model::WeightId& id) {
    const bool is_end = id.role == Role::embedding || id.role == Role::head;
    if (id.expert > 0 || (!is_end && model::tag_of(id.role) == nullptr)) return;
    const quant::BlockCodec* blocks = recipe.blocks_of(id, shape);
    REQUIRE(blocks != nullptr);
    const std::string found(blocks->name);
    if (id.role == Role::head || (id.role == Role::embedding && shape.tied_head)) {
      CHECK(found == row.head);
    } else if (id.role == Role::embedding) {
      CHECK(found == row.embedding);
    } else {
      weights.insert(found);
    }
  });
  std::set<std::string> listed(row.weights.begin(), row.weights.end());
  if (all_needed) CHECK(weights == listed);
  listed.insert(besides.begin(), besides.end());
  for (const std::string& format : weights) {
    CAPTURE(format);
    CHECK(listed.contains(format));
  }
}

}  // namespace

TEST_CASE("which file suits which Blueprint: lists have what recipes use, and nothing else") {
  Shape tied = shapes::llama3_8b;
  tied.tied_head = true;
  CHECK(suitable_rows().size() == 17);
  for (const SuitableRow& row : suitable_rows()) {
    check_row(row, shapes::qwen3_30b_a3b, {}, true);
    check_row(row, shapes::qwen3_next_80b_a3b, {}, true);
    const bool has_experts_alone = std::string(row.recipe) == "MXFP4_MOE";
    for (const Shape& dense : {shapes::llama3_8b, shapes::mistral_7b, tied}) {
      check_row(row, dense, {}, !has_experts_alone);
    }
    check_row(row, shapes::mixtral_8x7b, {"Q8_0", "Q5_K"}, false);
    check_row(row, shapes::mixtral_8x22b, {"Q8_0", "Q5_K"}, false);
    check_row(row, shapes::llama3_70b, {"Q5_K"}, false);
  }
}
