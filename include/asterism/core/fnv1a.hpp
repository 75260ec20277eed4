// A hash of bytes that is the same everywhere, for tables and fingerprints.
#pragma once

#include <cstdint>
#include <string_view>

namespace asterism {

/// FNV-1a with 64 bits. Against chance, not against people who want two texts to have one hash. Source: Fowler, Noll,
/// Vo, Eastlake, The FNV Non-Cryptographic Hash Algorithm (2012).
class Fnv1a {
 public:
  constexpr explicit Fnv1a(std::uint64_t begin = 0xCBF29CE484222325U) : value_(begin) {}

  constexpr std::uint64_t value() const { return value_; }

  /// A byte, or, as an end that no bytes look like, a number above 255.
  constexpr void add(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001B3U; }
  constexpr void add(std::string_view bytes) {
    for (const char c : bytes) add(std::uint64_t{static_cast<unsigned char>(c)});
  }
  /// The eight bytes of a number, lowest first.
  constexpr void add_number(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) add(number >> 8 * i & 0xFFU);
  }

 private:
  std::uint64_t value_;
};

}  // namespace asterism
