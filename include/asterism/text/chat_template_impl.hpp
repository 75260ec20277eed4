// Bodies of chat_template.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/detail/jinja_form.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::text {

namespace detail {

// Published templates, to compare with.
inline constexpr std::string_view mixtral_2023 =
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";
inline constexpr std::string_view mistral_2023 =
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";
inline constexpr std::string_view mixtral_2024 =
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}"
    "{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}"
    "{{- bos_token }}{%- for message in loop_messages %}"
    "{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('After the optional "
    "system "
    "message, conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif %}"
    "{%- if message['role'] == 'user' %}{%- if loop.first and system_message is defined %}"
    "{{- ' [INST] ' + system_message + '\\n\\n' + message['content'] + ' [/INST]' }}{%- else %}"
    "{{- ' [INST] ' + message['content'] + ' [/INST]' }}{%- endif %}"
    "{%- elif message['role'] == 'assistant' %}{{- ' ' + message['content'] + eos_token}}"
    "{%- else %}{{- raise_exception('Only user and assistant roles are supported, with the exception of an "
    "initial "
    "optional system message!') }}{%- endif %}{%- endfor %}";

/// The text of "bos_token" and the like, a string or an added token as an object; empty if absent.
ASTERISM_INLINE std::string token_text(const json::Value& config, std::string_view key, std::string_view where) {
  const json::Value* field = json::find_field(config, key, where);
  if (field == nullptr) return {};
  if (field->is_object()) return json::require_string(*field, "content", where);
  return json::to_text(*field, key, where);
}

ASTERISM_INLINE std::string default_template(const json::Value& config, std::string_view where) {
  const json::Value* field = json::find_field(config, "chat_template", where);
  if (field == nullptr) return {};
  if (!field->is_array()) return json::to_text(*field, "chat_template", where);
  for (const json::Value& entry : *field) {
    if (json::require_string(entry, "name", where) == "default")
      return json::require_string(entry, "template", where);
  }
  return {};
}

}  // namespace detail

ASTERISM_INLINE ChatTemplate ChatTemplate::from_directory(const std::string& directory) {
  constexpr std::uint64_t max_file_bytes = 16U << 20U;
  ChatTemplate chat;
  const std::string config_path = directory + "/tokenizer_config.json";
  const std::string jinja_path = directory + "/chat_template.jinja";
  chat.where_ = config_path;
  std::string source;
  if (file::path_kind(config_path) != file::PathKind::missing) {
    const json::Value config = json::parse(file::read_file(config_path, max_file_bytes), config_path);
    json::check_object(config, "the document", config_path);
    chat.begin_ = detail::token_text(config, "bos_token", config_path);
    chat.end_ = detail::token_text(config, "eos_token", config_path);
    source = detail::default_template(config, config_path);
  }
  if (file::path_kind(jinja_path) != file::PathKind::missing) {
    chat.where_ = jinja_path;
    source = file::read_file(jinja_path, max_file_bytes);
  }
  chat.has_template_ = !source.empty();
  const std::string form = jinja_form(source);
  if (form == jinja_form(detail::mixtral_2023)) chat.style_ = Style::mixtral_2023;
  if (form == jinja_form(detail::mixtral_2024)) chat.style_ = Style::mixtral_2024;
  if (form == jinja_form(detail::mistral_2023)) chat.style_ = Style::mistral_2023;
  return chat;
}

ASTERISM_INLINE std::string ChatTemplate::render(View<const Message> messages) const {
  if (!is_supported()) {
    throw Unsupported(
        concat(where_, has_template_ ? ": this chat template is not supported" : ": there is no chat template",
               "; supported: the templates of Mixtral-8x7B-Instruct-v0.1 (2023 and 2024) and ",
               "Mistral-7B-Instruct-v0.1; give the prompt as text instead"));
  }
  if (begin_.empty() || end_.empty()) {
    throw FormatError(
        concat(where_, ": the chat template needs bos_token and eos_token of tokenizer_config.json"));
  }
  const bool modern = style_ == Style::mixtral_2024;
  const bool has_system = modern && !messages.empty() && messages[0].role == "system";
  const std::size_t first = has_system ? 1 : 0;
  if (messages.size == first) throw InvalidArgument(concat(where_, ": a conversation needs a user's message"));
  std::string out = begin_;
  for (std::size_t i = first; i < messages.size; ++i) {
    const Message& message = messages[i];
    const bool by_user = (i - first) % 2 == 0;
    if (message.role != (by_user ? "user" : "assistant")) {
      throw InvalidArgument(concat(where_, ": message ", i, " has the role '", printable(message.role, 40),
                                   "', expected '", by_user ? "user" : "assistant",
                                   "': roles alternate user, assistant, user",
                                   modern ? ", behind an optional system message" : ""));
    }
    if (modern) out += ' ';
    if (by_user) {
      out += "[INST] ";
      if (has_system && i == first) out += concat(messages[0].content, "\n\n");
      out += concat(message.content, " [/INST]");
    } else {
      out += concat(message.content, end_);
      if (style_ == Style::mistral_2023) out += ' ';
    }
  }
  return out;
}

ASTERISM_INLINE std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                                 View<const Message> messages) {
  return tokenizer.encode(chat.render(messages), {.add_special_tokens = false});
}

}  // namespace asterism::text
