// Speeds are foretold from the share of one peak: formats that are bound by unlike peaks are refused by name.
// expected: quant::OneOf lists formats whose products are bound by the integer peak and others by that of float32
#include "asterism/lab/planned_variant.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/one_of.hpp"

using namespace asterism;

struct Foretold : Blueprint {
  using Backend = backend::HostA8;
#ifndef SOUND
  using Quantization = quant::OneOf<quant::Int4<32>, quant::Q4_K>;
#else
  using Quantization = quant::OneOf<quant::Int4<32>, quant::Int8<32>>;
#endif
  static constexpr model::Formats formats(const Shape& /*shape*/) { return {}; }
};
constexpr lab::PlannedVariant entry = lab::planned_variant<Foretold>("foretold");
#ifdef SOUND
static_assert(entry.kernels.layers.integers);
static_assert(entry.kernels.layers.one_row == lab::Share{.least = 0.14, .most = 0.44});
#endif
