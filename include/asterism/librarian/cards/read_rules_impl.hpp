// Bodies of read_rules.hpp.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/librarian/cards/read_rules.hpp"
#include "asterism/librarian/cards/rows.hpp"

namespace asterism::librarian::cards {

namespace detail {

/// How many of the text's first characters lie between the two.
inline std::size_t leading(std::string_view text, char least, char most) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= least && text[count] <= most) ++count;
  return count;
}

}  // namespace detail

ASTERISM_INLINE bool is_rule_number(std::string_view number) {
  const std::size_t section = detail::leading(number, '0', '9');
  if (section == 0 || section > 6 || section == number.size() || number[section] != '.') return false;
  number.remove_prefix(section + 1);
  if (number.empty()) return true;
  const std::size_t rule = detail::leading(number, '0', '9');
  if (rule == 0 || rule > 6) return false;
  number.remove_prefix(rule);
  return number.size() <= 2 && detail::leading(number, 'a', 'z') == number.size();
}

ASTERISM_INLINE std::string parent_number(std::string_view number) {
  const std::size_t point = number.find('.');
  if (point == number.npos || point + 1 == number.size()) return {};
  const std::size_t digits = detail::leading(number.substr(point + 1), '0', '9');
  const std::size_t end = point + 1 + digits;
  return std::string(number.substr(0, end == number.size() ? point + 1 : end));
}

ASTERISM_INLINE std::vector<Rule> parse_rules(std::string_view text, std::string_view where) {
  const json::Document document = parse_rows(text, where);
  const json::Value::array_t& rows = rows_of(*document, where);
  std::vector<Rule> rules;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Rule rule{.where = row_place(where, i)};
    json::check_object(rows[i], "the rule", rule.where);
    rule.number = text_field(rows[i], "number", rule.where);
    if (!is_rule_number(rule.number)) {
      throw FormatError(concat(rule.where, ": the number is '", printable(rule.number, 40),
                               "', expected one such as 100., 100.1 or 100.1a"));
    }
    rule.id = text_field(rows[i], "id", rule.where);
    if (rule.id.empty()) rule.id = concat("rule:", rule.number);
    rule.title = text_field(rows[i], "title", rule.where);
    rule.text = text_field(rows[i], "text", rule.where);
    rule.parent = text_field(rows[i], "parent", rule.where);
    if (const std::string parent = parent_number(rule.number); rule.parent.empty() && !parent.empty()) {
      rule.parent = concat("rule:", parent);
    }
    rule.refers_to = text_list(rows[i], "refers_to", rule.where);
    rule.governs = text_list(rows[i], "governs", rule.where);
    rules.push_back(std::move(rule));
  }
  return rules;
}

ASTERISM_INLINE Listed<Rule> read_rules(const std::string& path) {
  return {.source = file_name(path), .rows = parse_rules(file::read_file(path, max_row_file), path)};
}

}  // namespace asterism::librarian::cards
