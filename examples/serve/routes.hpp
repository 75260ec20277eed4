// What each request is for.
#pragma once

#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/lab/perfetto_trace.hpp>
#include <asterism/observe/timeline.hpp>
#include <asterism/serve/error.hpp>
#include <asterism/serve/request.hpp>
#include <asterism/serve/response.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "http_text.hpp"
#include "page.hpp"
#include "served_model.hpp"
#include "status.hpp"

namespace example {

using HeaderList = std::vector<std::pair<std::string, std::string>>;
using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

/// An answer, or what is to be answered.
struct Routed {
  std::optional<HttpAnswer> answer{};
  std::optional<serve::CompletionRequest> completion{};
  std::function<HttpAnswer()> work{};  ///< makes an answer that takes long, on another thread
};

inline std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// The path of a request, without its query.
inline std::string_view path_of(const HttpRequest& request) {
  const std::string_view target = view_of(request.target());
  return target.substr(0, target.find('?'));
}

/// Something to be asked for.
struct Route {
  std::string_view path;
  boost::beast::http::verb method;
  bool is_public;  ///< anybody may ask: no key is needed, and no model to answer
  Routed (*answer)(const ServerState& state, const HttpRequest& request);
};

/// The route of a path; null where there is none.
inline const Route* find_route(std::string_view path);

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
  const bool is_own_page = !host.empty() && view_of(request[field::origin]) == concat("http://", host);
  if (const std::string_view origin = view_of(request[field::origin]); !origin.empty() && !is_own_page) {
    if (std::ranges::find(state.settings.origins, origin) == state.settings.origins.end()) {
      throw serve::ApiError(403, "", "foreign_origin",
                            concat("pages of '", printable(origin, 100),
                                   "' may not ask; whoever runs this server may allow them with --allow-origin"));
    }
    cors = {{"Access-Control-Allow-Origin", std::string(origin)}, {"Vary", "Origin"}};
  }
  const bool asks_first = request.method() == boost::beast::http::verb::options && !cors.empty();
  const Route* const found = find_route(path_of(request));
  if (!state.keys.asked_for() || (found != nullptr && found->is_public) || asks_first) return cors;
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

inline Routed page(const ServerState& /*state*/, const HttpRequest& /*request*/) {
  static const HeaderList headers = page_headers();
  return {.answer = HttpAnswer{
              .body = std::string(page_text()), .headers = headers, .type = "text/html; charset=utf-8"}};
}

inline Routed health(const ServerState& /*state*/, const HttpRequest& /*request*/) {
  return {.answer = HttpAnswer{.body = R"({"status":"alive"})"}};
}

inline Routed readiness(const ServerState& state, const HttpRequest& /*request*/) {
  if (state.ready()) return {.answer = HttpAnswer{.body = R"({"status":"ready"})"}};
  const char* const why = state.draining ? R"({"status":"draining"})" : R"({"status":"loading"})";
  return {.answer = HttpAnswer{.status = 503, .body = why, .headers = {{"Retry-After", "5"}}}};
}

inline constexpr std::string_view models_path = "/v1/models";

inline Routed models(const ServerState& state, const HttpRequest& request) {
  const std::string_view path = path_of(request);
  const std::int32_t context = state.model().model.limits().context;
  if (path == models_path) {
    return {.answer = HttpAnswer{.body = serve::model_list_body(state.model_name, state.created, context)}};
  }
  const std::string_view name = path.substr(models_path.size() + 1);
  if (name != state.model_name) throw serve::no_such_model(name, state.model_name);
  return {.answer = HttpAnswer{.body = serve::model_body(name, state.created, context)}};
}

inline GenerateOptions base_options(const ServerState& state) { return state.model().model.recommended(); }

inline Routed chat_completions(const ServerState& state, const HttpRequest& request) {
  return {.completion = parse_chat_request(request.body(), base_options(state), state.request_limits())};
}

inline Routed completions(const ServerState& state, const HttpRequest& request) {
  return {.completion = parse_completion_request(request.body(), base_options(state), state.request_limits())};
}

inline Routed metrics(const ServerState& state, const HttpRequest& /*request*/) {
  const ServedModel& served = state.loaded();
  return {.answer = HttpAnswer{
              .body = served.metrics.text(served.scheduler.load(), served.model.plan(), served.model.arena_use()),
              .type = "text/plain; version=0.0.4; charset=utf-8"}};
}

inline Routed status(const ServerState& state, const HttpRequest& /*request*/) {
  return {.answer = HttpAnswer{.body = status_body(state)}};
}

inline Routed experts(const ServerState& state, const HttpRequest& /*request*/) {
  return {.answer = HttpAnswer{.body = experts_body(state)}};
}

/// The value of `seconds` in a query, 1 to 3600; 5 where it is not there. Throws ApiError.
inline std::int64_t seconds_of(std::string_view target) {
  const std::size_t question = target.find('?');
  if (question == target.npos) return 5;
  std::string_view query = target.substr(question + 1);
  constexpr std::string_view name = "seconds=";
  std::int64_t seconds = 0;
  const bool is_named = query.starts_with(name);
  if (is_named) query.remove_prefix(name.size());
  const auto [end, failure] = std::from_chars(query.data(), query.data() + query.size(), seconds);
  if (is_named && failure == std::errc{} && end == query.data() + query.size() && seconds >= 1 &&
      seconds <= 3600) {
    return seconds;
  }
  throw serve::invalid_request("seconds", "the query is seconds=N, 1 to 3600: so many of the last seconds");
}

/// What passes did in the last seconds, as far as it is kept, in the Trace Event Format. Several megabytes may be.
inline Routed trace(const ServerState& state, const HttpRequest& request) {
  const std::int64_t seconds = seconds_of(view_of(request.target()));
  return {.work = [timeline = state.loaded().timeline, name = state.model_name, seconds] {
    const std::vector<observe::Span> spans = timeline->spans(timeline->now() - seconds * 1'000'000'000);
    return HttpAnswer{.body = lab::perfetto_trace(View<const observe::Span>(spans), name)};
  }};
}

/// All routes; a test reads this list, and that of docs/serving.md.
inline constexpr Route all_routes[] = {
    {"/", boost::beast::http::verb::get, true, page},
    {"/health", boost::beast::http::verb::get, true, health},
    {"/ready", boost::beast::http::verb::get, true, readiness},
    {models_path, boost::beast::http::verb::get, false, models},
    {"/v1/chat/completions", boost::beast::http::verb::post, false, chat_completions},
    {"/v1/completions", boost::beast::http::verb::post, false, completions},
    {"/v1/status", boost::beast::http::verb::get, false, status},
    {"/v1/experts", boost::beast::http::verb::get, false, experts},
    {"/v1/trace", boost::beast::http::verb::get, false, trace},
    {"/metrics", boost::beast::http::verb::get, false, metrics},
};

inline const Route* find_route(std::string_view path) {
  const bool names_model = path.starts_with(models_path) && path.substr(models_path.size()).starts_with('/');
  for (const Route& one : all_routes) {
    if (one.path == path || (names_model && one.path == models_path)) {
      return one.answer == metrics && !Metrics::available() ? nullptr : &one;
    }
  }
  return nullptr;
}

/// `found`: the route, for the log. Throws ApiError.
inline Routed route(const ServerState& state, const HttpRequest& request, std::string& found) {
  using boost::beast::http::verb;
  if (request.method() == verb::options && request.count(boost::beast::http::field::origin) > 0) {
    return {.answer = preflight()};
  }
  const std::string_view path = path_of(request);
  const Route* const one = find_route(path);
  if (one == nullptr) {
    throw serve::ApiError(404, "", "not_found", concat("there is nothing at ", printable(path, 100)));
  }
  found = one->path;
  if (request.method() == one->method) return one->answer(state, request);
  throw serve::ApiError(405, "", "method_not_allowed",
                        concat(one->path, " is asked for by ", one->method == verb::get ? "GET" : "POST"));
}

}  // namespace example
