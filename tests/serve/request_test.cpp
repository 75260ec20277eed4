// What requests say, and the 400 of each that says it wrongly.
#include "asterism/serve/request.hpp"

#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::serve;

namespace {

const RequestLimits limits{.choices = 16, .vocabulary = 1000};
const std::string corpus = std::string(ASTERISM_SOURCE_DIR) + "/tests/fuzz/corpus/openai_request";

std::string body_of(const std::string& name) { return file::read_file(corpus + "/" + name, 1U << 20U); }

CompletionRequest parsed(const std::string& name, const GenerateOptions& base = {}) {
  return name.starts_with("chat") ? parse_chat_request(body_of(name), base, limits)
                                  : parse_completion_request(body_of(name), base, limits);
}

ApiError refusal(const std::string& name) {
  try {
    parsed(name);
  } catch (const ApiError& error) {
    return error;
  }
  FAIL(name << " is not refused");
  return {0, "", "", ""};
}

}  // namespace

TEST_CASE("a chat says everything") {
  const CompletionRequest request = parsed("chat_whole.json");
  CHECK(request.is_chat);
  CHECK(request.model == "m");
  REQUIRE(request.messages.size() == 1);
  CHECK(request.messages[0].role == "user");
  CHECK(request.messages[0].content == "Hello");
  CHECK(request.choices == 2);
  CHECK(request.stream);
  CHECK(request.include_usage);
  CHECK(request.seed == -5);
  CHECK(request.limits_tokens);
  const GenerateOptions& options = request.options;
  CHECK(options.max_tokens == 9);
  CHECK(options.temperature == 0.7F);
  CHECK(options.top_p == 0.9F);
  CHECK(options.stop == std::vector<std::string>{"a", "b"});
  CHECK(options.top_logprobs == 3);
  CHECK_FALSE(options.prompt_logprobs);
  CHECK(options.presence_penalty == 0.5F);
  CHECK(options.frequency_penalty == -0.5F);
  REQUIRE(options.logit_bias.size() == 2);
  CHECK(options.logit_bias[0].id == 5);
  CHECK(options.logit_bias[0].bias == -100);
}

TEST_CASE("parts of a message are put together; what is absent is the base's") {
  GenerateOptions base;
  base.temperature = 0.25F;
  base.top_k = 7;
  const CompletionRequest request = parsed("chat_parts.json", base);
  CHECK(request.messages[0].content == "ab");
  CHECK(request.options.temperature == 0.25F);
  CHECK(request.options.top_k == 7);
  CHECK(request.choices == 1);
  CHECK_FALSE(request.stream);
  CHECK_FALSE(request.limits_tokens);
  CHECK_FALSE(request.seed);
  CHECK_FALSE(request.options.top_logprobs);
}

TEST_CASE("completions of a text, of ids, and of several of them") {
  const CompletionRequest whole = parsed("completion_whole.json");
  CHECK_FALSE(whole.is_chat);
  CHECK(std::get<std::string>(whole.prompts.at(0)) == "Hello");
  CHECK(whole.echo);
  CHECK(whole.answer_nothing);
  CHECK(whole.options.max_tokens == 1);
  CHECK(whole.options.top_logprobs == 5);
  CHECK(whole.options.prompt_logprobs);
  CHECK(whole.options.stop == std::vector<std::string>{"x"});
  CHECK(whole.options.exponential_decay_length_penalty->factor == 1.1F);
  using Ids = std::vector<TokenId>;
  CHECK(std::get<Ids>(parsed("completion_ids.json").prompts.at(0)) == Ids{1, 2, 3});
  CHECK(parsed("completion_ids.json").options.max_tokens == 16);
  CHECK(parsed("completion_ids.json", {.max_tokens = 99}).options.max_tokens == 16);
  const CompletionRequest several = parsed("completion_several.json");
  REQUIRE(several.prompts.size() == 2);
  CHECK(std::get<Ids>(several.prompts[1]) == Ids{3});
  CHECK(several.seed == 1234);
  CHECK(std::get<std::string>(parsed("completion_texts.json").prompts.at(1)) == "b");
}

TEST_CASE("every malformed request of the corpus is a 400 that says why") {
  std::size_t count = 0;
  for (const std::string& name : file::folder_entries(corpus)) {
    if (name.find("_bad_") == name.npos) continue;
    CAPTURE(name);
    ++count;
    const ApiError error = refusal(name);
    CHECK(error.status == 400);
    CHECK(error.type() == "invalid_request_error");
    CHECK_FALSE(std::string_view(error.what()).empty());
    const json::Value body = json::parse(error_body(error), name);
    CHECK(body["error"]["message"] == error.what());
    CHECK(body["error"]["code"].is_string());
  }
  CHECK(count == 97);
}

TEST_CASE("the field at fault is named") {
  const auto named = [](const std::string& name, std::string_view param, std::string_view code) {
    const ApiError error = refusal(name);
    CAPTURE(name);
    CAPTURE(error.what());
    CHECK(error.param == param);
    CHECK(error.code == code);
  };
  named("chat_bad_cut.json", "", "invalid_json");
  named("chat_bad_twice.json", "", "invalid_json");
  named("chat_bad_deep.json", "", "invalid_json");
  named("chat_bad_temperature_text.json", "temperature", "invalid_value");
  named("chat_bad_temperature_high.json", "temperature", "invalid_value");
  named("chat_bad_n_many.json", "n", "invalid_value");
  named("chat_bad_image.json", "messages[0].content[0]", "unsupported_parameter");
  named("chat_bad_message_name.json", "messages[0].name", "unsupported_parameter");
  named("chat_bad_no_role.json", "messages[0].role", "invalid_value");
  named("chat_bad_tools.json", "tools", "unsupported_parameter");
  named("chat_bad_response_format.json", "response_format", "unsupported_parameter");
  named("chat_bad_unknown.json", "nonsense", "unknown_parameter");
  named("chat_bad_length_penalty.json", "length_penalty", "unsupported_parameter");
  named("completion_bad_ids_high.json", "prompt", "invalid_value");
  named("completion_bad_best_of.json", "best_of", "unsupported_parameter");
  named("completion_bad_several_times_n.json", "prompt", "invalid_value");
  CHECK(std::string(refusal("chat_bad_length_penalty.json").what()).find("beam search") != std::string::npos);
}

TEST_CASE("fields that mean nothing here are read over, whatever is in them") {
  for (const std::string_view name : ignored_fields()) {
    json::Value body = {{"model", "m"}, {"prompt", "a"}};
    for (const json::Value& value : {json::Value(1), json::Value("x"), json::Value({{"a", {1}}}), json::Value()}) {
      body[std::string(name)] = value;
      CHECK_NOTHROW(parse_completion_request(body.dump(), {}, limits));
    }
  }
  CHECK(ignored_fields().size == 7);
}

TEST_CASE("a body with very many values is refused before they take memory") {
  std::string body = R"({"model":"m","prompt":[1)";
  for (int i = 0; i < 300'000; ++i) body += ",1";
  CHECK_THROWS_AS(parse_completion_request(body + "]}", {}, limits), ApiError);
}

TEST_CASE("top_p of nothing keeps the best token, and a base's shortest answer bows to max_tokens") {
  const CompletionRequest request = parse_completion_request(
      R"({"model":"m","prompt":"a","top_p":0,"max_tokens":2})", {.min_new_tokens = 5}, limits);
  CHECK(request.options.top_p == std::numeric_limits<float>::min());
  CHECK(request.options.min_new_tokens == 2);
}
