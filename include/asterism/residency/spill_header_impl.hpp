// Bodies of spill_header.hpp.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/residency/little_endian.hpp"
#include "asterism/residency/spill_header.hpp"

namespace asterism::residency {

namespace detail {

/// Places of the fields.
inline constexpr std::size_t at_version = 8, at_order = 12, at_layers = 16, at_experts = 20, at_hidden = 24,
                             at_ffn = 28, at_slab_bytes = 32, at_stride = 40, at_first_slab = 48,
                             at_fingerprint = 56, at_model_type = 64, at_format = 128, after_texts = 192,
                             at_sum = SpillHeader::header_bytes - 4;

/// What is wrong with a header's sizes; empty if nothing is. The file that follows has less than 2^63 bytes.
inline std::string fault_in(const SpillHeader& header) {
  const auto size = [](const char* name, std::int64_t found, std::int64_t most) {
    return found >= 1 && found <= most ? std::string() : concat(name, " is ", found, ", expected 1 to ", most);
  };
  for (const std::string& fault : {size("layers", header.layers, 512), size("experts", header.experts, 65536),
                                   size("hidden", header.hidden, 1 << 24), size("ffn", header.ffn, 1 << 24),
                                   size("the bytes of a slab",
                                        static_cast<std::int64_t>(std::min<std::uint64_t>(
                                            header.slab_bytes, std::numeric_limits<std::int64_t>::max())),
                                        std::int64_t{1} << 36)}) {
    if (!fault.empty()) return fault;
  }
  return {};
}

}  // namespace detail

ASTERISM_INLINE std::vector<std::byte> encode(const SpillHeader& header) {
  if (const std::string fault = detail::fault_in(header); !fault.empty()) {
    throw InvalidArgument(concat("the header of a spill file: ", fault));
  }
  std::vector<std::byte> bytes(SpillHeader::header_bytes);
  const auto put_text = [&](std::size_t at, const std::string& text) {
    if (text.size() >= SpillHeader::text_bytes || text.find('\0') != text.npos) {
      throw InvalidArgument(concat("the header of a spill file has room for texts of ",
                                   SpillHeader::text_bytes - 1, " bytes, not for '", printable(text), "'"));
    }
    std::memcpy(bytes.data() + at, text.data(), text.size());
  };
  std::memcpy(bytes.data(), SpillHeader::magic.data(), SpillHeader::magic.size());
  detail::put(bytes, detail::at_version, SpillHeader::version);
  detail::put(bytes, detail::at_order, SpillHeader::kernel_order);
  detail::put(bytes, detail::at_layers, static_cast<std::uint32_t>(header.layers));
  detail::put(bytes, detail::at_experts, static_cast<std::uint32_t>(header.experts));
  detail::put(bytes, detail::at_hidden, static_cast<std::uint32_t>(header.hidden));
  detail::put(bytes, detail::at_ffn, static_cast<std::uint32_t>(header.ffn));
  detail::put(bytes, detail::at_slab_bytes, header.slab_bytes);
  detail::put(bytes, detail::at_stride, header.stride());
  detail::put(bytes, detail::at_first_slab, SpillHeader::first_slab);
  detail::put(bytes, detail::at_fingerprint, header.fingerprint);
  put_text(detail::at_model_type, header.model_type);
  put_text(detail::at_format, header.format);
  detail::put(bytes, detail::at_sum, file::crc32c(View<const std::byte>(bytes).subview(0, detail::at_sum)));
  return bytes;
}

ASTERISM_INLINE SpillHeader parse_spill_header(View<const std::byte> bytes, std::uint64_t file_bytes,
                                               std::string_view where) {
  const auto fail = [&](const auto&... what) { throw FormatError(concat(where, ": ", what...)); };
  if (bytes.size < SpillHeader::header_bytes) {
    fail("has ", bytes.size, " bytes, the header of a spill file takes ", SpillHeader::header_bytes);
  }
  if (std::memcmp(bytes.data, SpillHeader::magic.data(), SpillHeader::magic.size()) != 0) {
    fail("does not begin with '", SpillHeader::magic, "': no spill file; quantize --experts writes one");
  }
  const auto version = detail::get<std::uint32_t>(bytes, detail::at_version);
  const auto order = detail::get<std::uint32_t>(bytes, detail::at_order);
  if (version != SpillHeader::version || order != SpillHeader::kernel_order) {
    throw Unsupported(concat(where, ": is a spill file of version ", version, " in kernel order ", order,
                             "; read are version ", SpillHeader::version, " in order ", SpillHeader::kernel_order,
                             ": write it again"));
  }
  const std::uint32_t sum = file::crc32c(bytes.subview(0, detail::at_sum));
  if (const auto found = detail::get<std::uint32_t>(bytes, detail::at_sum); found != sum) {
    fail("the checksum of the header is ", found, ", its bytes give ", sum,
         ": the file was damaged, write it again");
  }
  const auto text = [&](std::size_t at) {
    const auto* first = reinterpret_cast<const char*>(bytes.data + at);
    const auto* end = std::find(first, first + SpillHeader::text_bytes, '\0');
    if (end == first + SpillHeader::text_bytes)
      fail("a text of the header does not end at byte ", at + SpillHeader::text_bytes);
    if (std::any_of(end, first + SpillHeader::text_bytes, [](char c) { return c != '\0'; })) {
      fail("there is something behind the end of a text of the header at byte ", at);
    }
    return std::string(first, end);
  };
  const auto size = [&](std::size_t at) {
    const auto value = detail::get<std::uint32_t>(bytes, at);
    return value > std::uint32_t{1} << 30U ? std::int32_t{-1} : static_cast<std::int32_t>(value);
  };
  const SpillHeader header{.model_type = text(detail::at_model_type),
                           .format = text(detail::at_format),
                           .layers = size(detail::at_layers),
                           .experts = size(detail::at_experts),
                           .hidden = size(detail::at_hidden),
                           .ffn = size(detail::at_ffn),
                           .slab_bytes = detail::get<std::uint64_t>(bytes, detail::at_slab_bytes),
                           .fingerprint = detail::get<std::uint64_t>(bytes, detail::at_fingerprint)};
  if (const std::string fault = detail::fault_in(header); !fault.empty()) fail("in the header ", fault);
  const auto agree = [&](const char* name, std::size_t at, std::uint64_t expected) {
    const auto found = detail::get<std::uint64_t>(bytes, at);
    if (found != expected) fail("in the header ", name, " is ", found, ", expected ", expected);
  };
  agree("the stride", detail::at_stride, header.stride());
  agree("the first slab's offset", detail::at_first_slab, SpillHeader::first_slab);
  for (std::size_t i = detail::after_texts; i < detail::at_sum; ++i) {
    if (bytes[i] != std::byte{0}) fail("byte ", i, " of the header is not zero");
  }
  if (file_bytes != header.file_bytes()) {
    fail("has ", file_bytes, " bytes, its header describes ", header.file_bytes(),
         ": it is not complete, write it again");
  }
  return header;
}

ASTERISM_INLINE void check_same(const SpillHeader& file, const SpillHeader& model, std::string_view where) {
  const auto compare = [&](const char* field, const auto& found, const auto& expected) {
    if (found == expected) return;
    throw FormatError(concat(where, ": holds experts whose ", field, " is ", found, ", the model's is ", expected,
                             ": write a spill file of this model in this format in its place"));
  };
  compare("model_type", file.model_type, model.model_type);
  compare("format", file.format, model.format);
  compare("number of layers", file.layers, model.layers);
  compare("number of experts", file.experts, model.experts);
  compare("hidden size", file.hidden, model.hidden);
  compare("inner width", file.ffn, model.ffn);
  compare("slab size", file.slab_bytes, model.slab_bytes);
  compare("checkpoint's fingerprint", file.fingerprint, model.fingerprint);
}

}  // namespace asterism::residency
