// How fast this machine reads memory: the limit beside which the speed of one row stands.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/parallel/concept.hpp"

namespace asterism::machines {

namespace detail {

/// Words of a piece, which one thread reads at a time: 4 MiB.
inline constexpr std::size_t piece_words = std::size_t{1} << 19U;

/// Combines all words of a piece that is aligned to 32 bytes, read in `Streams` streams side by side. In registers
/// as wide as the compiler may assume: word by word, one core would not read as fast as memory answers.
template <std::size_t Streams>
std::uint64_t read_piece(const std::uint64_t* from) {
  using Wide [[gnu::vector_size(32), gnu::may_alias]] = std::uint64_t;
  constexpr std::size_t stream = piece_words / 4 / Streams;
  const auto* wide = reinterpret_cast<const Wide*>(from);
  Wide sum[4] = {};
  for (std::size_t i = 0; i < stream; i += 4) {
#pragma GCC unroll 4
    for (std::size_t s = 0; s < Streams; ++s) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4; ++k) sum[k] ^= wide[s * stream + i + k];
    }
  }
  const Wide all = sum[0] ^ sum[1] ^ sum[2] ^ sum[3];
  return all[0] ^ all[1] ^ all[2] ^ all[3];
}

}  // namespace detail

/// Streams of the loops that read_speeds tries.
inline constexpr std::array<std::size_t, 3> read_streams = {1, 2, 4};

/// Bytes a second of reading `words` on the threads of `execution`, which take pieces of 4 MiB in turn, by each of
/// three loops over all words: with 1, 2 and 4 streams a thread. Words before a multiple of 32 bytes and beyond the
/// last whole piece are left out. Give it more than the processor's caches hold.
template <parallel::Execution Execution>
std::array<double, read_streams.size()> read_speeds(View<const std::uint64_t> words, Execution& execution) {
  constexpr std::array loops = {detail::read_piece<read_streams[0]>, detail::read_piece<read_streams[1]>,
                                detail::read_piece<read_streams[2]>};
  const std::size_t skipped =
      (32 - reinterpret_cast<std::uintptr_t>(words.data) % 32) % 32 / sizeof(std::uint64_t);
  const std::size_t pieces = (words.size - skipped) / detail::piece_words;
  std::array<double, read_streams.size()> out{};
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const auto start = std::chrono::steady_clock::now();
    execution.for_each_task(pieces, [&](std::size_t piece) {
      [[maybe_unused]] const volatile std::uint64_t kept =
          loops[i](words.data + skipped + piece * detail::piece_words);
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    out[i] = static_cast<double>(pieces * detail::piece_words * sizeof(std::uint64_t)) / seconds;
  }
  return out;
}

/// The best of them. Call it several times: the best is the limit, since other programs only take from it.
template <parallel::Execution Execution>
double read_bandwidth(View<const std::uint64_t> words, Execution& execution) {
  const auto speeds = read_speeds(words, execution);
  return *std::max_element(speeds.begin(), speeds.end());
}

}  // namespace asterism::machines
