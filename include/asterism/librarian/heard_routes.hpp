// What a run says while somebody listens to its routers: means over the rows of each layer.
#pragma once

#include <cstddef>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::librarian {

/// Sums, in double, of the inputs of routers and of the softmax of their scores. Rows with NaN or infinity in either
/// are passed over. Not thread-safe.
class HeardRoutes {
 public:
  HeardRoutes(std::size_t layers, std::size_t hidden, std::size_t experts);

  /// Rows of x (n, hidden) with scores (n, experts) of a layer below `layers`.
  void add(std::size_t layer, MatrixView<const float> x, MatrixView<const float> scores);

  std::size_t rows(std::size_t layer) const { return layers_[layer].rows; }
  /// Means over the rows of a layer, (hidden) and (experts), the latter a distribution; of a layer with rows.
  std::vector<float> mean_input(std::size_t layer) const;
  std::vector<float> mean_distribution(std::size_t layer) const;

 private:
  struct Layer {
    std::size_t rows = 0;
    std::vector<double> inputs;
    std::vector<double> probabilities;
  };
  std::vector<Layer> layers_;
};

}  // namespace asterism::librarian

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/heard_routes_impl.hpp"
#endif
