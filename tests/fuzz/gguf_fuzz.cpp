// Fuzz target: any bytes as a GGUF file, and as blocks of ggml. Only asterism::Error may be thrown, and what is
// accepted must be consistent with the bytes.
#include <algorithm>
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
#include "asterism/quant/ggml_formats.hpp"

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

/// Any bytes are blocks: those with finite scales decode to finite weights, which can be encoded.
void read_blocks(View<const std::byte> bytes) {
  quant::for_each_ggml_format([&]<class Format>() {
    const quant::BlockCodec& codec = Format::codec();
    const std::uint64_t blocks = std::min<std::uint64_t>(bytes.size / codec.bytes, 4);
    const View<const std::byte> some(bytes.data, static_cast<std::size_t>(blocks * codec.bytes));
    const std::uint64_t sound = quant::first_unsound(codec, some);
    require(sound <= blocks);
    std::vector<float> weights(static_cast<std::size_t>(sound * codec.elements));
    quant::decode_blocks(codec, some.data, 0, weights);
    for (const float weight : weights) require(!quant::not_finite(weight));
    std::vector<std::byte> again(static_cast<std::size_t>(sound * codec.bytes));
    const quant::FloatWeights source{weights};
    attempt([&] { quant::encode_blocks(codec, source, weights.size(), again.data()); });
  });
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
  const View<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  attempt([&] { read_file(bytes); });
  read_blocks(bytes);
  return 0;
}
