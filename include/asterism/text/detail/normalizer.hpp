// Normalisation of text before it is split: normal forms, replacements, a mark at its beginning.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/pattern.hpp"
#include "asterism/text/detail/unicode.hpp"

namespace asterism::text {

/// Throws Unsupported when text has grown beyond `limit` bytes: components can double it again and again.
void check_growth(std::size_t bytes, std::size_t limit);

/// The normalizer of a tokenizer: a sequence of steps. Immutable; const members may be called from several
/// threads.
/// Source: Hugging Face tokenizers, `normalizers`.
class Normalizer {
 public:
  /// Prepends `text` to every non-empty text.
  struct Prepend {
    std::string text;
  };
  struct Replace {
    Pattern pattern;
    std::string content;
  };
  /// Removes white space at both ends.
  struct Strip {
    bool left = false;
    bool right = false;
  };
  /// What BERT's tokenizers do, in this order: leave out control characters, NUL and U+FFFD and make all white space
  /// blanks; set ideographs apart by blanks; leave out nonspacing marks of the form NFD; make letters small.
  struct Bert {
    bool clean_text = true;
    bool handle_chinese_chars = true;
    bool strip_accents = true;
    bool lowercase = true;
  };
  using Step = std::variant<NormalForm, Prepend, Replace, Strip, Bert>;

  Normalizer() = default;

  /// `value`: the field "normalizer", or nullptr. Unsupported for types other than those that the message lists.
  static Normalizer from_json(const json::Value* value, std::string_view where);

  bool empty() const { return steps_.empty(); }

  /// Whether it may remove characters at the beginning of a text, or replace several there by one.
  bool may_shorten_front() const;

  /// `text`, valid UTF-8, normalised. Unsupported if it grows beyond `limit` bytes.
  std::string apply(std::string_view text, std::size_t limit) const;

 private:
  static Step read_step(const Component& component);

  static std::string replaced(std::string_view text, const Replace& replace, std::size_t limit);

  static std::string stripped(std::string_view text, Strip strip);

  static std::string bert_form(std::string_view text, Bert bert);

  std::vector<Step> steps_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/normalizer_impl.hpp"
#endif
