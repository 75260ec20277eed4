// Reads that pass by the system's cache: for files larger than memory, of which each part is read again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/open_file.hpp"

namespace asterism::file {

/// How a file is read.
enum class ReadMode : std::uint8_t {
  direct,   ///< O_DIRECT: from the device into the reader's memory
  buffered  ///< through the system's cache, which is told after each read to forget it
};

constexpr std::string_view name_of(ReadMode mode) { return mode == ReadMode::direct ? "direct" : "buffered"; }

/// A regular file whose reads leave nothing in the system's cache. Movable; const members may be called from several
/// threads. A file that is replaced under its name stays the old one.
class DirectFile {
 public:
  DirectFile() = default;
  /// Opens for direct reads where file system and device allow them, else for buffered ones: see `mode`. With
  /// ReadMode::buffered never direct. FileError as InputFile.
  explicit DirectFile(const std::string& path, ReadMode wanted = ReadMode::direct);

  const std::string& path() const { return path_; }
  /// Size in bytes at the time of opening.
  std::uint64_t size() const { return file_.size(); }
  ReadMode mode() const { return mode_; }
  /// Offset, count and address of a read are multiples of it; a power of two from 512 to 4096. The same in both modes,
  /// so that what works in one works in the other.
  std::uint64_t alignment() const { return alignment_; }

  /// Fills `out` with the bytes from `offset` on, in pieces of at most 4 MiB. InvalidArgument unless all are aligned
  /// and within the file; FileError naming the byte if the system can't read it, or the file has become shorter. Does
  /// not allocate on success.
  void read(std::uint64_t offset, View<std::byte> out) const;

  static constexpr std::size_t piece = std::size_t{4} << 20U;

 private:
  void read_piece(std::uint64_t offset, View<std::byte> out) const;

  std::string path_;
  detail::OpenFile file_;
  ReadMode mode_ = ReadMode::buffered;
  std::uint64_t alignment_ = 4096;
};

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/direct_file_impl.hpp"
#endif
