// Answers of the reference desk that were given a short while ago.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "asterism/librarian/budget.hpp"

namespace asterism::librarian {

/// Keeps values by key for a time, and of so many the ones that were asked for last. Thread-safe.
///
/// @tparam Value  copyable
template <class Value>
class ResultCache {
 public:
  static constexpr std::size_t standard_entries = 1000;
  static constexpr double standard_seconds = 3600;

  explicit ResultCache(std::size_t entries = standard_entries, double seconds = standard_seconds,
                       Clock clock = steady_seconds)
      : most_(entries), seconds_(seconds), clock_(std::move(clock)) {}

  /// The value, if it is not too old.
  std::optional<Value> find(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return std::nullopt;
    if (clock_() - at->second->since > seconds_) {
      entries_.erase(at->second);
      by_key_.erase(at);
      return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, at->second);
    return at->second->value;
  }

  void put(const std::string& key, Value value) {
    const std::scoped_lock lock(mutex_);
    if (most_ == 0) return;
    if (const auto at = by_key_.find(key); at != by_key_.end()) {
      entries_.erase(at->second);
      by_key_.erase(at);
    }
    if (entries_.size() == most_) {
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front({key, std::move(value), clock_()});
    by_key_[key] = entries_.begin();
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    double since;
  };

  std::size_t most_;
  double seconds_;
  Clock clock_;
  mutable std::mutex mutex_{};
  std::list<Entry> entries_{};  // the one asked for last is first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> by_key_{};
};

}  // namespace asterism::librarian
