// Bodies of response.hpp.
#pragma once

#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/serve/response.hpp"

namespace asterism::serve {

namespace detail {

ASTERISM_INLINE json::Value bytes_of(std::string_view text) {
  json::Value out = json::Value::array();
  for (const char c : text) out.push_back(static_cast<unsigned char>(c));
  return out;
}

ASTERISM_INLINE json::Value number_or_null(std::optional<float> value) {
  return value ? json::Value(*value) : json::Value();
}

ASTERISM_INLINE json::Value chat_logprobs(const std::vector<ShownToken>& tokens) {
  json::Value content = json::Value::array();
  for (const ShownToken& token : tokens) {
    json::Value best = json::Value::array();
    for (const ShownAlternative& one : token.best) {
      best.push_back({{"token", one.text}, {"logprob", one.log_probability}, {"bytes", bytes_of(one.text)}});
    }
    content.push_back({{"token", token.text},
                       {"logprob", number_or_null(token.log_probability)},
                       {"bytes", bytes_of(token.text)},
                       {"top_logprobs", std::move(best)}});
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

ASTERISM_INLINE json::Value completion_logprobs(const std::vector<ShownToken>& tokens) {
  json::Value out = {{"tokens", json::Value::array()},
                     {"token_logprobs", json::Value::array()},
                     {"top_logprobs", json::Value::array()},
                     {"text_offset", json::Value::array()}};
  for (const ShownToken& token : tokens) {
    out["tokens"].push_back(token.text);
    out["token_logprobs"].push_back(number_or_null(token.log_probability));
    out["text_offset"].push_back(token.offset);
    if (!token.log_probability) {
      out["top_logprobs"].push_back(nullptr);
      continue;
    }
    json::Value best = json::Value::object();  // of tokens with the same text the most probable one
    for (const ShownAlternative& one : token.best) best.emplace(one.text, one.log_probability);
    best.emplace(token.text, *token.log_probability);
    out["top_logprobs"].push_back(std::move(best));
  }
  return out;
}

ASTERISM_INLINE json::Value logprobs_of(bool is_chat, const Choice& choice) {
  if (!choice.tokens) return nullptr;
  return is_chat ? chat_logprobs(*choice.tokens) : completion_logprobs(*choice.tokens);
}

ASTERISM_INLINE json::Value reason_of(const Choice& choice) {
  return choice.reason ? json::Value(finish_reason(*choice.reason)) : json::Value();
}

ASTERISM_INLINE json::Value counts_of(const TokenCounts& counts) {
  return {{"prompt_tokens", counts.prompt},
          {"completion_tokens", counts.completion},
          {"total_tokens", counts.prompt + counts.completion},
          {"prompt_tokens_details", {{"cached_tokens", counts.cached}}}};
}

ASTERISM_INLINE json::Value begin_response(const ResponseHead& head, bool is_stream, json::Value choices) {
  const char* const object =
      !head.is_chat ? "text_completion" : (is_stream ? "chat.completion.chunk" : "chat.completion");
  return {{"id", head.id},
          {"object", object},
          {"created", head.created},
          {"model", head.model},
          {"choices", std::move(choices)}};
}

ASTERISM_INLINE std::string chunk_of(const ResponseHead& head, json::Value choice, bool with_usage) {
  json::Value out = begin_response(head, true, json::Value::array({std::move(choice)}));
  if (with_usage) out["usage"] = nullptr;
  return to_text(out);
}

ASTERISM_INLINE json::Value model_value(std::string_view name, std::int64_t created, std::int32_t context) {
  return {{"id", name},
          {"object", "model"},
          {"created", created},
          {"owned_by", "asterism"},
          {"max_model_len", context}};
}

}  // namespace detail

ASTERISM_INLINE std::string to_text(const json::Value& value) {
  return value.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

ASTERISM_INLINE std::string_view finish_reason(FinishReason reason) {
  switch (reason) {
    case FinishReason::eos:
    case FinishReason::stop_string:
      return "stop";
    case FinishReason::max_tokens:
    case FinishReason::context_full:
      return "length";
    default:
      throw InvalidArgument(concat("'", name_of(reason), "' is not how an answer ends"));
  }
}

ASTERISM_INLINE std::string completion_body(const ResponseHead& head, View<const Choice> choices,
                                            const TokenCounts& counts) {
  json::Value list = json::Value::array();
  for (const Choice& choice : choices) {
    json::Value one = {{"index", choice.index},
                       {"logprobs", detail::logprobs_of(head.is_chat, choice)},
                       {"finish_reason", detail::reason_of(choice)}};
    if (head.is_chat) {
      one["message"] = {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
    } else {
      one["text"] = choice.text;
    }
    list.push_back(std::move(one));
  }
  json::Value out = detail::begin_response(head, false, std::move(list));
  out["usage"] = detail::counts_of(counts);
  return to_text(out);
}

ASTERISM_INLINE std::string first_chunk(const ResponseHead& head, std::int32_t choice, bool with_usage) {
  return detail::chunk_of(head,
                          {{"index", choice},
                           {"delta", {{"role", "assistant"}, {"content", ""}}},
                           {"logprobs", nullptr},
                           {"finish_reason", nullptr}},
                          with_usage);
}

ASTERISM_INLINE std::string chunk(const ResponseHead& head, const Choice& part, bool with_usage) {
  json::Value one = {{"index", part.index},
                     {"logprobs", detail::logprobs_of(head.is_chat, part)},
                     {"finish_reason", detail::reason_of(part)}};
  if (!head.is_chat) {
    one["text"] = part.text;
  } else {
    one["delta"] = part.text.empty() && !part.tokens ? json::Value::object() : json::Value{{"content", part.text}};
  }
  return detail::chunk_of(head, std::move(one), with_usage);
}

ASTERISM_INLINE std::string usage_chunk(const ResponseHead& head, const TokenCounts& counts) {
  json::Value out = detail::begin_response(head, true, json::Value::array());
  out["usage"] = detail::counts_of(counts);
  return to_text(out);
}

ASTERISM_INLINE std::string model_list_body(std::string_view name, std::int64_t created, std::int32_t context) {
  return to_text(
      {{"object", "list"}, {"data", json::Value::array({detail::model_value(name, created, context)})}});
}

ASTERISM_INLINE std::string model_body(std::string_view name, std::int64_t created, std::int32_t context) {
  return to_text(detail::model_value(name, created, context));
}

ASTERISM_INLINE std::string event(std::string_view data) { return concat("data: ", data, "\n\n"); }

}  // namespace asterism::serve
