// A file that is read at any place, copied out of it: large files of weights, which need not fit into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/open_file.hpp"

namespace asterism::file {

/// A regular file (or a link to one). Movable. Const members may be called from several threads.
/// What is truncated while it is read is an error, not a signal as in a mapping.
class InputFile {
 public:
  InputFile() = default;
  /// FileError when `path` is no regular file or can't be opened. An empty file is allowed.
  explicit InputFile(const std::string& path);

  const std::string& path() const { return path_; }
  /// Bytes when it was opened.
  std::uint64_t size() const { return file_.size(); }

  /// Fills `out` with the bytes from `offset` on. InvalidArgument when they do not lie in the file; FileError when
  /// the system can't read them or the file has become shorter. Allocates nothing on success.
  void read(std::uint64_t offset, View<std::byte> out) const;

  /// Advice for a reader that goes from the beginning to the end: read ahead further.
  void advise_sequential() const;

  /// Advice that [offset, offset + count) is not needed again soon, so that the file does not fill the system's
  /// cache. InvalidArgument when the range does not lie in the file.
  void discard(std::uint64_t offset, std::uint64_t count) const;

 private:
  void check_range(const char* what, std::uint64_t offset, std::uint64_t count) const;

  std::string path_;
  detail::OpenFile file_;
};

/// Bytes in memory or in a file; borrowed from either.
class StoredBytes {
 public:
  StoredBytes() = default;
  StoredBytes(View<const std::byte> memory) : memory_(memory.data), size_(memory.size) {}  // NOLINT(*-explicit-*)
  StoredBytes(const InputFile& file, std::uint64_t offset, std::uint64_t count)
      : file_(&file), offset_(offset), size_(count) {}

  std::uint64_t size() const { return size_; }
  /// Fills `out` with the bytes from `first` on. InvalidArgument beyond the end; FileError as InputFile::read.
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
