// The adapters of a loaded model: known by name, in memory by turns.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "asterism/backend/devices.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/parts.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/generate/adapter_reader.hpp"
#include "asterism/model/adapter_slot.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/residency/holder.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

/// Adapters of a model in files of PEFT's. Each has a name by which sessions and requests choose it; the memory of
/// A::slots of them is drawn at construction, and nothing later. The least recently used one makes room for another;
/// what is leased stays: by a session during each pass, by a batch as long as an answer is under way. Thread-safe, but
/// not to be called from a pass, such as by a hook; must outlive sessions and batches.
///
/// @tparam A       an expert::Adapters
/// @tparam Device  a backend
template <class A, class Device>
class AdapterStore {
 public:
  using Slot = model::AdapterSlot<A>;
  /// As many may be known at a time.
  static constexpr std::int32_t most = 256;

  /// Throws BudgetExceeded if a device has no room.
  AdapterStore(std::shared_ptr<backend::Devices<Device>> devices, const placement::Plan& plan, const Shape& shape)
      : devices_(std::move(devices)),
        shape_(shape),
        numbers_(std::make_shared<Numbers>()),
        slot_of_(static_cast<std::size_t>(most)),
        holder_(cache::Parts(1, most, one), cache::LeastRecent(cache::Parts(1, most, one), one * slots),
                {.bring = [this](PartId part) { bring(part); }, .drop = [this](PartId part) { drop(part); }}) {
    for (std::uint64_t i = 0; i < slots; ++i) {
      memory_.push_back(std::make_unique<Slot>(devices_->all(), plan, shape));
      free_.push_back(memory_.back().get());
    }
  }

  /// One adapter as it was when it was added. Answers under way go on with it if its name has got another since, from
  /// other files.
  struct Known {
    std::string name;
    std::string folder;
    std::uint64_t number = 0;  ///< tells it from every other, 1 and up
    std::uint32_t checksum = 0;
    PartId part{};
  };
  using Handle = std::shared_ptr<const Known>;

  /// Makes the adapter in a folder known by a name; one that has the name already is replaced. All its files are read
  /// and checked now, and read again when it is needed. Throws as AdapterReader; InvalidArgument for an empty name,
  /// and for more than `most` adapters.
  void add(const std::string& name, const std::string& folder) {
    if (name.empty()) throw InvalidArgument(concat(folder, ": an adapter needs a name"));
    generate::AdapterReader reader(folder, shape_, A::rank);
    memory_.front()->for_each_pair(
        [&](const model::WeightId& weight, const auto&, const auto&) { reader.read(weight); });
    const std::uint32_t checksum = reader.finish();
    const std::lock_guard lock(names_mutex_);
    const PartId part{0, numbers_->take()};
    const auto numbers = numbers_;
    Handle known(new Known{.name = name, .folder = folder, .number = ++last_, .checksum = checksum, .part = part},
                 [numbers](const Known* gone) {
                   numbers->give_back(gone->part.member);
                   delete gone;
                 });
    at_[static_cast<std::size_t>(part.member)] = known.get();
    holder_.forget(part);  // what another one left there
    names_[name] = std::move(known);
  }

  /// Forgets a name; answers under way go on.
  void remove(const std::string& name) {
    const std::lock_guard lock(names_mutex_);
    names_.erase(name);
  }

  /// Throws InvalidArgument naming those that there are.
  Handle find(const std::string& name) const {
    const std::lock_guard lock(names_mutex_);
    if (const auto found = names_.find(name); found != names_.end()) return found->second;
    std::string known;
    for (const auto& entry : names_) known += concat(known.empty() ? "" : ", ", entry.first);
    throw InvalidArgument(concat("there is no adapter ", name, known.empty() ? ": none was added" : ": there are ",
                                 known));
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(names_mutex_);
    std::vector<std::string> out;
    for (const auto& entry : names_) out.push_back(entry.first);
    return out;
  }

  /// An adapter in memory while it lives.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)), of_(std::move(other.of_)), held_(std::move(other.held_)) {}
    Lease& operator=(Lease&& other) noexcept {
      held_ = std::move(other.held_);  // first: the number is given back when nothing holds the part any more
      of_ = std::move(other.of_);
      slot_ = std::exchange(other.slot_, nullptr);
      return *this;
    }
    ~Lease() = default;
    const Slot* slot() const { return slot_; }
    explicit operator bool() const { return slot_ != nullptr; }

   private:
    friend class AdapterStore;
    Lease(const Slot* slot, Handle of, typename residency::Holder<cache::LeastRecent>::Lease held)
        : slot_(slot), of_(std::move(of)), held_(std::move(held)) {}

    const Slot* slot_ = nullptr;
    Handle of_;  ///< its number is nobody else's until the lease ends
    typename residency::Holder<cache::LeastRecent>::Lease held_;
  };

  /// Reads the adapter if it is not in memory; waits while all slots are leased. Throws as AdapterReader where the
  /// files are no longer what `add` saw.
  Lease acquire(const Handle& adapter) { return lease_of(adapter, holder_.acquire(adapter->part)); }
  /// The same, but waits for slots no longer than that: an empty one if all are leased.
  Lease try_acquire(const Handle& adapter, std::chrono::milliseconds longest = {}) {
    return lease_of(adapter, holder_.try_acquire(adapter->part, longest));
  }
  /// Reads an adapter that may soon be needed, if a slot is free or not in use.
  void prefetch(const std::string& name) { holder_.prefetch(find(name)->part); }

  bool resident(const std::string& name) const { return holder_.resident(find(name)->part); }
  residency::HolderCounts counts() const { return holder_.counts(); }

 private:
  static constexpr Bytes one{1};  ///< each takes one slot
  static constexpr auto slots = static_cast<std::uint64_t>(A::slots);

  /// Numbers that adapters take turns with.
  class Numbers {
   public:
    std::int32_t take() {
      const std::lock_guard lock(mutex_);
      if (free_.empty()) throw InvalidArgument(concat("there are ", most, " adapters already: remove some"));
      const std::int32_t number = free_.back();
      free_.pop_back();
      return number;
    }
    void give_back(std::int32_t number) {
      const std::lock_guard lock(mutex_);
      free_.push_back(number);
    }

   private:
    static std::vector<std::int32_t> all() {
      std::vector<std::int32_t> out;
      for (std::int32_t i = most; i-- > 0;) out.push_back(i);
      return out;
    }
    std::mutex mutex_;
    std::vector<std::int32_t> free_ = all();
  };

  Lease lease_of(const Handle& known, typename residency::Holder<cache::LeastRecent>::Lease held) {
    if (!held) return {};
    return Lease(slot_of_[static_cast<std::size_t>(known->part.member)], known, std::move(held));
  }

  // The holder calls these one after the other.

  void bring(PartId part) {
    const Known* const known = at_[static_cast<std::size_t>(part.member)];
    Slot& slot = *free_.back();
    generate::AdapterReader reader(known->folder, shape_, A::rank);
    slot.for_each_pair([&](const model::WeightId& weight, auto& a, auto& b) {
      const generate::ReadAdapter& read = reader.read(weight);
      const std::lock_guard lock(devices_->pass_mutex());
      write(a, read.a);
      write(b.columns, read.columns);
      b.scale = read.scale;
    });
    if (reader.finish() != known->checksum) {
      throw FormatError(concat(known->folder, ": the adapter ", known->name,
                               " has changed since it was added: add it again"));
    }
    free_.pop_back();
    slot_of_[static_cast<std::size_t>(part.member)] = &slot;
  }

  void drop(PartId part) { free_.push_back(slot_of_[static_cast<std::size_t>(part.member)]); }

  template <class Weights>
  void write(const Weights& weights, const std::vector<float>& values) {
    devices_->all()[static_cast<std::size_t>(weights.device)]->write(weights, [&](const auto& on_host) {
      const auto source = [&](std::uint64_t first, View<float> out) {
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(first), out.size, out.data);
      };
      Weights::Format::encode(source, on_host.rows, on_host.cols, on_host.data);
    });
  }

  std::shared_ptr<backend::Devices<Device>> devices_;
  Shape shape_;
  std::vector<std::unique_ptr<Slot>> memory_;
  mutable std::mutex names_mutex_;
  std::map<std::string, Handle> names_;
  std::uint64_t last_ = 0;
  std::shared_ptr<Numbers> numbers_;
  // Written by what the holder calls, or for a number that nobody else knows yet:
  std::vector<Slot*> slot_of_;                 ///< by number, of those in memory
  const Known* at_[static_cast<std::size_t>(most)] = {};  ///< by number
  std::vector<Slot*> free_;
  residency::Holder<cache::LeastRecent> holder_;
};

}  // namespace asterism
