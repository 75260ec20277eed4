// Bodies of system_memory.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/system_memory.hpp"

namespace asterism::machines {

namespace detail {

/// Lines of a text, counted from 1.
struct Lines {
  std::string_view rest;
  std::string_view where;
  std::size_t number = 0;
  std::string_view line{};

  bool next() {
    if (rest.empty()) return false;
    const std::size_t end = rest.find('\n');
    line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    ++number;
    return true;
  }
  [[noreturn]] void refuse(std::string_view expected) const {
    throw FormatError(
        concat(where, ", line ", number, ": expected ", expected, ", found '", printable(line, 80), "'"));
  }
  /// All of `text`.
  template <class T>
  T number_in(std::string_view text, std::string_view expected) const {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) refuse(expected);
    return value;
  }
};

/// Removes `prefix`; false if `text` does not begin with it.
inline bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

inline Bytes kibibytes(const Lines& lines, std::string_view text) {
  constexpr std::string_view expected = "a number of kB";
  while (take_prefix(text, " ")) continue;
  if (text.size() < 4 || text.substr(text.size() - 3) != " kB") lines.refuse(expected);
  const auto kib = lines.number_in<std::uint64_t>(text.substr(0, text.size() - 3), expected);
  if (kib > std::uint64_t{1} << 50U) lines.refuse("less than 2^50 kB");
  return {kib * 1024};
}

}  // namespace detail

ASTERISM_INLINE FreeMemory parse_meminfo(std::string_view text, std::string_view where) {
  detail::Lines lines{text, where};
  std::optional<Bytes> total;
  std::optional<Bytes> available;
  while (lines.next()) {
    std::string_view rest = lines.line;
    std::optional<Bytes>* field = nullptr;
    if (detail::take_prefix(rest, "MemTotal:")) field = &total;
    if (detail::take_prefix(rest, "MemAvailable:")) field = &available;
    if (field == nullptr) continue;
    if (*field) lines.refuse("each field once");
    *field = detail::kibibytes(lines, rest);
  }
  if (!total || !available)
    throw FormatError(concat(where, ": expected MemTotal and MemAvailable, found not both"));
  if (*available > *total) throw FormatError(concat(where, ": expected MemAvailable of at most MemTotal"));
  return {.total = *total, .available = *available};
}

ASTERISM_INLINE double parse_pressure(std::string_view text, std::string_view where) {
  detail::Lines lines{text, where};
  while (lines.next()) {
    std::string_view rest = lines.line;
    if (!detail::take_prefix(rest, "some ")) continue;
    constexpr std::string_view expected = "avg10= with a percentage of 0 to 100";
    if (!detail::take_prefix(rest, "avg10=")) lines.refuse(expected);
    const auto percent = lines.number_in<double>(rest.substr(0, rest.find(' ')), expected);
    if (!(percent >= 0 && percent <= 100)) lines.refuse(expected);
    return percent / 100;
  }
  throw FormatError(concat(where, ": expected a line that begins with 'some', found none"));
}

ASTERISM_INLINE std::optional<std::uint64_t> parse_group_number(std::string_view text, std::string_view where) {
  detail::Lines lines{text, where};
  constexpr std::string_view expected = "one number or max";
  if (!lines.next()) throw FormatError(concat(where, ": expected ", expected, ", found nothing"));
  if (!lines.rest.empty()) lines.refuse("one line");
  if (lines.line == "max") return std::nullopt;
  return lines.number_in<std::uint64_t>(lines.line, expected);
}

ASTERISM_INLINE std::uint64_t parse_group_stat(std::string_view text, std::string_view key,
                                               std::string_view where) {
  detail::Lines lines{text, where};
  while (lines.next()) {
    std::string_view rest = lines.line;
    if (detail::take_prefix(rest, key) && detail::take_prefix(rest, " ")) {
      return lines.number_in<std::uint64_t>(rest, "a number behind the key");
    }
  }
  throw FormatError(concat(where, ": expected a line with ", key, ", found none"));
}

ASTERISM_INLINE std::optional<GroupPath> parse_group_path(std::string_view text, std::string_view where) {
  detail::Lines lines{text, where};
  std::optional<GroupPath> found;
  while (lines.next()) {
    const std::size_t first = lines.line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : lines.line.find(':', first + 1);
    if (second == std::string_view::npos || lines.line.substr(second + 1, 1) != "/") {
      lines.refuse("number:controllers:/path");
    }
    std::string_view controllers = lines.line.substr(first + 1, second - first - 1);
    const std::string path(lines.line.substr(second + 1));
    if (controllers.empty() && !found) found = {path, true};
    while (!controllers.empty()) {
      const std::size_t end = controllers.find(',');
      if (controllers.substr(0, end) == "memory") found = {path, false};
      controllers = end == std::string_view::npos ? std::string_view() : controllers.substr(end + 1);
    }
  }
  return found;
}

/// No value where it can't be opened or read. The files have no size before they are read.
ASTERISM_INLINE std::optional<std::string> SystemMemory::content(const std::string& path) const {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  constexpr std::size_t most = std::size_t{1} << 20U;
  const std::unique_ptr<std::FILE, Close> file(std::fopen((root_ + path).c_str(), "re"));
  if (!file) return std::nullopt;
  std::string out;
  std::array<char, 4096> some{};
  while (out.size() < most) {
    const std::size_t count = std::fread(some.data(), 1, some.size(), file.get());
    if (count == 0) break;
    out.append(some.data(), count);
  }
  if (std::ferror(file.get()) != 0) return std::nullopt;
  return out;
}

/// Of every group around this process, from its own outwards.
ASTERISM_INLINE void SystemMemory::read_group(SystemReading& out) const {
  const std::string where = root_ + "proc/self/cgroup";
  const auto told = content("proc/self/cgroup");
  if (!told) return;
  const auto group = parse_group_path(*told, where);
  if (!group) return;
  const std::string base = group->unified ? "sys/fs/cgroup" : "sys/fs/cgroup/memory";
  const char* const used_name = group->unified ? "/memory.current" : "/memory.usage_in_bytes";
  const char* const limit_name = group->unified ? "/memory.max" : "/memory.limit_in_bytes";
  const char* const cache_key = group->unified ? "inactive_file" : "total_inactive_file";
  constexpr std::uint64_t unlimited = std::uint64_t{1} << 60U;  // version 1 says so with a number like 2^63
  const auto limit_in = [&](const std::string& path) {
    const auto text = content(path);
    return (text ? parse_group_number(*text, root_ + path) : std::nullopt).value_or(unlimited);
  };
  std::optional<GroupMemory> tightest;
  bool any = false;
  bool whole = true;
  std::string path = group->path;
  for (bool more = true; more; path.resize(path.rfind('/'))) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    more = path.size() > 1;
    const std::string folder = base + (more ? path : "");
    if (const auto limit_text = content(folder + limit_name)) {
      any = true;
      std::uint64_t limit = parse_group_number(*limit_text, root_ + folder + limit_name).value_or(unlimited);
      if (group->unified) limit = std::min(limit, limit_in(folder + "/memory.high"));
      if (limit < unlimited) {
        const auto used_text = content(folder + used_name);
        const auto stat = content(folder + "/memory.stat");
        if (!used_text || !stat) {
          out.missing += concat(root_, folder, used_text ? "/memory.stat" : used_name, " can't be read; ");
          whole = false;
        } else {
          const auto used = parse_group_number(*used_text, root_ + folder + used_name).value_or(0);
          const auto cached = parse_group_stat(*stat, cache_key, root_ + folder + "/memory.stat");
          const GroupMemory one{.used = {used - std::min(used, cached)}, .limit = {limit}};
          const auto left = [](const GroupMemory& g) { return g.limit.count - std::min(g.used, g.limit).count; };
          if (!tightest || left(one) < left(*tightest)) tightest = one;
        }
      }
    }
    if (!more) break;
  }
  if (!any && group->path != "/")
    out.missing += concat("no ", limit_name + 1, " of the group ", group->path, " or above; ");
  out.group_known = any && whole;
  out.group = tightest;
  if (!group->unified) return;
  const std::string pressure = concat(base, group->path == "/" ? "" : group->path, "/memory.pressure");
  if (const auto text = content(pressure)) {
    out.stalled = std::max(out.stalled.value_or(0), parse_pressure(*text, root_ + pressure));
  }
}

ASTERISM_INLINE void SystemMemory::read_pressure(SystemReading& out) const {
  if (const auto pressure = content("proc/pressure/memory")) {
    out.stalled = parse_pressure(*pressure, root_ + "proc/pressure/memory");
  } else {
    out.missing += concat(root_, "proc/pressure/memory can't be read; ");
  }
}

ASTERISM_INLINE SystemReading SystemMemory::read() const {
  const auto meminfo = content("proc/meminfo");
  if (!meminfo) throw FileError(concat(root_, "proc/meminfo can't be read: give the root of a Linux system"));
  SystemReading out;
  out.memory = parse_meminfo(*meminfo, root_ + "proc/meminfo");
  for (const auto part : {&SystemMemory::read_pressure, &SystemMemory::read_group}) {
    try {
      (this->*part)(out);
    } catch (const FormatError& error) {
      out.missing += concat(error.what(), "; ");
    }
  }
  return out;
}

}  // namespace asterism::machines
