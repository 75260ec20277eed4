// Bodies of new_folder.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
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
#include "asterism/file/input_file.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/open_file.hpp"
#include "asterism/file/partial.hpp"
#include "asterism/file/path.hpp"

namespace asterism::file {

ASTERISM_INLINE std::vector<std::string> folder_entries(const std::string& folder) {
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

namespace detail {

ASTERISM_INLINE void move_folder(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) file_failure(from, concat("can't be renamed to ", to), errno);
}

ASTERISM_INLINE void remove_folder(const std::string& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) ::unlink(concat(folder, "/", name).c_str());
  if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) {
    file_failure(folder, "this outdated or unfinished folder can't be removed; remove it", errno);
  }
}

}  // namespace detail

ASTERISM_INLINE NewFolder::NewFolder(const std::string& path) : path_(path) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  detail::check_path(path_);
  old_entries();  // fails early if the folder can't be replaced
  partial_.emplace(path_, detail::Partial::Kind::folder);
  temporary_ = partial_->name();
}

ASTERISM_INLINE NewFolder::~NewFolder() {
  if (!temporary_.empty()) detail::remove_partial(temporary_);  // if it can't be removed, it keeps that name
}

ASTERISM_INLINE void NewFolder::take_place(const std::vector<std::string>& old) {
  detail::sync_folder(temporary_);
  if (path_kind(path_) == PathKind::missing) {
    detail::move_folder(temporary_, path_);
  } else if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) {
    detail::remove_folder(temporary_, old);
  } else if (errno == EINVAL || errno == ENOSYS) {  // no atomic exchange on this file system: two steps
    const std::string aside = temporary_ + "-old";
    detail::move_folder(path_, aside);
    try {
      detail::move_folder(temporary_, path_);
    } catch (const Error&) {
      detail::move_folder(aside, path_);
      throw;
    }
    detail::remove_folder(aside, old);
  } else {
    detail::file_failure(path_, "can't be replaced by the new folder", errno);
  }
  temporary_.clear();
  detail::sync_folder(detail::parent_of(path_));
}

ASTERISM_INLINE std::vector<std::string> NewFolder::old_entries() const {
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

ASTERISM_INLINE void NewFolder::keep(const std::string& name) const {
  const std::string from = concat(path_, "/", name);
  const std::string to = concat(temporary_, "/", name);
  if (::link(from.c_str(), to.c_str()) == 0 || errno == EEXIST) return;
  const InputFile file(from);
  NewFile copy(to, file.size());
  std::vector<std::byte> piece(1U << 20U);
  for (std::uint64_t done = 0; done < file.size(); done += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), file.size() - done)));
    file.read(done, piece);
    copy.write(piece);
  }
  copy.finish();
}

}  // namespace asterism::file
