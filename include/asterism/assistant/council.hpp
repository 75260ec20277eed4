// One answer of several personas, which choose each of its tokens together.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/assistant/combination.hpp"
#include "asterism/assistant/concept.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/engine/step.hpp"
#include "asterism/generate/chosen_adapter.hpp"
#include "asterism/generate/decoding/answer.hpp"
#include "asterism/generate/decoding/sampler.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::assistant {

/// A persona in a council.
struct Voice {
  std::string adapter{};   ///< by its name in LanguageModel::adapters(); empty: the base model
  double probability = 1;  ///< that the query is one for this persona, in [0, 1]
};

/// What a council weighs voices by, and when it ends.
struct CouncilOptions {
  /// A voice weighs softmax(c / temperature) with c = router * probability + certainty * exp(-entropy of its next token
  /// in nats) + agreement * the share of the answer's tokens that were its best one, 1 at first.
  double router = 0.4;
  double certainty = 0.3;
  double agreement = 0.3;
  double temperature = 0.5;
  /// Where one voice weighs so much, and all said the same up to so many bits, for so many tokens in a row, it goes on
  /// alone. Two voices under the weights above differ by 0.88 to 0.12 at most.
  double alone_weight = 0.6;
  double alone_bits = 0.01;
  std::size_t alone_after = 4;
};

/// How one token was chosen.
struct CouncilStep {
  TokenId token = 0;
  std::vector<double> weights;  ///< (voices); of those that are silent 0
  double divergence = 0;        ///< Jensen-Shannon, in bits
  double cosine = 1;            ///< the least between two voices' probabilities

  static constexpr double least_agreeing = 0.85;
  bool disagrees() const { return cosine < least_agreeing; }
};

/// An answer of a council.
struct CouncilAnswer {
  std::vector<TokenId> tokens;
  std::string text;  ///< empty without a tokenizer
  GenerationStats stats;
  std::vector<CouncilStep> steps;      ///< one for each token
  std::optional<std::size_t> alone{};  ///< the voice that ended it alone
};

/// Personas that read the same tokens, each with its adapter, as rows of one pass, and choose the next token together:
/// what they say is one text, and coherent. A council of one answers, bit for bit, as a session with that adapter and
/// seed. Draws the caches of `voices` sequences; nothing is drawn later. Not thread-safe; the model must outlive it.
template <class B, Combination C = Product>
class Council {
 public:
  /// Throws BudgetExceeded if the devices have no room for so many sequences: Limits::batch plans them; InvalidArgument
  /// for no voice, or options that make no weights.
  Council(const LanguageModel<B>& model, std::size_t voices, CouncilOptions options = {})
      : model_(&model),
        options_(options),
        step_(model.engine()),
        sampler_(static_cast<std::size_t>(model.shape().vocabulary)),
        answer_(std::make_unique<generate::Answer>()),
        log_p_(voices * static_cast<std::size_t>(model.shape().vocabulary)),
        logits_(static_cast<std::size_t>(model.shape().vocabulary)) {
    if (voices < 1) throw InvalidArgument("a council has at least one voice");
    if (!(options.temperature > 0) || !std::isfinite(options.router + options.certainty + options.agreement) ||
        options.alone_after < 1) {
      throw InvalidArgument(
          "CouncilOptions: temperature is above 0, weights are finite, alone_after is 1 at least");
    }
    for (std::size_t i = 0; i < voices; ++i) sequences_.emplace_back(model.engine());
  }

  /// Most voices of an answer.
  std::size_t voices() const { return sequences_.size(); }

  /// The answer to a prompt as LanguageModel::prompt or chat_prompt made it; it continues the prompt's text, or is a
  /// text of its own. piece(text) is told what is certain, as it comes. Waits until all voices' adapters have slots,
  /// and keeps these until it ends, those of a voice that falls silent until then: `piece` must not wait for others.
  /// Throws InvalidArgument for no voices or more than there are, or more adapters than slots, and as a session.
  CouncilAnswer ask(const generate::Prompt& prompt, bool continues_prompt, View<const Voice> voices,
                    const GenerateOptions& options, std::uint64_t seed = 0,
                    const std::function<void(std::string_view)>& piece = {}) {
    check(prompt, voices, options);
    begin(prompt, continues_prompt, voices, options, seed);
    CouncilAnswer out;
    const auto tell = [&](std::string_view text) {
      out.text += text;
      if (piece && !text.empty()) piece(text);
    };
    std::deque<std::optional<Chosen>> chosen = hold_adapters(voices, options.cancel);
    if (!chosen.empty()) begin_sequences(prompt.tokens, chosen);
    while (!answer_->ended()) {
      if (chosen.empty() || options.cancel.stop_requested() || !pass()) {
        answer_->end(FinishReason::cancelled);
        break;
      }
      tell(choose(voices, out));
      for (std::size_t i = 0; out.alone && i < chosen.size(); ++i) {
        if (i != *out.alone) chosen[i].reset();  // its adapter's slot is free for others
      }
    }
    for (std::string_view held = answer_->next_held(); !held.empty(); held = answer_->next_held()) tell(held);
    out.stats = answer_->stats();
    return out;
  }

 private:
  using Chosen = typename generate::AdaptersOf<B>::Chosen;

  void check(const generate::Prompt& prompt, View<const Voice> voices, const GenerateOptions& options) const {
    generate::Sampler::check(options, logits_.size());
    engine::Sequence<B>::check(model_->engine(), prompt.tokens);
    if (options.prompt_logprobs || options.top_logprobs) {
      throw InvalidArgument("GenerateOptions::top_logprobs: a council's tokens have no probability of one model");
    }
    if (voices.empty() || voices.size > sequences_.size()) {
      throw InvalidArgument(concat("a council of ", sequences_.size(), " is asked for ", voices.size, " voices"));
    }
    for (const Voice& voice : voices) {
      if (voice.probability >= 0 && voice.probability <= 1) continue;
      throw InvalidArgument(concat("a voice is probable by ", voice.probability, ": 0 to 1"));
    }
    if constexpr (expert::has_adapters<typename B::Adapters>) {
      std::vector<std::string_view> names;
      for (const Voice& voice : voices) {
        if (!voice.adapter.empty()) names.push_back(voice.adapter);
      }
      std::ranges::sort(names);
      names.erase(std::unique(names.begin(), names.end()), names.end());
      if (names.size() > static_cast<std::size_t>(B::Adapters::slots)) {
        throw InvalidArgument(concat("a council of ", names.size(), " adapters, of which ", B::Adapters::slots,
                                     " are in memory: give expert::Adapters more slots"));
      }
    }
  }

  void begin(const generate::Prompt& prompt, bool continues_prompt, View<const Voice> voices,
             const GenerateOptions& options, std::uint64_t seed) {
    answer_->begin(options, Random(seed), prompt);
    if (model_->has_tokenizer()) {
      answer_->begin_text(model_->tokenizer(),
                          continues_prompt ? View<const TokenId>(prompt.tokens) : View<const TokenId>());
    }
    speaking_.resize(voices.size);
    for (std::size_t i = 0; i < voices.size; ++i) speaking_[i] = i;
    best_.assign(voices.size, 0);
    chosen_ = 0;
    alike_ = 0;
  }

  /// All or none are held, so that councils never wait for each other; empty where `cancel` was requested.
  std::deque<std::optional<Chosen>> hold_adapters(View<const Voice> voices, const std::stop_token& cancel) {
    while (!cancel.stop_requested()) {
      std::deque<std::optional<Chosen>> chosen;
      bool all = true;
      for (std::size_t i = 0; all && i < voices.size; ++i) {
        chosen.emplace_back(std::in_place, *model_, voices[i].adapter);
        all = chosen.back()->try_hold(sequences_[i], true);
      }
      if (all) return chosen;
    }
    return {};
  }

  void begin_sequences(View<const TokenId> prompt, const std::deque<std::optional<Chosen>>& chosen) {
    std::size_t cached = 0;
    std::size_t again = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      again = std::max(again, sequences_[i].begin(prompt, prompt.size - 1, {}, chosen[i]->number()));
      cached = i == 0 ? sequences_[i].computed() : std::min(cached, sequences_[i].computed());
    }
    answer_->set_known(cached, again);
  }

  View<float> row(std::size_t voice) {
    return View<float>(log_p_).subview(voice * logits_.size(), logits_.size());
  }

  /// Computes what is pending of those that speak, and has their logits in their rows; false if it was cancelled.
  bool pass() {
    const auto start = generate::Answer::Clock::now();
    const auto rethrow = [](std::size_t, const NumericError&) {};
    const auto pending = [this](std::size_t voice) { return sequences_[voice].pending() > 0; };
    while (std::ranges::any_of(speaking_, pending)) {
      step_.clear();
      in_step_.clear();
      for (const std::size_t voice : speaking_) {
        if (pending(voice) && step_.add(sequences_[voice])) in_step_.push_back(voice);
      }
      const auto computed = [&](std::size_t i, std::optional<View<float>> logits) {
        if (logits) std::ranges::copy(*logits, row(in_step_[i]).begin());
      };
      if (!step_.run(computed, rethrow, answer_->options().cancel)) return false;
    }
    answer_->add_time(std::chrono::duration<double>(generate::Answer::Clock::now() - start).count());
    return true;
  }

  /// Chooses the next token; returns the text that it makes certain.
  std::string_view choose(View<const Voice> voices, CouncilAnswer& out) {
    CouncilStep step{.token = 0, .weights = std::vector<double>(voices.size), .divergence = 0, .cosine = 1};
    if (speaking_.size() == 1) {
      std::ranges::copy(row(speaking_.front()), logits_.begin());
      step.weights[speaking_.front()] = 1;
    } else {
      agree(voices, step);
    }
    const engine::Sequence<B>& first = sequences_[speaking_.front()];
    const generate::AnswerSoFar so_far{
        .tokens = static_cast<std::size_t>(answer_->stats().usage.completion_tokens),
        .end_tokens = model_->end_tokens()};
    step.token = sampler_.choose(logits_, first.tokens(), answer_->options(), answer_->random(), so_far);
    ++chosen_;
    for (const std::size_t voice : speaking_) {
      const View<float> said = row(voice);
      best_[voice] += std::max_element(said.begin(), said.end()) - said.begin() == step.token ? 1 : 0;
      sequences_[voice].append(step.token);
    }
    if (speaking_.size() > 1) leave_alone(step, out);
    const std::vector<TokenId>& ends = model_->end_tokens();
    const bool is_end = std::ranges::find(ends, step.token) != ends.end();
    const ContextUse use{.tokens = static_cast<std::int32_t>(first.tokens().size),
                         .context = model_->limits().context};
    out.tokens.push_back(step.token);
    out.steps.push_back(std::move(step));
    return answer_->add(out.tokens.back(), is_end, use);
  }

  /// Weighs the voices, all of which speak, and combines what they say. Their rows become logarithms of probabilities.
  void agree(View<const Voice> voices, CouncilStep& step) {
    for (std::size_t i = 0; i < voices.size; ++i) {
      const double sum = linalg::log_sum_exp(row(i));
      if (!std::isfinite(sum)) throw NumericError(concat("the logits of voice ", i, " are not finite"));
      for (float& value : row(i)) value = static_cast<float>(double{value} - sum);
      const double share = chosen_ == 0 ? 1 : static_cast<double>(best_[i]) / static_cast<double>(chosen_);
      step.weights[i] = (options_.router * voices[i].probability +
                         options_.certainty * std::exp(-entropy_nats(row(i))) + options_.agreement * share) /
                        options_.temperature;
    }
    const double most = *std::ranges::max_element(step.weights);
    double all = 0;
    for (double& weight : step.weights) all += weight = std::exp(weight - most);
    for (double& weight : step.weights) weight /= all;
    const MatrixView<const float> log_p(log_p_.data(), voices.size, logits_.size());
    step.divergence = divergence_bits(log_p, step.weights);
    step.cosine = least_cosine(log_p);
    C::combine(log_p, step.weights, logits_);
  }

  void leave_alone(const CouncilStep& step, CouncilAnswer& out) {
    const auto most = std::ranges::max_element(step.weights);
    const auto leader = static_cast<std::size_t>(most - step.weights.begin());
    const bool alike = *most >= options_.alone_weight && step.divergence <= options_.alone_bits;
    alike_ = !alike ? 0 : leader == leader_ ? alike_ + 1 : 1;
    leader_ = leader;
    if (alike_ < options_.alone_after) return;
    out.alone = leader;
    speaking_.assign(1, leader);
  }

  const LanguageModel<B>* model_;
  CouncilOptions options_;
  std::deque<engine::Sequence<B>> sequences_;  ///< (voices)
  engine::Step<B> step_;
  generate::Sampler sampler_;
  std::unique_ptr<generate::Answer> answer_;
  std::vector<float> log_p_;  ///< (voices, vocabulary)
  std::vector<float> logits_;
  std::vector<std::size_t> speaking_;
  std::vector<std::size_t> in_step_;
  std::vector<std::size_t> best_;  ///< (voices): tokens of the answer that were its best one
  std::size_t chosen_ = 0;
  std::size_t leader_ = 0;  ///< who weighed most at the last token
  std::size_t alike_ = 0;   ///< tokens in a row on which all agreed under the same leader
};

}  // namespace asterism::assistant
