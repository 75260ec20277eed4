// Tokenizers written to the metadata of GGUF files are read back as the same.
#include "asterism/generate/gguf_tokenizer_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/keys.hpp"
#include "asterism/checkpoint/gguf/writer.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/gguf_chat_source.hpp"
#include "asterism/generate/checkpoint_extras.hpp"
#include "asterism/generate/gguf_tokenizer.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/table_file.hpp"
#include "asterism/text/token_table.hpp"
#include "asterism/text/tokenizer.hpp"

#include "support/files.hpp"

using namespace asterism;
using test::check_error;
using test::TemporaryFolder;
using test::write_file;

namespace {

json::Value golden(const std::string& name) {
  const std::string path = std::string(ASTERISM_GOLDEN_DIR) + "/text/" + name + ".json";
  return json::parse(file::read_file(path, 1U << 20U), path);
}

/// The tokenizer.json of a table of sentence pieces.
json::Value pieces() {
  const json::Value golden_pieces = golden("pieces");
  const auto tokens = golden_pieces["tokens"].get<std::vector<std::string>>();
  text::TokenTable table{.model = text::TokenTable::Model::sentence_pieces, .unknown = 0, .begin = 1, .end = 2};
  table.tokens.assign(tokens.begin(), tokens.end());
  for (const json::Value& type : golden_pieces["types"]) {
    table.kinds.push_back(static_cast<text::TokenTable::Kind>(type.get<int>()));
  }
  table.scores = golden_pieces["scores"].get<std::vector<float>>();
  table.add_begin = true;
  text::TokenizerFile file = text::tokenizer_file_of(table, "pieces");
  for (std::size_t id = 0; id < tokens.size(); ++id) file.document["model"]["vocab"][tokens[id]] = id;
  file.rules.for_each([&](std::string_view left, std::string_view right) {
    file.document["model"]["merges"].push_back(json::Value::array({left, right}));
  });
  return file.document;
}

struct Written {
  text::Tokenizer expected;
  text::Tokenizer found;
  std::string chat;
};

/// The tokenizer of a file made of a tokenizer.json.
Written write(const json::Value& document, checkpoint::ModelConfig config) {
  const TemporaryFolder folder;
  write_file(folder / "tokenizer.json", document.dump());
  write_file(folder / "tokenizer_config.json", R"({"chat_template":[{"name":"default","template":"{{ x }}"}]})");
  checkpoint::GgufKeys keys;
  config.shape.vocabulary = 1000;
  generate::add_gguf_tokenizer(keys, folder.path(), config);
  if (config.bos) keys.add("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(*config.bos));
  if (!config.eos.empty()) keys.add("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(config.eos.front()));
  checkpoint::GgufWriter(folder / "m.gguf", keys, {}).finish();
  const checkpoint::GgufStore store(folder / "m.gguf");
  return {text::Tokenizer::from_file(folder / "tokenizer.json"),
          generate::gguf_tokenizer(store.metadata()).value(),
          generate::gguf_chat_source(store.metadata()).value().source};
}

checkpoint::ModelConfig with_ids(std::optional<TokenId> begin, std::vector<TokenId> ends) {
  checkpoint::ModelConfig config;
  config.bos = begin;
  config.eos = std::move(ends);
  return config;
}

void check_same(const json::Value& document, const checkpoint::ModelConfig& config) {
  const Written written = write(document, config);
  CHECK(written.chat == "{{ x }}");
  CHECK(written.found.vocabulary_size() == written.expected.vocabulary_size());
  const json::Value strings = golden("strings");
  for (const auto& group : strings.items()) {
    if (group.key() == "bytes" || group.key() == "long") continue;
    for (const json::Value& entry : group.value()) {
      const auto text = entry.get<std::string>();
      CAPTURE(text);
      const std::vector<TokenId> ids = written.expected.encode(text);
      CHECK(written.found.encode(text) == ids);
      CHECK(written.found.decode(ids) == written.expected.decode(ids));
    }
  }
}

}  // namespace

TEST_CASE("byte-level tokenizers and sentence pieces stay what they are") {
  check_same(golden("qwen"), with_ids({}, {802}));
  check_same(golden("llama3"), with_ids(900, {901}));
  check_same(golden("gpt2"), with_ids({}, {700}));
  check_same(pieces(), with_ids(1, {2, 3}));
}

TEST_CASE("what GGUF does not express is refused by name") {
  const auto refused = [](const json::Value& document, const checkpoint::ModelConfig& config,
                          std::string_view words) {
    check_error<Unsupported>([&] { write(document, config); },
                             {"tokenizer.json", words, "leave the tokenizer out"});
  };
  refused(golden("mixtral"), with_ids(1, {2}), "its merges do not follow from scores");
  refused(golden("metaspace"), with_ids(1, {2}), "its ");
  json::Value changed = golden("qwen");
  changed["normalizer"] = {{"type", "NFD"}};
  refused(changed, with_ids({}, {}), "normalizer");
  changed = golden("qwen");
  changed["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "a";
  refused(changed, with_ids({}, {}), "pre_tokenizer");
  changed = golden("llama3");
  changed["model"]["ignore_merges"] = false;
  refused(changed, with_ids(900, {}), "ignore_merges");
  refused(golden("llama3"), with_ids(5, {}), "token 900 stands around a text");
  changed = golden("qwen");
  changed["added_tokens"][0]["lstrip"] = true;
  refused(changed, with_ids({}, {}), "lstrip");
}

TEST_CASE("a conversation has the tokens that it has by the folder's tokenizer and chat template") {
  const TemporaryFolder folder;
  const json::Value document = golden("qwen");
  write_file(folder / "tokenizer.json", document.dump());
  const std::string chat = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}";
  json::Value config = {{"chat_template", chat}};
  for (const json::Value& token : document["added_tokens"]) {
    if (token["id"] == 802) config["eos_token"] = token["content"];
  }
  REQUIRE(config.contains("eos_token"));
  write_file(folder / "tokenizer_config.json", config.dump());
  checkpoint::ModelConfig model = with_ids({}, {802});
  model.shape.vocabulary = 1000;
  checkpoint::GgufKeys keys;
  generate::add_gguf_tokenizer(keys, folder.path(), model);
  keys.add("tokenizer.ggml.eos_token_id", std::uint32_t{802});
  checkpoint::GgufWriter(folder / "m.gguf", keys, {}).finish();
  const std::vector<text::Message> messages{{"user", "Who lit it?"}, {"assistant", "Nell."}};
  const std::vector<TokenId> found = CheckpointExtras::read(folder / "m.gguf", model).encode_chat(messages);
  CHECK(found == CheckpointExtras::read(folder.path(), model).encode_chat(messages));
  CHECK(found.back() == 802);
}
