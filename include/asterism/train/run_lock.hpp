// One process at a time trains in a folder.
#pragma once

#include <string>

#include "asterism/core/config.hpp"

namespace asterism::train {

/// Holds the lock of a run's folder, a file `run.lock` in it, until it is destroyed or its process ends in any way.
/// Not copyable. Not thread-safe.
class RunLock {
 public:
  /// Creates the folder if it is missing. FileError if another run is at work there, or the system refuses.
  explicit RunLock(const std::string& folder);
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock();

 private:
  int descriptor_ = -1;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/run_lock_impl.hpp"
#endif
