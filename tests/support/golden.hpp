// Golden files: the tensors of one safetensors file under tests/golden, trusted.
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

#include <nlohmann/json.hpp>

namespace asterism::test {

struct GoldenTensor {
  std::string dtype;
  std::vector<std::size_t> shape;
  std::vector<char> bytes;

  /// The elements, which must be stored as T.
  template <class T>
  std::vector<T> as() const {
    std::vector<T> out(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), out.size() * sizeof(T));
    return out;
  }
};

/// All tensors of tests/golden/`name`. Reads without checking: what a test reads the project has written.
class Golden {
 public:
  explicit Golden(const std::string& name) {
    std::ifstream file(std::string(ASTERISM_GOLDEN_DIR) + "/" + name, std::ios::binary);
    const std::vector<char> all{std::istreambuf_iterator<char>(file), {}};
    if (all.size() < 8) throw std::runtime_error("golden file missing: " + name);
    std::uint64_t header = 0;
    std::memcpy(&header, all.data(), sizeof header);
    const auto json = nlohmann::json::parse(all.begin() + 8, all.begin() + 8 + static_cast<std::ptrdiff_t>(header));
    for (const auto& [key, entry] : json.items()) {
      if (key == "__metadata__") continue;
      const auto begin = all.begin() + 8 + static_cast<std::ptrdiff_t>(header);
      tensors_[key] = {entry.at("dtype").get<std::string>(), entry.at("shape").get<std::vector<std::size_t>>(),
                       {begin + entry.at("data_offsets").at(0).get<std::ptrdiff_t>(),
                        begin + entry.at("data_offsets").at(1).get<std::ptrdiff_t>()}};
    }
  }

  bool has(const std::string& name) const { return tensors_.count(name) != 0; }
  const GoldenTensor& operator[](const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw std::runtime_error("golden tensor missing: " + name);
    return found->second;
  }
  const std::map<std::string, GoldenTensor>& tensors() const { return tensors_; }

 private:
  std::map<std::string, GoldenTensor> tensors_;
};

}  // namespace asterism::test
