// Bodies of device_map.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/huggingface/device_map.hpp"
#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Devices by module name; a module without an entry is on the device of its parent.
class ModuleDevices {
 public:
  ModuleDevices(std::string_view text, std::string_view where, const Machine& machine) : where_(where) {
    json::Document json(json::parse(text, where, {.max_values = json::values_of_named_text(text.size())}));
    json::check_object(*json, "the document", where);
    auto& members = (*json).get_ref<json::Value::object_t&>();
    while (!members.empty()) {
      auto member = members.extract(members.begin());  // so that no name is held twice
      const std::string& module = member.key();
      if (module.ends_with("rotary_emb")) continue;  // it has no weights
      const std::int32_t device = device_of(member.mapped(), module, machine);
      if (module.find(".mlp") != module.npos) has_fused_names_ = true;
      entries_[std::move(member.key())].device = device;
    }
  }

  bool has_fused_names() const { return has_fused_names_; }

  /// The device shared by all of `modules`; unplaced if none has one. Unsupported if they differ.
  std::int32_t device(const std::vector<std::string>& modules) {
    const std::int32_t first = find(modules.front());
    for (const std::string& module : modules) {
      const std::int32_t other = find(module);
      if (other == first) continue;
      const auto name = [](std::int32_t d) {
        return d == placement::unplaced ? std::string("no device") : concat("device ", d);
      };
      throw Unsupported(concat(where_, ": ", modules.front(), " is on ", name(first), ", ", printable(module),
                               " on ", name(other), ": they are kept in one piece, place them together"));
    }
    return first;
  }

  /// Throws FormatError for an entry that placed nothing.
  void check_all_used() const {
    for (const auto& [module, entry] : entries_) {
      if (entry.used) continue;
      throw FormatError(concat(
          where_, ": '", printable(module),
          "' is no module of this model that can be placed, or all that is in it is placed by "
          "other entries; expected model.embed_tokens, model.layers.N, its self_attn or linear_attn, "
          "input_layernorm, post_attention_layernorm, block_sparse_moe or mlp with gate (or router) and experts, "
          "model.norm, lm_head, or what these are in"));
    }
  }

 private:
  struct Entry {
    std::int32_t device = placement::unplaced;
    bool used = false;
  };

  std::int32_t device_of(const json::Value& value, const std::string& module, const Machine& machine) const {
    if (!value.is_string()) {
      return static_cast<std::int32_t>(
          json::to_integer(value, module, where_, 0, std::numeric_limits<std::int32_t>::max()));
    }
    if (value != "cpu") json::detail::wrong_field(where_, module, "the number of a device or 'cpu'", value);
    for (std::size_t d = 0; d < machine.devices; ++d) {
      if (machine.is_host(d)) return static_cast<std::int32_t>(d);
    }
    throw FormatError(
        concat(where_, ": '", printable(module),
               "' is placed on 'cpu', and the machine has no host device: give it one (host:64GiB)"));
  }

  std::int32_t find(std::string_view module) {
    while (true) {
      const auto place = entries_.find(module);
      if (place != entries_.end()) {
        place->second.used = true;
        return place->second.device;
      }
      if (module.empty()) return placement::unplaced;
      const std::size_t dot = module.rfind('.');
      module = module.substr(0, dot == module.npos ? 0 : dot);
    }
  }

  std::string where_;
  std::map<std::string, Entry, std::less<>> entries_;
  bool has_fused_names_ = false;
};

}  // namespace detail

ASTERISM_INLINE placement::DeviceMap parse_device_map(std::string_view text, std::string_view where,
                                                      const Shape& shape, const Machine& machine) {
  detail::ModuleDevices modules(text, where, machine);
  const bool is_mixtral =
      shape.architecture == Architecture::mixtral || shape.architecture == Architecture::sigmoid_mixtral;
  const bool is_switch = shape.architecture == Architecture::switch_decoder;
  const std::string mixture = is_mixtral && !modules.has_fused_names() ? ".block_sparse_moe" : ".mlp";
  const std::string expert = mixture + (is_switch ? ".experts.expert_" : ".experts.");
  const std::string router = mixture + (is_switch ? ".router" : ".gate");
  placement::DeviceMap map;
  map.embedding = modules.device({"model.embed_tokens"});
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    const std::string name = concat("model.layers.", layer);
    std::vector<std::string> experts;
    if (shape.is_dense(layer)) {
      for (const char* matrix : {"gate", "up", "down"}) experts.push_back(concat(name, ".mlp.", matrix, "_proj"));
    }
    for (std::int32_t e = 0; !shape.is_dense(layer) && e < shape.experts; ++e) {
      experts.push_back(concat(name, expert, e));
    }
    if (!shape.is_dense(layer) && shape.shared_ffn > 0) {
      for (const char* part : {".shared_expert", ".shared_expert_gate"}) experts.push_back(name + mixture + part);
    }
    const std::int32_t device = modules.device(experts);
    const char* const mixer = shape.linear_layers.contains(layer) ? ".linear_attn" : ".self_attn";
    map.layers.push_back({.attention = modules.device({name + mixer}),
                          .norms = modules.device({name + ".input_layernorm", name + ".post_attention_layernorm"}),
                          .router = shape.is_dense(layer) ? device : modules.device({name + router}),
                          .experts = device});
  }
  map.final_norm = modules.device({"model.norm"});
  map.head = modules.device({"lm_head"});
  modules.check_all_used();
  return map;
}

ASTERISM_INLINE placement::DeviceMap read_device_map(const std::string& path, const Shape& shape,
                                                     const Machine& machine) {
  return parse_device_map(file::read_file(path, max_config_bytes), path, shape, machine);
}

}  // namespace asterism::checkpoint
