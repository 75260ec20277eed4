// Which weights of a checkpoint a Blueprint does not keep as they are quantized: a word for the memory report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// A format that a Blueprint asks for.
struct WantedFormat {
  std::string name;
  int code_bits = 0;  ///< 0: plain numbers
  std::string ggml;   ///< its name in GGUF files, where it is a format of ggml's blocks

  template <class Format>
  static WantedFormat of() {
    WantedFormat out{Format::name(), Format::code_bits, {}};
    if constexpr (requires { Format::codec(); }) out.ggml = std::string(Format::codec().name);
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

/// A line for each pair of formats of which tensors in blocks of ggml were decoded, and for coded ones encoded again.
/// Vectors and routers, which are float32, are left out.
std::string format_changes(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                           const WantedFormats& wanted);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/format_changes_impl.hpp"
#endif
