// Bodies of methods.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arguments.hpp"
#include "asterism/text/jinja/format_text.hpp"
#include "asterism/text/jinja/methods.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/strings.hpp"
#include "asterism/text/jinja/text_filters.hpp"

namespace asterism::text::jinja {

namespace detail {

// The names are Python's: a member of a dict that is named as one of these is reached by subscription alone.
inline constexpr std::string_view text_methods[] = {
    "capitalize", "casefold",     "center",       "count",   "encode",     "endswith",    "expandtabs",
    "find",       "format",       "format_map",   "index",   "isalnum",    "isalpha",     "isascii",
    "isdecimal",  "isdigit",      "isidentifier", "islower", "isnumeric",  "isprintable", "isspace",
    "istitle",    "isupper",      "join",         "ljust",   "lower",      "lstrip",      "maketrans",
    "partition",  "removeprefix", "removesuffix", "replace", "rfind",      "rindex",      "rjust",
    "rpartition", "rsplit",       "rstrip",       "split",   "splitlines", "startswith",  "strip",
    "swapcase",   "title",        "translate",    "upper",   "zfill"};
inline constexpr std::string_view list_methods[] = {"append", "clear", "copy",   "count",   "extend", "index",
                                                    "insert", "pop",   "remove", "reverse", "sort"};
inline constexpr std::string_view tuple_methods[] = {"count", "index"};
inline constexpr std::string_view dict_methods[] = {"clear", "copy",    "fromkeys",   "get",    "items", "keys",
                                                    "pop",   "popitem", "setdefault", "update", "values"};

class BoundMethod final : public Object {
 public:
  BoundMethod(Value self, std::string_view name) : self_(std::move(self)), name_(name) {}
  std::string_view type_name() const override { return "method"; }
  Value call(Runtime& run, const Arguments& arguments) override {
    return call_method(run, self_, name_, arguments);
  }

 private:
  Value self_;
  std::string name_;
};

/// The texts of `pieces`, which are parts of one.
inline Value texts(Runtime& run, Sequence::Type type, const std::vector<std::string_view>& pieces) {
  run.check_room(pieces.size() * 120);
  std::vector<Value> out;
  for (const std::string_view piece : pieces) {
    run.step();
    out.push_back(run.text(std::string(piece)));
  }
  return run.sequence(type, std::move(out));
}

inline Value split(Runtime& run, std::string_view self, std::string_view name, const Arguments& arguments) {
  const Bound bound(run, name, arguments, {"sep", "maxsplit"});
  const std::int64_t most = bound.integer(1, -1);
  const std::size_t limit = most < 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(most);
  const bool from_right = name == "rsplit";
  if (!bound.has(0) || bound[0].is(Kind::none)) {
    if (from_right) run.check_room(self.size() * 8);  // all words are found first
    return texts(run, Sequence::Type::list, split_words(self, limit, from_right));
  }
  const std::string_view separator = bound.text(0);
  if (separator.empty()) run.fail(concat("'", name, "' gets an empty separator"));
  run.step_search(self.size(), separator.size());
  return texts(run, Sequence::Type::list, split_at(self, separator, limit, from_right));
}

inline Value partition(Runtime& run, std::string_view self, bool from_right, std::string_view separator) {
  if (separator.empty()) run.fail("'partition' gets an empty separator");
  run.step_search(self.size(), separator.size());
  const std::size_t at = from_right ? self.rfind(separator) : self.find(separator);
  std::vector<std::string_view> parts =
      from_right ? std::vector<std::string_view>{"", "", self} : std::vector<std::string_view>{self, "", ""};
  if (at != std::string_view::npos) parts = {self.substr(0, at), separator, self.substr(at + separator.size())};
  return texts(run, Sequence::Type::tuple, parts);
}

/// The part of `self` from character `start` to `stop`, and where it begins.
inline std::string_view window(Runtime& run, std::string_view self, const Bound& bound, std::size_t first_argument,
                               std::int64_t& begin) {
  const auto size = static_cast<std::int64_t>(length_of(self));
  const auto place = [&](std::int64_t at) { return std::clamp(at < 0 ? at + size : at, std::int64_t{0}, size); };
  begin = place(std::max(bound.integer(first_argument, 0), -size));
  const std::int64_t end = place(std::max(bound.integer(first_argument + 1, size), -size));
  run.step_bytes(self.size());
  if (end < begin) return {};
  const std::size_t first = offset_of(self, static_cast<std::size_t>(begin));
  return self.substr(first, offset_of(self.substr(first), static_cast<std::size_t>(end - begin)));
}

inline Value affix_is(Runtime& run, std::string_view self, std::string_view name, const Arguments& arguments) {
  const Bound bound(run, name, arguments, {"prefix", "start", "end"}, 1);
  std::int64_t begin = 0;
  const std::string_view part = bound.has(1) ? window(run, self, bound, 1, begin) : self;
  const auto matches = [&](const Value& affix) {
    const std::string_view text = require_text(run, affix, concat("argument of '", name, "'"));
    return name == "startswith" ? part.starts_with(text) : part.ends_with(text);
  };
  if (!bound[0].is(Kind::sequence) || bound[0].sequence().type != Sequence::Type::tuple) return matches(bound[0]);
  const std::vector<Value>& any = bound[0].sequence().items;
  return std::any_of(any.begin(), any.end(), matches);
}

inline Value where_is(Runtime& run, std::string_view self, std::string_view name, const Arguments& arguments) {
  const Bound bound(run, name, arguments, {"sub", "start", "end"}, 1);
  std::int64_t begin = 0;
  const std::string_view part = window(run, self, bound, 1, begin);
  const std::string_view wanted = bound.text(0);
  run.step_search(part.size(), wanted.size());
  if (name == "count") {
    if (wanted.empty()) return static_cast<std::int64_t>(length_of(part)) + 1;
    std::int64_t count = 0;
    for (std::size_t at = part.find(wanted); at != part.npos; at = part.find(wanted, at + wanted.size())) ++count;
    return count;
  }
  const std::size_t at = name.front() == 'r' ? part.rfind(wanted) : part.find(wanted);
  if (at != part.npos) return begin + static_cast<std::int64_t>(length_of(part.substr(0, at)));
  if (name.ends_with("index")) run.fail(concat("'", name, "' does not find its text"));
  return std::int64_t{-1};
}

inline Value padded(Runtime& run, std::string_view self, std::string_view name, const Arguments& arguments) {
  const Bound bound(run, name, arguments, {"width", "fillchar"}, 1);
  const std::string_view fill = bound.text(1, name == "zfill" ? "0" : " ");
  if (length_of(fill) != 1) run.fail(concat("'", name, "' fills with one character"));
  const std::int64_t size = length(run, Value(std::string(self)));
  const auto missing = static_cast<std::size_t>(std::max(bound.integer(0, 0) - size, std::int64_t{0}));
  TextBuilder out(run);
  if (name == "zfill") {
    const bool has_sign = self.starts_with('-') || self.starts_with('+');
    out.append(self.substr(0, has_sign ? 1 : 0)).repeat(missing, fill).append(self.substr(has_sign ? 1 : 0));
    return out.finish();
  }
  // Python's center puts the odd one to the left if the width is odd.
  const std::size_t half = missing / 2 + (missing & static_cast<std::size_t>(bound.integer(0, 0)) & 1U);
  const std::size_t left = name == "ljust" ? 0 : name == "rjust" ? missing : half;
  out.repeat(left, fill).append(self).repeat(missing - left, fill);
  return out.finish();
}

inline Value is_of_kind(Runtime& run, std::string_view self, std::string_view name) {
  if (name == "isspace") return is_all_space(self);
  if (name == "isdigit" || name == "isdecimal") return is_all_digits(self);
  if (name == "isalpha") return is_all_letters(self);
  if (name == "isalnum") return is_all_letters_or_digits(self);
  if (name == "islower") return is_lower(self);
  if (name == "isupper") return is_upper(self);
  if (name == "isascii") {
    return std::none_of(self.begin(), self.end(), [](char c) { return static_cast<unsigned char>(c) > 127; });
  }
  run.unsupported(concat("the method '", name, "' of a str"));
}

inline Value call_text_method(Runtime& run, const Value& value, std::string_view name,
                              const Arguments& arguments) {
  const std::string_view self = value.text();
  run.step_bytes(self.size());
  if (name == "split" || name == "rsplit") return split(run, self, name, arguments);
  if (name == "startswith" || name == "endswith") return affix_is(run, self, name, arguments);
  if (name == "find" || name == "rfind" || name == "index" || name == "rindex" || name == "count") {
    return where_is(run, self, name, arguments);
  }
  if (name == "ljust" || name == "rjust" || name == "center" || name == "zfill") {
    return padded(run, self, name, arguments);
  }
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const Bound bound(run, name, arguments, {"chars"});
    return stripped_text(run, self, bound.value(0, Value::none()),
                         name == "strip"    ? Side::both
                         : name == "lstrip" ? Side::left
                                            : Side::right);
  }
  if (name == "replace") {
    const Bound bound(run, name, arguments, {"old", "new", "count"}, 2);
    return replaced(run, self, bound.text(0), bound.text(1), bound.integer(2, -1));
  }
  if (name == "join") {
    const Bound bound(run, name, arguments, {"iterable"}, 1);
    if (bound[0].is(Kind::undefined)) run.fail(bound[0].why());
    TextBuilder out(run);
    bool first = true;
    const auto items = iterate(run, bound[0]);
    for (const Value& one : items->items) {
      run.step();
      if (!std::exchange(first, false)) out.append(self);
      out.append(require_text(run, one, "an item of 'join'"));
    }
    return out.finish();
  }
  if (name == "partition" || name == "rpartition") {
    const Bound bound(run, name, arguments, {"sep"}, 1);
    return partition(run, self, name == "rpartition", bound.text(0));
  }
  if (name == "removeprefix" || name == "removesuffix") {
    const Bound bound(run, name, arguments, {"affix"}, 1);
    const std::string_view affix = bound.text(0);
    const bool prefix = name == "removeprefix";
    if (affix.empty() || !(prefix ? self.starts_with(affix) : self.ends_with(affix))) return value;
    return run.text(std::string(self.substr(prefix ? affix.size() : 0, self.size() - affix.size())));
  }
  if (name == "splitlines") {
    const Bound bound(run, name, arguments, {"keepends"});
    if (bound.truth(0, false)) run.unsupported("'splitlines' that keeps the ends of lines");
    return texts(run, Sequence::Type::list, split_lines(self));
  }
  const Bound none(run, name, arguments, {});
  if (name == "upper" || name == "lower" || name == "title" || name == "capitalize") {
    return in_case(run, self, name);
  }
  return is_of_kind(run, self, name);
}

inline Value call_dict_method(Runtime& run, const Value& value, std::string_view name,
                              const Arguments& arguments) {
  const Dict& self = value.dict();
  if (name == "get") {
    const Bound bound(run, name, arguments, {"key", "default"}, 1);
    const Value* found = find(run, self, bound[0]);
    return found != nullptr ? *found : bound.value(1, Value::none());
  }
  const Bound none(run, name, arguments, {});
  if (name == "copy") return value;
  run.check_room(self.items.size() * 200);
  std::vector<Value> out;
  for (const auto& [key, member] : self.items) {
    if (name == "keys") {
      out.push_back(key);
    } else if (name == "values") {
      out.push_back(member);
    } else if (name == "items") {
      out.push_back(run.sequence(Sequence::Type::tuple, {key, member}));
    } else {
      run.unsupported(concat("the method '", name, "' of a dict"));
    }
  }
  return run.sequence(Sequence::Type::view, std::move(out));
}

inline Value call_list_method(Runtime& run, const Value& value, std::string_view name,
                              const Arguments& arguments) {
  const std::vector<Value>& self = value.sequence().items;
  if (name == "copy") return value;
  const Bound bound(run, name, arguments, {"value"}, 1);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < self.size(); ++i) {
    if (!equal(run, self[i], bound[0])) continue;
    if (name == "index") return static_cast<std::int64_t>(i);
    ++count;
  }
  if (name == "index") run.fail("'index' does not find its value");
  return count;
}

}  // namespace detail

ASTERISM_INLINE bool has_method(const Value& value, std::string_view name) {
  const auto has = [name](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  if (value.is(Kind::text)) return has(detail::text_methods);
  if (value.is(Kind::dict)) return has(detail::dict_methods);
  if (!value.is(Kind::sequence)) return false;
  return value.sequence().type == Sequence::Type::list    ? has(detail::list_methods)
         : value.sequence().type == Sequence::Type::tuple ? has(detail::tuple_methods)
                                                          : false;
}

ASTERISM_INLINE Value method(const Value& value, std::string_view name) {
  return Value(std::shared_ptr<Object>(std::make_shared<detail::BoundMethod>(value, name)));
}

ASTERISM_INLINE Value call_method(Runtime& run, const Value& self, std::string_view name,
                                  const Arguments& arguments) {
  run.step();
  const bool is_text = self.is(Kind::text);
  const bool is_list = self.is(Kind::sequence);
  if (is_list && name != "copy" && name != "count" && name != "index") {
    run.fail(concat("'", name, "' would change a list, which chat templates may not do: join lists with +"));
  }
  if (self.is(Kind::dict) &&
      (name == "clear" || name == "pop" || name == "popitem" || name == "setdefault" || name == "update")) {
    run.fail(concat("'", name, "' would change a dict, which chat templates may not do"));
  }
  if (self.is_markup()) run.unsupported(concat("the method '", name, "' of text that is marked as safe"));
  if (is_text) return detail::call_text_method(run, self, name, arguments);
  if (is_list) return detail::call_list_method(run, self, name, arguments);
  return detail::call_dict_method(run, self, name, arguments);
}

}  // namespace asterism::text::jinja
