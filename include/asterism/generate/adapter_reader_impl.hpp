// Bodies of adapter_reader.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/generate/adapter_reader.hpp"
#include "asterism/model/weights.hpp"

namespace asterism::generate {

namespace detail {

/// The parts of an adapter's rank that B uses: where PEFT's fused gate and up share one A, half of B is zeros.
inline std::vector<std::size_t> used_ranks(const checkpoint::PeftAdapter& adapter) {
  const auto rank = static_cast<std::size_t>(adapter.rank);
  std::vector<std::size_t> out;
  for (std::size_t r = 0; r < rank; ++r) {
    bool used = false;
    for (std::size_t at = r; at < adapter.b.size() && !used; at += rank) used = adapter.b[at] != 0;
    if (used) out.push_back(r);
  }
  return out;
}

/// What a name of target_modules stands for, if it is one of a matrix that may have an adapter.
inline std::optional<model::Role> role_of(std::string_view target) {
  constexpr std::pair<std::string_view, model::Role> roles[] = {
      {"q_proj", model::Role::query}, {"k_proj", model::Role::key},   {"v_proj", model::Role::value},
      {"o_proj", model::Role::output}, {"w1", model::Role::gate},     {"gate_proj", model::Role::gate},
      {"w3", model::Role::up},        {"up_proj", model::Role::up},   {"w2", model::Role::down},
      {"down_proj", model::Role::down}};
  const std::string_view last = target.substr(target.rfind('.') + 1);
  for (const auto& [name, role] : roles) {
    if (name == last) return role;
  }
  return std::nullopt;
}

}  // namespace detail

ASTERISM_INLINE AdapterReader::AdapterReader(const std::string& folder, const Shape& shape, std::int32_t rank)
    : file_(folder, static_cast<std::uint64_t>(shape.experts)), shape_(shape), rank_(rank) {
  if (file_.config().whole.empty()) return;
  throw Unsupported(concat(folder, "/adapter_config.json: modules_to_save names ", file_.config().whole.front(),
                           ", a router saved whole, which can't stand beside the base's: merge the adapter into it"));
}

ASTERISM_INLINE const ReadAdapter& AdapterReader::read(const model::WeightId& weight) {
  const auto location = checkpoint::locate(weight, shape_, checkpoint::ExpertLayout::separate);
  if (!location.rows.in_order() || location.transform != model::Transform::none) {
    throw Unsupported(concat(file_.path(), ": '", location.name,
                             "' of the base is not stored as it is computed: no adapter can stand beside it"));
  }
  const std::uint64_t rows = location.shape[0];
  const std::uint64_t cols = location.shape[1];
  const auto rank = static_cast<std::size_t>(rank_);
  now_.scale = 0;
  now_.a.assign(rank * static_cast<std::size_t>(cols), 0.0F);
  now_.columns.assign(rank * static_cast<std::size_t>(rows), 0.0F);
  const bool is_there = file_.has_adapter(location.name, rows, cols);
  const bool first = has_.try_emplace(weight.role, is_there).first->second;
  if (!first && !is_there) return now_;
  if (!first) {
    throw FormatError(concat(file_.path(), ": the matrix ", location.name,
                             " has an adapter, others of its kind before it have none: tensors are missing"));
  }
  const checkpoint::PeftAdapter found = file_.adapter(location.name, rows, cols);  // refuses one that is missing
  std::vector<std::size_t> used(static_cast<std::size_t>(found.rank));
  for (std::size_t r = 0; r < used.size(); ++r) used[r] = r;
  if (used.size() > rank) used = detail::used_ranks(found);
  if (used.size() > rank) {
    throw Unsupported(concat(file_.path(), ": the adapter of ", location.name, " has rank ", used.size(),
                             ", the Blueprint's Adapters have memory for ", rank_, ": raise their largest rank"));
  }
  now_.scale = found.scale;
  const auto width = static_cast<std::size_t>(cols);
  for (std::size_t r = 0; r < used.size(); ++r) {
    std::copy_n(found.a.begin() + static_cast<std::ptrdiff_t>(used[r] * width), width,
                now_.a.begin() + static_cast<std::ptrdiff_t>(r * width));
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      now_.columns[r * static_cast<std::size_t>(rows) + row] =
          found.b[row * static_cast<std::size_t>(found.rank) + used[r]];
    }
  }
  const auto add = [&](const void* data, std::size_t bytes) {
    sum_ = file::crc32c({static_cast<const std::byte*>(data), bytes}, sum_);
  };
  add(&now_.scale, sizeof(float));
  add(now_.a.data(), now_.a.size() * sizeof(float));
  add(now_.columns.data(), now_.columns.size() * sizeof(float));
  return now_;
}

ASTERISM_INLINE std::uint32_t AdapterReader::finish() const {
  file_.check_all_known();
  for (const std::string& target : file_.config().targets) {
    const auto role = detail::role_of(target);
    const auto found = role ? has_.find(*role) : has_.end();
    if (!role || (found != has_.end() && found->second)) continue;
    throw FormatError(concat(file_.path(), ": has no tensors of ", target,
                             ", which target_modules of its adapter_config.json names"));
  }
  if (std::any_of(has_.begin(), has_.end(), [](const auto& one) { return one.second; })) return sum_;
  throw FormatError(concat(file_.path(), ": no matrix beside which the Blueprint's Adapters stand has an adapter"));
}

}  // namespace asterism::generate
