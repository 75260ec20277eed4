// The files of a state: optimizer, weights, and what else a run needs to go on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/json/json.hpp"
#include "asterism/train/parameter.hpp"
#include "asterism/train/state.hpp"

namespace asterism::train::detail {

inline constexpr std::string_view state_prefix = "step-";
inline constexpr std::string_view removed_suffix = ".removed";

inline View<const std::byte> bytes_of(View<const float> values) {
  return {reinterpret_cast<const std::byte*>(values.data), values.size * sizeof(float)};
}

/// Of all weights and of all optimizer states, in order.
inline std::pair<std::uint32_t, std::uint32_t> checksums(View<const Parameter> parameters) {
  std::pair<std::uint32_t, std::uint32_t> out{0, 0};
  for (const Parameter& parameter : parameters) {
    out.first = file::crc32c(bytes_of(parameter.values()), out.first);
    out.second = file::crc32c({parameter.state.data, parameter.state.size}, out.second);
  }
  return out;
}

inline std::uint32_t checksum(std::string_view text) {
  return file::crc32c({reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

inline void write_optimizer(View<const Parameter> parameters, const std::string& path) {
  std::vector<checkpoint::TensorDeclaration> tensors;
  std::map<std::string, const Parameter*> by_name;
  for (const Parameter& parameter : parameters) {
    if (parameter.state.size == 0) continue;
    tensors.push_back({.name = parameter.name, .dtype = checkpoint::DType::u8, .shape = {parameter.state.size}});
    by_name[parameter.name] = &parameter;
  }
  checkpoint::SafetensorsWriter writer(path, std::move(tensors));
  for (const auto& tensor : writer.tensors()) {
    const View<std::byte> state = by_name.at(tensor.name)->state;
    writer.write(tensor.name, {state.data, state.size});
  }
  writer.finish();
}

inline void read_optimizer(View<const Parameter> parameters, const std::string& path) {
  const file::InputFile input(path);
  const auto header = checkpoint::read_safetensors_header(input);
  std::map<std::string, const checkpoint::TensorInfo*> by_name;
  for (const auto& tensor : header.tensors) by_name[tensor.name] = &tensor;
  for (const Parameter& parameter : parameters) {
    const auto found = by_name.find(parameter.name);
    const std::uint64_t bytes = found == by_name.end() ? 0 : found->second->bytes;
    if (bytes != parameter.state.size) {
      throw FormatError(concat(path, ": the optimizer's state of ", parameter.name, " has ", bytes,
                               " bytes, expected ", parameter.state.size));
    }
    if (bytes > 0) input.read(found->second->offset, parameter.state);
  }
}

inline void read_weights(View<const Parameter> parameters, const std::string& folder) {
  const checkpoint::TensorStore store(folder);
  for (const Parameter& parameter : parameters) {
    const checkpoint::TensorInfo& tensor = store.at(parameter.name);
    if (tensor.dtype != checkpoint::DType::f32 || tensor.bytes != parameter.size() * sizeof(float)) {
      throw FormatError(concat(store.describe(tensor), " has ", tensor.bytes, " bytes, expected ",
                               parameter.size() * sizeof(float), " of float32"));
    }
    store.stored(tensor).read(
        0, {reinterpret_cast<std::byte*>(parameter.weights.data), parameter.size() * sizeof(float)});
    parameter.refresh();
  }
}

/// What a state holds besides weights.
inline void write_rest(View<const Parameter> parameters, const Progress& progress, const std::string& folder) {
  write_optimizer(parameters, folder + "/optimizer.safetensors");
  const auto [weights, optimizer] = checksums(parameters);
  json::Value state = {{"format", 1},
                       {"step", progress.step},
                       {"epoch", progress.position.epoch},
                       {"example", progress.position.example},
                       {"tokens", progress.tokens},
                       {"seconds", progress.seconds},
                       {"weights_crc32c", weights},
                       {"optimizer_crc32c", optimizer},
                       {"recipe", progress.recipe}};
  if (progress.held_out) state["held_out_loss"] = *progress.held_out;
  if (progress.scale) {
    state["loss_scale"] = progress.scale->value;
    state["good_steps"] = progress.scale->good_steps;
    state["skipped_steps"] = progress.scale->skipped;
  }
  state["crc32c"] = checksum(state.dump());
  file::write_text_file(folder + "/training.json", state.dump(2) + "\n");
}

}  // namespace asterism::train::detail
