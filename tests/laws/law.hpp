// How a law fails: once, with its sentence, the model and the case, and the test with it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/view.hpp"

namespace asterism::laws {

/// A law that does not hold. Ends the test case that tries it; doctest prints the message.
class LawBroken : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The name of a model's type as the compiler writes it.
template <class Model>
std::string model_name() {
  const std::string_view text = __PRETTY_FUNCTION__;  // "... [with Model = name; ...]" or "... [Model = name]"
  const std::size_t begin = text.find("Model = ") + 8;
  std::size_t end = begin;
  for (int depth = 0; end < text.size() && (depth > 0 || (text[end] != ';' && text[end] != ']')); ++end) {
    if (text[end] == '<' || text[end] == '(') ++depth;
    if (text[end] == '>' || text[end] == ')') --depth;
  }
  return std::string(text.substr(begin, end - begin));
}

/// Up to 16 of the values, for messages.
template <class Values>
std::string some_of(const Values& values) {
  std::ostringstream text;
  std::size_t shown = 0;
  text << "[";
  for (const auto& value : values) {
    if (shown == 16) {
      text << ", ...";
      break;
    }
    text << (shown++ == 0 ? "" : ", ") << value;
  }
  text << "]";
  return text.str();
}

/// One law of one model. Ask it for whatever the law demands: the first demand that is not met ends the test with one
/// message, the sentence of the law, the model and the case. Try small cases before large ones, and it is the smallest.
/// Parts of a case are shown with <<; a part that is a function is called only where the law is broken.
class Law {
 public:
  /// `sentence` is what every model obeys; `model` the one that is tried.
  Law(std::string sentence, std::string model) : sentence_(std::move(sentence)), model_(std::move(model)) {}

  template <class... Parts>
  void holds(bool met, const Parts&... parts) const {
    if (!met) broken(parts...);
  }

  /// `found` has the bits of `expected`; the message has the first value that differs.
  template <class... Parts>
  void same_bits(View<const float> found, View<const float> expected, const Parts&... parts) const {
    if (found.size != expected.size) broken(parts..., ": ", found.size, " values, expected ", expected.size);
    for (std::size_t i = 0; i < found.size; ++i) {
      if (std::memcmp(&found[i], &expected[i], sizeof(float)) == 0) continue;
      broken(parts..., ": value ", i, " is ", found[i], ", expected ", expected[i]);
    }
  }

  /// `call` throws an E.
  template <class E, class Call, class... Parts>
  void throws(const Call& call, const Parts&... parts) const {
    try {
      call();
    } catch (const E&) {
      return;
    } catch (const std::exception& other) {
      broken(parts..., ": threw something else: ", other.what());
    }
    broken(parts..., ": threw nothing");
  }

  template <class... Parts>
  [[noreturn]] void broken(const Parts&... parts) const {
    std::ostringstream text;
    text.precision(9);
    text << model_ << " breaks the law: " << sentence_ << "\n  where ";
    (show(text, parts), ...);
    throw LawBroken(text.str());
  }

 private:
  template <class Part>
  static void show(std::ostringstream& text, const Part& part) {
    if constexpr (std::invocable<const Part&>) {
      text << part();
    } else {
      text << part;
    }
  }

  std::string sentence_;
  std::string model_;
};

}  // namespace asterism::laws
