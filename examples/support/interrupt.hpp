// Ctrl-C as a stop token: the answer that runs ends cleanly; a second Ctrl-C ends the program at once.
#pragma once

#include <asterism/core/error.hpp>
#include <asterism/core/progress.hpp>
#include <cstdint>
#include <mutex>
#include <signal.h>
#include <stop_token>
#include <string_view>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace example {

/// Make one at the beginning of main, before any thread: threads inherit the blocked signal.
class Interrupt {
 public:
  Interrupt() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    watcher_ = std::jthread([this](const std::stop_token& ended) {
      while (!ended.stop_requested()) {
        const timespec tenth{0, 100'000'000};
        if (const int signal = sigtimedwait(&signals_, nullptr, &tenth); signal > 0) take(signal);
      }
    });
  }

  std::stop_token token() const { return source_.get_token(); }
  bool happened() const { return source_.stop_requested(); }

  /// While one lives, Ctrl-C ends what it stands for, not the program; a second one before that has ended ends the
  /// program. One at a time.
  class Part {
   public:
    explicit Part(const Interrupt& whole) : whole_(&whole) {
      const std::lock_guard lock(whole.mutex_);
      whole.part_ = &source_;
      if (whole.happened()) source_.request_stop();
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part() {
      const std::lock_guard lock(whole_->mutex_);
      whole_->part_ = nullptr;
    }
    std::stop_token token() const { return source_.get_token(); }
    bool happened() const { return source_.stop_requested(); }

   private:
    const Interrupt* whole_;
    std::stop_source source_;
  };

 private:
  void take(int signal) {
    const std::lock_guard lock(mutex_);
    const bool ends_part = part_ != nullptr && part_->request_stop();
    if (ends_part && signal == SIGINT) return;
    if (!source_.request_stop()) _exit(130);
  }

  sigset_t signals_{};
  std::stop_source source_;
  mutable std::mutex mutex_;
  mutable std::stop_source* part_ = nullptr;
  std::jthread watcher_;
};

/// Passes progress on, and ends the task when the user interrupts.
class InterruptibleProgress : public asterism::ProgressSink {
 public:
  InterruptibleProgress(asterism::ProgressSink& inner, const Interrupt& interrupt)
      : inner_(&inner), interrupt_(&interrupt) {}
  void begin(std::string_view task, std::uint64_t total, asterism::ProgressUnit unit) override {
    inner_->begin(task, total, unit);
  }
  void advance(std::uint64_t done, std::string_view item) override {
    if (interrupt_->happened()) throw asterism::Error("interrupted");
    inner_->advance(done, item);
  }
  void end() override { inner_->end(); }

 private:
  asterism::ProgressSink* inner_;
  const Interrupt* interrupt_;
};

}  // namespace example
