// A golden checkpoint in memory, changed by a test and written to a folder of its own.
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

namespace asterism::test {

inline std::string golden_model(std::string_view name) {
  return std::string(ASTERISM_GOLDEN_DIR) + "/models/" + std::string(name);
}

class EditedCheckpoint {
 public:
  struct Tensor {
    checkpoint::DType dtype;
    std::vector<std::uint64_t> shape;
    std::string bytes;
  };

  explicit EditedCheckpoint(const std::string& folder)
      : config(json::parse(file::read_file(folder + "/config.json", 1U << 20U), folder)) {
    const checkpoint::TensorStore store(folder);
    for (const checkpoint::TensorInfo& tensor : store.tensors()) {
      const std::vector<std::byte> bytes = store.bytes(tensor);
      tensors[tensor.name] = {
          tensor.dtype, tensor.shape, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
    }
  }

  /// One that is made by the test.
  explicit EditedCheckpoint(json::Value config_json) : config(std::move(config_json)) {}

  /// Puts `value` at an element of a tensor; T has the size of the tensor's dtype.
  template <class T>
  void set(const std::string& name, std::size_t element, T value) {
    std::memcpy(tensors.at(name).bytes.data() + element * sizeof(T), &value, sizeof(T));
  }

  /// Writes config.json and model.safetensors.
  void write(const std::string& folder) const {
    std::vector<checkpoint::TensorDeclaration> declarations;
    for (const auto& [name, tensor] : tensors) declarations.push_back({name, tensor.dtype, tensor.shape});
    checkpoint::SafetensorsWriter writer(folder + "/model.safetensors", std::move(declarations));
    for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
      writer.write(tensor.name, as_bytes(tensors.at(tensor.name).bytes));
    }
    writer.finish();
    write_file(folder + "/config.json", config.dump(2));
  }

  std::map<std::string, Tensor> tensors;
  json::Value config;
};

/// The folder of a golden checkpoint; of one in 4 bits a copy in `temporary` that asks for no rounding, since the
/// reference computes with codes times scales in float32.
inline std::string unrounded(const std::string& name, const std::string& temporary) {
  std::string folder = golden_model(name);
  if (!name.starts_with("bnb_")) return folder;
  EditedCheckpoint checkpoint(folder);
  for (auto& [tensor, content] : checkpoint.tensors) {
    const std::size_t place = content.bytes.find("\"bfloat16\"");
    if (tensor.find(".quant_state.") == tensor.npos || place == std::string::npos) continue;
    content.bytes.replace(place, 10, "\"float32\" ");
  }
  checkpoint.write(temporary);
  return temporary;
}

/// Copies files of a folder to another one; all where none is named.
inline void copy_files(const std::string& from, const std::string& to,
                       std::initializer_list<std::string_view> names = {}) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    bool wanted = names.size() == 0;
    for (const std::string_view name : names) wanted = wanted || entry.path().filename() == name;
    if (wanted) std::filesystem::copy_file(entry.path(), std::filesystem::path(to) / entry.path().filename());
  }
}

}  // namespace asterism::test
