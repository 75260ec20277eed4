// Experts on a disk: one aligned read brings an expert as its products read it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/direct_file.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/residency/fwd.hpp"
#include "asterism/residency/spill_header.hpp"
#include "asterism/residency/verify.hpp"

namespace asterism::residency {

/// Writes a spill file slab by slab. It appears under its name when it is complete; see file::NewFile. Not thread-safe.
class SpillWriter {
 public:
  /// Reserves the file's bytes. FileError if the disk has no room; InvalidArgument for a header that no file can have.
  SpillWriter(const std::string& path, const SpillHeader& header);

  /// Appends the next slab (slab_bytes), in kernel order: layer after layer, expert after expert. InvalidArgument for
  /// another size, and for more slabs than the header says.
  void write(View<const std::byte> slab);

  /// Appends the checksums and puts the file in its place. InvalidArgument if slabs are missing.
  void finish();

 private:
  SpillHeader header_;
  file::NewFile file_;
  std::vector<std::uint32_t> sums_;
};

/// Reads a spill file. Const members may be called from several threads. A file that is replaced under its name stays
/// the old one.
class SpillFile {
 public:
  /// Reads header and checksums. FileError; FormatError and Unsupported as parse_spill_header, and FormatError if the
  /// sums are damaged.
  explicit SpillFile(const std::string& path, Verify verify = Verify::first,
                     file::ReadMode mode = file::ReadMode::direct);

  const SpillHeader& header() const { return header_; }
  /// For reads of one's own, of `stride` bytes from header().offset(part) on; `verify` afterwards.
  const file::DirectFile& file() const { return file_; }

  /// Fills `slot` (header().stride() bytes, aligned to 4096) with the slab of `part`, and verifies it. InvalidArgument
  /// for a part that the file does not have, and for another slot; FileError naming file and byte; FormatError naming
  /// file, offset, layer and expert if the slab was altered. Does not allocate on success.
  void read(PartId part, View<std::byte> slot) const;

  /// Compares the slab of `part` that was read into `slot`, if it is to be compared. FormatError as `read`.
  void verify(PartId part, View<const std::byte> slot) const;

 private:
  void check(PartId part) const;

  std::string path_;
  SpillHeader header_;
  file::DirectFile file_;
  Verify verify_;
  std::vector<std::uint32_t> sums_;
  std::unique_ptr<std::atomic<bool>[]> verified_;  ///< by number of the slab
};

}  // namespace asterism::residency

#if !defined(ASTERISM_COMPILED)
#include "asterism/residency/spill_file_impl.hpp"
#endif
