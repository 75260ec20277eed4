// A base and its adapter as one checkpoint.
#pragma once

#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/progress.hpp"

namespace asterism::train {

/// Writes the checkpoint in `base` with the adapter in `adapter` (PEFT's files) added to its matrices, W + scale B A,
/// and with the adapter's routers, if it has any, in the place of its own, to the folder `to`: in float32, one tensor
/// for each matrix of each expert, with the tokenizer's files. `to` changes in one step when all is written. A base in
/// 4 bits is decoded: the merged model answers as base and adapter do, but for rounding, and is no longer in 4 bits.
/// Memory: one matrix, and the adapters of a layer. Progress counts bytes written; an exception from the sink cancels.
/// Throws FileError, FormatError and Unsupported on a bad base, and as checkpoint::PeftFile on a bad adapter.
void merge_adapter(const std::string& base, const std::string& adapter, const std::string& to,
                   ProgressSink& progress, Bytes max_shard_bytes = 2_GB);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/merge_impl.hpp"
#endif
