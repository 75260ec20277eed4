#include "asterism/encode/hashed_ngrams.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "laws/encoder_laws.hpp"

using namespace asterism;
using namespace asterism::encode;

namespace {

FrequencyTable table_of(const std::vector<std::string_view>& texts) {
  return FrequencyTable::fitted(View<const std::string_view>(texts));
}

double cosine(const HashedNgrams& encoder, const std::string& a, const std::string& b) {
  const std::vector<float> both = laws::vectors_of(encoder, {a, b});
  double sum = 0;
  for (std::size_t i = 0; i < encoder.dim(); ++i) sum += double{both[i]} * double{both[encoder.dim() + i]};
  return sum;
}

/// Words alone, in so many numbers that hashes seldom meet.
const HashedNgrams words({.dim = 4096, .words = 1, .pairs = 0, .grams = 0});

}  // namespace

TEST_CASE("words weigh one, and again less each time they come") {
  CHECK(cosine(words, "salt dancer", "salt heron") == doctest::Approx(0.5).epsilon(1e-6));
  CHECK(cosine(words, "salt dancer", "dancer, SALT") == doctest::Approx(2 / std::sqrt(2.0 * 3)).epsilon(1e-6));
  const double twice = 1 + std::log(2.0);
  CHECK(cosine(words, "salt salt heron", "salt") == doctest::Approx(twice / std::hypot(twice, 1)).epsilon(1e-6));
  CHECK(cosine(words, "guard 6", "guard 7") == doctest::Approx(0.5).epsilon(1e-6));
  CHECK(std::abs(cosine(words, "salt dancer", "moss heron")) < 1e-6);
}

TEST_CASE("letters, marks and digits make words; other characters are words by themselves") {
  CHECK(cosine(words, "guard-6", "guard 6") == doctest::Approx(2 / std::sqrt(6.0)).epsilon(1e-6));
  CHECK(cosine(words, "Straße", "STRASSE") == doctest::Approx(1).epsilon(1e-6));
  CHECK(cosine(words, "caf\u00E9", "cafe\u0301") == doctest::Approx(1).epsilon(1e-6));
  CHECK(cosine(words, "a  b\nc", "a b c") == doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("pairs tell orders apart, and parts of words bring their forms together") {
  const HashedNgrams pairs({.dim = 4096, .words = 0, .pairs = 1, .grams = 0});
  CHECK(std::abs(cosine(pairs, "salt dancer", "dancer salt")) < 1e-6);
  CHECK(cosine(pairs, "a salt dancer", "the salt dancer") == doctest::Approx(0.5).epsilon(1e-6));
  const HashedNgrams grams({.dim = 4096, .words = 0, .pairs = 0, .grams = 1});
  // " gua", "guar", "uard", "ard " against " gua", "guar", "uard", "ards", "rds "
  CHECK(cosine(grams, "guard", "guards") == doctest::Approx(3 / std::sqrt(4.0 * 5)).epsilon(1e-6));
  // characters, not bytes
  CHECK(cosine(grams, "\u00E9t\u00E9", "\u00E9t\u00E9s") == doctest::Approx(1 / std::sqrt(2.0 * 3)).epsilon(1e-6));
}

TEST_CASE("weights of kinds are those that were asked for") {
  const HashedNgrams both({.dim = 4096, .words = 1, .pairs = 2, .grams = 0});
  // words a, b and the pair; against a alone
  CHECK(cosine(both, "a b", "a") == doctest::Approx(1 / std::sqrt(1.0 + 1 + 4)).epsilon(1e-6));
}

TEST_CASE("rare features weigh more with a table") {
  const FrequencyTable table = table_of({"salt dancer", "salt heron", "salt salt piper", "moss heron"});
  CHECK(table.texts() == 4);
  const HashedNgrams rare({.dim = 4096, .words = 1, .pairs = 0, .grams = 0}, table);
  const double salt = 1 + std::log(4.0 / 3);
  const double dancer = 1 + std::log(4.0);
  CHECK(cosine(rare, "salt dancer", "dancer") == doctest::Approx(dancer / std::hypot(salt, dancer)).epsilon(1e-6));
  // what no text has weighs 1
  CHECK(cosine(rare, "dancer unheard", "dancer") == doctest::Approx(dancer / std::hypot(1, dancer)).epsilon(1e-6));
}

TEST_CASE("a table goes through its entries, and others are refused") {
  const FrequencyTable table = table_of({"salt dancer", "salt heron"});
  const View<const FrequencyTable::Entry> entries = table.entries();
  std::vector<FrequencyTable::Entry> copy(entries.begin(), entries.end());
  const HashedNgrams one({}, table);
  const HashedNgrams same({}, FrequencyTable(copy, 2));
  CHECK(one.fingerprint() == same.fingerprint());
  CHECK(laws::vectors_of(one, {"salt dancer"}) == laws::vectors_of(same, {"salt dancer"}));
  CHECK_THROWS_AS(FrequencyTable(copy, 1), InvalidArgument);
  std::swap(copy[0], copy[1]);
  CHECK_THROWS_AS(FrequencyTable(copy, 2), InvalidArgument);
  CHECK_THROWS_AS(FrequencyTable({{5, 1}, {5, 1}}, 2), InvalidArgument);
  CHECK_THROWS_AS(FrequencyTable({{5, 0}}, 2), InvalidArgument);
}

TEST_CASE("a text whose features cancel, or that has none, has a direction all the same") {
  const HashedNgrams none({.words = 0, .pairs = 0, .grams = 0});
  laws::vectors_are_units(none);
  laws::vectors_are_units(HashedNgrams({.dim = 1}));
}

TEST_CASE("fingerprints tell settings and tables apart") {
  const HashedNgrams plain;
  CHECK(plain.fingerprint() == HashedNgrams().fingerprint());
  laws::told_apart(plain, HashedNgrams({.dim = 511}));
  laws::told_apart(plain, HashedNgrams({.words = 2}));
  laws::told_apart(plain, HashedNgrams({.pairs = 2}));
  laws::told_apart(plain, HashedNgrams({.grams = 2}));
  laws::told_apart(plain, HashedNgrams({}, table_of({"salt"})));
  laws::told_apart(HashedNgrams({}, table_of({"salt", "salt"})), HashedNgrams({}, table_of({"salt", "moss"})));
  laws::told_apart(HashedNgrams({}, table_of({"salt", "salt"})), HashedNgrams({}, table_of({"salt", ""})));
}

TEST_CASE("an encoder goes through its text, and no other text makes one") {
  const std::vector<std::string_view> texts = {"pale moth", "pale lamp"};
  const HashedNgrams encoder({.dim = 64, .pairs = 0.1F, .grams = 0},
                             FrequencyTable::fitted(View<const std::string_view>(texts)));
  const std::string text = encoder.to_text();
  const HashedNgrams again = HashedNgrams::from_text(text, "store.db");
  CHECK(again.fingerprint() == encoder.fingerprint());
  CHECK(again.dim() == 64);
  CHECK(HashedNgrams::from_text(HashedNgrams().to_text(), "").fingerprint() == HashedNgrams().fingerprint());
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(HashedNgrams::from_text(text.substr(0, length), "store.db"), FormatError);
  }
  CHECK_THROWS_WITH_AS(HashedNgrams::from_text("HashedNgrams 1\nmany\n", "store.db"),
                       "store.db: no description of hashed n-grams: 'many\n' is no number with 'a line's end' behind it",
                       FormatError);
  CHECK_THROWS_AS(HashedNgrams::from_text(text + "1 1\n", "store.db"), FormatError);
  CHECK_THROWS_AS(HashedNgrams::from_text("HashedNgrams 1\n0\n1\n1\n1\n0 0\n", "store.db"), FormatError);
}

TEST_CASE("what can't be is refused") {
  CHECK_THROWS_AS(HashedNgrams({.dim = 0}), InvalidArgument);
  CHECK_THROWS_AS(HashedNgrams({.dim = 4097}), InvalidArgument);
  CHECK_THROWS_AS(HashedNgrams({.words = -1}), InvalidArgument);
  CHECK_THROWS_AS(HashedNgrams({.grams = std::numeric_limits<float>::quiet_NaN()}), InvalidArgument);
}

TEST_CASE("vectors are those of earlier versions: stores hold them") {
  const std::vector<float> vector = laws::vectors_of(HashedNgrams(), {"moss \u00E9"});
  // word, word and pair; the grams "\u2423mos", "moss", "oss\u2423"
  const float one = 1 / std::sqrt(3 + 3 * 0.25F);
  for (const auto& [place, value] : std::vector<std::pair<std::size_t, float>>{
           {242, one}, {289, -one}, {431, -one}, {199, one / 2}, {257, one / 2}, {472, -one / 2}}) {
    CHECK(vector[place] == doctest::Approx(value).epsilon(1e-6));
  }
  CHECK(HashedNgrams().fingerprint() == 13354324918027198477U);
}
