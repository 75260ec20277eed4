// What is read from a file can't be proved to fit without a file: fits<> of a Blueprint that leaves its formats open.
// expected: formats_of
#include "asterism/machine/catalogue.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/catalogue.hpp"

using namespace asterism;

struct Open : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q6_K>;
#ifdef SOUND
  static constexpr model::Formats formats(const Shape&) { return model::Formats::uniform(0); }
#endif
};
static_assert(fits<Open, machines::dual_a6000>());
