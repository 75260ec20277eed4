// One request for answers: prompts to the scheduler, and what comes back to its client, whole or as a stream.
#pragma once

#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/serve/request.hpp>
#include <asterism/serve/response.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "choice_text.hpp"
#include "served_model.hpp"

namespace example {

/// Where an answer goes: a connection. Called by the thread of the sockets.
class Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  virtual void answer(const std::string& body) = 0;
  virtual void refuse(const serve::ApiError& error) = 0;
  virtual void begin_stream() = 0;
  virtual void stream(std::string_view events) = 0;
  /// `error`: of an answer that failed.
  virtual void end_stream(const serve::ApiError* error) = 0;
  virtual void count(const serve::TokenCounts& counts) = 0;
};

/// Lives until its client has all answers, or leaves. Used by the thread of the sockets; sinks post to it.
class Completion : public std::enable_shared_from_this<Completion> {
 public:
  Completion(ServerState& state, std::weak_ptr<Client> client, serve::CompletionRequest request)
      : state_(&state), client_(std::move(client)), request_(std::move(request)), comment_(state.io) {
    head_ = {.is_chat = request_.is_chat,
             .id = (request_.is_chat ? "chatcmpl-" : "cmpl-") + state.new_id(),
             .created = static_cast<std::int64_t>(seconds_since_1970()),
             .model = state.model_name};
  }

  /// Throws ApiError where the request can't be taken.
  void begin() {
    ServedModel& served = state_->model();
    if (request_.model != state_->model_name) throw serve::no_such_model(request_.model, state_->model_name);
    std::vector<ScheduledRequest> scheduled = requests_of(served.model);
    try {
      ids_ = served.scheduler.submit(std::move(scheduled));
    } catch (const QueueFull& error) {
      throw serve::ApiError(429, "", "queue_full", error.what());
    } catch (const Draining& error) {
      throw serve::ApiError(503, "", "draining", error.what());
    } catch (const InvalidArgument& error) {
      throw serve::invalid_request("", error.what());
    }
    left_ = ids_.size();
    served.activity.took(ids_.size());
    if (request_.stream) wait_to_comment();
  }

  /// The client has left.
  void abandon() {
    done_ = true;
    comment_.cancel();
    if (!state_->served) return;
    for (const std::uint64_t id : ids_) state_->served->scheduler.cancel(id);
  }

 private:
  /// What a sink copies of a part.
  struct Part {
    std::vector<TokenId> tokens;
    std::vector<TokenScore> scores;
    std::vector<TokenScore> prompt_scores;
    std::string text;
  };

  class Sink final : public AnswerSink {
   public:
    Sink(ServerState& state, std::weak_ptr<Completion> completion, std::size_t choice)
        : io_(&state.io), served_(&state.model()), completion_(std::move(completion)), choice_(choice) {}

    void add(const AnswerPart& part) override {
      measure(part.tokens.size);
      Part copy{.tokens = {part.tokens.begin(), part.tokens.end()},
                .scores = {part.scores.begin(), part.scores.end()},
                .prompt_scores = {part.prompt_scores.begin(), part.prompt_scores.end()},
                .text = std::string(part.text)};
      post([choice = choice_, copy = std::move(copy)](Completion& to) { to.added(choice, copy); });
    }
    void end(const AnswerEnd& end) override {
      served_->metrics.ended(end);
      post([choice = choice_, end](Completion& to) { to.ended(choice, end); });
    }

   private:
    /// Tokens have come: the first since the request, or some since the last.
    void measure(std::size_t tokens) {
      if (tokens == 0) return;
      served_->activity.made(tokens);
      const auto now = std::chrono::steady_clock::now();
      const double seconds = std::chrono::duration<double>(now - std::exchange(last_, now)).count();
      if (std::exchange(begun_, true)) {
        for (std::size_t i = 0; i < tokens; ++i)
          served_->metrics.next_token(seconds / static_cast<double>(tokens));
      } else {
        served_->metrics.first_token(seconds);
      }
    }

    template <class F>
    void post(F&& f) {
      boost::asio::post(*io_, [completion = completion_, f = std::forward<F>(f)] {
        const auto to = completion.lock();
        if (!to) return;
        try {
          f(*to);
        } catch (const std::exception& error) {  // such as no memory for an answer: the others go on
          to->fail({500, "", "failed", error.what()});
        }
      });
    }

    boost::asio::io_context* io_;
    ServedModel* served_;  ///< whose scheduler calls
    std::weak_ptr<Completion> completion_;
    std::size_t choice_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    bool begun_ = false;  ///< a token has come
  };

  /// Where the checkpoint lies is nothing for clients.
  std::string without_folder(std::string message) const {
    const std::string& folder = state_->settings.checkpoint;
    for (std::size_t at = message.find(folder); at != message.npos; at = message.find(folder, at)) {
      message.replace(at, folder.size(), state_->model_name);
      at += state_->model_name.size();
    }
    return message;
  }

  /// The prompts as tokens. Throws ApiError where one is too long or is not what the chat template takes.
  std::vector<generate::Prompt> prompts_of(const AnyModel& model) {
    const std::string_view field = request_.is_chat ? "messages" : "prompt";
    const auto made = [&](auto&& make) {
      try {
        generate::Prompt prompt = make();
        if (prompt.tokens.size() > static_cast<std::size_t>(model.limits().context)) {
          throw serve::context_exceeded(field, prompt.tokens.size(), model.limits().context);
        }
        return prompt;
      } catch (const serve::ApiError&) {
        throw;
      } catch (const Error& error) {  // what the chat template or the tokenizer refuses
        throw serve::invalid_request(field, without_folder(error.what()));
      }
    };
    std::vector<generate::Prompt> prompts;
    if (request_.is_chat) {
      prompts.push_back(made([&] { return model.chat_prompt(request_.messages, request_.options); }));
    }
    for (const serve::PromptInput& input : request_.prompts) {
      prompts.push_back(made([&] {
        const auto prompt = [&](const auto& given) { return model.prompt(given, request_.options); };
        if (const auto* text = std::get_if<std::string>(&input)) return prompt(std::string_view(*text));
        return prompt(View<const TokenId>(std::get<std::vector<TokenId>>(input)));
      }));
    }
    if (request_.options.prompt_logprobs) check_scores(prompts);
    return prompts;
  }

  /// Throws ApiError where the scores of prompts would make an answer of tens of megabytes.
  void check_scores(const std::vector<generate::Prompt>& prompts) const {
    constexpr std::size_t most = std::size_t{1} << 18U;
    std::size_t scores = 0;
    for (const generate::Prompt& prompt : prompts) {
      scores += prompt.tokens.size() * (1 + static_cast<std::size_t>(request_.options.top_logprobs.value_or(0)));
    }
    if (scores <= most) return;
    throw serve::invalid_request("logprobs", concat("the prompts' tokens would have ", scores, " scores, at most ",
                                                    most, " are answered: send fewer, or ask for fewer of each"));
  }

  std::vector<ScheduledRequest> requests_of(const AnyModel& model) {
    const std::uint64_t seed =
        request_.seed ? static_cast<std::uint64_t>(*request_.seed) : static_cast<std::uint64_t>(state_->random());
    std::vector<ScheduledRequest> scheduled;
    for (generate::Prompt& prompt : prompts_of(model)) {
      if (!request_.limits_tokens) {
        request_.options.max_tokens = model.limits().context + 1 - static_cast<std::int32_t>(prompt.tokens.size());
      }
      counts_.prompt += static_cast<std::int64_t>(prompt.tokens.size());
      for (std::int32_t i = 0; i < request_.choices; ++i) {
        const std::size_t choice = choices_.size();
        choices_.push_back(std::make_unique<ChoiceText>(model, request_, prompt.tokens));
        ScheduledRequest one;
        one.prompt = prompt;
        one.continues_prompt = !request_.is_chat;
        one.options = request_.options;
        one.session.seed = seed + static_cast<std::uint64_t>(i);
        one.sink = std::make_shared<Sink>(*state_, weak_from_this(), choice);
        one.longest_wait = std::chrono::seconds(state_->settings.wait_seconds);
        one.longest = std::chrono::seconds(state_->settings.answer_seconds);
        scheduled.push_back(std::move(one));
      }
    }
    return scheduled;
  }

  void added(std::size_t index, const Part& part) {
    if (done_) return;
    serve::Choice fresh = choices_[index]->add(part.tokens, part.scores, part.prompt_scores, part.text);
    if (!request_.stream || (fresh.text.empty() && !fresh.tokens)) return;
    fresh.index = static_cast<std::int32_t>(index);
    begin_choice(index);
    send(serve::chunk(head_, fresh, request_.include_usage));
  }

  void ended(std::size_t index, const AnswerEnd& end) {
    if (done_) return;
    if (end.timed_out) {
      return fail({503, "", "timeout", "the answer, or its wait for a row, took too long; try again later"});
    }
    if (!end.error.empty()) return fail({500, "", "failed", end.error});
    if (end.stats.finish_reason == FinishReason::cancelled) {
      return fail({503, "", "draining", "the server ends before the answer could be finished"});
    }
    choices_[index]->end(end.stats.finish_reason);
    counts_.completion += request_.answer_nothing ? 0 : end.stats.usage.completion_tokens;
    if (index % static_cast<std::size_t>(request_.choices) == 0) counts_.cached += end.stats.usage.cached_tokens;
    if (request_.stream) {
      begin_choice(index);
      serve::Choice last{.index = static_cast<std::int32_t>(index), .reason = end.stats.finish_reason};
      send(serve::chunk(head_, last, request_.include_usage));
    }
    if (--left_ == 0) finish();
  }

  void finish() {
    done_ = true;
    comment_.cancel();
    const auto client = client_.lock();
    if (!client) return;
    client->count(counts_);
    if (request_.stream) {
      if (request_.include_usage) send(serve::usage_chunk(head_, counts_));
      client->stream(serve::last_event);
      return client->end_stream(nullptr);
    }
    std::vector<serve::Choice> whole;
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      whole.push_back(choices_[i]->whole());
      whole.back().index = static_cast<std::int32_t>(i);
    }
    client->answer(serve::completion_body(head_, whole, counts_));
  }

  void fail(const serve::ApiError& error) {
    abandon();
    const auto client = client_.lock();
    if (!client) return;
    if (!streaming_) return client->refuse(error);
    client->stream(serve::event(serve::error_body(error)));
    client->end_stream(&error);
  }

  void begin_choice(std::size_t index) {
    if (choices_[index]->begun()) return;
    if (request_.is_chat) {
      send(serve::first_chunk(head_, static_cast<std::int32_t>(index), request_.include_usage));
    }
  }

  void send(const std::string& data) { write(serve::event(data)); }

  void write(std::string_view events) {
    const auto client = client_.lock();
    if (!client) return;
    if (!streaming_) {
      streaming_ = true;
      client->begin_stream();
    }
    wait_to_comment();
    client->stream(events);
  }

  /// A stream that says nothing for a while gets a comment, so that nobody on the way takes it for dead.
  void wait_to_comment() {
    comment_.expires_after(std::chrono::seconds(state_->settings.connection.comment_seconds));
    comment_.async_wait([self = weak_from_this()](boost::system::error_code error) {
      const auto completion = self.lock();
      if (error || !completion || completion->done_) return;
      completion->write(serve::comment_line);
    });
  }

  ServerState* state_;
  std::weak_ptr<Client> client_;
  serve::CompletionRequest request_;
  serve::ResponseHead head_;
  boost::asio::steady_timer comment_;
  std::vector<std::unique_ptr<ChoiceText>> choices_;
  std::vector<std::uint64_t> ids_;
  serve::TokenCounts counts_{};
  std::size_t left_ = 0;
  bool streaming_ = false;  ///< something was sent
  bool done_ = false;
};

}  // namespace example
