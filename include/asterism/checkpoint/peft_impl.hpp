// Bodies of peft.hpp.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>

#include "asterism/checkpoint/peft.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::string peft_name(std::string_view tensor, std::string_view half) {
  constexpr std::string_view suffix = ".weight";
  if (tensor.ends_with(suffix)) tensor.remove_suffix(suffix.size());
  return concat("base_model.model.", tensor, ".", half, ".weight");
}

ASTERISM_INLINE PeftConfig read_peft_config(const std::string& folder) {
  const std::string path = folder + "/adapter_config.json";
  const json::Value config = json::parse(file::read_file(path, 1U << 24U), path);
  json::check_object(config, "the document", path);
  const auto refuse = [&](std::string_view what) {
    throw Unsupported(concat(path, ": ", what, ": the toolkit computes plain LoRA alone"));
  };
  if (const std::string& type = json::require_string(config, "peft_type", path); type != "LORA") {
    refuse(concat("peft_type is ", printable(type)));
  }
  for (const char* flag : {"use_dora", "lora_bias", "fan_in_fan_out", "use_qalora"}) {
    if (json::optional_bool(config, flag, path).value_or(false)) refuse(concat(flag, " is true"));
  }
  if (const auto bias = json::optional_string(config, "bias", path); bias && *bias != "none") {
    refuse(concat("bias is ", printable(*bias)));
  }
  for (const char* field : {"modules_to_save", "layers_to_transform", "target_parameters",
                            "trainable_token_indices", "rank_pattern", "alpha_pattern", "layer_replication"}) {
    const json::Value* value = json::find_field(config, field, path);
    if (value != nullptr && !value->empty()) refuse(concat(field, " is set"));
  }
  for (const char* field : {"alora_invocation_tokens", "use_bdlora", "arrow_config", "eva_config", "corda_config",
                            "loftq_config", "megatron_config"}) {
    const json::Value* value = json::find_field(config, field, path);
    if (value != nullptr && !value->empty() && *value != false) refuse(concat(field, " is set"));
  }
  // Some ways to begin change the base, which the adapter alone does not tell.
  if (const json::Value* begin = json::find_field(config, "init_lora_weights", path);
      begin != nullptr && !begin->is_boolean() && *begin != "gaussian" && *begin != "orthogonal") {
    refuse(concat("init_lora_weights is ", begin->dump()));
  }
  PeftConfig out;
  out.rank = static_cast<std::int32_t>(
      json::require_integer(config, "r", path, 1, std::numeric_limits<std::int32_t>::max()));
  out.alpha = static_cast<float>(json::require_number(config, "lora_alpha", path));
  out.rank_stabilised = json::optional_bool(config, "use_rslora", path).value_or(false);
  out.base = json::optional_string(config, "base_model_name_or_path", path).value_or("");
  if (const json::Value* targets = json::find_field(config, "target_modules", path); targets != nullptr) {
    if (targets->is_array()) {
      for (const json::Value& one : *targets) out.targets.push_back(json::to_text(one, "target_modules", path));
    } else {
      out.targets.push_back(json::to_text(*targets, "target_modules", path));
    }
  }
  return out;
}

ASTERISM_INLINE PeftFile::PeftFile(const std::string& folder) : input_(folder + "/adapter_model.safetensors") {
  std::vector<std::byte> beginning(static_cast<std::size_t>(std::min<std::uint64_t>(64, input_.size())));
  input_.read(0, beginning);
  beginning.resize(static_cast<std::size_t>(std::min(input_.size(), safetensors_header_bytes(beginning))));
  input_.read(0, beginning);
  for (TensorInfo& tensor : parse_safetensors(beginning, input_.size(), input_.path()).tensors) {
    std::string name = tensor.name;
    left_.emplace(std::move(name), std::move(tensor));
  }
}

ASTERISM_INLINE void PeftFile::read(const PeftTensor& wanted) {
  check_shape(wanted.name, wanted.values.rows, wanted.values.cols);
  const auto found = left_.find(wanted.name);
  const TensorInfo tensor = std::move(found->second);
  left_.erase(found);
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes));
  input_.read(tensor.offset, bytes);
  const View<float> values(wanted.values.data, wanted.values.rows * wanted.values.cols);
  to_floats(
      tensor.dtype, bytes.data(), values, [&] { return concat(input_.path(), ": tensor '", wanted.name, "'"); },
      0);
}

ASTERISM_INLINE void PeftFile::check_shape(const std::string& name, std::uint64_t rows, std::uint64_t cols) const {
  const auto found = left_.find(name);
  if (found == left_.end()) {
    throw FormatError(
        concat(input_.path(), ": has no tensor '", name, "': an adapter of another model, or with other targets"));
  }
  const std::vector<std::uint64_t> shape{rows, cols};
  if (found->second.shape == shape) return;
  throw FormatError(concat(input_.path(), ": tensor '", name, "' has the shape ", shape_text(found->second.shape),
                           ", expected ", shape_text(shape)));
}

ASTERISM_INLINE void PeftFile::check_all_read() const {
  if (left_.empty()) return;
  throw FormatError(
      concat(input_.path(), ": tensor '", printable(left_.begin()->first),
             "' belongs to no matrix that has an adapter here: it would be lost; the targets are others"));
}

ASTERISM_INLINE void read_peft(const std::string& folder, View<const PeftTensor> tensors) {
  PeftFile file(folder);
  for (const PeftTensor& tensor : tensors) file.read(tensor);
  file.check_all_read();
}

ASTERISM_INLINE void write_peft_files(const std::string& folder, const PeftConfig& config,
                                      View<const PeftTensor> tensors) {
  std::vector<TensorDeclaration> declarations;
  std::map<std::string, const PeftTensor*, std::less<>> by_name;
  for (const PeftTensor& tensor : tensors) {
    declarations.push_back(
        {.name = tensor.name, .dtype = DType::f32, .shape = {tensor.values.rows, tensor.values.cols}});
    by_name[tensor.name] = &tensor;
  }
  SafetensorsWriter writer(folder + "/adapter_model.safetensors", std::move(declarations));
  for (const TensorInfo& tensor : writer.tensors()) {
    const MatrixView<float>& values = by_name.at(tensor.name)->values;
    writer.write(tensor.name,
                 {reinterpret_cast<const std::byte*>(values.data), values.rows * values.cols * sizeof(float)});
  }
  writer.finish();
  const json::Value text = {{"peft_type", "LORA"},
                            {"task_type", "CAUSAL_LM"},
                            {"base_model_name_or_path", config.base},
                            {"r", config.rank},
                            {"lora_alpha", config.alpha},
                            {"lora_dropout", 0.0},
                            {"use_rslora", config.rank_stabilised},
                            {"use_dora", false},
                            {"bias", "none"},
                            {"fan_in_fan_out", false},
                            {"inference_mode", true},
                            {"init_lora_weights", true},
                            {"target_modules", config.targets}};
  file::write_text_file(folder + "/adapter_config.json", text.dump(2) + "\n");
}

ASTERISM_INLINE void write_peft(const std::string& folder, const PeftConfig& config,
                                View<const PeftTensor> tensors) {
  file::NewFolder target(folder);
  write_peft_files(target.temporary(), config, tensors);
  target.finish([](const std::string& name) {
    return name == "adapter_model.safetensors" || name == "adapter_model.bin" || name == "adapter_config.json";
  });
}

}  // namespace asterism::checkpoint
