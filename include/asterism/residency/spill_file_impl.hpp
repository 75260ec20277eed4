// Bodies of spill_file.hpp.
#pragma once

#include <algorithm>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/residency/little_endian.hpp"
#include "asterism/residency/spill_file.hpp"

namespace asterism::residency {

namespace detail {

/// Throws InvalidArgument for a header that no file can have.
inline std::uint64_t bytes_of_file(const SpillHeader& header) {
  encode(header);
  return header.file_bytes();
}

inline std::vector<std::byte> bytes_of(const std::vector<std::uint32_t>& sums) {
  std::vector<std::byte> bytes(sums.size() * sizeof(std::uint32_t));
  for (std::size_t i = 0; i < sums.size(); ++i) put(bytes, i * sizeof(std::uint32_t), sums[i]);
  return bytes;
}

}  // namespace detail

ASTERISM_INLINE SpillWriter::SpillWriter(const std::string& path, const SpillHeader& header)
    : header_(header), file_(path, detail::bytes_of_file(header)) {
  std::vector<std::byte> beginning = encode(header);
  beginning.resize(SpillHeader::first_slab);
  file_.write(beginning);
}

ASTERISM_INLINE void SpillWriter::write(View<const std::byte> slab) {
  if (slab.size != header_.slab_bytes || sums_.size() == header_.slabs()) {
    throw InvalidArgument(concat(file_.path(), ": slab ", sums_.size(), " of ", header_.slabs(), " with ",
                                 slab.size, " bytes, expected ", header_.slab_bytes));
  }
  file_.write(slab);
  const std::vector<std::byte> padding(header_.stride() - header_.slab_bytes);
  file_.write(padding);
  sums_.push_back(file::crc32c(slab));
}

ASTERISM_INLINE void SpillWriter::finish() {
  if (sums_.size() != header_.slabs()) {
    throw InvalidArgument(
        concat(file_.path(), ": ", sums_.size(), " slabs were written, expected ", header_.slabs()));
  }
  std::vector<std::byte> bytes = detail::bytes_of(sums_);
  const std::uint32_t sum = file::crc32c(bytes);
  bytes.resize(bytes.size() + sizeof sum);
  detail::put(bytes, bytes.size() - sizeof sum, sum);
  file_.write(bytes);
  file_.finish();
}

ASTERISM_INLINE SpillFile::SpillFile(const std::string& path, Verify verify, file::ReadMode mode)
    : path_(path), file_(path, mode), verify_(verify) {
  const file::InputFile whole(path);
  if (whole.size() != file_.size())
    throw FileError(concat(path, ": was replaced while it was opened: open it again"));
  std::vector<std::byte> first(std::min<std::uint64_t>(whole.size(), SpillHeader::header_bytes));
  whole.read(0, first);
  header_ = parse_spill_header(first, whole.size(), path);
  std::vector<std::byte> bytes((header_.slabs() + 1) * sizeof(std::uint32_t));
  whole.read(header_.sums_offset(), bytes);
  const std::size_t end = bytes.size() - sizeof(std::uint32_t);
  if (file::crc32c(View<const std::byte>(bytes).subview(0, end)) != detail::get<std::uint32_t>(bytes, end)) {
    throw FormatError(concat(path, ": the checksums from byte ", header_.sums_offset(),
                             " on were damaged: write the file again"));
  }
  for (std::size_t at = 0; at < end; at += sizeof(std::uint32_t))
    sums_.push_back(detail::get<std::uint32_t>(bytes, at));
  verified_ = std::make_unique<std::atomic<bool>[]>(sums_.size());
}

ASTERISM_INLINE void SpillFile::check(PartId part) const {
  if (part.group >= 0 && part.group < header_.layers && part.member >= 0 && part.member < header_.experts) return;
  throw InvalidArgument(concat(path_, ": has no expert ", part.member, " of layer ", part.group, ", there are ",
                               header_.experts, " in each of ", header_.layers, " layers"));
}

ASTERISM_INLINE void SpillFile::read(PartId part, View<std::byte> slot) const {
  check(part);
  if (slot.size != header_.stride()) {
    throw InvalidArgument(concat(path_, ": a slot of ", slot.size, " bytes, expected ", header_.stride()));
  }
  file_.read(header_.offset(part), slot);
  verify(part, slot);
}

ASTERISM_INLINE void SpillFile::verify(PartId part, View<const std::byte> slot) const {
  check(part);
  const std::uint64_t number = header_.number(part);
  if (verify_ == Verify::never) return;
  if (verify_ == Verify::first && verified_[number].load(std::memory_order_relaxed)) return;
  const std::uint32_t found = file::crc32c(slot.subview(0, header_.slab_bytes));
  if (found != sums_[number]) {
    throw FormatError(concat(path_, ": the slab at byte ", header_.offset(part), " (expert ", part.member,
                             " of layer ", part.group, " among those with experts) has the checksum ", found,
                             ", written was ", sums_[number],
                             ": the file or the disk was damaged, write it again"));
  }
  verified_[number].store(true, std::memory_order_relaxed);
}

}  // namespace asterism::residency
