// Whatever formats a GGUF file has its matrices in.
#pragma once

#include <string>

#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::quant {

/// All formats that are read from GGUF files, so that the weights of any such file stay as they are stored. A list of
/// the few that a file has compiles faster: `OneOf<Q4_K, Q6_K>`.
struct Gguf : OneOf<Float32, Float16, BFloat16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL,
                    IQ4_XS, MXFP4> {
  using OneOf::name;
  static std::string name() { return "the file's formats (GGUF)"; }
};

}  // namespace asterism::quant
