// Asking a model, as the programs that answer do: prompts, conversations, and questions whose answers are known.
#pragma once

#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/generate/any_model.hpp>
#include <asterism/lab/question_set.hpp>
#include <cstdint>
#include <iostream>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command_line.hpp"
#include "interrupt.hpp"

namespace example {

using namespace asterism;

/// Text of the libraries for a reader of this program.
inline void show(const std::string& text) { std::cout << wrapped(with_flags(text)); }

inline std::string counted(std::int64_t count, const std::string& thing) {
  return concat(count, " ", thing, count == 1 ? "" : "s");
}

/// How a program asks and tells.
struct Manner {
  bool chat = false;    ///< prompts are turns of a conversation in the chat template
  bool report = false;  ///< speed with each answer
  bool quiet = false;   ///< nothing on standard error
};

/// Asks one model, and counts.
class Conversation {
 public:
  Conversation(AnySession session, GenerateOptions options, Manner manner, const Interrupt& interrupt)
      : manner_(manner), options_(std::move(options)), interrupt_(&interrupt), session_(std::move(session)) {}

  /// Shows the answer while it is made, and returns it. With --chat it becomes part of the conversation.
  std::string answer(const std::string& prompt, std::stop_token cancel) {
    options_.cancel = std::move(cancel);
    std::string whole;
    if (!manner_.chat) {
      show_pieces(session_.generate(prompt, options_), whole);
    } else {
      messages_.push_back({"user", prompt});
      try {
        show_pieces(session_.chat(messages_, options_), whole);
      } catch (...) {
        messages_.pop_back();
        throw;
      }
      messages_.push_back({"assistant", whole});
    }
    count();
    tell_dropped();
    return whole;
  }

  /// Answers a turn at the terminal: Ctrl-C and errors end the turn alone.
  void turn(const std::string& prompt) {
    const Interrupt::Part part(*interrupt_);
    try {
      answer(prompt, part.token());
      std::cout << "\n";
    } catch (const Error& error) {
      check_output();
      tell_error(error);
    }
  }

  /// Asks the questions whose answers are known, and says how many were answered right.
  void ask_known(const std::vector<lab::Question>& known) {
    options_.stop.emplace_back("\n");
    std::int64_t right = 0;
    for (const lab::Question& question : known) {
      std::cout << wrapped(question.prompt) << " ";
      forget();
      const std::string found = answer(question.prompt, interrupt_->token());
      if (interrupt_->happened()) return;
      const bool is_right = lab::trimmed(found) == question.answer;
      std::cout << "  " << question.kind << ": "
                << (is_right ? "right" : "wrong, the answer is " + question.answer) << "\n\n";
      right += is_right ? 1 : 0;
    }
    if (answers_ > 0) std::cout << right << " of " << counted(answers_, "question") << " answered right\n";
    options_.stop.pop_back();
  }

  void forget() { messages_.clear(); }

  /// What each answer took.
  const std::vector<GenerationStats>& answers() const { return all_; }

  /// What was done, in a line.
  std::string summary() const {
    const double speed = decode_seconds_ > 0 ? static_cast<double>(decoded_) / decode_seconds_ : 0;
    return concat(counted(answers_, "answer"), ", ", counted(tokens_, "token"),
                  speed > 0 ? concat(" at ", fixed(speed, speed < 100 ? 1 : 0), " tokens/s") : "",
                  broken_off_ > 0 ? concat(", ", broken_off_, " broken off") : "");
  }

 private:
  void show_pieces(AnyTextStream pieces, std::string& whole) {
    try {
      for (std::string_view piece : pieces) {
        const bool first = whole.empty();
        whole += piece;
        if (first && piece.starts_with(' ')) piece.remove_prefix(1);
        std::cout << piece;
        check_output();
      }
    } catch (...) {
      if (!whole.empty() && !whole.ends_with('\n')) std::cout << "\n";
      throw;
    }
    if (!whole.ends_with('\n')) std::cout << "\n";
    check_output();
  }

  void count() {
    const GenerationStats& last = session_.last();
    ++answers_;
    all_.push_back(last);
    tokens_ += last.usage.completion_tokens;
    decoded_ += std::max(last.usage.completion_tokens - 1, 0);
    decode_seconds_ += last.decode_seconds;
    broken_off_ += last.finish_reason == FinishReason::cancelled ? 1 : 0;
    if (!manner_.report) return;
    show(concat("  [", name_of(last.finish_reason), "; ", to_string(last.usage), "; first token after ",
                fixed(1000 * last.seconds_to_first_token, 1), " ms, prefill ", fixed(last.prefill_speed(), 1),
                " tokens/s, decode ", fixed(last.decode_speed(), 1), " tokens/s]\n"));
    check_output();
  }

  /// Says once for each further turn that the conversation no longer fits.
  void tell_dropped() {
    const Usage& usage = session_.last().usage;
    if (manner_.quiet || usage.dropped_turns == dropped_turns_) return;
    dropped_turns_ = usage.dropped_turns;
    if (dropped_turns_ == 0) return;
    tell(concat("  [the context no longer holds all of the conversation: ", counted(dropped_turns_, "turn"),
                " with ", counted(usage.dropped_tokens, "token"), " left out; a larger --context keeps more]\n"));
  }

  Manner manner_;
  GenerateOptions options_;
  const Interrupt* interrupt_;
  AnySession session_;
  std::vector<text::Message> messages_;
  std::vector<GenerationStats> all_;
  std::int64_t answers_ = 0;
  std::int64_t tokens_ = 0;
  std::int64_t decoded_ = 0;  ///< tokens after the first ones
  double decode_seconds_ = 0;
  std::int64_t broken_off_ = 0;
  std::int32_t dropped_turns_ = 0;  ///< as told
};

}  // namespace example
