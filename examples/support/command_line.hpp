// What the programs' command lines share: help within 80 columns, exit statuses, advice that speaks of flags, and
// output that arrives or is missed.
#pragma once

#include <algorithm>
#include <array>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/version.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "interrupt.hpp"

namespace example {

/// How a program ends.
struct Status {
  static constexpr int done = 0;
  static constexpr int failed = 1;
  static constexpr int wrong_option = 2;
  static constexpr int interrupted = 130;
};

/// For the end of a program's help.
inline constexpr const char* exit_statuses =
    "Exit status: 0 done; 1 an error, told on standard error; 2 a wrong option; 130 interrupted by Ctrl-C.";

/// An option says what can't be.
class OptionError : public asterism::InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

/// What `check` finds wrong is the fault of an option.
template <class Check>
auto of_option(Check&& check) {
  try {
    return check();
  } catch (const asterism::InvalidArgument& error) {
    throw OptionError(error.what());
  }
}

inline constexpr std::size_t page_columns = 80;

/// Lines of at most 80 columns without trailing blanks. What is too long goes on below: the lines of options at column
/// `options_at`, those of a list behind its dash, others where they began.
inline std::string wrapped(std::string_view text, std::size_t options_at = 0) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    const bool ends = end < text.size();
    text.remove_prefix(ends ? end + 1 : end);
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const bool is_option = options_at > 0 && begin == 2;
    const std::size_t indent = is_option ? options_at : begin + (line.compare(begin, 2, "- ") == 0 ? 2 : 0);
    while (asterism::columns(line) > page_columns) {
      std::size_t cut = 0;
      for (std::size_t at = line.find(' ', indent); at < line.size(); at = line.find(' ', at + 1)) {
        if (cut > 0 && asterism::columns(std::string_view(line).substr(0, at)) > page_columns) break;
        cut = at;
      }
      const std::size_t next = cut == 0 ? line.npos : line.find_first_not_of(' ', cut);
      if (next == line.npos) break;
      out += line.substr(0, line.find_last_not_of(' ', cut) + 1) + "\n";
      line = std::string(indent, ' ') + line.substr(next);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    if (ends) out += "\n";
  }
  return out;
}

/// The libraries' messages speak of their members: the same with the flags of a program.
inline std::string with_flags(std::string text) {
  struct Wording {
    std::string_view library;
    std::string_view program;
  };
  constexpr std::array<Wording, 13> wordings = {{
      {"lower Limits (context, batch, prefill_chunk)", "lower --context or --prefill-chunk"},
      {"Raise the budgets (", "Raise the budgets of --machine ("},
      {"choose a format with fewer bits, or lower the context",
       "choose a --quantization with fewer bits, or lower --context"},
      {", as 4-bit weights go there only where they are asked to: placement::AcceleratorsFirst<Policy, "
       "placement::HostPlacement::any_width>",
       ", as 4-bit weights do not go there: --quantization int8 or bfloat16 does"},
      {"placement::Balanced evens them out", "without --device-map they are evened out"},
      {", the Blueprint allows ", ", this program allows "},
      {"the Blueprint asks for", "this program asks for"},
      {"set ReadOptions::skipped to leave them out", "--skip-bad FILE leaves them out"},
      {"text needs a tokenizer: set ReadOptions::tokenizer",
       "text needs a tokenizer, and the checkpoint has no tokenizer.json"},
      {"a lower learning rate or a smaller limit of the norm may help",
       "a lower --rate or --clip may help, in another --run"},
      {"go on with that one, or give another folder", "go on with that one, or give another --run"},
      {"use the checkpoint's format in the Blueprint", "choose the checkpoint's format"},
      {" or the parameter quantize_again", ""},
  }};
  for (const auto& [library, program] : wordings) {
    for (std::size_t at = text.find(library); at != text.npos; at = text.find(library, at + program.size())) {
      text.replace(at, library.size(), program);
    }
  }
  for (const std::string_view owner : {"GenerateOptions::", "Limits::", "LoadOptions::"}) {
    for (std::size_t at = text.find(owner); at != text.npos; at = text.find(owner, at)) {
      text.replace(at, owner.size(), "--");
      for (at += 2; at < text.size() && (text[at] == '_' || (text[at] >= 'a' && text[at] <= 'z')); ++at) {
        if (text[at] == '_') text[at] = '-';
      }
    }
  }
  return text;
}

/// Text for standard error, in lines of at most 80 columns that speak of flags.
inline void tell(const std::string& text) { std::cerr << wrapped(with_flags(text)) << std::flush; }

inline void tell_error(const std::exception& error) { tell(asterism::concat("error: ", error.what(), "\n")); }

/// Throws FileError where standard output has not taken everything.
inline void check_output() {
  std::cout.flush();
  if (std::cout) return;
  throw asterism::FileError(asterism::concat("standard output can't be written: ", std::strerror(errno)));
}

/// The arguments; a status where they ask for help or the version alone. Throws OptionError.
inline std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  constexpr std::size_t column = 28;
  app.get_formatter()->column_width(column);
  app.set_version_flag("--version", asterism::concat(app.get_name(), " (Asterism ", asterism::version, ")"),
                       "Show the version and stop");
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::cout << wrapped(app.help(), column);
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << "\n";
  } catch (const CLI::ParseError& error) {
    throw OptionError(asterism::concat(error.what(), "; see --help"));
  }
  return Status::done;
}

/// Runs body(interrupt), shows what it throws, and returns the exit status.
template <class Body>
int run_program(Body&& body) {
  // A file that is opened must not get the number of a stream that the caller closed.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  const Interrupt interrupt;
  const auto fail = [&](int status, const std::exception& error) {
    std::cout.flush();
    tell_error(error);
    return interrupt.happened() ? Status::interrupted : status;
  };
  try {
    const int status = body(interrupt);
    check_output();
    return status;
  } catch (const OptionError& error) {
    return fail(Status::wrong_option, error);
  } catch (const std::exception& error) {
    return fail(Status::failed, error);
  }
}

}  // namespace example
