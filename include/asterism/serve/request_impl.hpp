// Bodies of request.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/serve/field_reader.hpp"
#include "asterism/serve/request.hpp"

namespace asterism::serve {

namespace detail {

inline constexpr std::string_view ignored[] = {"user",
                                               "metadata",
                                               "store",
                                               "service_tier",
                                               "safety_identifier",
                                               "prompt_cache_key",
                                               "prompt_cache_retention"};

ASTERISM_INLINE std::string read_content(const json::Value& content, const std::string& param) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) {
    throw invalid_request(param, concat(param, " is no text, nor a list of parts of type 'text'"));
  }
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const std::string where = concat(param, "[", i, "]");
    const json::Value& part = content[i];
    if (!part.is_object() || !part.contains("type") || !part["type"].is_string()) {
      throw invalid_request(where, concat(where, " is no object with a 'type'"));
    }
    if (const std::string type = part["type"]; type != "text") {
      throw unsupported(where, concat(where, " is of type '", printable(type, 40), "'; only 'text' is supported"));
    }
    if (part.size() != 2 || !part.contains("text") || !part["text"].is_string()) {
      throw invalid_request(where, concat(where, " has no 'text', or fields besides 'type' and 'text'"));
    }
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

ASTERISM_INLINE std::vector<text::Message> read_messages(const json::Value& list) {
  if (!list.is_array() || list.empty()) {
    throw invalid_request("messages", "messages is no list of one message or more");
  }
  std::vector<text::Message> messages;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = concat("messages[", i, "]");
    const json::Value& one = list[i];
    if (!one.is_object()) throw invalid_request(where, concat(where, " is no object"));
    for (const auto& [key, value] : one.items()) {
      if (key == "role" || key == "content" || value.is_null()) continue;
      throw unsupported(concat(where, ".", printable(key, 60)),
                        concat(where, ": field '", printable(key, 60), "' is not supported"));
    }
    const auto role = one.find("role");
    if (role == one.end() || !role->is_string()) {
      throw invalid_request(concat(where, ".role"), concat(where, " has no role that is a text"));
    }
    const auto content = one.find("content");
    if (content == one.end()) {
      throw invalid_request(concat(where, ".content"), concat(where, " has no content"));
    }
    messages.push_back({role->get<std::string>(), read_content(*content, concat(where, ".content"))});
  }
  return messages;
}

ASTERISM_INLINE std::vector<TokenId> read_ids(const json::Value& list, const RequestLimits& limits) {
  std::vector<TokenId> ids;
  ids.reserve(list.size());
  for (const json::Value& one : list) {
    ids.push_back(static_cast<TokenId>(json::to_integer(one, "prompt", request_name, 0, limits.vocabulary - 1)));
  }
  return ids;
}

/// A text, a list of ids, or a list of either.
ASTERISM_INLINE std::vector<PromptInput> read_prompts(const json::Value& value, const RequestLimits& limits) {
  if (value.is_string()) return {value.get<std::string>()};
  if (!value.is_array() || value.empty()) {
    throw invalid_request("prompt", "prompt is no text, no list of ids, and no list of these");
  }
  if (value[0].is_number()) return {read_ids(value, limits)};
  std::vector<PromptInput> prompts;
  for (const json::Value& one : value) {
    if (one.is_string()) {
      prompts.emplace_back(one.get<std::string>());
    } else if (one.is_array() && !one.empty()) {
      prompts.emplace_back(read_ids(one, limits));
    } else {
      throw invalid_request("prompt", "prompt has an element that is no text and no list of ids");
    }
  }
  return prompts;
}

ASTERISM_INLINE std::vector<std::string> read_stops(const json::Value& value) {
  std::vector<std::string> stops;
  if (value.is_string()) {
    stops.push_back(value.get<std::string>());
  } else if (value.is_array()) {
    for (const json::Value& one : value) stops.push_back(json::to_text(one, "stop", request_name));
  } else {
    throw invalid_request("stop", "stop is no text and no list of texts");
  }
  if (stops.size() > 4)
    throw invalid_request("stop", concat("stop has ", stops.size(), " texts, at most 4 may be"));
  for (const std::string& one : stops) {
    if (one.empty()) throw invalid_request("stop", "stop has an empty text, which would end every answer");
  }
  return stops;
}

ASTERISM_INLINE std::vector<LogitBias> read_bias(const json::Value& map, const RequestLimits& limits) {
  if (!map.is_object()) throw invalid_request("logit_bias", "logit_bias is no object of ids and numbers");
  std::vector<LogitBias> out;
  for (const auto& [key, value] : map.items()) {
    TokenId id = -1;
    const auto [end, failure] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (failure != std::errc{} || end != key.data() + key.size() || id < 0 || id >= limits.vocabulary) {
      throw invalid_request("logit_bias", concat("logit_bias has the key '", printable(key, 40),
                                                 "', expected an id from 0 to ", limits.vocabulary - 1));
    }
    const double bias = json::to_number(value, "logit_bias", request_name);
    if (bias < -100 || bias > 100) {
      throw invalid_request("logit_bias", concat("logit_bias of ", id, " is ", bias, ", expected -100 to 100"));
    }
    out.push_back({id, static_cast<float>(bias)});
  }
  return out;
}

ASTERISM_INLINE LengthDecay read_decay(const json::Value& pair) {
  constexpr std::string_view key = "exponential_decay_length_penalty";
  if (!pair.is_array() || pair.size() != 2) throw invalid_request(key, concat(key, " is no list [start, factor]"));
  const auto start = json::to_integer(pair[0], key, request_name, 0, std::numeric_limits<std::int32_t>::max());
  const double factor = json::to_number(pair[1], key, request_name);
  if (!(factor >= 1 && factor <= 1e6)) {
    throw invalid_request(key, concat(key, " has the factor ", factor, ", expected 1 to 1e6"));
  }
  return {static_cast<std::int32_t>(start), static_cast<float>(factor)};
}

/// What both routes have.
ASTERISM_INLINE void read_common(FieldReader& reader, CompletionRequest& request, const RequestLimits& limits) {
  constexpr std::int64_t many = std::numeric_limits<std::int32_t>::max();
  GenerateOptions& options = request.options;
  reader.field("model",
               [&](const json::Value& value) { request.model = json::to_text(value, "model", request_name); });
  if (request.model.empty()) throw invalid_request("model", "the request names no model");
  reader.integer("n", request.choices, 1, limits.choices);
  reader.number("temperature", options.temperature, 0, 2);
  reader.number("top_p", options.top_p, 0, 1);
  options.top_p = std::max(options.top_p, std::numeric_limits<float>::min());
  reader.number("presence_penalty", options.presence_penalty, -2, 2);
  reader.number("frequency_penalty", options.frequency_penalty, -2, 2);
  reader.integer("top_k", options.top_k, 0, many);
  reader.number("min_p", options.min_p, 0, 1);
  reader.number("repetition_penalty", options.repetition_penalty, 1e-6, 1e6);
  reader.field("logit_bias", [&](const json::Value& value) { options.logit_bias = read_bias(value, limits); });
  reader.field("stop", [&](const json::Value& value) { options.stop = read_stops(value); });
  reader.field("seed",
               [&](const json::Value& value) { request.seed = json::to_integer(value, "seed", request_name); });
  reader.flag("stream", request.stream);
  reader.field("stream_options", [&](const json::Value& value) {
    json::check_object(value, "stream_options", request_name);
    if (!request.stream) throw invalid_request("stream_options", "stream_options goes with stream");
    for (const auto& [key, one] : value.items()) {
      if (key == "include_obfuscation") continue;
      if (key != "include_usage") {
        throw ApiError(400, "stream_options", "unknown_parameter",
                       concat("stream_options has the unknown field '", printable(key, 60), "'"));
      }
      request.include_usage = json::to_bool(one, key, request_name);
    }
  });
  reader.field("exponential_decay_length_penalty",
               [&](const json::Value& value) { options.exponential_decay_length_penalty = read_decay(value); });
  for (const std::string_view name : ignored) reader.skip(name);
}

ASTERISM_INLINE void read_lengths(FieldReader& reader, CompletionRequest& request, std::string_view key,
                                  std::int64_t least) {
  reader.field(key, [&](const json::Value& value) {
    const auto tokens = static_cast<std::int32_t>(
        json::to_integer(value, key, request_name, least, std::numeric_limits<std::int32_t>::max()));
    if (request.limits_tokens && tokens != request.options.max_tokens) {
      throw invalid_request(key, "max_tokens and max_completion_tokens differ; give one of them");
    }
    request.limits_tokens = true;
    request.answer_nothing = tokens == 0;
    request.options.max_tokens = std::max(tokens, 1);
  });
}

ASTERISM_INLINE void finish(FieldReader& reader, CompletionRequest& request) {
  const std::int32_t most =
      request.limits_tokens ? request.options.max_tokens : std::numeric_limits<std::int32_t>::max();
  request.options.min_new_tokens = std::min(request.options.min_new_tokens, most);
  reader.integer("min_new_tokens", request.options.min_new_tokens, 0, most);
  reader.finish();
}

ASTERISM_INLINE json::Document parse_body(std::string_view body, const RequestLimits& limits) {
  try {
    json::Document document(json::parse(body, request_name, {.max_values = limits.max_values}));
    json::check_object(*document, "the document", request_name);
    return document;
  } catch (const FormatError& error) {
    throw ApiError(400, "", "invalid_json", error.what());
  }
}

}  // namespace detail

ASTERISM_INLINE View<const std::string_view> ignored_fields() {
  return {std::data(detail::ignored), std::size(detail::ignored)};
}

ASTERISM_INLINE CompletionRequest parse_chat_request(std::string_view body, const GenerateOptions& base,
                                                     const RequestLimits& limits) {
  const json::Document document = detail::parse_body(body, limits);
  detail::FieldReader reader(*document);
  CompletionRequest request{.is_chat = true, .options = base};
  detail::read_common(reader, request, limits);
  reader.field("messages", [&](const json::Value& value) { request.messages = detail::read_messages(value); });
  if (request.messages.empty()) throw invalid_request("messages", "the request has no messages");
  detail::read_lengths(reader, request, "max_tokens", 1);
  detail::read_lengths(reader, request, "max_completion_tokens", 1);
  bool scored = false;
  reader.flag("logprobs", scored);
  if (scored) request.options.top_logprobs = 0;
  reader.integer("top_logprobs", request.options.top_logprobs, 0, 20);
  if (request.options.top_logprobs && !scored) {
    throw invalid_request("top_logprobs", "top_logprobs goes with logprobs: true");
  }
  reader.field("response_format", [&](const json::Value& value) {
    if (value == json::Value{{"type", "text"}}) return;
    throw unsupported("response_format", "response_format: only {\"type\": \"text\"} is supported");
  });
  detail::finish(reader, request);
  return request;
}

ASTERISM_INLINE CompletionRequest parse_completion_request(std::string_view body, const GenerateOptions& base,
                                                           const RequestLimits& limits) {
  const json::Document document = detail::parse_body(body, limits);
  detail::FieldReader reader(*document);
  CompletionRequest request{.options = base};
  detail::read_common(reader, request, limits);
  reader.field("prompt", [&](const json::Value& value) { request.prompts = detail::read_prompts(value, limits); });
  if (request.prompts.empty()) throw invalid_request("prompt", "the request has no prompt");
  if (request.prompts.size() * static_cast<std::size_t>(request.choices) >
      static_cast<std::size_t>(limits.choices)) {
    throw invalid_request("prompt", concat(request.prompts.size(), " prompts with n = ", request.choices,
                                           " are more answers than ", limits.choices, ", the most of a request"));
  }
  reader.flag("echo", request.echo);
  request.options.max_tokens = 16;
  detail::read_lengths(reader, request, "max_tokens", request.echo ? 0 : 1);
  request.limits_tokens = true;
  reader.integer("logprobs", request.options.top_logprobs, 0, 20);
  request.options.prompt_logprobs = request.echo && request.options.top_logprobs;
  detail::finish(reader, request);
  return request;
}

}  // namespace asterism::serve
