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
    CHECK(chat.is_supported() == entry["recognised"].get<bool>());
    for (std::size_t i = 0; i < golden["conversations"].size(); ++i) {
      const std::vector<Message> messages = messages_of(golden["conversations"][i]);
      CAPTURE(golden["conversations"][i].dump());
      if (!chat.is_supported()) {
        CHECK_THROWS_AS(chat.render(messages), Unsupported);
      } else if (golden["texts"][t][i].is_null()) {
        CHECK_THROWS_AS(chat.render(messages), InvalidArgument);
      } else {
        CHECK(chat.render(messages) == golden["texts"][t][i].get<std::string>());
        CHECK(encode_chat(tokenizer, chat, messages) == golden["ids"][t][i].get<std::vector<TokenId>>());
      }
    }
  }
}

TEST_CASE("where the template stands") {
  const Json golden = golden_json("chat");
  const auto first = golden["templates"][0]["source"].get<std::string>();
  const std::vector<Message> hello = {{"user", "Hello"}};
  SUBCASE("a file of its own goes first") {
    const Folder folder;
    folder.write("tokenizer_config.json", config("another").dump());
    folder.write("chat_template.jinja", first);
    CHECK(folder.read().render(hello) == "<s>[INST] Hello [/INST]");
  }
  SUBCASE("a list of named templates") {
    const Folder folder;
    folder.write("tokenizer_config.json", config({{{"name", "tool_use"}, {"template", "other"}},
                                                  {{"name", "default"}, {"template", first}}})
                                              .dump());
    CHECK(folder.read().render(hello) == "<s>[INST] Hello [/INST]");
  }
  SUBCASE("tokens as objects") {
    const Folder folder;
    Json object = config(first);
    object["bos_token"] = {{"__type", "AddedToken"}, {"content", "<begin>"}};
    folder.write("tokenizer_config.json", object.dump());
    CHECK(folder.read().render(hello) == "<begin>[INST] Hello [/INST]");
  }
}

TEST_CASE("what is missing or wrong") {
  const Json golden = golden_json("chat");
  const Json first = golden["templates"][0]["source"];
  const std::vector<Message> hello = {{"user", "Hello"}};
  SUBCASE("no files: an error when rendering, which says what is supported") {
    const Folder folder;
    const ChatTemplate chat = folder.read();
    CHECK_FALSE(chat.is_supported());
    try {
      static_cast<void>(chat.render(hello));
      FAIL("rendered");
    } catch (const Unsupported& error) {
      const std::string message = error.what();
      CHECK(message.find("there is no chat template") != std::string::npos);
      CHECK(message.find("Mixtral-8x7B-Instruct-v0.1") != std::string::npos);
      CHECK(message.find("tokenizer_config.json") != std::string::npos);
    }
  }
  SUBCASE("another template names its file") {
    const Folder folder;
    folder.write("chat_template.jinja", "{{ messages }}");
    try {
      static_cast<void>(folder.read().render(hello));
      FAIL("rendered");
    } catch (const Unsupported& error) {
      CHECK(std::string(error.what()).find("chat_template.jinja: this chat template is not supported") !=
            std::string::npos);
    }
  }
  SUBCASE("no texts of the tokens") {
    const Folder folder;
    folder.write("tokenizer_config.json", Json{{"chat_template", first}}.dump());
    CHECK_THROWS_AS(folder.read().render(hello), FormatError);
  }
  SUBCASE("broken files") {
    const Folder folder;
    for (const char* bad : {"", "[]", "{\"chat_template\":3}", "{\"chat_template\":[3]}",
                            "{\"chat_template\":[{}]}", "{\"bos_token\":3}", "{\"bos_token\":{}}"}) {
      CAPTURE(bad);
      folder.write("tokenizer_config.json", bad);
      CHECK_THROWS_AS(folder.read(), FormatError);
    }
  }
  SUBCASE("no messages, wrong roles") {
    const Folder folder;
    folder.write("tokenizer_config.json", config(first).dump());
    const ChatTemplate chat = folder.read();
    CHECK_THROWS_AS(chat.render({}), InvalidArgument);
    const std::vector<Message> wrong = {{"user", "a"}, {"user", "b"}};
    try {
      static_cast<void>(chat.render(wrong));
      FAIL("rendered");
    } catch (const InvalidArgument& error) {
      CHECK(std::string(error.what()).find("message 1 has the role 'user', expected 'assistant'") !=
            std::string::npos);
    }
  }
}
