// Fuzz target: any bytes as a chat template, rendered with a conversation that has tools and their calls. Only
// asterism::Error may be thrown, within bounded time and memory.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/text/chat_template.hpp"

using namespace asterism;
using namespace asterism::text;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > (1U << 16U)) return 0;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const std::vector<Message> messages = {
      {"system", "Be brief."},
      {"user", " How is it in \xE5\x8C\x97\xE4\xBA\xAC?\n", R"({"name": "Ann"})"},
      {"assistant", "",
       R"({"tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, 2.5, null, true]}}}]})"},
      {"tool", "{\"t\": 20}", R"({"tool_call_id": "1"})"},
      {"assistant", "<think>\nso\n</think>\n20", R"({"reasoning_content": "so"})"},
      {"user", "", R"({"content": [{"type": "text", "text": "a"}, {"type": "image"}]})"}};
  const ChatOptions options{
      .tools = R"([{"type": "function", "function": {"name": "f", "parameters": {"a": {}}}}])",
      .documents = R"([{"title": "t", "text": "d"}])",
      .variables = R"({"enable_thinking": false, "n": 3, "f": 1e300})"};
  try {
    const ChatTemplate chat =
        ChatTemplate::from_source(source, {{"bos_token", "<s>"}, {"eos_token", "</s>"}}, "fuzz");
    static_cast<void>(chat.render(messages, options));
  } catch (const Error&) {
  }
  return 0;
}
