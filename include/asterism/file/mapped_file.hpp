// Files as checkpoints need them: mapped read-only, or read whole up to a limit. Opening never blocks: whatever is
// no regular file (a pipe, a device, a folder, a loop of links) is an error at once.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <limits>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"

namespace asterism::file {

/// What stands under a path, links followed.
enum class PathKind : std::uint8_t { missing, file, folder, other };

namespace detail {

inline std::string system_message(int error) { return std::generic_category().message(error); }

[[noreturn]] inline void file_failure(std::string_view path, std::string_view what, int error) {
  throw FileError(concat(path, ": ", what, ": ", system_message(error)));
}

inline std::string_view kind_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "no regular file";
}

inline void check_path(const std::string& path) {
  if (path.empty()) throw FileError("the path of a file is empty");
  if (path.find('\0') != path.npos) throw FileError(concat("a path holds a NUL byte: ", path.c_str()));
}

/// An open descriptor of a regular file, closed at the end of its life.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(const std::string& path) {
    check_path(path);
    // Asked before opening too: merely opening a device can have effects.
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
  OpenFile(OpenFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), size_(std::exchange(other.size_, 0)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int descriptor() const { return descriptor_; }
  /// Bytes when it was opened.
  std::uint64_t size() const { return size_; }

 private:
  static void check_regular(const std::string& path, const struct stat& status) {
    if (S_ISREG(status.st_mode)) return;
    throw FileError(concat(path, ": is ", kind_name(status.st_mode), ", expected a regular file"));
  }
  [[noreturn]] static void fail_open(const std::string& path, int error) {
    struct stat link = {};
    if (error == ENOENT && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) {
      throw FileError(concat(path, ": is a link to a file that does not exist; download the file again"));
    }
    file_failure(path, "can't be opened", error);
  }

  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace detail

/// What stands under `path`. FileError where that can't be told (no permission, a loop of links, a name too long).
inline PathKind path_kind(const std::string& path) {
  detail::check_path(path);
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return PathKind::missing;
    detail::file_failure(path, "can't be examined", errno);
  }
  if (S_ISREG(status.st_mode)) return PathKind::file;
  return S_ISDIR(status.st_mode) ? PathKind::folder : PathKind::other;
}

/// A whole regular file (or a link to one), mapped read-only. Reading pages it in; nothing is copied.
/// Movable; the view stays valid when it is moved. Const members may be called from several threads.
/// A file that is truncated while it is mapped kills a reader of the lost pages with SIGBUS, as any mapping does:
/// do not write into a checkpoint in use (replace its files by renaming); `check_unchanged` finds it early.
class MappedFile {
 public:
  MappedFile() = default;

  /// FileError when `path` is no regular file, can't be opened or can't be mapped. An empty file is allowed.
  explicit MappedFile(const std::string& path) : path_(path), file_(path) {
    if (file_.size() > std::numeric_limits<std::size_t>::max() / 2) {
      throw FileError(concat(path_, ": too large to map: ", file_.size(), " bytes"));
    }
    if (file_.size() == 0) return;
    void* mapping = ::mmap(nullptr, size(), PROT_READ, MAP_PRIVATE, file_.descriptor(), 0);
    if (mapping == MAP_FAILED) detail::file_failure(path_, concat("can't be mapped (", size(), " bytes)"), errno);
    data_ = static_cast<const std::byte*>(mapping);
  }
  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)), file_(std::move(other.file_)), data_(std::exchange(other.data_, nullptr)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size());
  }

  const std::string& path() const { return path_; }
  std::size_t size() const { return static_cast<std::size_t>(file_.size()); }
  View<const std::byte> bytes() const { return {data_, size()}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size()}; }

  /// FileError when the file has become shorter than when it was mapped. One system call.
  void check_unchanged() const {
    struct stat status = {};
    if (data_ == nullptr) return;
    if (::fstat(file_.descriptor(), &status) != 0) detail::file_failure(path_, "can't be examined", errno);
    if (static_cast<std::uint64_t>(status.st_size) >= file_.size()) return;
    throw FileError(concat(path_, ": was truncated from ", file_.size(), " to ", status.st_size,
                           " bytes while it was in use; write checkpoints to a new file and rename it"));
  }

  /// Advice for a reader that goes from the beginning to the end: read ahead further.
  void advise_sequential() const {
    if (data_ == nullptr) return;
    ::madvise(const_cast<std::byte*>(data_), size(), MADV_SEQUENTIAL);
    ::posix_fadvise(file_.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  /// Gives back the memory of the pages that lie whole inside [offset, offset + count): a reader that copies
  /// weights out calls it behind itself, so that the file does not fill the memory. Reading them again is allowed.
  /// InvalidArgument when the range does not lie in the file.
  void discard(std::size_t offset, std::size_t count) const {
    if (offset > size() || count > size() - offset) {
      throw InvalidArgument(concat(path_, ": discard of bytes ", offset, " + ", count, " of ", size()));
    }
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t first = (offset + page - 1) / page * page;
    // The last page of the file ends with the file.
    const std::size_t end = offset + count == size() ? size() : (offset + count) / page * page;
    if (data_ == nullptr || first >= end) return;
    ::madvise(const_cast<std::byte*>(data_) + first, end - first, MADV_DONTNEED);
    ::posix_fadvise(file_.descriptor(), static_cast<off_t>(first), static_cast<off_t>(end - first),
                    POSIX_FADV_DONTNEED);
  }

 private:
  std::string path_;
  detail::OpenFile file_;
  const std::byte* data_ = nullptr;
};

/// The whole content of a regular file of at most `max_bytes` bytes. FileError when it is larger, no regular file,
/// or can't be read.
inline std::string read_text_file(const std::string& path, std::uint64_t max_bytes) {
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
