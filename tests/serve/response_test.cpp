// Answers and events, as the API reference has them.
#include "asterism/serve/response.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::serve;
using json::Value;

namespace {

const ResponseHead chat{.is_chat = true, .id = "chatcmpl-1", .created = 5, .model = "m"};
const ResponseHead text{.is_chat = false, .id = "cmpl-1", .created = 5, .model = "m"};
const TokenCounts counts{.prompt = 7, .completion = 3, .cached = 2};
const std::vector<ShownToken> tokens = {
    {.text = "é", .best = {}},
    {.text = "b", .log_probability = -0.5F, .best = {{"c", -0.25F}, {"c", -2}}, .offset = 1}};

Value parsed(const std::string& body) { return json::parse(body, "body"); }

}  // namespace

TEST_CASE("an answer to a chat") {
  const std::vector<Choice> choices = {{.index = 0, .text = "Hi", .tokens = tokens, .reason = FinishReason::eos},
                                       {.index = 1, .text = "Ho", .reason = FinishReason::max_tokens}};
  const Value body = parsed(completion_body(chat, choices, counts));
  CHECK(body["object"] == "chat.completion");
  CHECK(body["id"] == "chatcmpl-1");
  CHECK(body["created"] == 5);
  CHECK(body["model"] == "m");
  const Value& first = body["choices"][0];
  CHECK(first["message"] == Value{{"role", "assistant"}, {"content", "Hi"}, {"refusal", nullptr}});
  CHECK(first["finish_reason"] == "stop");
  const Value& scored = first["logprobs"]["content"];
  CHECK(scored.size() == 2);
  CHECK(scored[0]["bytes"] == Value{0xC3, 0xA9});
  CHECK(scored[1]["logprob"] == -0.5);
  CHECK(scored[1]["top_logprobs"][0] == Value{{"token", "c"}, {"logprob", -0.25}, {"bytes", {99}}});
  CHECK(body["choices"][1]["finish_reason"] == "length");
  CHECK(body["choices"][1]["logprobs"].is_null());
  CHECK(body["choices"][1]["index"] == 1);
  CHECK(body["usage"] == Value{{"prompt_tokens", 7},
                               {"completion_tokens", 3},
                               {"total_tokens", 10},
                               {"prompt_tokens_details", {{"cached_tokens", 2}}}});
}

TEST_CASE("an answer to a text, with scores as lists") {
  const std::vector<Choice> choices = {{.text = "éb", .tokens = tokens, .reason = FinishReason::stop_string}};
  const Value body = parsed(completion_body(text, choices, counts));
  CHECK(body["object"] == "text_completion");
  const Value& choice = body["choices"][0];
  CHECK(choice["text"] == "éb");
  CHECK_FALSE(choice.contains("message"));
  CHECK(choice["finish_reason"] == "stop");
  CHECK(choice["logprobs"]["tokens"] == Value{"é", "b"});
  CHECK(choice["logprobs"]["token_logprobs"] == Value{nullptr, -0.5});
  CHECK(choice["logprobs"]["text_offset"] == Value{0, 1});
  CHECK(choice["logprobs"]["top_logprobs"][0].is_null());
  CHECK(choice["logprobs"]["top_logprobs"][1] == Value{{"b", -0.5}, {"c", -0.25}});  // the better one of two
}

TEST_CASE("parts of a stream") {
  const Value first = parsed(first_chunk(chat, 1, true));
  CHECK(first["object"] == "chat.completion.chunk");
  CHECK(first["choices"][0]["index"] == 1);
  CHECK(first["choices"][0]["delta"] == Value{{"role", "assistant"}, {"content", ""}});
  CHECK(first["choices"][0]["finish_reason"].is_null());
  CHECK(first["usage"].is_null());
  CHECK(first.contains("usage"));
  const Value middle = parsed(chunk(chat, {.text = "Hi"}, false));
  CHECK(middle["choices"][0]["delta"] == Value{{"content", "Hi"}});
  CHECK_FALSE(middle.contains("usage"));
  const Value last = parsed(chunk(chat, {.reason = FinishReason::context_full}, false));
  CHECK(last["choices"][0]["delta"] == Value::object());
  CHECK(last["choices"][0]["finish_reason"] == "length");
  const Value usage = parsed(usage_chunk(chat, counts));
  CHECK(usage["choices"].empty());
  CHECK(usage["usage"]["total_tokens"] == 10);
  const Value part = parsed(chunk(text, {.text = "a", .tokens = tokens}, false));
  CHECK(part["object"] == "text_completion");
  CHECK(part["choices"][0]["text"] == "a");
  CHECK(part["choices"][0]["logprobs"]["tokens"].size() == 2);
}

TEST_CASE("events are single lines") {
  CHECK(event("{}") == "data: {}\n\n");
  const std::string one = event(chunk(chat, {.text = "two\nlines\r\n"}, false));
  CHECK(one.find('\n') == one.size() - 2);
  CHECK(last_event == "data: [DONE]\n\n");
  CHECK(comment_line.starts_with(":"));
  CHECK(comment_line.ends_with("\n\n"));
}

TEST_CASE("an answer ends in two ways; what is cancelled has none") {
  CHECK(finish_reason(FinishReason::eos) == "stop");
  CHECK(finish_reason(FinishReason::stop_string) == "stop");
  CHECK(finish_reason(FinishReason::max_tokens) == "length");
  CHECK(finish_reason(FinishReason::context_full) == "length");
  CHECK_THROWS_AS(finish_reason(FinishReason::cancelled), InvalidArgument);
  CHECK_THROWS_AS(finish_reason(FinishReason::none), InvalidArgument);
}

TEST_CASE("the model that is served") {
  const Value list = parsed(model_list_body("small", 9, 1024));
  CHECK(list["object"] == "list");
  CHECK(list["data"].size() == 1);
  CHECK(list["data"][0] == parsed(model_body("small", 9, 1024)));
  CHECK(list["data"][0]["id"] == "small");
  CHECK(list["data"][0]["object"] == "model");
}
