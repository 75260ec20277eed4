// Bodies of progress_bar.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <sys/ioctl.h>
#include <unistd.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress_bar.hpp"

namespace asterism {

namespace detail {

inline constexpr std::int64_t one_second = 1'000'000'000;

ASTERISM_INLINE std::int64_t nanoseconds_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// The longest prefix of `text` of at most `width` columns.
inline std::string_view first_columns(std::string_view text, std::size_t width) {
  std::size_t size = text.size();
  while (columns(text.substr(0, size)) > width) --size;
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace detail

ASTERISM_INLINE ProgressBar::ProgressBar(std::FILE* out, std::int64_t (*now)())
    : out_(out), now_(now), terminal_(::isatty(::fileno(out)) != 0) {}

ASTERISM_INLINE ProgressBar::~ProgressBar() {
  if (drawn_) write("\r\033[K");
}

ASTERISM_INLINE void ProgressBar::begin(std::string_view task, std::uint64_t total, ProgressUnit unit) {
  task_ = task;
  total_ = total;
  unit_ = unit;
  started_ = now_();
  next_ = started_ + (terminal_ ? 1 : 10) * detail::one_second;
}

ASTERISM_INLINE void ProgressBar::advance(std::uint64_t done, std::string_view item) {
  const std::int64_t now = now_();
  if (now < next_) return;
  next_ = now + (terminal_ ? detail::one_second / 10 : 10 * detail::one_second);
  drawn_ = terminal_;
  write(terminal_ ? concat("\r\033[K", line(done, item, now, width())) : line(done, {}, now, 79) + "\n");
}

ASTERISM_INLINE void ProgressBar::end() {
  const std::int64_t taken = now_() - started_;
  if (drawn_) write("\r\033[K");
  drawn_ = false;
  if (taken < detail::one_second) return;
  write(concat(task_, " done: ", amount(total_), " in ", fixed(static_cast<double>(taken) * 1e-9, 1), " s\n"));
}

ASTERISM_INLINE std::string ProgressBar::line(std::uint64_t done, std::string_view item, std::int64_t now,
                                              std::size_t width) const {
  const std::string percent = concat(" ", pad_left(fixed(100 * share(done), 0), 3), " %");
  std::string text(detail::first_columns(task_, width > percent.size() ? width - percent.size() : 0));
  const auto room = [&] { return width - std::min(width, columns(text)); };
  text += std::string(detail::first_columns(percent, room()));
  constexpr std::size_t bar_width = 20;
  const std::string parts[] = {terminal_ ? concat(" [", bar(share(done), bar_width), "]") : "",
                               concat("  ", amount(done), " of ", amount(total_)), concat("  ", rate(done, now))};
  for (const std::string& part : parts) {
    if (columns(part) > room()) return text;
    text += part;
  }
  constexpr std::size_t least_of_item = 10;
  if (!item.empty() && room() >= least_of_item) text += concat("  ", detail::first_columns(item, room() - 2));
  return text;
}

ASTERISM_INLINE std::size_t ProgressBar::width() const {
  winsize size{};
  if (::ioctl(::fileno(out_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 79;
  return size.ws_col - 1U;  // a line that fills the last column wraps
}

ASTERISM_INLINE double ProgressBar::share(std::uint64_t done) const {
  return total_ == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total_);
}

ASTERISM_INLINE std::string ProgressBar::rate(std::uint64_t done, std::int64_t now) const {
  const double seconds = static_cast<double>(now - started_) * 1e-9;
  if (seconds < 1e-3) return {};
  return amount(static_cast<std::uint64_t>(static_cast<double>(done) / seconds)) + "/s";
}

ASTERISM_INLINE std::string ProgressBar::amount(std::uint64_t units) const {
  return unit_ == ProgressUnit::bytes ? to_string(Bytes{units}) : concat(units);
}

ASTERISM_INLINE void ProgressBar::write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace asterism
