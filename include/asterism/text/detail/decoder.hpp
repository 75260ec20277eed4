// Token strings back into text, one token at a time, so that decoding all at once and streaming are the same code.
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

/// The decoder of a tokenizer: a chain of steps through which every token goes in fragments. Immutable; const
/// members may be called from several threads, each with a State of its own. Source: Hugging Face tokenizers,
/// `decoders`.
class Decoder {
 public:
  /// In every token. The content is no longer than what it replaces, so that text never grows.
  struct Replace {
    std::string literal;
    std::string content;
  };
  /// <0x00> to <0xFF> are bytes. A run of them is a text where it is valid UTF-8 as a whole, else one U+FFFD each;
  /// see Runs.
  struct ByteFallback {};
  /// All tokens become one.
  struct Fuse {};
  /// Removes up to `count` times `content` from the beginning of every token.
  struct Strip {
    std::string content;
    std::size_t count = 0;
  };
  /// Characters of the byte-level alphabet become bytes; bytes that are no UTF-8 become U+FFFD.
  struct ByteLevel {};
  /// A space between two tokens: what Hugging Face does where there is no decoder.
  struct Join {};
  using Step = std::variant<Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace, Join>;

  /// When the text of a run of byte tokens comes out.
  enum class Runs : std::uint8_t {
    judged,  ///< behind its last byte, judged as a whole: Hugging Face's text
    shown,   ///< each character with its last byte; from the first wrong byte on, each byte is U+FFFD at once
  };

  /// How far the decoding of one sequence is. `text` grows as text becomes certain; its owner may clear it.
  struct State {
    struct OfStep {
      std::string token;       ///< the token whose fragments are arriving
      std::string bytes;       ///< of a run of byte tokens, or of an incomplete character
      std::size_t tokens = 0;  ///< that are complete
      std::size_t taken = 0;   ///< what Strip took from the current token
      bool begun = false;      ///< the current token has a fragment that Strip left
      bool shows = false;      ///< characters of the current run have been handed on
      bool broken = false;     ///< the current run has a wrong byte
    };
    Runs runs = Runs::judged;
    std::string text;
    std::vector<OfStep> steps;
  };

  Decoder() = default;

  /// `value`: the field "decoder", nullptr where there is none.
  static Decoder from_json(const json::Value* value, std::string_view where);

  /// The state before the first token. `longest_token` bytes are set aside where tokens are put together.
  State start(std::size_t longest_token, Runs runs = Runs::judged) const;

  /// Appends to `state.text` what is certain with the token's string, valid UTF-8. Allocates only to grow a
  /// buffer.
  void push(State& state, std::string_view token) const { pass(state, 0, token, true); }

  /// Appends the rest. The state is then used up.
  void finish(State& state) const;

 private:
  /// Tokens go through the steps by recursion.
  static constexpr std::size_t max_steps = 32;

  /// `fused`: whether the step gets all tokens as one.
  static Step read_step(const Component& component, bool& fused);

  static bool is_character(std::string_view text) { return code_point_at(text, 0).size == text.size(); }

  /// Hands a fragment, whole characters, to step `k`; `ends` where the token ends with it.
  void pass(State& state, std::size_t k, std::string_view fragment, bool ends) const;

  /// Hands `text` to the step behind `k`, with `content` in place of each `literal`.
  void pass_replaced(State& state, std::size_t k, std::string_view literal, std::string_view content,
                     std::string_view text, bool ends) const;

  /// Value of the byte that `token` names, -1 where it names none.
  static int byte_of(std::string_view token);

  /// ByteFallback got a whole token.
  void take_token(State& state, std::size_t k) const;

  /// Hands on what the rule for runs lets out of ByteFallback's bytes; `ends` where the run is over.
  void release_run(State& state, std::size_t k, bool ends) const;

  /// Hands on all of ByteLevel's bytes except the beginning of a character at their end.
  void release_bytes(State& state, std::size_t k) const;

  std::vector<Step> steps_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/decoder_impl.hpp"
#endif
