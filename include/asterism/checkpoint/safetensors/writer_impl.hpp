// Bodies of writer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE SafetensorsLayout safetensors_layout(std::vector<TensorDeclaration> declarations) {
  std::sort(declarations.begin(), declarations.end(), [](const TensorDeclaration& a, const TensorDeclaration& b) {
    return a.dtype != b.dtype ? a.dtype > b.dtype : a.name < b.name;
  });
  const auto fail = [](std::string_view name, std::string_view what) {
    return InvalidArgument(concat("tensor '", printable(name), "' ", what));
  };
  std::vector<std::string_view> names;
  for (const TensorDeclaration& declaration : declarations) names.push_back(declaration.name);
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i] == names[i - 1]) throw fail(names[i], "is declared twice");
  }
  SafetensorsLayout layout;
  std::string json = R"({"__metadata__":{"format":"pt"})";
  std::uint64_t end = 0;
  for (TensorDeclaration& declaration : declarations) {
    if (declaration.name == "__metadata__") throw fail(declaration.name, "has the name that the format reserves");
    TensorInfo tensor;
    tensor.name = std::move(declaration.name);
    tensor.dtype = declaration.dtype;
    tensor.shape = std::move(declaration.shape);
    const auto elements = element_count(tensor.shape);
    tensor.elements = elements.value_or(0);
    tensor.offset = end;
    constexpr std::uint64_t most = std::uint64_t{1} << 62U;  // leaves room for the header
    if (!elements || __builtin_mul_overflow(tensor.elements, dtype_size(tensor.dtype), &tensor.bytes) ||
        __builtin_add_overflow(end, tensor.bytes, &end) || end > most) {
      throw fail(tensor.name, concat("of shape ", shape_text(tensor.shape), " makes the file exceed 2^62 bytes"));
    }
    std::string name;
    try {
      name = json::Value(tensor.name).dump();
    } catch (const json::Value::exception&) {
      throw fail(tensor.name, "has a name that is not valid UTF-8");
    }
    json += concat(",", name, R"(:{"dtype":")", dtype_name(tensor.dtype), R"(","shape":[)");
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) json += concat(i == 0 ? "" : ",", tensor.shape[i]);
    json += concat(R"(],"data_offsets":[)", tensor.offset, ",", end, "]}");
    layout.tensors.push_back(std::move(tensor));
  }
  json += "}";
  json.append((8 - json.size() % 8) % 8, ' ');
  if (json.size() > max_safetensors_header) {
    throw InvalidArgument(concat("the header of ", layout.tensors.size(), " tensors takes ", json.size(),
                                 " bytes, the format allows ", max_safetensors_header, "; write shards"));
  }
  for (std::size_t i = 0; i < 8; ++i) layout.header += static_cast<char>(json.size() >> 8 * i & 0xFFU);
  layout.header += json;
  for (TensorInfo& tensor : layout.tensors) tensor.offset += layout.header.size();
  layout.file_bytes = layout.header.size() + end;
  return layout;
}

ASTERISM_INLINE SafetensorsWriter::SafetensorsWriter(const std::string& path,
                                                     std::vector<TensorDeclaration> declarations)
    : layout_(safetensors_layout(std::move(declarations))), file_(path, layout_.file_bytes) {
  file_.write({reinterpret_cast<const std::byte*>(layout_.header.data()), layout_.header.size()});
  skip_empty();
}

ASTERISM_INLINE void SafetensorsWriter::write(std::string_view name, View<const std::byte> piece) {
  if (piece.empty()) return;
  if (current_ == layout_.tensors.size()) {
    throw InvalidArgument(concat(file_.path(), ": tensor '", printable(name), "' after the last one"));
  }
  const TensorInfo& tensor = layout_.tensors[current_];
  if (name != tensor.name || piece.size > tensor.bytes - written_) {
    throw InvalidArgument(concat(file_.path(), ": ", piece.size, " bytes of tensor '", printable(name),
                                 "' were given, expected at most ", tensor.bytes - written_, " of '",
                                 printable(tensor.name), "'"));
  }
  file_.write(piece);
  written_ += piece.size;
  if (written_ < tensor.bytes) return;
  ++current_;
  written_ = 0;
  skip_empty();
}

ASTERISM_INLINE void SafetensorsWriter::finish() {
  if (current_ != layout_.tensors.size()) {
    throw InvalidArgument(concat(file_.path(), ": tensor '", printable(layout_.tensors[current_].name), "' lacks ",
                                 layout_.tensors[current_].bytes - written_, " bytes"));
  }
  file_.finish();
}

ASTERISM_INLINE void SafetensorsWriter::skip_empty() {
  while (current_ < layout_.tensors.size() && layout_.tensors[current_].bytes == 0) ++current_;
}

}  // namespace asterism::checkpoint
