// What every text encoder checks and hashes alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::encode {

/// Throws InvalidArgument unless out is (texts, dim), as TextEncoder::encode has to.
void check_encode(std::size_t texts, std::size_t dim, MatrixView<const float> out);

/// 64 bits of `bytes`, and of what was hashed before. Source: xxHash, XXH3.
std::uint64_t hash_of(std::string_view bytes, std::uint64_t before = 0);

}  // namespace asterism::encode

#if !defined(ASTERISM_COMPILED)
#include "asterism/encode/check_impl.hpp"
#endif
