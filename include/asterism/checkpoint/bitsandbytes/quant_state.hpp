// Finds and checks weights that bitsandbytes quantized to 4 bits, by the tensors that accompany them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/fwd.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// Names of the tensors that may accompany a 4-bit weight. Those that exist belong to it alone.
std::vector<std::string> sibling_names(std::string_view weight_name);

/// The 4-bit weight of that name, or nothing if it is an ordinary tensor: a weight is in 4 bits if and only if it
/// is accompanied by `.quant_state.bitsandbytes__nf4` or `__fp4`. Everything is checked: sizes against the shape,
/// the quant_state's JSON, both tables, scales (finite). FormatError naming file and tensor if a part is missing,
/// wrong or left over. Reads the scales once, not the codes. The result borrows from `store`. Thread-safe. Source:
/// QLoRA (Dettmers et al., 2023); bitsandbytes 0.43 to 0.50, `QuantState.as_dict(packed=True)`.
std::optional<BnbTensor> find_four_bit(const TensorStore& store, std::string_view weight_name);

/// Releases the memory of the pages of the weight and its accompanying tensors.
void release_four_bit(const WeightStoreRef& store, const TensorInfo& weight);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/bitsandbytes/quant_state_impl.hpp"
#endif
