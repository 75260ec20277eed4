// A model of quant::Quantization, and structs that each lack one member of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/quant/concept.hpp"

namespace asterism::lacking::quantizations {

struct Complete {
  [[maybe_unused]] static constexpr double bits_per_weight = 32;
  [[maybe_unused]] static constexpr int code_bits = 0;
  [[maybe_unused]] static constexpr std::size_t element_bytes = 4;
  static std::string name() { return "complete"; }
  static constexpr quant::Planes planes(std::uint64_t, std::uint64_t) { return {}; }
  static void encode(quant::WeightSource, std::uint64_t, std::uint64_t, std::byte*) {}
  template <class Q>
  static void decode(quant::MatrixRef<Q>, std::uint64_t, View<float>) {}
  template <class Q>
  static double error_bound(quant::MatrixRef<Q>, std::uint64_t, float) {
    return 0;
  }
};
// Each hides one member.
struct NoName : Complete {
  static void name() {}
};
struct NoBitsPerWeight : Complete {
  static void bits_per_weight() {}
};
struct NoCodeBits : Complete {
  static void code_bits() {}
};
struct NoElementBytes : Complete {
  static void element_bytes() {}
};
struct NoPlanes : Complete {
  static void planes() {}
};
struct NoEncode : Complete {
  static void encode() {}
};
struct NoDecode : Complete {
  static void decode() {}
};
struct NoErrorBound : Complete {
  static void error_bound() {}
};

}  // namespace asterism::lacking::quantizations
