// Answers many requests together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/generate/answer_sink.hpp"
#include "asterism/generate/decoding/batch_request.hpp"
#include "asterism/generate/decoding/decoding.hpp"
#include "asterism/generate/decoding/sampler.hpp"
#include "asterism/generate/expert_grouping.hpp"
#include "asterism/generate/hooks.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"
#include "asterism/observe/recent_use.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism {

/// One request of a batch can't be computed. Cancel it to go on with the others.
class RequestError : public NumericError {
 public:
  RequestError(std::uint64_t id, const std::string& why)
      : NumericError(concat("request ", id, ": ", why, "; cancel it to go on with the others")),
        request(id),
        reason(why) {}
  std::uint64_t request;  ///< its id
  std::string reason;
};

/// Rows of the last pass of a batch.
struct PassRows {
  std::size_t answers = 0;  ///< of answers in progress, one each
  std::size_t prompts = 0;
};

/// Continuous batching over a fixed number of rows: the first request in the queue takes a row as soon as one is free,
/// and releases it when its answer ends. Each step of the network takes one token of every answer in progress, and
/// fills the rest of prefill_chunk with prompts. A row's result does not depend on the other rows, and sessions run the
/// same loop, so every answer is, bit for bit, that of a session with the same seed. A free row whose tokens share a
/// prefix with the prompt is reused; the prefix is not computed again, as far as caches and states go back, unless the
/// request has another score hook or adapter. A prompt whose tokens are scored (GenerateOptions::prompt_logprobs)
/// reuses none, and has passes of its own, which take turns with those of the others. Adapters stay in memory as long
/// as their answers are under way. The constructor draws the caches; nothing is drawn later. Not thread-safe; the model
/// and all sinks must outlive it. Source: Yu et al., Orca, OSDI 2022.
template <class B>
class Batch {
 public:
  /// Throws BudgetExceeded if the devices have no room for that many caches, InvalidArgument where answers are to be
  /// grouped and B::Observer does not say what experts they use (observe::TellsRecentUse), or some would wait too long.
  Batch(const LanguageModel<B>& model, std::size_t rows, const BatchOptions& options = {})
      : model_(&model), rows_(rows), decoding_(model) {
    if (rows < 1) throw InvalidArgument("a batch has at least one row");
    if (options.grouped_answers > 0) group_answers(options.grouped_answers);
    sequences_.reserve(rows);
    for (std::size_t i = 0; i < rows; ++i) sequences_.emplace_back(model.engine());
  }

  /// Queues a raw prompt, which the tokenizer prefixes with its special tokens; see Session::generate.
  std::uint64_t add(std::string_view prompt, const GenerateOptions& options = {}, SessionOptions session = {},
                    Hooks<B> hooks = {}) {
    return add_prompt(model_->prompt(prompt, options), true, options, session, hooks);
  }

  /// Queues a conversation in the checkpoint's chat template; see Session::chat.
  std::uint64_t add_chat(View<const text::Message> messages, const GenerateOptions& options = {},
                         SessionOptions session = {}, Hooks<B> hooks = {}) {
    return add_prompt(model_->chat_prompt(messages, options), false, options, session, hooks);
  }

  /// Queues token ids. Throws InvalidArgument, as the other two do, if the prompt does not fit into the context or
  /// options are invalid.
  std::uint64_t add_tokens(View<const TokenId> prompt, const GenerateOptions& options = {},
                           SessionOptions session = {}, Hooks<B> hooks = {}) {
    return add_prompt(model_->prompt(prompt, options), true, options, session, hooks);
  }

  /// Queues a prompt as LanguageModel::prompt or chat_prompt made it; the answer continues its text, or is a text of
  /// its own. `sink` is told of the answer, which `step` returns too. Throws as `check`.
  std::uint64_t add_prompt(generate::Prompt prompt, bool continues_prompt, const GenerateOptions& options = {},
                           SessionOptions session = {}, Hooks<B> hooks = {}, AnswerSink* sink = nullptr) {
    check(prompt.tokens, options);
    if (options.prompt_logprobs && has_logits_hook(hooks)) {
      throw InvalidArgument("GenerateOptions::prompt_logprobs is for requests without a logits hook");
    }
    auto request = std::make_unique<Request>(*model_, std::move(session.adapter));
    request->answer.id = next_id_;
    request->state.begin(options, Random(session.seed), prompt);
    request->prompt = std::move(prompt.tokens);
    request->continues_prompt = continues_prompt;
    request->hooks = hooks;
    request->sink = sink;
    queue_.push_back(std::move(request));
    return next_id_++;
  }

  /// Throws InvalidArgument unless a request may be so. May be called from any thread.
  void check(View<const TokenId> prompt, const GenerateOptions& options) const {
    generate::Sampler::check(options, static_cast<std::size_t>(model_->shape().vocabulary));
    engine::Sequence<B>::check(model_->engine(), prompt);
  }

  /// Ends a request; the next `step` returns the part of its answer that exists. False if it has ended or never
  /// existed.
  bool cancel(std::uint64_t id) {
    Request* const request = find(id);
    if (request == nullptr || request->state.ended()) return false;
    request->end(FinishReason::cancelled);
    return true;
  }

  /// Runs one step, with at most `prompt_rows` rows of prompts (1 or more), and returns the answers that have ended,
  /// including cancelled ones, ordered by id. Throws as a step throws, RequestError where one request is the cause;
  /// then nothing is lost: the next step retries what was not computed, and also returns what had ended before. A
  /// prompt whose tokens can't be scored ends as if it were cancelled.
  std::vector<BatchAnswer> step(std::size_t prompt_rows = std::numeric_limits<std::size_t>::max()) {
    run_step(prompt_rows);
    return take_ended();
  }

  /// Steps until no request is left; returns all answers that ended, ordered by id. Throws as `step` does.
  std::vector<BatchAnswer> run() {
    while (requests() > 0) run_step(std::numeric_limits<std::size_t>::max());
    return take_ended();
  }

  std::size_t rows() const { return sequences_.size(); }
  /// Number of requests that have a row.
  std::size_t active() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(rows_, [](const auto& request) { return request != nullptr; }));
  }
  /// Number of requests that have not ended.
  std::size_t requests() const { return active() + queue_.size(); }
  PassRows last_pass() const { return last_pass_; }
  /// The observer of the requests of a row; see Blueprint::Observer.
  const typename B::Observer& observer(std::size_t row) const { return sequences_[row].observer(); }

 private:
  using Request = generate::BatchRequest<B>;

  static bool has_logits_hook([[maybe_unused]] const Hooks<B>& hooks) {
    if constexpr (is_hook<typename B::LogitsHook>) {
      return hooks.logits != nullptr;
    } else {
      return false;
    }
  }

  void group_answers(std::size_t most) {
    if constexpr (observe::TellsRecentUse<typename B::Observer>) {
      grouping_.emplace(rows_.size(), std::min(most, static_cast<std::size_t>(model_->limits().prefill_chunk)));
      waiting_answers_.reserve(rows_.size());
    } else {
      throw InvalidArgument(
          "answers are grouped by the experts that they use: let Blueprint::Observer be "
          "observe::RecentUse, or observe::Together with it");
    }
  }

  template <class F>
  void for_each_request(F&& f) {
    for (std::unique_ptr<Request>& request : rows_) {
      if (request) f(request);
    }
    for (std::unique_ptr<Request>& request : queue_) f(request);
  }

  Request* find(std::uint64_t id) {
    Request* found = nullptr;
    for_each_request([&](const std::unique_ptr<Request>& request) {
      if (request->answer.id == id) found = request.get();
    });
    return found;
  }

  void run_step(std::size_t prompt_rows) {
    for_each_request([](const std::unique_ptr<Request>& request) {
      if (request->state.options().cancel.stop_requested()) request->end(FinishReason::cancelled);
    });
    collect_ended();
    fill_rows();
    cut_step(prompt_rows);
    if (scores_) {
      run_scores();
    } else if (decoding_.size() > 0) {
      const auto refuse = [&](std::size_t i, const NumericError& error) { refuse_request(*in_step_[i], error); };
      decoding_.run([&](std::size_t i, TokenId token, std::string_view piece) { in_step_[i]->add(token, piece); },
                    refuse);
      if (!waiting_answers_.empty()) grouping_->computed();
    }
    collect_ended();
  }

  void run_scores() {
    try {
      decoding_.run_scores();
    } catch (const NumericError& error) {
      in_step_.front()->end(FinishReason::cancelled);
      refuse_request(*in_step_.front(), error);
    }
  }

  [[noreturn]] static void refuse_request(const Request& request, const NumericError& error) {
    throw RequestError(request.answer.id, error.what());
  }

  /// Tells sinks what is new, and removes what has ended from rows and queue.
  void collect_ended() {
    for_each_request([&](std::unique_ptr<Request>& request) {
      request->tell();
      if (!request->state.ended()) return;
      BatchAnswer& answer = request->answer;
      answer.stats = request->state.stats();
      answer.scores.assign(request->state.scores().begin(), request->state.scores().end());
      answer.prompt_scores.assign(request->state.prompt_scores().begin(), request->state.prompt_scores().end());
      if (request->sink != nullptr) request->sink->end({.stats = answer.stats});
      ended_.push_back(std::move(answer));
      request.reset();
    });
    std::erase(queue_, nullptr);
  }

  std::vector<BatchAnswer> take_ended() {
    std::ranges::sort(ended_, {}, &BatchAnswer::id);
    return std::exchange(ended_, {});
  }

  /// Assigns free rows to queued requests, to each the row whose tokens share the longest prefix with its prompt. The
  /// first in the queue waits while answers under way, here or elsewhere, use all slots for adapters.
  void fill_rows() {
    while (!queue_.empty()) {
      std::size_t best = rows();
      std::size_t longest = 0;
      for (std::size_t row = 0; row < rows(); ++row) {
        if (rows_[row]) continue;
        const Request& first = *queue_.front();
        const std::size_t common =
            sequences_[row].common_prefix(first.prompt, first.hooks.scores, first.adapter.number());
        if (best == rows() || common > longest) {
          best = row;
          longest = common;
        }
      }
      if (best == rows() || !hold_adapter(*queue_.front(), sequences_[best])) return;
      rows_[best] = std::move(queue_.front());
      queue_.pop_front();
      Request& request = *rows_[best];
      const std::size_t most = request.is_scored() ? 0 : request.prompt.size() - 1;
      const std::size_t again =
          sequences_[best].begin(request.prompt, most, request.hooks.scores, request.adapter.number());
      request.state.set_known(sequences_[best].computed(), again);
      if (grouping_) grouping_->begin(best);
      if (!model_->has_tokenizer()) continue;
      const View<const TokenId> prompt(request.prompt);
      request.state.begin_text(model_->tokenizer(), request.continues_prompt ? prompt : View<const TokenId>());
    }
  }

  /// False where all slots are leased: by answers that go on in further steps, or elsewhere, for which it waits a
  /// moment where there is nothing else to do.
  bool hold_adapter(Request& request, engine::Sequence<B>& sequence) {
    try {
      return request.adapter.try_hold(sequence, active() == 0);
    } catch (const Error& error) {
      throw RequestError(request.answer.id, error.what());
    }
  }

  /// Returns how many of its rows the step has.
  std::size_t add_to_step(std::size_t row, std::size_t most) {
    const std::size_t before = decoding_.size();
    decoding_.add(sequences_[row], rows_[row]->state, rows_[row]->hooks.logits, most);
    if (decoding_.size() > before) in_step_.push_back(rows_[row].get());
    return decoding_.size() - before;
  }

  /// Composes the next step: answers in progress first, in turns if they exceed a step's rows, then prompts in order
  /// of arrival. A prompt that is scored is a step of its own, every other one where there is anything else.
  void cut_step(std::size_t prompt_rows) {
    decoding_.clear();
    in_step_.clear();
    waiting_answers_.clear();
    last_pass_ = {};
    const auto pending = [this](std::size_t row) { return rows_[row] ? sequences_[row].pending() : 0; };
    std::vector<std::size_t> prompts;
    for (std::size_t row = 0; row < rows(); ++row) {
      if (pending(row) > 1) prompts.push_back(row);
    }
    std::ranges::sort(prompts, {}, [this](std::size_t row) { return rows_[row]->answer.id; });
    const auto scored = std::ranges::find_if(prompts, [this](std::size_t row) { return rows_[row]->is_scored(); });
    const std::size_t all = active();
    const auto all_scored = static_cast<std::size_t>(
        std::ranges::count_if(prompts, [this](std::size_t row) { return rows_[row]->is_scored(); }));
    scores_ = scored != prompts.end() && (!scores_ || all_scored == all);
    if (scores_) {
      last_pass_.prompts = add_to_step(*scored, std::min(prompt_rows, pending(*scored) - 1));
      return;
    }
    add_answers(pending);
    for (const std::size_t row : prompts) {
      if (rows_[row]->is_scored()) continue;
      last_pass_.prompts += add_to_step(row, prompt_rows - std::min(prompt_rows, last_pass_.prompts));
    }
  }

  /// pending(row): tokens of its request that are not computed.
  template <class Pending>
  void add_answers(const Pending& pending) {
    const std::size_t first = first_row_++;
    for (std::size_t i = 0; i < rows(); ++i) {
      const std::size_t row = (first + i) % rows();
      if (pending(row) != 1) continue;
      if (grouping_) {
        add_waiting(row);
      } else {
        last_pass_.answers += add_to_step(row, 1);
      }
    }
    if (waiting_answers_.empty()) return;
    for (const std::size_t row : grouping_->choose(waiting_answers_)) last_pass_.answers += add_to_step(row, 1);
  }

  void add_waiting([[maybe_unused]] std::size_t row) {
    if constexpr (observe::TellsRecentUse<typename B::Observer>) {
      waiting_answers_.push_back({row, observer(row).recent_use()});
    }
  }

  const LanguageModel<B>* model_;
  std::vector<engine::Sequence<B>> sequences_;  ///< (rows)
  std::vector<std::unique_ptr<Request>> rows_;  ///< (rows): the request of each, or nullptr
  std::deque<std::unique_ptr<Request>> queue_;
  std::vector<BatchAnswer> ended_;  ///< not yet returned
  generate::Decoding<B> decoding_;
  std::vector<Request*> in_step_;  ///< in the order of decoding_
  std::optional<generate::ExpertGrouping> grouping_;
  std::vector<generate::WaitingAnswer> waiting_answers_;  ///< for the step that is composed, if they are grouped
  PassRows last_pass_{};
  bool scores_ = false;  ///< the step is of one prompt whose tokens are scored
  std::size_t first_row_ = 0;
  std::uint64_t next_id_ = 1;
};

}  // namespace asterism
