// A sink that keeps what it is told.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/answer_sink.hpp"

namespace asterism::test {

/// Told by one thread; `wait` may be called by another, and what was told read after it.
class RecordedSink final : public AnswerSink {
 public:
  std::vector<TokenId> tokens;
  std::string text;
  std::vector<TokenScore> scores;
  std::vector<TokenScore> prompt_scores;
  AnswerEnd last;
  std::size_t parts = 0;

  void add(const AnswerPart& part) override {
    CHECK_FALSE(ended_);
    ++parts;
    tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
    text += part.text;
    scores.insert(scores.end(), part.scores.begin(), part.scores.end());
    prompt_scores.insert(prompt_scores.end(), part.prompt_scores.begin(), part.prompt_scores.end());
  }
  void end(const AnswerEnd& end) override {
    const std::lock_guard lock(mutex_);
    CHECK_FALSE(ended_);  // once
    last = end;
    ended_ = true;
    changed_.notify_all();
  }

  const AnswerEnd& wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
    return last;
  }
  bool ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

}  // namespace asterism::test
