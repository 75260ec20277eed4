// Lines of JSON on standard error.
#pragma once

#include <asterism/json/json.hpp>
#include <asterism/serve/error.hpp>
#include <asterism/serve/response.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

namespace example {

inline double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Written whole: by one thread, or before there are several.
inline void log_line(asterism::json::Value line) {
  line["time"] = seconds_since_1970();
  std::cerr << asterism::serve::to_text(line) + "\n" << std::flush;
}

/// What the log tells of one request. No text of a client's, unless it was asked for.
struct RequestLog {
  std::string id;
  std::string client;
  std::string method;
  std::string route;  ///< the one that was found, not what the client wrote
  int status = 0;
  std::string why;  ///< of a request that was refused, failed or left
  bool stream = false;
  std::optional<asterism::serve::TokenCounts> counts{};
  std::optional<std::string> body{};
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();

  /// A message may quote the client: it is told of what failed here alone.
  void failed(const asterism::serve::ApiError& error) { why = error.status == 500 ? error.what() : error.code; }

  void write() const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    asterism::json::Value line = {
        {"event", "request"}, {"id", id},         {"client", client}, {"method", method},
        {"route", route},     {"status", status}, {"stream", stream}, {"seconds", took.count()}};
    if (!why.empty()) line["why"] = why;
    if (counts) {
      line["prompt_tokens"] = counts->prompt;
      line["cached_tokens"] = counts->cached;
      line["completion_tokens"] = counts->completion;
    }
    if (body) line["body"] = *body;
    log_line(std::move(line));
  }
};

}  // namespace example
