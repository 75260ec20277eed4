// Everything: asterism.hpp, and reading checkpoints and text and generating from them.
// Needs nlohmann_json; link PCRE2 (8 bits) and utf8proc, or the CMake target asterism::text.
#pragma once

#include "asterism/asterism.hpp"
#include "asterism/checkpoint/huggingface/device_map.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/quant/ggml_formats.hpp"
