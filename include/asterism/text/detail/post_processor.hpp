// The special tokens that a tokenizer puts around the ids of a text, such as <s> at the beginning.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/detail/component.hpp"

namespace asterism::text {

/// The post-processor of a tokenizer for single texts. Immutable; const members may be called from several
/// threads. Source: Hugging Face tokenizers, `processors`.
class PostProcessor {
 public:
  PostProcessor() = default;

  /// `value`: the field "post_processor", or nullptr. `vocabulary_size`: one more than the largest id.
  /// TemplateProcessing's template for pairs of texts is ignored.
  static PostProcessor from_json(const json::Value* value, std::size_t vocabulary_size, std::string_view where);

  /// Ids before those of the text.
  const std::vector<TokenId>& prefix() const { return prefix_; }
  /// Ids after those of the text.
  const std::vector<TokenId>& suffix() const { return suffix_; }

 private:
  /// BertProcessing: one token before the text and one behind it.
  void read_bert(const Component& component, std::size_t vocabulary_size);

  void read_template(const Component& component, std::size_t vocabulary_size);

  std::vector<TokenId> prefix_;
  std::vector<TokenId> suffix_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/post_processor_impl.hpp"
#endif
