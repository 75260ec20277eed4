// Mutual exclusion of passes on a set of devices.
#pragma once

#include <memory>

#include "asterism/core/config.hpp"

namespace asterism::backend {

/// A mutex that knows its owner: locking it twice in a thread is an error, not a deadlock. Satisfies
/// BasicLockable.
class PassMutex {
 public:
  PassMutex();
  PassMutex(const PassMutex&) = delete;
  PassMutex& operator=(const PassMutex&) = delete;
  ~PassMutex();

  /// Blocks until it is free. Throws InvalidArgument if this thread holds it.
  void lock();
  void unlock() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/pass_mutex_impl.hpp"
#endif
