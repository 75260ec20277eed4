// How often the routers of the program's model chose each expert, over all answers, and what was handed over.
#pragma once

#include <asterism/core/bytes.hpp>
#include <asterism/core/view.hpp>
#include <asterism/observe/balance.hpp>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace example {

using namespace asterism;

/// An observer of which all share one table, since a process serves one model. Choices of a pass that was cancelled
/// and made again count twice. Thread-safe.
class ExpertTally {
 public:
  void begin(std::int32_t layers, std::int32_t experts, std::int32_t /*top_k*/) {
    Table& table = shared();
    const std::scoped_lock lock(table.mutex);
    if (table.counts != nullptr) return;
    table.layers = static_cast<std::size_t>(layers);
    table.experts = static_cast<std::size_t>(experts);
    table.counts = std::make_unique<std::atomic<std::uint64_t>[]>(table.layers * table.experts);
  }
  void scored(std::int32_t /*layer*/, std::int32_t /*position*/, View<const float> /*probabilities*/) {}
  void routed(std::int32_t layer, std::int32_t /*position*/, std::int32_t expert, float /*weight*/) {
    Table& table = shared();
    table.counts[static_cast<std::size_t>(layer) * table.experts + static_cast<std::size_t>(expert)].fetch_add(
        1, std::memory_order_relaxed);
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes bytes) {
    shared().handed_over.fetch_add(bytes.count, std::memory_order_relaxed);
  }

  /// Choices so far, (layers with experts, experts); empty before there was a sequence.
  static std::vector<std::vector<std::uint64_t>> choices() {
    Table& table = shared();
    const std::scoped_lock lock(table.mutex);
    std::vector<std::vector<std::uint64_t>> out(table.layers);
    for (std::size_t layer = 0; layer < table.layers; ++layer) {
      for (std::size_t expert = 0; expert < table.experts; ++expert) {
        out[layer].push_back(table.counts[layer * table.experts + expert].load(std::memory_order_relaxed));
      }
    }
    return out;
  }
  /// Hidden states that went from one device to another so far.
  static Bytes handed_over() { return {shared().handed_over.load(std::memory_order_relaxed)}; }

 private:
  struct Table {
    std::mutex mutex;  ///< of the sizes; sequences begin before they are read
    std::size_t layers = 0;
    std::size_t experts = 0;
    std::unique_ptr<std::atomic<std::uint64_t>[]> counts;
    std::atomic<std::uint64_t> handed_over{0};  ///< bytes
  };

  static Table& shared() {
    static Table table;
    return table;
  }
};

}  // namespace example
