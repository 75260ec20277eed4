// A loaded model: an engine with tokenizer and chat template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/generate/checkpoint_extras.hpp"
#include "asterism/generate/chosen_adapter.hpp"
#include "asterism/generate/fwd.hpp"
#include "asterism/generate/hooks.hpp"
#include "asterism/generate/memory_report.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism {

struct BatchOptions {
  /// Answers of a pass at most, chosen so that together they use few experts; see generate::ExpertGrouping. Answers
  /// stay the same. 0: a pass has as many as it takes, in turns.
  std::size_t grouped_answers = 0;
};

/// Per-session options.
struct SessionOptions {
  std::uint64_t seed = 0;  ///< of the random draws; equal seeds, prompts and options give equal answers
  std::string adapter{};   ///< by its name in LanguageModel::adapters(); empty: none
};

/// Weights, devices, tokenizer and chat template of one checkpoint under the policies of a Blueprint. Made by
/// `load`. Immutable: several sessions and batches may use it, also from several threads, whose passes take turns;
/// it must outlive them and not be moved while any exists.
template <class B>
class LanguageModel {
 public:
  using Engine = engine::Engine<B>;
  using Device = typename Engine::Device;
  using Network = typename Engine::Network;

  LanguageModel(Engine engine, CheckpointExtras extras)
      : engine_(std::move(engine)), extras_(std::move(extras)), adapters_(engine_) {}

  LanguageModel(LanguageModel&&) noexcept = default;
  LanguageModel& operator=(LanguageModel&&) = delete;

  /// Starts a conversation. Draws its caches from the devices; throws BudgetExceeded if they have no room for one
  /// more. `hooks`: objects of the types that B::LogitsHook and B::ScoreHook name.
  Session<B> session(SessionOptions options = {}, Hooks<B> hooks = {}) const& {
    return Session<B>(*this, options, hooks);
  }
  Session<B> session(SessionOptions options = {},
                     Hooks<B> hooks = {}) const&& = delete;  // the session would outlive the model

  /// A batch of `rows` rows, for that many requests at a time. Draws their caches; throws BudgetExceeded if the
  /// devices have no room for them, and InvalidArgument as the constructor of Batch. The plan has room for
  /// limits().batch rows.
  Batch<B> batch(std::size_t rows, const BatchOptions& options = {}) const& {
    return Batch<B>(*this, rows, options);
  }
  Batch<B> batch() const& { return batch(static_cast<std::size_t>(limits().batch)); }
  Batch<B> batch(std::size_t rows, const BatchOptions& options = {}) const&& = delete;
  Batch<B> batch() const&& = delete;

  /// The adapters that sessions and requests may choose by their names: `adapters().add(name, folder)` first. Of a
  /// Blueprint with Adapters. Thread-safe.
  auto& adapters() const requires(expert::has_adapters<typename B::Adapters>) { return *adapters_.adapters; }

  const Engine& engine() const { return engine_; }
  const Shape& shape() const { return engine_.shape(); }
  const Limits& limits() const { return engine_.limits(); }
  const placement::Plan& plan() const { return engine_.plan(); }
  const Network& network() const { return engine_.network(); }
  /// The devices; their arenas report budget, use and high-water mark.
  const std::vector<std::unique_ptr<Device>>& devices() const { return engine_.devices(); }

  /// The options recommended by the checkpoint's generation_config.json.
  GenerateOptions recommended() const { return extras_.recommended(limits()); }
  /// Tokens that end an answer, from generation_config.json, else config.json.
  const std::vector<TokenId>& end_tokens() const { return extras_.end_tokens(); }

  /// A number that tells weights, config.json and tokenizer.json of one checkpoint from those of another; see
  /// checkpoint::fingerprint for what of the weights it looks at. 0 unless the model was made by `load`.
  std::uint64_t fingerprint() const { return extras_.fingerprint; }

  /// A number that tells which matrix B::formats(shape) has in which of several formats; 0 where B has no say in that:
  /// the checkpoint decides, or the only format.
  std::uint64_t formats_fingerprint() const {
    if constexpr (model::is_mixed<B> && model::HasFormats<B>) return model::fingerprint(shape(), B::formats(shape()));
    return 0;
  }

  bool has_tokenizer() const { return extras_.tokenizer.has_value(); }
  /// Throws FileError if the checkpoint has no tokenizer.json.
  const text::Tokenizer& tokenizer() const { return extras_.required_tokenizer(); }
  /// Throws FileError if the checkpoint has none; an unknown one throws when it is used, see ChatTemplate.
  const text::ChatTemplate& chat_template() const { return extras_.required_chat_template(); }
  /// The tokens of a conversation in the chat template. Throws as `tokenizer`, `chat_template` and
  /// ChatTemplate::render.
  std::vector<TokenId> encode_chat(View<const text::Message> messages) const {
    return extras_.encode_chat(messages);
  }
  /// What a session computes of a prompt: raw text, token ids, or a conversation; see GenerateOptions::truncation.
  /// Throws as CheckpointExtras::prompt and chat_prompt.
  generate::Prompt prompt(std::string_view text, const GenerateOptions& options) const {
    return extras_.prompt(text, options, limits().context);
  }
  generate::Prompt prompt(View<const TokenId> tokens, const GenerateOptions& options) const {
    return extras_.prompt(std::vector<TokenId>(tokens.begin(), tokens.end()), options, limits().context);
  }
  generate::Prompt chat_prompt(View<const text::Message> messages, const GenerateOptions& options) const {
    return extras_.chat_prompt(messages, options, limits().context);
  }

  /// From now on passes tell `timeline` what they do when; null: nobody. Waits for a pass; InvalidArgument from within
  /// one. Thread-safe.
  void set_timeline(std::shared_ptr<observe::Timeline> timeline) const {
    engine_.set_timeline(std::move(timeline));
  }

  /// What the slots of experts that take turns have done; all zeros where all are in memory. Waits for a pass;
  /// InvalidArgument from within one, such as from GenerateOptions::near_limit.
  residency::SlotCounts slot_counts() const { return engine_.slot_counts(); }
  /// Changes a device's budget between passes, and with it the number of slots; see engine::Engine::fit_slots.
  std::int32_t fit_slots(std::size_t device, Bytes budget) const { return engine_.fit_slots(device, budget); }
  /// Slots for experts on a device now; see engine::Engine::expert_slots.
  std::int32_t expert_slots(std::size_t device) const { return engine_.expert_slots(device); }

  /// What the arena of each device holds now and has held at most, with what other engines on them hold. Thread-safe.
  std::vector<generate::ArenaUse> arena_use() const {
    std::vector<generate::ArenaUse> arenas;
    for (const auto& device : devices()) arenas.push_back({device->arena().high_water(), device->arena().used()});
    return arenas;
  }

  /// Memory use, planned and measured, execution, and recommendations; waits and throws as slot_counts. Arenas also
  /// count what other engines on the same devices hold.
  std::string memory_report() const {
    const std::vector<generate::ArenaUse> arenas = arena_use();
    std::vector<std::int32_t> slots;
    for (std::size_t d = 0; d < devices().size(); ++d) slots.push_back(expert_slots(d));
    std::string policies = concat("experts and attention ", B::Quantization::name(), ", embedding ",
                                  B::Embedding::name(), ", head ", B::Head::name());
    if constexpr (requires { B::Backend::ActivationPolicy::name(); }) {
      policies += concat(", ", B::Backend::ActivationPolicy::name());
    }
    return generate::memory_report(plan(), limits(), shape(), View<const generate::ArenaUse>(arenas),
                                   View<const std::int32_t>(slots), policies, extras_.passed_over) +
           extras_.format_changes + generate::slot_line(slot_counts());
  }

 private:
  Engine engine_;
  CheckpointExtras extras_;
  [[no_unique_address]] typename generate::AdaptersOf<B>::Store adapters_;
};

}  // namespace asterism
