// The logical devices of one model, which a transfer looks up by index.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/cuda/queue.hpp"

namespace asterism::cuda {

/// Shared by the cuda::Backend objects of one model; their ExecutionPolicy. Thread-safe.
class Peers {
 public:
  Peers() = default;
  /// Accepts the number of threads that other backends need, and ignores it.
  explicit Peers(std::size_t /*threads*/) {}

  /// Registers `queue` as that of `device`. Throws InvalidArgument if the device is already registered.
  void join(std::int32_t device, Queue& queue) {
    const std::lock_guard lock(mutex_);
    if (place_of(device) != queues_.end()) {
      throw InvalidArgument(concat("two logical devices of one model have the index ", device));
    }
    queues_.emplace_back(device, &queue);
  }
  void leave(std::int32_t device) {
    const std::lock_guard lock(mutex_);
    queues_.erase(place_of(device));
  }

  /// The queue of a device. Throws WrongDevice if no peer has that index.
  Queue& at(std::int32_t device) {
    const std::lock_guard lock(mutex_);
    const auto found = place_of(device);
    if (found == queues_.end()) {
      throw WrongDevice(
          concat("copy_from: an operand lives on device ", device,
                 ", which is none of this model's: devices that hand over to each other are made with ",
                 "one cuda::Peers"));
    }
    return *found->second;
  }

 private:
  using Places = std::vector<std::pair<std::int32_t, Queue*>>;
  Places::iterator place_of(std::int32_t device) {
    return std::ranges::find(queues_, device, &Places::value_type::first);
  }

  std::mutex mutex_;
  Places queues_;
};

}  // namespace asterism::cuda
