// An open regular file, and what the room says when the system refuses something.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::file::detail {

/// Throws FileError: "PATH: WHAT: the system's message for `error`".
[[noreturn]] void file_failure(std::string_view path, std::string_view what, int error);

/// Throws FileError on a path that no system call takes as it is: empty, or with a NUL byte.
void check_path(const std::string& path);

/// The folder that holds `path`.
std::string parent_of(const std::string& path);

/// Waits until the names in `folder` are on the disk.
void sync_folder(const std::string& folder);

/// An open descriptor of a regular file, closed at the end of its life. Opening never blocks.
class OpenFile {
 public:
  OpenFile() = default;
  /// FileError where there is no such file, or it is none to be read: a pipe, a device, a folder, a loop of links.
  explicit OpenFile(const std::string& path);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();

  int descriptor() const { return descriptor_; }
  /// Bytes when it was opened.
  std::uint64_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace asterism::file::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/open_file_impl.hpp"
#endif
