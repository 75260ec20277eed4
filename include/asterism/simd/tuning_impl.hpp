// Bodies of tuning.hpp.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/tuning.hpp"

namespace asterism::simd {

namespace detail {

struct TuningMember {
  std::string_view name;
  std::uint32_t Tuning::*member;
  std::uint32_t least;
  std::uint32_t most;
};
inline constexpr std::array<TuningMember, 2> tuning_members{{
    {"ahead", &Tuning::ahead, 0, 1U << 20U},
    {"many_rows", &Tuning::many_rows, 4, 65536},
}};

struct TunedFamily {
  std::string_view family;
  Tuning tuning;
};
/// Distances were measured on Zen 4, Zen 5 and one Intel Xeon, `many_rows` on Zen 5: docs/performance.md, "Tuning".
inline constexpr std::array<TunedFamily, 3> tuned_families{{
    {"AuthenticAMD 25", {.ahead = 8192, .many_rows = 16}},
    {"AuthenticAMD 26", {.ahead = 8192, .many_rows = 16}},
    {"GenuineIntel 6", {.ahead = 8192, .many_rows = 16}},
}};

inline void use_tuning(const Tuning& tuning) {
  codes_ahead = tuning.ahead;
  many_rows = tuning.many_rows;
}

/// Seconds of one pass of `weights`, too many for any cache, with one row.
inline double seconds_of_one_row(quant::KernelMatrixRef<quant::Int4<>> weights, const Rows8& x,
                                 MatrixView<float> y) {
  const auto start = std::chrono::steady_clock::now();
  product(weights, x, y, 0, static_cast<std::size_t>(weights.rows));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline TuningChoice tuning_of_file(const std::string& path) {
  if (std::ifstream in(path); in) {
    std::string text;
    std::getline(in, text);
    try {
      if (text.empty()) throw InvalidArgument("no tuning is in it");
      return {tuning_from(text), path};
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(concat(path, ": ", error.what(), "; remove the file to have it measured again"));
    }
  }
  const Tuning measured = measure_tuning();
  const auto now = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  const std::string partial = concat(path, ".", now, ".partial");  // another process may write its own
  std::ofstream out(partial);
  out << to_string(measured) << "\n";
  out.close();
  if (!out || std::rename(partial.c_str(), path.c_str()) != 0) {
    std::remove(partial.c_str());
    throw FileError(concat("ASTERISM_TUNING: ", path, " could not be written"));
  }
  return {measured, path};
}

}  // namespace detail

ASTERISM_INLINE std::string to_string(const Tuning& tuning) {
  std::string text;
  for (const detail::TuningMember& one : detail::tuning_members) {
    text += concat(text.empty() ? "" : ",", one.name, "=", tuning.*one.member);
  }
  return text;
}

ASTERISM_INLINE Tuning tuning_from(const std::string& text, const Tuning& base) {
  Tuning tuning = base;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(item.size() < rest.size() ? item.size() + 1 : item.size());
    const std::size_t equals = item.find('=');
    const detail::TuningMember* found = nullptr;
    for (const detail::TuningMember& one : detail::tuning_members) {
      if (equals != std::string_view::npos && item.substr(0, equals) == one.name) found = &one;
    }
    if (found == nullptr) {
      throw InvalidArgument(
          concat("tuning: '", item, "' is none of its members: expected such as ", to_string(Tuning{})));
    }
    const std::string_view value = item.substr(equals + 1);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < found->least ||
        number > found->most) {
      throw InvalidArgument(concat("tuning: ", found->name, " is '", value, "': expected a number from ",
                                   found->least, " to ", found->most));
    }
    tuning.*found->member = number;
  }
  return tuning;
}

ASTERISM_INLINE std::string processor_family() {
#if defined(__x86_64__)
  unsigned int eax = 0;
  std::array<unsigned int, 3> vendor{};
  __get_cpuid(0, &eax, &vendor[0], &vendor[2], &vendor[1]);
  char name[sizeof vendor + 1] = {};
  std::memcpy(name, vendor.data(), sizeof vendor);
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  const unsigned int family = (eax >> 8U) & 15U;
  return concat(name, " ", family == 15 ? family + ((eax >> 20U) & 255U) : family);
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}

ASTERISM_INLINE Tuning measure_tuning() {
  constexpr std::size_t cols = 4096;
  constexpr std::size_t rows = (std::size_t{64} << 20U) * 2 / cols;  // 64 MiB of codes
  using Format = quant::Int4<>;
  const auto bytes = static_cast<std::size_t>(Format::planes(rows, cols).bytes().count);
  std::vector<std::uint64_t> weights(bytes / 8 + 8, 0x3C003C003C003C00U);
  std::vector<std::uint64_t> activations(Rows8::bytes(1, cols).count / 8 + 8);
  const auto start_of = [](std::vector<std::uint64_t>& memory) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    return reinterpret_cast<std::byte*>(memory.data()) + (aligned(address) - address);
  };
  const Rows8 x = Rows8::in(start_of(activations), 1, cols, activation_order<Format>);
  to_activations8(std::vector<float>(cols, 1.0F).data(), x, 0, 0, cols);
  std::vector<float> y(rows);
  Tuning tuning{.ahead = detail::codes_ahead, .many_rows = detail::many_rows};
  const Tuning before = tuning;
  constexpr std::array<std::uint32_t, 4> distances{0, 2048, 8192, 16384};
  double best = 1e9;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t pass = 0; pass < 3 * distances.size(); ++pass) {
    const std::uint32_t distance = distances[pass % distances.size()];
    detail::codes_ahead = distance;
    const double seconds =
        detail::seconds_of_one_row({start_of(weights), rows, cols}, x, MatrixView<float>(y.data(), 1, rows));
    if (seconds < best) tuning.ahead = distance;
    best = seconds < best ? seconds : best;
    // A processor so slow that it has not tried all by then computes longer than it waits for memory.
    if (std::chrono::steady_clock::now() - start > std::chrono::milliseconds(70)) {
      if (pass + 1 < distances.size()) tuning.ahead = before.ahead;
      break;
    }
  }
  detail::use_tuning(before);
  return tuning;
}

ASTERISM_INLINE TuningChoice choose_tuning(const char* wanted, const std::string& family) {
  const std::string value = wanted == nullptr ? "" : wanted;
  if (value.empty()) {
    for (const detail::TunedFamily& one : detail::tuned_families) {
      if (one.family == family) return {one.tuning, "table"};
    }
  }
  if (value.empty() || value == "measure") return {measure_tuning(), "measured"};
  constexpr std::string_view file = "file=";
  if (value.starts_with(file)) return detail::tuning_of_file(value.substr(file.size()));
  return {tuning_from(value), "ASTERISM_TUNING"};
}

ASTERISM_INLINE const TuningChoice& tuning() {
  static const TuningChoice chosen = [] {
    TuningChoice choice = choose_tuning(std::getenv("ASTERISM_TUNING"), processor_family());
    detail::use_tuning(choice.tuning);
    return choice;
  }();
  return chosen;
}

}  // namespace asterism::simd
