// Bodies of input_file.hpp.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::file {

ASTERISM_INLINE InputFile::InputFile(const std::string& path) : path_(path), file_(path) {}

ASTERISM_INLINE void InputFile::check_range(const char* what, std::uint64_t offset, std::uint64_t count) const {
  if (offset <= size() && count <= size() - offset) return;
  throw InvalidArgument(concat(path_, ": ", what, " of bytes ", offset, " + ", count, " of ", size()));
}

ASTERISM_INLINE void InputFile::read(std::uint64_t offset, View<std::byte> out) const {
  check_range("read", offset, out.size);
  for (std::size_t done = 0; done < out.size;) {
    const ssize_t count =
        ::pread(file_.descriptor(), out.data + done, out.size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) detail::file_failure(path_, concat("can't be read at byte ", offset + done), errno);
    if (count == 0) {
      throw FileError(concat(path_, ": was truncated from ", size(), " to at most ", offset + done,
                             " bytes while it was in use; write checkpoints to a new file and rename it"));
    }
    done += static_cast<std::size_t>(count);
  }
}

ASTERISM_INLINE void InputFile::advise_sequential() const {
  ::posix_fadvise(file_.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

ASTERISM_INLINE void InputFile::discard(std::uint64_t offset, std::uint64_t count) const {
  check_range("discard", offset, count);
  ::posix_fadvise(file_.descriptor(), static_cast<off_t>(offset), static_cast<off_t>(count), POSIX_FADV_DONTNEED);
}

ASTERISM_INLINE void StoredBytes::read(std::uint64_t first, View<std::byte> out) const {
  if (first > size_ || out.size > size_ - first) {
    throw InvalidArgument(concat("bytes ", first, " + ", out.size, " asked for, there are ", size_));
  }
  if (file_ != nullptr) return file_->read(offset_ + first, out);
  if (out.size != 0) std::memcpy(out.data, memory_ + first, out.size);
}

}  // namespace asterism::file
