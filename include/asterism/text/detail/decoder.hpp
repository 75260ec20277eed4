// Token strings to text, one token at a time, so that batch and streaming decoding share their code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/metaspace.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

/// The decoder of a tokenizer: a chain of steps that every token passes in fragments. Immutable; const members may
/// be called from several threads, each with its own State. Source: Hugging Face tokenizers, `decoders`.
class Decoder {
 public:
  /// Within every token. The content is no longer than what it replaces, so text never grows.
  struct Replace {
    std::string literal;
    std::string content;
  };
  /// <0x00> to <0xFF> are bytes. A run of them is text if it is valid UTF-8 as a whole, else one U+FFFD each; see
  /// Runs.
  struct ByteFallback {};
  /// Joins all tokens to one.
  struct Fuse {};
  /// Removes up to `count` times `content` from the beginning of every token.
  struct Strip {
    std::string content;
    std::size_t count = 0;
  };
  /// Maps characters of the byte-level alphabet to bytes; invalid UTF-8 becomes U+FFFD.
  struct ByteLevel {};
  /// A space between two tokens: Hugging Face's behaviour without a decoder.
  struct Join {};
  /// Puts a space before every token but the first, or, where it begins with the prefix, leaves that out. `cleanup`
  /// then takes spaces before punctuation and English contractions out of it.
  struct WordPiece {
    std::string prefix;
    bool cleanup = true;
  };
  using Step = std::variant<Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace, Join, WordPiece>;

  /// When the text of a run of byte tokens is returned.
  enum class Runs : std::uint8_t {
    judged,  ///< after its last byte, judged as a whole: Hugging Face's text
    shown,   ///< each character with its last byte; from the first wrong byte on, each byte is U+FFFD at once
  };

  /// The state of decoding one sequence. `text` grows as text becomes certain; its owner may clear it.
  struct State {
    struct OfStep {
      std::string token;       ///< the token whose fragments are being processed
      std::string bytes;       ///< of a run of byte tokens, or of an incomplete character
      std::size_t tokens = 0;  ///< number of complete tokens
      std::size_t taken = 0;   ///< what Strip removed from the current token
      bool begun = false;      ///< Strip has passed on a fragment of the current token
      bool shows = false;      ///< characters of the current run have been passed on
      bool broken = false;     ///< the current run has a wrong byte
    };
    Runs runs = Runs::judged;
    std::string text;
    std::vector<OfStep> steps;
  };

  Decoder() = default;

  /// `value`: the field "decoder", or nullptr.
  static Decoder from_json(const json::Value* value, std::string_view where);

  /// The state before the first token. Reserves `longest_token` bytes for assembling tokens.
  State start(std::size_t longest_token, Runs runs = Runs::judged) const;

  /// Appends to `state.text` the text that becomes certain with the token's string, valid UTF-8. Allocates only to
  /// grow a buffer.
  void push(State& state, std::string_view token) const { pass(state, 0, token, true); }

  /// Appends the rest. The state cannot be used afterwards.
  void finish(State& state) const;

 private:
  /// `token` as WordPiece has it, changed in place.
  static std::string_view in_words(const WordPiece& word_piece, std::string& token, bool is_first);

  /// Tokens pass through the steps by recursion.
  static constexpr std::size_t max_steps = 32;

  /// `fused`: whether the step gets all tokens as one.
  static Step read_step(const Component& component, bool& fused);

  static bool is_character(std::string_view text) { return code_point_at(text, 0).size == text.size(); }

  /// Passes a fragment, whole characters, to step `k`; `ends` if it ends the token.
  void pass(State& state, std::size_t k, std::string_view fragment, bool ends) const;

  /// Passes `text` to the step after `k`, with `content` in place of each `literal`.
  void pass_replaced(State& state, std::size_t k, std::string_view literal, std::string_view content,
                     std::string_view text, bool ends) const;

  /// Value of the byte that `token` names, or -1.
  static int byte_of(std::string_view token);

  /// Handles a whole token in ByteFallback.
  void take_token(State& state, std::size_t k) const;

  /// Passes on what the rule for runs releases of ByteFallback's bytes; `ends` if the run is over.
  void release_run(State& state, std::size_t k, bool ends) const;

  /// Passes on all of ByteLevel's bytes except an incomplete character at their end.
  void release_bytes(State& state, std::size_t k) const;

  std::vector<Step> steps_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/decoder_impl.hpp"
#endif
