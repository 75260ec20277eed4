// Bodies of path.hpp.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/open_file.hpp"
#include "asterism/file/path.hpp"

namespace asterism::file {

ASTERISM_INLINE PathKind path_kind(const std::string& path) {
  detail::check_path(path);
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return PathKind::missing;
    detail::file_failure(path, "can't be examined", errno);
  }
  if (S_ISREG(status.st_mode)) return PathKind::file;
  return S_ISDIR(status.st_mode) ? PathKind::folder : PathKind::other;
}

ASTERISM_INLINE std::string read_file(const std::string& path, std::uint64_t max_bytes) {
  const detail::OpenFile file(path);
  const auto too_large = [&](std::uint64_t size) {
    return FileError(concat(path, ": has ", size, " bytes or more, expected at most ", max_bytes));
  };
  if (file.size() > max_bytes) throw too_large(file.size());
  std::string text;
  text.reserve(static_cast<std::size_t>(file.size()) + 1);
  char buffer[1U << 16U];
  for (;;) {
    const ssize_t count = ::read(file.descriptor(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) detail::file_failure(path, "can't be read", errno);
    if (count == 0) return text;
    if (static_cast<std::uint64_t>(count) > max_bytes - text.size()) {
      throw too_large(text.size() + static_cast<std::uint64_t>(count));
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace asterism::file
