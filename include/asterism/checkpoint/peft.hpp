// Adapters in the files of Hugging Face's PEFT: adapter_config.json and adapter_model.safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

/// "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" for the tensor
/// "model.layers.0.self_attn.q_proj.weight" and "lora_A".
std::string peft_name(std::string_view tensor, std::string_view half);

/// What adapter_config.json says that the toolkit computes.
struct PeftConfig {
  std::int32_t rank = 0;
  float alpha = 0;
  bool rank_stabilised = false;
  std::string base{};                  ///< base_model_name_or_path
  std::vector<std::string> targets{};  ///< target_modules
};

/// Reads adapter_config.json of a folder. FileError, FormatError on a broken one; Unsupported, by name, for what is no
/// plain LoRA: another peft_type, use_dora, bias, modules_to_save, lora_bias, rank_pattern and alpha_pattern,
/// layers_to_transform, target_parameters. Source: PEFT 0.21, `LoraConfig`.
PeftConfig read_peft_config(const std::string& folder);

/// One matrix of an adapter in memory: float32, row-major.
struct PeftTensor {
  std::string name;
  MatrixView<float> values;
};

/// The open adapter_model.safetensors of a folder, tensors of 16 or 32 bits. FileError, FormatError. Not thread-safe.
class PeftFile {
 public:
  explicit PeftFile(const std::string& folder);

  const std::string& path() const { return input_.path(); }
  /// Whether there is a tensor of that name that was not read.
  bool has(std::string_view name) const { return left_.find(name) != left_.end(); }
  /// The names of those that were not read.
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, tensor] : left_) out.push_back(name);
    return out;
  }
  /// FormatError where it is missing or has another shape than (rows, cols).
  void check_shape(const std::string& name, std::uint64_t rows, std::uint64_t cols) const;
  /// Fills `tensor`. FormatError naming it where it is missing, of another shape, or has a NaN.
  void read(const PeftTensor& tensor);
  /// FormatError naming a tensor that nobody read.
  void check_all_read() const;

 private:
  file::InputFile input_;
  std::map<std::string, TensorInfo, std::less<>> left_;
};

/// Fills the tensors from the file of a folder, which holds them and no others. Throws as PeftFile does.
void read_peft(const std::string& folder, View<const PeftTensor> tensors);

/// Writes both files into a folder that is there. FileError where the disk refuses.
void write_peft_files(const std::string& folder, const PeftConfig& config, View<const PeftTensor> tensors);

/// The same in a new folder, or over an older adapter in one step.
void write_peft(const std::string& folder, const PeftConfig& config, View<const PeftTensor> tensors);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/peft_impl.hpp"
#endif
