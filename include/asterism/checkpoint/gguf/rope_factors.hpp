// The factors by which a GGUF file divides rotary frequencies, as the scaling of Llama 3 that they follow from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/core/config.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// The scaling of Llama 3 from which the tensor `rope_freqs.weight`, a factor for each pair of a head's elements, was
/// made: with low_freq_factor 1 and high_freq_factor 4, as all published models have it; nothing if all factors are 1.
/// FormatError for another number of factors, Unsupported for other factors. Source: llama.cpp,
/// `LlamaModel.generate_extra_tensors`.
std::optional<linalg::RopeScaling> llama3_scaling(const GgufStore& store, const TensorInfo& factors, double theta,
                                                  std::int64_t head_dim);

/// The factors of a scaling, one for each pair of a head's elements.
std::vector<float> llama3_factors(const linalg::RopeScaling& scaling, double theta, std::int64_t head_dim);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/rope_factors_impl.hpp"
#endif
