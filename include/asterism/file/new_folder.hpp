// Folders as the writer of checkpoints needs them: a new one is filled beside its place and then takes it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/file/partial.hpp"

namespace asterism::file {

/// Names of what a folder holds, ascending, without "." and "..". FileError when it can't be read.
std::vector<std::string> folder_entries(const std::string& folder);

/// A folder that is filled under a temporary name ("NAME.partial-PROCESS-NUMBER") and then takes the place of an
/// older one in one step, so that there is always a whole one under the name: after a crash the old or the new.
/// What is unfinished is removed when the object is destroyed, and what a process that was killed has left, by the
/// next writer of the same folder; a second writer at the same time is refused. One thread at a time.
class NewFolder {
 public:
  /// FileError when the temporary folder can't be created, when another writer is at work on `path`, or when `path`
  /// is there and can't be replaced as a whole: a file, a link, or a folder that holds anything but files.
  explicit NewFolder(const std::string& path);
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  /// Where the folder will appear.
  const std::string& path() const { return path_; }
  /// Where to put its files now; empty once it has taken its place.
  const std::string& temporary() const { return temporary_; }
  /// Unfinished folders of writers that are gone, which have been removed.
  const std::vector<std::string>& removed() const { return partial_->removed(); }

  /// Takes the place. Files of the older folder that the new one lacks are kept, but for those of which
  /// `is_outdated(name)` is true. FileError when the system refuses.
  template <class IsOutdated>
  void finish(const IsOutdated& is_outdated) {
    const std::vector<std::string> old = old_entries();
    for (const std::string& name : old) {
      if (!is_outdated(name)) keep(name);
    }
    take_place(old);
  }

 private:
  std::vector<std::string> old_entries() const;
  /// A second name for a file of the older folder, or a copy where the file system has no second names.
  void keep(const std::string& name) const;
  void take_place(const std::vector<std::string>& old);

  std::string path_;
  std::optional<detail::Partial> partial_;
  std::string temporary_;
};

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/new_folder_impl.hpp"
#endif
