// Help for the tests of this room: temporary folders, hand-made files, and what an error says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <stdlib.h>  // mkdtemp
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/view.hpp"

namespace asterism::test {

/// A fresh folder, removed with all that it holds.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "asterism-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
  REQUIRE(std::fclose(file) == 0);
}

inline std::string golden(std::string_view name) {
  return std::string(ASTERISM_GOLDEN_DIR) + "/checkpoint/" + std::string(name);
}

inline View<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// A number as its little-endian bytes.
template <class T>
std::string raw(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

/// A safetensors file: length, header, data.
inline std::string safetensors_file(std::string_view header, std::string_view data) {
  return raw({static_cast<std::uint64_t>(header.size())}) + std::string(header) + std::string(data);
}

struct Entry {
  std::string name;
  std::string dtype;
  std::string shape;  ///< "[2,3]"
  std::string data;
};

/// A valid safetensors file of these tensors in this order.
inline std::string safetensors_file(const std::vector<Entry>& entries) {
  std::string header = "{";
  std::string data;
  for (const Entry& entry : entries) {
    header += (header.size() > 1 ? ",\"" : "\"") + entry.name + "\":{\"dtype\":\"" + entry.dtype +
              "\",\"shape\":" + entry.shape + ",\"data_offsets\":[" + std::to_string(data.size()) + "," +
              std::to_string(data.size() + entry.data.size()) + "]}";
    data += entry.data;
  }
  return safetensors_file(header + "}", data);
}

/// What `action` throws, which must be an E, says.
template <class E, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  FAIL("expected an exception");
  return {};
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// Checks that `action` throws an E whose message has all the parts.
template <class E, class Action>
void check_error(Action&& action, std::initializer_list<std::string_view> parts) {
  const std::string message = message_of<E>(action);
  for (const std::string_view part : parts) {
    CAPTURE(message);
    CAPTURE(part);
    CHECK(contains(message, part));
  }
}

}  // namespace asterism::test
