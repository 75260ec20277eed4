// Bodies of error.hpp.
#pragma once

#include <cstddef>

#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/serve/error.hpp"
#include "asterism/serve/response.hpp"

namespace asterism::serve {

ASTERISM_INLINE std::string_view ApiError::type() const {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    case 500:
      return "server_error";
    case 503:
      return "service_unavailable_error";
    default:
      return "invalid_request_error";
  }
}

ASTERISM_INLINE std::string error_body(const ApiError& error) {
  const auto or_null = [](const std::string& text) { return text.empty() ? json::Value() : json::Value(text); };
  return to_text({{"error",
                   {{"message", error.what()},
                    {"type", error.type()},
                    {"param", or_null(error.param)},
                    {"code", or_null(error.code)}}}});
}

ASTERISM_INLINE ApiError invalid_request(std::string_view param, const std::string& message) {
  return {400, param, "invalid_value", message};
}

ASTERISM_INLINE ApiError unsupported(std::string_view param, const std::string& message) {
  return {400, param, "unsupported_parameter", message};
}

ASTERISM_INLINE ApiError context_exceeded(std::string_view param, std::size_t tokens, std::int32_t context) {
  return {400, param, "context_length_exceeded",
          concat("the prompt has ", tokens, " tokens, this model's context holds ", context, ": shorten it")};
}

ASTERISM_INLINE ApiError no_such_model(std::string_view name, std::string_view served) {
  return {404, "model", "model_not_found",
          concat("the model '", printable(name, 100), "' is not served here; '", served, "' is")};
}

}  // namespace asterism::serve
