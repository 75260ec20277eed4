// What each request is for.
#pragma once

#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/serve/error.hpp>
#include <asterism/serve/request.hpp>
#include <asterism/serve/response.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_text.hpp"
#include "served_model.hpp"

namespace example {

using HeaderList = std::vector<std::pair<std::string, std::string>>;
using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

/// An answer, or what is to be answered.
struct Routed {
  std::optional<HttpAnswer> answer{};
  std::optional<serve::CompletionRequest> completion{};
};

inline std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// The path of a request, without its query.
inline std::string_view path_of(const HttpRequest& request) {
  const std::string_view target = view_of(request.target());
  return target.substr(0, target.find('?'));
}

/// Whether anybody may ask for it: no model is needed to answer.
inline bool is_public(std::string_view path) { return path == "/health" || path == "/ready"; }

/// Throws ApiError unless the request is for this server, from a page that may ask, and has a key where one is needed.
/// Returns the headers by which a browser lets the page see the answer.
inline HeaderList check_access(const ServerState& state, const HttpRequest& request, std::string_view address) {
  using boost::beast::http::field;
  const std::string_view host = view_of(request[field::host]);
  if (request.version() >= 11 && request.count(field::host) != 1) {
    throw serve::ApiError(400, "", "bad_request", "a request has one header 'Host'");
  }
  if (!host.empty() && !is_own_host(host, address, state.settings.hosts)) {
    throw serve::ApiError(403, "", "foreign_host",
                          concat("this server is not called '", printable(host, 100),
                                 "'; whoever runs it may allow that with --allow-host"));
  }
  HeaderList cors;
  if (const std::string_view origin = view_of(request[field::origin]); !origin.empty()) {
    if (std::ranges::find(state.settings.origins, origin) == state.settings.origins.end()) {
      throw serve::ApiError(403, "", "foreign_origin",
                            concat("pages of '", printable(origin, 100),
                                   "' may not ask; whoever runs this server may allow them with --allow-origin"));
    }
    cors = {{"Access-Control-Allow-Origin", std::string(origin)}, {"Vary", "Origin"}};
  }
  const bool asks_first = request.method() == boost::beast::http::verb::options && !cors.empty();
  if (!state.keys.asked_for() || is_public(path_of(request)) || asks_first) return cors;
  if (!state.keys.allow(view_of(request[field::authorization]))) {
    throw serve::ApiError(401, "", "invalid_api_key", "no key, or a wrong one: say 'Authorization: Bearer KEY'");
  }
  return cors;
}

/// What a browser asks before a page's request.
inline HttpAnswer preflight() {
  return {.status = 204,
          .headers = {{"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
                      {"Access-Control-Allow-Headers", "authorization, content-type"},
                      {"Access-Control-Max-Age", "600"}}};
}

inline HttpAnswer readiness(const ServerState& state) {
  if (state.ready()) return {.status = 200, .body = R"({"status":"ready"})"};
  const char* const why = state.draining ? R"({"status":"draining"})" : R"({"status":"loading"})";
  return {.status = 503, .body = why, .headers = {{"Retry-After", "5"}}};
}

inline GenerateOptions base_options(const ServerState& state) { return state.model().model.recommended(); }

/// `found`: the route, for the log. Throws ApiError.
inline Routed route(const ServerState& state, const HttpRequest& request, std::string& found) {
  using boost::beast::http::verb;
  const std::string_view path = path_of(request);
  const auto only = [&](verb method) {
    found = path;
    if (request.method() == method) return;
    throw serve::ApiError(405, "", "method_not_allowed",
                          concat(path, " is asked for by ", method == verb::get ? "GET" : "POST"));
  };
  if (request.method() == verb::options && request.count(boost::beast::http::field::origin) > 0) {
    return {.answer = preflight()};
  }
  if (path == "/health") {
    only(verb::get);
    return {.answer = HttpAnswer{.body = R"({"status":"alive"})"}};
  }
  if (path == "/ready") {
    only(verb::get);
    return {.answer = readiness(state)};
  }
  constexpr std::string_view models = "/v1/models";
  if (path == models || (path.starts_with(models) && path.substr(models.size()).starts_with('/'))) {
    found = models;
    if (request.method() != verb::get) only(verb::get);
    const std::int32_t context = state.model().model.limits().context;
    if (path == models) {
      return {.answer = HttpAnswer{.body = serve::model_list_body(state.model_name, state.created, context)}};
    }
    const std::string_view name = path.substr(models.size() + 1);
    if (name != state.model_name) throw serve::no_such_model(name, state.model_name);
    return {.answer = HttpAnswer{.body = serve::model_body(name, state.created, context)}};
  }
  if (path == "/v1/chat/completions") {
    only(verb::post);
    return {.completion = parse_chat_request(request.body(), base_options(state), state.request_limits())};
  }
  if (path == "/v1/completions") {
    only(verb::post);
    return {.completion = parse_completion_request(request.body(), base_options(state), state.request_limits())};
  }
  throw serve::ApiError(404, "", "not_found", concat("there is nothing at ", printable(path, 100)));
}

}  // namespace example
