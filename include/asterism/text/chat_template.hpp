// Renders conversations to the text format that a chat model was trained on.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/text/fwd.hpp"

namespace asterism::text {

/// One turn of a conversation.
struct Message {
  std::string role;  ///< "user", "assistant", and what else the template knows: "system", "tool"
  std::string content;
  /// What else the turn has, a JSON object, or empty: {"tool_calls": [...]}, {"name": ..., "tool_call_id": ...},
  /// {"reasoning_content": ...}. A content of several parts stands here too, {"content": [...]}, and replaces the one
  /// above; null takes it away.
  std::string fields{};
};

/// What a template is rendered with besides the messages. Texts are JSON, whose members keep their order; empty: none.
struct ChatOptions {
  bool add_generation_prompt = true;  ///< end where the assistant continues
  std::string tools{};                ///< an array of descriptions: [{"type": "function", "function": {...}}]
  std::string documents{};            ///< an array: [{"title": ..., "text": ...}]
  std::string variables{};            ///< an object of further variables: {"enable_thinking": false}
  std::string template_name{};  ///< of the checkpoint's templates; empty: "tool_use" for tools, else "default"
};

/// The chat template of a checkpoint, a Jinja program, which is run as Hugging Face's transformers does. What of Jinja
/// is refused, and what bounds a program that does not end, stands at jinja::Template. Immutable; copies share what was
/// read; const members may be called from several threads.
class ChatTemplate {
 public:
  /// Names of special tokens and their texts, as the template's variables: `{"bos_token", "<s>"}`.
  using Tokens = std::vector<std::pair<std::string, std::string>>;

  /// Reads chat_template.jinja and additional_chat_templates/NAME.jinja, or else chat_template of
  /// tokenizer_config.json, one text or several named ones, and the texts of the special tokens. All files are
  /// optional; a template that can't be parsed is an error when it is rendered. FileError, FormatError for a broken
  /// tokenizer_config.json.
  static ChatTemplate from_directory(const std::string& directory);

  /// The template `source` with the texts of special tokens; `where` names it in messages. Throws nothing for a source
  /// that can't be read: `render` does.
  static ChatTemplate from_source(std::string_view source, Tokens tokens, std::string_view where);

  /// Whether there is a template that `render` takes without a name, and it can be read.
  bool is_supported() const;

  /// The text of a conversation, equal to `apply_chat_template(messages, tokenize=False,
  /// add_generation_prompt=True)` of transformers 5. It usually begins with the beginning token: encode it without
  /// `add_special_tokens`, as `encode_chat` does. Contents are inserted verbatim: text that spells a special
  /// token becomes that token, as with transformers unless it is told to sanitize, so check untrusted input.
  /// Unsupported if there is no template, or it needs what is not supported; InvalidArgument for no messages, for JSON
  /// that is not as above, and if the template refuses the conversation, with its words; FormatError if the template is
  /// wrong, does not fit the messages, or writes a beginning or end token that tokenizer_config.json does not name.
  std::string render(View<const Message> messages, const ChatOptions& options = {}) const;

 private:
  struct Source;

  std::shared_ptr<const Source> source_;
};

/// The ids of a conversation, equal to `apply_chat_template(messages, add_generation_prompt=True)` of transformers.
/// Throws as `render` and `Tokenizer::encode`.
std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                 View<const Message> messages, const ChatOptions& options = {});

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/chat_template_impl.hpp"
#endif
