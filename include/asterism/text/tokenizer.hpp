// Strings to token ids and back, as the tokenizer.json of a checkpoint says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/mapped_file.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/added_tokens.hpp"
#include "asterism/text/bpe.hpp"
#include "asterism/text/decoder.hpp"
#include "asterism/text/normalizer.hpp"
#include "asterism/text/post_processor.hpp"
#include "asterism/text/pre_tokenizer.hpp"
#include "asterism/text/utf8.hpp"

namespace asterism::text {

struct EncodeOptions {
  /// Put the post-processor's tokens around the text: `<s>` before it with Mixtral. Off for text that has them
  /// already, such as what a chat template gives.
  bool add_special_tokens = true;
  /// Read "<s>" in the text as the special token, as Hugging Face does. Off, it is text like any other: for text
  /// of people who are not trusted (Hugging Face's `split_special_tokens`). Added tokens that are not special
  /// count either way.
  bool parse_special = true;
};

struct DecodeOptions {
  /// Leave out the special added tokens.
  bool skip_special_tokens = false;
};

/// A tokenizer of the families byte-level BPE (GPT-2, Qwen, Llama 3) and SentencePiece-style BPE with byte
/// fallback (Mixtral, Llama 2). Gives the ids and texts that Hugging Face's tokenizers 0.23 gives, except that a
/// character without any token is an error there where it would vanish. CheckpointExtras are what `Tokenizer.decode` gives:
/// nothing is cleaned up. Immutable; const members may be called from several threads. Limits: characters newer
/// than the Unicode tables of the installed PCRE2 and utf8proc count as unassigned.
class Tokenizer {
 public:
  /// Reads a tokenizer.json. FileError, FormatError, Unsupported; the message names the file and the component.
  static Tokenizer from_file(const std::string& path) {
    return from_json(file::read_text_file(path, max_file_bytes), path);
  }

  /// From the bytes of a tokenizer.json; `where` names them in messages. FormatError when they break the format,
  /// Unsupported for every component or setting that is not known. Time and memory linear in the bytes.
  static Tokenizer from_json(std::string_view bytes, std::string_view where) {
    const json::Value document = json::parse(bytes, where);
    json::check_object(document, "the document", where);
    check_keys(document,
               {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                "post_processor", "decoder", "model"},
               "tokenizer.json", where);
    if (const auto version = json::optional_string(document, "version", where); version && version != "1.0") {
      throw Unsupported(
          concat(where, ": version '", printable(*version, 40), "' is not supported; supported: 1.0"));
    }
    for (const std::string_view key : {"truncation", "padding"}) {
      if (json::find_field(document, key, where) == nullptr) continue;
      throw Unsupported(concat(where, ": ", key, " is not supported; expected null"));
    }
    Tokenizer tokenizer;
    tokenizer.normalizer_ = Normalizer::from_json(json::find_field(document, "normalizer", where), where);
    tokenizer.pre_tokenizer_ = PreTokenizer::from_json(json::find_field(document, "pre_tokenizer", where), where);
    if (tokenizer.pre_tokenizer_.marks_beginning() && tokenizer.normalizer_.may_shorten_front()) {
      throw Unsupported(concat(where,
                               ": Metaspace with prepend_scheme first is not supported behind a normalizer ",
                               "that may take characters from the beginning"));
    }
    tokenizer.bpe_ = Bpe::from_json(json::require_object(document, "model", where), where);
    tokenizer.added_ = AddedTokens::from_json(json::optional_array(document, "added_tokens", where),
                                              tokenizer.bpe_.vocabulary(), tokenizer.normalizer_, where);
    tokenizer.decoder_ = Decoder::from_json(json::find_field(document, "decoder", where), where);
    tokenizer.index_added_tokens();
    tokenizer.post_processor_ = PostProcessor::from_json(json::find_field(document, "post_processor", where),
                                                         tokenizer.vocabulary_size(), where);
    return tokenizer;
  }

  /// The ids of `text`. Bytes that are no UTF-8 count as U+FFFD, as with Python's errors='replace'.
  /// InvalidArgument for a character that the model has no token for, and for more than 2^31 - 1 bytes. Time O(n
  /// log n); allocates.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const {
    if (text.size() > most_bytes) throw InvalidArgument(concat("a text of ", text.size(), " bytes is too long"));
    std::vector<TokenId> ids;
    if (options.add_special_tokens) ids = post_processor_.prefix();
    std::string repaired;
    if (!is_valid_utf8(text)) text = repaired = replace_invalid(text);
    // Bounds all that the components make of the text together.
    std::size_t room = growth_limit(text.size());
    Bpe::Scratch scratch;
    std::vector<TokenOrText> outer;
    std::vector<TokenOrText> inner;
    added_.cut(text, false, true, options.parse_special, outer);
    for (const TokenOrText& stretch : outer) {
      if (stretch.id >= 0) {
        ids.push_back(stretch.id);
        continue;
      }
      const std::string normalized = normalizer_.apply(stretch.text, room);
      room -= std::min(room, normalized.size());
      inner.clear();
      added_.cut(normalized, true, stretch.at_start, options.parse_special, inner);
      for (const TokenOrText& part : inner) {
        if (part.id >= 0) {
          ids.push_back(part.id);
        } else {
          encode_text(part, ids, room, scratch);
        }
      }
    }
    if (options.add_special_tokens) {
      ids.insert(ids.end(), post_processor_.suffix().begin(), post_processor_.suffix().end());
    }
    return ids;
  }

  /// The text of `ids`. Ids without a token (the padding of a model's vocabulary) give nothing, as with Hugging
  /// Face; InvalidArgument for negative ones. Time linear; allocates.
  std::string decode(View<const TokenId> ids, DecodeOptions options = {}) const {
    Decoder::State state = start_decoding();
    for (const TokenId id : ids) decode_next(state, id, options);
    finish_decoding(state);
    return std::move(state.text);
  }

  /// One more than the largest id.
  std::size_t vocabulary_size() const { return entries_.size(); }

  /// The id of a token as the vocabulary spells it: "▁the", "Ġthe", "<s>".
  std::optional<TokenId> token_to_id(std::string_view token) const {
    if (const AddedToken* added = added_.find(token)) return added->id;
    return bpe_.vocabulary().find(token);
  }

  /// The token of an id as the vocabulary spells it, valid as long as the tokenizer. Empty for ids without a
  /// token; InvalidArgument outside 0 <= id < vocabulary_size().
  std::string_view id_to_token(TokenId id) const {
    if (id < 0 || static_cast<std::size_t>(id) >= entries_.size()) {
      throw InvalidArgument(concat("token id ", id, ": expected 0 <= id < ", entries_.size()));
    }
    const AddedToken* added = added_token(id);
    return added != nullptr ? std::string_view(added->content) : bpe_.vocabulary().token(id);
  }

  /// Whether `id` is an added token that is marked special. False for ids outside the vocabulary.
  bool is_special(TokenId id) const {
    if (id < 0 || static_cast<std::size_t>(id) >= entries_.size()) return false;
    const AddedToken* added = added_token(id);
    return added != nullptr && added->special;
  }

  /// What StreamDecoder is made of: a state, one id after the other, the rest. `decode` is the same three.
  Decoder::State start_decoding() const { return decoder_.start(longest_token_); }
  void decode_next(Decoder::State& state, TokenId id, DecodeOptions options) const {
    if (id < 0) throw InvalidArgument(concat("token id ", id, " is negative"));
    if (static_cast<std::size_t>(id) >= entries_.size()) return;
    const Entry entry = entries_[static_cast<std::size_t>(id)];
    if (entry.added < 0 && !bpe_.vocabulary().contains(id)) return;
    if (options.skip_special_tokens && entry.skipped) return;
    decoder_.push(state, entry.added < 0 ? bpe_.vocabulary().token(id)
                                         : added_.tokens()[static_cast<std::size_t>(entry.added)].form);
  }
  void finish_decoding(Decoder::State& state) const { decoder_.finish(state); }

 private:
  static constexpr std::uint64_t max_file_bytes = 64U << 20U;
  static constexpr auto most_bytes = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());

  struct Entry {
    std::int32_t added = -1;  ///< index of the added token with this id
    bool skipped = false;     ///< by skip_special_tokens
  };

  static std::size_t growth_limit(std::size_t bytes) {
    constexpr std::size_t base = 1U << 20U;
    return bytes > (most_bytes - base) / 64 ? most_bytes : base + 64 * bytes;
  }

  const AddedToken* added_token(TokenId id) const {
    const std::int32_t index = entries_[static_cast<std::size_t>(id)].added;
    return index < 0 ? nullptr : &added_.tokens()[static_cast<std::size_t>(index)];
  }

  void index_added_tokens() {
    std::size_t size = bpe_.vocabulary().size();
    for (const AddedToken& token : added_.tokens()) size = std::max(size, static_cast<std::size_t>(token.id) + 1);
    entries_.assign(size, Entry{});
    longest_token_ = bpe_.vocabulary().longest();
    for (std::size_t i = 0; i < added_.tokens().size(); ++i) {
      const AddedToken& token = added_.tokens()[i];
      // Hugging Face decodes an added token by its normalised form, and asks of that whether it is a special
      // token.
      const AddedToken* reads_so = added_.find(token.form);
      entries_[static_cast<std::size_t>(token.id)] = {static_cast<std::int32_t>(i),
                                                      reads_so != nullptr && reads_so->special};
      longest_token_ = std::max(longest_token_, token.form.size());
    }
  }

  void encode_text(const TokenOrText& part, std::vector<TokenId>& ids, std::size_t& room,
                   Bpe::Scratch& scratch) const {
    const Pieces pieces = pre_tokenizer_.apply(std::string(part.text), part.at_start, room);
    room -= std::min(room, pieces.text.size());
    for (std::size_t i = 0; i < pieces.places.size(); ++i) bpe_.encode(pieces[i], ids, scratch);
  }

  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  Bpe bpe_;
  AddedTokens added_;
  PostProcessor post_processor_;
  Decoder decoder_;
  std::vector<Entry> entries_;
  std::size_t longest_token_ = 0;
};

}  // namespace asterism::text
