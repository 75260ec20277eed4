// Metadata of a GGUF file that is to be written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// Keys and their values in the order in which they were added, as bytes of the file.
class GgufKeys {
 public:
  // InvalidArgument for a key that is empty, too long or there already.
  void add(std::string_view key, std::uint32_t value);
  void add(std::string_view key, float value);
  void add(std::string_view key, bool value);
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
  void add(std::string_view key, const std::vector<std::int32_t>& values);
  void add(std::string_view key, const std::vector<float>& values);
  void add(std::string_view key, const std::vector<bool>& values);
  void add(std::string_view key, const std::vector<std::string>& values);

  std::uint64_t count() const { return keys_.size(); }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, GgufType type);
  void begin_array(std::string_view key, GgufType item, std::size_t count);
  template <class T>
  void append(T value);
  void append_text(std::string_view text);

  std::vector<std::string> keys_;
  std::string bytes_;
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/keys_impl.hpp"
#endif
