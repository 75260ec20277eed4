// Many requests answered together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/pass.hpp"
#include "asterism/generate/request.hpp"
#include "asterism/generate/sampler.hpp"
#include "asterism/generate/sequence.hpp"
#include "asterism/text/chat_template.hpp"

namespace asterism {

/// A fixed number of rows that requests pass through: the first in the queue takes a row as soon as one is free,
/// and gives it back when its answer ends. Each pass of the network takes one token of every answer under way, and
/// fills what is left of prefill_chunk with prompts. A row's result does not depend on the rows beside it, so every
/// answer is, bit for bit, the one that a session with the same seed gives. A row that begins as a new prompt does
/// keeps what it has computed. Caches are drawn in the constructor, nothing later. For one thread at a time; the
/// model must outlive it. Requests in continuous batches: Yu et al., Orca, OSDI 2022.
template <class B>
class Batch {
 public:
  /// Throws BudgetExceeded where the devices have no room for that many caches.
  Batch(const LanguageModel<B>& model, std::size_t rows) : model_(&model), requests_(rows), pass_(model) {
    if (rows < 1) throw InvalidArgument("a batch has at least one row");
    sequences_.reserve(rows);
    for (std::size_t i = 0; i < rows; ++i) sequences_.emplace_back(model);
  }

  /// Queues a raw prompt, before which the tokenizer puts its own special tokens; see Session::generate.
  std::uint64_t add(std::string_view prompt, GenerateOptions options = {}, SessionOptions session = {}) {
    std::vector<TokenId> tokens = model_->tokenizer().encode(prompt);
    return enqueue(std::move(tokens), true, std::move(options), session);
  }

  /// Queues a conversation in the checkpoint's chat template; see Session::chat.
  std::uint64_t add_chat(View<const text::Message> messages, GenerateOptions options = {},
                         SessionOptions session = {}) {
    const std::string prompt = model_->chat_template().render(messages);
    return enqueue(model_->tokenizer().encode(prompt, {.add_special_tokens = false}), false, std::move(options),
                   session);
  }

  /// Queues token ids. Throws InvalidArgument, as the others do, on a prompt that the context does not hold and on
  /// options that are none.
  std::uint64_t add_tokens(View<const TokenId> prompt, GenerateOptions options = {}, SessionOptions session = {}) {
    return enqueue({prompt.begin(), prompt.end()}, true, std::move(options), session);
  }

  /// Ends a request; the next `step` returns what it has of an answer. False where it has ended, or never was.
  bool cancel(std::uint64_t id) {
    Request* const request = find(id);
    if (request == nullptr || request->ended()) return false;
    request->end(FinishReason::cancelled);
    return true;
  }

  /// Runs one pass, and returns the answers that have ended, in order of their ids; those that were cancelled too.
  /// Throws what a pass throws; nothing is lost then: what was not computed is tried again by the next step, which
  /// returns also what has ended before.
  std::vector<BatchAnswer> step() {
    make_pass();
    return take_ended();
  }

  /// Steps until no request is left; returns all answers that ended, in order of their ids. Throws as `step` does.
  std::vector<BatchAnswer> run() {
    while (requests() > 0) make_pass();
    return take_ended();
  }

  std::size_t rows() const { return sequences_.size(); }
  /// Requests that have a row.
  std::size_t active() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(requests_, [](const auto& request) { return request.has_value(); }));
  }
  /// Requests that have not ended.
  std::size_t requests() const { return active() + queue_.size(); }
  /// What the model told while it ran the requests of a row; see Blueprint::Observer.
  const typename B::Observer& observer(std::size_t row) const { return sequences_[row].observer(); }

 private:
  using Request = generate::Request;

  std::uint64_t enqueue(std::vector<TokenId> prompt, bool continues_prompt, GenerateOptions options,
                        SessionOptions session) {
    generate::Sampler::check(options);
    generate::Sequence<B>::check(*model_, prompt);
    Request request{.answer = {.id = next_id_},
                    .prompt = std::move(prompt),
                    .continues_prompt = continues_prompt,
                    .options = std::make_unique<GenerateOptions>(std::move(options)),
                    .random = Random(session.seed),
                    .added = Request::Clock::now()};
    request.answer.outcome.usage.prompt_tokens = static_cast<std::int32_t>(request.prompt.size());
    queue_.push_back(std::move(request));
    return next_id_++;
  }

  Request* find(std::uint64_t id) {
    for (std::optional<Request>& request : requests_) {
      if (request && request->answer.id == id) return &*request;
    }
    for (Request& request : queue_) {
      if (request.answer.id == id) return &request;
    }
    return nullptr;
  }

  void make_pass() {
    end_cancelled();
    collect_ended();
    fill_rows();
    cut_pass();
    if (pass_.size() > 0) pass_.run();
    collect_ended();
  }

  void end_cancelled() {
    const auto look_at = [](Request& request) {
      if (!request.ended() && request.options->cancel.stop_requested()) request.end(FinishReason::cancelled);
    };
    for (std::optional<Request>& request : requests_) {
      if (request) look_at(*request);
    }
    for (Request& request : queue_) look_at(request);
  }

  /// Frees the rows and places in the queue of what has ended.
  void collect_ended() {
    for (std::optional<Request>& request : requests_) {
      if (!request || !request->ended()) continue;
      ended_.push_back(std::move(request->answer));
      request.reset();
    }
    for (Request& request : queue_) {
      if (request.ended()) ended_.push_back(std::move(request.answer));
    }
    std::erase_if(queue_, [](const Request& request) { return request.ended(); });
  }

  std::vector<BatchAnswer> take_ended() {
    std::ranges::sort(ended_, {}, &BatchAnswer::id);
    return std::exchange(ended_, {});
  }

  /// Gives free rows to the queue, to each request the one whose tokens begin most like its prompt.
  void fill_rows() {
    while (!queue_.empty()) {
      std::size_t best = rows();
      std::size_t longest = 0;
      for (std::size_t row = 0; row < rows(); ++row) {
        if (requests_[row]) continue;
        const std::size_t common = sequences_[row].common_prefix(queue_.front().prompt);
        if (best == rows() || common > longest) {
          best = row;
          longest = common;
        }
      }
      if (best == rows()) return;
      Request& request = requests_[best].emplace(std::move(queue_.front()));
      queue_.pop_front();
      sequences_[best].begin(request.prompt, request.prompt.size() - 1);
      request.answer.outcome.usage.cached_tokens = static_cast<std::int32_t>(sequences_[best].computed());
      if (model_->has_tokenizer()) request.begin_text(model_->tokenizer());
    }
  }

  /// Cuts the next pass: answers under way first, taking turns where there are more than a pass has rows, then
  /// prompts in order of arrival.
  void cut_pass() {
    pass_.clear();
    const auto pending = [this](std::size_t row) { return requests_[row] ? sequences_[row].pending() : 0; };
    const std::size_t first = first_row_++;
    for (std::size_t i = 0; i < rows(); ++i) {
      const std::size_t row = (first + i) % rows();
      if (pending(row) == 1) pass_.add(sequences_[row], *requests_[row]);
    }
    std::vector<std::size_t> prompts;
    for (std::size_t row = 0; row < rows(); ++row) {
      if (pending(row) > 1) prompts.push_back(row);
    }
    std::ranges::sort(prompts, {}, [this](std::size_t row) { return requests_[row]->answer.id; });
    for (const std::size_t row : prompts) pass_.add(sequences_[row], *requests_[row]);
  }

  const LanguageModel<B>* model_;
  std::vector<generate::Sequence<B>> sequences_;  ///< (rows)
  std::vector<std::optional<Request>> requests_;  ///< (rows): who has them
  std::deque<Request> queue_;
  std::vector<BatchAnswer> ended_;  ///< not yet returned
  generate::Pass<B> pass_;
  std::size_t first_row_ = 0;
  std::uint64_t next_id_ = 1;
};

}  // namespace asterism
