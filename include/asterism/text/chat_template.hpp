// Renders conversations to the text format that a chat model was trained on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/text/fwd.hpp"

namespace asterism::text {

/// One turn of a conversation.
struct Message {
  std::string role;  ///< "user", "assistant", and "system" if the template supports it
  std::string content;
};

/// The chat template of a checkpoint. Templates are Jinja programs but are not run: the published templates below
/// are recognised; any other one is an error as soon as something is to be rendered.
///
///     Mixtral-8x7B-Instruct-v0.1 (2023)  <s>[INST] u [/INST]a</s>[INST] u [/INST]
///     Mixtral-8x7B-Instruct-v0.1 (2024)  <s> [INST] s\n\nu [/INST] a</s> [INST] u [/INST]
///     Mistral-7B-Instruct-v0.1   (2023)  <s>[INST] u [/INST]a</s> [INST] u [/INST]
///
/// The second accepts a system message before the first user message. Immutable; const members may be called from
/// several threads.
class ChatTemplate {
 public:
  /// Reads chat_template.jinja, or else chat_template in tokenizer_config.json (the one named "default" if there
  /// are several), and the texts of the beginning and end tokens. Both files are optional. FileError, FormatError.
  static ChatTemplate from_directory(const std::string& directory);

  /// Whether `render` supports the template.
  bool is_supported() const { return style_ != Style::unknown; }

  /// The text of a conversation, equal to `apply_chat_template(messages, tokenize=False)` of transformers; these
  /// templates end where the assistant continues. It begins with `<s>`: encode it without `add_special_tokens`, as
  /// `encode_chat` does. Contents are inserted verbatim: text that spells a special token becomes that token, as
  /// with transformers, so check untrusted input. Unsupported for any other template, FormatError if the token
  /// texts are missing, InvalidArgument unless roles alternate user, assistant, user.
  std::string render(View<const Message> messages) const;

 private:
  enum class Style : std::uint8_t { unknown, mixtral_2023, mixtral_2024, mistral_2023 };

  std::string where_;
  std::string begin_;
  std::string end_;
  bool has_template_ = false;
  Style style_ = Style::unknown;
};

/// The ids of a conversation, equal to `apply_chat_template(messages)` of transformers. Throws as `render` and
/// `Tokenizer::encode`.
std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                 View<const Message> messages);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/chat_template_impl.hpp"
#endif
