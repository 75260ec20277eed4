// Bodies of dates.hpp.
#pragma once

#include <chrono>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/librarian/cards/dates.hpp"

namespace asterism::librarian::cards {

namespace detail {

inline constexpr std::int64_t second = 1'000'000;
inline constexpr std::int64_t day = 86'400 * second;

/// `digits` digits at `at`, behind the character `before`, if that is not NUL; -1 if something else stands there.
inline int digits_at(std::string_view text, std::size_t at, std::size_t digits, char before) {
  if (text.size() < at + digits || (before != '\0' && text[at - 1] != before)) return -1;
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace detail

ASTERISM_INLINE knowledge::Time parse_instant(std::string_view text, std::string_view where) {
  namespace time = std::chrono;
  const int year = detail::digits_at(text, 0, 4, '\0');
  const int month = detail::digits_at(text, 5, 2, '-');
  const int of_month = detail::digits_at(text, 8, 2, '-');
  bool good = year > 0 && month > 0 && of_month > 0;
  int seconds = 0;
  if (text.size() != 10) {
    const int hour = detail::digits_at(text, 11, 2, 'T');
    const int minute = detail::digits_at(text, 14, 2, ':');
    const int rest = detail::digits_at(text, 17, 2, ':');
    good = good && text.size() == 20 && text.back() == 'Z' && hour >= 0 && hour < 24 && minute >= 0 &&
           minute < 60 && rest >= 0 && rest < 60;
    seconds = (hour * 60 + minute) * 60 + rest;
  }
  if (good) {
    const time::year_month_day date{time::year{year}, time::month{static_cast<unsigned>(month)},
                                    time::day{static_cast<unsigned>(of_month)}};
    if (date.ok()) {
      const std::int64_t days = time::sys_days{date}.time_since_epoch().count();
      return {days * detail::day + seconds * detail::second};
    }
  }
  throw FormatError(concat(where, ": '", printable(text, 40),
                           "' is no instant, expected one such as 2026-03-01 or 2026-03-01T12:30:00Z"));
}

ASTERISM_INLINE std::string instant_text(knowledge::Time time) {
  if (time == knowledge::beginning) return "always";
  if (time == knowledge::forever) return "forever";
  std::int64_t days = time.microseconds / detail::day;
  if (time.microseconds % detail::day < 0) --days;
  const std::int64_t seconds = (time.microseconds - days * detail::day) / detail::second;
  // The days of a date count beyond what std::chrono's years hold: such instants are far from any game.
  constexpr std::int64_t most = 10'000'000;
  if (days < -most || days > most) return concat(time.microseconds, " us");
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<std::int32_t>(days)}}};
  const auto two = [](std::int64_t value) { return concat(value < 10 ? "0" : "", value); };
  const int year = static_cast<int>(date.year());
  std::string text = concat(year);
  while (year >= 0 && text.size() < 4) text.insert(text.begin(), '0');
  text += concat("-", two(static_cast<unsigned>(date.month())), "-", two(static_cast<unsigned>(date.day())));
  if (seconds == 0) return text;
  return text + concat("T", two(seconds / 3600), ":", two(seconds / 60 % 60), ":", two(seconds % 60), "Z");
}

}  // namespace asterism::librarian::cards
