// What a folder of sentence-transformers says of its BERT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"

namespace asterism::encode {

/// Sizes of a BERT, and how many tokens of a text it reads.
struct BertConfig {
  std::size_t hidden = 0;
  std::size_t layers = 0;
  std::size_t heads = 0;  ///< divides hidden
  std::size_t ffn = 0;
  std::size_t vocabulary = 0;
  std::size_t positions = 0;
  std::size_t types = 0;   ///< of tokens; texts have the first
  float epsilon = 0;       ///< of layer norms
  std::size_t tokens = 0;  ///< the most of a text, special ones included

  /// Reads config.json, modules.json and what it names: a Transformer, a Pooling that takes the mean and, if there is
  /// one, a Normalize. `tokens` is max_seq_length of sentence_bert_config.json, else model_max_length of
  /// tokenizer_config.json, else all positions. Throws FileError for files that can't be read, FormatError for what
  /// breaks their format or disagrees, Unsupported, by name, for everything else: other architectures, activations,
  /// modules, ways of pooling, prompts.
  static BertConfig read(const std::string& folder);
};

}  // namespace asterism::encode

#if !defined(ASTERISM_COMPILED)
#include "asterism/encode/bert_config_impl.hpp"
#endif
