// Bodies of open_file.hpp.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/open_file.hpp"

namespace asterism::file::detail {

ASTERISM_INLINE void file_failure(std::string_view path, std::string_view what, int error) {
  throw FileError(concat(path, ": ", what, ": ", std::generic_category().message(error)));
}

ASTERISM_INLINE void check_path(const std::string& path) {
  if (path.empty()) throw FileError("the path of a file is empty");
  if (path.find('\0') != path.npos) throw FileError(concat("a path holds a NUL byte: ", path.c_str()));
}

ASTERISM_INLINE std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

ASTERISM_INLINE void sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) file_failure(folder, "can't be opened", errno);
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  // Some file systems cannot synchronise folders and keep the names durable by themselves.
  if (result != 0 && error != EINVAL) file_failure(folder, "can't be synchronised", error);
}

ASTERISM_INLINE void check_regular(const std::string& path, const struct stat& status) {
  const mode_t mode = status.st_mode;
  if (S_ISREG(mode)) return;
  const char* kind = S_ISDIR(mode)                    ? "a folder"
                     : S_ISFIFO(mode)                 ? "a named pipe"
                     : S_ISSOCK(mode)                 ? "a socket"
                     : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
                                                      : "no regular file";
  throw FileError(concat(path, ": is ", kind, ", expected a regular file"));
}

[[noreturn]] ASTERISM_INLINE void fail_open(const std::string& path, int error) {
  struct stat link = {};
  if (error == ENOENT && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) {
    throw FileError(concat(path, ": is a link to a file that does not exist; download the file again"));
  }
  file_failure(path, "can't be opened", error);
}

ASTERISM_INLINE OpenFile::OpenFile(const std::string& path) {
  check_path(path);
  // Checked before opening too: merely opening a device can have side effects.
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) fail_open(path, errno);
  check_regular(path, status);
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0) fail_open(path, errno);
  try {
    if (::fstat(descriptor_, &status) != 0) file_failure(path, "can't be examined", errno);
    check_regular(path, status);
    size_ = static_cast<std::uint64_t>(status.st_size);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

ASTERISM_INLINE OpenFile::OpenFile(OpenFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(std::exchange(other.size_, 0)) {}

ASTERISM_INLINE OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

ASTERISM_INLINE OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace asterism::file::detail
