#include "asterism/text/chat_template.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::ChatTemplate;
using text::Message;

namespace {

/// A folder of its own, removed at the end.
struct Folder {
  std::filesystem::path path;

  Folder() {
    static int count = 0;
    path = std::filesystem::temp_directory_path() /
           ("asterism_chat_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const char* name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
  }
  ChatTemplate read() const { return ChatTemplate::from_directory(path.string()); }
};

Json config(const Json& source) {
  return {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"chat_template", source}};
}

/// JSON whose members keep their order, as a template sees it.
using Ordered = nlohmann::ordered_json;

/// A message with its further fields.
Message whole_message(const Ordered& message) {
  Message out{message["role"].get<std::string>(), {}};
  Ordered fields = message;
  fields.erase("role");
  const bool has_text = message.contains("content") && message["content"].is_string();
  if (has_text) out.content = message["content"].get<std::string>();
  if (has_text) fields.erase("content");
  if (!message.contains("content")) fields["content"] = nullptr;
  if (!fields.empty()) out.fields = fields.dump();
  return out;
}

text::ChatOptions chat_options(const Ordered& options) {
  text::ChatOptions out;
  Ordered variables = Ordered::object();
  for (const auto& [name, value] : options.items()) {
    if (name == "tools") {
      out.tools = value.dump();
    } else if (name == "documents") {
      out.documents = value.dump();
    } else if (name == "add_generation_prompt") {
      out.add_generation_prompt = value.get<bool>();
    } else {
      variables[name] = value;
    }
  }
  if (!variables.empty()) out.variables = variables.dump();
  return out;
}

/// Checks that `call` throws an error of the type E whose message has `words`.
template <class E, class Call>
void check_error(const Call& call, const std::vector<const char*>& words) {
  try {
    call();
    FAIL("nothing was thrown");
  } catch (const E& error) {
    CAPTURE(error.what());
    for (const char* word : words) {
      CAPTURE(word);
      CHECK(std::string(error.what()).find(word) != std::string::npos);
    }
  }
}

std::vector<Message> messages_of(const Json& conversation) {
  std::vector<Message> messages;
  for (const Json& message : conversation) messages.push_back({message["role"], message["content"]});
  return messages;
}

}  // namespace

TEST_CASE("conversations as transformers renders and encodes them") {
  const Json golden = golden_json("chat");
  const text::Tokenizer tokenizer = golden_tokenizer("mixtral");
  for (std::size_t t = 0; t < golden["templates"].size(); ++t) {
    const Json& entry = golden["templates"][t];
    CAPTURE(entry["name"].dump());
    const Folder folder;
    folder.write("tokenizer_config.json", config(entry["source"]).dump());
    const ChatTemplate chat = folder.read();
    const bool broken = entry["name"] == "broken";
    CHECK(chat.is_supported() == !broken);
    for (std::size_t i = 0; i < golden["conversations"].size(); ++i) {
      const std::vector<Message> messages = messages_of(golden["conversations"][i]);
      CAPTURE(golden["conversations"][i].dump());
      if (broken) {
        CHECK_THROWS_AS(chat.render(messages), FormatError);
      } else if (golden["texts"][t][i].is_null()) {
        CHECK_THROWS_AS(chat.render(messages), InvalidArgument);
      } else {
        CHECK(chat.render(messages) == golden["texts"][t][i].get<std::string>());
        CHECK(encode_chat(tokenizer, chat, messages) == golden["ids"][t][i].get<std::vector<TokenId>>());
      }
    }
  }
}

TEST_CASE("tools, their calls, thinking, documents and variables as transformers renders them") {
  const Ordered golden = Ordered::parse(golden_text("chat"));
  REQUIRE(golden["calls"].size() == 15);
  for (const Ordered& call : golden["calls"]) {
    CAPTURE(call.dump());
    const auto source = golden["more templates"][call["template"].get<std::string>()].get<std::string>();
    const ChatTemplate chat = ChatTemplate::from_source(
        source, {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}, "golden");
    std::vector<Message> messages;
    for (const Ordered& message : call["messages"]) messages.push_back(whole_message(message));
    const text::ChatOptions options = chat_options(call["options"]);
    if (call["text"].is_null()) {
      check_error<InvalidArgument>([&] { chat.render(messages, options); }, {"golden", "No user message in 1"});
    } else {
      CHECK(chat.render(messages, options) == call["text"].get<std::string>());
    }
  }
}

TEST_CASE("where the template stands") {
  const Json golden = golden_json("chat");
  const auto first = golden["templates"][0]["source"].get<std::string>();
  const std::vector<Message> hello = {{"user", "Hello"}};
  const Folder folder;
  SUBCASE("a file of its own goes first") {
    folder.write("tokenizer_config.json", config("another").dump());
    folder.write("chat_template.jinja", first);
    CHECK(folder.read().render(hello) == "<s>[INST] Hello [/INST]");
  }
  SUBCASE("a list of named templates") {
    folder.write("tokenizer_config.json", config({{{"name", "tool_use"}, {"template", "with {{ tools }}"}},
                                                  {{"name", "default"}, {"template", first}},
                                                  {{"name", "rag"}, {"template", "{{ documents[0].text }}"}}})
                                              .dump());
    const ChatTemplate chat = folder.read();
    CHECK(chat.render(hello) == "<s>[INST] Hello [/INST]");
    CHECK(chat.render(hello, {.tools = "[1]"}) == "with [1]");
    CHECK(chat.render(hello, {.documents = R"([{"text": "d"}])", .template_name = "rag"}) == "d");
    check_error<InvalidArgument>([&] { chat.render(hello, {.template_name = "other"}); },
                                 {"tokenizer_config.json", "'other'", "tool_use, default, rag"});
  }
  SUBCASE("named templates as files") {
    folder.write("tokenizer_config.json", config("another").dump());
    std::filesystem::create_directories(folder.path / "additional_chat_templates");
    folder.write("additional_chat_templates/tool_use.jinja", "T{{ tools }}");
    folder.write("additional_chat_templates/notes.txt", "{%");
    check_error<InvalidArgument>([&] { folder.read().render(hello); }, {"'default'", "tool_use"});
    CHECK_FALSE(folder.read().is_supported());
    folder.write("chat_template.jinja", "D");
    CHECK(folder.read().render(hello) == "D");
    CHECK(folder.read().render(hello, {.tools = "[]"}) == "T[]");
  }
  SUBCASE("tokens as objects, and others than those of beginning and end") {
    Json object =
        config("{{ bos_token }}{{ image_token }}{{ pad_token is defined }}{{ add_bos_token is defined }}");
    object["bos_token"] = {{"__type", "AddedToken"}, {"content", "<begin>"}};
    object["image_token"] = "<image>";
    object["pad_token"] = nullptr;
    object["add_bos_token"] = true;
    folder.write("tokenizer_config.json", object.dump());
    CHECK(folder.read().render(hello) == "<begin><image>FalseFalse");
  }
}

TEST_CASE("what is missing or wrong") {
  const std::vector<Message> hello = {{"user", "Hello"}};
  const Folder folder;
  SUBCASE("no files: an error when rendering") {
    const ChatTemplate chat = folder.read();
    CHECK_FALSE(chat.is_supported());
    check_error<Unsupported>([&] { chat.render(hello); }, {"there is no chat template", "tokenizer_config.json"});
    CHECK_THROWS_AS(ChatTemplate().render(hello), Unsupported);
  }
  SUBCASE("what is not supported names file, line and construct") {
    folder.write("chat_template.jinja", "{# one #}\n{% include 'other' %}");
    check_error<Unsupported>(
        [&] { folder.read().render(hello); },
        {"chat_template.jinja: line 2 of the chat template", "{% include %}", "not supported"});
  }
  SUBCASE("what is broken names file, line and what was expected") {
    folder.write("chat_template.jinja", "{% if messages %}\n\n{{ messages }");
    CHECK_FALSE(folder.read().is_supported());
    check_error<FormatError>([&] { folder.read().render(hello); }, {"chat_template.jinja: line 3", "'}'"});
    folder.write("chat_template.jinja", "\n{{ messages[0].content.nothing.more }}");
    check_error<FormatError>([&] { folder.read().render(hello); }, {"line 2", "'str object' has no attribute"});
  }
  SUBCASE("a token that is written has to be known") {
    const auto with = [&](const Json& fields) {
      Json object = {{"chat_template", "{% if bos_token is defined %}known{% endif %}{{ bos_token }}!"}};
      object.update(fields);
      folder.write("tokenizer_config.json", object.dump());
      return folder.read().render(hello);
    };
    check_error<FormatError>([&] { with(Json::object()); }, {"bos_token", "tokenizer_config.json"});
    CHECK(with({{"bos_token", nullptr}}) == "!");
    CHECK(with({{"bos_token", "<s>"}}) == "known<s>!");
    CHECK_THROWS_AS(ChatTemplate::from_source("{{ eos_token }}", {}, "w").render(hello), FormatError);
  }
  SUBCASE("broken files") {
    for (const char* bad : {"", "[]", "{\"chat_template\":3}", "{\"chat_template\":[3]}",
                            "{\"chat_template\":[{}]}", "{\"bos_token\":3}", "{\"bos_token\":{}}"}) {
      CAPTURE(bad);
      folder.write("tokenizer_config.json", bad);
      CHECK_THROWS_AS(folder.read(), FormatError);
    }
  }
  SUBCASE("no messages, wrong roles, wrong JSON") {
    const Json golden = golden_json("chat");
    folder.write("tokenizer_config.json", config(golden["templates"][0]["source"]).dump());
    const ChatTemplate chat = folder.read();
    check_error<InvalidArgument>([&] { chat.render({}); }, {"tokenizer_config.json", "user"});
    const std::vector<Message> wrong = {{"user", "a"}, {"user", "b"}};
    check_error<InvalidArgument>([&] { chat.render(wrong); },
                                 {"refuses the conversation", "Conversation roles must alternate"});
    check_error<InvalidArgument>([&] { chat.render(hello, {.tools = "{}"}); }, {"ChatOptions::tools", "array"});
    check_error<InvalidArgument>([&] { chat.render(hello, {.variables = "{"}); },
                                 {"ChatOptions::variables", "not valid JSON"});
    const std::vector<Message> odd = {{"user", "a"}, {"user", "b", "[]"}};
    check_error<InvalidArgument>([&] { chat.render(odd); }, {"fields of message 1", "object"});
  }
}
