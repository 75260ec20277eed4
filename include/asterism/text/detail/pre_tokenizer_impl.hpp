// Bodies of pre_tokenizer.hpp.
#pragma once

#include <utility>

#include "asterism/json/fields.hpp"
#include "asterism/text/detail/byte_level.hpp"
#include "asterism/text/detail/normalizer.hpp"
#include "asterism/text/detail/pre_tokenizer.hpp"
#include "asterism/text/detail/regex.hpp"
#include "asterism/text/detail/unicode.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE std::string_view Pieces::operator[](std::size_t i) const {
  return std::string_view(text).substr(places[i].begin, places[i].end - places[i].begin);
}

ASTERISM_INLINE PreTokenizer PreTokenizer::from_json(const json::Value* value, std::string_view where) {
  PreTokenizer pre_tokenizer;
  for_each_component(value, "pre_tokenizer", "pretokenizers", where, [&](const Component& component) {
    Step step = read_step(component);
    const auto* metaspace = std::get_if<Metaspace>(&step);
    if (metaspace != nullptr && metaspace->scheme == PrependScheme::first && !pre_tokenizer.steps_.empty()) {
      component.refuse("prepend_scheme first is supported in the first pre_tokenizer only");
    }
    pre_tokenizer.steps_.push_back(std::move(step));
  });
  return pre_tokenizer;
}

ASTERISM_INLINE bool PreTokenizer::marks_beginning() const {
  const auto* metaspace = steps_.empty() ? nullptr : std::get_if<Metaspace>(&steps_.front());
  return metaspace != nullptr && metaspace->scheme == PrependScheme::first;
}

ASTERISM_INLINE Pieces PreTokenizer::apply(std::string text, bool at_start, std::size_t limit) const {
  Pieces pieces;
  pieces.places.push_back({0, text.size(), false});
  pieces.text = std::move(text);
  for (const Step& step : steps_) {
    if (const auto* split_step = std::get_if<Split>(&step)) {
      cut(pieces, split_step->behavior, [&](std::string_view piece, std::vector<Segment>& out) {
        split_step->pattern.segments(piece, out);
        for (Segment& segment : out) segment.match = segment.match != split_step->invert;
      });
    } else if (const auto* byte_level = std::get_if<ByteLevel>(&step)) {
      apply_byte_level(pieces, *byte_level, limit);
    } else if (const auto* metaspace = std::get_if<Metaspace>(&step)) {
      apply_metaspace(pieces, *metaspace, at_start, limit);
    } else if (const auto* digits = std::get_if<Digits>(&step)) {
      cut(pieces, digits->individual ? SplitBehavior::isolated : SplitBehavior::contiguous,
          [](std::string_view piece, std::vector<Segment>& out) { characters(piece, is_numeric, out); });
    } else if (const auto* punctuation = std::get_if<Punctuation>(&step)) {
      cut(pieces, punctuation->behavior,
          [](std::string_view piece, std::vector<Segment>& out) { characters(piece, is_punctuation, out); });
    } else if (std::holds_alternative<Bert>(step)) {
      cut(pieces, SplitBehavior::removed,
          [](std::string_view piece, std::vector<Segment>& out) { characters(piece, is_white_space, out); });
      cut(pieces, SplitBehavior::isolated,
          [](std::string_view piece, std::vector<Segment>& out) { characters(piece, is_punctuation, out); });
    }
  }
  return pieces;
}

ASTERISM_INLINE PreTokenizer::Step PreTokenizer::read_step(const Component& component) {
  const std::string& type = component.type();
  const auto flag = [&](std::string_view key) {
    return json::require_bool(component.object, key, component.where);
  };
  if (type == "Split") {
    component.settings({"pattern", "behavior", "invert"});
    return Split{Pattern::from_json(component), require_split_behavior(component), flag("invert")};
  }
  if (type == "ByteLevel") {
    component.settings({"add_prefix_space", "trim_offsets", "use_regex"});
    return ByteLevel{flag("add_prefix_space"),
                     json::optional_bool(component.object, "use_regex", component.where).value_or(true)};
  }
  if (type == "Metaspace") return Metaspace::from_json(component);
  if (type == "Digits") {
    component.settings({"individual_digits"});
    return Digits{flag("individual_digits")};
  }
  if (type == "Punctuation") {
    component.settings({"behavior"});
    const bool given = json::find_field(component.object, "behavior", component.where) != nullptr;
    return Punctuation{given ? require_split_behavior(component) : SplitBehavior::isolated};
  }
  if (type == "BertPreTokenizer") {
    component.settings({});
    return Bert{};
  }
  component.unsupported("Sequence, Split, ByteLevel, Metaspace, Digits, Punctuation, BertPreTokenizer");
}

ASTERISM_INLINE void PreTokenizer::characters(std::string_view text, bool (*matches)(char32_t),
                                              std::vector<Segment>& out) {
  std::size_t covered = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    if (matches(c.value)) {
      if (covered != at) out.push_back({covered, at, false});
      out.push_back({at, at + c.size, true});
      covered = at + c.size;
    }
    at += c.size;
  }
  if (covered != text.size()) out.push_back({covered, text.size(), false});
}

ASTERISM_INLINE void PreTokenizer::cut(Pieces& pieces, SplitBehavior behavior,
                                       const std::function<void(std::string_view, std::vector<Segment>&)>& find) {
  std::vector<Segment> places;
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < pieces.places.size(); ++i) {
    const std::size_t base = pieces.places[i].begin;
    segments.clear();
    find(pieces[i], segments);
    for (const Segment& piece : split(segments, behavior)) {
      if (piece.begin != piece.end) places.push_back({base + piece.begin, base + piece.end, false});
    }
  }
  pieces.places = std::move(places);
}

ASTERISM_INLINE void PreTokenizer::rewrite_each(
    Pieces& pieces, std::size_t limit, const std::function<void(std::string_view, std::string&)>& rewrite) {
  Pieces out;
  out.places.reserve(pieces.places.size());
  for (std::size_t i = 0; i < pieces.places.size(); ++i) {
    const std::size_t begin = out.text.size();
    rewrite(pieces[i], out.text);
    check_growth(out.text.size(), limit);
    out.places.push_back({begin, out.text.size(), false});
  }
  pieces = std::move(out);
}

ASTERISM_INLINE void PreTokenizer::apply_byte_level(Pieces& pieces, ByteLevel byte_level, std::size_t limit) {
  if (byte_level.add_prefix_space) {
    rewrite_each(pieces, limit, [](std::string_view piece, std::string& out) {
      if (!piece.starts_with(' ')) out += ' ';
      out += piece;
    });
  }
  if (byte_level.use_regex) {
    static const Regex words("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                             "pre_tokenizer ByteLevel");
    cut(pieces, SplitBehavior::isolated, [](std::string_view piece, std::vector<Segment>& out) {
      words.for_each_match(piece, [&](std::size_t begin, std::size_t end) { out.push_back({begin, end, true}); });
    });
  }
  rewrite_each(pieces, limit, [](std::string_view piece, std::string& out) { append_byte_level(out, piece); });
}

ASTERISM_INLINE void PreTokenizer::apply_metaspace(Pieces& pieces, const Metaspace& metaspace, bool at_start,
                                                   std::size_t limit) {
  const bool prepends =
      metaspace.scheme == PrependScheme::always || (metaspace.scheme == PrependScheme::first && at_start);
  rewrite_each(pieces, limit, [&](std::string_view piece, std::string& out) {
    const bool marked = piece.starts_with(' ') || piece.starts_with(metaspace.replacement);
    if (prepends && !marked) out += metaspace.replacement;
    for (const char c : piece) {
      if (c == ' ') {
        out += metaspace.replacement;
      } else {
        out += c;
      }
    }
  });
  if (!metaspace.split) return;
  const Pattern mark(metaspace.replacement);
  cut(pieces, SplitBehavior::merged_with_next,
      [&](std::string_view piece, std::vector<Segment>& out) { mark.segments(piece, out); });
}

}  // namespace asterism::text
