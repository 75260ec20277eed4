// Writes a checkpoint as a GGUF file.
#pragma once

#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"

namespace asterism {

/// Writes the weights and the configuration of the checkpoint `from`, a folder or a GGUF file, to the GGUF file `to`,
/// as llama.cpp's converter does: matrices in 16 or 32 bits as they are, vectors, routers and convolutions in float32.
/// A tokenizer is not written; the model then takes token ids alone. The file appears when it is complete. Memory: the
/// queries of a layer in float32. Throws FileError, FormatError, Unsupported as `load`; Unsupported for weights in 4
/// bits and for what the format does not hold: dense layers beside experts, weights of experts that are not normalised,
/// and other architectures than those that are read. Progress counts bytes written; an exception from the sink cancels.
void write_gguf(const std::string& from, const std::string& to, ProgressSink& progress);

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/write_gguf_impl.hpp"
#endif
