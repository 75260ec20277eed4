// A loaded model: weights on devices, with the tokenizer that belongs to them.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/fwd.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism {

/// How a session differs from another one of the same model.
struct SessionOptions {
  std::uint64_t seed = 0;  ///< of the draws; equal seeds, prompts and options give equal answers
};

/// Weights, devices and text of one checkpoint under the policies of a Blueprint. Made by `load`. Immutable:
/// several sessions and batches may use it, also from several threads, whose passes take turns; it must outlive
/// them and not be moved while there are any.
template <class B>
class LanguageModel {
  struct SharedWorkspace;

 public:
  using Device = typename B::Backend;
  using Network = typename model::Assembly<B>::Network;
  using Workspace = typename model::Assembly<B>::Workspace;

  /// The files of a checkpoint beside its weights.
  struct CheckpointExtras {
    checkpoint::ModelConfig config;
    checkpoint::GenerationConfig generation;
    std::optional<text::Tokenizer> tokenizer;
    std::optional<text::ChatTemplate> chat_template;
  };

  /// Draws all weights, uninitialised, and the workspace from new devices with the budgets of `plan`. Users call
  /// `load`.
  LanguageModel(const placement::Plan& plan, const Limits& limits, CheckpointExtras texts)
      : limits_(limits),
        texts_(std::move(texts)),
        devices_(make_devices(plan, limits)),
        network_(devices_, plan, texts_.config.shape),
        workspace_(std::make_unique<SharedWorkspace>(Workspace(devices_, plan, texts_.config.shape, limits))) {}

  LanguageModel(LanguageModel&&) noexcept = default;
  LanguageModel& operator=(LanguageModel&&) = delete;  // it would free the arenas before what was drawn from them

  /// A conversation of its own. Draws its caches from the devices; throws BudgetExceeded where they have no room
  /// for one more.
  Session<B> session(SessionOptions options = {}) const& { return Session<B>(*this, options); }
  Session<B> session(SessionOptions options = {}) const&& = delete;  // the session would outlive the model

  /// Rows for `rows` requests at a time that pass through the network together. Draws their caches; throws
  /// BudgetExceeded where the devices have no room for them. limits().batch is what the plan has room for.
  Batch<B> batch(std::size_t rows) const& { return Batch<B>(*this, rows); }
  Batch<B> batch() const& { return batch(static_cast<std::size_t>(limits_.batch)); }
  Batch<B> batch(std::size_t rows) const&& = delete;
  Batch<B> batch() const&& = delete;

  const Shape& shape() const { return network_.shape(); }
  const Limits& limits() const { return limits_; }
  const placement::Plan& plan() const { return network_.plan(); }
  const Network& network() const { return network_; }
  /// The devices; their arenas tell budget, use and high water.
  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }

  /// One pass's hold on the workspace: while it lives, other passes of this model wait.
  class WorkspaceLock {
   public:
    const Workspace& workspace() const { return shared_->workspace; }

    explicit WorkspaceLock(SharedWorkspace& shared) : shared_(&shared) {
      if (shared.holder == std::this_thread::get_id()) {
        throw InvalidArgument(
            "a pass of this model is under way in this thread: a function that hears of logits "
            "can't run another session of the same model");
      }
      shared.mutex.lock();
      shared.holder = std::this_thread::get_id();
    }
    ~WorkspaceLock() {
      shared_->holder = std::thread::id();
      shared_->mutex.unlock();
    }
    WorkspaceLock(const WorkspaceLock&) = delete;
    WorkspaceLock& operator=(const WorkspaceLock&) = delete;

   private:
    SharedWorkspace* shared_;
  };
  /// Waits for the workspace. Throws InvalidArgument where this thread holds it.
  WorkspaceLock lock_workspace() const { return WorkspaceLock(*workspace_); }

  /// The options that the checkpoint's generation_config.json recommends.
  GenerateOptions recommended() const {
    const checkpoint::GenerationConfig& from = texts_.generation;
    GenerateOptions options;
    if (from.do_sample.value_or(false)) {
      options.temperature = static_cast<float>(from.temperature.value_or(1.0));
      options.top_k = static_cast<std::int32_t>(from.top_k.value_or(50));
      // 0 leaves the best token alone, and so does the smallest number that is allowed here.
      options.top_p = std::max(static_cast<float>(from.top_p.value_or(1.0)), std::numeric_limits<float>::min());
      options.min_p = static_cast<float>(from.min_p.value_or(0.0));
    }
    options.repetition_penalty = static_cast<float>(from.repetition_penalty.value_or(1.0));
    if (from.max_new_tokens) {
      options.max_tokens =
          static_cast<std::int32_t>(std::min<std::int64_t>(*from.max_new_tokens, limits_.context));
    }
    return options;
  }

  /// Tokens that end an answer, by generation_config.json, else config.json.
  const std::vector<TokenId>& end_tokens() const {
    return texts_.generation.eos.empty() ? texts_.config.eos : texts_.generation.eos;
  }

  bool has_tokenizer() const { return texts_.tokenizer.has_value(); }
  /// Throws FileError where the checkpoint has no tokenizer.json.
  const text::Tokenizer& tokenizer() const {
    if (!texts_.tokenizer) {
      throw FileError("the checkpoint has no tokenizer.json: only calls that take token ids are possible");
    }
    return *texts_.tokenizer;
  }

  /// Throws FileError where the checkpoint has none; one that is not known throws when it is used, see ChatTemplate.
  const text::ChatTemplate& chat_template() const {
    if (!texts_.chat_template)
      throw FileError("the checkpoint has no chat template: chat() needs one, generate() does not");
    return *texts_.chat_template;
  }

  /// What memory is used for, planned and measured, what runs it, and what the numbers suggest.
  std::string memory_report() const {
    std::string text = placement::component_table(plan());
    text += "\n" + placement::layer_table(plan()) + "\n" + placement::tied_head_line(plan());
    for (std::size_t d = 0; d < devices_.size(); ++d) {
      const Bytes planned = plan().peak(d);
      const Bytes high = devices_[d]->arena().high_water();
      const double ratio =
          planned.count == 0 ? 1 : static_cast<double>(high.count) / static_cast<double>(planned.count);
      text += concat("device ", d, ": planned ", to_string(planned), ", high water ", to_string(high), " (",
                     fixed(100 * ratio, 2), " % of the plan), in use now ", to_string(devices_[d]->arena().used()),
                     "\n");
    }
    text += concat("instruction set ", simd::name(simd::level()), ", ", limits_.threads,
                   " threads, experts and attention ", B::Quantization::name(), ", embedding ",
                   B::Embedding::name(), ", head ", B::Head::name());
    if constexpr (requires { B::Backend::ActivationPolicy::name(); }) {
      text += concat(", ", B::Backend::ActivationPolicy::name());
    }
    text += "\n";
    text += placement::recommendations(plan(), limits_, shape().max_positions);
    if (simd::level() < simd::best_level()) {
      text += concat("- This machine has ", simd::needs(simd::best_level()),
                     ", which is faster: unset ASTERISM_SIMD.\n");
    }
    const std::size_t cores = parallel::Threads::default_threads();
    if (static_cast<std::size_t>(limits_.threads) < cores) {
      text += concat("- ", cores, " threads could work here, ", limits_.threads, " do: raise Limits::threads.\n");
    } else if (static_cast<std::size_t>(limits_.threads) > cores) {
      text += concat("- ", limits_.threads, " threads share ", cores, " cores: lower Limits::threads.\n");
    }
    return text;
  }

 private:
  struct SharedWorkspace {
    explicit SharedWorkspace(Workspace&& drawn) : workspace(std::move(drawn)) {}

    Workspace workspace;
    std::mutex mutex;
    std::atomic<std::thread::id> holder{};
  };

  static std::vector<std::unique_ptr<Device>> make_devices(const placement::Plan& plan, const Limits& limits) {
    auto execution = std::make_shared<typename Device::ExecutionPolicy>(static_cast<std::size_t>(limits.threads));
    std::vector<std::unique_ptr<Device>> devices;
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      devices.push_back(std::make_unique<Device>(static_cast<std::int32_t>(d), plan.budget(d), execution));
    }
    return devices;
  }

  Limits limits_;
  CheckpointExtras texts_;
  std::vector<std::unique_ptr<Device>> devices_;
  Network network_;
  std::unique_ptr<SharedWorkspace> workspace_;
};

}  // namespace asterism
