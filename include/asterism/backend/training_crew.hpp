// Training devices of one thread each that work side by side, each on what is its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>

#include "asterism/backend/training_extent.hpp"
#include "asterism/backend/training_host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/parallel/serial.hpp"

namespace asterism::backend {

/// For many small operations, between which the threads of one device would wait for each other: a worker does all of
/// those of one task alone, on the memory of the host. Its operations have the bits of the host's. All memory is drawn
/// from the host at construction. Not thread-safe.
class TrainingCrew {
 public:
  using Worker = BasicTrainingHost<parallel::Serial>;

  /// What `workers` of them draw; `extent` is that of a task, of one thread.
  static constexpr Bytes scratch(const TrainingExtent& extent, std::size_t workers) {
    return Bytes{Worker::training_scratch(extent).count * workers};
  }

  /// The host outlives the crew.
  TrainingCrew(TrainingHost& host, const TrainingExtent& extent, std::size_t workers) : host_(&host) {
    const auto serial = std::make_shared<parallel::Serial>();
    for (std::size_t i = 0; i < workers; ++i) {
      workers_.emplace_back(host.device(), Bytes{0}, serial).reserve_training(extent, host);
    }
  }

  std::size_t size() const { return workers_.size(); }

  /// Calls f(worker, w, i) for 0 <= i < count, each once, in any order; no two at a time with the same w < size().
  template <class F>
  void for_each(std::size_t count, F&& f) {
    std::atomic<std::size_t> next{0};
    host_->execution().for_each_task(workers_.size(), [&](std::size_t w) {
      for (std::size_t i = next++; i < count; i = next++) f(workers_[w], w, i);
    });
  }

 private:
  TrainingHost* host_;
  std::deque<Worker> workers_;  // a host can't be moved
};

}  // namespace asterism::backend
