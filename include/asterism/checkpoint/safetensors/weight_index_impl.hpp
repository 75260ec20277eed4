// Bodies of weight_index.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/weight_index.hpp"
#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE bool WeightIndex::contains(std::string_view tensor) const {
  const auto place = std::lower_bound(entries.begin(), entries.end(), tensor,
                                      [](const Entry& e, std::string_view name) { return e.tensor < name; });
  return place != entries.end() && place->tensor == tensor;
}

ASTERISM_INLINE bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name.size() <= max_file_name && name != "." && name != ".." &&
         name.find_first_of("/\\") == name.npos && name.find('\0') == name.npos;
}

namespace detail {

/// Keeps `weight_map`; other members (`metadata`) may contain anything and are skipped.
class WeightIndexHandler final : public json::Handler {
 public:
  std::map<std::string, std::uint32_t> files;
  std::vector<WeightIndex::Entry> entries;
  bool had_map = false;

  bool null() override { return skip("null"), true; }
  bool boolean(bool /*value*/) override { return skip("a boolean"), true; }
  bool number_integer(std::int64_t /*value*/) override { return skip("a number"), true; }
  bool number_unsigned(std::uint64_t /*value*/) override { return skip("a number"), true; }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return skip("a number"), true; }
  bool start_array(std::size_t /*count*/) override { return skip("an array"), enter(), true; }
  bool end_array() override { return leave(), true; }
  bool start_object(std::size_t /*count*/) override {
    if (depth() != 0 && !(depth() == 1 && in_map_)) skip("an object");
    enter();
    return true;
  }
  bool end_object() override {
    leave();
    if (depth() == 1) in_map_ = false;
    return true;
  }
  bool key(std::string& value) override {
    at_key(value);
    if (depth() == 1) {
      in_map_ = value == "weight_map";
      if (in_map_ && std::exchange(had_map, true)) fail("the same key a second time");
    } else if (in_map_) {
      tensor_ = std::move(value);
    }
    return true;
  }
  bool string(std::string& value) override {
    if (depth() != 2 || !in_map_) return skip("a string"), true;
    if (!is_plain_file_name(value)) {
      fail(concat("the shard '", printable(value), "' is no name of a file in the checkpoint's own folder",
                  value.size() > max_file_name ? ": too long" : ""));
    }
    const auto place = files.try_emplace(std::move(value), static_cast<std::uint32_t>(files.size())).first;
    entries.push_back({std::move(tensor_), place->second});
    return true;
  }

 private:
  void skip(std::string_view what) const {
    if (depth() == 0) fail(concat("the document is ", what, ", expected an object"));
    if (in_map_) fail(concat("weight_map must map names of tensors to names of files, found ", what));
  }

  std::string tensor_;
  bool in_map_ = false;
};

}  // namespace detail

ASTERISM_INLINE WeightIndex parse_weight_index(std::string_view text, std::string_view where) {
  detail::WeightIndexHandler handler;
  json::scan(text, where, handler);
  if (!handler.had_map) throw FormatError(concat(where, ": field 'weight_map' is missing"));
  WeightIndex index;
  std::vector<std::uint32_t> rank(handler.files.size());
  for (const auto& [name, number] : handler.files) {
    rank[number] = static_cast<std::uint32_t>(index.files.size());
    index.files.push_back(name);
  }
  const auto& entries = handler.entries;
  const auto by_name =
      argsort(entries.size(), [&](std::size_t a, std::size_t b) { return entries[a].tensor < entries[b].tensor; });
  index.entries = permuted(std::move(handler.entries), by_name);
  for (WeightIndex::Entry& entry : index.entries) entry.file = rank[entry.file];
  for (std::size_t i = 1; i < index.entries.size(); ++i) {
    if (index.entries[i].tensor != index.entries[i - 1].tensor) continue;
    throw FormatError(
        concat(where, ": tensor '", printable(index.entries[i].tensor), "' stands twice in weight_map"));
  }
  return index;
}

}  // namespace asterism::checkpoint
