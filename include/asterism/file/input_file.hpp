// Random-access reads from a file, by copy: for large weight files, which need not fit into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/open_file.hpp"

namespace asterism::file {

/// A regular file (or a link to one). Movable. Const members may be called from several threads. Truncation while
/// reading is an error, not a signal as with a mapping.
class InputFile {
 public:
  InputFile() = default;
  /// FileError if `path` is not a regular file or can't be opened. An empty file is allowed.
  explicit InputFile(const std::string& path);

  const std::string& path() const { return path_; }
  /// Size in bytes at the time of opening.
  std::uint64_t size() const { return file_.size(); }

  /// Fills `out` with the bytes from `offset` on. InvalidArgument if the range exceeds the file; FileError if the
  /// system can't read it or the file has become shorter. Does not allocate on success.
  void read(std::uint64_t offset, View<std::byte> out) const;

  /// Advises the system that the file is read from beginning to end, so that it reads further ahead.
  void advise_sequential() const;

  /// Advises the system that [offset, offset + count) is not needed again soon, so that the file does not fill its
  /// cache. InvalidArgument if the range exceeds the file.
  void discard(std::uint64_t offset, std::uint64_t count) const;

 private:
  void check_range(const char* what, std::uint64_t offset, std::uint64_t count) const;

  std::string path_;
  detail::OpenFile file_;
};

/// Borrowed bytes, in memory or in a file.
class StoredBytes {
 public:
  StoredBytes() = default;
  StoredBytes(View<const std::byte> memory) : memory_(memory.data), size_(memory.size) {}  // NOLINT(*-explicit-*)
  StoredBytes(const InputFile& file, std::uint64_t offset, std::uint64_t count)
      : file_(&file), offset_(offset), size_(count) {}

  std::uint64_t size() const { return size_; }
  /// Fills `out` with the bytes from `first` on. InvalidArgument beyond the end; FileError as in InputFile::read.
  void read(std::uint64_t first, View<std::byte> out) const;

 private:
  const InputFile* file_ = nullptr;
  const std::byte* memory_ = nullptr;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/input_file_impl.hpp"
#endif
