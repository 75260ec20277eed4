// Commits in memory.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asterism/knowledge/store/memory.hpp"
#include "asterism/knowledge/store/version_list.hpp"

namespace asterism::store {

ASTERISM_INLINE std::optional<std::string> Memory::property(std::string_view key) const {
  if (const std::string* change = changes_.of(key)) return *change;
  const auto at = properties_.find(key);
  return at == properties_.end() ? std::nullopt : std::optional<std::string>(at->second);
}

ASTERISM_INLINE std::vector<knowledge::NodeId> Memory::publish(knowledge::Commit commit) {
  versions_.push_back(std::move(commit));
  if (versions_.size() <= knowledge::kept_versions) return {};
  versions_.erase(versions_.begin());
  edges_.purge(versions_.front().version);
  return nodes_.purge(versions_.front().version);
}

ASTERISM_INLINE knowledge::Version Memory::commit(std::string_view note, knowledge::Time at) {
  const knowledge::Version before = last();
  const knowledge::Version next{before.value + 1};
  auto uses = uses_;
  auto properties = properties_;
  for (const auto& [node, use] : changes_.uses()) uses[node] = use;
  for (const auto& [key, value] : changes_.properties()) properties[key] = value;
  try {
    std::uint64_t rows = 0;
    for (const auto& [id, node] : changes_.nodes()) rows += nodes_.change(id, node, next);
    for (const auto& [id, edge] : changes_.edges()) rows += edges_.change(id, edge, next);
    if (rows != 0) {
      for (const knowledge::NodeId id : publish({next, before, at, std::string(note), rows})) uses.erase(id);
    }
  } catch (...) {
    nodes_.back_to(before);
    edges_.back_to(before);
    throw;
  }
  uses_.swap(uses);
  properties_.swap(properties);
  changes_.clear();
  return last();
}

ASTERISM_INLINE knowledge::Version Memory::rollback(knowledge::Version version, knowledge::Time at) {
  const std::size_t kept = place_of(versions_, version) + 1;
  const knowledge::Version next{last().value + 1};
  versions_.reserve(kept + 1);
  knowledge::Commit commit{next, version, at, rollback_note(version), 0};
  nodes_.back_to(version);
  edges_.back_to(version);
  versions_.resize(kept);
  publish(std::move(commit));
  changes_.clear();
  return next;
}

}  // namespace asterism::store
