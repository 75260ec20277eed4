// Bodies of mapped_file.hpp.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <limits>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/mapped_file.hpp"

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

ASTERISM_INLINE MappedFile::MappedFile(const std::string& path) : path_(path), file_(path) {
  if (file_.size() > std::numeric_limits<std::size_t>::max() / 2) {
    throw FileError(concat(path_, ": too large to map: ", file_.size(), " bytes"));
  }
  if (file_.size() == 0) return;
  void* mapping = ::mmap(nullptr, size(), PROT_READ, MAP_PRIVATE, file_.descriptor(), 0);
  if (mapping == MAP_FAILED) detail::file_failure(path_, concat("can't be mapped (", size(), " bytes)"), errno);
  data_ = static_cast<const std::byte*>(mapping);
}

ASTERISM_INLINE MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), file_(std::move(other.file_)), data_(std::exchange(other.data_, nullptr)) {}

ASTERISM_INLINE MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(data_, other.data_);
  return *this;
}

ASTERISM_INLINE MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size());
}

ASTERISM_INLINE void MappedFile::check_unchanged() const {
  struct stat status = {};
  if (data_ == nullptr) return;
  if (::fstat(file_.descriptor(), &status) != 0) detail::file_failure(path_, "can't be examined", errno);
  if (static_cast<std::uint64_t>(status.st_size) >= file_.size()) return;
  throw FileError(concat(path_, ": was truncated from ", file_.size(), " to ", status.st_size,
                         " bytes while it was in use; write checkpoints to a new file and rename it"));
}

ASTERISM_INLINE void MappedFile::advise_sequential() const {
  if (data_ == nullptr) return;
  ::madvise(const_cast<std::byte*>(data_), size(), MADV_SEQUENTIAL);
  ::posix_fadvise(file_.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

ASTERISM_INLINE void MappedFile::discard(std::size_t offset, std::size_t count) const {
  if (offset > size() || count > size() - offset) {
    throw InvalidArgument(concat(path_, ": discard of bytes ", offset, " + ", count, " of ", size()));
  }
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t first = (offset + page - 1) / page * page;
  // The last page ends with the file.
  const std::size_t end = offset + count == size() ? size() : (offset + count) / page * page;
  if (data_ == nullptr || first >= end) return;
  ::madvise(const_cast<std::byte*>(data_) + first, end - first, MADV_DONTNEED);
  ::posix_fadvise(file_.descriptor(), static_cast<off_t>(first), static_cast<off_t>(end - first),
                  POSIX_FADV_DONTNEED);
}

ASTERISM_INLINE std::string read_text_file(const std::string& path, std::uint64_t max_bytes) {
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
