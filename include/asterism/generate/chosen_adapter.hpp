// The adapter that a session or a request chooses: none, unless generate/adapters.hpp is included.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/generate/fwd.hpp"

namespace asterism::generate {

/// What a loaded model keeps of adapters, and what a session or request holds of the one that it has chosen; that of
/// Blueprints with Adapters is in generate/adapters.hpp.
template <class B, bool has_adapters = expert::has_adapters<typename B::Adapters>>
struct AdaptersOf {
  static_assert(!has_adapters, "a Blueprint with Adapters: include asterism/generate/adapters.hpp");

  /// Nothing.
  struct Store {
    explicit Store(const engine::Engine<B>& /*engine*/) {}
  };

  struct Chosen {
    /// Throws InvalidArgument if one is named.
    Chosen(const LanguageModel<B>& /*model*/, const std::string& name) {
      if (name.empty()) return;
      throw InvalidArgument(concat("the adapter ", name, " is asked for, and the Blueprint has no Adapters: its alias ",
                                   "may be an expert::Adapters"));
    }
    static void look_up() {}
    static std::uint64_t number() { return 0; }
    struct Lease {};
    static Lease lease_for(engine::Sequence<B>& /*sequence*/, const std::stop_token& /*cancel*/ = {}) { return {}; }
    static bool try_hold(engine::Sequence<B>& /*sequence*/, bool /*may_wait*/) { return true; }
  };
};

}  // namespace asterism::generate
