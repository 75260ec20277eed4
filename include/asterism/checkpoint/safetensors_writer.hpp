// Writes one safetensors file tensor by tensor, byte for byte as the reference writer does, and shows it under its
// name only when it is complete.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/dtype.hpp"
#include "asterism/checkpoint/safetensors.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

/// A tensor to be written.
struct TensorDeclaration {
  std::string name;  ///< UTF-8, unique in the file, not "__metadata__"
  DType dtype = DType::f32;
  std::vector<std::uint64_t> shape;
};

/// The layout of a new file.
struct SafetensorsLayout {
  std::string header;               ///< length, JSON and padding: the first bytes of the file
  std::vector<TensorInfo> tensors;  ///< in the order of the file
  std::uint64_t file_bytes = 0;     ///< header and data
};

/// Orders the tensors by descending dtype, then by name, and writes the header with `__metadata__`
/// {"format":"pt"}, padded with blanks to a multiple of 8 bytes. InvalidArgument naming the tensor when a name is
/// used twice, reserved or no UTF-8, or a size exceeds 64 bits; also when the header exceeds the format's limit.
/// Source: huggingface/safetensors, `prepare` and `serialize` of the reference implementation.
inline SafetensorsLayout safetensors_layout(std::vector<TensorDeclaration> declarations) {
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

/// Writes one file. Declare all tensors, write each one's bytes in the order of `tensors()` in pieces of any size,
/// then `finish`. Until then the file exists under a temporary name beside its place; it is removed when the
/// writer is destroyed unfinished. Needs no memory for the weights. One thread at a time.
class SafetensorsWriter {
 public:
  /// Reserves the space on disk. InvalidArgument for impossible declarations; FileError naming the path when the
  /// file can't be created or the disk has not the space.
  SafetensorsWriter(const std::string& path, std::vector<TensorDeclaration> declarations)
      : layout_(safetensors_layout(std::move(declarations))), file_(path, layout_.file_bytes) {
    file_.write({reinterpret_cast<const std::byte*>(layout_.header.data()), layout_.header.size()});
    skip_empty();
  }

  /// The tensors in the order in which `write` expects them.
  const std::vector<TensorInfo>& tensors() const { return layout_.tensors; }

  /// The next bytes of the tensor whose turn it is; `name` must be its name and the bytes must not exceed it, else
  /// InvalidArgument. FileError when the disk refuses them.
  void write(std::string_view name, View<const std::byte> piece) {
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

  /// Makes the file durable and gives it its name, replacing an older one at once. InvalidArgument when tensors
  /// are not complete; FileError when the disk refuses.
  void finish() {
    if (current_ != layout_.tensors.size()) {
      throw InvalidArgument(concat(file_.path(), ": tensor '", printable(layout_.tensors[current_].name),
                                   "' lacks ", layout_.tensors[current_].bytes - written_, " bytes"));
    }
    file_.finish();
  }

 private:
  void skip_empty() {
    while (current_ < layout_.tensors.size() && layout_.tensors[current_].bytes == 0) ++current_;
  }

  SafetensorsLayout layout_;
  file::NewFile file_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace asterism::checkpoint
