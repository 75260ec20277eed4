// Fuzz target: any bytes as the file of a saved index, as they are and with the checksum made right. Nothing may be
// thrown, and whatever becomes of the file, the index can be searched.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/knowledge/index/hnsw.hpp"

using namespace asterism;

namespace {

constexpr std::uint32_t rows = 12;
constexpr std::size_t dim = 2;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Points that differ in direction alone.
std::vector<float> points() {
  std::vector<float> all;
  for (std::uint32_t i = 0; i < rows; ++i) {
    all.push_back(1);
    all.push_back(static_cast<float>(i));
  }
  return all;
}

void restore(const std::string& path, View<const std::byte> bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  require(file != nullptr && std::fwrite(bytes.data, 1, bytes.size, file) == bytes.size && std::fclose(file) == 0);
  backend::Arena arena(0, 1_MiB);
  index::Hnsw<quant::Float32> index(arena, {.dim = dim, .rows = 20},
                                    parallel::ExecutionRef(index::detail::on_the_caller), {.m = 2});
  const std::vector<float> vectors = points();
  std::vector<knowledge::NodeId> ids;
  for (std::uint32_t i = 0; i < rows; ++i) ids.push_back({i});
  index.postpone();
  index.insert(View<const knowledge::NodeId>(ids), MatrixView<const float>(vectors.data(), rows, dim));
  index.restore(path);
  require(index.size() == rows && index.nodes() - index.tombstones() == rows);
  std::vector<knowledge::Hit> hits(rows);
  index.search(MatrixView<const float>(vectors.data(), rows, dim), 1, {}, {},
               MatrixView<knowledge::Hit>(hits.data(), rows, 1));
  for (const knowledge::Hit& hit : hits) require(hit.id.value < rows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = "/tmp/saved_index_fuzz." + std::to_string(::getpid());
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(data[i]);
  restore(path, View<const std::byte>(bytes));
  if (size >= 8) {
    const std::uint64_t sum = file::crc32c(View<const std::byte>(bytes).subview(0, size - 8));
    for (std::size_t i = 0; i < 8; ++i) bytes[size - 8 + i] = static_cast<std::byte>(sum >> 8 * i & 0xFFU);
    restore(path, View<const std::byte>(bytes));
  }
  std::remove(path.c_str());
  return 0;
}
