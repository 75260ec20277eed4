// Bodies of block.hpp.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/librarian/block.hpp"

namespace asterism::librarian {

ASTERISM_INLINE BlockWriter::BlockWriter(const text::Tokenizer& tokenizer, BlockMarkers markers)
    : tokenizer_(&tokenizer),
      markers_(std::move(markers)),
      open_(marker(markers_.open)),
      close_(marker(markers_.close)) {}

ASTERISM_INLINE std::vector<TokenId> BlockWriter::marker(const std::string& text) const {
  if (const std::optional<TokenId> id = tokenizer_->token_to_id(text)) return {*id};
  return tokenizer_->encode(text, {.add_special_tokens = false, .parse_special = false});
}

ASTERISM_INLINE std::vector<TokenId> BlockWriter::encode_as_text(std::string_view text) const {
  std::vector<TokenId> ids;
  const auto append = [&](std::string_view piece) {
    const std::vector<TokenId> more =
        tokenizer_->encode(piece, {.add_special_tokens = false, .parse_special = false});
    ids.insert(ids.end(), more.begin(), more.end());
  };
  while (true) {
    std::size_t first = std::string_view::npos;
    const auto look_for = [&](const std::string& marker) {
      if (!marker.empty()) first = std::min(first, text.find(marker));
    };
    look_for(markers_.open);
    look_for(markers_.close);
    for (const std::string& other : markers_.others) look_for(other);
    if (first == std::string_view::npos) break;
    append(text.substr(0, first + 1));
    text.remove_prefix(first + 1);
  }
  append(text);
  return ids;
}

ASTERISM_INLINE BlockWriter::Block BlockWriter::write(View<const std::string_view> facts,
                                                      std::size_t tokens) const {
  Block block;
  block.taken.resize(facts.size);
  std::vector<std::size_t> chosen;
  std::size_t count = open_.size() + close_.size() + 1;
  const auto sentence = [&](std::size_t i) { return concat(facts[i], facts[i].ends_with('.') ? "" : "."); };
  for (std::size_t i = 0; i < facts.size; ++i) {
    const std::size_t needed = encode_as_text(" " + sentence(i)).size();
    if (count + needed > tokens) continue;
    count += needed;
    chosen.push_back(i);
  }
  for (; !chosen.empty(); chosen.pop_back()) {  // together they may take more than one by one
    std::string text = " ";
    for (const std::size_t i : chosen) text += sentence(i) + " ";
    const std::vector<TokenId> inside = encode_as_text(text);
    if (open_.size() + inside.size() + close_.size() > tokens) continue;
    for (const std::size_t i : chosen) block.taken[i] = true;
    block.facts = chosen.size();
    block.text = markers_.open + text + markers_.close;
    block.tokens = open_;
    block.tokens.insert(block.tokens.end(), inside.begin(), inside.end());
    block.tokens.insert(block.tokens.end(), close_.begin(), close_.end());
    break;
  }
  return block;
}

}  // namespace asterism::librarian
