// Folders as the writer of checkpoints needs them: a new one is filled beside its place and then takes it.
#pragma once

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/mapped_file.hpp"
#include "asterism/file/new_file.hpp"

namespace asterism::file {

/// Names of what a folder holds, ascending, without "." and "..". FileError when it can't be read.
inline std::vector<std::string> folder_entries(const std::string& folder) {
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) detail::file_failure(folder, "can't be listed", errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error = errno;
  ::closedir(stream);
  if (error != 0) detail::file_failure(folder, "can't be listed", error);
  const auto order = argsort(names.size(), [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
  return permuted(std::move(names), order);
}

/// A folder that is filled under a temporary name ("NAME.partial-PROCESS-NUMBER") and then takes the place of an
/// older one in one step, so that there is always a whole one under the name: after a crash the old or the new.
/// What is unfinished is removed when the object is destroyed. One thread at a time.
class NewFolder {
 public:
  /// FileError when the temporary folder can't be created, or when `path` is there and can't be replaced as a
  /// whole: a file, a link, or a folder that holds anything but files.
  explicit NewFolder(const std::string& path) : path_(path) {
    while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
    detail::check_path(path_);
    old_entries();  // refuses what can't be replaced before the work begins
    for (int number = 0; temporary_.empty(); ++number) {
      std::string name = concat(path_, ".partial-", static_cast<int>(::getpid()), "-", number);
      if (::mkdir(name.c_str(), 0777) == 0) {
        temporary_ = std::move(name);
      } else if (errno != EEXIST) {
        detail::file_failure(name, "can't be created", errno);
      }
    }
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    if (temporary_.empty()) return;
    try {
      remove(temporary_, folder_entries(temporary_));
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): what can't be removed stays under its temporary name
    }
  }

  /// Where the folder will appear.
  const std::string& path() const { return path_; }
  /// Where to put its files now; empty once it has taken its place.
  const std::string& temporary() const { return temporary_; }

  /// Takes the place. Files of the older folder that the new one lacks are kept, but for those of which
  /// `is_outdated(name)` is true. FileError when the system refuses.
  template <class IsOutdated>
  void finish(const IsOutdated& is_outdated) {
    const std::vector<std::string> old = old_entries();
    for (const std::string& name : old) {
      if (!is_outdated(name)) keep(name);
    }
    detail::sync_folder(temporary_);
    if (path_kind(path_) == PathKind::missing) {
      move(temporary_, path_);
    } else if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) {
      remove(temporary_, old);
    } else if (errno == EINVAL || errno == ENOSYS) {  // this file system can't exchange: two steps
      const std::string aside = temporary_ + "-old";
      move(path_, aside);
      try {
        move(temporary_, path_);
      } catch (const Error&) {
        move(aside, path_);
        throw;
      }
      remove(aside, old);
    } else {
      detail::file_failure(path_, "can't be replaced by the new folder", errno);
    }
    temporary_.clear();
    detail::sync_folder(detail::parent_of(path_));
  }

 private:
  std::vector<std::string> old_entries() const {
    struct stat status = {};
    if (::lstat(path_.c_str(), &status) != 0) {
      if (errno == ENOENT) return {};
      detail::file_failure(path_, "can't be examined", errno);
    }
    if (!S_ISDIR(status.st_mode)) throw FileError(concat(path_, ": is there and no folder; give another path"));
    std::vector<std::string> names = folder_entries(path_);
    for (const std::string& name : names) {
      const std::string inner = concat(path_, "/", name);
      if (::lstat(inner.c_str(), &status) != 0) detail::file_failure(inner, "can't be examined", errno);
      if (S_ISREG(status.st_mode)) continue;
      throw FileError(
          concat(inner, ": is no regular file, so that its folder can't be replaced; give another path"));
    }
    return names;
  }

  /// A second name for a file of the older folder, or a copy where the file system has no second names.
  void keep(const std::string& name) const {
    const std::string from = concat(path_, "/", name);
    const std::string to = concat(temporary_, "/", name);
    if (::link(from.c_str(), to.c_str()) == 0 || errno == EEXIST) return;
    const MappedFile file(from);
    NewFile copy(to, file.size());
    copy.write(file.bytes());
    copy.finish();
  }

  static void move(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
      detail::file_failure(from, concat("can't be renamed to ", to), errno);
  }

  static void remove(const std::string& folder, const std::vector<std::string>& names) {
    for (const std::string& name : names) ::unlink(concat(folder, "/", name).c_str());
    if (::rmdir(folder.c_str()) != 0) {
      detail::file_failure(folder, "this outdated or unfinished folder can't be removed; remove it", errno);
    }
  }

  std::string path_;
  std::string temporary_;
};

}  // namespace asterism::file
