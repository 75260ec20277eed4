// What routers pay for besides the text: that their experts share the work, and that scores stay small.
#pragma once

namespace asterism::train {

/// Factors of the losses of routers; 0: none. Each layer's loss counts 1 / layers of it.
///
/// balance: experts * sum over e of f_e P_e, f_e = choices of e / rows and P_e = mean probability of e; top_k where the
/// work is shared evenly. As transformers' `load_balancing_loss_func`, but layer by layer, so that no expert of a layer
/// dies where that of another works for it. Source: Fedus et al., Switch Transformers, arXiv 2101.03961, equation 4.
///
/// z: mean over the rows of log^2 sum exp scores. Source: Zoph et al., ST-MoE, arXiv 2202.08906, equation 5.
struct Losses {
  float balance = 0.01F;
  float z = 0;

  friend constexpr bool operator==(const Losses&, const Losses&) = default;
};

/// The terms of one layer, or their means over all, without the factors.
struct RouterLosses {
  double balance = 0;
  double z = 0;
};

}  // namespace asterism::train
