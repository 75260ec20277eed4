// Bodies of pass_mutex.hpp.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "asterism/backend/pass_mutex.hpp"
#include "asterism/core/error.hpp"

namespace asterism::backend {

struct PassMutex::State {
  std::mutex mutex;
  std::atomic<std::thread::id> owner{};
};

ASTERISM_INLINE PassMutex::PassMutex() : state_(std::make_unique<State>()) {}
ASTERISM_INLINE PassMutex::~PassMutex() = default;

ASTERISM_INLINE void PassMutex::lock() {
  if (state_->owner == std::this_thread::get_id()) {
    throw InvalidArgument(
        "a pass on these devices is under way in this thread: a function that is given logits can't run another "
        "session "
        "on them");
  }
  state_->mutex.lock();
  state_->owner = std::this_thread::get_id();
}

ASTERISM_INLINE void PassMutex::unlock() noexcept {
  state_->owner = std::thread::id();
  state_->mutex.unlock();
}

}  // namespace asterism::backend
