// A new folder is filled under a temporary name and then takes its place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/file/partial.hpp"

namespace asterism::file {

/// Names of the entries of a folder, ascending, without "." and "..". FileError if it can't be read.
std::vector<std::string> folder_entries(const std::string& folder);

/// A folder that is filled under a temporary name ("NAME.partial-PROCESS-NUMBER") and then replaces an existing
/// one in one step, so that a complete folder is always under the name: after a crash the old or the new. The
/// destructor removes an unfinished folder; the next writer of the same folder removes what a killed process left.
/// A concurrent writer is refused. Not thread-safe.
class NewFolder {
 public:
  /// FileError if the temporary folder can't be created, if another writer is at work on `path`, or if `path`
  /// exists and can't be replaced as a whole: a file, a link, or a folder that holds anything but files.
  explicit NewFolder(const std::string& path);
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  /// The final path.
  const std::string& path() const { return path_; }
  /// Where to write the files until `finish`; empty afterwards.
  const std::string& temporary() const { return temporary_; }
  /// Leftover temporary folders of dead writers that were removed.
  const std::vector<std::string>& removed() const { return partial_->removed(); }

  /// Replaces the existing folder. Files that only the old folder has are kept, except those for which
  /// `is_outdated(name)` is true. FileError if the system refuses.
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
  /// Hard-links a file of the old folder, or copies it if the file system has no hard links.
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
