// The compiled variants that --cache and --prefetch choose among.
#pragma once

#include <algorithm>
#include <asterism/core/progress.hpp>
#include <asterism/generate/any_model.hpp>
#include <asterism/generate/load_slotted.hpp>
#include <asterism/generate/memory_report.hpp>
#include <asterism/generate/variant.hpp>
#include <asterism/observe/timeline.hpp>
#include <asterism/residency/slots.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "blueprint.hpp"

namespace example {

/// The example's Blueprint with another cache of experts.
template <class Policy>
struct With : Offload {
  using Cache = Policy;
};

/// The example's Blueprint with a prefetcher.
template <class Policy>
struct Foretelling : Offload {
  using Prefetch = Policy;
};

/// A loaded model whose cache is known only at run time.
struct Loaded {
  AnySession session;
  GenerateOptions recommended;
  std::function<residency::SlotCounts()> slot_counts;
  std::function<std::string()> memory_report;
  std::function<std::vector<generate::ArenaUse>()> arena_use;
  std::function<void(std::shared_ptr<observe::Timeline>)> set_timeline;
};

/// A Variant, and how to answer with it: loads the model and calls `body`, whose result it returns.
struct CacheVariant {
  Variant variant;
  int (*use)(const std::string& folder, const LoadOptions& options,
             const std::function<int(Loaded& loaded)>& body) = nullptr;
};

template <class B>
constexpr CacheVariant cache_variant(std::string_view name) {
  return {.variant = variant<B>(name),
          .use = [](const std::string& folder, const LoadOptions& options,
                    const std::function<int(Loaded & loaded)>& body) {
            const LanguageModel<B> model = load<B>(folder, options);
            Loaded loaded{
                .session = AnySession(model.session()),
                .recommended = model.recommended(),
                .slot_counts = [&] { return model.slot_counts(); },
                .memory_report = [&] { return model.memory_report(); },
                .arena_use = [&] { return model.arena_use(); },
                .set_timeline =
                    [&](std::shared_ptr<observe::Timeline> timeline) { model.set_timeline(std::move(timeline)); }};
            return body(loaded);
          }};
}

/// Memory for `kept` experts that stay, at least as many as a token needs, for those that pass through, and for the
/// other parts; where all are to stay, for all.
inline Bytes memory_for(const Variant& variant, const Shape& shape, const Limits& limits, std::int32_t kept) {
  const placement::Plan boundless = variant.plan(main_memory({std::uint64_t{1} << 60U}), shape, limits);
  const placement::SlottedExperts& slotted = boundless.footprint.slotted;
  const Bytes others = boundless.peak(0) - boundless.bytes(0, placement::PartKind::expert_slots);
  if (slotted.each == Bytes{0}) return others;
  const std::int32_t slots = std::max(kept, slotted.per_token) + slotted.passing;
  return others + slotted.beside + slotted.each * static_cast<std::uint64_t>(slots);
}

// A few in each source of their own, so that they compile apart.
std::span<const CacheVariant> learning_variants();
std::span<const CacheVariant> counting_variants();
std::span<const CacheVariant> queue_variants();
std::span<const CacheVariant> foretelling_variants();

/// Writes the experts of the checkpoint in `folder` to the file `path`, as every variant reads them.
void write_file(const std::string& folder, const std::string& path, ProgressSink& progress);

}  // namespace example
