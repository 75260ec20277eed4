// Bodies of gguf/writer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/ggml_type.hpp"
#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/checkpoint/gguf/writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"

namespace asterism::checkpoint {

namespace detail {

/// The plain type of a dtype, or nullptr.
constexpr const GgmlType* ggml_type_of(DType dtype) {
  for (const GgmlType& type : ggml_types) {
    if (dtype_of(type) == dtype) return &type;
  }
  return nullptr;
}

constexpr std::uint64_t gguf_padding(std::uint64_t bytes) {
  return (default_gguf_alignment - bytes % default_gguf_alignment) % default_gguf_alignment;
}

/// The number of a tensor's type.
ASTERISM_INLINE std::uint32_t type_number(const GgufDeclaration& declaration) {
  return declaration.blocks != nullptr ? declaration.blocks->type : ggml_type_of(declaration.dtype)->number;
}

/// Places the tensors one behind the other; their offsets are relative to the data.
ASTERISM_INLINE std::vector<TensorInfo> place_new_tensors(const std::vector<GgufDeclaration>& declarations) {
  const auto fail = [](std::string_view name, std::string_view what) {
    return InvalidArgument(concat("tensor '", printable(name), "' ", what));
  };
  std::vector<std::string_view> names;
  names.reserve(declarations.size());
  for (const GgufDeclaration& declaration : declarations) names.push_back(declaration.name);
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i] == names[i - 1]) throw fail(names[i], "is declared twice");
  }
  std::vector<TensorInfo> out;
  std::uint64_t end = 0;
  for (const GgufDeclaration& declaration : declarations) {
    const std::string& name = declaration.name;
    if (name.empty() || name.size() > max_gguf_name) throw fail(name, "has a name of other than 1 to 64 bytes");
    if (declaration.shape.size() > max_gguf_rank) throw fail(name, "has more than four sizes");
    const quant::BlockCodec* blocks = declaration.blocks;
    if (blocks == nullptr && ggml_type_of(declaration.dtype) == nullptr) {
      throw fail(name, concat("is ", dtype_name(declaration.dtype), ", which GGUF lacks"));
    }
    if (blocks != nullptr && (declaration.shape.empty() || declaration.shape.back() % blocks->elements != 0)) {
      throw fail(name, concat("of shape ", shape_text(declaration.shape), " has no rows of whole blocks of ",
                              blocks->elements, ", as ", blocks->name, " asks for"));
    }
    TensorInfo tensor{.name = name,
                      .dtype = blocks != nullptr ? DType::u8 : declaration.dtype,
                      .shape = declaration.shape,
                      .offset = end};
    const std::uint64_t unit = blocks != nullptr ? blocks->elements : 1;
    const std::uint64_t unit_bytes = blocks != nullptr ? blocks->bytes : dtype_size(declaration.dtype);
    const auto elements = element_count(tensor.shape);
    constexpr std::uint64_t most = std::uint64_t{1} << 62U;
    tensor.elements = elements.value_or(0);
    if (!elements || __builtin_mul_overflow(tensor.elements / unit, unit_bytes, &tensor.bytes) ||
        tensor.bytes > most || end > most) {
      throw fail(name, concat("of shape ", shape_text(tensor.shape), " makes the file exceed 2^62 bytes"));
    }
    end += tensor.bytes + gguf_padding(tensor.bytes);
    out.push_back(std::move(tensor));
  }
  return out;
}

/// All bytes before the data.
ASTERISM_INLINE std::string gguf_header(const GgufKeys& keys, const std::vector<GgufDeclaration>& declarations,
                                        const std::vector<TensorInfo>& tensors) {
  std::string out = "GGUF";
  const auto append = [&](auto value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
  };
  append(std::uint32_t{3});
  append(std::uint64_t{tensors.size()});
  append(keys.count());
  out += keys.bytes();
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const TensorInfo& tensor = tensors[t];
    append(std::uint64_t{tensor.name.size()});
    out += tensor.name;
    append(static_cast<std::uint32_t>(tensor.shape.size()));
    for (std::size_t i = tensor.shape.size(); i-- > 0;) append(tensor.shape[i]);
    append(type_number(declarations[t]));
    append(tensor.offset);
  }
  out.append(static_cast<std::size_t>(gguf_padding(out.size())), '\0');
  return out;
}

ASTERISM_INLINE std::uint64_t gguf_file_bytes(const std::string& header, const std::vector<TensorInfo>& tensors) {
  if (tensors.empty()) return header.size();
  return header.size() + tensors.back().offset + tensors.back().bytes + gguf_padding(tensors.back().bytes);
}

}  // namespace detail

ASTERISM_INLINE GgufWriter::GgufWriter(const std::string& path, const GgufKeys& keys,
                                       const std::vector<GgufDeclaration>& declarations)
    : tensors_(detail::place_new_tensors(declarations)),
      header_(detail::gguf_header(keys, declarations, tensors_)),
      file_(path, detail::gguf_file_bytes(header_, tensors_)) {
  file_.write({reinterpret_cast<const std::byte*>(header_.data()), header_.size()});
  for (TensorInfo& tensor : tensors_) tensor.offset += header_.size();
  end_complete();
}

ASTERISM_INLINE void GgufWriter::write(std::string_view name, View<const std::byte> piece) {
  if (piece.empty()) return;
  if (current_ == tensors_.size()) {
    throw InvalidArgument(concat(file_.path(), ": tensor '", printable(name), "' after the last one"));
  }
  const TensorInfo& tensor = tensors_[current_];
  if (name != tensor.name || piece.size > tensor.bytes - written_) {
    throw InvalidArgument(concat(file_.path(), ": ", piece.size, " bytes of tensor '", printable(name),
                                 "' were given, expected at most ", tensor.bytes - written_, " of '",
                                 printable(tensor.name), "'"));
  }
  file_.write(piece);
  written_ += piece.size;
  end_complete();
}

ASTERISM_INLINE void GgufWriter::end_complete() {
  constexpr std::byte zeros[default_gguf_alignment] = {};
  while (current_ < tensors_.size() && written_ == tensors_[current_].bytes) {
    file_.write({zeros, static_cast<std::size_t>(detail::gguf_padding(written_))});
    ++current_;
    written_ = 0;
  }
}

ASTERISM_INLINE void GgufWriter::finish() {
  if (current_ != tensors_.size()) {
    throw InvalidArgument(concat(file_.path(), ": tensor '", printable(tensors_[current_].name), "' lacks ",
                                 tensors_[current_].bytes - written_, " bytes"));
  }
  file_.finish();
}

}  // namespace asterism::checkpoint
