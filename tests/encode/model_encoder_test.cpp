// A model's hidden states as vectors of texts.
#include "asterism/encode/model_encoder.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/one_of.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "laws/encoder_laws.hpp"
#include "support/golden.hpp"

using namespace asterism;
using test::Exact;
using test::golden_model;

namespace {

const LanguageModel<Exact>& demo() {
  static const LanguageModel<Exact> model = load<Exact>(golden_model("demo"));
  return model;
}

}  // namespace

TEST_CASE("a model's encoder obeys the laws") { laws::text_encoder(encode::ModelEncoder<Exact>(demo())); }

TEST_CASE("a vector is the mean of the states of the text's own tokens") {
  const encode::ModelEncoder<Exact> encoder(demo());
  CHECK(encoder.dim() == static_cast<std::size_t>(demo().shape().hidden));
  const std::string text = "The router sends each token to two experts.";
  const std::vector<float> found = laws::vectors_of(encoder, {text});

  auto session = demo().session();
  const std::vector<float> hidden = session.hidden(text);
  REQUIRE(demo().tokenizer().is_special(session.tokens()[0]));  // <s>, which every text has
  std::vector<double> mean(encoder.dim());
  for (std::size_t i = encoder.dim(); i < hidden.size(); ++i) mean[i % encoder.dim()] += double{hidden[i]};
  double length = 0;
  for (const double value : mean) length += value * value;
  for (std::size_t c = 0; c < mean.size(); ++c)
    CHECK(std::abs(double{found[c]} - mean[c] / std::sqrt(length)) < 1e-6);

  // Without a token of its own a text has the state of <s>.
  const std::vector<float> empty = laws::vectors_of(encoder, {""});
  const std::vector<float> start = session.hidden(View<const TokenId>(session.tokens().data, 1));
  double dot = 0;
  double square = 0;
  for (std::size_t c = 0; c < start.size(); ++c) {
    dot += double{empty[c]} * double{start[c]};
    square += double{start[c]} * double{start[c]};
  }
  CHECK(dot / std::sqrt(square) == doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("of texts longer than the context the beginning counts") {
  const encode::ModelEncoder<Exact> encoder(demo());
  std::string text;
  for (int i = 0; i < 200; ++i) text += "lantern " + std::to_string(i) + ' ';
  CHECK(demo().tokenizer().encode(text).size() > 160);
  CHECK(laws::vectors_of(encoder, {text}) == laws::vectors_of(encoder, {text + "and more"}));
}

namespace {
/// Values in 16 bits, or keys, in the same list.
struct Values : Exact {
  using Quantization = quant::OneOf<quant::Float32, quant::Float16>;
  static constexpr model::Formats formats(const Shape& shape) {
    model::Formats out;
    out.set(model::Role::value, LayerSet::range(0, shape.layers), 1);
    return out;
  }
};
struct Keys : Values {
  static constexpr model::Formats formats(const Shape& shape) {
    model::Formats out;
    out.set(model::Role::key, LayerSet::range(0, shape.layers), 1);
    return out;
  }
};
}  // namespace

TEST_CASE("fingerprints tell what Blueprints say of one list of formats apart") {
  const LanguageModel<Values> values = load<Values>(golden_model("demo"));
  const LanguageModel<Keys> keys = load<Keys>(golden_model("demo"));
  CHECK(values.fingerprint() == keys.fingerprint());
  CHECK(encode::ModelEncoder<Values>(values).fingerprint() != encode::ModelEncoder<Keys>(keys).fingerprint());
  CHECK(load<Values>(golden_model("demo")).formats_fingerprint() == values.formats_fingerprint());
  CHECK(load<Exact>(golden_model("demo")).formats_fingerprint() == 0);
}

TEST_CASE("fingerprints tell checkpoints, formats and contexts apart") {
  const encode::ModelEncoder<Exact> encoder(demo());
  const LanguageModel<Exact> again = load<Exact>(golden_model("demo"));
  CHECK(encode::ModelEncoder<Exact>(again).fingerprint() == encoder.fingerprint());

  const test::TemporaryFolder folder;
  const auto changed = [&](const std::string& name, auto&& change) {
    const std::string path = folder.path() + "/" + name;
    std::filesystem::copy(golden_model("demo"), path);
    test::EditedCheckpoint edited(path);
    change(edited);
    edited.write(path);
    const LanguageModel<Exact> other = load<Exact>(path);
    return encode::ModelEncoder<Exact>(other).fingerprint();
  };
  const std::uint64_t same = changed("same", [](test::EditedCheckpoint&) {});
  CHECK(changed("epsilon", [](test::EditedCheckpoint& edited) { edited.config["rms_norm_eps"] = 1e-4; }) != same);
  CHECK(changed("norm", [](test::EditedCheckpoint& edited) {
          edited.set<std::uint16_t>("model.norm.weight", 64, 0x3F80);
        }) != same);

  LoadOptions options;
  options.limits = Exact::limits;
  options.limits->context = 80;
  const LanguageModel<Exact> shorter = load<Exact>(golden_model("demo"), options);
  laws::told_apart(encoder, encode::ModelEncoder<Exact>(shorter));

  const LanguageModel<test::Defaults> coarse = load<test::Defaults>(golden_model("demo"));
  laws::told_apart(encoder, encode::ModelEncoder<test::Defaults>(coarse));
}

TEST_CASE("what has no tokenizer is refused") {
  const LanguageModel<Exact> plain = load<Exact>(golden_model("plain"));
  CHECK_THROWS_AS(encode::ModelEncoder<Exact>{plain}, FileError);
}
