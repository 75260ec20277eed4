// In place of openblas_products.cpp where OpenBLAS is absent.
#include <vector>

#include "float_products.hpp"

std::vector<peers::Peer> peers::openblas(std::size_t /*threads*/) { return {}; }
