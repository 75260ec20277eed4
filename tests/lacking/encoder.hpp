// A model of encode::TextEncoder, and structs that each lack one member of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/encode/concept.hpp"

namespace asterism::lacking::encoders {

struct Complete {
  std::size_t dim() const { return 1; }
  std::uint64_t fingerprint() const { return 0; }
  void encode(View<const std::string_view>, MatrixView<float>) const {}
};
// Each hides one member.
struct NoDim : Complete {
  int dim() const { return 1; }
};
struct NoFingerprint : Complete {
  std::uint64_t fingerprint() { return 0; }
};
struct NoEncode : Complete {
  void encode(std::string_view, View<float>) const {}
};

}  // namespace asterism::lacking::encoders
