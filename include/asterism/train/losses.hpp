// What keeps routers sound besides the text: that their experts share the work, and that scores stay small.
#pragma once

namespace asterism::train {

/// Factors of the losses of routers; 0: none. Each layer's loss counts 1 / layers of it.
///
/// balance: experts * sum over e of f_e P_e, f_e = choices of e / rows and P_e = mean probability of e; top_k where the
/// work is shared evenly. As transformers' `load_balancing_loss_func`, but layer by layer, so that no expert of a layer
/// dies where that of another works for it. Source: Fedus et al., Switch Transformers, arXiv 2101.03961, equation 4.
///
/// z: mean over the rows of log^2 sum exp scores. Source: Zoph et al., ST-MoE, arXiv 2202.08906, equation 5.
///
/// bias: no loss; after each step of the optimizer the bias of a gating::Biased grows by as much for each expert that
/// was chosen less often than the mean in the step's batches, falls for those chosen more often, and is shifted to the
/// mean 0. Of other gatings nothing. Source: Wang et al., arXiv 2408.15664, algorithm 1.
struct Losses {
  float balance = 0.01F;
  float z = 0;
  float bias = 0.001F;

  friend constexpr bool operator==(const Losses&, const Losses&) = default;
};

}  // namespace asterism::train
