// Bodies of gguf_tokenizer_keys.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/keys.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/gguf_tokenizer_keys.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/table_file.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"
#include "asterism/text/token_table.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::generate {

namespace detail {

inline constexpr std::uint64_t max_tokenizer_bytes = std::uint64_t{64} << 20U;

/// A component without what decides about no id and no text: offsets, and sequences of one.
ASTERISM_INLINE json::Value canonical(const json::Value& component, bool decodes) {
  if (!component.is_object()) return component;
  json::Value out = component;
  for (const char* list : {"normalizers", "pretokenizers", "decoders"}) {
    if (!out.contains(list)) continue;
    for (json::Value& one : out[list]) one = canonical(one, decodes);
    if (out[list].size() == 1) return out[list][0];
  }
  if (out.value("type", "") != "ByteLevel") return out;
  out.erase("trim_offsets");
  if (decodes) return {{"type", "ByteLevel"}};
  if (!out.contains("use_regex")) out["use_regex"] = true;
  return out;
}

/// Makes a table of a tokenizer.json.
class TokenizerConversion {
 public:
  TokenizerConversion(const std::string& folder, const checkpoint::ModelConfig& config)
      : path_(folder + "/tokenizer.json"),
        bytes_(file::read_file(path_, max_tokenizer_bytes)),
        file_(text::read_tokenizer_file(bytes_, path_)),
        tokenizer_(text::Tokenizer::from_json(bytes_, path_)),
        config_(config) {
    file_.rules.for_each([&](std::string_view left, std::string_view right) { rules_.emplace_back(left, right); });
    read_tokens();
    read_ends();
    const json::Value& model = json::require_object(file_.document, "model", path_);
    const bool pieces = json::optional_bool(model, "byte_fallback", path_).value_or(false);
    pieces ? read_pieces() : read_words();
  }

  void add(checkpoint::GgufKeys& keys) const {
    const bool pieces = table_.model == text::TokenTable::Model::sentence_pieces;
    keys.add("tokenizer.ggml.model", pieces ? "llama" : "gpt2");
    keys.add("tokenizer.ggml.pre", pieces ? "default" : table_.pre_tokenizer);
    keys.add("tokenizer.ggml.tokens", tokens_);
    std::vector<std::int32_t> kinds;
    for (const auto kind : table_.kinds) kinds.push_back(static_cast<std::int32_t>(kind));
    keys.add("tokenizer.ggml.token_type", kinds);
    if (pieces) {
      keys.add("tokenizer.ggml.scores", table_.scores);
      if (table_.unknown) keys.add("tokenizer.ggml.unknown_token_id", static_cast<std::uint32_t>(*table_.unknown));
      keys.add("tokenizer.ggml.add_space_prefix", table_.add_space_prefix);
    } else {
      keys.add("tokenizer.ggml.merges", merges_);
    }
    keys.add("tokenizer.ggml.add_bos_token", table_.add_begin);
    keys.add("tokenizer.ggml.add_eos_token", table_.add_end);
  }

 private:
  using Kind = text::TokenTable::Kind;

  [[noreturn]] void refuse(const std::string& what) const {
    throw Unsupported(concat(path_, ": ", what, ", which GGUF does not express: leave the tokenizer out"));
  }

  void read_tokens() {
    const std::size_t count = tokenizer_.vocabulary_size();
    const auto all = static_cast<std::size_t>(config_.shape.vocabulary);
    if (count > all) refuse(concat("there are ", count, " tokens, more than the ", all, " of the model"));
    for (std::size_t id = 0; id < all; ++id) {
      std::string token(id < count ? tokenizer_.id_to_token(static_cast<TokenId>(id)) : std::string_view());
      table_.kinds.push_back(token.empty() ? Kind::unused : Kind::normal);
      tokens_.push_back(token.empty() ? concat("[PAD", id, "]") : std::move(token));
    }
    if (const json::Value* added = json::optional_array(file_.document, "added_tokens", path_)) {
      for (const json::Value& token : *added) {
        const auto id =
            static_cast<std::size_t>(json::require_integer(token, "id", path_, 0, config_.shape.vocabulary - 1));
        for (const std::string_view flag : {"lstrip", "rstrip", "single_word"}) {
          if (json::require_bool(token, flag, path_)) refuse(concat("added token ", id, " has ", flag));
        }
        const json::Value* normalizer = json::find_field(file_.document, "normalizer", path_);
        if (normalizer != nullptr && !normalizer->is_null() && json::require_bool(token, "normalized", path_)) {
          refuse(concat("added token ", id, " is looked for in normalized text"));
        }
        table_.kinds[id] = json::require_bool(token, "special", path_) ? Kind::control : Kind::user_defined;
      }
    }
    table_.tokens.assign(tokens_.begin(), tokens_.end());
  }

  /// What stands around a text.
  void read_ends() {
    table_.begin = config_.bos;
    if (!config_.eos.empty()) table_.end = config_.eos.front();
    const std::vector<TokenId> around = tokenizer_.encode("");
    if (around.empty()) return;
    if (around.size() > 1) refuse(concat(around.size(), " tokens stand around a text"));
    const std::vector<TokenId> text = tokenizer_.encode("a");
    const bool before = text.front() == around.front();
    (before ? table_.add_begin : table_.add_end) = true;
    if (around.front() == (before ? table_.begin : table_.end)) return;
    refuse(concat("token ", around.front(), " stands around a text, and config.json has another"));
  }

  void read_words() {
    for (const auto& [left, right] : rules_) merges_.push_back(concat(left, " ", right));
    table_.merges.assign(merges_.begin(), merges_.end());
    Difference least;
    for (const std::string_view pre : {"gpt-2", "qwen2", "llama-bpe"}) {
      table_.pre_tokenizer = pre;
      if (is_same(least)) return;
    }
    refuse(least.what);
  }

  void read_pieces() {
    table_.model = text::TokenTable::Model::sentence_pieces;
    const json::Value& model = json::require_object(file_.document, "model", path_);
    if (const auto unknown = json::optional_string(model, "unk_token", path_)) {
      table_.unknown = tokenizer_.token_to_id(*unknown);
      if (table_.unknown) table_.kinds[static_cast<std::size_t>(*table_.unknown)] = Kind::unknown;
    }
    constexpr float unmerged = -1e6F;
    table_.scores.assign(tokens_.size(), unmerged);
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      const std::string& token = tokens_[id];
      if (token.size() == 6 && token.starts_with("<0x") && token.back() == '>') table_.kinds[id] = Kind::byte;
      if (table_.kinds[id] != Kind::normal) table_.scores[id] = 0;
    }
    for (std::size_t i = rules_.size(); i-- > 0;) {  // the first rule of a token decides
      const auto id = tokenizer_.token_to_id(rules_[i].first + rules_[i].second);
      if (id) table_.scores[static_cast<std::size_t>(*id)] = -1 - static_cast<float>(i);
    }
    Difference least;
    for (const bool prefix : {true, false}) {
      table_.add_space_prefix = prefix;
      if (is_same(least)) return;
    }
    refuse(least.what);
  }

  /// What of the tokenizer a table does not say.
  struct Difference {
    int agreeing = -1;  ///< parts before it
    std::string what;
  };

  /// Whether the table says the same as the file; if not, `least` becomes the difference that comes last.
  bool is_same(Difference& least) const {
    const text::TokenizerFile made = text::tokenizer_file_of(table_, path_);
    int agreeing = 0;
    const auto compare = [&](bool same, const std::string& what) {
      if (same) ++agreeing;
      if (!same && agreeing > least.agreeing) least = {agreeing, what};
      return same;
    };
    const auto component = [](const json::Value& document, const char* name) {
      return canonical(document.contains(name) ? document[name] : json::Value(nullptr),
                       std::string_view(name) == "decoder");
    };
    for (const char* name : {"normalizer", "pre_tokenizer", "decoder"}) {
      const json::Value own = component(file_.document, name);
      if (!compare(own == component(made.document, name), concat("its ", name, " is ", printable(own.dump()))))
        return false;
    }
    const auto whole_words = [](const json::Value& document) {
      return document["model"].value("ignore_merges", false);
    };
    if (!compare(whole_words(file_.document) == whole_words(made.document), "its ignore_merges is another"))
      return false;
    std::size_t i = 0;
    bool same = true;
    made.rules.for_each([&](std::string_view left, std::string_view right) {
      same = same && i < rules_.size() && rules_[i].first == left && rules_[i].second == right;
      ++i;
    });
    return compare(same && i == rules_.size(), "its merges do not follow from scores of its tokens");
  }

  std::string path_;
  std::string bytes_;
  text::TokenizerFile file_;
  text::Tokenizer tokenizer_;
  const checkpoint::ModelConfig& config_;
  std::vector<std::pair<std::string, std::string>> rules_;
  std::vector<std::string> tokens_;
  std::vector<std::string> merges_;
  text::TokenTable table_;
};

/// The text of a folder's chat template, or nothing.
ASTERISM_INLINE std::optional<std::string> chat_template_of(const std::string& folder) {
  const std::string jinja = folder + "/chat_template.jinja";
  if (file::path_kind(jinja) != file::PathKind::missing) return file::read_file(jinja, max_tokenizer_bytes);
  const std::string path = folder + "/tokenizer_config.json";
  if (file::path_kind(path) == file::PathKind::missing) return std::nullopt;
  const json::Value config = json::parse(file::read_file(path, max_tokenizer_bytes), path);
  json::check_object(config, "the document", path);
  const json::Value* field = json::find_field(config, "chat_template", path);
  if (field == nullptr) return std::nullopt;
  if (!field->is_array()) return json::to_text(*field, "chat_template", path);
  for (const json::Value& named : *field) {
    if (json::require_string(named, "name", path) == "default")
      return json::require_string(named, "template", path);
  }
  return std::nullopt;
}

}  // namespace detail

ASTERISM_INLINE void add_gguf_tokenizer(checkpoint::GgufKeys& keys, const std::string& folder,
                                        const checkpoint::ModelConfig& config) {
  detail::TokenizerConversion(folder, config).add(keys);
  if (const auto source = detail::chat_template_of(folder)) keys.add("tokenizer.chat_template", *source);
}

}  // namespace asterism::generate
