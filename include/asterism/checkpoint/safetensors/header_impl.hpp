// Bodies of header.hpp.
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
#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Receives the events of the header and fills in names, types, shapes and offsets relative to the buffer.
class SafetensorsHandler final : public json::Handler {
 public:
  SafetensorsHeader header;

  bool start_object(std::size_t /*count*/) override {
    if (depth() == 1 && !in_metadata_) {
      header.tensors.push_back({});
      header.tensors.back().name = std::move(name_);
      seen_ = 0;
    } else if (depth() > 1) {
      unexpected("an object");
    }
    enter();
    return true;
  }
  bool end_object() override {
    leave();
    if (depth() == 1 && !in_metadata_ && seen_ != (dtype_bit | shape_bit | offsets_bit)) {
      std::string lacking;
      for (const auto& [bit, field] : {std::pair(dtype_bit, "dtype"), std::pair(shape_bit, "shape"),
                                       std::pair(offsets_bit, "data_offsets")}) {
        if ((seen_ & bit) == 0) lacking += concat(lacking.empty() ? "" : " and ", field);
      }
      fail(concat("a tensor lacks ", lacking));
    }
    if (depth() == 1) in_metadata_ = false;
    return true;
  }
  bool key(std::string& value) override {
    if (depth() == 1) {
      at_key(value);
      in_metadata_ = value == "__metadata__";
      if (in_metadata_ && std::exchange(had_metadata_, true)) fail("the same key a second time");
      name_ = std::move(value);
    } else if (in_metadata_) {
      if (header.metadata.size() == max_safetensors_metadata) {
        fail(concat("more than ", max_safetensors_metadata, " entries of __metadata__"));
      }
      header.metadata.emplace_back(std::move(value), std::string());
    } else {
      field_ = value == "dtype"          ? dtype_bit
               : value == "shape"        ? shape_bit
               : value == "data_offsets" ? offsets_bit
                                         : 0;
      if (field_ == 0) fail(concat("unknown field '", printable(value), "' of a tensor"));
      if ((seen_ & field_) != 0) fail(concat("the field '", value, "' of a tensor a second time"));
      seen_ |= field_;
    }
    return true;
  }
  bool string(std::string& value) override {
    if (depth() == 2 && in_metadata_) {
      header.metadata.back().second = std::move(value);
      return true;
    }
    if (depth() != 2 || field_ != dtype_bit) unexpected("a string");
    TensorInfo& tensor = header.tensors.back();
    const auto dtype = find_dtype(value);
    if (!dtype) {
      throw Unsupported(concat(where(), ": tensor '", printable(tensor.name), "' has the unknown dtype '",
                               printable(value), "'; known are ", dtype_names()));
    }
    tensor.dtype = *dtype;
    return true;
  }
  bool start_array(std::size_t /*count*/) override {
    if (depth() != 2 || in_metadata_ || field_ == dtype_bit) unexpected("an array");
    numbers_.clear();
    enter();
    return true;
  }
  bool number_unsigned(std::uint64_t value) override {
    if (depth() != 3) unexpected("a number");
    if (field_ == shape_bit && numbers_.size() == max_tensor_rank) {
      fail(concat("a shape of more than ", max_tensor_rank, " dimensions"));
    }
    if (field_ == offsets_bit && numbers_.size() == 2) fail("data_offsets must be two numbers");
    numbers_.push_back(value);
    return true;
  }
  bool end_array() override {
    leave();
    TensorInfo& tensor = header.tensors.back();
    if (field_ == shape_bit) {
      tensor.shape = numbers_;
      return true;
    }
    if (numbers_.size() != 2 || numbers_[0] > numbers_[1]) {
      fail("data_offsets must be two numbers, the beginning and the end");
    }
    tensor.offset = numbers_[0];
    tensor.bytes = numbers_[1] - numbers_[0];
    return true;
  }

 private:
  static constexpr unsigned dtype_bit = 1, shape_bit = 2, offsets_bit = 4;
  std::string name_;
  std::vector<std::uint64_t> numbers_;
  unsigned field_ = 0;
  unsigned seen_ = 0;
  bool in_metadata_ = false;
  bool had_metadata_ = false;
};

ASTERISM_INLINE void check_metadata(const SafetensorsHeader& header, std::string_view where) {
  const auto key = [&](std::size_t i) -> const std::string& { return header.metadata[i].first; };
  const auto order =
      argsort(header.metadata.size(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (key(order[i]) != key(order[i - 1])) continue;
    throw FormatError(concat(where, ": key '", printable(key(order[i])), "' stands twice in __metadata__"));
  }
}

/// Checks sizes and offsets; converts offsets from relative to the buffer to relative to the file.
ASTERISM_INLINE void place_tensors(SafetensorsHeader& header, std::uint64_t buffer_size, std::string_view where) {
  std::vector<TensorInfo>& tensors = header.tensors;
  const auto by_name =
      argsort(tensors.size(), [&](std::size_t a, std::size_t b) { return tensors[a].name < tensors[b].name; });
  for (std::size_t i = 1; i < by_name.size(); ++i) {
    const std::string& name = tensors[by_name[i]].name;
    if (name != tensors[by_name[i - 1]].name) continue;
    throw FormatError(concat(where, ": tensor '", printable(name), "' stands twice in the header"));
  }
  const auto by_place = argsort(tensors.size(), [&](std::size_t a, std::size_t b) {
    const TensorInfo& x = tensors[a];
    const TensorInfo& y = tensors[b];
    if (x.offset != y.offset) return x.offset < y.offset;
    return x.bytes != y.bytes ? x.bytes < y.bytes : x.name < y.name;
  });
  tensors = permuted(std::move(tensors), by_place);
  std::uint64_t expected = 0;
  for (TensorInfo& tensor : tensors) {
    const auto fail = [&](const std::string& what) {
      return FormatError(concat(where, ": tensor '", printable(tensor.name), "' ", what));
    };
    const auto elements = element_count(tensor.shape);
    std::uint64_t size = 0;
    if (!elements || __builtin_mul_overflow(*elements, dtype_size(tensor.dtype), &size)) {
      throw fail(concat("of shape ", shape_text(tensor.shape), " exceeds 64 bits"));
    }
    tensor.elements = *elements;
    if (tensor.bytes != size) {
      throw fail(concat("takes ", tensor.bytes, " bytes by its data_offsets, expected ", size, " for ",
                        dtype_name(tensor.dtype), " of shape ", shape_text(tensor.shape)));
    }
    if (tensor.offset != expected) {
      throw fail(concat("begins at byte ", tensor.offset, " of the data, expected ", expected,
                        ": tensors must follow one another without holes or overlap"));
    }
    if (size > buffer_size - expected) {
      throw fail(concat("ends at byte ", tensor.offset + size, " of the data, but there are only ", buffer_size,
                        ": the file is truncated; copy or download it again"));
    }
    expected += size;
    tensor.offset += header.data_begin;
  }
  if (expected != buffer_size) {
    throw FormatError(
        concat(where, ": has ", buffer_size - expected, " bytes behind the last tensor, expected none"));
  }
}

}  // namespace detail

namespace detail {

ASTERISM_INLINE std::uint64_t header_length(View<const std::byte> beginning) {
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8U | std::to_integer<std::uint64_t>(beginning[i]);
  return length;
}

}  // namespace detail

ASTERISM_INLINE std::uint64_t safetensors_header_bytes(View<const std::byte> beginning) {
  const std::uint64_t length = beginning.size < 8 ? 0 : detail::header_length(beginning);
  return length > max_safetensors_header ? beginning.size : std::max<std::uint64_t>(beginning.size, 8 + length);
}

ASTERISM_INLINE SafetensorsHeader read_safetensors_header(const file::InputFile& file) {
  std::vector<std::byte> beginning(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), 64)));
  file.read(0, beginning);
  beginning.resize(static_cast<std::size_t>(std::min(file.size(), safetensors_header_bytes(beginning))));
  file.read(0, beginning);
  return parse_safetensors(beginning, file.size(), file.path());
}

ASTERISM_INLINE SafetensorsHeader parse_safetensors(View<const std::byte> file, std::string_view where) {
  return parse_safetensors(file, file.size, where);
}

ASTERISM_INLINE SafetensorsHeader parse_safetensors(View<const std::byte> beginning, std::uint64_t file_bytes,
                                                    std::string_view where) {
  const std::string_view text(reinterpret_cast<const char*>(beginning.data), beginning.size);
  if (text.starts_with("version https://git-lfs")) {
    throw FormatError(concat(where, ": is a Git LFS pointer, not the weights; run `git lfs pull` in its folder"));
  }
  if (file_bytes < 8) {
    throw FormatError(
        concat(where, ": has ", file_bytes, " bytes, a safetensors file has at least 10: truncated"));
  }
  const std::uint64_t length = detail::header_length(beginning);
  if (length > max_safetensors_header) {
    throw FormatError(concat(where, ": the header's length is ", length, " bytes, expected at most ",
                             max_safetensors_header, ": no safetensors file"));
  }
  if (length > file_bytes - 8) {
    throw FormatError(concat(where, ": the header's length is ", length, " bytes, but only ", file_bytes - 8,
                             " follow: the file is truncated; copy or download it again"));
  }
  const std::string_view json = text.substr(8, length);
  if (!json.starts_with('{')) throw FormatError(concat(where, ": the header does not begin with '{'"));
  detail::SafetensorsHandler handler;
  json::scan(json, where, handler);
  detail::check_metadata(handler.header, where);
  handler.header.data_begin = 8 + length;
  detail::place_tensors(handler.header, file_bytes - 8 - length, where);
  return std::move(handler.header);
}

}  // namespace asterism::checkpoint
