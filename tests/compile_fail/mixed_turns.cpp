// Experts that take turns in slots of one size, in formats that differ from layer to layer, are refused by name.
// expected: B::Quantization is quant::OneOf several formats and B::Cache has experts take turns
#include "asterism/cache/least_recent.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/model/slotted_experts.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/one_of.hpp"

using namespace asterism;

struct Turns : Blueprint {
  using Cache = cache::LeastRecent;
#ifndef SOUND
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q6_K>;
#else
  using Quantization = quant::Q4_K;
#endif
};
placement::Plan planned(const Machine& machine, const Shape& shape) { return plan<Turns>(machine, shape); }
