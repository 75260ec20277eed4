// Splits normalised text into the pieces ("words") within which byte-pair merges happen.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/metaspace.hpp"
#include "asterism/text/detail/pattern.hpp"

namespace asterism::text {

/// Text and its split positions. Splitting leaves the text unchanged; steps that change characters create a new
/// one.
struct Pieces {
  std::string text;
  std::vector<Segment> places;

  std::string_view operator[](std::size_t i) const;
};

/// The pre-tokenizer of a tokenizer: a sequence of steps. Immutable; const members may be called from several
/// threads.
/// Source: Hugging Face tokenizers, `pre_tokenizers`.
class PreTokenizer {
 public:
  struct Split {
    Pattern pattern;
    SplitBehavior behavior = SplitBehavior::isolated;
    bool invert = false;  ///< split at what does not match
  };
  struct ByteLevel {
    bool add_prefix_space = true;
    bool use_regex = true;
  };
  struct Digits {
    bool individual = false;
  };
  struct Punctuation {
    SplitBehavior behavior = SplitBehavior::isolated;
  };
  /// Drops white space, and makes each punctuation character a piece.
  struct Bert {};
  using Step = std::variant<Split, ByteLevel, Metaspace, Digits, Punctuation, Bert>;

  PreTokenizer() = default;

  /// `value`: the field "pre_tokenizer", or nullptr.
  static PreTokenizer from_json(const json::Value* value, std::string_view where);

  /// Whether the pieces depend on the position of a text within the user's.
  bool marks_beginning() const;

  /// Splits `text`, valid UTF-8 and not empty, into non-empty pieces. `at_start`: whether it is the beginning of
  /// the user's text. Unsupported if the text grows beyond `limit` bytes.
  Pieces apply(std::string text, bool at_start, std::size_t limit) const;

 private:
  static Step read_step(const Component& component);

  /// Segments of `text`: each character for which `matches` holds, and the text between them.
  static void characters(std::string_view text, bool (*matches)(char32_t), std::vector<Segment>& out);

  /// Splits every piece at the segments that `find(piece, out)` appends.
  static void cut(Pieces& pieces, SplitBehavior behavior,
                  const std::function<void(std::string_view, std::vector<Segment>&)>& find);

  /// Rewrites every piece: `rewrite(piece, out)` appends its new text.
  static void rewrite_each(Pieces& pieces, std::size_t limit,
                           const std::function<void(std::string_view, std::string&)>& rewrite);

  static void apply_byte_level(Pieces& pieces, ByteLevel byte_level, std::size_t limit);

  static void apply_metaspace(Pieces& pieces, const Metaspace& metaspace, bool at_start, std::size_t limit);

  std::vector<Step> steps_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/pre_tokenizer_impl.hpp"
#endif
