// Weights of a trainer from and to folders.
#include "asterism/train/checkpoint.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"
#include "trained.hpp"

using namespace asterism;

TEST_CASE("what is written is read to the bit, by names and shapes of the checkpoint") {
  for (const std::string name : {"plain", "fused", "bf16", "qwen3_moe_dense_list", "llama_bias_tied"}) {
    CAPTURE(name);
    const test::TemporaryFolder folder;
    auto trainer = test::trained(1, name);
    train::save_weights(trainer.parameters(), test::checkpoint_folder(name), trainer.shape().architecture,
                        folder / "saved");
    const Shape shape = generate::read_config(folder / "saved").shape;
    CHECK(shape == trainer.shape());
    train::Trainer<test::Exact, test::Short<>> again(shape, 64_MiB);
    train::load_weights(folder / "saved", again);
    CHECK(test::all_weights(again) == test::all_weights(trainer));
  }
}

TEST_CASE("vectors have one size, and a tied head is not declared twice") {
  const auto trainer = test::trained(1, "llama_bias_tied");
  std::size_t vectors = 0;
  for (const checkpoint::TensorDeclaration& tensor : train::weight_declarations(trainer.parameters())) {
    CHECK(tensor.dtype == checkpoint::DType::f32);
    CHECK(tensor.name != "lm_head.weight");
    const bool is_vector = tensor.name.find("norm") != tensor.name.npos || tensor.name.ends_with("bias");
    CHECK(tensor.shape.size() == (is_vector ? 1 : 2));
    vectors += is_vector ? 1 : 0;
  }
  CHECK(vectors == static_cast<std::size_t>(trainer.shape().layers) * 6 + 1);
}

TEST_CASE("config.json goes along with another dtype and without quantization") {
  const test::TemporaryFolder folder;
  const auto trainer = test::trained();
  const std::string like = folder / "like";
  train::save_weights(trainer.parameters(), test::checkpoint_folder(), Architecture::mixtral, like);
  const auto parsed = [](const std::string& in) {
    const std::string path = in + "/config.json";
    return json::parse(file::read_file(path, 1U << 20U), path);
  };
  json::Value config = parsed(like);
  config["torch_dtype"] = "bfloat16";
  config["quantization_config"] = {{"quant_method", "bitsandbytes"}};
  config["something_else"] = "stays";
  test::write_file(like + "/config.json", config.dump());
  test::write_file(like + "/generation_config.json", "{\"max_new_tokens\": 7}");
  train::save_weights(trainer.parameters(), like, Architecture::mixtral, folder / "saved");
  const json::Value saved = parsed(folder / "saved");
  CHECK(saved["dtype"] == "float32");
  CHECK(!saved.contains("torch_dtype"));
  CHECK(!saved.contains("quantization_config"));
  CHECK(saved["something_else"] == "stays");
  CHECK(file::read_file(folder / "saved/generation_config.json", 1000) == "{\"max_new_tokens\": 7}");
}

TEST_CASE("a checkpoint of another shape is refused, and the weights stay") {
  auto trainer = test::trained();
  const std::vector<float> before = test::all_weights(trainer);
  CHECK_THROWS_AS(train::load_weights(test::checkpoint_folder("one_kv_head"), trainer), FormatError);
  CHECK_THROWS_AS(train::load_weights("/no/such/folder", trainer), FileError);
  CHECK(test::all_weights(trainer) == before);
}
