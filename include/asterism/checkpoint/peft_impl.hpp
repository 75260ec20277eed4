// Bodies of peft.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "asterism/checkpoint/peft.hpp"
#include "asterism/checkpoint/peft_names.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE PeftFile::PeftFile(const std::string& folder, std::uint64_t experts)
    : experts_(experts), config_(read_peft_config(folder)), input_(folder + "/adapter_model.safetensors") {
  for (TensorInfo& tensor : read_safetensors_header(input_).tensors) {
    std::string name = tensor.name;
    tensors_.emplace(std::move(name), std::move(tensor));
  }
}

ASTERISM_INLINE std::optional<PeftFile::Place> PeftFile::place_of(const std::string& tensor, std::uint64_t rows,
                                                                  std::uint64_t cols) {
  Place out{.a = peft_name(tensor, "lora_A"), .b = peft_name(tensor, "lora_B")};
  if (tensors_.contains(out.a)) {
    out.module = detail::without_weight(tensor);
    out.rank = config_.rank_of(out.module);
    check_shape(out.a, static_cast<std::uint64_t>(out.rank), cols);
    check_shape(out.b, rows, static_cast<std::uint64_t>(out.rank));
    return out;
  }
  const auto matrix = detail::expert_matrix(tensor);
  if (!matrix) return std::nullopt;
  const auto layer = fused_layer(matrix->experts, matrix->half.has_value(), rows, cols);
  if (!layer) return std::nullopt;
  out.a = peft_name(*layer, "lora_A");
  out.b = peft_name(*layer, "lora_B");
  out.module = concat(matrix->experts, matrix->half ? ".gate_up_proj" : ".down_proj");
  out.rank = config_.rank_of(out.module);
  out.half = matrix->half;
  out.expert = matrix->expert;
  const auto rank = static_cast<std::uint64_t>(out.rank);
  out.experts = experts_;
  check_shape(out.a, out.experts * rank, cols);
  check_shape(out.b, (out.half ? 2 : 1) * rows, rank * out.experts);
  return out;
}

/// Of one fused matrix alone PEFT saves the adapter in the layer itself, whichever it is: gate and up have twice as
/// many rows as down has columns, which tells them apart.
ASTERISM_INLINE std::optional<std::string> PeftFile::fused_layer(const std::string& experts, bool is_gate_or_up,
                                                                 std::uint64_t rows, std::uint64_t cols) const {
  const std::string inner = concat(experts, ".base_layer");
  const bool both = tensors_.contains(peft_name(inner, "lora_A"));
  if (is_gate_or_up && both) return inner;
  const auto a = tensors_.find(peft_name(experts, "lora_A"));
  if (a == tensors_.end()) return std::nullopt;
  if (both) return experts;
  const auto b = tensors_.find(peft_name(experts, "lora_B"));
  const std::uint64_t hidden = is_gate_or_up ? cols : rows;
  const std::uint64_t inside = is_gate_or_up ? rows : cols;
  const auto has = [](const TensorInfo& tensor, std::size_t dimension, std::uint64_t size) {
    return tensor.shape.size() == 2 && tensor.shape[dimension] == size;
  };
  const bool of_gate_and_up = has(a->second, 1, hidden) && b != tensors_.end() && has(b->second, 0, 2 * inside);
  return of_gate_and_up == is_gate_or_up ? std::optional(experts) : std::nullopt;
}

ASTERISM_INLINE bool PeftFile::has_adapter(const std::string& tensor, std::uint64_t rows, std::uint64_t cols) {
  return place_of(tensor, rows, cols).has_value();
}

ASTERISM_INLINE PeftAdapter PeftFile::adapter(const std::string& tensor, std::uint64_t rows, std::uint64_t cols) {
  const auto place = place_of(tensor, rows, cols);
  if (!place) {
    throw FormatError(concat(input_.path(), ": has no tensor '", peft_name(tensor, "lora_A"),
                             "': an adapter of another model, or with other targets"));
  }
  PeftAdapter out{.rank = place->rank, .alpha = config_.alpha_of(place->module), .half = place->half};
  out.scale = config_.scale(out.rank, out.alpha);
  const auto rank = static_cast<std::size_t>(place->rank);
  out.a.resize(rank * static_cast<std::size_t>(cols));
  out.b.resize(static_cast<std::size_t>(rows) * rank);
  if (place->experts == 0) {
    read(place->a, out.a);
    read(place->b, out.b);
    return out;
  }
  const auto expert = static_cast<std::size_t>(place->expert);
  const auto experts = static_cast<std::size_t>(place->experts);
  const auto& a = fused(place->a);
  std::copy_n(a.begin() + static_cast<std::ptrdiff_t>(expert * out.a.size()), out.a.size(), out.a.begin());
  const auto& b = fused(place->b);
  const std::size_t first = static_cast<std::size_t>(place->half.value_or(0)) * static_cast<std::size_t>(rows);
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    for (std::size_t r = 0; r < rank; ++r)
      out.b[row * rank + r] = b[((first + row) * rank + r) * experts + expert];
  }
  return out;
}

ASTERISM_INLINE std::string PeftFile::whole_name(const std::string& tensor) const {
  const std::string name = peft_whole_name(tensor);
  const std::string old = detail::renamed(name, detail::new_experts, detail::old_experts);
  return tensors_.contains(old) ? old : name;
}

ASTERISM_INLINE bool PeftFile::has_whole(const std::string& tensor, std::uint64_t rows, std::uint64_t cols) {
  const std::string name = whole_name(tensor);
  if (!tensors_.contains(name)) return false;
  check_shape(name, rows, cols);
  return true;
}

ASTERISM_INLINE void PeftFile::read_whole(const std::string& tensor, MatrixView<float> values) {
  const std::string name = whole_name(tensor);
  check_shape(name, values.rows, values.cols);
  read(name, {values.data, values.rows * values.cols});
}

ASTERISM_INLINE void PeftFile::read(const std::string& name, View<float> values) const {
  const TensorInfo& tensor = tensors_.find(name)->second;
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes));
  input_.read(tensor.offset, bytes);
  to_floats(
      tensor.dtype, bytes.data(), values, [&] { return concat(input_.path(), ": tensor '", name, "'"); }, 0);
}

ASTERISM_INLINE const std::vector<float>& PeftFile::fused(const std::string& name) {
  if (const auto found = layer_.find(name); found != layer_.end()) return found->second;
  const auto layer_of = [](std::string_view of) { return of.substr(0, of.find(".experts.")); };
  if (!layer_.empty() && layer_of(layer_.begin()->first) != layer_of(name)) layer_.clear();
  std::vector<float>& values = layer_[name];
  values.resize(static_cast<std::size_t>(tensors_.find(name)->second.elements));
  read(name, values);
  return values;
}

ASTERISM_INLINE void PeftFile::check_shape(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw FormatError(
        concat(input_.path(), ": has no tensor '", name, "': an adapter of another model, or with other targets"));
  }
  known_.insert(name);
  const std::vector<std::uint64_t> shape{rows, cols};
  if (found->second.shape == shape) return;
  throw FormatError(concat(input_.path(), ": tensor '", name, "' has the shape ", shape_text(found->second.shape),
                           ", expected ", shape_text(shape)));
}

ASTERISM_INLINE void PeftFile::check_all_known() const {
  for (const auto& [name, tensor] : tensors_) {
    if (known_.contains(name)) continue;
    throw FormatError(concat(input_.path(), ": tensor '", printable(name),
                             "' belongs to no matrix that has an adapter here: it would be lost; the model or the "
                             "targets are others"));
  }
}

namespace detail {

/// What `found` is in a tensor's A and B; `where` names its file and matrix.
inline void take(const PeftAdapter& found, const MatrixView<float>& a, const MatrixView<float>& b,
                 const std::string& where) {
  const auto rank = static_cast<std::size_t>(found.rank);
  const std::size_t first = rank == a.rows ? 0 : static_cast<std::size_t>(found.half.value_or(0)) * a.rows;
  std::copy_n(found.a.begin() + static_cast<std::ptrdiff_t>(first * a.cols), a.rows * a.cols, a.data);
  for (std::size_t row = 0; row < b.rows; ++row) {
    for (std::size_t r = 0; r < rank; ++r) {
      const float value = found.b[row * rank + r];
      if (r >= first && r < first + b.cols) {
        b(row, r - first) = value;
      } else if (value != 0) {
        throw Unsupported(concat(where, ": gate and up share all ", rank,
                                 " rows of one A, which two adapters of rank ", a.rows,
                                 " can't hold: B is not block-diagonal; rank ", rank, " at experts can"));
      }
    }
  }
}

}  // namespace detail

ASTERISM_INLINE void read_peft(const std::string& folder, const PeftConfig& wanted,
                               View<const PeftTensor> tensors) {
  constexpr std::string_view a_suffix = ".lora_A.weight";
  std::uint64_t experts = 0;  // as many as the tensors speak of
  for (const PeftTensor& tensor : tensors) {
    const std::size_t end = tensor.name.rfind(a_suffix);
    if (end == tensor.name.npos) continue;
    const auto matrix =
        detail::expert_matrix(tensor.name.substr(detail::peft_prefix.size(), end - detail::peft_prefix.size()) +
                              std::string(detail::weight_suffix));
    if (matrix) experts = std::max(experts, matrix->expert + 1);
  }
  PeftFile file(folder, experts);
  for (std::size_t i = 0; i < tensors.size; ++i) {
    const std::string& name = tensors[i].name;
    const MatrixView<float>& a = tensors[i].values;
    if (!name.ends_with(a_suffix)) {
      file.read_whole(name.substr(detail::peft_prefix.size()), a);
      continue;
    }
    const std::string module =
        name.substr(detail::peft_prefix.size(), name.rfind(a_suffix) - detail::peft_prefix.size());
    const MatrixView<float>& b = tensors[++i].values;
    const PeftAdapter found = file.adapter(module + std::string(detail::weight_suffix), b.rows, a.cols);
    const auto rank = static_cast<std::int32_t>(a.rows);
    const float alpha = wanted.alpha_of(module);
    const bool fits = found.rank == rank || (found.half && found.rank == 2 * rank);
    if (!fits || found.scale != wanted.scale(rank, alpha)) {
      const auto stabilised = [](const PeftConfig& config) {
        return config.rank_stabilised ? ", rank-stabilised" : "";
      };
      throw InvalidArgument(concat(file.path(), ": the adapter of ", module, " has rank ", found.rank,
                                   " and alpha ", found.alpha, stabilised(file.config()),
                                   "; the recipe's has rank ", rank, " and alpha ", alpha, stabilised(wanted)));
    }
    detail::take(found, a, b, concat(file.path(), ": ", module));
  }
  file.check_all_known();
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
  json::Value text = {{"peft_type", "LORA"},
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
  if (!config.whole.empty()) text["modules_to_save"] = config.whole;
  if (!config.ranks.empty()) text["rank_pattern"] = config.ranks;
  if (!config.alphas.empty()) text["alpha_pattern"] = config.alphas;
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
