// OpenBLAS, and FAISS's flat search as far as it is a product. Compiled for the machine that builds it and with sums in
// any order, as FAISS compiles its inner products.
#include <algorithm>
#include <cblas.h>
#include <cstddef>
#include <string>
#include <vector>

#include "float_products.hpp"

namespace {

/// y(r, o) for outputs [first, first + count).
void sgemm(const peers::Operands& of, std::size_t first, std::size_t count) {
  const auto cols = static_cast<blasint>(of.cols);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(of.rows), static_cast<blasint>(count),
              cols, 1, of.x, cols, of.weights + first * of.cols, cols, 0, of.y + first,
              static_cast<blasint>(of.outputs));
}

void openblas_product(const peers::Operands& of, const peers::ForEach& /*for_each*/) {
  if (of.rows > 1) return sgemm(of, 0, of.outputs);
  const auto cols = static_cast<blasint>(of.cols);
  cblas_sgemv(CblasRowMajor, CblasNoTrans, static_cast<blasint>(of.outputs), cols, 1, of.weights, cols, of.x, 1, 0,
              of.y, 1);
}

float inner_product(const float* a, const float* b, std::size_t size) {
  float sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

/// What FAISS's IndexFlatIP computes before it picks the best: below distance_compute_blas_threshold = 20 queries one
/// inner product after the other with a thread for each query, else sgemm on blocks of
/// distance_compute_blas_database_bs = 1024 vectors (faiss/utils/distances.cpp).
void faiss_product(const peers::Operands& of, const peers::ForEach& for_each) {
  constexpr std::size_t blas_threshold = 20;
  constexpr std::size_t database_block = 1024;
  if (of.rows < blas_threshold) {
    for_each(of.rows, [&](std::size_t r) {
      for (std::size_t o = 0; o < of.outputs; ++o)
        of.y[r * of.outputs + o] = inner_product(of.x + r * of.cols, of.weights + o * of.cols, of.cols);
    });
  } else {
    for (std::size_t first = 0; first < of.outputs; first += database_block)
      sgemm(of, first, std::min(database_block, of.outputs - first));
  }
}

}  // namespace

std::vector<peers::Peer> peers::openblas(std::size_t threads) {
  openblas_set_num_threads(static_cast<int>(threads));
  std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 ..."
  config.resize(config.find(' ', config.find(' ') + 1));
  return {{"openblas", config + ", core " + openblas_get_corename() + ", its own threads", openblas_product},
          {"faiss-style",
           "FAISS's flat search without the choice of the best: below 20 rows inner products, a thread "
           "a row; else OpenBLAS's sgemm on 1024 outputs at a time",
           faiss_product}};
}
