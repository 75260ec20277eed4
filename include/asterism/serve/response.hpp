// Answers of OpenAI's API as JSON, and as events of a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/json/fwd.hpp"

namespace asterism::serve {

/// One line of JSON. What is not UTF-8 becomes U+FFFD.
std::string to_text(const json::Value& value);

/// A token that might have stood there.
struct ShownAlternative {
  std::string text{};
  float log_probability = 0;
};

/// A token as a client sees it.
struct ShownToken {
  std::string text{};  ///< as part of the answer; for one that has no text of its own, as the vocabulary spells it
  std::optional<float> log_probability{};  ///< none for the first one of a prompt
  std::vector<ShownAlternative> best{};    ///< most probable first
  std::size_t offset = 0;                  ///< of the text in the choice's, in characters
};

/// One answer, or what a part of a stream adds to it.
struct Choice {
  std::int32_t index = 0;
  std::string text{};
  std::optional<std::vector<ShownToken>> tokens{};  ///< where log probabilities were asked for
  std::optional<FinishReason> reason{};             ///< once it has ended
};

/// What all parts of an answer begin with.
struct ResponseHead {
  bool is_chat = false;
  std::string id{};          ///< "chatcmpl-..." or "cmpl-..."
  std::int64_t created = 0;  ///< seconds since 1970
  std::string model{};
};

/// Counts of tokens of all choices together.
struct TokenCounts {
  std::int64_t prompt = 0;  ///< a prompt of several choices counts once
  std::int64_t completion = 0;
  std::int64_t cached = 0;  ///< of the prompt's: reused
};

/// "stop" for an end token or a stop text, "length" for a limit of tokens or a full context. InvalidArgument for what
/// is no end of an answer, as cancellation.
std::string_view finish_reason(FinishReason reason);

/// The body of an answer that is not streamed.
std::string completion_body(const ResponseHead& head, View<const Choice> choices, const TokenCounts& counts);

/// Parts of a stream: of a chat, the first of each choice, which has the role alone; what is new of one choice; the
/// counts at its end. `with_usage`: counts were asked for, so that other parts have null there.
std::string first_chunk(const ResponseHead& head, std::int32_t choice, bool with_usage);
std::string chunk(const ResponseHead& head, const Choice& part, bool with_usage);
std::string usage_chunk(const ResponseHead& head, const TokenCounts& counts);

/// Of /v1/models, and of /v1/models/NAME. `context`: tokens of prompt and answer together.
std::string model_list_body(std::string_view name, std::int64_t created, std::int32_t context);
std::string model_body(std::string_view name, std::int64_t created, std::int32_t context);

/// Server-sent events (WHATWG HTML, section 9.2): one with data of one line, the last one, a line that says nothing.
std::string event(std::string_view data);
inline constexpr std::string_view last_event = "data: [DONE]\n\n";
inline constexpr std::string_view comment_line = ": waiting\n\n";

}  // namespace asterism::serve

#if !defined(ASTERISM_COMPILED)
#include "asterism/serve/response_impl.hpp"
#endif
