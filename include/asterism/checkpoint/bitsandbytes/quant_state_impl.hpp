// Bodies of quant_state.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/bitsandbytes/quant_state.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/quant/nf4_table.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::vector<std::string> sibling_names(std::string_view weight_name) {
  std::vector<std::string> names;
  for (const std::string_view suffix : {".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map",
                                        ".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4"}) {
    names.push_back(concat(weight_name, suffix));
  }
  return names;
}

namespace detail {

/// Collects and checks the parts of one 4-bit weight.
class FourBitReader {
 public:
  FourBitReader(const TensorStore& store, std::string_view weight_name)
      : store_(store), name_(weight_name), weight_(store.at(weight_name)) {
    tensor_.where = store.describe(weight_);
  }

  BnbTensor read(FourBitKind kind, const TensorInfo& state) {
    tensor_.kind = kind;
    read_state(state);
    const std::uint64_t bytes = tensor_.elements / 2 + tensor_.elements % 2;
    // bitsandbytes can store the packed bytes under another dtype (`bnb_4bit_quant_storage`).
    if (weight_.bytes != bytes || weight_.shape.size() != 2 || (weight_.shape[0] != 1 && weight_.shape[1] != 1)) {
      throw FormatError(concat(tensor_.where, " is ", dtype_name(weight_.dtype), " ", shape_text(weight_.shape),
                               ", expected U8 [", bytes, ", 1]: the packed 4-bit codes of ",
                               shape_text(tensor_.shape)));
    }
    tensor_.codes = store_.stored(weight_);
    check_table(read_map<16>(".quant_map"));
    tensor_.absmax = sibling(".absmax", tensor_.nested ? DType::u8 : DType::f32, tensor_.blocks);
    if (tensor_.nested) {
      const std::uint64_t groups = (tensor_.blocks - 1) / BnbTensor::nested_blocksize + 1;
      tensor_.nested_absmax = sibling(".nested_absmax", DType::f32, groups);
      read_nested_map();
      check_scales(".nested_absmax", tensor_.nested_absmax, groups);
    } else {
      for (const std::string_view suffix : {".nested_absmax", ".nested_quant_map"}) {
        if (store_.find(concat(name_, suffix)) != nullptr) {
          throw FormatError(concat(tensor_.where, " has ", suffix, ", but its quant_state has no nested_offset"));
        }
      }
      check_scales(".absmax", tensor_.absmax, tensor_.blocks);
    }
    return std::move(tensor_);
  }

 private:
  void read_state(const TensorInfo& state) {
    const std::string where = store_.describe(state);
    constexpr std::uint64_t most = 1U << 16U;
    if (state.dtype != DType::u8 || state.bytes > most) {
      throw FormatError(concat(where, " is ", dtype_name(state.dtype), " ", shape_text(state.shape),
                               ", expected the bytes of a JSON text, U8, at most ", most));
    }
    const std::vector<std::byte> bytes = store_.bytes(state);
    constexpr std::size_t most_values = 256;
    const json::Document document(json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, where,
                                              {.max_values = most_values}));
    const json::Value& json = *document;
    json::check_object(json, "the document", where);
    const std::string_view kind = tensor_.kind == FourBitKind::nf4 ? "nf4" : "fp4";
    if (const std::string& type = json::require_string(json, "quant_type", where); type != kind) {
      throw FormatError(concat(where, ": field 'quant_type' is '", printable(type), "', expected '", kind,
                               "' by the tensor's name"));
    }
    tensor_.blocksize = static_cast<std::uint64_t>(json::require_integer(json, "blocksize", where, 32, 4096));
    if (!std::has_single_bit(tensor_.blocksize)) {
      throw FormatError(concat(where, ": field 'blocksize' is ", tensor_.blocksize,
                               ", expected a power of two from 32 to 4096"));
    }
    tensor_.dtype = json::require_string(json, "dtype", where);
    if (tensor_.dtype != "bfloat16" && tensor_.dtype != "float16" && tensor_.dtype != "float32") {
      throw FormatError(concat(where, ": field 'dtype' is '", printable(tensor_.dtype),
                               "', expected bfloat16, float16 or float32"));
    }
    const json::Value& shape = json::require_array(json, "shape", where);
    if (shape.size() != 2 && shape.size() != 3) {
      throw FormatError(concat(where, ": field 'shape' has ", shape.size(), " sizes, expected 2 or 3"));
    }
    for (const json::Value& size : shape) {
      tensor_.shape.push_back(
          static_cast<std::uint64_t>(json::to_integer(size, "shape", where, 1, std::int64_t{1} << 40U)));
    }
    const auto elements = element_count(tensor_.shape);
    if (!elements) throw FormatError(concat(where, ": shape ", shape_text(tensor_.shape), " exceeds 64 bits"));
    tensor_.elements = *elements;
    tensor_.blocks = (*elements - 1) / tensor_.blocksize + 1;
    read_nested_state(json, where);
  }

  void read_nested_state(const json::Value& json, std::string_view where) {
    tensor_.nested = json::find_field(json, "nested_offset", where) != nullptr;
    if (!tensor_.nested) {
      for (const std::string_view key : {"nested_blocksize", "nested_dtype"}) {
        if (json::find_field(json, key, where) != nullptr) {
          throw FormatError(concat(where, ": field '", key, "' is set, but 'nested_offset' is missing"));
        }
      }
      return;
    }
    constexpr auto group = static_cast<std::int64_t>(BnbTensor::nested_blocksize);
    json::require_integer(json, "nested_blocksize", where, group, group);
    if (const std::string& dtype = json::require_string(json, "nested_dtype", where); dtype != "float32") {
      throw FormatError(concat(where, ": field 'nested_dtype' is '", printable(dtype), "', expected float32"));
    }
    const double offset = json::require_number(json, "nested_offset", where);
    if (!(offset >= -0x1p127 && offset <= 0x1p127)) {
      throw FormatError(concat(where, ": field 'nested_offset' is ", offset,
                               ", expected a number from -2^127 to 2^127, so that no scale exceeds float32"));
    }
    tensor_.nested_offset = static_cast<float>(offset);
  }

  file::StoredBytes sibling(std::string_view suffix, DType dtype, std::uint64_t count) const {
    const TensorInfo& part = store_.at(concat(name_, suffix));
    if (part.dtype != dtype || part.shape != std::vector<std::uint64_t>{count}) {
      throw FormatError(concat(store_.describe(part), " is ", dtype_name(part.dtype), " ", shape_text(part.shape),
                               ", expected ", dtype_name(dtype), " [", count, "] for a 4-bit weight of shape ",
                               shape_text(tensor_.shape), " in blocks of ", tensor_.blocksize));
    }
    return store_.stored(part);
  }

  template <std::size_t Size>
  std::array<float, Size> read_map(std::string_view suffix) const {
    std::array<float, Size> map;
    read_stored_floats(sibling(suffix, DType::f32, Size), 0, map);
    return map;
  }

  /// The engine decodes with its own tables; a file with different ones would be decoded wrongly.
  void check_table(const std::array<float, 16>& map) const {
    const std::array<float, 16>& table = four_bit_table(tensor_.kind);
    for (std::size_t i = 0; i < table.size(); ++i) {
      // The sign of a zero is ignored: releases of bitsandbytes differ there.
      if (std::bit_cast<std::uint32_t>(map[i]) << (table[i] == 0 ? 1U : 0U) ==
          std::bit_cast<std::uint32_t>(table[i]) << (table[i] == 0 ? 1U : 0U)) {
        continue;
      }
      throw FormatError(concat(store_.describe(store_.at(concat(name_, ".quant_map"))), " holds ", map[i],
                               " for code ", i, ", expected ", table[i],
                               ": only the standard tables of nf4 and fp4 are supported"));
    }
  }

  void read_nested_map() {
    tensor_.nested_quant_map = read_map<256>(".nested_quant_map");
    for (std::size_t i = 0; i < quant::dynamic_map.size(); ++i) {
      const double found = tensor_.nested_quant_map[i];
      const double expected = quant::dynamic_map[i];
      const double difference = found < expected ? expected - found : found - expected;
      const bool finite = is_finite_bits(std::bit_cast<std::uint32_t>(tensor_.nested_quant_map[i]));
      if (!finite || difference > (expected < 0 ? -expected : expected) * 0x1p-21) {
        throw FormatError(concat(store_.describe(store_.at(concat(name_, ".nested_quant_map"))), " holds ", found,
                                 " for code ", i, ", expected ", expected,
                                 ": only the signed dynamic map is supported"));
      }
      if (std::bit_cast<std::uint32_t>(tensor_.nested_quant_map[i]) !=
          std::bit_cast<std::uint32_t>(quant::dynamic_map[i])) {
        tensor_.exact_nested_map = false;
      }
    }
  }

  /// Checks that every scale is finite; if nested, every possible scale.
  void check_scales(std::string_view suffix, const file::StoredBytes& scales, std::uint64_t count) const {
    constexpr float most = 0x1p126F;  // so that map * nested + offset, |map| <= 1, can't overflow
    std::array<float, 4096> piece;
    for (std::uint64_t first = 0; first < count; first += piece.size()) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), count - first));
      read_stored_floats(scales, first, {piece.data(), size});
      for (std::size_t i = 0; i < size; ++i) {
        const float value = piece[i];
        const bool finite = is_finite_bits(std::bit_cast<std::uint32_t>(value));
        if (finite && (!tensor_.nested || (value <= most && value >= -most))) continue;
        throw FormatError(concat(store_.describe(store_.at(concat(name_, suffix))), " holds ",
                                 finite ? concat(value) : "NaN or infinity", " at element ", first + i,
                                 "; scales must be finite numbers"));
      }
    }
  }

  const TensorStore& store_;
  std::string_view name_;
  const TensorInfo& weight_;
  BnbTensor tensor_;
};

}  // namespace detail

ASTERISM_INLINE std::optional<BnbTensor> find_four_bit(const TensorStore& store, std::string_view weight_name) {
  const TensorInfo* nf4 = store.find(concat(weight_name, ".quant_state.bitsandbytes__nf4"));
  const TensorInfo* fp4 = store.find(concat(weight_name, ".quant_state.bitsandbytes__fp4"));
  if (nf4 != nullptr && fp4 != nullptr) {
    throw FormatError(concat(store.describe(*nf4), " and '", printable(fp4->name), "' exclude each other"));
  }
  if (nf4 == nullptr && fp4 == nullptr) {
    for (const std::string& name : sibling_names(weight_name)) {
      if (const TensorInfo* part = store.find(name)) {
        throw FormatError(
            concat(store.describe(*part), " belongs to a 4-bit weight, but its quant_state is missing"));
      }
    }
    return std::nullopt;
  }
  detail::FourBitReader reader(store, weight_name);
  return nf4 != nullptr ? reader.read(FourBitKind::nf4, *nf4) : reader.read(FourBitKind::fp4, *fp4);
}

ASTERISM_INLINE void release_four_bit(const WeightStoreRef& store, const TensorInfo& weight) {
  store.release(weight);
  for (const std::string& name : sibling_names(weight.name)) {
    if (const TensorInfo* part = store.find(name)) store.release(*part);
  }
}

}  // namespace asterism::checkpoint
