// The memory of this machine, with notes of who asked for how much.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "asterism/backend/memory_source.hpp"

namespace asterism::test {

/// A source for arenas, which it must outlive. Thread-safe.
class CountingSource {
 public:
  backend::MemorySource source() {
    return {.allocate = [](void* context, std::uint64_t bytes) -> std::byte* {
              return static_cast<CountingSource*>(context)->allocate(bytes);
            },
            .release =
                [](void* context, std::byte* data) noexcept {
                  ++static_cast<CountingSource*>(context)->given_back_;
                  backend::host_memory.release(nullptr, data);
                },
            .context = this};
  }

  /// Every request from now on.
  void refuse() { refuses_ = true; }
  /// Bytes of each request that was served.
  std::vector<std::uint64_t> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int given_back() const { return given_back_; }

 private:
  std::byte* allocate(std::uint64_t bytes) {
    if (refuses_) return nullptr;
    const std::lock_guard lock(mutex_);
    requests_.push_back(bytes);
    return backend::host_memory.allocate(nullptr, bytes);
  }

  mutable std::mutex mutex_;
  std::vector<std::uint64_t> requests_;
  std::atomic<int> given_back_{0};
  std::atomic<bool> refuses_{false};
};

}  // namespace asterism::test
