// Errors as clients read them.
#include "asterism/serve/error.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::serve;

TEST_CASE("a body has message, type, param and code") {
  const json::Value body = json::parse(error_body(context_exceeded("messages", 5000, 4096)), "body");
  CHECK(body.size() == 1);
  const json::Value& error = body["error"];
  CHECK(error.size() == 4);
  CHECK(error["type"] == "invalid_request_error");
  CHECK(error["param"] == "messages");
  CHECK(error["code"] == "context_length_exceeded");
  const std::string message = error["message"];
  CHECK(message.find("5000") != message.npos);
  CHECK(message.find("4096") != message.npos);
  CHECK(context_exceeded("messages", 5000, 4096).status == 400);
}

TEST_CASE("what is not known is null, and types follow from the status") {
  const json::Value body = json::parse(error_body(ApiError(503, "", "", "later")), "body");
  CHECK(body["error"]["param"].is_null());
  CHECK(body["error"]["code"].is_null());
  const auto type_of = [](int status) { return std::string(ApiError(status, "", "", "x").type()); };
  CHECK(type_of(400) == "invalid_request_error");
  CHECK(type_of(401) == "authentication_error");
  CHECK(type_of(403) == "permission_error");
  CHECK(type_of(404) == "invalid_request_error");
  CHECK(type_of(413) == "invalid_request_error");
  CHECK(type_of(429) == "rate_limit_error");
  CHECK(type_of(500) == "server_error");
  CHECK(type_of(503) == "service_unavailable_error");
}

TEST_CASE("what a client wrote is quoted so that it can do no harm") {
  const ApiError error = no_such_model("a\nb\x01", "small");
  CHECK(error.status == 404);
  CHECK(error.code == "model_not_found");
  const std::string message = error.what();
  CHECK(message.find('\n') == message.npos);
  CHECK(message.find("small") != message.npos);
  CHECK_NOTHROW(json::parse(error_body(ApiError(400, "\xff", "x", "not \xff UTF-8")), "body"));
}
