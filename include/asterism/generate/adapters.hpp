// Blueprints with Adapters: each session or request chooses one by name.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "asterism/engine/engine.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/generate/adapter_store.hpp"
#include "asterism/generate/chosen_adapter.hpp"
#include "asterism/generate/fwd.hpp"

namespace asterism::generate {

template <class B>
struct AdaptersOf<B, true> {
  using Adapters = AdapterStore<typename B::Adapters, typename B::Backend>;

  /// On the heap, so that a model can be moved.
  struct Store {
    explicit Store(const engine::Engine<B>& engine)
        : adapters(std::make_unique<Adapters>(engine.shared_devices(), engine.plan(), engine.shape())) {}
    std::unique_ptr<Adapters> adapters;
  };

  /// By its name. Not thread-safe; the model must outlive it.
  class Chosen {
   public:
    /// Empty: none. Throws InvalidArgument for a name that is not known.
    Chosen(const LanguageModel<B>& model, std::string name) : store_(&model.adapters()), name_(std::move(name)) {
      look_up();
    }

    /// From now on the adapter that has the name now.
    void look_up() {
      if (!name_.empty()) known_ = store_->find(name_);
    }
    /// Its number, see engine::Sequence::begin.
    std::uint64_t number() const { return known_ == nullptr ? 0 : known_->number; }

    /// Keeps it in memory for passes of the sequence while what is returned lives; waits for a slot until `cancel` is
    /// requested, when the sequence has none. Throws as AdapterStore::acquire.
    typename Adapters::Lease lease_for(engine::Sequence<B>& sequence, const std::stop_token& cancel = {}) const {
      typename Adapters::Lease lease;
      while (known_ != nullptr && !lease && !cancel.stop_requested()) lease = store_->try_acquire(known_, wait);
      sequence.set_adapter(lease.slot());
      return lease;
    }

    /// Keeps it in memory for passes of the sequence as long as this lives; false where all slots are leased, also
    /// after a moment if it may wait. Throws as AdapterStore::acquire.
    bool try_hold(engine::Sequence<B>& sequence, bool may_wait) {
      if (known_ != nullptr) held_ = store_->try_acquire(known_, may_wait ? wait : std::chrono::milliseconds(0));
      sequence.set_adapter(held_.slot());
      return known_ == nullptr || held_;
    }

   private:
    static constexpr std::chrono::milliseconds wait{10};

    Adapters* store_;
    std::string name_;
    typename Adapters::Handle known_;
    typename Adapters::Lease held_;
  };
};

}  // namespace asterism::generate
