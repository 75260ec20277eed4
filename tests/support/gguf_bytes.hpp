// Hand-made GGUF files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace asterism::test {

/// The bytes of a number.
template <class T>
std::string gguf_number(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

inline std::string gguf_string(std::string_view text) {
  return gguf_number<std::uint64_t>(text.size()) + std::string(text);
}

/// A file piece by piece; each may be wrong. Types are numbered as in the format.
class GgufBytes {
 public:
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;
  std::uint64_t more_keys = 0;  ///< added to the true counts
  std::uint64_t more_tensors = 0;

  /// A key with the bytes of its value.
  GgufBytes& key(std::string_view name, std::uint32_t type, const std::string& value) {
    keys_ += gguf_string(name) + gguf_number(type) + value;
    ++key_count_;
    return *this;
  }
  GgufBytes& u32(std::string_view name, std::uint32_t value) { return key(name, 4, gguf_number(value)); }
  GgufBytes& u16(std::string_view name, std::uint16_t value) { return key(name, 2, gguf_number(value)); }
  GgufBytes& i32(std::string_view name, std::int32_t value) { return key(name, 5, gguf_number(value)); }
  GgufBytes& f32(std::string_view name, float value) { return key(name, 6, gguf_number(value)); }
  GgufBytes& boolean(std::string_view name, bool value) {
    return key(name, 7, gguf_number<std::uint8_t>(value ? 1 : 0));
  }
  GgufBytes& text(std::string_view name, std::string_view value) { return key(name, 8, gguf_string(value)); }
  GgufBytes& texts(std::string_view name, const std::vector<std::string>& values) {
    std::string all = gguf_number<std::uint32_t>(8) + gguf_number<std::uint64_t>(values.size());
    for (const std::string& value : values) all += gguf_string(value);
    return key(name, 9, all);
  }
  template <class T>
  GgufBytes& array(std::string_view name, std::uint32_t item, const std::vector<T>& values) {
    std::string all = gguf_number(item) + gguf_number<std::uint64_t>(values.size());
    for (const T value : values) all += gguf_number(value);
    return key(name, 9, all);
  }

  /// A tensor; sizes in the file's order, the contiguous one first.
  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& sizes, std::uint32_t type,
                    std::uint64_t offset) {
    tensors_ += gguf_string(name) + gguf_number(static_cast<std::uint32_t>(sizes.size()));
    for (const std::uint64_t size : sizes) tensors_ += gguf_number(size);
    tensors_ += gguf_number(type) + gguf_number(offset);
    ++tensor_count_;
    return *this;
  }
  /// A float32 tensor with its data behind those that are there.
  GgufBytes& floats(std::string_view name, const std::vector<std::uint64_t>& sizes,
                    const std::vector<float>& values) {
    data_.resize((data_.size() + alignment - 1) / alignment * alignment);
    tensor(name, sizes, 0, data_.size());
    for (const float value : values) data_ += gguf_number(value);
    return *this;
  }
  /// Data of tensors that were declared by hand.
  GgufBytes& data(std::string_view bytes) {
    data_ += bytes;
    return *this;
  }

  std::string bytes() const {
    std::string out = magic + gguf_number(version) + gguf_number(tensor_count_ + more_tensors) +
                      gguf_number(key_count_ + more_keys) + keys_ + tensors_;
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + data_;
  }

 private:
  std::string keys_;
  std::string tensors_;
  std::string data_;
  std::uint64_t key_count_ = 0;
  std::uint64_t tensor_count_ = 0;
};

}  // namespace asterism::test
