// Adapters in the files of Hugging Face's PEFT: adapter_model.safetensors, and its configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "asterism/checkpoint/peft_config.hpp"
#include "asterism/checkpoint/peft_names.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

/// One matrix of an adapter in memory, or a whole tensor: float32, row-major.
struct PeftTensor {
  std::string name;
  MatrixView<float> values;
};

/// The adapter of one matrix (rows, cols) as a file has it: W + scale B A.
struct PeftAdapter {
  std::int32_t rank = 0;
  float alpha = 0;
  float scale = 0;
  std::vector<float> a{};  ///< (rank, cols)
  std::vector<float> b{};  ///< (rows, rank)
  /// Where gate and up of an expert share this A: 0 for the gate, 1 for up. Of PEFT's conversion of two adapters half
  /// the rank, each has its half of A, and zeros in the other half of B.
  std::optional<std::int32_t> half{};
};

/// The open files of a folder; tensors have 16 or 32 bits. Matrices are asked for by the base's names, those of
/// transformers 4: "model.layers.0.block_sparse_moe.experts.3.w1.weight" (w3, w2; or gate_proj, up_proj, down_proj).
/// The file may have them so, or as PEFT saves fused experts: gate and up in `mlp.experts.base_layer`, down in
/// `mlp.experts`, or the only one of these in `mlp.experts`; A (experts * rank, cols) expert-major and B (rows, rank *
/// experts) rank-major. FileError,
/// FormatError, Unsupported as read_peft_config. Memory: the fused adapters of one layer. Not thread-safe.
class PeftFile {
 public:
  /// `experts`: of a layer of the base; 0: none.
  PeftFile(const std::string& folder, std::uint64_t experts);

  const std::string& path() const { return input_.path(); }
  const PeftConfig& config() const { return config_; }

  /// Whether a matrix (rows, cols) has an adapter; its tensors are known then. FormatError where their shapes differ.
  bool has_adapter(const std::string& tensor, std::uint64_t rows, std::uint64_t cols);
  /// Reads it. FormatError naming a tensor that is missing, of another shape, or has a NaN.
  PeftAdapter adapter(const std::string& tensor, std::uint64_t rows, std::uint64_t cols);

  /// The same of a tensor that is there whole.
  bool has_whole(const std::string& tensor, std::uint64_t rows, std::uint64_t cols);
  void read_whole(const std::string& tensor, MatrixView<float> values);

  /// FormatError naming a tensor that nobody asked for.
  void check_all_known() const;

 private:
  /// The tensors of one matrix's adapter.
  struct Place {
    std::string a{};
    std::string b{};
    std::string module{};  ///< in the configuration
    std::int32_t rank = 0;
    std::uint64_t experts = 0;  ///< that share the tensors; 0: none do
    std::uint64_t expert = 0;
    std::optional<std::int32_t> half{};
  };
  std::optional<Place> place_of(const std::string& tensor, std::uint64_t rows, std::uint64_t cols);
  /// The layer whose fused tensors have the adapter of a matrix (rows, cols) of an expert, if there is one.
  std::optional<std::string> fused_layer(const std::string& experts, bool is_gate_or_up, std::uint64_t rows,
                                         std::uint64_t cols) const;
  std::string whole_name(const std::string& tensor) const;
  void check_shape(const std::string& name, std::uint64_t rows, std::uint64_t cols);
  void read(const std::string& name, View<float> values) const;
  const std::vector<float>& fused(const std::string& name);

  std::uint64_t experts_;
  PeftConfig config_;
  file::InputFile input_;
  std::map<std::string, TensorInfo, std::less<>> tensors_;
  std::set<std::string, std::less<>> known_;
  std::map<std::string, std::vector<float>> layer_;  ///< fused tensors of one layer
};

/// Fills the tensors, A and B of a matrix one behind the other, from the files of a folder, which hold them and no
/// others. InvalidArgument, with the names and numbers, where a rank or a scale is not that of the tensors and of
/// `wanted`; Unsupported where gate and up share what two adapters of the wanted rank can't hold. Throws as PeftFile.
void read_peft(const std::string& folder, const PeftConfig& wanted, View<const PeftTensor> tensors);

/// Writes both files into a folder that is there. FileError where the disk refuses.
void write_peft_files(const std::string& folder, const PeftConfig& config, View<const PeftTensor> tensors);

/// The same in a new folder, or over an older adapter in one step.
void write_peft(const std::string& folder, const PeftConfig& config, View<const PeftTensor> tensors);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/peft_impl.hpp"
#endif
