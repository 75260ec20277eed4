// An answer as a range of pieces of text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/answer_text.hpp"
#include "asterism/generate/options.hpp"

namespace asterism {

/// A single-pass range: each step computes as many tokens as the next piece of text needs. Breaking off is
/// allowed, and `cancel` in the options ends it from elsewhere. One at a time for a session: a step throws
/// InvalidArgument once the session was cleared or has begun something else. Not to be moved while it is walked
/// through.
template <class Session>
class TextStream {
 public:
  /// `context`: see generate::AnswerText.
  TextStream(Session& session, GenerateOptions options, View<const TokenId> context)
      : session_(&session),
        answer_(session.answer_),
        options_(std::make_unique<GenerateOptions>(std::move(options))),
        text_(session.model().tokenizer(), options_->stop, context) {}

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(TextStream& stream) : stream_(&stream) {}

    std::string_view operator*() const { return stream_->piece_; }
    Iterator& operator++() {
      stream_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return stream_->piece_.empty(); }

    TextStream* stream_ = nullptr;
  };

  Iterator begin() {
    advance();
    return Iterator(*this);
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  /// Computes tokens until there is text; an empty piece means the end.
  void advance() {
    piece_ = {};
    while (piece_.empty() && !ended_) {
      const std::optional<TokenId> token =
          text_.stopped() ? std::nullopt : session_->next_token(*options_, answer_);
      const bool is_end = session_->last().finish_reason == FinishReason::eos;
      if (token && !is_end) {
        piece_ = text_.push(*token);
        if (text_.stopped()) session_->outcome_.finish_reason = FinishReason::stop_string;
      } else if (!flushed_ && !text_.stopped()) {
        flushed_ = true;
        piece_ = text_.flush();
        if (text_.stopped()) session_->outcome_.finish_reason = FinishReason::stop_string;
      } else {
        ended_ = true;
        piece_ = text_.finish();
      }
    }
  }

  Session* session_;
  std::uint64_t answer_;
  std::unique_ptr<GenerateOptions>
      options_;  // on the heap, so that text_ may refer to it when the stream is moved
  generate::AnswerText text_;
  std::string_view piece_;
  bool flushed_ = false;
  bool ended_ = false;
};

}  // namespace asterism
