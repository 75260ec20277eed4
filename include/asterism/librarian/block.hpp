// Facts as a model reads them: a block of tokens between two markers, as many whole facts as there is room for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::librarian {

/// What a tokenizer may know as tokens of their own.
struct BlockMarkers {
  std::string open = "[KNOWLEDGE]";
  std::string close = "[/KNOWLEDGE]";
  std::vector<std::string> others{"Query:", "Response:"};  ///< no fact may bring them either
};

/// Writes blocks: open, facts with a point and a space behind each, close. Markers that are tokens go in as ids; facts
/// are encoded with special tokens parsed off, and apart inside of any marker that they spell, so that its letters stay
/// letters. Immutable; may be used from several threads. The tokenizer outlives it.
class BlockWriter {
 public:
  explicit BlockWriter(const text::Tokenizer& tokenizer, BlockMarkers markers = {});

  struct Block {
    std::string text{};             ///< what the tokens decode to
    std::vector<TokenId> tokens{};  ///< none where no fact fits
    std::vector<bool> taken{};      ///< which of the facts offered are in it
    std::size_t facts = 0;          ///< how many
  };

  /// The facts, in order, that fit between the markers in at most `tokens` tokens; one that does not is passed over.
  Block write(View<const std::string_view> facts, std::size_t tokens) const;

  /// Ids of a text that brings no marker.
  std::vector<TokenId> encode_as_text(std::string_view text) const;

 private:
  std::vector<TokenId> marker(const std::string& text) const;

  const text::Tokenizer* tokenizer_;
  BlockMarkers markers_;
  std::vector<TokenId> open_;
  std::vector<TokenId> close_;
};

}  // namespace asterism::librarian

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/block_impl.hpp"
#endif
