// BERT's vectors are those of sentence-transformers, and everything else is refused by name.
#include "asterism/encode/bert_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/encode/concept.hpp"
#include "asterism/file/path.hpp"
#include "asterism/parallel/threads.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "laws/encoder_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using encode::BertEncoder;
using test::check_error;
using test::golden_model;
using test::TemporaryFolder;

static_assert(encode::TextEncoder<BertEncoder>);

namespace {

using Json = nlohmann::json;

Json golden() {
  return Json::parse(file::read_file(std::string(ASTERISM_GOLDEN_DIR) + "/expected/bert.json", 1U << 20U));
}

backend::Arena& arena() {
  static backend::Arena memory(0, 1_GiB);
  return memory;
}

/// The golden folder, changed.
class Changed {
 public:
  Changed() { std::filesystem::copy(golden_model("bert"), path(), std::filesystem::copy_options::recursive); }
  std::string path() const { return folder_.path() + "/bert"; }
  void json(const std::string& name, const std::function<void(Json&)>& change) const {
    Json document = Json::parse(file::read_file(path() + "/" + name, 1U << 20U));
    change(document);
    write(name, document.dump());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path() + "/" + name, std::ios::binary) << text;
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path() + "/" + name); }
  void tensors(const std::function<void(test::EditedCheckpoint&)>& change) const {
    test::EditedCheckpoint edited(path());
    change(edited);
    edited.write(path());
  }
  std::uint64_t fingerprint() const { return BertEncoder(path(), arena()).fingerprint(); }

 private:
  TemporaryFolder folder_;
};

template <class E>
void refused(const std::string& name, const std::function<void(Json&)>& change,
             std::initializer_list<std::string_view> said) {
  const Changed folder;
  folder.json(name, change);
  check_error<E>([&] { BertEncoder(folder.path(), arena()); }, said);
}

}  // namespace

TEST_CASE("a BERT obeys the laws of encoders, with any number of threads") {
  laws::text_encoder(BertEncoder(golden_model("bert"), arena()));
  parallel::Threads threads(3);
  const BertEncoder encoder(golden_model("bert"), arena(), parallel::ExecutionRef(threads));
  laws::text_encoder(encoder);
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back("Salt Dancer guard " + std::to_string(i));
  CHECK(laws::vectors_of(encoder, texts) == laws::vectors_of(BertEncoder(golden_model("bert"), arena()), texts));
}

TEST_CASE("tokens and vectors are those of sentence-transformers") {
  const BertEncoder encoder(golden_model("bert"), arena());
  CHECK(encoder.dim() == 32);
  CHECK(encoder.config().tokens == 48);
  const Json entries = golden()["texts"];
  std::vector<std::string> texts;
  for (const Json& entry : entries) texts.push_back(entry["text"].get<std::string>());
  const std::vector<float> vectors = laws::vectors_of(encoder, texts);
  double worst = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CAPTURE(entries[i]["text"].dump());
    const auto ids = entries[i]["ids"].get<std::vector<TokenId>>();
    const std::vector<TokenId> tokens = encoder.tokens_of(texts[i]);
    CHECK(tokens.size() == std::min<std::size_t>(ids.size(), 48));
    CHECK(std::equal(tokens.begin(), tokens.end() - 1, ids.begin()));
    CHECK(tokens.back() == ids.back());
    for (std::size_t c = 0; c < 32; ++c) {
      worst = std::max(worst, std::fabs(double{vectors[i * 32 + c]} - entries[i]["vector"][c].get<double>()));
    }
  }
  MESSAGE("largest difference from sentence-transformers: ", worst);
  CHECK(worst < 1e-5);
}

TEST_CASE("all memory is drawn from the arena, and given back") {
  backend::Arena exact(0, BertEncoder::bytes(golden_model("bert")));
  {
    const BertEncoder encoder(golden_model("bert"), exact);
    CHECK(exact.used() == exact.budget());
  }
  CHECK(exact.used() == Bytes{0});
  backend::Arena small(0, Bytes{exact.budget().count - 64});
  CHECK_THROWS_AS(BertEncoder(golden_model("bert"), small), BudgetExceeded);
}

TEST_CASE("published files, older and newer, are read") {
  const std::uint64_t same = BertEncoder(golden_model("bert"), arena()).fingerprint();
  Changed older;
  older.json("modules.json", [](Json& modules) {
    modules[0]["type"] = "sentence_transformers.models.Transformer";
    modules[1]["type"] = "sentence_transformers.models.Pooling";
    modules[2]["type"] = "sentence_transformers.models.Normalize";
  });
  older.write("1_Pooling/config.json", R"({"word_embedding_dimension": 32, "pooling_mode_cls_token": false,
    "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false})");
  older.remove("2_Normalize");
  older.remove("tokenizer_config.json");
  older.remove("config_sentence_transformers.json");
  older.tensors([](test::EditedCheckpoint& edited) {
    edited.tensors["embeddings.position_ids"] = {checkpoint::DType::i64, {1, 64}, std::string(512, '\0')};
    edited.tensors.erase("pooler.dense.weight");
    edited.tensors.erase("pooler.dense.bias");
  });
  CHECK(older.fingerprint() == same);
  // Without a Normalize vectors are units all the same.
  older.json("modules.json", [](Json& modules) { modules.erase(2); });
  laws::vectors_are_units(BertEncoder(older.path(), arena()));
}

TEST_CASE("where the limit of tokens stands") {
  Changed folder;
  const auto limit = [&] { return BertEncoder(folder.path(), arena()).config().tokens; };
  folder.json("sentence_bert_config.json", [](Json& file) { file["max_seq_length"] = 10; });
  CHECK(limit() == 10);
  CHECK(BertEncoder(folder.path(), arena()).tokens_of("the experts of the model rest in slower memory").size() ==
        10);
  folder.remove("sentence_bert_config.json");
  folder.json("tokenizer_config.json", [](Json& file) { file["model_max_length"] = 20; });
  CHECK(limit() == 20);
  folder.json("tokenizer_config.json", [](Json& file) { file["model_max_length"] = 1e30; });
  CHECK(limit() == 64);
  folder.remove("tokenizer_config.json");
  CHECK(limit() == 64);
}

TEST_CASE("another architecture, activation, module or way of pooling is refused by name") {
  const auto set = [](const char* key, Json value) { return [=](Json& file) { file[key] = value; }; };
  refused<Unsupported>("config.json", set("model_type", "roberta"), {"config.json", "'roberta'", "'bert'"});
  refused<Unsupported>("config.json", set("hidden_act", "gelu_new"), {"'hidden_act'", "gelu_new"});
  refused<Unsupported>("config.json", set("position_embedding_type", "relative_key"),
                       {"relative_key", "absolute"});
  refused<Unsupported>("config.json", set("is_decoder", true), {"'is_decoder'"});
  refused<Unsupported>("config.json", set("quantization_config", {{"bits", 4}}), {"'quantization_config'"});
  refused<FormatError>("config.json", set("num_attention_heads", 5), {"hidden_size 32", "5"});
  refused<FormatError>("config.json", set("hidden_size", nullptr), {"hidden_size"});
  refused<Unsupported>("modules.json", [](Json& file) { file[1]["type"] = "sentence_transformers.models.Dense"; },
                       {"module 1", "Dense"});
  refused<Unsupported>("modules.json", [](Json& file) { file[0]["type"] = "my.models.Transformer"; },
                       {"my.models"});
  refused<Unsupported>("modules.json", [](Json& file) { file.push_back(file[2]); }, {"module 3"});
  refused<Unsupported>("modules.json", [](Json& file) { file.erase(2), file.erase(1); }, {"1 modules"});
  refused<Unsupported>("1_Pooling/config.json", set("pooling_mode", "cls"), {"'pooling_mode'", "cls"});
  refused<Unsupported>("1_Pooling/config.json", set("pooling_mode_max_tokens", true), {"pooling_mode_max_tokens"});
  refused<Unsupported>("1_Pooling/config.json", set("embedding_dimension", 31), {"'embedding_dimension'", "31"});
  refused<Unsupported>("1_Pooling/config.json", set("pooling_mode_of_mine", true), {"pooling_mode_of_mine"});
  refused<FormatError>("1_Pooling/config.json", [](Json& file) { file.erase("pooling_mode"); }, {"mean_tokens"});
  refused<Unsupported>("sentence_bert_config.json", set("do_lower_case", true), {"'do_lower_case'"});
  refused<Unsupported>("sentence_bert_config.json", set("prompt", "x"), {"prompt"});
  refused<FormatError>("sentence_bert_config.json", set("max_seq_length", 65), {"65", "64 positions"});
  refused<Unsupported>("config_sentence_transformers.json", set("default_prompt_name", "query"), {"prompts"});
  refused<Unsupported>("tokenizer.json", set("post_processor", nullptr), {"0 tokens"});
  refused<FormatError>("config.json", set("vocab_size", 650), {"embeddings.word_embeddings.weight", "(650, 32)"});
}

TEST_CASE("tensors that are missing, of another shape or unknown are refused by name") {
  const auto bad = [](const std::function<void(test::EditedCheckpoint&)>& change) {
    const Changed folder;
    folder.tensors(change);
    return test::message_of<Error>([&] { BertEncoder(folder.path(), arena()); });
  };
  using test::EditedCheckpoint;
  const char* name = "encoder.layer.1.output.dense.bias";
  CHECK(bad([&](EditedCheckpoint& edited) { edited.tensors.erase(name); }).find(name) != std::string::npos);
  CHECK(bad([&](EditedCheckpoint& edited) {
          edited.tensors["encoder.layer.2.x"] = edited.tensors[name];
        }).find("encoder.layer.2.x' is none of a BERT's") != std::string::npos);
  CHECK(bad([&](EditedCheckpoint& edited) { edited.set<float>(name, 3, std::nanf("")); }).find(name) !=
        std::string::npos);
}

TEST_CASE("fingerprints tell weights, sizes, tokenizers and limits apart") {
  const std::uint64_t same = BertEncoder(golden_model("bert"), arena()).fingerprint();
  const auto differs = [&](const std::string& name, const std::function<void(Json&)>& change) {
    const Changed folder;
    folder.json(name, change);
    CHECK(folder.fingerprint() != same);
  };
  CHECK(Changed().fingerprint() == same);
  differs("config.json", [](Json& file) { file["layer_norm_eps"] = 1e-5; });
  differs("config.json", [](Json& file) { file["num_attention_heads"] = 8; });
  differs("sentence_bert_config.json", [](Json& file) { file["max_seq_length"] = 47; });
  differs("tokenizer.json", [](Json& file) { file["normalizer"]["lowercase"] = false; });
  const Changed folder;
  folder.tensors([](test::EditedCheckpoint& edited) {
    edited.set<float>("encoder.layer.1.attention.self.key.weight", 1023, 0.125F);
  });
  CHECK(folder.fingerprint() != same);
}

TEST_CASE("hidden states that are not finite are a named error") {
  const Changed folder;
  folder.tensors([](test::EditedCheckpoint& edited) {
    for (std::size_t i = 0; i < 32; ++i) edited.set<float>("encoder.layer.1.output.LayerNorm.weight", i, 3e38F);
  });
  const BertEncoder encoder(folder.path(), arena());
  check_error<NumericError>([&] { laws::vectors_of(encoder, {"the experts"}); }, {"not finite"});
}

TEST_CASE("MiniLM itself, where ASTERISM_MINILM names its folder") {
  const char* path = std::getenv("ASTERISM_MINILM");
  if (path == nullptr) {
    MESSAGE("skipped: ASTERISM_MINILM names no folder with all-MiniLM-L6-v2");
    return;
  }
  parallel::Threads threads;
  const BertEncoder encoder(path, arena(), parallel::ExecutionRef(threads));
  CHECK(encoder.dim() == 384);
  laws::text_encoder(encoder);
  // What sentence-transformers 6.2.0 says of these, made by tests/golden/make_bert.py.
  const Json entries = golden()["minilm"];
  double worst = 0;
  for (const Json& entry : entries) {
    const std::vector<float> vector = laws::vectors_of(encoder, {entry["text"].get<std::string>()});
    for (std::size_t c = 0; c < entry["vector"].size(); ++c) {
      worst = std::max(worst, std::fabs(double{vector[c]} - entry["vector"][c].get<double>()));
    }
  }
  MESSAGE("largest difference from sentence-transformers: ", worst);
  CHECK(worst < 1e-5);
}
