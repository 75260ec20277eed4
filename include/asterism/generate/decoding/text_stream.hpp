// An answer as a range of pieces of text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace asterism {

/// A single-pass range: each step computes as many tokens as the next piece of text needs. Iteration may be
/// abandoned, and `cancel` in the options ends it from elsewhere. One at a time per session: a step throws
/// InvalidArgument once the session was cleared or has begun something else. Must not be moved during iteration.
template <class Session>
class TextStream {
 public:
  /// The answer that is use `use` of the session.
  TextStream(Session& session, std::uint64_t use) : session_(&session), use_(use) {}

  TextStream(TextStream&&) noexcept = default;
  TextStream& operator=(TextStream&&) noexcept = default;

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
  void advance() { piece_ = session_->next_piece(use_); }

  Session* session_;
  std::uint64_t use_;
  std::string_view piece_;
};

}  // namespace asterism
