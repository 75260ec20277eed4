// Questions and queries of files in JSON Lines.
#pragma once

#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/file/path.hpp>
#include <asterism/json/fields.hpp>
#include <asterism/json/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace example {

using namespace asterism;

/// Calls f(row, where) for each line, an object; where names file and line. FormatError for other lines, and for none.
template <class F>
void for_each_row(const std::string& path, F&& f) {
  std::istringstream lines(file::read_file(path, 1U << 30U));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string where = concat(path, ", line ", ++count);
    const json::Document row(json::parse(line, where));
    json::check_object(*row, "a line", where);
    f(*row, where);
  }
  if (count == 0) throw FormatError(concat(path, ": there is nothing in it"));
}

inline std::string text_of(const json::Value& row, const char* key, const std::string& where) {
  const json::Value& value = json::require_field(row, key, where);
  if (!value.is_string()) throw FormatError(concat(where, ": '", key, "' is no string"));
  return value.get<std::string>();
}

/// What is asked in a prompt: between "Query:" and the line of "Response:".
inline std::string query_in(const std::string& prompt, const std::string& where) {
  constexpr std::string_view query = "Query:";
  const std::size_t begin = prompt.find(query);
  const std::size_t end = begin == prompt.npos ? prompt.npos : prompt.find("\nResponse:", begin + query.size());
  if (end == prompt.npos)
    throw FormatError(concat(where, ": the prompt has no 'Query:' before a line 'Response:'"));
  return prompt.substr(begin + query.size(), end - begin - query.size());
}

}  // namespace example
