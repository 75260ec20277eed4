// Bodies of question_set.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/fnv1a.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

namespace detail {

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace detail

ASTERISM_INLINE std::string_view trimmed(std::string_view text) {
  while (!text.empty() && detail::is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && detail::is_blank(text.back())) text.remove_suffix(1);
  return text;
}

ASTERISM_INLINE std::vector<Question> parse_questions(std::string_view text, std::string_view where) {
  std::vector<Question> questions;
  std::unordered_map<std::string, std::size_t> lines;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    const std::string_view row = trimmed(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (row.empty()) continue;
    const std::string place = concat(where, ", line ", line);
    const json::Value object = json::parse(row, place);
    if (!object.is_object())
      throw FormatError(concat(place, ": expected a JSON object, found ", object.type_name()));
    const auto text_of = [&](const char* name, bool required) -> std::string {
      const auto found = object.find(name);
      if (found == object.end()) {
        if (required) throw FormatError(concat(place, ": the question has no '", name, "'"));
        return {};
      }
      if (!found->is_string())
        throw FormatError(concat(place, ": '", name, "' is ", found->type_name(), ", expected a string"));
      auto value = found->get<std::string>();
      if (required && value.empty()) throw FormatError(concat(place, ": '", name, "' is empty"));
      return value;
    };
    Question question{.id = text_of("id", false),
                      .split = text_of("split", false),
                      .kind = text_of("kind", false),
                      .prompt = text_of("prompt", true),
                      .answer = text_of("answer", object.contains("answer"))};
    if (question.id.empty()) question.id = concat("line ", line);
    if (trimmed(question.answer).size() != question.answer.size())
      throw FormatError(concat(place, ": 'answer' has blanks around it, which no trimmed answer could equal"));
    const auto [before, is_new] = lines.try_emplace(question.id, line);
    if (!is_new) {
      throw FormatError(
          concat(place, ": the id '", printable(question.id), "' was used in line ", before->second, " already"));
    }
    questions.push_back(std::move(question));
  }
  if (questions.empty()) throw FormatError(concat(where, ": holds no question"));
  return questions;
}

/// FNV-1a over all texts, each followed by a byte that no text contains.
ASTERISM_INLINE std::uint64_t fingerprint(std::span<const Question> questions) {
  Fnv1a hash;
  for (const Question& question : questions) {
    for (const std::string* text :
         {&question.id, &question.split, &question.kind, &question.prompt, &question.answer}) {
      hash.add(*text);
      hash.add(0xFFU);
    }
  }
  return hash.value() >> 11U;
}

ASTERISM_INLINE std::vector<Question> read_questions(const std::string& path) {
  return parse_questions(file::read_file(path, max_question_file), path);
}

}  // namespace asterism::lab
