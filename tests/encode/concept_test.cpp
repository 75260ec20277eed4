// Structs that lack a member of TextEncoder are no models of it.
#include "asterism/encode/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/encode/hashed_ngrams.hpp"

#include "lacking/encoder.hpp"
#include "laws/encoder_laws.hpp"

using namespace asterism;
using namespace asterism::encode;
using namespace asterism::lacking::encoders;

static_assert(TextEncoder<Complete> && TextEncoder<HashedNgrams>);
static_assert(!TextEncoder<NoDim> && !needs::dim<NoDim> && needs::encode<NoDim>);
static_assert(!TextEncoder<NoFingerprint> && !needs::fingerprint<NoFingerprint> && needs::dim<NoFingerprint>);
static_assert(!TextEncoder<NoEncode> && !needs::encode<NoEncode> && needs::dim<NoEncode>);
static_assert(!TextEncoder<int>);

TEST_CASE("hashed n-grams obey the laws, with and without a table") {
  const std::vector<std::string_view> texts{"Salt Dancer guard 6", "Salt Dancer cost 2", "long bell means a crew"};
  laws::text_encoder(HashedNgrams());
  laws::text_encoder(HashedNgrams({}, FrequencyTable::fitted(View<const std::string_view>(texts))));
  laws::text_encoder(HashedNgrams({.dim = 1}));
  laws::text_encoder(HashedNgrams({.dim = 4096}));
}
