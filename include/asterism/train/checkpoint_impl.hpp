// Bodies of checkpoint.hpp.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/train/checkpoint.hpp"

namespace asterism::train {

ASTERISM_INLINE std::vector<checkpoint::TensorDeclaration> weight_declarations(View<const Parameter> parameters) {
  std::vector<checkpoint::TensorDeclaration> out;
  for (const Parameter& parameter : parameters) {
    std::vector<std::uint64_t> shape{parameter.weights.cols};
    if (!is_vector(parameter.kind)) shape.insert(shape.begin(), parameter.weights.rows);
    out.push_back({.name = parameter.name, .dtype = checkpoint::DType::f32, .shape = std::move(shape)});
  }
  return out;
}

ASTERISM_INLINE void write_checkpoint(View<const Parameter> parameters, const std::string& like,
                                      Architecture architecture, checkpoint::CheckpointWriter& writer) {
  std::map<std::string, const Parameter*> by_name;
  for (const Parameter& parameter : parameters) by_name[parameter.name] = &parameter;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
    const View<const float> values = by_name.at(tensor.name)->values();
    writer.write(tensor.name, {reinterpret_cast<const std::byte*>(values.data), values.size * sizeof(float)});
  }
  write_texts(like, architecture, writer);
}

ASTERISM_INLINE void write_texts(const std::string& like, Architecture architecture,
                                 checkpoint::CheckpointWriter& writer) {
  const std::string path = like + "/config.json";
  json::Value config = json::parse(file::read_file(path, checkpoint::max_config_bytes), path);
  config.erase("torch_dtype");
  config.erase("quantization_config");
  config["dtype"] = "float32";
  config["model_type"] = model::info_of(architecture).model_type;
  config["architectures"] = {model::info_of(architecture).class_name};
  writer.write_text("config.json", config.dump(2) + "\n");
  generate::copy_texts(like, writer);
}

ASTERISM_INLINE void save_weights(View<const Parameter> parameters, const std::string& like,
                                  Architecture architecture, const std::string& folder) {
  checkpoint::CheckpointWriter writer(folder, weight_declarations(parameters));
  write_checkpoint(parameters, like, architecture, writer);
  writer.finish();
}

}  // namespace asterism::train
