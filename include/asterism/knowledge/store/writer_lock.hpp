// One writer at a time.
#pragma once

#include <string>

#include "asterism/core/config.hpp"

namespace asterism::store {

/// Holds NAME.lock, which says which process writes and since when, until it is destroyed or its process ends. Movable.
class WriterLock {
 public:
  /// StoreBusy, with the holder's process and since when, if there is one; FileError if the file can't be created.
  explicit WriterLock(const std::string& path);
  WriterLock(WriterLock&& other) noexcept;
  WriterLock& operator=(WriterLock&& other) noexcept;
  ~WriterLock();

 private:
  int descriptor_ = -1;
};

}  // namespace asterism::store

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/store/writer_lock_impl.hpp"
#endif
