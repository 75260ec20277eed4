// The logical devices of one machine, which several engines may share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "asterism/backend/pass_mutex.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"

namespace asterism::backend {

/// A handle to devices of some backend, for options that are independent of the backend.
class AnyDevices {
 public:
  AnyDevices() = default;
  AnyDevices(const AnyDevices&) = delete;
  AnyDevices& operator=(const AnyDevices&) = delete;
  virtual ~AnyDevices() = default;
};

/// Logical devices of one backend. Their arenas count what all engines on them hold; operations of different
/// engines take turns, since a device is not thread-safe. Share it by std::shared_ptr.
template <class Device>
class Devices final : public AnyDevices {
 public:
  /// Creates a device for each budget (bytes), all on the same `threads` worker threads.
  Devices(View<const Bytes> budgets, std::size_t threads) {
    const auto execution = std::make_shared<typename Device::ExecutionPolicy>(threads);
    for (const Bytes budget : budgets) {
      devices_.push_back(std::make_unique<Device>(static_cast<std::int32_t>(devices_.size()), budget, execution));
    }
  }
  /// Takes existing devices. Throws InvalidArgument unless device i has the number i.
  explicit Devices(std::vector<std::unique_ptr<Device>> devices) : devices_(std::move(devices)) {
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      if (devices_[i] == nullptr || devices_[i]->arena().device() != static_cast<std::int32_t>(i)) {
        throw InvalidArgument("the devices of a machine are numbered 0, 1, 2 ... in their order");
      }
    }
  }

  const std::vector<std::unique_ptr<Device>>& all() const { return devices_; }
  std::size_t size() const { return devices_.size(); }
  /// Held while running operations on the devices.
  PassMutex& pass_mutex() { return pass_mutex_; }

 private:
  std::vector<std::unique_ptr<Device>> devices_;
  PassMutex pass_mutex_;
};

}  // namespace asterism::backend
