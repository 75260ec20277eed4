// A small seeded random generator with the same sequence on every platform and compiler.
#pragma once

#include <cmath>
#include <cstdint>

namespace asterism {

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
/// A std::uniform_random_bit_generator. Not for cryptography. Not thread-safe: use one per thread.
class Random {
 public:
  using result_type = std::uint64_t;

  explicit constexpr Random(std::uint64_t seed = 0) : state_(seed) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~std::uint64_t{0}; }

  constexpr result_type operator()() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  /// Uniform in [0, 1), 53 random bits.
  constexpr double uniform() { return static_cast<double>((*this)() >> 11U) * 0x1p-53; }

  /// Uniform in [0, n), n > 0; bias below n / 2^64.
  constexpr std::uint64_t below(std::uint64_t n) { return (*this)() % n; }

  /// Normal with mean 0 and variance 1 (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace asterism
