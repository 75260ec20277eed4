// The laws of encode::TextEncoder, one function template for each, for the encoders of the toolkit and for your own:
//
//   TEST_CASE("my encoder obeys the laws") { laws::text_encoder(MyEncoder()); }
//
// and for two that differ in a setting, a weight or a token:
//
//   TEST_CASE("settings are told apart") { laws::told_apart(MyEncoder(1), MyEncoder(2)); }
//
// Needs doctest.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/concept.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// Texts that encoders get wrong: empty, of white space and punctuation alone, not ASCII, no UTF-8, with a NUL, long.
inline std::vector<std::string> texts_to_try() {
  std::string repeated;
  for (int i = 0; i < 300; ++i) repeated += "Salt Dancer guard " + std::to_string(i) + ". ";
  return {"",
          "Salt Dancer guard 6",
          "salt dancer guard 7",
          " \t\n",
          "?",
          "...!?",
          "Straße, naïve: 漢字カタカナ한국어",
          "\U0001F642\U0001F468\u200D\U0001F469\u200D\U0001F467",
          "e\u0301\u0323\u200B\u00AD",
          std::string("a\0b", 3),
          "\xFF\xC3 ends inside \xE2\x82",
          "<s>[CLS] [PAD] [MASK]</s>",
          std::string(3000, 'x'),
          repeated,
          "Salt Dancer guard 6"};
}

/// The vectors of texts, row after row.
template <encode::TextEncoder E>
std::vector<float> vectors_of(const E& encoder, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<float> out(texts.size() * encoder.dim(), std::numeric_limits<float>::quiet_NaN());
  encoder.encode(View<const std::string_view>(views), MatrixView<float>(out.data(), views.size(), encoder.dim()));
  return out;
}

template <class E>
void vectors_are_units(const E& encoder) {
  const Law law("every text has a vector of length 1, and dim is 1 to 4096", model_name<E>());
  const std::size_t dim = encoder.dim();
  law.holds(dim >= 1 && dim <= 4096, "dim is ", dim);
  for (const std::string& text : texts_to_try()) {
    double sum = 0;
    for (const float value : vectors_of(encoder, {text})) sum += double{value} * double{value};
    law.holds(std::abs(std::sqrt(sum) - 1) < 1e-5, "the text '", text.substr(0, 40), "' has length ",
              std::sqrt(sum));
  }
}

template <class E>
void encoded_alone_or_together(const E& encoder) {
  const Law law("a text has the same bits alone and in any batch, whatever was encoded before", model_name<E>());
  const std::vector<std::string> texts = texts_to_try();
  const std::size_t dim = encoder.dim();
  std::vector<float> alone;
  for (const std::string& text : texts) {
    const std::vector<float> one = vectors_of(encoder, {text});
    alone.insert(alone.end(), one.begin(), one.end());
  }
  const std::vector<float> forwards = vectors_of(encoder, texts);
  const std::vector<float> backwards = vectors_of(encoder, {texts.rbegin(), texts.rend()});
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const View<const float> expected = View<const float>(alone).subview(i * dim, dim);
    const std::size_t last = texts.size() - 1 - i;
    law.same_bits(View<const float>(forwards).subview(i * dim, dim), expected, "text ", i, " is one of a batch");
    law.same_bits(View<const float>(backwards).subview(last * dim, dim), expected,
                  "a batch is turned round, text ", i);
  }
}

/// Needs more than one kind of vector: an encoder that says the same of everything finds nothing.
template <class E>
void texts_are_told_apart(const E& encoder) {
  const Law law("texts of other words have other vectors", model_name<E>());
  const std::vector<float> both = vectors_of(encoder, {"Salt Dancer guard 6", "a moss heron sings at night"});
  double cosine = 0;
  for (std::size_t i = 0; i < encoder.dim(); ++i) cosine += double{both[i]} * double{both[encoder.dim() + i]};
  law.holds(encoder.dim() == 1 || cosine < 0.9999, "their cosine is ", cosine);
}

template <class E>
void wrong_shapes_refused(const E& encoder) {
  const Law law("out must have a row of dim numbers for each text; else nothing is written", model_name<E>());
  const std::vector<std::string_view> texts{"one", "two"};
  const std::size_t dim = encoder.dim();
  const auto try_shape = [&](std::size_t rows, std::size_t cols) {
    std::vector<float> out(rows * cols + 1, 0.5F);
    const auto call = [&] {
      encoder.encode(View<const std::string_view>(texts), MatrixView<float>(out.data(), rows, cols));
    };
    law.template throws<InvalidArgument>(call, "two texts go into (", rows, ", ", cols, ") of dim ", dim);
    for (const float value : out) law.holds(value == 0.5F, "(", rows, ", ", cols, ") was written to");
  };
  try_shape(1, dim);
  try_shape(3, dim);
  try_shape(0, dim);
  try_shape(2, dim + 1);
  try_shape(2, dim - 1);
  encoder.encode({}, MatrixView<float>(nullptr, 0, dim));
}

template <class E>
void rows_may_be_apart(const E& encoder) {
  const Law law("out may have any stride, and nothing is written between its rows", model_name<E>());
  const std::size_t dim = encoder.dim();
  const std::vector<std::string> texts{"Salt Dancer guard 6", "long bell means hidden crew"};
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<float> expected = vectors_of(encoder, texts);
  std::vector<float> out(2 * (dim + 3), 0.5F);
  encoder.encode(View<const std::string_view>(views), MatrixView<float>(out.data(), 2, dim, dim + 3));
  for (std::size_t i = 0; i < 2; ++i) {
    law.same_bits(View<const float>(out).subview(i * (dim + 3), dim),
                  View<const float>(expected).subview(i * dim, dim), "row ", i);
    for (std::size_t c = 0; c < 3; ++c) law.holds(out[i * (dim + 3) + dim + c] == 0.5F, "written behind row ", i);
  }
}

template <class E>
void encoded_by_several_threads(const E& encoder) {
  const Law law("encode may be called from several threads at once", model_name<E>());
  const std::vector<std::string> texts = texts_to_try();
  const std::vector<float> expected = vectors_of(encoder, texts);
  std::vector<std::vector<float>> found(3);
  std::vector<std::thread> threads;
  for (std::vector<float>& own : found) threads.emplace_back([&] { own = vectors_of(encoder, texts); });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& own : found) {
    law.same_bits(View<const float>(own), View<const float>(expected), "three threads encode the same");
  }
}

template <class E>
void fingerprint_stays(const E& encoder) {
  const Law law("a fingerprint is not changed by encoding", model_name<E>());
  const std::uint64_t before = encoder.fingerprint();
  vectors_of(encoder, {"Salt Dancer guard 6"});
  law.holds(encoder.fingerprint() == before, "it was ", before, " and is ", encoder.fingerprint());
}

/// Encoders that differ in what vectors depend on: a setting, a weight, a token.
template <encode::TextEncoder A, encode::TextEncoder B>
void told_apart(const A& a, const B& b) {
  const Law law("another setting has another fingerprint", model_name<A>());
  law.holds(a.fingerprint() != b.fingerprint(), "both have ", a.fingerprint());
}

/// All laws of one encoder.
template <encode::TextEncoder E>
void text_encoder(const E& encoder) {
  vectors_are_units(encoder);
  wrong_shapes_refused(encoder);
  rows_may_be_apart(encoder);
  texts_are_told_apart(encoder);
  encoded_alone_or_together(encoder);
  fingerprint_stays(encoder);
  encoded_by_several_threads(encoder);
}

}  // namespace asterism::laws
