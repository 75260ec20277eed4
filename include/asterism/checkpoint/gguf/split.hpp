// The names of the files over which a GGUF model is split.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// The paths of all parts of the model of which `path` is one, NAME-00002-of-00003.gguf: in order, `path` among them.
/// Empty if its name has not that form. Source: llama.cpp, `llama_split_path`.
std::vector<std::string> gguf_parts(std::string_view path);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/split_impl.hpp"
#endif
