// Bodies of partial.hpp.
//
// The creator of a partial locks it (flock: the system releases the lock when the process ends, however it ends),
// then looks at the other partials of the same path. One that can be locked is a leftover, or so new that its
// writer has not locked it yet: it is removed, and such a writer notices and starts again. One that can't be
// locked has a live writer.
#pragma once

#include <cerrno>
#include <cstddef>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/open_file.hpp"
#include "asterism/file/partial.hpp"

namespace asterism::file::detail {

/// The names in a folder; empty as far as it can't be read.
ASTERISM_INLINE std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  return names;
}

/// Whether `name` is `base` + ".partial-PROCESS-NUMBER".
ASTERISM_INLINE bool is_partial_of(std::string_view name, std::string_view base) {
  constexpr std::string_view mark = ".partial-";
  if (!name.starts_with(base) || !name.substr(base.size()).starts_with(mark)) return false;
  const std::string_view numbers = name.substr(base.size() + mark.size());
  const std::size_t dash = numbers.find('-');
  return dash != 0 && dash != numbers.npos && dash + 1 != numbers.size() &&
         numbers.find_first_not_of("0123456789-") == numbers.npos && numbers.find('-', dash + 1) == numbers.npos;
}

ASTERISM_INLINE bool remove_partial(const std::string& name) {
  if (::unlink(name.c_str()) == 0 || errno == ENOENT) return true;
  for (const std::string& inner : names_in(name)) ::unlink(concat(name, "/", inner).c_str());
  return ::rmdir(name.c_str()) == 0 || errno == ENOENT;
}

ASTERISM_INLINE Partial::Partial(const std::string& path, Kind kind) {
  constexpr int attempts = 3;
  for (int attempt = 1;; ++attempt) {
    for (int number = 0; !create(path, kind, number);) ++number;
    const std::string busy = remove_leftovers(path);
    if (busy.empty()) return;
    withdraw();
    if (attempt == attempts) {
      throw FileError(concat(path, ": another writer is at work on it, its unfinished part is ", busy,
                             "; wait for it to end, or give another path"));
    }
    // Two writers that began at the same moment have seen each other: unequal waits let one of them go first.
    ::usleep(static_cast<useconds_t>(1000 + ::getpid() % 16 * 4000));
  }
}

ASTERISM_INLINE bool Partial::create(const std::string& path, Kind kind, int number) {
  name_ = concat(path, ".partial-", static_cast<int>(::getpid()), "-", number);
  if (kind == Kind::file) {
    descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } else {
    if (::mkdir(name_.c_str(), 0777) == 0) {
      descriptor_ = ::open(name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (descriptor_ < 0 && errno == ENOENT) return false;
    }
  }
  if (descriptor_ < 0) {
    const int error = errno;
    const std::string name = std::exchange(name_, {});
    if (error == EEXIST) return false;
    file_failure(name, "can't be created", error);
  }
  struct stat mine = {};
  struct stat there = {};
  // Other errors: this file system has no locks.
  const bool taken = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!taken && ::fstat(descriptor_, &mine) == 0 && ::stat(name_.c_str(), &there) == 0 &&
      mine.st_ino == there.st_ino && mine.st_dev == there.st_dev) {
    return true;
  }
  ::close(std::exchange(descriptor_, -1));  // another writer took it for a leftover
  name_.clear();
  return false;
}

ASTERISM_INLINE std::string Partial::remove_leftovers(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string before = slash == path.npos ? std::string() : path.substr(0, slash + 1);
  const std::string_view base = std::string_view(path).substr(before.size());
  for (const std::string& entry : names_in(parent_of(path))) {
    std::string other = before + entry;
    if (!is_partial_of(entry, base) || other == name_) continue;
    const int descriptor = ::open(other.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) continue;
    const int error = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (error == 0 && remove_partial(other)) removed_.push_back(other);
    ::close(descriptor);
    if (error == EWOULDBLOCK) return other;
  }
  return {};
}

ASTERISM_INLINE void Partial::withdraw() {
  remove_partial(name_);
  ::close(std::exchange(descriptor_, -1));
  name_.clear();
}

ASTERISM_INLINE Partial::~Partial() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace asterism::file::detail
