// Fuzz target: any bytes as a GGUF file. Only asterism::Error may be thrown, and what is accepted must be consistent
// with the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "asterism/checkpoint/gguf/ggml_type.hpp"
#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/generate/gguf_chat_source.hpp"
#include "asterism/generate/gguf_tokenizer.hpp"

using namespace asterism;
using namespace asterism::checkpoint;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <class F>
void attempt(F&& f) {
  try {
    f();
  } catch (const Error&) {
  }
}

/// Reads every value as every type.
void read_values(const GgufMetadata& metadata) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const GgufEntry& entry : metadata.entries()) {
    require(metadata.find(entry.key) == &entry);
    attempt([&] { metadata.integer(entry.key, -most, most); });
    attempt([&] { metadata.number(entry.key); });
    attempt([&] { metadata.boolean(entry.key); });
    attempt([&] { metadata.text(entry.key); });
    attempt([&] { metadata.integers(entry.key); });
    attempt([&] { metadata.booleans(entry.key); });
    attempt([&] { metadata.numbers(entry.key); });
    attempt([&] { metadata.texts(entry.key); });
  }
}

void read_file(View<const std::byte> bytes) {
  const GgufHeader header = parse_gguf(file::StoredBytes(bytes), "fuzz");
  read_values(header.metadata);
  attempt([&] { generate::gguf_chat_source(header.metadata); });
  attempt([&] {
    const auto tokenizer = generate::gguf_tokenizer(header.metadata);
    if (tokenizer) tokenizer->decode(tokenizer->encode("Some words, 12 <s> \xFF"));
  });
  require(header.types.size() == header.tensors.size());
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    const TensorInfo& tensor = header.tensors[i];
    require(tensor.offset % header.alignment == 0);
    require(tensor.offset >= header.data_begin && tensor.offset + tensor.bytes <= bytes.size);
    require(tensor.bytes == tensor.elements / header.types[i]->block * header.types[i]->bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attempt([&] { read_file({reinterpret_cast<const std::byte*>(data), size}); });
  return 0;
}
