// Reads the golden values under tests/golden: .safetensors files that Python wrote. Trusts them; a file that can't
// be read fails the test with a std::runtime_error that names it.
//
//   const test::Golden golden("quant/bitsandbytes.safetensors");
//   const std::vector<float> x = golden.values<float>("random/weight");
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace asterism::test {

class Golden {
 public:
  struct Tensor {
    std::string dtype;  ///< "F32", "BF16", "U8", ...
    std::vector<std::uint64_t> shape;
    std::vector<char> bytes;
  };

  /// `file`: relative to tests/golden.
  explicit Golden(const std::string& file) : path_(std::string(ASTERISM_GOLDEN_DIR) + "/" + file) {
    std::ifstream stream(path_, std::ios::binary);
    if (!stream) throw std::runtime_error("golden file missing: " + path_);
    const std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    std::uint64_t header_size = 0;
    if (content.size() < 8) throw std::runtime_error("golden file cut short: " + path_);
    std::memcpy(&header_size, content.data(), 8);
    header_ = content.substr(8, header_size);
    const std::size_t data = 8 + header_size;
    expect('{');
    while (peek() != '}') {
      const std::string name = text();
      expect(':');
      if (name == "__metadata__") {
        read_metadata();
      } else {
        read_tensor(name, content, data);
      }
      if (peek() == ',') expect(',');
    }
  }

  bool has(const std::string& name) const { return tensors_.count(name) != 0; }
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  /// The strings of "__metadata__".
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  const Tensor& tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw std::runtime_error("no golden tensor " + name + " in " + path_);
    return found->second;
  }

  const std::vector<std::uint64_t>& shape(const std::string& name) const { return tensor(name).shape; }

  /// All elements, row-major, as they lie in the file: T is float for F32, std::uint16_t for BF16 and F16, and so
  /// on.
  template <class T>
  std::vector<T> values(const std::string& name) const {
    const Tensor& found = tensor(name);
    std::uint64_t count = 1;
    for (const std::uint64_t extent : found.shape) count *= extent;
    if (count * sizeof(T) != found.bytes.size()) {
      throw std::runtime_error("golden tensor " + name + " is " + found.dtype +
                               ", asked for another type: " + path_);
    }
    std::vector<T> result(count);
    if (count != 0) std::memcpy(result.data(), found.bytes.data(), found.bytes.size());
    return result;
  }

 private:
  void read_metadata() {
    expect('{');
    while (peek() != '}') {
      const std::string key = text();
      expect(':');
      metadata_[key] = text();
      if (peek() == ',') expect(',');
    }
    expect('}');
  }

  void read_tensor(const std::string& name, const std::string& content, std::size_t data) {
    Tensor tensor;
    expect('{');
    while (peek() != '}') {
      const std::string key = text();
      expect(':');
      if (key == "dtype") {
        tensor.dtype = text();
      } else {
        const std::vector<std::uint64_t> list = numbers();
        if (key == "shape") {
          tensor.shape = list;
        } else {
          tensor.bytes.assign(content.begin() + static_cast<std::ptrdiff_t>(data + list.at(0)),
                              content.begin() + static_cast<std::ptrdiff_t>(data + list.at(1)));
        }
      }
      if (peek() == ',') expect(',');
    }
    expect('}');
    tensors_[name] = tensor;
  }

  char peek() {
    while (at_ < header_.size() && header_[at_] == ' ') ++at_;
    if (at_ == header_.size()) throw std::runtime_error("golden file with a broken header: " + path_);
    return header_[at_];
  }
  void expect(char c) {
    if (peek() != c) throw std::runtime_error("golden file with a broken header: " + path_);
    ++at_;
  }
  std::string text() {
    expect('"');
    std::string result;
    for (; at_ < header_.size() && header_[at_] != '"'; ++at_) {
      if (header_[at_] == '\\') ++at_;
      result += header_[at_];
    }
    expect('"');
    return result;
  }
  std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> result;
    expect('[');
    while (peek() != ']') {
      std::uint64_t number = 0;
      for (; header_[at_] >= '0' && header_[at_] <= '9'; ++at_) {
        number = number * 10 + static_cast<std::uint64_t>(header_[at_] - '0');
      }
      result.push_back(number);
      if (peek() == ',') expect(',');
    }
    expect(']');
    return result;
  }

  std::string path_;
  std::string header_;
  std::size_t at_ = 0;
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace asterism::test
