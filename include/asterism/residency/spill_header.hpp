// The header of a spill file: whose experts it holds, in which format, and where each begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/residency/fwd.hpp"

namespace asterism::residency {

/// Slabs begin at multiples of it, in files and in memory into which they are read.
inline constexpr std::uint64_t slab_alignment = 4096;

/// From one slab to the next in a spill file, and the bytes of a slot for one: the next multiple of slab_alignment.
constexpr std::uint64_t slab_stride(std::uint64_t slab_bytes) {
  return (slab_bytes + slab_alignment - 1) / slab_alignment * slab_alignment;
}

/// The first place from `data` on where a slab may begin.
inline std::byte* aligned_to_page(std::byte* data) {
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  return data + ((address + slab_alignment - 1) / slab_alignment * slab_alignment - address);
}

/// A spill file holds the slabs of all experts of a model in kernel order, so that an expert is one aligned read into
/// its slot. Little-endian: this header in the first 4096 bytes; from `first_slab` on the slabs, layer after layer and
/// expert after expert, each padded with zeros to `stride`; then the CRC-32C of each slab without its padding, and that
/// of these sums. Specified byte by byte in docs/spill-files.md.
struct SpillHeader {
  static constexpr std::string_view magic = "ASTSPILL";
  static constexpr std::uint32_t version = 1;
  static constexpr std::uint32_t kernel_order = 1;  ///< see quant/kernel_order.hpp; another one is another number
  static constexpr std::uint64_t header_bytes = 4096;
  static constexpr std::uint64_t first_slab = std::uint64_t{2} << 20U;
  static constexpr std::size_t text_bytes = 64;  ///< room for each text; shorter ones end with NUL

  std::string model_type{};       ///< of the architecture
  std::string format{};           ///< Quantization::name() of the experts
  std::int32_t layers = 0;        ///< those with experts
  std::int32_t experts = 0;       ///< in each of them
  std::int32_t hidden = 0;        ///< width of rows that go in and come out
  std::int32_t ffn = 0;           ///< inner width
  std::uint64_t slab_bytes = 0;   ///< Expert::footprint()
  std::uint64_t fingerprint = 0;  ///< of the checkpoint, see checkpoint::fingerprint

  friend bool operator==(const SpillHeader&, const SpillHeader&) = default;

  /// From one slab to the next.
  std::uint64_t stride() const { return slab_stride(slab_bytes); }
  std::uint64_t slabs() const { return static_cast<std::uint64_t>(layers) * static_cast<std::uint64_t>(experts); }
  /// Number of a part among the slabs; 0 <= group < layers, 0 <= member < experts.
  std::uint64_t number(PartId part) const {
    return static_cast<std::uint64_t>(part.group) * static_cast<std::uint64_t>(experts) +
           static_cast<std::uint64_t>(part.member);
  }
  std::uint64_t offset(PartId part) const { return first_slab + number(part) * stride(); }
  /// Where the sums stand.
  std::uint64_t sums_offset() const { return first_slab + slabs() * stride(); }
  std::uint64_t file_bytes() const { return sums_offset() + (slabs() + 1) * sizeof(std::uint32_t); }
};

/// The header_bytes of a header. InvalidArgument naming the field for sizes or texts that no file can have.
std::vector<std::byte> encode(const SpillHeader& header);

/// The header in the first bytes of a file of `file_bytes`; `where` names it in messages. FormatError naming the field,
/// what was found and what is expected; Unsupported for another version or order.
SpillHeader parse_spill_header(View<const std::byte> bytes, std::uint64_t file_bytes, std::string_view where);

/// Throws FormatError naming the first field in which the file's header is not the model's.
void check_same(const SpillHeader& file, const SpillHeader& model, std::string_view where);

}  // namespace asterism::residency

#if !defined(ASTERISM_COMPILED)
#include "asterism/residency/spill_header_impl.hpp"
#endif
