// The formats that kernels of exact products decode by themselves.
#pragma once

#include <concepts>

#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/quant/ggml_tables.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/nf4_block.hpp"

namespace asterism::simd {

/// A format of plain numbers, stored in rows.
template <class Q>
concept FloatFormat = quant::Quantization<Q> &&
    (std::same_as<Q, quant::Float32> || std::same_as<Q, quant::BFloat16> || std::same_as<Q, quant::Float16>);

/// A format of ggml in blocks of 256 whose blocks have kernels.
template <class Q>
concept KnownKBlocks = quant::Quantization<Q> &&
    (std::same_as<Q, quant::Q4_K> || std::same_as<Q, quant::Q5_K> || std::same_as<Q, quant::Q6_K>);

/// A format in tiles whose 4-bit codes, the first of two in the low nibble, stand for the integers of a table.
template <class Q>
concept KnownTable = quant::HasKernelOrder<Q> && requires {
  typename Q::Codes;
} && std::same_as<typename Q::Codes, quant::TableCodes>;

/// A format in tiles whose codes mean the same as those of Nf4, Int4 or Int8. Other formats are decoded by their
/// own `decode`.
template <class Q>
concept KnownBlocks = quant::HasKernelOrder<Q> && requires {
  typename Q::Codes;
} &&((std::same_as<typename Q::Codes, quant::Nf4Codes> && Q::KernelOrder::block >= 32) ||
     std::same_as<typename Q::Codes, quant::IntegerCodes<Q::KernelOrder::bits>>);

}  // namespace asterism::simd
