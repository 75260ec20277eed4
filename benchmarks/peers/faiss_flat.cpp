// FAISS' exact search as its users call it.
#include <cstddef>
#include <cstdint>
#include <faiss/IndexFlat.h>
#include <faiss/utils/utils.h>
#include <memory>
#include <omp.h>
#include <string>
#include <vector>

#include "index_peers.hpp"

std::vector<peers::ExactPeer> peers::faiss_flat(Units units, std::size_t threads) {
  omp_set_num_threads(static_cast<int>(threads));
  const auto index = std::make_shared<faiss::IndexFlatIP>(static_cast<std::int64_t>(units.cols));
  index->add(static_cast<std::int64_t>(units.rows), units.data);
  const std::string version = std::to_string(FAISS_VERSION_MAJOR) + "." + std::to_string(FAISS_VERSION_MINOR) +
                              "." + std::to_string(FAISS_VERSION_PATCH);
  return {{"faiss IndexFlatIP", "FAISS " + version + ", " + faiss::get_compile_options() + ", its own threads",
           [index](Units queries, std::size_t k, std::vector<std::int64_t>& ids) {
             std::vector<float> scores(queries.rows * k);
             ids.resize(queries.rows * k);
             index->search(static_cast<std::int64_t>(queries.rows), queries.data, static_cast<std::int64_t>(k),
                           scores.data(), ids.data());
           }}};
}
