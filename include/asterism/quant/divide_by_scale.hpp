// Weights relative to a scale, for any scale.
#pragma once

namespace asterism::quant {

/// x / scale as a product, safe for every finite scale: 0 for scale 0, and no infinite inverse for subnormal ones.
/// For |scale| >= 1e-38 it is x * (1 / scale), rounded twice, as in bitsandbytes.
class DivideByScale {
 public:
  explicit DivideByScale(float scale) {
    if (scale < 1e-38F && scale > -1e-38F) {
      enlarge_ = 0x1p100F;
      scale *= 0x1p100F;
    }
    inverse_ = scale == 0 ? 0 : 1.0F / scale;
  }
  float operator()(float x) const { return x * enlarge_ * inverse_; }

 private:
  float enlarge_ = 1;
  float inverse_ = 0;
};

}  // namespace asterism::quant
