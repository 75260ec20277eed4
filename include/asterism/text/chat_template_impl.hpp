// Bodies of chat_template.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/jinja/json_text.hpp"
#include "asterism/text/jinja/template.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::text {

namespace detail {

struct NamedTemplate {
  std::string name;
  std::string where;
  std::string source;
  std::optional<jinja::Template> parsed{};  // empty: parsing throws
};

inline constexpr std::uint64_t max_template_file_bytes = 16U << 20U;

ASTERISM_INLINE NamedTemplate read_template(std::string name, std::string_view where, std::string source) {
  NamedTemplate out{.name = std::move(name), .where = std::string(where), .source = std::move(source)};
  try {
    out.parsed = jinja::Template::parse(out.source, where);
  } catch (const Error&) {  // `render` says it
  }
  return out;
}

/// Texts of "bos_token" and the like, each a string or an added token as an object. Others than these are passed over:
/// "add_bos_token" is a boolean.
ASTERISM_INLINE ChatTemplate::Tokens special_tokens(const json::Value& config, std::string_view where) {
  ChatTemplate::Tokens out;
  for (const auto& [name, field] : config.items()) {
    if (!name.ends_with("_token") || field.is_null()) continue;
    const bool is_needed = name == "bos_token" || name == "eos_token";
    if (field.is_object() && (is_needed || field.contains("content"))) {
      out.emplace_back(name, json::require_string(field, "content", where));
    } else if (is_needed || field.is_string()) {
      out.emplace_back(name, json::to_text(field, name, where));
    }
  }
  return out;
}

ASTERISM_INLINE std::vector<NamedTemplate> templates_of(const json::Value& config, const std::string& where) {
  std::vector<NamedTemplate> out;
  const json::Value* field = json::find_field(config, "chat_template", where);
  if (field == nullptr) return out;
  if (!field->is_array()) {
    out.push_back(read_template("default", where, json::to_text(*field, "chat_template", where)));
    return out;
  }
  for (const json::Value& entry : *field) {
    const std::string& name = json::require_string(entry, "name", where);
    out.push_back(read_template(name, concat(where, " (", printable(name, 40), ")"),
                                json::require_string(entry, "template", where)));
  }
  return out;
}

ASTERISM_INLINE std::vector<NamedTemplate> template_files(const std::string& directory) {
  std::vector<NamedTemplate> out;
  const auto read = [&out](std::string name, const std::string& path) {
    out.push_back(read_template(std::move(name), path, file::read_file(path, max_template_file_bytes)));
  };
  const std::string path = directory + "/chat_template.jinja";
  if (file::path_kind(path) != file::PathKind::missing) read("default", path);
  const std::string folder = directory + "/additional_chat_templates";
  if (file::path_kind(folder) != file::PathKind::folder) return out;
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".jinja") names.push_back(at->path().stem().string());
  }
  if (error) throw FileError(concat(folder, ": can't be listed: ", error.message()));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) read(name, concat(folder, "/", name, ".jinja"));
  return out;
}

/// `text` as JSON that has to be an array, or an object; none if it is empty.
ASTERISM_INLINE jinja::Value json_argument(std::string_view text, std::string_view what, jinja::Kind kind) {
  if (text.empty()) return jinja::Value::none();
  jinja::Value out;
  try {
    out = jinja::from_json(text, what);
  } catch (const FormatError& error) {
    throw InvalidArgument(error.what());
  }
  if (!out.is(kind)) {
    throw InvalidArgument(concat(what, ": this JSON is a ", out.type_name(), ", expected an ",
                                 kind == jinja::Kind::dict ? "object" : "array"));
  }
  return out;
}

/// The message as a template sees it, equal to transformers 5.23: fields that are null are left out, and what the
/// assistant thought has all its names.
ASTERISM_INLINE jinja::Value message_value(const Message& message, std::size_t index) {
  std::vector<std::pair<jinja::Value, jinja::Value>> items;
  const auto place = [&items](std::string_view key) {
    return std::find_if(items.begin(), items.end(), [key](const auto& item) { return item.first.text() == key; });
  };
  const auto set = [&](std::string_view key, jinja::Value value) {
    if (const auto found = place(key); found != items.end()) {
      found->second = std::move(value);
    } else {
      items.emplace_back(jinja::Value(std::string(key)), std::move(value));
    }
  };
  set("role", jinja::Value(message.role));
  set("content", jinja::Value(message.content));
  const jinja::Value fields =
      json_argument(message.fields, concat("fields of message ", index), jinja::Kind::dict);
  if (fields.is(jinja::Kind::dict)) {
    for (const auto& [key, value] : fields.dict().items) set(key.text(), value);
  }
  std::erase_if(items, [](const auto& item) { return item.second.is(jinja::Kind::none); });
  for (const std::string_view name : {"reasoning_content", "thinking", "reasoning"}) {
    const auto found = place(name);
    if (found == items.end()) continue;
    const jinja::Value reasoning = found->second;
    const auto old = place("thinking");
    jinja::Value thinking = old != items.end() ? old->second : reasoning;
    if (old != items.end()) items.erase(old);
    items.emplace(items.begin(), jinja::Value(std::string("thinking")), std::move(thinking));
    set("reasoning_content", reasoning);
    break;
  }
  return jinja::make_dict(std::move(items));
}

}  // namespace detail

struct ChatTemplate::Source {
  std::string where;
  std::vector<detail::NamedTemplate> templates;
  Tokens tokens;
  std::vector<std::string_view> unknown;  // tokens whose text may not be taken for none

  const detail::NamedTemplate* find(std::string_view name) const {
    const auto found =
        std::find_if(templates.begin(), templates.end(), [name](const auto& t) { return t.name == name; });
    return found == templates.end() ? nullptr : &*found;
  }

  const detail::NamedTemplate& chosen(const ChatOptions& options) const {
    if (templates.empty()) {
      throw Unsupported(concat(where, ": there is no chat template; give the prompt as text instead"));
    }
    const detail::NamedTemplate* out = nullptr;
    if (!options.template_name.empty()) {
      out = find(options.template_name);
    } else {
      if (!options.tools.empty()) out = find("tool_use");
      if (out == nullptr) out = find("default");
    }
    if (out != nullptr) return *out;
    std::string names;
    for (const auto& known : templates) names += concat(names.empty() ? "" : ", ", printable(known.name, 40));
    const std::string wanted = options.template_name.empty() ? "default" : printable(options.template_name, 40);
    throw InvalidArgument(
        concat(where, ": there is no chat template '", wanted, "', choose by template_name from: ", names));
  }
};

ASTERISM_INLINE ChatTemplate ChatTemplate::from_directory(const std::string& directory) {
  const std::string path = directory + "/tokenizer_config.json";
  auto source = std::make_shared<Source>();
  source->where = path;
  source->unknown = {"bos_token", "eos_token"};
  if (file::path_kind(path) != file::PathKind::missing) {
    const json::Value config = json::parse(file::read_file(path, detail::max_template_file_bytes), path);
    json::check_object(config, "the document", path);
    source->tokens = detail::special_tokens(config, path);
    std::erase_if(source->unknown, [&](std::string_view name) { return config.contains(name); });
    source->templates = detail::templates_of(config, path);
  }
  std::vector<detail::NamedTemplate> files = detail::template_files(directory);
  if (!files.empty()) source->templates = std::move(files);
  ChatTemplate out;
  out.source_ = std::move(source);
  return out;
}

ASTERISM_INLINE ChatTemplate ChatTemplate::from_source(std::string_view source, Tokens tokens,
                                                       std::string_view where) {
  auto made = std::make_shared<Source>();
  made->where = where;
  for (const std::string_view name : {"bos_token", "eos_token"}) {
    const auto is_name = [name](const auto& token) { return token.first == name; };
    if (std::none_of(tokens.begin(), tokens.end(), is_name)) made->unknown.push_back(name);
  }
  made->tokens = std::move(tokens);
  made->templates.push_back(detail::read_template("default", where, std::string(source)));
  ChatTemplate out;
  out.source_ = std::move(made);
  return out;
}

ASTERISM_INLINE bool ChatTemplate::is_supported() const {
  const detail::NamedTemplate* found = source_ == nullptr ? nullptr : source_->find("default");
  return found != nullptr && found->parsed;
}

ASTERISM_INLINE std::string ChatTemplate::render(View<const Message> messages, const ChatOptions& options) const {
  if (source_ == nullptr) throw Unsupported("there is no chat template; give the prompt as text instead");
  const detail::NamedTemplate& chosen = source_->chosen(options);
  if (!chosen.parsed) static_cast<void>(jinja::Template::parse(chosen.source, chosen.where));  // throws
  if (messages.empty()) {
    throw InvalidArgument(concat(chosen.where, ": there are no messages: a conversation needs a user's at least"));
  }
  std::vector<jinja::Value> turns;
  for (std::size_t i = 0; i < messages.size; ++i) turns.push_back(detail::message_value(messages[i], i));
  std::vector<std::pair<jinja::Value, jinja::Value>> variables;
  const auto set = [&variables](std::string_view name, jinja::Value value) {
    const auto found = std::find_if(variables.begin(), variables.end(),
                                    [name](const auto& variable) { return variable.first.text() == name; });
    if (found != variables.end()) {
      found->second = std::move(value);
    } else {
      variables.emplace_back(jinja::Value(std::string(name)), std::move(value));
    }
  };
  for (const auto& [name, text] : source_->tokens) set(name, jinja::Value(text));
  const jinja::Value more = detail::json_argument(options.variables, "ChatOptions::variables", jinja::Kind::dict);
  if (more.is(jinja::Kind::dict)) {
    for (const auto& [name, value] : more.dict().items) set(name.text(), value);
  }
  set("messages", jinja::make_list(std::move(turns)));
  set("tools", detail::json_argument(options.tools, "ChatOptions::tools", jinja::Kind::sequence));
  set("documents", detail::json_argument(options.documents, "ChatOptions::documents", jinja::Kind::sequence));
  set("add_generation_prompt", options.add_generation_prompt);
  return chosen.parsed->render(jinja::make_dict(std::move(variables)),
                               View<const std::string_view>(source_->unknown));
}

ASTERISM_INLINE std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                                 View<const Message> messages, const ChatOptions& options) {
  return tokenizer.encode(chat.render(messages, options), {.add_special_tokens = false});
}

}  // namespace asterism::text
