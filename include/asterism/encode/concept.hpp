// The contract of a text encoder, which gives each text a direction, so that texts that say alike things lie close.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/core/view.hpp"

namespace asterism::encode {

namespace needs {

template <class E>
concept dim = requires(const E& encoder) {
  { encoder.dim() } -> std::same_as<std::size_t>;
};

template <class E>
concept fingerprint = requires(const E& encoder) {
  { encoder.fingerprint() } -> std::same_as<std::uint64_t>;
};

template <class E>
concept encode = requires(const E& encoder, View<const std::string_view> texts, MatrixView<float> out) {
  { encoder.encode(texts, out) } -> std::same_as<void>;
};

}  // namespace needs

/// A text encoder makes vectors of texts, whose cosines a vector index compares.
///
/// 1. `dim()`: the width of all vectors, 1 to 4096.
/// 2. `fingerprint()`: a number made of all that vectors depend on: weights, tokenizer, settings. Encoders with the
///    same one make the same vectors, up to the rounding of another machine; vectors of others can't be compared.
/// 3. `encode(texts, out)`: texts (n), out (n, dim), any stride. Row i of out gets the vector of text i, whose length
///    is 1 up to rounding. Every text has one, also the empty one; bytes that are no UTF-8 count as U+FFFD. Throws
///    InvalidArgument unless out has a row of dim numbers for each text; then out is as before. Encoders that compute
///    with a model throw what that does, such as NumericError; then rows of out hold anything.
/// 4. The same text gets the same bits alone and in any batch, and whatever was encoded before.
/// 5. All members may be called from several threads at once.
///
/// Models: encode::HashedNgrams, encode::BertEncoder, encode::ModelEncoder.
template <class E>
concept TextEncoder = needs::dim<E> && needs::fingerprint<E> && needs::encode<E>;

}  // namespace asterism::encode
