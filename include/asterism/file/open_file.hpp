// An open regular file, and errors of the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::file::detail {

/// Throws FileError: "PATH: WHAT: the system's message for `error`".
[[noreturn]] void file_failure(std::string_view path, std::string_view what, int error);

/// Throws FileError on a path that no system call accepts as it is: empty, or with a NUL byte.
void check_path(const std::string& path);

/// The folder that contains `path`.
std::string parent_of(const std::string& path);

/// Flushes the directory entries of `folder` to disk.
void sync_folder(const std::string& folder);

/// Owns the open descriptor of a regular file. Opening never blocks.
class OpenFile {
 public:
  OpenFile() = default;
  /// FileError if there is no such file or it is not a regular file: a pipe, a device, a folder, a loop of links.
  explicit OpenFile(const std::string& path);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();

  int descriptor() const { return descriptor_; }
  /// Size in bytes at the time of opening.
  std::uint64_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace asterism::file::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/open_file_impl.hpp"
#endif
