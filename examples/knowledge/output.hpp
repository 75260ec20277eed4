// Lines for people, and JSON.
#pragma once

#include <asterism/core/format.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/json/json.hpp>
#include <asterism/knowledge/types.hpp>
#include <asterism/librarian/cards/dates.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "../support/command_line.hpp"
#include "library.hpp"

namespace example {

inline knowledge::Time now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);  // as --at can say it
  return {seconds.count() * 1'000'000};
}

/// The instant of an option; `otherwise` where it is not given.
inline knowledge::Time instant_of(const std::string& text, const char* flag, knowledge::Time otherwise) {
  if (text.empty()) return otherwise;
  try {
    return librarian::cards::parse_instant(text, flag);
  } catch (const FormatError& error) {
    throw OptionError(error.what());
  }
}

inline std::string interval(knowledge::Time from, knowledge::Time to) {
  using librarian::cards::instant_text;
  if (from == knowledge::beginning && to == knowledge::forever) return "always";
  if (to == knowledge::forever) return concat("from ", instant_text(from));
  if (from == knowledge::beginning) return concat("until ", instant_text(to));
  return concat(instant_text(from), " to ", instant_text(to));
}

/// Text from a graph, which may hold anything, and lines of at most 80 columns.
inline void show_line(std::string_view text) { std::cout << wrapped(concat(printable(text, 2000), "\n")); }

/// Writes the value to the file `path`, unless that is empty.
inline void write_json(const std::string& path, const json::Value& value) {
  if (!path.empty()) file::write_text_file(path, value.dump(1) + "\n");
}

inline json::Value to_json(const knowledge::Time& time) {
  if (time == knowledge::beginning || time == knowledge::forever) return nullptr;
  return time.microseconds;
}

/// A snapshot as the options ask for it.
inline Snapshot snapshot_of(const Graph& graph, knowledge::Time valid, std::uint64_t known) {
  return known == 0 ? graph.snapshot(valid) : of_option([&] { return graph.as_of(valid, {known}); });
}

/// The things with a name; OptionError if there is none.
inline std::vector<knowledge::NodeId> things_called(const Snapshot& snapshot, const std::string& name) {
  std::vector<knowledge::NodeId> all = snapshot.find(name);
  if (all.empty())
    throw OptionError(
        concat("nothing is called '", printable(name, 60), "' in version ", snapshot.version().value));
  return all;
}

/// Text inside of an element or an attribute of XML 1.0, which holds no control characters.
inline std::string xml_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
    else
      out += ' ';
  }
  return out;
}

}  // namespace example
