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
#include "asterism/generate/options.hpp"
#include "asterism/generate/stop_strings.hpp"
#include "asterism/text/stream_decoder.hpp"

namespace asterism {

/// A single-pass range: each step computes as many tokens as the next piece of text needs. Breaking off is
/// allowed, and `cancel` in the options ends it from elsewhere. One at a time for a session: a step throws
/// InvalidArgument once the session was cleared or has begun something else. Not to be moved while it is walked
/// through.
template <class Session>
class TextStream {
 public:
  /// `context`: tokens before the answer that its text continues, so that a leading space is what it is in the
  /// whole text; empty where the answer is a text of its own. The pieces one after the other are the text of
  /// context and answer together without that of the context.
  TextStream(Session& session, GenerateOptions options, View<const TokenId> context)
      : session_(&session),
        answer_(session.answer_),
        options_(std::make_unique<GenerateOptions>(std::move(options))),
        decoder_(session.model().tokenizer(), {.skip_special_tokens = true}),
        stop_(options_->stop) {
    // A run of byte tokens at the end of the context is over there: bytes of the answer do not change it.
    while (!context.empty() && is_byte(context[context.size - 1])) context = context.part(0, context.size - 1);
    for (const TokenId token : context) decoder_.push(token);
  }

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
  /// A byte that the vocabulary has no token for: "<0x0A>".
  bool is_byte(TokenId id) const {
    const std::string_view text = session_->model().tokenizer().id_to_token(id);
    return text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
  }

  /// Computes tokens until there is text; an empty piece means the end.
  void advance() {
    piece_ = {};
    while (piece_.empty() && !ended_) {
      const std::optional<TokenId> token = stop_.found() ? std::nullopt : session_->next_token(*options_, answer_);
      const bool is_end = session_->last().finish_reason == FinishReason::eos;
      if (token && !is_end) {
        piece_ = stop_.push(decoder_.push(*token));
        if (stop_.found()) session_->outcome_.finish_reason = FinishReason::stop_string;
      } else if (!flushed_ && !stop_.found()) {
        flushed_ = true;
        piece_ = stop_.push(decoder_.finish());
        if (stop_.found()) session_->outcome_.finish_reason = FinishReason::stop_string;
      } else {
        ended_ = true;
        piece_ = stop_.finish();
      }
    }
  }

  Session* session_;
  std::uint64_t answer_;
  std::unique_ptr<GenerateOptions>
      options_;  // on the heap, so that stop_ may refer to it when the stream is moved
  text::StreamDecoder decoder_;
  generate::StopStrings stop_;
  std::string_view piece_;
  bool flushed_ = false;
  bool ended_ = false;
};

}  // namespace asterism
