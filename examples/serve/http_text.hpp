// Answers of HTTP/1 as text.
#pragma once

#include <asterism/core/format.hpp>
#include <asterism/serve/error.hpp>
#include <boost/beast/http/status.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

struct HttpAnswer {
  int status = 200;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string_view type = "application/json";
};

/// The same with what a client may do about it.
inline HttpAnswer answer_of(const asterism::serve::ApiError& error) {
  HttpAnswer answer{.status = error.status, .body = error_body(error)};
  if (error.status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.status == 429) answer.headers.emplace_back("Retry-After", "2");
  if (error.status == 503) answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

inline std::string status_line(int status) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return asterism::concat("HTTP/1.1 ", status, " ", std::string_view(reason.data(), reason.size()), "\r\n");
}

inline std::string header_lines(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string out;
  for (const auto& [name, value] : headers) out += asterism::concat(name, ": ", value, "\r\n");
  return out;
}

inline std::string whole_text(const HttpAnswer& answer, bool keep_alive) {
  const bool has_body = answer.status != 204;
  std::string out = status_line(answer.status) + header_lines(answer.headers);
  if (has_body) {
    out += asterism::concat("Content-Type: ", answer.type, "\r\nContent-Length: ", answer.body.size(), "\r\n");
  }
  out += asterism::concat("Connection: ", keep_alive ? "keep-alive" : "close", "\r\n\r\n");
  return has_body ? out + answer.body : out;
}

/// Events are cut into chunks, or, for HTTP/1.0, end with the connection. Proxies are asked to pass them on at once.
inline std::string stream_head(bool chunked, bool keep_alive,
                               const std::vector<std::pair<std::string, std::string>>& headers) {
  return status_line(200) + header_lines(headers) +
         "Content-Type: text/event-stream\r\nCache-Control: no-cache\r\nX-Accel-Buffering: no\r\n" +
         (chunked ? "Transfer-Encoding: chunked\r\n" : "") +
         (keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

inline std::string chunk_of(std::string_view data) {
  std::string size;
  for (std::size_t rest = data.size(); rest > 0; rest /= 16)
    size.insert(size.begin(), "0123456789abcdef"[rest % 16]);
  return asterism::concat(size, "\r\n", data, "\r\n");
}
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace example
