// The temporary file or folder beside the place where a new one will appear, held by one writer at a time.
#pragma once

#include <string>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::file::detail {

/// "NAME.partial-PROCESS-NUMBER", locked as long as the object lives or its process does. What it names is the
/// owner's to fill, rename or remove. One thread at a time.
class Partial {
 public:
  enum class Kind : bool { file, folder };

  /// Creates it, and removes what processes that ended have left for the same `path`. FileError where it can't be
  /// created, or where another writer is at work on `path`, in this process or in another one.
  Partial(const std::string& path, Kind kind);
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  ~Partial();

  const std::string& name() const { return name_; }
  /// Of the file, for writing; of the folder.
  int descriptor() const { return descriptor_; }
  /// Leftovers that have been removed.
  const std::vector<std::string>& removed() const { return removed_; }

 private:
  bool create(const std::string& path, Kind kind, int number);
  /// Removes leftovers; the name of one that is in use, or "".
  std::string remove_leftovers(const std::string& path);
  void withdraw();

  std::string name_;
  int descriptor_ = -1;
  std::vector<std::string> removed_;
};

/// Removes a file, or a folder with the files in it; whether it is gone.
bool remove_partial(const std::string& name);

}  // namespace asterism::file::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/partial_impl.hpp"
#endif
