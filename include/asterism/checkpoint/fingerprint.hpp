// A number that tells the weights of one checkpoint from those of another.
#pragma once

#include <cstdint>

#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// 64 bits made of every tensor's name, dtype and shape and of up to 256 bytes in its middle, in the order of names:
/// equal for the same tensors in one file or in shards. A change of few weights may escape it; it is no checksum. Reads
/// a page of each tensor. FileError if a file can't be read. The hash is FNV-1a.
std::uint64_t fingerprint(const WeightStoreRef& store);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/fingerprint_impl.hpp"
#endif
