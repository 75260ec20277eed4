// Bodies of decoder.hpp.
#pragma once

#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/byte_level.hpp"
#include "asterism/text/detail/decoder.hpp"
#include "asterism/text/detail/pattern.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE Decoder Decoder::from_json(const json::Value* value, std::string_view where) {
  Decoder decoder;
  bool fused = false;
  for_each_component(value, "decoder", "decoders", where, [&](const Component& component) {
    decoder.steps_.push_back(read_step(component, fused));
    if (decoder.steps_.size() > max_steps) component.refuse(concat("more than ", max_steps, " are not supported"));
  });
  if (value == nullptr) decoder.steps_.emplace_back(Join{});
  return decoder;
}

ASTERISM_INLINE Decoder::State Decoder::start(std::size_t longest_token, Runs runs) const {
  State state;
  state.runs = runs;
  state.steps.resize(steps_.size());
  for (State::OfStep& step : state.steps) {
    step.token.reserve(longest_token + 16);
    step.bytes.reserve(longest_token + 256);
  }
  state.text.reserve(4 * longest_token + 1024);
  return state;
}

ASTERISM_INLINE void Decoder::finish(State& state) const {
  for (std::size_t k = 0; k < steps_.size(); ++k) {
    State::OfStep& own = state.steps[k];
    if (std::holds_alternative<ByteFallback>(steps_[k])) {
      release_run(state, k, true);
    } else if (std::holds_alternative<ByteLevel>(steps_[k])) {
      release_bytes(state, k);
      if (!own.bytes.empty()) pass(state, k + 1, replacement_character, false);
      own.bytes.clear();
      pass(state, k + 1, {}, true);
    } else if (std::holds_alternative<Fuse>(steps_[k])) {
      pass(state, k + 1, {}, true);
    }
  }
}

ASTERISM_INLINE Decoder::Step Decoder::read_step(const Component& component, bool& fused) {
  const std::string& type = component.type();
  const auto needs_tokens = [&] {
    if (fused) component.refuse("is not supported behind Fuse or ByteLevel");
  };
  if (type == "Replace") {
    component.settings({"pattern", "content"});
    Replace replace{Pattern::from_json(component).literal(), require_short_string(component, "content")};
    if (replace.literal.empty()) component.refuse("a regex is not supported in a decoder");
    if (replace.content.size() > replace.literal.size()) {
      component.refuse("content longer than the pattern is not supported in a decoder");
    }
    if (!is_character(replace.literal)) needs_tokens();
    return replace;
  }
  if (type == "ByteFallback") {
    component.settings({});
    needs_tokens();
    return ByteFallback{};
  }
  if (type == "Fuse") {
    component.settings({});
    fused = true;
    return Fuse{};
  }
  if (type == "Strip") {
    component.settings({"content", "start", "stop"});
    const auto count = [&](std::string_view key) {
      return static_cast<std::size_t>(json::require_integer(component.object, key, component.where, 0, 1 << 20));
    };
    if (count("stop") != 0) component.refuse("stop other than 0 is not supported");
    return Strip{require_character(component, "content"), count("start")};
  }
  if (type == "ByteLevel") {
    component.settings({"add_prefix_space", "trim_offsets", "use_regex"});
    needs_tokens();
    fused = true;
    return ByteLevel{};
  }
  if (type == "Metaspace") return Metaspace::from_json(component);
  if (type == "WordPiece") {
    component.settings({"prefix", "cleanup"});
    needs_tokens();
    return WordPiece{require_short_string(component, "prefix"),
                     json::require_bool(component.object, "cleanup", component.where)};
  }
  component.unsupported("Sequence, Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace, WordPiece");
}

ASTERISM_INLINE void Decoder::pass(State& state, std::size_t k, std::string_view fragment, bool ends) const {
  if (k == steps_.size()) {
    state.text += fragment;
    return;
  }
  State::OfStep& own = state.steps[k];
  const Step& step = steps_[k];
  if (const auto* replace = std::get_if<Replace>(&step)) {
    if (is_character(replace->literal)) {
      pass_replaced(state, k, replace->literal, replace->content, fragment, ends);
    } else {
      own.token += fragment;
      if (ends) pass_replaced(state, k, replace->literal, replace->content, own.token, true);
    }
  } else if (std::holds_alternative<ByteFallback>(step)) {
    own.token += fragment;
    if (ends) take_token(state, k);
  } else if (std::holds_alternative<Fuse>(step)) {
    pass(state, k + 1, fragment, false);
  } else if (const auto* strip = std::get_if<Strip>(&step)) {
    while (!own.begun && own.taken < strip->count && fragment.starts_with(strip->content)) {
      fragment.remove_prefix(strip->content.size());
      ++own.taken;
    }
    own.begun = own.begun || !fragment.empty();
    pass(state, k + 1, fragment, ends);
  } else if (std::holds_alternative<ByteLevel>(step)) {
    own.token += fragment;
    if (ends) {
      append_bytes_of(own.bytes, own.token);
      release_bytes(state, k);
    }
  } else if (const auto* metaspace = std::get_if<Metaspace>(&step)) {
    const bool drops = own.tokens == 0 && metaspace->scheme != PrependScheme::never;
    pass_replaced(state, k, metaspace->replacement, drops ? "" : " ", fragment, ends);
  } else if (const auto* word_piece = std::get_if<WordPiece>(&step)) {
    own.token += fragment;
    if (ends) pass(state, k + 1, in_words(*word_piece, own.token, own.tokens == 0), true);
  } else if (std::holds_alternative<Join>(step)) {
    if (own.tokens > 0 && !own.begun) pass(state, k + 1, " ", false);
    own.begun = true;
    pass(state, k + 1, fragment, ends);
  }
  if (!ends) return;
  own.token.clear();
  own.taken = 0;
  own.begun = false;
  ++own.tokens;
}

ASTERISM_INLINE std::string_view Decoder::in_words(const WordPiece& word_piece, std::string& token,
                                                   bool is_first) {
  if (!is_first) {
    if (token.starts_with(word_piece.prefix)) {
      token.erase(0, word_piece.prefix.size());
    } else {
      token.insert(0, 1, ' ');
    }
  }
  if (!word_piece.cleanup) return token;
  static constexpr std::pair<std::string_view, std::string_view> shorter[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [long_form, short_form] : shorter) {
    for (std::size_t at = token.find(long_form); at != std::string::npos; at = token.find(long_form, at)) {
      token.replace(at, long_form.size(), short_form);
      at += short_form.size();
    }
  }
  return token;
}

ASTERISM_INLINE void Decoder::pass_replaced(State& state, std::size_t k, std::string_view literal,
                                            std::string_view content, std::string_view text, bool ends) const {
  for (std::size_t at = text.find(literal); at != std::string_view::npos; at = text.find(literal)) {
    if (at > 0) pass(state, k + 1, text.substr(0, at), false);
    if (!content.empty()) pass(state, k + 1, content, false);
    text.remove_prefix(at + literal.size());
  }
  pass(state, k + 1, text, ends);
}

ASTERISM_INLINE int Decoder::byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  const int high = token[3] == '+' ? 0 : digit(token[3]);  // Rust reads "+A" as a number too
  const int low = digit(token[4]);
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}

ASTERISM_INLINE void Decoder::take_token(State& state, std::size_t k) const {
  State::OfStep& own = state.steps[k];
  if (const int byte = byte_of(own.token); byte >= 0) {
    own.bytes += static_cast<char>(static_cast<unsigned char>(byte));
    return release_run(state, k, false);
  }
  release_run(state, k, true);
  pass(state, k + 1, own.token, true);
}

ASTERISM_INLINE void Decoder::release_run(State& state, std::size_t k, bool ends) const {
  State::OfStep& own = state.steps[k];
  if (!ends && state.runs == Runs::judged) return;
  std::size_t valid = 0;  // bytes of whole characters
  while (!own.broken && valid < own.bytes.size()) {
    const Utf8Unit unit = utf8_unit(own.bytes, valid);
    if (unit.kind == Utf8Unit::Kind::incomplete && !ends) break;
    own.broken = unit.kind != Utf8Unit::Kind::character;
    if (!own.broken) valid += unit.size;
  }
  // One token of all characters, and if the run is invalid one for each byte that was not passed on.
  if (state.runs == Runs::judged && own.broken) valid = 0;
  if (valid > 0) {
    pass(state, k + 1, std::string_view(own.bytes).substr(0, valid), false);
    own.shows = true;
  }
  if (own.shows && (own.broken || ends)) {
    pass(state, k + 1, {}, true);
    own.shows = false;
  }
  if (own.broken) {
    for (; valid < own.bytes.size(); ++valid) pass(state, k + 1, replacement_character, true);
  }
  own.bytes.erase(0, valid);
  if (ends) own.broken = false;
}

ASTERISM_INLINE void Decoder::release_bytes(State& state, std::size_t k) const {
  State::OfStep& own = state.steps[k];
  std::size_t at = 0;
  while (at < own.bytes.size()) {
    const Utf8Unit unit = utf8_unit(own.bytes, at);
    if (unit.kind == Utf8Unit::Kind::incomplete) break;
    const bool valid = unit.kind == Utf8Unit::Kind::character;
    pass(state, k + 1, valid ? std::string_view(own.bytes).substr(at, unit.size) : replacement_character, false);
    at += unit.size;
  }
  own.bytes.erase(0, at);
}

}  // namespace asterism::text
