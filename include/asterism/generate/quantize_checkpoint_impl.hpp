// Bodies of quantize_checkpoint.hpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/quantize_checkpoint.hpp"
#include "asterism/json/json.hpp"

namespace asterism::generate {

ASTERISM_INLINE std::string quantized_config(const std::string& folder, const FourBitParts& parts) {
  const std::string path = folder + "/config.json";
  json::Value config = json::parse(file::read_file(path, checkpoint::max_config_bytes), path);
  config.erase("quantization_config");
  if (parts.layers) {
    json::Value skipped = {"gate"};
    if (!parts.head) skipped.push_back("lm_head");
    if (!parts.embedding) skipped.push_back("embed_tokens");
    for (const std::string& module : parts.wide) skipped.push_back(module);
    config["quantization_config"] = {{"quant_method", "bitsandbytes"},
                                     {"load_in_4bit", true},
                                     {"load_in_8bit", false},
                                     {"bnb_4bit_quant_type", "nf4"},
                                     {"bnb_4bit_use_double_quant", parts.layers_nested},
                                     {"bnb_4bit_compute_dtype", "bfloat16"},
                                     {"bnb_4bit_quant_storage", "uint8"},
                                     {"llm_int8_skip_modules", std::move(skipped)}};
  }
  return config.dump(2) + "\n";
}

ASTERISM_INLINE std::string unquantized_dtype(const std::string& dtype) {
  return dtype == "float16" || dtype == "float32" ? dtype : "bfloat16";
}

ASTERISM_INLINE void copy_texts(const std::string& from, checkpoint::CheckpointWriter& writer) {
  for (const std::string_view name : {"generation_config.json", "tokenizer.json", "tokenizer_config.json",
                                      "special_tokens_map.json", "chat_template.jinja"}) {
    const std::string path = concat(from, "/", name);
    if (file::path_kind(path) == file::PathKind::missing) continue;
    writer.write_text(name, file::read_file(path, 1U << 30U));
  }
}

}  // namespace asterism::generate
