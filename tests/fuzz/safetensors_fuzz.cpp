// Fuzz target: any bytes as a safetensors file. Only asterism::Error may be thrown, and what is accepted must be
// consistent with the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/checkpoint/safetensors/weight_index.hpp"
#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::checkpoint;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read_file(View<const std::byte> bytes) {
  const SafetensorsHeader header = parse_safetensors(bytes, "fuzz");
  std::uint64_t end = header.data_begin;
  for (const TensorInfo& tensor : header.tensors) {
    require(tensor.offset == end && tensor.bytes == tensor.elements * dtype_size(tensor.dtype));
    end += tensor.bytes;
    require(end <= bytes.size);
    std::vector<float> floats(tensor.elements < 64 ? tensor.elements : 64);
    try {
      to_floats(
          tensor.dtype, bytes.data + tensor.offset, floats, [] { return "tensor"; }, 0);
    } catch (const Error&) {
    }
  }
  require(end == bytes.size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const View<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    read_file(bytes);
  } catch (const Error&) {
  }
  try {
    const WeightIndex index = parse_weight_index({reinterpret_cast<const char*>(data), size}, "fuzz");
    for (const WeightIndex::Entry& entry : index.entries) {
      require(entry.file < index.files.size() && index.contains(entry.tensor));
    }
  } catch (const Error&) {
  }
  return 0;
}
