// Bodies of table_file.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/table_file.hpp"
#include "asterism/text/detail/utf8.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

namespace detail {

struct PreTokenizerFacts {
  std::string_view name;
  std::string_view pattern;  ///< empty: ByteLevel's own
  bool normal_form = false;  ///< NFC goes before
  bool whole_words = false;  ///< a word that is a token is not merged
};

/// Source: tokenizer.json of GPT-2, Qwen2 and Llama 3; llama.cpp, `LLAMA_VOCAB_PRE_TYPE_*`.
inline constexpr PreTokenizerFacts pre_tokenizers[] = {
    {"gpt-2", ""},
    {"qwen2",
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
     "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
     "|\\s+(?!\\S)|\\s+",
     true},
    {"llama-bpe",
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
     "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     false, true},
};

/// Builds the file of one table.
class TableFile {
 public:
  TableFile(const TokenTable& table, std::string_view where) : table_(table), where_(where) {}

  TokenizerFile build() {
    check();
    add_tokens();
    const bool pieces = table_.model == TokenTable::Model::sentence_pieces;
    json::Value& document = file_.document;
    document = json::Value::object();
    document["model"] = model();
    document["added_tokens"] = added_;
    pieces ? piece_parts(document) : byte_parts(document);
    document["post_processor"] = post_processor();
    pieces ? merge_pieces() : merge_words();
    return std::move(file_);
  }

 private:
  using Kind = TokenTable::Kind;

  [[noreturn]] void fail(const std::string& what) const { throw FormatError(concat(where_, ": ", what)); }

  Kind kind(std::size_t id) const { return table_.kinds.empty() ? Kind::normal : table_.kinds[id]; }
  bool is_special(std::size_t id) const {
    const auto is = [&](const std::optional<TokenId>& one) { return one && static_cast<std::size_t>(*one) == id; };
    return kind(id) == Kind::control || kind(id) == Kind::unknown || is(table_.begin) || is(table_.end);
  }
  bool is_added(std::size_t id) const { return is_special(id) || kind(id) == Kind::user_defined; }
  bool is_absent(std::size_t id) const {
    return kind(id) == Kind::unused && table_.tokens[id] == concat("[PAD", id, "]");
  }

  void check() const {
    const std::size_t count = table_.tokens.size();
    const auto check_count = [&](std::size_t found, std::string_view what) {
      if (found != count)
        fail(concat("there are ", found, " ", what, " of ", count, " tokens, expected one of each"));
    };
    if (!table_.kinds.empty()) check_count(table_.kinds.size(), "types");
    if (table_.model == TokenTable::Model::sentence_pieces) check_count(table_.scores.size(), "scores");
    for (const auto& id : {table_.unknown, table_.begin, table_.end}) {
      if (id && (*id < 0 || static_cast<std::size_t>(*id) >= count)) {
        fail(concat("the special token ", *id, " is none of the ", count, " tokens"));
      }
    }
    for (std::size_t id = 0; id < count; ++id) {
      if (!is_valid_utf8(table_.tokens[id])) {
        fail(concat("token ", id, " '", printable(table_.tokens[id], 60), "' is not UTF-8"));
      }
    }
    for (const float score : table_.scores) {
      if (score != score) fail("a score is NaN");
    }
  }

  void add_tokens() {
    added_ = json::Value::array();
    for (std::size_t id = 0; id < table_.tokens.size(); ++id) {
      if (is_absent(id)) continue;
      file_.tokens.add(table_.tokens[id], static_cast<TokenId>(id));
      if (!is_added(id)) continue;
      if (added_.size() == max_settings / 8) fail(concat("more than ", max_settings / 8, " added tokens"));
      json::Value& token = added_.emplace_back(json::Value::object());
      token["id"] = id;
      token["content"] = table_.tokens[id];
      for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) token[flag] = false;
      token["special"] = is_special(id);
    }
  }

  const PreTokenizerFacts& pre_tokenizer() const {
    std::string known;
    for (const PreTokenizerFacts& facts : pre_tokenizers) {
      if (facts.name == table_.pre_tokenizer) return facts;
      known += concat(known.empty() ? "'" : ", '", facts.name, "'");
    }
    throw Unsupported(concat(where_, ": the pre-tokenizer '", printable(table_.pre_tokenizer, 60),
                             "' is not supported; supported: ", known));
  }

  /// A part of the document, written as JSON.
  json::Value part(std::string_view text) const { return json::parse(text, where_); }

  json::Value model() const {
    json::Value out = part(R"({"type":"BPE","vocab":{},"merges":[]})");
    if (table_.model == TokenTable::Model::byte_level) {
      out["ignore_merges"] = pre_tokenizer().whole_words;
      return out;
    }
    out["byte_fallback"] = true;
    out["fuse_unk"] = true;
    if (table_.unknown) out["unk_token"] = table_.tokens[static_cast<std::size_t>(*table_.unknown)];
    return out;
  }

  void byte_parts(json::Value& document) const {
    const PreTokenizerFacts& facts = pre_tokenizer();
    document["normalizer"] = part(facts.normal_form ? R"({"type":"NFC"})" : "null");
    json::Value bytes = part(R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false})");
    bytes["use_regex"] = facts.pattern.empty();
    document["decoder"] = bytes;
    json::Value steps = part(R"({"type":"Sequence","pretokenizers":[]})");
    if (!facts.pattern.empty()) {
      json::Value split = part(R"({"type":"Split","pattern":{},"behavior":"Isolated","invert":false})");
      split["pattern"]["Regex"] = facts.pattern;
      steps["pretokenizers"].push_back(std::move(split));
    }
    steps["pretokenizers"].push_back(std::move(bytes));
    document["pre_tokenizer"] = std::move(steps);
  }

  void piece_parts(json::Value& document) const {
    const bool prefix = table_.add_space_prefix;
    document["normalizer"] = part(concat(R"({"type":"Sequence","normalizers":[)",
                                         prefix ? R"({"type":"Prepend","prepend":"\u2581"},)" : "",
                                         R"({"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]})"));
    document["pre_tokenizer"] = nullptr;
    document["decoder"] = part(
        concat(R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},)",
               R"({"type":"ByteFallback"},{"type":"Fuse"})",
               prefix ? R"(,{"type":"Strip","content":" ","start":1,"stop":0})" : "", "]}"));
  }

  json::Value post_processor() const {
    json::Value out = part(R"({"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{}})");
    const auto add = [&](bool wanted, const std::optional<TokenId>& id) {
      if (!wanted || !id) return;
      const std::string text(table_.tokens[static_cast<std::size_t>(*id)]);
      json::Value piece = part(R"({"SpecialToken":{"type_id":0}})");
      piece["SpecialToken"]["id"] = text;
      out["single"].push_back(std::move(piece));
      json::Value token = part(R"({"ids":[],"tokens":[]})");
      token["id"] = text;
      token["ids"].push_back(*id);
      token["tokens"].push_back(text);
      out["special_tokens"][text] = std::move(token);
    };
    add(table_.add_begin, table_.begin);
    out["single"].push_back(part(R"({"Sequence":{"id":"A","type_id":0}})"));
    add(table_.add_end, table_.end);
    return out["special_tokens"].empty() ? json::Value(nullptr) : out;
  }

  void merge_words() {
    for (std::size_t i = 0; i < table_.merges.size(); ++i) {
      const std::string_view rule = table_.merges[i];
      const std::size_t blank = rule.find(' ');
      if (blank == rule.npos || rule.find(' ', blank + 1) != rule.npos) {
        fail(concat("merge ", i, " is '", printable(rule, 60),
                    "', expected two tokens with one space between them"));
      }
      file_.rules.add(rule.substr(0, blank), rule.substr(blank + 1));
    }
  }

  /// One way to put a token together.
  struct Pair {
    std::size_t token = 0;
    std::size_t left_bytes = 0;
    std::size_t left = 0;   ///< characters
    std::size_t right = 0;  ///< characters
    TokenId left_id = 0;
  };

  void merge_pieces() {
    Vocabulary::Builder builder;
    std::size_t merged = 0;  // tokens that merges may make
    for (std::size_t id = 0; id < table_.tokens.size(); ++id) {
      if (is_added(id) || is_absent(id)) continue;
      builder.add(table_.tokens[id], static_cast<TokenId>(id));
      ++merged;
    }
    if (merged == 0) return;
    const Vocabulary ids(std::move(builder), where_);
    std::vector<Pair> pairs;
    constexpr std::uint64_t most_work = std::uint64_t{1} << 30U;
    std::uint64_t work = 0;
    for (std::size_t id = 0; id < table_.tokens.size(); ++id) {
      const std::string_view token = table_.tokens[id];
      if (is_added(id) || is_absent(id)) continue;
      if ((work += std::uint64_t{token.size()} * token.size()) > most_work) {
        fail(concat("token ", id, " and those before it are too long to find their merges"));
      }
      std::size_t characters = 0;
      for (std::size_t at = 0; at < token.size(); ++characters) at += code_point_at(token, at).size;
      std::size_t left = 0;
      for (std::size_t at = 0; at < token.size();) {
        at += code_point_at(token, at).size;
        ++left;
        if (at == token.size()) break;
        const std::optional<TokenId> first = ids.find(token.substr(0, at));
        if (first && ids.find(token.substr(at))) pairs.push_back({id, at, left, characters - left, *first});
      }
    }
    const auto order = argsort(pairs.size(), [&](std::size_t i, std::size_t j) {
      const Pair& a = pairs[i];
      const Pair& b = pairs[j];
      const float x = table_.scores[a.token];
      const float y = table_.scores[b.token];
      if (x != y) return x > y;
      if (a.left != b.left) return a.left > b.left;
      if (a.right != b.right) return a.right > b.right;
      return a.token != b.token ? a.token < b.token : a.left_id < b.left_id;
    });
    for (const std::size_t i : order) {
      const std::string_view token = table_.tokens[pairs[i].token];
      file_.rules.add(token.substr(0, pairs[i].left_bytes), token.substr(pairs[i].left_bytes));
    }
  }

  const TokenTable& table_;
  std::string_view where_;
  TokenizerFile file_;
  json::Value added_;
};

}  // namespace detail

ASTERISM_INLINE TokenizerFile tokenizer_file_of(const TokenTable& table, std::string_view where) {
  return detail::TableFile(table, where).build();
}

}  // namespace asterism::text
