// A file of experts has slabs of one size: experts whose formats differ from layer to layer are refused by name.
// expected: a spill file has slabs of one size, and B::Quantization is quant::OneOf several formats
#include "asterism/generate/write_experts.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/one_of.hpp"

using namespace asterism;

struct Written : Blueprint {
#ifndef SOUND
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q6_K>;
#else
  using Quantization = quant::Q4_K;
#endif
};
void write(ProgressSink& progress) { write_experts<Written>("from", "to", progress); }
