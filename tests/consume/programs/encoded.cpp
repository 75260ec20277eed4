// The rooms encode and text: a text as a vector, and what is not there.
#include <asterism/core/error.hpp>
#include <asterism/encode/hashed_ngrams.hpp>
#include <asterism/text/tokenizer.hpp>
#include <cstdio>
#include <string_view>
#include <vector>

using namespace asterism;

int main() {
  const encode::HashedNgrams encoder;
  const std::vector<std::string_view> texts{"Salt Dancer guard 6", "salt  dancer GUARD 6"};
  std::vector<float> vectors(2 * encoder.dim());
  encoder.encode(View<const std::string_view>(texts), MatrixView<float>(vectors.data(), 2, encoder.dim()));
  float cosine = 0;
  for (std::size_t i = 0; i < encoder.dim(); ++i) cosine += vectors[i] * vectors[encoder.dim() + i];
  std::printf("%.3f\n", static_cast<double>(cosine));
  try {
    text::Tokenizer::from_file("no such file");
  } catch (const FileError&) {
    return cosine > 0.999F ? 0 : 1;
  }
  return 1;
}
