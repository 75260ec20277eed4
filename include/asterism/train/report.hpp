// What a step did.
#pragma once

#include <cstddef>
#include <cstdint>

namespace asterism::train {

/// What one layer's router did in a pass, or the means over all.
struct RouterReport {
  double balance = 0;  ///< loss of balance, without its factor; see Losses
  double z = 0;        ///< loss of large scores, without its factor
  double entropy =
      0;  ///< mean of the rows' entropies in nats; ln(experts): it knows no difference, 0: it knows no doubt
  double dropped = 0;  ///< share of the choices that went to full experts, which answered nobody
};

/// Of one pass over a batch.
struct PassReport {
  double loss = 0;          ///< mean cross-entropy in nats of the tokens that count, weighted
  double right = 0;         ///< share of them, unweighted, that the model holds most likely
  std::size_t tokens = 0;   ///< that were passed
  std::size_t counted = 0;  ///< whose prediction counts
  RouterReport router{};    ///< means over the layers with experts
};

/// Of a step.
struct StepReport {
  PassReport pass{};
  std::int64_t step = 0;  ///< from 1
  double norm = 0;        ///< of all gradients together, before it was limited
  float rate = 0;         ///< learning rate
  float scale = 0;        ///< of the loss; 0: the recipe has none
  bool skipped = false;   ///< a gradient was beyond float16: nothing changed, and the norm is not known
};

}  // namespace asterism::train
