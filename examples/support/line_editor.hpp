// Prompts from standard input: on a terminal with editing and history where libedit is there, from a pipe line by line.
#pragma once

#include <asterism/core/format.hpp>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <iostream>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <unistd.h>

#if defined(EXAMPLE_HAS_LIBEDIT)
#include <histedit.h>
#endif

#include "interrupt.hpp"

namespace example {

/// One for the program. A prompt is a line, or several between two marks `"""`. Ctrl-C gives up what is being typed.
class LineEditor {
 public:
  static constexpr std::string_view mark = "\"\"\"";

  explicit LineEditor(const Interrupt& interrupt) : interrupt_(&interrupt), terminal_(isatty(STDIN_FILENO) != 0) {
    if (terminal_) open_editor();
  }
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  bool is_terminal() const { return terminal_; }

  /// The next prompt that is not empty; none at the end of input, or where the program was interrupted.
  std::optional<std::string> next() {
    while (!interrupt_->happened()) {
      std::string text;
      switch (read_prompt(text)) {
        case Read::end:
          return std::nullopt;
        case Read::broken:
          std::cerr << "\n(Ctrl-D ends the conversation)\n";
          continue;
        case Read::line:
          if (!text.empty()) return text;
      }
    }
    return std::nullopt;
  }

 private:
  enum class Read { line, end, broken };

  Read read_prompt(std::string& text) {
    if (const Read read = read_line("> ", text); read != Read::line || !text.starts_with(mark)) return read;
    text.erase(0, mark.size());
    while (!text.ends_with(mark)) {
      std::string line;
      const Read read = read_line("... ", line);
      if (read == Read::broken || (read == Read::end && text.empty())) return read;
      if (read == Read::end) return Read::line;  // the mark that closes is missing
      if (!text.empty()) text += "\n";
      text += line;
    }
    text.erase(text.size() - mark.size());
    if (text.ends_with('\n')) text.pop_back();
    return Read::line;
  }

  /// There is input. False where Ctrl-C came first; in a pipe it ends the program, as nobody is there to go on.
  bool wait() const {
    while (part_ != nullptr ? !part_->happened() : !interrupt_->happened()) {
      pollfd input{STDIN_FILENO, POLLIN, 0};
      if (poll(&input, 1, 100) > 0) return true;
    }
    return false;
  }

  Read read_line(const char* prompt, std::string& line) {
    if (!terminal_) return read_plain(line);
    const Interrupt::Part part(*interrupt_);
    part_ = &part;
    prompt_ = prompt;
    const Read read = read_from_terminal(line);
    part_ = nullptr;
    return read == Read::end && part.happened() ? Read::broken : read;
  }

  Read read_plain(std::string& line) const {
    line.clear();
    while (wait()) {
      char c = 0;
      if (read(STDIN_FILENO, &c, 1) != 1) return line.empty() ? Read::end : Read::line;
      if (c == '\n') return Read::line;
      line += c;
    }
    return Read::end;
  }

#if defined(EXAMPLE_HAS_LIBEDIT)
  struct CloseEditor {
    void operator()(EditLine* editor) const { el_end(editor); }
  };
  struct CloseHistory {
    void operator()(History* history) const { history_end(history); }
  };

  static LineEditor& self(EditLine* editor) {
    void* found = nullptr;
    el_get(editor, EL_CLIENTDATA, &found);
    return *static_cast<LineEditor*>(found);
  }

  static char* show_prompt(EditLine* editor) { return const_cast<char*>(self(editor).prompt_); }

  static int next_character(EditLine* editor, wchar_t* out) {
    std::mbstate_t state{};
    while (self(editor).wait()) {
      char byte = 0;
      if (const auto size = read(STDIN_FILENO, &byte, 1); size != 1) return static_cast<int>(size);
      const std::size_t used = std::mbrtowc(out, &byte, 1, &state);
      if (used <= 1) return 1;
      if (used == static_cast<std::size_t>(-1)) state = {};
    }
    errno = EINTR;
    return -1;
  }

  void open_editor() {
    if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
    editor_.reset(el_init("asterism", stdin, isatty(STDOUT_FILENO) != 0 ? stdout : stderr, stderr));
    history_.reset(history_init());
    if (!editor_ || !history_) return;
    HistEvent event{};
    history(history_.get(), &event, H_SETSIZE, 1000);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    el_set(editor_.get(), EL_CLIENTDATA, this);
    el_set(editor_.get(), EL_PROMPT, show_prompt);
    el_set(editor_.get(), EL_EDITOR, "emacs");
    el_set(editor_.get(), EL_HIST, history, history_.get());
    el_set(editor_.get(), EL_GETCFN, next_character);
    el_source(editor_.get(), nullptr);
  }

  Read read_from_terminal(std::string& line) {
    if (!editor_ || !history_) return ask_plain(line);
    el_resize(editor_.get());
    // Before the prompt is shown: an end of input typed between prompt and raw mode would be lost.
    el_set(editor_.get(), EL_PREP_TERM, 1);
    int size = 0;
    const char* text = el_gets(editor_.get(), &size);
    if (text == nullptr || size <= 0) {
      el_reset(editor_.get());
      return Read::end;
    }
    line.assign(text, static_cast<std::size_t>(size));
    if (line.ends_with('\n')) line.pop_back();
    HistEvent event{};
    if (!line.empty()) history(history_.get(), &event, H_ENTER, line.c_str());
    return Read::line;
  }
#else
  void open_editor() {}
  Read read_from_terminal(std::string& line) { return ask_plain(line); }
#endif

  Read ask_plain(std::string& line) const {
    std::cerr << prompt_ << std::flush;
    return read_plain(line);
  }

  const Interrupt* interrupt_;
  bool terminal_;
  const Interrupt::Part* part_ = nullptr;  ///< while a line is typed
  const char* prompt_ = "";
#if defined(EXAMPLE_HAS_LIBEDIT)
  std::unique_ptr<History, CloseHistory> history_;
  std::unique_ptr<EditLine, CloseEditor> editor_;
#endif
};

}  // namespace example
