// A program with twelve variants that differ in what a Blueprint is made of: compile_time.py measures what it costs.
#include <cstdio>
#include <string_view>

#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/load.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/sequential.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

using namespace asterism;

template <class Format, class KvFormat, class Policy>
struct Combination : Blueprint {
  using Quantization = Format;
  using KvCache = attention::StaticKvCache<KvFormat>;
  using Placement = Policy;
};

template <class B>
void answer(const char* folder) {
  const auto model = load<B>(folder);
  auto session = model.session();
  for (const std::string_view piece : session.generate("Once upon a time")) {
    std::fwrite(piece.data(), 1, piece.size(), stdout);
  }
}

template <class Format>
void answer_four_times(const char* folder) {
  answer<Combination<Format, quant::Float16, placement::Balanced>>(folder);
  answer<Combination<Format, quant::Float32, placement::Balanced>>(folder);
  answer<Combination<Format, quant::Float16, placement::Sequential>>(folder);
  answer<Combination<Format, quant::Float32, placement::Sequential>>(folder);
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  answer_four_times<quant::Nf4<64, quant::DoubleQuantized>>(arguments[1]);
  answer_four_times<quant::Nf4<64>>(arguments[1]);
  answer_four_times<quant::BFloat16>(arguments[1]);
}
