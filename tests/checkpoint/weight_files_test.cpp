#include "asterism/checkpoint/weight_files.hpp"

#include <string>

#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

std::string golden(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/gguf/" + name; }

}  // namespace

TEST_CASE("a path says which store it asks for") {
  CHECK(is_gguf(golden("mixtral.gguf")));
  CHECK(is_gguf("/nowhere/model.gguf"));
  CHECK_FALSE(is_gguf(golden("mixtral")));
  CHECK_FALSE(is_gguf("/nowhere/folder"));
  const TemporaryFolder folder;
  write_file(folder / "model.safetensors", "{");
  CHECK(is_gguf(folder / "model.safetensors"));
  check_error<FormatError>([&] { WeightFiles files(folder / "model.safetensors"); },
                           {"no GGUF file", "give the folder"});
  check_error<FileError>([] { WeightFiles files("/nowhere/model.gguf"); },
                         {"/nowhere/model.gguf", "no such file"});
  check_error<FileError>([] { WeightFiles files("/nowhere/folder"); }, {"/nowhere/folder", "no such folder"});
}

TEST_CASE("both kinds find the weights of a model") {
  const Shape shape = read_model_config(golden("qwen3_next")).shape;
  const WeightFiles folder(golden("qwen3_next"));
  const WeightFiles file(golden("qwen3_next-00002-of-00004.gguf"));
  folder.advise_sequential();
  file.advise_sequential();
  CHECK(folder.find(shape, true).size() == file.find(shape, true).size());
  CHECK(folder.passed_over(shape).prefix == "mtp.");
  CHECK(folder.passed_over(shape).tensors == file.passed_over(shape).tensors);
  CHECK(file.store().find("token_embd.weight") != nullptr);
  CHECK(folder.store().find("model.embed_tokens.weight") != nullptr);
}
