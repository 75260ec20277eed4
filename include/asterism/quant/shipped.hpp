// The formats whose kernels, encoders and decoders the compiled form compiles once. A program that uses another
// format includes kernels.hpp in the source that does.
#pragma once

#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/plain_scales.hpp"

/// Calls with(format) for each format of blocks and groups that has integer products.
// clang-format off
#define ASTERISM_SHIPPED_INTEGER(with)                                                              \
  with(quant::Nf4<64>)                                                                              \
  with(quant::Nf4<64, quant::PlainScales, quant::LeastSquares>)                                     \
  with(quant::Nf4<64, quant::PlainScales, quant::SignedLeastSquares>)                               \
  with(quant::Nf4<64, quant::DoubleQuantized>)                                                      \
  with(quant::Nf4<64, quant::DoubleQuantized, quant::LeastSquares>)                                 \
  with(quant::Nf4<64, quant::DoubleQuantized, quant::SignedLeastSquares>)                           \
  with(quant::GroupInt<4, 32, quant::AbsMax>)                                                       \
  with(quant::GroupInt<4, 32, quant::LeastSquares>)                                                 \
  with(quant::GroupInt<4, 32, quant::SignedLeastSquares>)                                           \
  with(quant::GroupInt<4, 128, quant::AbsMax>)                                                      \
  with(quant::GroupInt<8, 32, quant::AbsMax>)                                                       \
  with(quant::GroupInt<8, 32, quant::LeastSquares>)
// clang-format on

/// Calls with(format) for each format of blocks and groups.
#define ASTERISM_SHIPPED_BLOCKWISE(with) ASTERISM_SHIPPED_INTEGER(with) with(quant::GroupInt<8, 16, quant::AbsMax>)

/// Calls with(format) for each format of ggml that has integer products.
#define ASTERISM_SHIPPED_GGML_INTEGER(with)                                                                      \
  with(quant::Q4_0) with(quant::Q8_0) with(quant::IQ4_NL) with(quant::MXFP4) with(quant::Q4_K) with(quant::Q5_K) \
      with(quant::Q6_K)

/// Calls with(format) for each format of ggml.
#define ASTERISM_SHIPPED_GGML(with)   \
  ASTERISM_SHIPPED_GGML_INTEGER(with) \
  with(quant::Q4_1) with(quant::Q5_0) with(quant::Q5_1) with(quant::Q2_K) with(quant::Q3_K) with(quant::IQ4_XS)

/// Calls with(format) for each format of plain numbers.
#define ASTERISM_SHIPPED_NUMBERS(with) with(quant::Float32) with(quant::BFloat16) with(quant::Float16)

/// Calls with(group) for each group size of 8-bit keys and values; caches may be Float32 and Float16 too.
#define ASTERISM_SHIPPED_KV_GROUPS(with) with(32)
