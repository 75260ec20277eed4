// A member `formats` that does not say formats would be passed over: it is refused by name. (nvcc prints
// a question mark for each backtick.)
// expected: B has a member .formats. that is not static model::Formats formats\(const Shape&\)
#include "asterism/model/plan.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/one_of.hpp"

using namespace asterism;

struct Mixed : Blueprint {
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q6_K>;
#ifndef SOUND
  model::Formats formats(const Shape& /*shape*/) const { return {}; }
#else
  static const model::Formats& formats(const Shape& /*shape*/) {
    static const model::Formats all;
    return all;
  }
#endif
};
placement::Plan planned(const Machine& machine, const Shape& shape) { return plan<Mixed>(machine, shape); }
