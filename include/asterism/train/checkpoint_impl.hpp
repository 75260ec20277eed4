// Bodies of checkpoint.hpp.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/train/checkpoint.hpp"

namespace asterism::train {

ASTERISM_INLINE std::vector<checkpoint::TensorDeclaration> weight_declarations(View<const Parameter> parameters) {
  std::vector<checkpoint::TensorDeclaration> out;
  for (const Parameter& parameter : parameters) {
    std::vector<std::uint64_t> shape{parameter.weights.cols};
    if (parameter.kind != Kind::vector) shape.insert(shape.begin(), parameter.weights.rows);
    out.push_back({.name = parameter.name, .dtype = checkpoint::DType::f32, .shape = std::move(shape)});
  }
  return out;
}

ASTERISM_INLINE void write_checkpoint(View<const Parameter> parameters, const std::string& like,
                                      checkpoint::CheckpointWriter& writer) {
  std::map<std::string, const Parameter*> by_name;
  for (const Parameter& parameter : parameters) by_name[parameter.name] = &parameter;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
    const View<const float> values = by_name.at(tensor.name)->values();
    writer.write(tensor.name, {reinterpret_cast<const std::byte*>(values.data), values.size * sizeof(float)});
  }
  write_texts(like, writer);
}

ASTERISM_INLINE void write_texts(const std::string& like, checkpoint::CheckpointWriter& writer) {
  const std::string path = like + "/config.json";
  json::Value config = json::parse(file::read_file(path, checkpoint::max_config_bytes), path);
  config.erase("torch_dtype");
  config.erase("quantization_config");
  config["dtype"] = "float32";
  writer.write_text("config.json", config.dump(2) + "\n");
  generate::copy_texts(like, writer);
}

ASTERISM_INLINE void save_weights(View<const Parameter> parameters, const std::string& like,
                                  const std::string& folder) {
  checkpoint::CheckpointWriter writer(folder, weight_declarations(parameters));
  write_checkpoint(parameters, like, writer);
  writer.finish();
}

}  // namespace asterism::train
