// Ctrl-C as a stop token: the answer that runs ends cleanly; a second Ctrl-C ends the program at once.
#pragma once

#include <asterism/core/error.hpp>
#include <asterism/core/progress.hpp>
#include <cstdint>
#include <poll.h>
#include <signal.h>
#include <stop_token>
#include <string>
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
        if (sigtimedwait(&signals_, nullptr, &tenth) < 0) continue;
        if (source_.stop_requested()) _exit(130);
        source_.request_stop();
      }
    });
  }

  std::stop_token token() const { return source_.get_token(); }
  bool happened() const { return source_.stop_requested(); }

 private:
  sigset_t signals_{};
  std::stop_source source_;
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
    if (interrupt_->happened()) throw asterism::Error("interrupted; nothing was written");
    inner_->advance(done, item);
  }
  void end() override { inner_->end(); }

 private:
  asterism::ProgressSink* inner_;
  const Interrupt* interrupt_;
};

/// Reads a line from standard input, waking up for interrupts. False at the end of input or on an interrupt.
inline bool read_line(const Interrupt& interrupt, std::string& line) {
  line.clear();
  while (!interrupt.happened()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 100) <= 0) continue;
    char c = 0;
    if (read(STDIN_FILENO, &c, 1) != 1) return !line.empty();
    if (c == '\n') return true;
    line += c;
  }
  return false;
}

}  // namespace example
