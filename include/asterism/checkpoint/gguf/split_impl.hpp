// Bodies of split.hpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/split.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::vector<std::string> gguf_parts(std::string_view path) {
  constexpr std::string_view form = "-00000-of-00000.gguf";  // 0: a digit
  constexpr std::size_t digits = 5;
  constexpr std::size_t of_part = 1;
  constexpr std::size_t of_count = 10;
  if (path.size() <= form.size()) return {};
  const std::string_view end = path.substr(path.size() - form.size());
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '0' ? end[i] < '0' || end[i] > '9' : end[i] != form[i]) return {};
  }
  const auto number = [&](std::size_t begin) {
    std::size_t value = 0;
    for (const char digit : end.substr(begin, digits)) value = 10 * value + static_cast<std::size_t>(digit - '0');
    return value;
  };
  const std::size_t count = number(of_count);
  if (number(of_part) < 1 || number(of_part) > count) return {};
  std::vector<std::string> out;
  for (std::size_t part = 1; part <= count; ++part) {
    std::string text = concat(part);
    text.insert(0, digits - text.size(), '0');
    out.push_back(concat(path.substr(0, path.size() - form.size()), "-", text, end.substr(of_part + digits)));
  }
  return out;
}

}  // namespace asterism::checkpoint
