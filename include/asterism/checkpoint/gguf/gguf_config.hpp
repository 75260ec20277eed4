// The metadata of a GGUF file as a model's configuration.
#pragma once

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// What the metadata and the names of a GGUF file's tensors say of the model. Read are the architectures `llama` with
/// experts (Mixtral) and without (Llama, Mistral), `qwen3moe` and `qwen3next`. Float32 numbers become the shortest
/// decimal that reads back as they do, so that 1e-05 is that of a config.json. Every key of the architecture has to be
/// one that is known: FormatError for a wrong type or value, Unsupported, listing what is supported, for another
/// architecture, for keys that change the arithmetic, and as parse_model_config. Source: llama.cpp,
/// convert_hf_to_gguf.py and `llama_model::load_hparams`.
ModelConfig gguf_model_config(const GgufStore& store);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/gguf_config_impl.hpp"
#endif
