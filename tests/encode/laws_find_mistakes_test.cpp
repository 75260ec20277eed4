// Each law of encoders finds an encoder that breaks it.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/encode/hashed_ngrams.hpp"

#include "laws/encoder_laws.hpp"

using namespace asterism;

namespace {

using Base = encode::HashedNgrams;
using Texts = View<const std::string_view>;

/// What is told of the law that the encoder breaks; empty if it breaks none.
template <class E>
std::string broken(const E& encoder = E()) {
  try {
    laws::text_encoder(encoder);
  } catch (const laws::LawBroken& error) {
    return error.what();
  }
  return "";
}

struct EmptyIsZero : Base {
  void encode(Texts texts, MatrixView<float> out) const {
    Base::encode(texts, out);
    for (std::size_t i = 0; i < texts.size; ++i) {
      if (!texts[i].empty()) continue;
      for (float& value : out.row(i)) value = 0;
    }
  }
};

struct Company : Base {
  void encode(Texts texts, MatrixView<float> out) const {
    Base::encode(texts, out);
    for (std::size_t i = 8; i < texts.size; ++i) out(i, 0) += 1e-7F;
  }
};

/// Of a batch the order matters.
struct Position : Base {
  void encode(Texts texts, MatrixView<float> out) const {
    Base::encode(texts, out);
    if (texts.size > 2 && texts[0] != "") out(0, 0) += 1e-7F;
  }
};

struct FillsWhatItGets : Base {
  void encode(Texts texts, MatrixView<float> out) const {
    if (out.rows >= texts.size && out.cols == dim()) return Base::encode(texts, out.rows_at(0, texts.size));
    Base::encode(texts, out);
  }
};

struct ClearsFirst : Base {
  void encode(Texts texts, MatrixView<float> out) const {
    for (std::size_t i = 0; i < out.rows; ++i) {
      for (float& value : out.row(i)) value = 0;
    }
    Base::encode(texts, out);
  }
};

struct IgnoresStride : Base {
  void encode(Texts texts, MatrixView<float> out) const {
    Base::encode(texts, MatrixView<float>(out.data, out.rows, out.cols));
  }
};

struct SaysTheSame : Base {
  void encode(Texts texts, MatrixView<float> out) const {
    const std::vector<std::string_view> same(texts.size, "same");
    Base::encode(Texts(same), out);
  }
};

struct Counts : Base {
  std::uint64_t fingerprint() const { return ++asked; }
  mutable std::atomic<std::uint64_t> asked = 0;
};

void finds(const std::string& said, const char* sentence, const char* what) {
  CHECK(said.find(sentence) != std::string::npos);
  CHECK(said.find(what) != std::string::npos);
  if (said.find(what) == std::string::npos) MESSAGE(said);
}

}  // namespace

TEST_CASE("sound encoders break none") { CHECK(broken<Base>().empty()); }

TEST_CASE("mistakes are found") {
  finds(broken<EmptyIsZero>(), "a vector of length 1", "has length 0");
  finds(broken<Company>(), "alone and in any batch", "value 0 is");
  finds(broken<Position>(), "alone and in any batch", "turned round");
  finds(broken<FillsWhatItGets>(), "a row of dim numbers for each text", "threw nothing");
  finds(broken<ClearsFirst>(), "nothing is written", "was written to");
  finds(broken<IgnoresStride>(), "any stride", "written behind row 0");
  finds(broken<SaysTheSame>(), "other words have other vectors", "cosine is");
  finds(broken(Counts()), "not changed by encoding", "and is");
  CHECK_THROWS_AS(laws::told_apart(Base(), Base()), laws::LawBroken);
}
