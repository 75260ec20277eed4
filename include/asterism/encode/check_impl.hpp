// xxHash.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/knowledge/xxhash.hpp"

namespace asterism::encode {

ASTERISM_INLINE void check_encode(std::size_t texts, std::size_t dim, MatrixView<const float> out) {
  if (out.rows == texts && (out.cols == dim || texts == 0)) return;
  throw InvalidArgument(concat("encode: ", texts, " vectors of ", dim, " numbers have no place in (", out.rows,
                               ", ", out.cols, ")"));
}

ASTERISM_INLINE std::uint64_t hash_of(std::string_view bytes, std::uint64_t before) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), before);
}

}  // namespace asterism::encode
