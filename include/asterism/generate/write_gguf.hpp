// Writes a checkpoint as a GGUF file.
#pragma once

#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"

namespace asterism {

/// Options of `write_gguf`.
struct WriteGgufOptions {
  /// Write the tokenizer and the chat template of a folder that has them; off: such a file takes token ids alone.
  bool tokenizer = true;
  /// A recipe of llama.cpp for matrices, see generate::GgufRecipe; empty: they stay in 16 or 32 bits.
  std::string recipe{};
};

/// Writes the weights, the configuration and the tokenizer of the checkpoint in the folder `from` to the GGUF file
/// `to`, as llama.cpp's converter does: matrices in 16 or 32 bits as they are or in the blocks of a recipe, vectors,
/// routers and convolutions in float32. The file appears when it is complete. Memory: twice the largest matrix whose
/// rows change places, such as the queries of a layer, in float32, and what it is written as. Throws FileError,
/// FormatError, Unsupported as `load`; Unsupported for weights in 4 bits and for what the format does not hold: dense
/// layers beside experts, weights of experts that are not normalised, other architectures than those that are read, and
/// tokenizers as generate::add_gguf_tokenizer says, and recipes that are not known; FormatError for weights beyond the
/// range of a format. Progress counts bytes written; an exception from the sink cancels.
void write_gguf(const std::string& from, const std::string& to, ProgressSink& progress,
                const WriteGgufOptions& options = {});

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/write_gguf_impl.hpp"
#endif
