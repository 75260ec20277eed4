// The temporary file or folder of one that is being written, held by one writer at a time.
#pragma once

#include <string>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::file::detail {

/// "NAME.partial-PROCESS-NUMBER", locked for the lifetime of the object or of its process. Its owner fills,
/// renames or removes what it names. Not thread-safe.
class Partial {
 public:
  enum class Kind : bool { file, folder };

  /// Creates it and removes what dead processes left for the same `path`. FileError if it can't be created or if
  /// another writer, in this process or another, is at work on `path`.
  Partial(const std::string& path, Kind kind);
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  ~Partial();

  const std::string& name() const { return name_; }
  /// Of the file, open for writing, or of the folder.
  int descriptor() const { return descriptor_; }
  /// Leftovers that were removed.
  const std::vector<std::string>& removed() const { return removed_; }

 private:
  bool create(const std::string& path, Kind kind, int number);
  /// Removes leftovers; returns the name of one that is in use, or "".
  std::string remove_leftovers(const std::string& path);
  void withdraw();

  std::string name_;
  int descriptor_ = -1;
  std::vector<std::string> removed_;
};

/// Removes a file, or a folder with the files in it; returns whether it is gone.
bool remove_partial(const std::string& name);

}  // namespace asterism::file::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/partial_impl.hpp"
#endif
