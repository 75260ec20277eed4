// Bodies of tokenizer_file.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"

namespace asterism::text {

namespace detail {

class TokenizerFileReader final : public json::Handler {
 public:
  TokenizerFile file;

  bool null() override { return take(nullptr); }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(std::int64_t value) override { return take(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (place_ != Place::vocabulary || value > static_cast<std::uint64_t>(largest_id)) return take(value);
    file.tokens.add(name_, static_cast<TokenId>(value));
    return true;
  }
  bool number_float(double value, const std::string& /*text*/) override { return take(value); }
  bool string(std::string& value) override {
    if (place_ == Place::merges) {
      take_rule(value);
    } else if (place_ == Place::pair && pair_size_ < 2) {
      pair_[pair_size_++] = std::move(value);
    } else {
      take(std::move(value));
    }
    return true;
  }
  bool key(std::string& value) override {
    at_key(value);
    name_ = std::move(value);
    if (place_ != Place::settings) return true;
    const auto [member, is_new] = open_.back()->get_ref<json::Value::object_t&>().try_emplace(name_);
    if (!is_new) fail("the same key a second time");
    member_ = &member->second;
    return true;
  }
  bool start_object(std::size_t /*count*/) override {
    enter();
    if (place_ == Place::settings) {
      open(json::Value::object(), is_of_model("vocab")    ? Place::vocabulary
                                  : is_of_model("merges") ? Place::skipped
                                                          : Place::settings);
    } else {
      take(json::Value::object());
    }
    return true;
  }
  bool start_array(std::size_t /*count*/) override {
    enter();
    if (place_ == Place::settings) {
      open(json::Value::array(), is_of_model("merges")  ? Place::merges
                                 : is_of_model("vocab") ? Place::skipped
                                                        : Place::settings);
    } else if (place_ == Place::merges) {
      check_form(Form::pair);
      place_ = Place::pair;
      pair_size_ = 0;
    } else {
      take(json::Value::array());
    }
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

 private:
  enum class Place : std::uint8_t { settings, vocabulary, merges, pair, skipped };
  enum class Form : std::uint8_t { text, pair, neither };

  static constexpr auto largest_id = std::numeric_limits<TokenId>::max();

  /// Takes a value that is not a rule, a pair or an id.
  bool take(json::Value value) {
    if (place_ == Place::settings) {
      add(std::move(value));
      return true;
    }
    if (place_ == Place::vocabulary) json::to_integer(value, name_, where(), 0, largest_id);  // throws
    if (place_ == Place::merges) check_form(Form::neither);
    if (place_ == Place::pair) wrong_rule("is no string and no array of two strings");
    return true;
  }

  json::Value& add(json::Value value) {
    if (++settings_ > max_settings) {
      fail(concat("more than ", max_settings, " values beside the vocabulary and the merges"));
    }
    if (open_.empty()) return file.document = std::move(value);
    if (open_.back()->is_object()) return *member_ = std::move(value);
    return open_.back()->get_ref<json::Value::array_t&>().emplace_back(std::move(value));
  }

  /// Whether the value that begins is the given member of the document's "model".
  bool is_of_model(std::string_view name) const { return in_model_ && open_.size() == 2 && name_ == name; }

  void open(json::Value container, Place place) {
    if (open_.size() == 1) in_model_ = name_ == "model";
    open_.push_back(&add(std::move(container)));
    place_ = place;
    base_ = depth();
  }

  bool close() {
    if (place_ == Place::pair) {
      if (pair_size_ != 2) wrong_rule("is no string and no array of two strings");
      file.rules.add(pair_[0], pair_[1]);
      place_ = Place::merges;
    } else if (place_ == Place::settings || depth() == base_) {
      open_.pop_back();
      place_ = Place::settings;
    }
    leave();
    return true;
  }

  /// Takes a rule given as a string.
  void take_rule(std::string_view rule) {
    check_form(Form::text);
    if (rule.starts_with("#version")) return file.rules.skip();
    const std::size_t blank = rule.find(' ');
    if (blank == std::string_view::npos || rule.find(' ', blank + 1) != std::string_view::npos) {
      wrong_rule(concat("is '", printable(rule, 60), "', expected two tokens with one space between them"));
    }
    file.rules.add(rule.substr(0, blank), rule.substr(blank + 1));
  }

  void check_form(Form form) {
    if (file.rules.size() == 0) form_ = form;
    if (form != form_) wrong_rule("differs in form from the first: expected all strings or all pairs");
    if (form == Form::neither) wrong_rule("is no string and no array of two strings");
  }

  [[noreturn]] void wrong_rule(std::string_view what) const {
    throw FormatError(concat(where(), ": merge ", file.rules.size(), " ", what));
  }

  std::vector<json::Value*>
      open_;  ///< settings that have begun; the last may be the vocabulary, merges or skipped
  json::Value* member_ = nullptr;
  std::string name_;
  std::string pair_[2];
  std::size_t pair_size_ = 0;
  std::size_t settings_ = 0;
  std::size_t base_ = 0;  ///< depth inside what `place_` names
  Place place_ = Place::settings;
  Form form_ = Form::neither;
  bool in_model_ = false;
};

}  // namespace detail

ASTERISM_INLINE TokenizerFile read_tokenizer_file(std::string_view bytes, std::string_view where) {
  detail::TokenizerFileReader reader;
  json::scan(bytes, where, reader);
  return std::move(reader.file);
}

}  // namespace asterism::text
