// Parts of a fast memory that several threads lease: a cache decides which stay.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/parts.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"

namespace asterism::residency {

/// What moves the parts of a Holder. `bring` is called for one part that has no memory yet, `drop` for one that has to
/// give its memory back; calls of both come one after the other, from any thread that leases. Where `bring` throws, it
/// leaves the part without memory.
struct PartMover {
  std::function<void(PartId)> bring;
  std::function<void(PartId)> drop;
};

/// What a Holder has done.
struct HolderCounts {
  std::uint64_t leases = 0;  ///< parts that were leased
  std::uint64_t open = 0;    ///< of these, not yet released
  std::uint64_t hits = 0;    ///< parts that were asked for and there
  std::uint64_t brought = 0;
  std::uint64_t dropped = 0;
};

/// Parts of any size whose homes are elsewhere, such as adapters or whole models. Whoever needs some leases them: they
/// stay until the lease ends, and as long after it as `Policy` keeps them, which hears of leases alone, not of what
/// uses the parts, and may bypass none where room can be made. Calls wait while a part is brought. Thread-safe; must
/// outlive its leases.
template <cache::Cache Policy>
class Holder {
 public:
  /// `policy` was made for `parts`, and is empty. InvalidArgument otherwise.
  Holder(cache::Parts parts, Policy policy, PartMover mover)
      : parts_(std::move(parts)),
        policy_(std::move(policy)),
        mover_(std::move(mover)),
        there_(parts_.size(), false),
        leases_(parts_.size(), 0) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (policy_.contains(parts_.part(i)))
        throw InvalidArgument("a cache of parts that are leased says that some are there before any was brought");
    }
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  /// Some parts that stay while it lives.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), first_(other.first_), others_(std::move(other.others_)) {}
    Lease& operator=(Lease&& other) noexcept {
      end();
      of_ = std::exchange(other.of_, nullptr);
      first_ = other.first_;
      others_ = std::move(other.others_);
      return *this;
    }
    ~Lease() { end(); }

    /// Whether it holds anything.
    explicit operator bool() const { return of_ != nullptr; }
    void end() {
      if (of_ != nullptr) std::exchange(of_, nullptr)->release(first_, others_);
    }

   private:
    friend class Holder;
    Lease(Holder& of, View<const PartId> parts)
        : of_(&of), first_(parts[0]), others_(parts.begin() + 1, parts.end()) {}

    Holder* of_ = nullptr;
    PartId first_{};
    std::vector<PartId> others_;
  };

  /// All of `parts`, one or more and distinct, brought if they are not there; waits while others' leases leave no
  /// room for them. Never call it with a lease in hand that others may wait for. Throws InvalidArgument where they
  /// never fit together, naming the first that does not; what bringing throws, and then nothing is leased.
  Lease acquire(View<const PartId> parts) {
    std::unique_lock lock(mutex_);
    check(parts);
    while (!admit(parts)) released_.wait(lock);
    return lease(parts);
  }
  Lease acquire(PartId part) { return acquire(View<const PartId>(&part, 1)); }

  /// The same, but waits for leases no longer than that: an empty one where there is no room.
  Lease try_acquire(View<const PartId> parts, std::chrono::milliseconds longest = {}) {
    const auto until = std::chrono::steady_clock::now() + longest;
    std::unique_lock lock(mutex_);
    check(parts);
    while (!admit(parts)) {
      if (std::chrono::steady_clock::now() >= until) return {};
      released_.wait_until(lock, until);
    }
    return lease(parts);
  }
  Lease try_acquire(PartId part, std::chrono::milliseconds longest = {}) {
    return try_acquire(View<const PartId>(&part, 1), longest);
  }

  /// Brings a part that may soon be needed, if that costs nobody's lease. Throws what bringing throws.
  void prefetch(PartId part) { try_acquire(part); }

  /// Forgets a part that is there and not leased; else nothing happens. Its next lease brings it again.
  void forget(PartId part) {
    const std::lock_guard lock(mutex_);
    const std::size_t number = parts_.number(part);
    if (there_[number] && leases_[number] == 0) drop(part);
  }

  bool resident(PartId part) const {
    const std::lock_guard lock(mutex_);
    return there_[parts_.number(part)];
  }
  /// Bytes of the parts that are there.
  Bytes used() const {
    const std::lock_guard lock(mutex_);
    Bytes sum{};
    for (std::size_t i = 0; i < there_.size(); ++i) {
      if (there_[i]) sum += parts_.bytes(i);
    }
    return sum;
  }
  Bytes capacity() const { return policy_.capacity(); }
  HolderCounts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void check(View<const PartId> parts) const {
    Bytes sum{};
    for (const PartId part : parts) {
      sum += parts_.bytes(parts_.number(part));
      if (sum <= policy_.capacity()) continue;
      throw InvalidArgument(concat(cache::to_string(part), " does not fit beside the others that are asked for with it: ",
                                   to_string(sum), " of ", to_string(policy_.capacity())));
    }
  }

  /// Has the policy make room for all, and drops its victims; false where leases leave too little.
  bool admit(View<const PartId> parts) {
    try {
      policy_.admit(parts, admission_);
    } catch (const BudgetExceeded&) {
      return false;
    }
    for (const PartId victim : admission_.victims) {
      if (there_[parts_.number(victim)]) drop(victim);
    }
    if (admission_.bypassed.empty()) return true;
    if (counts_.open == 0) throw InvalidArgument("a cache of parts that are leased bypasses one that has room");
    return false;
  }

  /// Brings what the policy has admitted.
  Lease lease(View<const PartId> parts) {
    for (const PartId part : parts) {
      const std::size_t number = parts_.number(part);
      if (there_[number]) {
        ++counts_.hits;
        continue;
      }
      mover_.bring(part);
      there_[number] = true;
      ++counts_.brought;
    }
    for (const PartId part : parts) {
      policy_.pin(part);
      ++leases_[parts_.number(part)];
    }
    counts_.leases += parts.size;
    counts_.open += parts.size;
    return Lease(*this, parts);
  }

  void drop(PartId part) {
    there_[parts_.number(part)] = false;
    ++counts_.dropped;
    mover_.drop(part);
  }

  void release(PartId first, const std::vector<PartId>& others) {
    const auto release_one = [this](PartId part) {
      policy_.unpin(part);
      --leases_[parts_.number(part)];
      --counts_.open;
    };
    {
      const std::lock_guard lock(mutex_);
      release_one(first);
      for (const PartId part : others) release_one(part);
    }
    released_.notify_all();
  }

  cache::Parts parts_;
  Policy policy_;
  PartMover mover_;
  mutable std::mutex mutex_;
  std::condition_variable released_;
  cache::Admission admission_;
  std::vector<bool> there_;              ///< (parts): has memory
  std::vector<std::uint32_t> leases_;  ///< (parts)
  HolderCounts counts_;
};

}  // namespace asterism::residency
