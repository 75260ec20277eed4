// All formats of ggml's blocks that are read and computed with, by the number of their type in GGUF files.
#pragma once

#include <cstdint>

#include "asterism/quant/block_codec.hpp"
#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/quant/ggml_small_blocks.hpp"
#include "asterism/quant/ggml_tables.hpp"

namespace asterism::quant {

/// Calls `f.template operator()<Format>()` for every format, in the order of their numbers.
template <class F>
void for_each_ggml_format(F&& f) {
  const auto all = [&]<class... Formats>() { (f.template operator()<Formats>(), ...); };
  all.template operator()<Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4>();
}

/// The blocks of that type, or nullptr.
inline const BlockCodec* find_block_codec(std::uint32_t type) {
  const BlockCodec* found = nullptr;
  for_each_ggml_format([&]<class Format>() {
    if (Format::codec().type == type) found = &Format::codec();
  });
  return found;
}

}  // namespace asterism::quant
