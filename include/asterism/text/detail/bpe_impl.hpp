// Bodies of bpe.hpp.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/bpe.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE Bpe Bpe::from_file(TokenizerFile& file, std::string_view where) {
  const json::Value& object = json::require_object(file.document, "model", where);
  // Files of the first versions have no type.
  if (const auto type = json::optional_string(object, "type", where); type && type != "BPE") {
    throw Unsupported(
        concat(where, ": model '", printable(*type, 60), "' is not supported; supported: BPE, WordPiece"));
  }
  check_keys(object,
             {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
              "byte_fallback", "ignore_merges", "vocab", "merges"},
             "model BPE", where);
  if (json::find_field(object, "dropout", where) != nullptr &&
      json::require_number(object, "dropout", where) != 0) {
    throw Unsupported(concat(where, ": model BPE: dropout is not supported, it makes encoding random"));
  }
  for (const std::string_view affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (json::optional_string(object, affix, where).value_or("").empty()) continue;
    throw Unsupported(concat(where, ": model BPE: ", affix, " is not supported"));
  }
  Bpe bpe;
  bpe.fuse_unknown_ = json::optional_bool(object, "fuse_unk", where).value_or(false);
  bpe.byte_fallback_ = json::optional_bool(object, "byte_fallback", where).value_or(false);
  bpe.ignore_merges_ = json::optional_bool(object, "ignore_merges", where).value_or(false);
  json::check_object(json::require_field(object, "vocab", where), "the vocabulary", where);
  json::require_array(object, "merges", where);
  bpe.vocabulary_ = Vocabulary(std::exchange(file.tokens, {}), where);
  bpe.merges_ = Merges(std::exchange(file.rules, {}), bpe.vocabulary_, where);
  if (const auto token = json::optional_string(object, "unk_token", where)) {
    // A token that the vocabulary lacks is an error of the text that needs it: byte-level models never do.
    bpe.unknown_ = bpe.vocabulary_.find(*token).value_or(-1);
  }
  bpe.index_characters();
  return bpe;
}

ASTERISM_INLINE void Bpe::encode(std::string_view word, std::vector<TokenId>& out, Scratch& scratch) const {
  if (ignore_merges_) {
    if (const std::optional<TokenId> whole = vocabulary_.find(word)) return out.push_back(*whole);
  }
  cut(word, scratch);
  merge(scratch);
  for (const auto& symbol : scratch.symbols_) {
    if (symbol.id >= 0) out.push_back(symbol.id);
  }
}

ASTERISM_INLINE void Bpe::index_characters() {
  for (std::size_t c = 0; c < indexed_characters; ++c) {
    std::string character;
    append_code_point(character, static_cast<char32_t>(c));
    characters_[c] = vocabulary_.find(character).value_or(-1);
  }
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char name[] = {'<', '0', 'x', digits[byte >> 4U], digits[byte & 15U], '>'};
    bytes_[byte] = byte_fallback_ ? vocabulary_.find({name, sizeof name}).value_or(-1) : -1;
  }
}

ASTERISM_INLINE TokenId Bpe::find_character(std::string_view character, char32_t value) const {
  return value < indexed_characters ? characters_[value] : vocabulary_.find(character).value_or(-1);
}

ASTERISM_INLINE void Bpe::cut(std::string_view word, Scratch& scratch) const {
  auto& symbols = scratch.symbols_;
  symbols.clear();
  if (word.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InvalidArgument(concat("a word of ", word.size(), " bytes is too long to encode"));
  }
  const auto push = [&](TokenId id) { symbols.push_back({id, -1, -1}); };
  // An unknown token waits for the next known character, so that a run of them can become one; byte tokens do
  // not release it. Both as Hugging Face does.
  bool waiting = false;
  for (std::size_t at = 0; at < word.size();) {
    const CodePoint c = code_point_at(word, at);
    const std::string_view character = word.substr(at, c.size);
    at += c.size;
    const TokenId id = find_character(character, c.value);
    if (id >= 0) {
      if (waiting) push(unknown_);
      waiting = false;
      push(id);
      continue;
    }
    bool has_bytes = byte_fallback_;
    for (const char byte : character) has_bytes = has_bytes && bytes_[static_cast<unsigned char>(byte)] >= 0;
    if (has_bytes) {
      for (const char byte : character) push(bytes_[static_cast<unsigned char>(byte)]);
      continue;
    }
    if (unknown_ < 0) {
      throw InvalidArgument(
          concat("the vocabulary has no token for the character '", character, "' and names no unknown token"));
    }
    if (waiting && !fuse_unknown_) push(unknown_);
    waiting = true;
  }
  if (waiting) push(unknown_);
}

ASTERISM_INLINE void Bpe::merge(Scratch& scratch) const {
  auto& symbols = scratch.symbols_;
  auto& queue = scratch.queue_;
  using Candidate = Scratch::Candidate;
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  };
  queue.clear();
  const auto consider = [&](std::int32_t left, std::int32_t right) {
    const Merge* found =
        merges_.find(symbols[static_cast<std::size_t>(left)].id, symbols[static_cast<std::size_t>(right)].id);
    if (found == nullptr) return false;
    queue.push_back({found->rank, left, found->merged});
    return true;
  };
  const auto count = static_cast<std::int32_t>(symbols.size());
  for (std::int32_t i = 0; i < count; ++i) {
    symbols[static_cast<std::size_t>(i)].previous = i - 1;
    symbols[static_cast<std::size_t>(i)].next = i + 1 < count ? i + 1 : -1;
    if (i + 1 < count) consider(i, i + 1);
  }
  std::make_heap(queue.begin(), queue.end(), later);
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), later);
    const Candidate best = queue.back();
    queue.pop_back();
    auto& left = symbols[static_cast<std::size_t>(best.position)];
    if (left.id < 0 || left.next < 0) continue;
    auto& right = symbols[static_cast<std::size_t>(left.next)];
    // The pair may have changed since it was queued; then it would merge into another token.
    const Merge* now = merges_.find(left.id, right.id);
    if (now == nullptr || now->merged != best.merged) continue;
    left.id = best.merged;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = best.position;
    if (left.previous >= 0 && consider(left.previous, best.position)) {
      std::push_heap(queue.begin(), queue.end(), later);
    }
    if (left.next >= 0 && consider(best.position, left.next)) std::push_heap(queue.begin(), queue.end(), later);
  }
}

}  // namespace asterism::text
