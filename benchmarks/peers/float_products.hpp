// Products in float32 by others' libraries, on equal terms.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace peers {

/// y = x W^T, all row-major and dense: x (rows, cols), weights (outputs, cols), y (rows, outputs).
struct Operands {
  const float* weights;
  const float* x;
  float* y;
  std::size_t rows;
  std::size_t outputs;
  std::size_t cols;
};

/// Calls work(0) ... work(count - 1) on the program's threads, for libraries that have none of their own.
using ForEach = std::function<void(std::size_t count, const std::function<void(std::size_t)>& work)>;

struct Peer {
  std::string name;
  std::string what;  ///< for people: version, instruction set, who cuts the work
  std::function<void(const Operands&, const ForEach&)> product;
};

/// Eigen on one slice of the outputs a thread: its own threads would leave out the product of one row.
Peer eigen(std::size_t threads);

/// OpenBLAS and FAISS-style search on its threads; empty where the program was built without OpenBLAS.
std::vector<Peer> openblas(std::size_t threads);

}  // namespace peers
