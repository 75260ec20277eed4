// Bodies of direct_file.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/direct_file.hpp"

namespace asterism::file {

namespace detail {

/// What direct reads of an open file have to be aligned to; 0 where it takes none, 4096 where the system can't tell.
inline std::uint64_t direct_alignment(int descriptor) {
#if defined(STATX_DIOALIGN)
  struct statx status = {};
  if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
      (status.stx_mask & STATX_DIOALIGN) != 0) {
    if (status.stx_dio_offset_align == 0) return 0;
    return std::max<std::uint64_t>({512, status.stx_dio_mem_align, status.stx_dio_offset_align});
  }
#endif
  static_cast<void>(descriptor);
  return 4096;
}

/// Switches an open file to direct reads and tries one; false where that is refused.
inline bool reads_directly(int descriptor, std::uint64_t size, std::uint64_t alignment) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (alignment == 0 || alignment > 4096 || flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_DIRECT) != 0) {
    return false;
  }
  const std::unique_ptr<void, void (*)(void*)> block(std::aligned_alloc(4096, 4096), std::free);
  ssize_t count = 0;
  do {
    count = ::pread(descriptor, block.get(), 4096, 0);
  } while (count < 0 && errno == EINTR);
  if (block != nullptr && (count > 0 || (count == 0 && size == 0))) return true;
  ::fcntl(descriptor, F_SETFL, flags);
  return false;
}

}  // namespace detail

ASTERISM_INLINE DirectFile::DirectFile(const std::string& path, ReadMode wanted) : path_(path), file_(path) {
  const std::uint64_t alignment = detail::direct_alignment(file_.descriptor());
  if (alignment > 0 && alignment <= 4096) alignment_ = alignment;
  if (wanted == ReadMode::direct && detail::reads_directly(file_.descriptor(), size(), alignment)) {
    mode_ = ReadMode::direct;
    ::posix_fadvise(file_.descriptor(), 0, 0,
                    POSIX_FADV_DONTNEED);  // what whoever wrote it left in the system's cache
  }
}

ASTERISM_INLINE void DirectFile::read(std::uint64_t offset, View<std::byte> out) const {
  const auto address = reinterpret_cast<std::uintptr_t>(out.data);
  if (offset % alignment_ != 0 || out.size % alignment_ != 0 || address % alignment_ != 0) {
    throw InvalidArgument(concat(path_, ": a read of bytes ", offset, " + ", out.size, " is not aligned to ",
                                 alignment_, ", or its memory is not"));
  }
  if (offset > size() || out.size > size() - offset) {
    throw InvalidArgument(concat(path_, ": read of bytes ", offset, " + ", out.size, " of ", size()));
  }
  for (std::size_t done = 0; done < out.size; done += piece) {
    read_piece(offset + done, out.subview(done, std::min(piece, out.size - done)));
  }
}

ASTERISM_INLINE void DirectFile::read_piece(std::uint64_t offset, View<std::byte> out) const {
  for (std::size_t done = 0; done < out.size;) {
    const ssize_t count =
        ::pread(file_.descriptor(), out.data + done, out.size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) detail::file_failure(path_, concat("can't be read at byte ", offset + done), errno);
    // A direct read stops within a block at the end of the file alone; going on from there would not be aligned.
    const bool at_end =
        count == 0 || (mode_ == ReadMode::direct && static_cast<std::size_t>(count) % alignment_ != 0);
    if (at_end && done + static_cast<std::size_t>(count) < out.size) {
      throw FileError(concat(path_, ": was truncated from ", size(), " to at most ",
                             offset + done + static_cast<std::uint64_t>(count), " bytes while it was in use"));
    }
    done += static_cast<std::size_t>(count);
  }
  if (mode_ == ReadMode::buffered) {
    ::posix_fadvise(file_.descriptor(), static_cast<off_t>(offset), static_cast<off_t>(out.size),
                    POSIX_FADV_DONTNEED);
  }
}

}  // namespace asterism::file
