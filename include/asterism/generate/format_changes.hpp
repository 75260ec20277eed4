// Which weights of a checkpoint a Blueprint does not keep as they are quantized: a word for the memory report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/config.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// A format that a Blueprint asks for.
struct WantedFormat {
  std::string name;
  int code_bits = 0;                 ///< 0: plain numbers
  std::string ggml{};                ///< its name in GGUF files, where it is a format of ggml's blocks
  std::uint64_t four_bit_block = 0;  ///< weights that share a scale, where it is NF4 in the layout of bitsandbytes
  bool four_bit_nested = false;      ///< their scales are quantized, too

  template <class Format>
  static WantedFormat of() {
    using FourBit = checkpoint::detail::FourBitFormat<Format>;
    WantedFormat out{.name = Format::name(), .code_bits = Format::code_bits};
    if constexpr (requires { Format::codec(); }) out.ggml = std::string(Format::codec().name);
    if constexpr (FourBit::is_four_bit) {
      out.four_bit_block = FourBit::block;
      out.four_bit_nested = FourBit::nested;
    }
    return out;
  }
};

/// The formats of a Blueprint.
struct WantedFormats {
  WantedFormat weights;
  WantedFormat embedding;
  WantedFormat head;

  template <class B>
  static WantedFormats of() {
    return {WantedFormat::of<typename B::Quantization>(), WantedFormat::of<typename B::Embedding>(),
            WantedFormat::of<typename B::Head>()};
  }
};

/// A line for each pair of formats of which tensors in blocks of ggml or in 4 bits of bitsandbytes were decoded, and
/// for coded ones encoded again. Vectors and routers, which are float32, are left out.
std::string format_changes(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                           const WantedFormats& wanted);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/format_changes_impl.hpp"
#endif
