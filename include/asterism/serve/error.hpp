// What a client is told when a request is refused or fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"

namespace asterism::serve {

/// A request is refused, or its answer failed, as OpenAI's API says it. Source: OpenAI API reference, error codes.
class ApiError : public Error {
 public:
  /// `param`: the field at fault, `code`: a word for programs; empty: null in the body.
  ApiError(int http_status, std::string_view param_name, std::string_view code_word, const std::string& message)
      : Error(message), status(http_status), param(param_name), code(code_word) {}

  int status;  ///< 400, 401, 403, 404, 405, 413, 429, 500 or 503
  std::string param;
  std::string code;

  /// `type` of the body, which follows from the status.
  std::string_view type() const;
};

/// {"error": {message, type, param, code}}: the body of an answer, and of the event that ends a stream.
std::string error_body(const ApiError& error);

/// 400, with the field at fault.
ApiError invalid_request(std::string_view param, const std::string& message);
/// 400: a field asks for what is not implemented.
ApiError unsupported(std::string_view param, const std::string& message);
/// 400: the prompt, in field `param`, has more tokens than the context.
ApiError context_exceeded(std::string_view param, std::size_t tokens, std::int32_t context);
/// 404: a model of that name is not served.
ApiError no_such_model(std::string_view name, std::string_view served);

}  // namespace asterism::serve

#if !defined(ASTERISM_COMPILED)
#include "asterism/serve/error_impl.hpp"
#endif
