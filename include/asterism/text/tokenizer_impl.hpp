// Bodies of tokenizer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/added_tokens.hpp"
#include "asterism/text/detail/bpe.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/decoder.hpp"
#include "asterism/text/detail/normalizer.hpp"
#include "asterism/text/detail/post_processor.hpp"
#include "asterism/text/detail/pre_tokenizer.hpp"
#include "asterism/text/detail/table_file.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"
#include "asterism/text/detail/utf8.hpp"
#include "asterism/text/detail/word_piece.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::text {

/// The tables of a tokenizer, and the decoding step shared by `decode` and StreamDecoder.
struct Tokenizer::Impl {
  struct Entry {
    std::int32_t added = -1;  ///< index of the added token with this id
    bool skipped = false;     ///< by skip_special_tokens
  };

  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::variant<Bpe, WordPiece> model;
  AddedTokens added;
  PostProcessor post_processor;
  Decoder decoder;
  std::vector<Entry> entries;
  std::size_t longest_token = 0;

  Impl(TokenizerFile file, std::string_view where, FileOptions options);

  const Vocabulary& vocabulary() const {
    return std::visit([](const auto& used) -> const Vocabulary& { return used.vocabulary(); }, model);
  }

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const;
  void encode_text(const TokenOrText& part, std::vector<TokenId>& ids, std::size_t& room,
                   Bpe::Scratch& scratch) const;

  /// Passes the token of `id` to the decoder.
  void decode_next(Decoder::State& state, TokenId id, DecodeOptions options) const;

  bool contains(TokenId id) const { return id >= 0 && static_cast<std::size_t>(id) < entries.size(); }
  /// The added token with an id of the vocabulary; nullptr if it is another token.
  const AddedToken* added_token(TokenId id) const;

 private:
  static constexpr auto most_bytes = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());

  static std::size_t growth_limit(std::size_t bytes) {
    constexpr std::size_t base = 1U << 20U;
    return bytes > (most_bytes - base) / 64 ? most_bytes : base + 64 * bytes;
  }
  void index_added_tokens();
};

ASTERISM_INLINE Tokenizer::Impl::Impl(TokenizerFile file, std::string_view where, FileOptions options) {
  const json::Value& document = file.document;
  json::check_object(document, "the document", where);
  check_keys(document,
             {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
              "decoder", "model"},
             "tokenizer.json", where);
  if (const auto version = json::optional_string(document, "version", where); version && version != "1.0") {
    throw Unsupported(concat(where, ": version '", printable(*version, 40), "' is not supported; supported: 1.0"));
  }
  for (const std::string_view key : {"truncation", "padding"}) {
    if (options.ignore_lengths || json::find_field(document, key, where) == nullptr) continue;
    throw Unsupported(concat(where, ": ", key, " is not supported; expected null"));
  }
  normalizer = Normalizer::from_json(json::find_field(document, "normalizer", where), where);
  pre_tokenizer = PreTokenizer::from_json(json::find_field(document, "pre_tokenizer", where), where);
  if (pre_tokenizer.marks_beginning() && normalizer.may_shorten_front()) {
    throw Unsupported(concat(where, ": Metaspace with prepend_scheme first is not supported behind a normalizer ",
                             "that may take characters from the beginning"));
  }
  const auto type = json::optional_string(json::require_object(document, "model", where), "type", where);
  if (type && *type == "WordPiece") {
    model = WordPiece::from_file(file, where);
  } else {
    model = Bpe::from_file(file, where);
  }
  added = AddedTokens::from_json(json::optional_array(document, "added_tokens", where), vocabulary(), normalizer,
                                 where);
  decoder = Decoder::from_json(json::find_field(document, "decoder", where), where);
  index_added_tokens();
  post_processor =
      PostProcessor::from_json(json::find_field(document, "post_processor", where), entries.size(), where);
}

ASTERISM_INLINE std::vector<TokenId> Tokenizer::Impl::encode(std::string_view text, EncodeOptions options) const {
  if (text.size() > most_bytes) throw InvalidArgument(concat("a text of ", text.size(), " bytes is too long"));
  std::vector<TokenId> ids;
  if (options.add_special_tokens) ids = post_processor.prefix();
  std::string repaired;
  if (!is_valid_utf8(text)) text = repaired = replace_invalid(text);
  // Bounds the total output of the components.
  std::size_t room = growth_limit(text.size());
  Bpe::Scratch scratch;
  std::vector<TokenOrText> outer;
  std::vector<TokenOrText> inner;
  added.cut(text, false, true, options.parse_special, outer);
  for (const TokenOrText& stretch : outer) {
    if (stretch.id >= 0) {
      ids.push_back(stretch.id);
      continue;
    }
    const std::string normalized = normalizer.apply(stretch.text, room);
    room -= std::min(room, normalized.size());
    inner.clear();
    added.cut(normalized, true, stretch.at_start, options.parse_special, inner);
    for (const TokenOrText& part : inner) {
      if (part.id >= 0) {
        ids.push_back(part.id);
      } else {
        encode_text(part, ids, room, scratch);
      }
    }
  }
  if (options.add_special_tokens) {
    ids.insert(ids.end(), post_processor.suffix().begin(), post_processor.suffix().end());
  }
  return ids;
}

ASTERISM_INLINE void Tokenizer::Impl::encode_text(const TokenOrText& part, std::vector<TokenId>& ids,
                                                  std::size_t& room, Bpe::Scratch& scratch) const {
  const Pieces pieces = pre_tokenizer.apply(std::string(part.text), part.at_start, room);
  room -= std::min(room, pieces.text.size());
  for (std::size_t i = 0; i < pieces.places.size(); ++i) {
    if (const auto* bpe = std::get_if<Bpe>(&model)) {
      bpe->encode(pieces[i], ids, scratch);
    } else {
      std::get<WordPiece>(model).encode(pieces[i], ids);
    }
  }
}

ASTERISM_INLINE void Tokenizer::Impl::decode_next(Decoder::State& state, TokenId id, DecodeOptions options) const {
  if (id < 0) throw InvalidArgument(concat("token id ", id, " is negative"));
  if (!contains(id)) return;
  const Entry entry = entries[static_cast<std::size_t>(id)];
  if (entry.added < 0 && !vocabulary().contains(id)) return;
  if (options.skip_special_tokens && entry.skipped) return;
  decoder.push(state, entry.added < 0 ? vocabulary().token(id)
                                      : added.tokens()[static_cast<std::size_t>(entry.added)].form);
}

ASTERISM_INLINE const AddedToken* Tokenizer::Impl::added_token(TokenId id) const {
  const std::int32_t index = entries[static_cast<std::size_t>(id)].added;
  return index < 0 ? nullptr : &added.tokens()[static_cast<std::size_t>(index)];
}

ASTERISM_INLINE void Tokenizer::Impl::index_added_tokens() {
  std::size_t size = vocabulary().size();
  for (const AddedToken& token : added.tokens()) size = std::max(size, static_cast<std::size_t>(token.id) + 1);
  entries.assign(size, Entry{});
  longest_token = vocabulary().longest();
  for (std::size_t i = 0; i < added.tokens().size(); ++i) {
    const AddedToken& token = added.tokens()[i];
    // Hugging Face decodes an added token by its normalised form, and checks that for being a special token.
    const AddedToken* reads_so = added.find(token.form);
    entries[static_cast<std::size_t>(token.id)] = {static_cast<std::int32_t>(i),
                                                   reads_so != nullptr && reads_so->special};
    longest_token = std::max(longest_token, token.form.size());
  }
}

ASTERISM_INLINE Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

ASTERISM_INLINE Tokenizer Tokenizer::from_file(const std::string& path, FileOptions options) {
  constexpr std::uint64_t max_file_bytes = 64U << 20U;
  return from_json(file::read_file(path, max_file_bytes), path, options);
}

ASTERISM_INLINE Tokenizer Tokenizer::from_json(std::string_view bytes, std::string_view where,
                                               FileOptions options) {
  return Tokenizer(std::make_shared<const Impl>(read_tokenizer_file(bytes, where), where, options));
}

ASTERISM_INLINE Tokenizer Tokenizer::from_table(const TokenTable& table, std::string_view where) {
  return Tokenizer(std::make_shared<const Impl>(tokenizer_file_of(table, where), where, FileOptions{}));
}

ASTERISM_INLINE std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  return impl_->encode(text, options);
}

ASTERISM_INLINE std::string Tokenizer::decode(View<const TokenId> ids, DecodeOptions options) const {
  Decoder::State state = impl_->decoder.start(impl_->longest_token);
  for (const TokenId id : ids) impl_->decode_next(state, id, options);
  impl_->decoder.finish(state);
  return std::move(state.text);
}

ASTERISM_INLINE std::size_t Tokenizer::vocabulary_size() const { return impl_->entries.size(); }

ASTERISM_INLINE std::optional<TokenId> Tokenizer::token_to_id(std::string_view token) const {
  if (const AddedToken* added = impl_->added.find(token)) return added->id;
  return impl_->vocabulary().find(token);
}

ASTERISM_INLINE std::string_view Tokenizer::id_to_token(TokenId id) const {
  if (!impl_->contains(id)) {
    throw InvalidArgument(concat("token id ", id, ": expected 0 <= id < ", vocabulary_size()));
  }
  const AddedToken* added = impl_->added_token(id);
  return added != nullptr ? std::string_view(added->content) : impl_->vocabulary().token(id);
}

ASTERISM_INLINE bool Tokenizer::is_special(TokenId id) const {
  if (!impl_->contains(id)) return false;
  const AddedToken* added = impl_->added_token(id);
  return added != nullptr && added->special;
}

}  // namespace asterism::text
